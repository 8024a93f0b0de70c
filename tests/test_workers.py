"""Several real processes on one database: the work is shared, and a worker that is killed, paused or cut off loses nothing and doubles nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import load
from monitor.demo.sinks import WebhookSink
from monitor.hours import to_text
from monitor.store import feeds, subscriptions
from monitor.store.driver import Store
from monitor.store.invariants import check_invariants
from monitor.store.opening import open_store
from tests import postgres
from tests.background import Background
from tests.commands import run
from tests.newsroom import Newsroom, rss, serving
from tests.promise.world import SECRET, WATCHLIST, page, title
from tests.wire import wire_to

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 120.0
HOSTS, EACH = 5, 4
ARTICLES = HOSTS * EACH
CONFIG = """\
database = "{database}"
watchlists = ["pair.toml"]
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [{news}]
per_host_pause_s = 0.0
[articles]
robots = false
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:{hook}/hook"
secret = "env:HOOK_SECRET"
allow_private = ["127.0.0.0/8"]
ports = [{hook}]
[subscription.morning]
watchlists = ["pair"]
channels = ["hook"]
at = ["{at}"]
[web]
enabled = false
"""


WAITING = """
hits h join subscription_watchlists w on w.watchlist = h.watchlist join subscriptions s on s.id = w.subscription_id
where h.id > s.settled_hit_id and h.created_at >= w.since_at and not exists (select 1 from digest_hits d where d.hit_id = h.id)
"""


UNDER_WAY = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"


class Cluster:
    """A database, some hosts with news, an endpoint, and the workers started on them."""

    def __init__(self, folder: Path, database: str, background: Background) -> None:
        self.folder = folder
        self.asked: Counter[str] = Counter()
        self.gate = threading.Event()
        self.gate.set()
        room = Newsroom(latency_s=0.05)
        room.on_request = self._asked
        self.hook = background.enter(WebhookSink())
        self.room = background.enter(serving(room, HOSTS))
        now = datetime.now(UTC)
        feeds = ""
        for host in range(HOSTS):
            numbers = [host * EACH + place + 1 for place in range(EACH)]
            items = [(title(number), room.url(f"/{number}", host), "", now - timedelta(minutes=number)) for number in numbers]
            room.put(f"/feed{host}", rss(f"host {host}", items), "application/rss+xml", etag=f'"{host}"')
            for number in numbers:
                room.put(f"/{number}", page(number).encode())
            feeds += f'[feed.f{host}]\nurl = "{room.url(f"/feed{host}", host)}"\nlang = "en"\n'
        (folder / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
        at = f"{now - timedelta(hours=2):%H:%M}"
        self.config = folder / "config.toml"
        text = CONFIG.format(database=database, news=room.port, hook=self.hook.port, at=at)
        self.config.write_text(text + feeds, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("HOOK_SECRET", SECRET)
            self.place = load(self.config)[0].database
            self.store: Store = open_store(self.place)
            subscriptions.sync(self.store, load(self.config)[0].subscription, now - timedelta(days=2))
        self.workers: list[subprocess.Popen[str]] = []

    def _asked(self, target: str) -> None:
        self.asked[target] += 1

    def start(self, *options: str, database: str = "") -> subprocess.Popen[str]:
        """Starts a worker; `database`: another address of the same database."""
        command = [sys.executable, "-m", "monitor", "--config", str(self.config), "run", "--log-format", "json", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOOK_SECRET": SECRET, **({"MONITOR_DATABASE": database} if database else {})}
        log = (self.folder / f"log{len(self.workers)}").open("w")
        worker = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, text=True, env=environment)
        log.close()
        self.workers.append(worker)
        return worker

    def log(self, number: int) -> str:
        return (self.folder / f"log{number}").read_text()

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Waits for something to come true."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {[self.log(number)[-1500:] for number in range(len(self.workers))]}"
            time.sleep(0.1)

    def count(self, sql: str) -> int:
        row = self.store.one(f"select count(*) as n from {sql}")
        assert row is not None
        return int(row["n"])

    def read(self) -> int:
        return self.count("articles where state = 'done'")

    def told(self) -> bool:
        """True when every article was read and matched, and the digest was taken by the endpoint."""
        hits = self.count("hits where story_id is not null")
        return hits == ARTICLES and self.count("deliveries") > 0 and self.count("deliveries where state <> 'delivered'") == 0

    def hold_up(self, stop: Callable[[], None], go_on: Callable[[], None]) -> None:
        """Stops a worker in the middle of its visits, between two transactions: the server would free what it locks only after a minute."""

        def held() -> bool:
            stop()
            if self.read() >= 3 and self.count("sites where owner is not null") and self.count(UNDER_WAY) == 0:
                return True
            go_on()
            return False

        self.room.latency_s, usual_s = 0.5, self.room.latency_s
        self.until("held up in the middle of visits", held)
        self.room.latency_s = usual_s

    def let_leases_end(self, worker: subprocess.Popen[str]) -> int:
        """As if so much time had passed since a worker's last word that its leases are over, and pages that it began are to be tried again."""
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        row = self.store.one("select id from daemons where pid = :pid order by started_at desc", pid=worker.pid)
        assert row is not None
        mine = f"{row['id']}/%"
        with self.store.write():
            self.store.run(
                "update deliveries set lease_until_at = :at where state = 'sending' and owner like :mine", at=long_ago, mine=mine
            )
            free = f"select id from articles where state = 'pending' {self.store.skip_locked}"
            self.store.run(f"update articles set next_read_at = :at where id in ({free})", at=long_ago)
            return self.store.run("update sites set due_at = :at where owner like :mine", at=long_ago, mine=mine)

    def complaints(self) -> list[str]:
        """What is wrong at the end: a hit lost or told twice, an identity with two contents, a rule of the promise broken.

        A page that a worker died over is read again later, after the slot: what it holds waits for the next digest, which is no loss.
        """
        found = [f"{each.rule}: {each.examples}" for each in check_invariants(self.store)]
        hits, places, waiting = self.count("hits"), self.count("digest_hits"), self.count(WAITING)
        if (hits, places + waiting) != (ARTICLES, ARTICLES):
            found.append(f"{hits} hits of {ARTICLES}, {places} places in digests, {waiting} wait for the next one")
        if (slots := self.count("slots where missed = 0 and label not like 'manual-%'")) != 1:
            found.append(f"{slots} slots planned")
        if (empty := self.count("stories where hit_count = 0")) != 0:
            found.append(f"{empty} stories without a hit")
        bodies: dict[str, set[bytes]] = {}
        for each in self.hook.requests:
            bodies.setdefault(each.headers["webhook-id"], set()).add(each.body)
        if len(bodies) > self.count("digests where kind = 'digest'") or any(len(each) > 1 for each in bodies.values()):
            found.append(f"{len(bodies)} identities at the endpoint")
        return found

    def stop(self) -> list[int]:
        """Stops all workers that still run, in order, and returns how they ended."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        return [worker.wait(PATIENCE_S) for worker in self.workers]

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait(PATIENCE_S)
        self.store.close()


@pytest.fixture
def background() -> Iterator[Background]:
    with Background() as entered:
        yield entered


@pytest.fixture
def cluster(tmp_path: Path, background: Background) -> Iterator[Cluster]:
    """A cluster on PostgreSQL."""
    with postgres.database(empty=True) as address:
        made = Cluster(tmp_path, address, background)
        yield made
        made.close()


@pytest.mark.slow
def test_case_12_three_workers_share_the_work(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three workers with different roles read each page once, plan one digest and offer it once; `status` shows all three and their roles."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    cluster.start()
    cluster.start("--roles", "visit")
    cluster.start("--roles", "think,deliver")
    cluster.until("all told", cluster.told)
    shown = json.loads(run("--config", str(cluster.config), "status", "--json").out)
    assert sorted(each["roles"] for each in shown["workers"]) == [["think", "deliver"], ["visit"], ["visit", "think", "deliver"]]
    assert run("--config", str(cluster.config), "status", "--alive").code == 0
    assert cluster.stop() == [0, 0, 0]
    assert cluster.complaints() == []
    assert {cluster.asked[f"/{number}"] for number in range(1, ARTICLES + 1)} == {1}
    assert len(cluster.hook.requests) == 1


def test_a_killed_worker_loses_nothing(cluster: Cluster) -> None:
    """One of two workers is killed in the middle of its visits: the other takes over when the leases end, and nothing is lost or told twice."""
    first = cluster.start()
    cluster.until("some articles read", lambda: cluster.read() >= 3)
    first.kill()
    first.wait(PATIENCE_S)
    cluster.start()
    cluster.until("the second at work", lambda: cluster.count("daemons") == 2)
    cluster.let_leases_end(first)
    cluster.until("all told", cluster.told)
    assert cluster.stop() == [-signal.SIGKILL, 0]
    assert cluster.complaints() == []


@pytest.mark.slow
def test_case_13_a_paused_worker_is_refused_when_it_wakes(cluster: Cluster) -> None:
    """A worker stands still (SIGSTOP) beyond its leases, another finishes; woken, its saves are refused and nothing is told twice."""
    first = cluster.start()
    cluster.hold_up(lambda: first.send_signal(signal.SIGSTOP), lambda: first.send_signal(signal.SIGCONT))
    cluster.start()
    cluster.until("the second at work", lambda: cluster.count("daemons") == 2)
    cluster.let_leases_end(first)
    cluster.until("all told", cluster.told)
    first.send_signal(signal.SIGCONT)
    cluster.until("the first lives on", lambda: '"seen"' in cluster.log(0) or first.poll() is None)
    assert cluster.stop() == [0, 0]
    assert cluster.complaints() == []


@pytest.mark.parametrize("ending", ["goes on", pytest.param("breaks", marks=pytest.mark.slow)])
def test_a_worker_cut_off_from_the_database_is_refused_when_it_is_back(cluster: Cluster, background: Background, ending: str) -> None:
    """The way from a worker to the server hangs in the middle of its visits, and another takes over when the leases end. Then what hung arrives,
    late, or the connections break: the first one's saves are refused, nothing is lost or told twice, and it works on.
    """
    wire = background.enter(wire_to(cluster.place.address))
    first = cluster.start(database=wire.address)
    cluster.hold_up(wire.hang, wire.go_on)
    second = cluster.start()
    cluster.until("the second at work", lambda: cluster.count("daemons") == 2)
    assert cluster.let_leases_end(first) >= 1
    cluster.until("all told", cluster.told)
    if ending == "breaks":
        wire.drop()
    wire.go_on()
    back_at = datetime.now(UTC)
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE_S) == 0
    feeds.make_due(cluster.store, back_at)
    cluster.until("the first works on", lambda: cluster.count(f"feeds where last_success_at > '{to_text(back_at)}'") == HOSTS)
    assert cluster.stop() == [0, 0]
    assert cluster.complaints() == []
    assert "lease lost" in cluster.log(0) or ending == "breaks"


@pytest.mark.slow
def test_several_processes_share_a_file(tmp_path: Path, background: Background) -> None:
    """With --shared two processes work on one SQLite file by leases; one without it is refused meanwhile, and the other way round."""
    cluster = Cluster(tmp_path, "monitor.db", background)
    try:
        cluster.start("--shared")
        cluster.start("--shared", "--roles", "visit,think")
        cluster.until("both at work", lambda: cluster.count("daemons") == 2)
        alone = cluster.start()
        assert alone.wait(PATIENCE_S) == 75
        assert "several" in cluster.log(2)
        cluster.until("all told", cluster.told)
        assert cluster.stop() == [0, 0, 75]
        assert cluster.complaints() == []
        assert {cluster.asked[f"/{number}"] for number in range(1, ARTICLES + 1)} == {1}
    finally:
        cluster.close()


@pytest.mark.slow
def test_case_38_the_server_crashes_and_comes_back(tmp_path: Path, background: Background) -> None:
    """PostgreSQL is stopped as by a crash in the middle of the work: the workers wait, go on when it is back, and nothing is lost or told twice."""
    server = postgres.Server(settings=("max_connections=50",))
    try:
        cluster = Cluster(tmp_path, server.address("postgres"), background)
        cluster.start()
        cluster.start()
        cluster.until("some articles read", lambda: cluster.read() >= 3)
        server.stop()
        assert [worker.poll() for worker in cluster.workers] == [None, None]
        server.start()
        cluster.until("all told", cluster.told)
        assert cluster.stop() == [0, 0]
        assert cluster.complaints() == []
        cluster.close()
    finally:
        server.remove()


def test_roles_on_a_file_need_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single process with half of the roles would leave the rest undone, and an unknown role is a mistake: both are told."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    told = run("run", "--roles", "visit")
    assert (told.code, "--shared" in told.err) == (2, True)
    told = run("run", "--shared", "--roles", "visit,fetch")
    assert (told.code, "'fetch'" in told.err) == (2, True)
