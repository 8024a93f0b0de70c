"""The daemon as a process: one per database, stopped in time, never stopped by a wrong file or a dead network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.store.sqlite import open_sqlite
from monitor.store.steps import daemon_runs, step_runs
from tests.commands import run

CONFIG = """\
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [9]
[feed.one]
url = "http://127.0.0.1:9/one"
[feed.two]
url = "http://127.0.0.1:9/two"
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
at = ["07:00"]
timezone = "Asia/Ho_Chi_Minh"
"""
PATIENCE_S = 30.0


class Desk:
    """A folder with a configuration whose feeds nobody answers, and the daemons started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "monitor", "--config", str(self.folder / "config.toml"), "run"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        daemon = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.daemons.append(daemon)
        return daemon

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits for a condition on the store; fails when it does not come true."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        daemon = self.daemons[-1]
        daemon.kill()
        return daemon.communicate()[1]

    def visited(self, times: int = 1) -> bool:
        if not (self.folder / "monitor.db").exists():
            return False
        store = open_sqlite(self.folder / "monitor.db")
        try:
            row = store.one("select min(polls) as polls from feeds")
            finished = any(step.name == "visit" and step.finished_at for step in step_runs(store))
            return bool(row and row["polls"] and row["polls"] >= times and finished)
        finally:
            store.close()

    def lives(self) -> int:
        store = open_sqlite(self.folder / "monitor.db")
        try:
            return len(daemon_runs(store))
        finally:
            store.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose daemons are gone when the test is over."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    made = Desk(tmp_path)
    yield made
    for daemon in made.daemons:
        daemon.kill()
        daemon.communicate()


def test_unreachable_feeds_do_not_stop_it(desk: Desk) -> None:
    """With every feed unreachable the daemon goes on, status says what is wrong and since when, and SIGTERM ends it cleanly within ten seconds."""
    daemon = desk.start()
    desk.until(desk.visited)
    assert daemon.poll() is None
    status = run("status")
    assert status.code == 1
    assert "not one of the 2 feeds can be reached" in status.out
    assert "since" in status.out
    assert run("status", "--alive").code == 0
    asked_at = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=PATIENCE_S) == 0
    assert time.monotonic() - asked_at < 10
    assert "the daemon is stopped" in run("status").out
    assert run("status", "--alive").code == 1


def test_a_second_daemon_is_refused(desk: Desk) -> None:
    """A second daemon on the same database ends with 75 and names the first; the first goes on."""
    first = desk.start()
    desk.until(desk.visited)
    second = desk.start()
    _, told = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 75
    assert str(first.pid) in told
    assert first.poll() is None


def test_a_broken_reload_keeps_the_old_configuration(desk: Desk) -> None:
    """SIGHUP with a wrong file changes nothing and says so; with a right one it takes effect."""
    daemon = desk.start()
    desk.until(desk.visited)
    (desk.folder / "config.toml").write_text("[", encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    desk.until(lambda: desk.lives() == 2)
    assert daemon.poll() is None
    (desk.folder / "config.toml").write_text(CONFIG.replace("[feed.two]", "[feed.three]"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    desk.until(lambda: "three" in run("feeds", "list", "--state", "failing").out)
    daemon.send_signal(signal.SIGTERM)
    _, told = daemon.communicate(timeout=PATIENCE_S)
    assert "not reloaded" in told


def test_a_killed_daemon_is_missed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After SIGKILL the next start takes over at once, leases of the dead included."""
    desk.start().send_signal(signal.SIGSTOP)
    desk.daemons[0].kill()
    desk.daemons[0].communicate()
    second = desk.start()
    desk.until(desk.visited)
    assert second.poll() is None
