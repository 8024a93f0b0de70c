"""The daemon as a process: one per database, stopped in time, never stopped by a wrong file or a dead network."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from monitor.config import load_config
from monitor.errors import ConfigError
from monitor.store.marker import marker_of
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import daemon_runs, events, fact, set_fact, step_runs
from tests.commands import run

Answer = TypeVar("Answer")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

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
PATIENCE_S = 90.0
ROOT = Path(__file__).resolve().parent.parent


def ten_seconds() -> float:
    """The time within which a daemon stops; longer where more processes than processors want to run."""
    return 10 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Desk:
    """A folder with a configuration whose feeds nobody answers, and the daemons started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[subprocess.Popen[str]] = []

    @property
    def database(self) -> Path:
        return self.folder / "monitor.db"

    def start(self, *before: str, stderr: int | None = subprocess.PIPE, **environment: str) -> subprocess.Popen[str]:
        """Starts a daemon; `before` stands before the command (a limit, a tracer)."""
        command = [*before, sys.executable, "-m", "monitor", "--config", str(self.folder / "config.toml"), "run"]
        whole = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        daemon = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=stderr, text=True, env=whole)
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
        return str(daemon.communicate()[1])

    def ask(self, question: Callable[[SqliteStore], Answer]) -> Answer:
        """What the database says."""
        store = open_sqlite(self.database)
        try:
            return question(store)
        finally:
            store.close()

    def visited(self, times: int = 1) -> bool:
        """True when every feed was polled."""
        if not self.database.exists():
            return False
        row = self.ask(lambda store: store.one("select min(polls) as polls from feeds"))
        finished = any(step.name == "visit" and step.finished_at for step in self.ask(step_runs))
        return bool(row and row["polls"] and row["polls"] >= times and finished)

    def told(self, kind: str) -> int:
        """How many events of a kind were recorded."""
        if not self.database.exists():
            return 0
        return sum(event.kind == kind for event in self.ask(lambda store: events(store, datetime(2020, 1, 1, tzinfo=UTC), 500)))

    def stopped(self, daemon: subprocess.Popen[str]) -> float:
        """Sends SIGTERM and returns the seconds until the daemon had ended."""
        asked_at = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=PATIENCE_S)
        return time.monotonic() - asked_at


class Silence:
    """A server on loopback that takes connections and requests and never answers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.asked = threading.Event()
        self._held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._listening.accept()
                self._held.append(connection)
                if connection.recv(1):
                    self.asked.set()
        except OSError:
            return

    def close(self) -> None:
        """Ends the server and what it holds."""
        self._listening.close()
        for connection in self._held:
            connection.close()


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


@pytest.fixture
def silence() -> Iterator[Silence]:
    """A server that never answers."""
    made = Silence()
    yield made
    made.close()


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
    assert time.monotonic() - asked_at < ten_seconds()
    assert "the daemon is stopped" in run("status").out
    assert run("status", "--alive").code == 1


def test_case_6_stopped_during_a_slow_fetch(desk: Desk, silence: Silence) -> None:
    """A fetch that hangs does not hold the daemon: within ten seconds it ends with 0, and the next start finds no lease in its way."""
    text = CONFIG.replace("127.0.0.1:9/", f"127.0.0.1:{silence.port}/").replace("ports = [9]", f"ports = [{silence.port}]")
    (desk.folder / "config.toml").write_text(text, encoding="utf-8")
    daemon = desk.start()
    assert silence.asked.wait(PATIENCE_S), desk.log()
    assert desk.stopped(daemon) < ten_seconds()
    assert daemon.returncode == 0
    silence.asked.clear()
    desk.start()
    assert silence.asked.wait(PATIENCE_S), desk.log()


def test_case_7_stopped_during_a_slow_send(desk: Desk, silence: Silence, monkeypatch: pytest.MonkeyPatch) -> None:
    """A send that waits for its answer does not hold the daemon; the delivery stays open and is offered again under the same identity."""
    hook = f'[channel.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:{silence.port}/"\nsecret = "env:HOOK"\n'
    hook += f'allow_private = ["127.0.0.0/8"]\nports = [{silence.port}]\ntimeout_s = 100\n'
    (desk.folder / "config.toml").write_text(CONFIG + hook, encoding="utf-8")
    desk.ask(pending_delivery)
    daemon = desk.start(HOOK=SECRET)
    assert silence.asked.wait(PATIENCE_S), desk.log()
    assert desk.stopped(daemon) < ten_seconds()
    assert daemon.returncode == 0
    state = desk.ask(lambda store: store.one("select state, attempts from deliveries"))
    assert state == {"state": "pending", "attempts": 1}
    silence.asked.clear()
    desk.start(HOOK=SECRET)
    assert silence.asked.wait(PATIENCE_S), desk.log()
    again = desk.ask(lambda store: store.all("select m.uid, d.epoch from deliveries d join messages m on m.id = d.message_id"))
    assert again == [{"uid": "msg-1", "epoch": 2}]


def pending_delivery(store: SqliteStore) -> None:
    """One webhook delivery that is due."""
    with store.write():
        row = store.one(
            "insert into messages(uid, form, subject, body, sha256, created_at) values ('msg-1', 'json', 's', x'7b7d', '', :now) returning id",
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        assert row is not None
        store.run(
            "insert into deliveries(message_id, channel, destination, next_attempt_at, created_at) values (:id, 'hook', 'webhook:hook', :now, :now)",
            id=row["id"],
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )


def test_case_8_a_second_signal_ends_at_once(desk: Desk, silence: Silence) -> None:
    """Whoever cannot wait for the orderly stop sends the signal again."""
    text = CONFIG.replace("127.0.0.1:9/", f"127.0.0.1:{silence.port}/").replace("ports = [9]", f"ports = [{silence.port}]")
    (desk.folder / "config.toml").write_text(text, encoding="utf-8")
    daemon = desk.start()
    assert silence.asked.wait(PATIENCE_S), desk.log()
    daemon.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while daemon.poll() is None and time.monotonic() < deadline:
        daemon.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    assert daemon.returncode == 130


def test_case_11_a_second_daemon_is_refused(desk: Desk) -> None:
    """A second daemon on the same database ends with 75 and names the first; the first goes on."""
    first = desk.start()
    desk.until(desk.visited)
    second = desk.start()
    _, told = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 75
    assert str(first.pid) in told
    assert first.poll() is None


def test_case_9_a_broken_reload_keeps_the_old_configuration(desk: Desk) -> None:
    """SIGHUP with a wrong file changes nothing and says so once, with the line; status shows it; with a right one it takes effect."""
    daemon = desk.start()
    desk.until(desk.visited)
    (desk.folder / "config.toml").write_text(CONFIG.replace("[fetch]", "[fetch]\nin_fligth = 3"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    desk.until(lambda: desk.told("config.rejected") == 1)
    assert daemon.poll() is None
    assert "in_fligth" in str(desk.ask(lambda store: fact(store, "config_problem")))
    (desk.folder / "config.toml").write_text(CONFIG.replace("[feed.two]", "[feed.three]"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    desk.until(lambda: "three" in names(desk))
    assert desk.ask(lambda store: fact(store, "config_problem")) == ""
    assert desk.stopped(daemon) < ten_seconds()
    told = daemon.communicate(timeout=PATIENCE_S)[1]
    assert told.count("not reloaded") == 1
    assert "config.toml:4: fetch.in_fligth: unknown key" in told


def test_a_changed_file_is_taken_up_without_a_signal(desk: Desk) -> None:
    """Whoever edits the configuration or a watchlist need not know how to reload."""
    daemon = desk.start()
    desk.until(desk.visited)
    (desk.folder / "config.toml").write_text(CONFIG.replace("[feed.two]", "[feed.three]"), encoding="utf-8")
    desk.until(lambda: "three" in names(desk))
    assert daemon.poll() is None
    assert desk.told("config.reloaded") == 1
    assert len(desk.ask(daemon_runs)) == 1


def names(desk: Desk) -> set[str]:
    """The feeds in force."""
    return {str(row["name"]) for row in desk.ask(lambda store: store.all("select name from feeds where state = 'active'"))}


def test_case_10_no_half_written_file_is_more_than_a_config_error(tmp_path: Path) -> None:
    """A configuration cut at any byte is either sound or refused with ConfigError, never a crash."""
    whole = CONFIG.encode()
    sound = 0
    for size in range(len(whole) + 1):
        (tmp_path / "config.toml").write_bytes(whole[:size])
        try:
            load_config(tmp_path / "config.toml")
            sound += 1
        except ConfigError as error:
            assert error.problems
    assert 0 < sound < len(whole)
    (tmp_path / "config.toml").unlink()
    with pytest.raises(ConfigError):
        load_config(tmp_path / "config.toml")


def test_case_1_a_killed_daemon_is_missed_and_followed(desk: Desk) -> None:
    """After SIGKILL the next start takes over at once, leases of the dead included."""
    desk.start().send_signal(signal.SIGSTOP)
    desk.daemons[0].kill()
    desk.daemons[0].communicate()
    second = desk.start()
    desk.until(desk.visited)
    assert second.poll() is None


def test_case_13_a_paused_daemon_goes_on(desk: Desk) -> None:
    """A daemon that stood still (SIGSTOP) and whose leases were taken meanwhile goes on when it may."""
    daemon = desk.start()
    desk.until(desk.visited)
    daemon.send_signal(signal.SIGSTOP)
    desk.ask(lambda store: make_due_under_another_owner(store))
    daemon.send_signal(signal.SIGCONT)
    desk.until(lambda: desk.visited(2))
    assert daemon.poll() is None


def make_due_under_another_owner(store: SqliteStore) -> None:
    """What another worker leaves behind that claimed everything and died."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with store.write():
        store.run("update feeds set next_poll_at = :at", at=long_ago)
        store.run("update sites set owner = 'another', due_at = :at, blocked_until_at = null", at=long_ago)


def test_case_16_a_full_log_disk_does_not_stop_it(desk: Desk) -> None:
    """With a standard error that takes nothing more the daemon does its work and stops in order."""
    with Path("/dev/full").open("w") as full:
        daemon = desk.start(stderr=full.fileno())
        desk.until(desk.visited)
        assert desk.stopped(daemon) < ten_seconds()
    assert daemon.returncode == 0


def test_case_17_few_file_descriptors(desk: Desk) -> None:
    """With room for 64 open files and more sites than that the daemon polls every feed and stays."""
    feeds = "".join(f'[feed.f{n}]\nurl = "http://127.0.{n}.1:9/"\n' for n in range(2, 90))
    (desk.folder / "config.toml").write_text(CONFIG + feeds, encoding="utf-8")
    daemon = desk.start("bash", "-c", 'ulimit -n 64; exec "$0" "$@"')
    desk.until(desk.visited)
    assert daemon.poll() is None
    assert not any(step.error for step in desk.ask(step_runs))


def test_case_32_no_start_over_lost_data(desk: Desk) -> None:
    """A daemon whose database was deleted while it was stopped ends with 74 and makes no new one."""
    daemon = desk.start()
    desk.until(lambda: desk.visited() and marker_of(desk.database).exists())
    desk.stopped(daemon)
    daemon.communicate()
    desk.database.unlink()
    again = desk.start()
    _, told = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 74
    assert "monitor db restore" in told
    assert not desk.database.exists()


def test_case_43_a_clock_before_its_time_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock of 1970 neither daemon nor cycle starts, unless asked to; a clock after 2038 is as good as any."""
    monkeypatch.setattr("monitor.app.now", lambda: datetime(1970, 1, 1, tzinfo=UTC))
    refused = run("once")
    assert refused.code == 2
    assert "the clock says 1970-01-01" in refused.err
    assert not desk.database.exists()
    monkeypatch.setattr("monitor.app.now", lambda: datetime(2040, 2, 29, tzinfo=UTC))
    assert "the clock" not in run("once", "--only", "plan").err


def test_case_31_damage_met_in_use_ends_it_with_74(desk: Desk) -> None:
    """A daemon that starts on a file with damage inside finds it by itself, writes nothing more and names the commands."""
    desk.ask(lambda store: [set_fact(store, f"n{number}", "x" * 1000) for number in range(400)])
    size = desk.database.stat().st_size
    with desk.database.open("r+b") as file:
        file.seek(size * 8 // 10 // 4096 * 4096)
        file.write(bytes(range(256)) * 64)
    daemon = desk.start()
    _, told = daemon.communicate(timeout=PATIENCE_S)
    assert daemon.returncode == 74
    assert "monitor doctor" in told
    assert "Traceback" not in told
