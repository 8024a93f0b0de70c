"""The SQLite engine behind the port."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged, StoreError, StoreNewer
from monitor.store.sqlite import SqliteStore, backup_sqlite, open_sqlite
from monitor.store.steps import fact, set_fact

pytestmark = pytest.mark.engines("sqlite")

ARTICLE = "insert into articles(url_key, url, first_seen_at) values (:key, 'u', '') returning id"
TEXT = "insert into texts(article_id, text, folded) values (:id, :text, :folded)"


def test_durable_settings(store: SqliteStore) -> None:
    """Commits are synced, references are checked, readers do not block the writer."""
    pragmas = {name: store.all(f"pragma {name}")[0][name] for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_every_table_is_strict(store: SqliteStore) -> None:
    """SQLite itself refuses a value of the wrong type."""
    loose = store.all(
        "select name from pragma_table_list where schema = 'main' and type = 'table' and strict = 0 and name not like '%sqlite_%'"
    )
    assert loose == []


def test_writers_in_many_threads_do_not_fail(store: SqliteStore) -> None:
    """Read-then-write in parallel threads waits its turn instead of failing with a lock."""

    def grow() -> None:
        for _ in range(20):
            with store.write():
                set_fact(store, "n", str(int(fact(store, "n") or 0) + 1))

    threads = [threading.Thread(target=grow) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fact(store, "n") == "100"


def test_a_locked_database_is_a_store_error(store: SqliteStore) -> None:
    """A write that cannot get the lock says so as StoreError and leaves the store usable."""
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    store._writer.conn.execute("pragma busy_timeout=10")
    with pytest.raises(StoreError, match="locked"), store.write():
        pass
    other.execute("rollback")
    other.close()
    set_fact(store, "a", "1")
    assert fact(store, "a") == "1"


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    """A file that is not ours is never written to."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("create table t(a)")
    other.close()
    with pytest.raises(StoreDamaged, match="not a Monitor database"):
        open_sqlite(path)
    (tmp_path / "noise.db").write_bytes(b"noise" * 1000)
    with pytest.raises(StoreDamaged, match="damaged"):
        open_sqlite(tmp_path / "noise.db")


def test_case_21_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A database written by a newer version is left alone, with exit code 2 and where to find the backup."""
    store = open_sqlite(tmp_path / "a.db")
    with store.write():
        store.run("insert into _sqlite_migrations(migration_set, name, applied_at) values ('monitor', '999_later', '')")
    store.close()
    with pytest.raises(StoreNewer, match=r"newer.*backups") as told:
        open_sqlite(tmp_path / "a.db")
    assert told.value.exit_code == 2


def test_backup_is_a_sound_copy(store: SqliteStore, tmp_path: Path) -> None:
    """A backup of a live database opens and holds the same; an existing file is never overwritten."""
    set_fact(store, "a", "1")
    backup_sqlite(store.path, tmp_path / "copy.db")
    copy = open_sqlite(tmp_path / "copy.db")
    assert fact(copy, "a") == "1"
    copy.close()
    with pytest.raises(StoreError, match="exists"):
        backup_sqlite(store.path, tmp_path / "copy.db")


def test_a_light_commit_leaves_the_next_one_durable(store: SqliteStore) -> None:
    """A transaction that need not wait for the disk is kept, rolls back like any other, and changes nothing for those after it."""
    with store.write(durable=False):
        assert store._writer.conn.execute("pragma synchronous").fetchone()[0] == 1
        store.run("insert into meta(name, value) values ('a', '1')")
        with store.write():
            store.run("insert into meta(name, value) values ('b', '2')")
    with pytest.raises(KeyError), store.write(durable=False):
        store.run("insert into meta(name, value) values ('c', '3')")
        raise KeyError
    assert store._writer.conn.execute("pragma synchronous").fetchone()[0] == 2
    assert [row["name"] for row in store.all("select name from meta order by name")] == ["a", "b"]
