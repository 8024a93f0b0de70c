"""One run of the simulation: a world, a PostgreSQL server of its own, N real workers, one fault, and everything that must hold afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.store import feeds
from monitor.store.driver import Store
from monitor.store.invariants import check_invariants
from monitor.store.postgres import open_postgres
from tests import postgres
from tests.background import Background
from tests.promise.world import SECRET
from tests.simulation.world import WATCHLIST, World, serving, world
from tests.wire import Wire, wire_to

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("shared_buffers=64MB", "max_connections=100", "autovacuum_naptime=5s")
PATIENCE_S = 150.0
SKEW_S = 300
STRIKE_AT = 0.3
"""Faults happen when this share of the pages was read."""

_CONFIG = """
database = "env:SIMULATION_DATABASE"
watchlists = ["pair.toml"]
[fetch]
per_host_pause_s = 0.0
in_flight = {in_flight}
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = "env:HOOK_SECRET"
timeout_s = 3
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[subscription.flash]
watchlists = ["pair"]
channels = ["hook"]
max_items = 100
urgent = 1.0
urgent_after_min = 0
urgent_cooldown_min = 0
"""
_PROGRESS = """
select (select count(*) from entries) as entries, (select count(*) from articles where state = 'pending') as pending,
  (select count(*) from articles where matched_rev = 0) as unmatched, (select count(*) from hits where story_id is null) as ungrouped,
  (select count(*) from hits h left join digest_hits m on m.hit_id = h.id where m.hit_id is null) as untold,
  (select count(*) from feeds where next_poll_at <= :now) as due,
  (select count(*) from deliveries where state in ('pending', 'sending')) as waiting
"""
_DONE = {"pending": 0, "unmatched": 0, "ungrouped": 0, "untold": 0, "due": 0, "waiting": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run. fault: one or several, joined by `+`. in_flight: requests of one worker at once. later: articles that each paper publishes half-way."""

    workers: int = 2
    fault: str = "none"
    hosts: int = 96
    articles: int = 12
    later: int = 0
    in_flight: int = 3
    lease_s: float = 5.0
    roles: Sequence[str] = ()

    @property
    def faults(self) -> list[str]:
        """The names of its faults."""
        return self.fault.split("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run gave. per_s: articles a second between 10 and 90 per cent. wrong: everything that must not be, in words."""

    plan: Plan
    articles: int
    hits: int
    per_s: float
    whole_s: float
    fetched_again: int
    posts: int
    identities: int
    peak: int
    load: float
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        plan = self.plan
        return (
            f"{plan.workers} workers, {plan.fault}: {self.per_s:.1f} articles/s, {self.articles} articles and {self.hits} hits in {self.whole_s:.0f} s, "
            f"{self.fetched_again} fetched again, {self.posts} posts under {self.identities} identities, at most {self.peak} in flight at a host, "
            f"{len(self.wrong)} wrong, load {self.load:.1f}"
        )


class Worker:
    """One process of the program."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str], plan: Plan, *, skew_s: int = 0, roles: str = "") -> None:
        self.name = name
        self.stopped = False
        words = ("--config", str(folder / "config.toml"), "run", "--log-format", "json", *(("--roles", roles) if roles else ()))
        command = [sys.executable, "-m", "tests.simulation.worker", str(plan.lease_s), str(skew_s), *words]
        self._log = (folder / f"{name}.log").open("wb")
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment, "MONITOR_FETCH__USER_AGENT": name},
            stdout=self._log,
            stderr=self._log,
        )

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; a killed worker counts as ended."""
        self.process.send_signal(number)
        self.stopped = self.stopped or number == signal.SIGKILL

    def stop(self) -> str:
        """Asks the worker to end; what is wrong with how it did, or ""."""
        if self.process.poll() is None and not self.stopped:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._log.close()
        return "" if self.stopped or code == 0 else f"{self.name} ended with {code}"


@dataclass
class Run:
    """A run under way. wires: each worker's way to the server, by its name, where that may fail; cut: the one that hangs."""

    plan: Plan
    background: Background
    world: World
    server: postgres.Server
    address: str
    folder: Path
    store: Store
    workers: list[Worker] = field(default_factory=list)
    wires: dict[str, Wire] = field(default_factory=dict)
    cut: Wire | None = None
    told: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of what the feeds show now was read at least once."""
        return len(self.world.answered_s) / max(1, len(self.world.published()))

    def start(self, number: int) -> Worker:
        """Starts one more worker."""
        plan, name = self.plan, f"worker-{number}"
        if {"hang", "break"} & {*plan.faults}:
            self.wires[name] = self.background.enter(wire_to(self.address))
        address = self.wires[name].address if name in self.wires else self.address
        environment = {**os.environ, "SIMULATION_DATABASE": address, "HOOK_SECRET": SECRET}
        roles = plan.roles[number % len(plan.roles)] if plan.roles else ""
        skew_s = {0: -SKEW_S, 1: SKEW_S}.get(number, 0) if "skew" in plan.faults else 0
        worker = Worker(name, self.folder, environment, plan, skew_s=skew_s, roles=roles)
        self.workers.append(worker)
        return worker

    def until(self, holds: Callable[[], bool], what: str) -> bool:
        """Waits until something holds; tells where it never does."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > deadline:
                self.told.append(f"waited in vain for {what}")
                return False
            time.sleep(0.1)
        return True


def _kill(run: Run) -> None:
    """A worker dies at once; nobody starts it again."""
    run.workers[0].signal(signal.SIGKILL)


def _pause(run: Run) -> None:
    """A worker stands still for more than two leases and then goes on with what it thinks it holds."""
    run.workers[0].signal(signal.SIGSTOP)
    time.sleep(run.plan.lease_s * 2.5)
    run.workers[0].signal(signal.SIGCONT)


def _restart(run: Run) -> None:
    """The database dies (pg_ctl stop -m immediate), is away for two seconds, and recovers from its log."""
    run.server.stop()
    time.sleep(2)
    run.server.start()


def _hang(run: Run) -> None:
    """The way to the database hangs for the worker that posts first, from then on for more than two leases; what it said meanwhile arrives late."""
    if run.until(lambda: run.cut is not None, "the first POST"):
        time.sleep(run.plan.lease_s * 2.5)
    for wire in run.wires.values():
        wire.go_on()


def _break(run: Run) -> None:
    """The same, and then its connections break: what it said meanwhile is lost."""
    if run.until(lambda: run.cut is not None, "the first POST"):
        time.sleep(run.plan.lease_s * 2.5)
    if run.cut is not None:
        run.cut.drop()


def _nothing(run: Run) -> None:
    """Nothing happens: the fault is there from the start, or comes by itself."""


FAULTS: Mapping[str, Callable[[Run], None]] = {
    "none": _nothing,
    "kill": _kill,
    "pause": _pause,
    "hang": _hang,
    "break": _break,
    "restart": _restart,
    "post": _nothing,
    "skew": _nothing,
}
"""none; SIGKILL; SIGSTOP beyond the lease; the way to the database hangs beyond the lease between a POST and its commit, and goes on or breaks; the
database dies; SIGKILL when a worker's POST has arrived and is not answered; clocks 10 minutes apart."""


def run(plan: Plan) -> Outcome:
    """Runs the simulation once. Raises postgres.Missing where no server can be had."""
    with Background() as background, _server() as server:
        found = background.enter(serving(world(plan.hosts, plan.articles + plan.later, plan.articles)))
        address = server.address("postgres")
        folder = Path(tempfile.mkdtemp(prefix="monitor-simulation-"))
        try:
            store = open_postgres(address)
            going = Run(plan, background, found, server, address, folder, store)
            _configure(going)
            return _go(going, time.monotonic())
        finally:
            store.close()
            if not os.environ.get("SIMULATION_KEEP"):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server() -> Iterator[postgres.Server]:
    server = postgres.Server(SETTINGS)
    try:
        yield server
    finally:
        server.remove()


def _configure(run: Run) -> None:
    papers = "".join(f'[feed.p{place}]\nurl = "http://{host}:{run.world.port}/feed.xml"\n' for place, host in enumerate(run.world.papers))
    (run.folder / "config.toml").write_text(_CONFIG.format(port=run.world.port, in_flight=run.plan.in_flight) + papers, encoding="utf-8")
    (run.folder / "pair.toml").write_text(WATCHLIST, encoding="utf-8")


def _go(run: Run, began_s: float) -> Outcome:
    faults = run.plan.faults
    if "post" in faults:
        run.world.on_post = _murderer(run)
    if {"hang", "break"} & {*faults}:
        run.world.on_post = _cutter(run)
    for number in range(run.plan.workers):
        run.start(number)
    try:
        run.until(lambda: run.share >= STRIKE_AT, "the first pages")
        for fault in faults:
            FAULTS[fault](run)
        if run.plan.later:
            run.until(lambda: run.share >= 0.5, "half of the pages")
            _publish(run)
        run.until(lambda: _progress(run) == {**_DONE, "entries": len(run.world.published())}, "the end of the work")
    finally:
        run.told += filter(None, [worker.stop() for worker in run.workers])
    return _outcome(run, time.monotonic() - began_s)


def _murderer(run: Run) -> Callable[[str], bool]:
    """Kills whoever posts first, and so on until one worker is left."""
    killed: set[str] = set()

    def heard(name: str) -> bool:
        found = [worker for worker in run.workers if worker.name == name and name not in killed]
        if found and len(killed) < run.plan.workers - 1:
            killed.add(name)
            found[0].signal(signal.SIGKILL)
        return name in killed

    return heard


def _cutter(run: Run) -> Callable[[str], bool]:
    """Cuts whoever posts first off from the database; its POST is answered, but the verdict cannot be stored."""

    def heard(name: str) -> bool:
        if run.cut is None:
            run.cut = run.wires[name]
            run.cut.hang()
        return False

    return heard


def _publish(run: Run) -> None:
    """Every paper shows more, and every feed is due."""
    run.world.edition += run.plan.later
    feeds.make_due(run.store, datetime.now(UTC))


def _progress(run: Run) -> dict[str, int]:
    """What is left to do; nothing where the database does not answer."""
    try:
        row = run.store.one(_PROGRESS, now=datetime.now(UTC))
    except StoreError:
        return {}
    return {name: int(value) for name, value in (row or {}).items()}


def _outcome(run: Run, whole_s: float) -> Outcome:
    world = run.world
    answered = world.answered_s[: len(world.published())]
    tenth = len(answered) // 10
    span_s = answered[-tenth] - answered[tenth] if tenth else 0.0
    return Outcome(
        plan=run.plan,
        articles=len(world.published()),
        hits=len(world.hits()),
        per_s=(len(answered) - 2 * tenth) / span_s if span_s else 0.0,
        whole_s=whole_s,
        fetched_again=sum(world.pages.values()) - len(world.pages),
        posts=len(world.taken),
        identities=len({taken.identity for taken in world.taken}),
        peak=max(world.peak.values(), default=0),
        load=os.getloadavg()[0],
        wrong=tuple(run.told + _complaints(world, run.store)),
    )


def _complaints(world: World, store: Store) -> list[str]:
    """Everything that is wrong in the store, at the endpoint and at the papers."""
    found = [f"{broken.rule}: {broken.examples}" for broken in check_invariants(store)]
    entries = sorted(row["url"] for row in store.all("select url from entries"))
    found += _differ("entries", entries, sorted(world.published()))
    found += _differ(
        "articles", sorted(row["url"] for row in store.all("select url from articles where state = 'done'")), sorted(world.published())
    )
    hits = store.all("select a.url from hits h join articles a on a.id = h.article_id")
    found += _differ("hits", sorted(row["url"] for row in hits), sorted(world.hits()))
    members = store.all("select a.url from digest_hits m join hits h on h.id = m.hit_id join articles a on a.id = h.article_id")
    found += _differ("hits in digests", sorted(row["url"] for row in members), sorted(world.hits()))
    found += _told(world, {row["uid"] for row in store.all("select uid from messages")})
    found += [f"{host}: {peak} requests in flight at once" for host, peak in world.peak.items() if peak > 1]
    return found


def _differ(what: str, stored: list[str], wanted: list[str]) -> list[str]:
    if stored == wanted:
        return []
    missing, strange = sorted(set(wanted) - set(stored)), sorted(set(stored) - set(wanted))
    return [f"{what}: {len(stored)} for {len(wanted)}; missing {missing[:3]}, strange {strange[:3]}"]


def _told(world: World, known: set[str]) -> list[str]:
    """What the endpoint took: one body for an identity, each hit under exactly one identity."""
    bodies: dict[str, set[bytes]] = {}
    for taken in world.taken:
        bodies.setdefault(taken.identity, set()).add(taken.body)
    found = [f"strange identity {identity}" for identity in bodies if identity not in known]
    found += [f"{identity} was altered" for identity, contents in bodies.items() if len(contents) > 1]
    for url, headline in world.hits().items():
        under = [identity for identity, contents in bodies.items() if headline.encode() in next(iter(contents))]
        if len(under) != 1:
            found.append(f"{url} ({headline}): {'told nobody' if not under else f'doubled under {under}'}")
    return found
