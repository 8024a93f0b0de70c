"""Files that are there whole or not at all, also after a power loss."""

from __future__ import annotations

import os
from pathlib import Path

PARTIAL = ".partial"


def write_whole(path: Path, content: bytes, mark: str = "") -> None:
    """Writes a file beside its place and moves it there: a reader sees the old bytes or the new ones. Raises OSError.

    mark: tells this writer's file from that of another one, where two may write to one place at a time.
    """
    partial = path.with_name(path.name + mark + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def keep_names(folder: Path) -> None:
    """Makes new names survive a power loss: renaming changes the folder, and that is a file of its own. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
