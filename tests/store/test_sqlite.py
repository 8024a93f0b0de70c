"""The SQLite engine behind the port."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import StoreDamaged, StoreError, StoreNewer
from monitor.store.driver import bindable
from monitor.store.sqlite import SqliteStore, backup_sqlite, open_sqlite
from monitor.store.steps import fact, set_fact
from monitor.text import fold

ARTICLE = "insert into articles(url_key, url, first_seen_at) values (:key, 'u', '') returning id"
TEXT = "insert into texts(article_id, text, folded) values (:id, :text, :folded)"


def add_text(store: SqliteStore, key: str, text: str) -> int:
    with store.write():
        row = store.one(ARTICLE, key=key)
        assert row is not None
        store.run(TEXT, id=row["id"], text=text, folded=fold(text))
    return int(row["id"])


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


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    """Migrations run once; a second start applies none."""
    open_sqlite(tmp_path / "a.db").close()
    again = open_sqlite(tmp_path / "a.db")
    assert again.migrate() == ()
    again.close()


def test_many_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Six processes that open a database which is not there yet all get a sound one."""
    code = "import sys, pathlib; from monitor.store.sqlite import open_sqlite; open_sqlite(pathlib.Path(sys.argv[1])).close()"
    command = [sys.executable, "-c", code, str(tmp_path / "new.db")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, cwd=Path(__file__).resolve().parent.parent.parent) for _ in range(6)]
    told = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 6, told


def test_a_failed_write_leaves_nothing(store: SqliteStore) -> None:
    """An exception inside a transaction takes all of it back."""
    with pytest.raises(KeyError), store.write():
        set_fact(store, "a", "1")
        raise KeyError
    assert fact(store, "a") is None


def test_writing_needs_a_transaction(store: SqliteStore) -> None:
    """A write outside `write()` is a bug and is told so."""
    with pytest.raises(RuntimeError):
        store.run("delete from meta")
    with pytest.raises(StoreError):
        store.all("insert into meta(name, value) values ('a', 'b') returning name")


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


@pytest.mark.parametrize("query", ["tô lâm", "to lam", "TÔ LÂM", "da nang", "Đà Nẵng", "nang da", "đà-nẵng!"])
def test_search_ignores_marks(store: SqliteStore, query: str) -> None:
    """Search finds Vietnamese with or without marks, đ included."""
    found = add_text(store, "1", "Ông Tô Lâm thăm Đà Nẵng")
    add_text(store, "2", "Paris et Lyon")
    assert store.search(query, 10) == [found]


def test_search_follows_changes(store: SqliteStore) -> None:
    """Changed and deleted texts leave the index."""
    article = add_text(store, "1", "alpha")
    with store.write():
        store.run("update texts set folded = 'beta' where article_id = :id", id=article)
    assert (store.search("alpha", 10), store.search("beta", 10)) == ([], [article])
    with store.write():
        store.run("delete from texts")
    assert store.search("beta", 10) == []


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """One store for many examples."""
    opened = open_sqlite(tmp_path_factory.mktemp("shelf") / "monitor.db")
    add_text(opened, "1", "Ông Tô Lâm thăm Đà Nẵng")
    yield opened
    opened.close()


@given(st.text())
def test_any_query_is_safe(shelf: SqliteStore, text: str) -> None:
    """No search text is a syntax error."""
    assert shelf.search(text, 10) in ([], [1])


@pytest.mark.parametrize("query", ['"', "a AND", "NEAR(", "*", "-", "col:x", "'"])
def test_query_syntax_is_plain_words(store: SqliteStore, query: str) -> None:
    """Signs of the engine's own query language are just text."""
    store.search(query, 10)


def test_nul_and_surrogates_never_arrive(store: SqliteStore) -> None:
    """What no engine can store is taken out on the way in."""
    set_fact(store, "a", "x\x00y\ud800z")
    assert fact(store, "a") == "xyz"


def test_instants_are_stored_in_one_width() -> None:
    """Instants are bound as fixed-width UTC text."""
    assert bindable({"at": datetime(2026, 1, 2, tzinfo=UTC)}) == {"at": "2026-01-02T00:00:00.000000Z"}


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
