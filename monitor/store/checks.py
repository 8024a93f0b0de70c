"""Looks through the whole database file for damage, on a connection of its own so that nobody waits."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.errors import StoreDamaged
from monitor.store.faults import translated

_MOST = 20


def faults(database: Path, *, thorough: bool = False) -> tuple[str, ...]:
    """Everything wrong with a file, in SQLite's words, at most 20; empty where it is sound. `thorough` also compares indexes and references."""
    try:
        with translated(database), closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True, timeout=10)) as connection:
            check = "integrity_check" if thorough else "quick_check"
            found = [str(row[0]) for row in connection.execute(f"pragma {check}({_MOST})") if row[0] != "ok"]
            if thorough and not found:
                broken = connection.execute("pragma foreign_key_check").fetchmany(_MOST)
                found += [f"{table}: row {row} points to nothing in {parent}" for table, row, parent, _ in broken]
            return tuple(found)
    except StoreDamaged as error:
        return (str(error),)
