"""Replacing config.toml in one step: checked before, whole afterwards, its line ends and its permissions kept."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from monitor.config.load import parse_config
from monitor.errors import MonitorError


def read_text(path: Path) -> str:
    """The text of the file with its line ends as they are."""
    return path.read_bytes().decode("utf-8")


def write_text(path: Path, text: str) -> None:
    """Checks `text` as a configuration and puts it in the file's place; a link stays a link. Raises ConfigError (nothing written) or MonitorError."""
    parse_config(text, path)
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as written:
            written.write(text.encode("utf-8"))
            written.flush()
            os.fsync(written.fileno())
        fresh = Path(written.name)
        fresh.chmod(mode)
        fresh.replace(target)
    except OSError as error:
        raise MonitorError(f"{target} cannot be written: {error.strerror}") from error
