"""What SQLite and the disk say, in the words of `errors`: damaged, unwritable, or busy. Told by result code, never by the wording of a message."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import StoreDamaged, StoreError, StoreUnwritable
from monitor.store.disk import space

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FULL = {sqlite3.SQLITE_FULL}
_UNWRITABLE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_NO_MEMORY = {sqlite3.SQLITE_IOERR_NOMEM, sqlite3.SQLITE_IOERR_SHMMAP}
"""The second is what it says of the file that connections share where the system has no memory to map it into."""

_LITTLE_BYTES = 64 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_MEMORY = "let this process use more (`ulimit -v`, MemoryMax of its service), or others less"
WHAT_TO_DO = "keep the file; see what is wrong with `monitor doctor`, then put a backup in its place with `monitor db restore FILE`"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what sqlite3 and the system raise about the database at `path` into StoreDamaged, StoreUnwritable or StoreError.

    A violated constraint stays what it is: it is about the data, not about the file.
    """
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise _of_sqlite(path, error) from error
    except OSError as error:
        raise _of_system(path, error) from error


def _of_sqlite(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return StoreDamaged(f"{path} is damaged ({error}); {WHAT_TO_DO}")
    if code in _FULL or (code in _UNWRITABLE and _no_room(path)):
        return StoreUnwritable(f"{path} cannot grow: the disk is full ({error}); make room on it", full=True)
    if getattr(error, "sqlite_errorcode", 0) in _NO_MEMORY:
        return StoreUnwritable(f"{path} cannot be read or written: out of memory ({error}); {_MEMORY}")
    if code in _UNWRITABLE:
        return StoreUnwritable(f"{path} cannot be read or written ({error}); {_look(path)}", full=_write_failed(error))
    return StoreError(f"{path}: {error}")


def _no_room(path: Path) -> bool:
    """On a full disk SQLite also speaks of an I/O error, where it was not the database itself that had to grow."""
    try:
        return space(path.parent).free_bytes < _LITTLE_BYTES
    except OSError:
        return False


def _write_failed(error: sqlite3.DatabaseError) -> bool:
    """A failed write, unlike a read-only file, may be a quota or a file-size limit: room is asked for before all work goes on."""
    return bool(getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_WRITE)


def _of_system(path: Path, error: OSError) -> StoreError:
    if error.errno in _NO_ROOM:
        return StoreUnwritable(f"{path}: {error.strerror}; make room on the disk", full=True)
    return StoreUnwritable(f"{path} cannot be read or written ({error.strerror}); {_look(path)}")


def _look(path: Path) -> str:
    return f"look at the disk, at who owns {path.parent} and at its mount; this process is user {os.geteuid()}"
