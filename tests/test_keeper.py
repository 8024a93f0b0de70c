"""The watch inside the daemon, on real files and a real full disk, with clocks that the test moves."""

from __future__ import annotations

import json
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged, StoreUnwritable
from monitor.keeper import BEAT_S, DEGRADED_BEAT_S, Clocks, FileWatch, Keeper
from monitor.mode import Limits
from monitor.notify import Notifier
from monitor.store import feeds, sites
from monitor.store.clock import pull_back
from monitor.store.disk import ballast_of, file_system, is_network
from monitor.store.marker import marker_of
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import daemon_runs, daemon_started, events, fact, set_fact
from tests.store.test_faults import fill, small_disk

pytestmark = pytest.mark.engines("sqlite")

__all__ = ["small_disk"]

START = datetime(2026, 11, 25, 6, tzinfo=UTC)
NO_LIMITS = Limits(free_bytes=0, free_percent=0)


class Time:
    """Clocks moved by hand: `go` passes time, `step` sets the wall clock, `sleep` suspends the machine."""

    def __init__(self) -> None:
        self.wall, self.running, self.awake = START, 1000.0, 500.0
        self.clocks = Clocks(wall=lambda: self.wall, running=lambda: self.running, awake=lambda: self.awake)

    def go(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.running += seconds
        self.awake += seconds

    def step(self, by: timedelta) -> None:
        self.wall += by

    def sleep(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.running += seconds


def keeper(store: SqliteStore, time: Time, limits: Limits = NO_LIMITS, environment: dict[str, str] | None = None) -> Keeper:
    daemon_started(store, "life", 1, "host", "0", time.wall)
    return Keeper(store, "life", time.clocks, lambda: "instance", limits, Notifier(environment or {}))


def commits(store: SqliteStore) -> int:
    """A number that changes with every commit of the store."""
    import sqlite3

    with sqlite3.connect(store.path) as other:
        return int(other.execute("pragma data_version").fetchone()[0])


def test_it_writes_once_a_minute(store: SqliteStore) -> None:
    """Looks between two beats write nothing; each beat writes that the daemon lives, lays the ballast and keeps the marker."""
    time = Time()
    watch = keeper(store, time)
    watch.look()
    assert ballast_of(store.path).exists()
    assert marker_of(store.path).exists()
    for _ in range(10):
        time.go(5)
        watch.look()
    assert daemon_runs(store)[0].seen_at == START
    time.go(BEAT_S)
    watch.look()
    assert daemon_runs(store)[0].seen_at == time.wall


def test_case_22_degraded_and_back(small_disk: Path) -> None:
    """On a full disk the keeper stops everything, lets settles through once the ballast made room, and all work when there is space again."""
    store = open_sqlite(small_disk / "monitor.db")
    time = Time()
    watch = keeper(store, time)
    watch.look()
    fill(store)
    with pytest.raises(StoreUnwritable) as refused:
        for number in range(4000):
            set_fact(store, f"n-more-{number}", "x" * 4000)
    watch.fault(refused.value)
    assert not watch.mode.allows("deliver")
    time.go(DEGRADED_BEAT_S)
    watch.look()
    assert watch.mode.name == "degraded"
    assert not watch.mode.allows("visit")
    subprocess.run(["mount", "-o", "remount,size=12m", str(small_disk)], check=True)
    time.go(DEGRADED_BEAT_S)
    watch.look()
    assert watch.mode.name == "normal"
    assert ballast_of(store.path).exists()
    assert [event.kind for event in events(store, START)][:1] == ["mode.normal"]
    store.close()


def test_low_space_is_told_and_remembered(store: SqliteStore) -> None:
    """Below the configured room the mode stands in the database, for status and doctor."""
    time = Time()
    watch = keeper(store, time, Limits(free_bytes=1 << 60, free_percent=0))
    watch.look()
    assert watch.mode.name == "low-space"
    assert json.loads(fact(store, "mode") or "{}")["name"] == "low-space"
    assert "MiB" in watch.status()


def test_case_32_a_deleted_database_ends_the_daemon(store: SqliteStore) -> None:
    """Within a minute it is noticed that the file under the daemon is gone."""
    time = Time()
    watch = keeper(store, time)
    watch.look()
    store.path.rename(store.path.with_name("moved.db"))
    time.go(BEAT_S)
    with pytest.raises(StoreDamaged):
        watch.look()


def test_case_31_damage_met_by_the_watch_ends_the_daemon(store: SqliteStore) -> None:
    """Damage is never taken for a busy database."""
    time = Time()
    watch = keeper(store, time)
    watch.look()
    store._writer.conn.execute("pragma wal_checkpoint(truncate)")
    page = store.one("select rootpage from sqlite_master where name = 'daemons'")
    assert page is not None
    with store.path.open("r+b") as file:
        file.seek((page["rootpage"] - 1) * 4096)
        file.write(b"\xff" * 4096)
    store.reopen()
    time.go(BEAT_S)
    with pytest.raises(StoreDamaged):
        watch.look()


def test_case_29_a_busy_database_is_no_fault(store: SqliteStore) -> None:
    """While somebody else writes for long the daemon waits and goes on."""
    import sqlite3

    time = Time()
    watch = keeper(store, time)
    watch.look()
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    store._writer.conn.execute("pragma busy_timeout=10")
    time.go(BEAT_S)
    watch.look()
    assert watch.mode.name == "normal"
    other.execute("rollback")
    other.close()


def test_a_busy_database_proves_no_disk_mended(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Degraded, the daemon stays so until a write went through: that somebody else holds the database says nothing of the disk."""
    import sqlite3

    from monitor.store import sqlite as engine

    time = Time()
    watch = keeper(store, time)
    watch.look()
    watch.fault(StoreUnwritable("disk I/O error"))
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    monkeypatch.setattr(engine, "_PRAGMAS", (*engine._PRAGMAS, "busy_timeout=10"))
    time.go(BEAT_S)
    watch.look()
    assert (watch.mode.name, watch.mode.writable) == ("degraded", False)
    other.execute("rollback")
    other.close()
    time.go(BEAT_S)
    watch.look()
    assert watch.mode.name == "normal"


def test_case_41_a_clock_step_is_an_event(store: SqliteStore) -> None:
    """A wall clock that moves apart from running time by more than a minute is told, with its size and way; less is not."""
    time = Time()
    watch = keeper(store, time)
    watch.look()
    time.step(timedelta(seconds=50))
    watch.look()
    assert [event for event in events(store, START - timedelta(days=9)) if event.kind.startswith("clock")] == []
    time.step(-timedelta(hours=3))
    watch.look()
    told = [event for event in events(store, START - timedelta(days=9)) if event.kind == "clock.step"]
    assert [event.detail for event in told] == ["set back by 3:00:00"]


def test_case_47_sleep_is_no_clock_step(store: SqliteStore) -> None:
    """A machine that slept for three days is told as such."""
    time = Time()
    watch = keeper(store, time)
    watch.look()
    time.sleep(3 * 86400)
    watch.look()
    assert [event.kind for event in events(store, START) if event.kind.startswith("clock")] == ["clock.sleep"]


@pytest.mark.parametrize("jump", [timedelta(days=5), timedelta(days=10), timedelta(days=4000)])
def test_case_42_a_false_jump_leaves_no_feed_silent(store: SqliteStore, jump: timedelta) -> None:
    """Feeds polled while the clock was ahead are due again after it was set right; a feed that waits by the rules keeps its time."""
    from monitor.config import FeedSettings, FeedsSettings

    settings = (FeedSettings(name="a", url="http://a.example/"), FeedSettings(name="b", url="http://b.example/"))
    feeds.sync(store, settings, FeedsSettings(), START)
    ahead = START + jump
    waiting = START + timedelta(days=6)
    with store.write():
        store.run("update feeds set last_polled_at = :at, next_poll_at = :next where name = 'a'", at=ahead, next=ahead + timedelta(hours=1))
        store.run("update feeds set last_polled_at = :at, next_poll_at = :next where name = 'b'", at=START, next=waiting)
        store.run("update sites set due_at = :next where host = 'a.example'", next=ahead + timedelta(hours=1))
        store.run("update sites set due_at = :next where host = 'b.example'", next=waiting)
    now = START + timedelta(minutes=1)
    pull_back(store, now)
    assert {feed.name: feed.next_poll_at for feed in feeds.every(store)} == {"a": now, "b": waiting}
    assert [site.host for site in sites.claim(store, now, now + timedelta(minutes=5), 9, "me")] == ["a.example"]
    assert pull_back(store, now) == 0


def test_the_watchdog_is_fed_by_a_write(store: SqliteStore, tmp_path: Path) -> None:
    """WATCHDOG=1 goes to the service manager after a beat that wrote, never without; also while a fault is dealt with."""
    heard = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(heard))
        manager.setblocking(False)
        time = Time()
        watch = keeper(store, time, environment={"NOTIFY_SOCKET": str(heard)})
        watch.look()
        assert manager.recv(4096).decode() == "WATCHDOG=1\nSTATUS=normal"
        time.go(5)
        watch.look()
        with pytest.raises(BlockingIOError):
            manager.recv(4096)
        watch.fault(StoreUnwritable("the disk is full", full=True))
        time.go(BEAT_S)
        watch.look()
        assert manager.recv(4096).decode().startswith("WATCHDOG=1")


def test_notifications_without_a_manager_are_silent() -> None:
    """Outside a service nothing is sent and nothing fails; a socket that is gone is no fault either."""
    Notifier({}).ready("here")
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).stopping()
    assert Notifier({"WATCHDOG_USEC": "120000000"}).watchdog_s == 120.0
    assert Notifier({"WATCHDOG_USEC": "x"}).watchdog_s is None


def test_files_are_reloaded_once_they_stand_still(tmp_path: Path) -> None:
    """A change is reported at the second look that sees the same file, once; a file that goes away is a change too."""
    path = tmp_path / "config.toml"
    path.write_text("a", encoding="utf-8")
    watch = FileWatch((path,))
    assert not watch.changed()
    path.write_text("ab", encoding="utf-8")
    assert [watch.changed(), watch.changed(), watch.changed()] == [False, True, False]
    path.unlink()
    assert [watch.changed(), watch.changed(), watch.changed()] == [False, True, False]


def test_a_change_during_a_reload_is_not_lost(tmp_path: Path) -> None:
    """What was accepted is no change; what changes after that is, also where other files are followed by then."""
    path, other = tmp_path / "config.toml", tmp_path / "other.toml"
    path.write_text("a", encoding="utf-8")
    watch = FileWatch((path,))
    path.write_text("ab", encoding="utf-8")
    watch.accept()
    assert [watch.changed(), watch.changed()] == [False, False]
    path.write_text("abc", encoding="utf-8")
    other.write_text("a", encoding="utf-8")
    watch.follow((path, other))
    assert [watch.changed(), watch.changed(), watch.changed()] == [False, True, False]


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /mnt/far\\040away rw,relatime - nfs4 server:/export rw
31 22 0:26 / /srv rw - tmpfs tmpfs rw
32 31 0:27 / /srv rw - fuse.sshfs host: rw
33 22 0:28 / /srvx rw - ext4 /dev/sdb rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/var/lib", "ext4", False),
        ("/mnt/far away/db", "nfs4", True),
        ("/srv/db", "fuse.sshfs", True),
        ("/srvx/db", "ext4", False),
        ("/srv", "fuse.sshfs", True),
    ],
)
def test_case_34_network_file_systems_are_known(path: str, kind: str, network: bool) -> None:
    """The kind of the innermost, latest mount above a path decides; names that begin alike are not inside each other."""
    assert file_system(Path(path), MOUNTS) == kind
    assert is_network(kind) is network
