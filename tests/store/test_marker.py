"""The state marker: nobody starts empty over lost data (RELIABILITY case 32)."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged
from monitor.store.marker import keep_marker, marker_of, read_marker
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.subscriptions import sync

pytestmark = pytest.mark.engines("sqlite")

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DIGEST = """
insert into digests(uid, subscription_id, kind, subject, payload, sha256, covers_to_at, hit_count, created_at)
values (:uid, (select min(id) from subscriptions), 'digest', 's', '{}', '', '', 0, '')
"""
SUBSCRIPTION = "insert into subscriptions(name, since_at, created_at) values ('morning', '', '')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database that has come to digest 2, with its marker."""
    store = open_sqlite(tmp_path / "monitor.db")
    sync(store, (), NOW)
    with store.write():
        store.run(SUBSCRIPTION)
        for uid in ("one", "two"):
            store.run(DIGEST, uid=uid)
    keep_marker(store.path, store, lambda: "instance-1", NOW)
    store.close()
    return tmp_path / "monitor.db"


def without_log(path: Path) -> None:
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)


def test_an_untouched_database_opens(path: Path) -> None:
    """The marker of a database that is still there changes nothing."""
    open_sqlite(path).close()
    marker = read_marker(path)
    assert marker is not None
    assert (marker.instance, marker.digests) == ("instance-1", 2)


@pytest.mark.parametrize("fault", ["deleted", "emptied"])
def test_case_32_lost_data_is_never_started_over(path: Path, fault: str) -> None:
    """Beside a marker a missing or empty database ends with 74, says what was there and what to do, and nothing is made."""
    without_log(path)
    if fault == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"")
    with pytest.raises(StoreDamaged, match=r"digest 2.*monitor db restore") as told:
        open_sqlite(path)
    assert told.value.exit_code == 74
    assert not path.exists() or path.stat().st_size == 0


def test_case_32_a_replaced_database_is_refused(path: Path, tmp_path: Path) -> None:
    """Another instance's database in the place of ours is refused."""
    other = open_sqlite(tmp_path / "other.db")
    keep_marker(other.path, other, lambda: "instance-2", NOW)
    other.close()
    without_log(path)
    shutil.copy(tmp_path / "other.db", path)
    with pytest.raises(StoreDamaged, match="replaced by another"):
        open_sqlite(path)


def test_case_32_an_older_copy_is_refused(path: Path, tmp_path: Path) -> None:
    """An older copy put in place by hand would tell its last news again: it is refused until restored knowingly."""
    shutil.copy(path, tmp_path / "copy")
    store = open_sqlite(path)
    with store.write():
        store.run(DIGEST, uid="three")
    keep_marker(path, store, lambda: "never", NOW)
    store.close()
    without_log(path)
    shutil.copy(tmp_path / "copy", path)
    with pytest.raises(StoreDamaged, match="older copy"):
        open_sqlite(path)


def test_a_marker_nobody_can_read_stops_nothing(path: Path) -> None:
    """A half-written marker proves nothing; the database opens."""
    marker_of(path).write_text("{", encoding="utf-8")
    open_sqlite(path).close()


def test_the_marker_is_written_only_when_something_changed(store: SqliteStore) -> None:
    """An idle daemon does not touch the marker."""
    keep_marker(store.path, store, lambda: "one", NOW)
    first = marker_of(store.path).stat().st_mtime_ns
    keep_marker(store.path, store, lambda: "two", NOW)
    assert marker_of(store.path).stat().st_mtime_ns == first
