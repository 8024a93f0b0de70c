"""Files that are there whole or not at all, also after a power loss."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file beside its place and moves it there: a reader sees the old bytes or the new ones. Raises OSError."""
    partial = path.with_name(path.name + ".partial")
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
