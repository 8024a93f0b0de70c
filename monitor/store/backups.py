"""Copies of a live database: made with SQLite's online backup, checked before they get their name, few kept; and the way back from one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreDamaged, StoreError, StoreNewer
from monitor.store.faults import translated
from monitor.store.marker import drop_marker

KEPT = 7
"""Dated backups kept in the backup folder; older ones are removed after a new one passed its check."""

_SIDE_FILES = ("-wal", "-shm")
# Everything our schema makes is a table, an index, a view in our words or one of the triggers that keep a full-text index; the rest is not ours.
_OTHER = """
select type || ' ' || name as thing, sql from sqlite_master
where type = 'view' or (type = 'trigger' and not (name like 'texts_a_' and tbl_name = 'texts'))
"""
_STEPS = "select name from _sqlite_migrations where migration_set = 'monitor'"
_LATEST_SENT = "select max(delivered_at) from deliveries"
_SENT_AFTER = "select count(*), min(delivered_at), max(delivered_at) from deliveries where delivered_at > ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What may be sent once more after going back to a backup. `sent` is None where the present database cannot be asked."""

    backup_ends_at: str | None
    present_ends_at: str | None
    sent: int | None


def folder_of(database: Path) -> Path:
    """Where the dated backups of a database lie."""
    return database.parent / "backups"


def dated_name(database: Path, now: datetime) -> str:
    """The name of a backup made at an instant; names sort by time."""
    return f"{database.stem}-{now:%Y%m%dT%H%M%SZ}.db"


def backup(source: Path, target: Path, application_id: int) -> None:
    """Copies a live database, checks the copy, then gives it its name. Raises StoreError; never overwrites."""
    if target.exists():
        raise StoreError(f"{target} exists; choose another name or remove it first")
    if not source.exists():
        raise StoreError(f"{source} does not exist; nothing to back up")
    with _partial(target) as partial:
        with closing(sqlite3.connect(_present(source), uri=True)) as reading, closing(sqlite3.connect(partial)) as writing:
            partial.chmod(0o600)
            with translated(target):
                reading.backup(writing)
                # One whole file, without a log beside it.
                writing.execute("pragma journal_mode=delete")
            sound = _sound(writing) and writing.execute("pragma application_id").fetchone()[0] == application_id
        if not sound:
            raise StoreDamaged(f"the copy of {source} does not pass its check; the database itself may be damaged: run `monitor db check`")
        _settle(partial, target)


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """A name to write under. What is left of it is removed where anything fails."""
    partial = target.with_name(target.name + ".partial")
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.unlink(missing_ok=True)
        try:
            yield partial
        finally:
            for name in ("", *_SIDE_FILES, "-journal"):
                partial.with_name(partial.name + name).unlink(missing_ok=True)


def _settle(partial: Path, target: Path) -> None:
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def prune(database: Path, keep: int = KEPT) -> tuple[Path, ...]:
    """Removes all but the newest `keep` dated backups of a database and returns what was removed."""
    dated = sorted(folder_of(database).glob(f"{database.stem}-[0-9]*T[0-9]*Z.db"))
    gone = tuple(dated[:-keep])
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def newest(database: Path) -> Path | None:
    """The newest dated backup, or None."""
    return max(folder_of(database).glob(f"{database.stem}-[0-9]*T[0-9]*Z.db"), default=None)


def check_backup(path: Path, application_id: int, known: frozenset[str], views: frozenset[str]) -> None:
    """Raises StoreDamaged unless the file is a whole Monitor database with nothing foreign in it, StoreNewer where it has steps not in `known`.

    `views`: our own (`schema.views`).
    """
    if not path.is_file():
        raise StoreError(f"{path} does not exist; look into the folder of backups with: ls {path.parent}")
    with translated(path), closing(sqlite3.connect(_read_only(path), uri=True)) as connection:
        if connection.execute("pragma application_id").fetchone()[0] != application_id:
            raise StoreDamaged(f"{path} is not a Monitor database")
        if not _sound(connection):
            raise StoreDamaged(f"{path} is damaged itself; choose another backup")
        if newer := {row[0] for row in connection.execute(_STEPS)} - known:
            raise StoreNewer(f"{path} was written by a newer Monitor (it knows {max(newer)}); upgrade this program first")
        if foreign := [thing for thing, sql in connection.execute(_OTHER) if sql.removeprefix("CREATE VIEW ") not in views]:
            raise StoreDamaged(f"{path} holds what no Monitor wrote: {', '.join(foreign)}")


def window(database: Path, backup_file: Path) -> Window:
    """What was sent after the backup was made, as far as the present database can still say."""
    with closing(sqlite3.connect(_read_only(backup_file), uri=True)) as connection:
        ends_at = connection.execute(_LATEST_SENT).fetchone()[0]
    try:
        with closing(sqlite3.connect(_present(database), uri=True)) as connection:
            sent, _, latest = connection.execute(_SENT_AFTER, (ends_at or "",)).fetchone()
    except sqlite3.DatabaseError:
        return Window(backup_ends_at=ends_at, present_ends_at=None, sent=None)
    return Window(backup_ends_at=ends_at, present_ends_at=latest, sent=int(sent))


def restore(
    database: Path, backup_file: Path, application_id: int, known: frozenset[str], views: frozenset[str], now: datetime
) -> Path | None:
    """Puts a checked backup in the database's place; the present file moves aside and its new name is returned (None: there was none).

    Nobody may have the database open. The marker goes: the next start writes it anew. Raises StoreDamaged, StoreNewer, StoreError.
    """
    check_backup(backup_file, application_id, known, views)
    with _partial(database) as partial:
        with closing(sqlite3.connect(_read_only(backup_file), uri=True)) as reading, closing(sqlite3.connect(partial)) as writing:
            partial.chmod(0o600)
            reading.backup(writing)
        aside = database.with_name(f"{database.name}.replaced-{now:%Y%m%dT%H%M%SZ}") if database.exists() else None
        if aside is not None:
            # A write-ahead log left beside another file would be taken for its own.
            for name in _SIDE_FILES:
                with_log = database.with_name(database.name + name)
                if with_log.exists():
                    with_log.rename(aside.with_name(aside.name + name))
            database.rename(aside)
        _settle(partial, database)
    # Last: whoever is killed before finds a marker without its database, which is refused.
    drop_marker(database)
    return aside


def _sound(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("pragma quick_check").fetchone()[0] == "ok")


def _read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


def _present(path: Path) -> str:
    """A database in use: readers of a write-ahead log write to the memory they share. Never makes the file."""
    return f"{path.resolve().as_uri()}?mode=rw"
