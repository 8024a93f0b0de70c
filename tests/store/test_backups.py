"""Backups: consistent while written to, checked, few; and the way back (RELIABILITY cases 35 and 36)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged, StoreError
from monitor.store import backups
from monitor.store.checks import faults
from monitor.store.schema import MIGRATIONS
from monitor.store.sqlite import APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS, SqliteStore, backup_sqlite, open_sqlite
from monitor.store.steps import fact, set_fact

pytestmark = pytest.mark.engines("sqlite")

NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)


def test_case_35_a_backup_during_writes_is_one_moment(store: SqliteStore, tmp_path: Path) -> None:
    """A copy made while a writer is busy holds whole transactions only, and passes its check."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with store.write():
                set_fact(store, "left", str(number))
                set_fact(store, "right", str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            backup_sqlite(store.path, tmp_path / f"copy{number}.db")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        copy = open_sqlite(tmp_path / f"copy{number}.db")
        assert fact(copy, "left") == fact(copy, "right")
        assert faults(copy.path, thorough=True) == ()
        copy.close()


def test_a_failed_backup_leaves_nothing(store: SqliteStore, tmp_path: Path) -> None:
    """A copy that cannot be written leaves no file behind."""
    target = tmp_path / "there" / "copy.db"
    target.parent.mkdir()
    (tmp_path / "there" / "copy.db.partial").mkdir()
    with pytest.raises(StoreError):
        backup_sqlite(store.path, target)
    assert not target.exists()


def test_few_dated_backups_are_kept(store: SqliteStore) -> None:
    """The newest seven dated backups stay; other files of the folder are nobody's business."""
    folder = backups.folder_of(store.path)
    folder.mkdir()
    (folder / "mine.db").touch()
    names = [backups.dated_name(store.path, NOW + timedelta(days=day)) for day in range(10)]
    for name in names:
        (folder / name).touch()
    backups.prune(store.path)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names[3:], "mine.db"])
    assert backups.newest(store.path) == folder / names[-1]


def test_case_36_restore_puts_a_checked_copy_in_place(store: SqliteStore, tmp_path: Path) -> None:
    """After a restore the database is the backup's moment; the file that was there is kept under another name."""
    set_fact(store, "a", "old")
    copy = tmp_path / "copy.db"
    backup_sqlite(store.path, copy)
    set_fact(store, "a", "new")
    store.close()
    aside = backups.restore(store.path, copy, APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS, NOW)
    again = open_sqlite(store.path)
    assert fact(again, "a") == "old"
    again.close()
    assert aside is not None
    kept = open_sqlite(aside)
    assert fact(kept, "a") == "new"
    kept.close()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("create view seen as select * from meta", "view seen"),
        ("create trigger evil after insert on meta begin delete from hits; end", "trigger evil"),
        ("pragma application_id=1", "not a Monitor database"),
        ("insert into _sqlite_migrations(migration_set, name, applied_at) values ('monitor', '999_later', '')", "newer Monitor"),
    ],
)
def test_a_foreign_backup_is_refused(store: SqliteStore, tmp_path: Path, statement: str, told: str) -> None:
    """A file with views or triggers that no Monitor wrote, or from another program, is never restored."""
    copy = tmp_path / "copy.db"
    backup_sqlite(store.path, copy)
    changed = SqliteStore(copy)
    changed._writer.conn.execute(statement)
    changed.close()
    with pytest.raises(StoreError, match=told):
        backups.restore(store.path, copy, APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS, NOW)


def test_a_damaged_backup_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    """A backup that does not pass its check is never restored, and the present database stays."""
    for number in range(200):
        set_fact(store, f"n{number}", "x" * 1000)
    copy = tmp_path / "copy.db"
    backup_sqlite(store.path, copy)
    with copy.open("r+b") as file:
        file.seek(copy.stat().st_size // 2)
        file.write(b"noise" * 4000)
    with pytest.raises(StoreDamaged):
        backups.restore(store.path, copy, APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS, NOW)
    assert fact(store, "n1") is not None


def test_case_21_a_backup_is_made_before_a_migration(tmp_path: Path) -> None:
    """A database of an older version is copied, as it was, before its schema changes."""
    path = tmp_path / "monitor.db"
    store = SqliteStore(path)
    store._writer.conn.execute(f"pragma application_id={APPLICATION_ID}")
    older = MIGRATIONS[:-1]
    import monitor.store.sqlite as engine

    whole, engine.MIGRATIONS = engine.MIGRATIONS, older
    try:
        store.migrate()
    finally:
        engine.MIGRATIONS = whole
    set_fact(store, "a", "1")
    store.close()
    open_sqlite(path).close()
    copy = backups.folder_of(path) / f"monitor-before-{MIGRATIONS[-1].name}.db"
    kept = SqliteStore(copy)
    assert kept.missing_migrations() == (MIGRATIONS[-1].name,)
    assert fact(kept, "a") == "1"
    kept.close()
