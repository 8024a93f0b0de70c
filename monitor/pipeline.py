"""READ ME FIRST: what the program does, in order.

    feeds --poll--> entries --read--> articles --match--> hits --group--> stories --plan--> digests --deliver--> destinations
      '------- visit: one site at a time -------'

Every step is level-triggered: it asks the store what is due, works a bounded batch, records it in one transaction per item and returns counts.
Running a step twice, or dying inside it, loses nothing. The scheduler ticks the steps; `once` runs them one after the other until nothing is due.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitor.alarms import step as alarms
from monitor.articles import step as articles
from monitor.config import Config
from monitor.deliveries import step as deliveries
from monitor.digests import step as digests
from monitor.digests.publish import step as published
from monitor.digests.template import BUILT_IN, Templates
from monitor.errors import StoreBusy, StoreDamaged, StoreError, StoreUnwritable
from monitor.feeds import step as feeds
from monitor.feeds.polling import PollCounts, PollSettings
from monitor.fetch.polite import Sender
from monitor.hits import step as hits
from monitor.hits.match import Matcher
from monitor.hours import quiet_now, schedule_of
from monitor.log import logger
from monitor.model import Site, Subscription, Watchlist
from monitor.sandbox import Sandbox
from monitor.store import sites
from monitor.store.articles import drop_old_sketches, drop_old_texts
from monitor.store.clock import pull_back_when_due
from monitor.store.counted import move_marks
from monitor.store.driver import Store
from monitor.store.recorder import Recorder
from monitor.store.retention import Keeping, sweep_when_due
from monitor.store.sites import LeaseLost
from monitor.store.steps import step_ran
from monitor.store.workers import token
from monitor.stories import actions as standing
from monitor.stories import step as stories
from monitor.tally import Tally

Counts = dict[str, int]

_UNREAD = timedelta(hours=1)

LEASE = timedelta(minutes=5)
"""How long a visitor may keep a site without a save; longer than any one fetch and parse together."""

SKETCHES_KEPT = timedelta(days=30)
"""How long near-duplicates of an article are found; they are looked for among the last seven days."""

_DROPPED = 100
"""Texts, and sketches, that one tick of tidying drops at most, so that it holds nobody up: 1.7 million a day."""

_BUSY_S, _BUSY_TRIES = 10.0, 5
"""Where others hold the rows: the most seconds until the next try, and the tries of one tick."""

AFTER_A_BUG = timedelta(minutes=15)
"""How long a site is left alone when its visit failed through a fault of ours: it must not be asked again at once, and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What the steps work with; composed in app.py.

    clock, new_id and jitter are the only clock and the only randomness of the program. `door` keeps a pause between requests to one host,
    `direct_door` does not. `force_plan` names a subscription whose digest is planned now, whatever its schedule says.
    `worker` is the name under which this process claims what it works on.
    `patient`: the steps tick side by side, so that a late digest may wait for the others to catch up; `once` runs them in order instead.
    `under_way`: the deliveries that ticks of this process are sending. `visiting`: the claims by which they hold a site, `visits` at most.
    """

    config: Config
    store: Store
    recorder: Recorder
    watchlists: tuple[Watchlist, ...]
    matcher: Matcher
    door: Sender
    direct_door: Sender
    sandbox: Sandbox
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    jitter: Callable[[], float]
    poll_settings: PollSettings
    read_settings: articles.ReadSettings
    visits: int = 8
    read_articles: bool = True
    force_plan: str | None = None
    patient: bool = False
    worker: str = ""
    templates: Templates = BUILT_IN
    tally: Tally = field(default_factory=Tally)
    under_way: set[int] = field(default_factory=set)
    visiting: set[str] = field(default_factory=set)

    def token(self) -> str:
        """An owner for one claim, new each time: an expired lease cannot be taken for another of the same worker."""
        return token(self.worker, self.new_id())


async def visit(app: App) -> Counts:
    """Visits every site that is due, several at a time, each under its lease: polls its feeds, then reads its pending articles."""
    ended = await asyncio.gather(*(_visitor(app) for _ in range(app.visits)), return_exceptions=True)
    counts: list[Counts] = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        counts.append(each)
    return _sum(*counts)


async def _visitor(app: App) -> Counts:
    counts: Counts = {"sites": 0}
    # Ticks overlap, so that a slow site holds nobody up; together they hold no more sites than get their turn before their leases end.
    # A place is taken before the claim, which others wait for as well.
    while len(app.visiting) < app.visits:
        place = app.token()
        app.visiting.add(place)
        try:
            claimed = await app.recorder.record(partial(_claim, app, place), durable=False)
            if not claimed:
                break
            counts = _sum(counts, {"sites": 1}, await _visit(app, claimed[0]))
        finally:
            app.visiting.discard(place)
    return counts


def _claim(app: App, owner: str) -> tuple[Site, ...]:
    now = app.clock()
    return sites.claim(app.store, now, now + LEASE, 1, owner, feeds_only=not app.read_articles)


async def _visit(app: App, site: Site) -> Counts:
    again_at: datetime | None = None
    try:
        polled = await feeds.poll(
            site,
            store=app.store,
            recorder=app.recorder,
            door=app.door,
            sandbox=app.sandbox,
            clock=app.clock,
            settings=app.poll_settings,
        )
        _count_polls(app.tally, polled)
        read = (
            await articles.read(site, store=app.store, door=app.door, sandbox=app.sandbox, clock=app.clock, settings=app.read_settings)
            if app.read_articles and not polled.refused
            else articles.ReadCounts()
        )
        return _sum(asdict(polled), asdict(read))
    except LeaseLost:
        logger(site=site.host).warning("lease lost")
        return {"lost": 1}
    except (StoreUnwritable, StoreDamaged):
        raise
    except StoreBusy as error:
        logger(site=site.host).warning("visit put off", error=str(error))
        again_at = app.clock() + timedelta(seconds=_BUSY_S * app.jitter())
        return {"busy": 1}
    except Exception:  # noqa: BLE001 - the edge of one site: a bug met here must not stop the others
        logger(site=site.host).exception("visit failed")
        again_at = app.clock() + AFTER_A_BUG
        return {"failed": 1}
    finally:
        if site.owner is not None:
            # Pages that this process does not read must not make the site due again at once.
            pages_from = None if app.read_articles else app.clock() + _UNREAD
            give_back = partial(sites.release, app.store, site.id, site.owner, pages_from, again_at)
            await app.recorder.record(give_back, durable=False)


def _count_polls(tally: Tally, polled: PollCounts) -> None:
    tally.add("polls", "unchanged", polled.unchanged)
    tally.add("polls", "failed", polled.failing)
    tally.add("polls", "read", polled.polled - polled.unchanged - polled.failing)


async def match(app: App) -> Counts:
    """Matches articles that the newest watchlists have not seen and stores hits with their evidence."""
    began_s = time.monotonic()
    counts = await hits.match(store=app.store, matcher=app.matcher, clock=app.clock, limit=200)
    app.tally.took("match", time.monotonic() - began_s, counts.matched)
    return asdict(counts)


async def group(app: App) -> Counts:
    """Puts new hits into stories and says what each brings: new, update or echo."""
    return asdict(await stories.group(store=app.store, clock=app.clock, limit=500, watchlists=app.watchlists))


async def regroup(app: App) -> Counts:
    """Once a day looks at the latest hits again, with all that came after them; what was told stays as it is."""
    return asdict(await standing.regroup_due(store=app.store, clock=app.clock, watchlists=app.watchlists))


async def plan(app: App) -> Counts:
    """Freezes one digest and its deliveries for every subscription whose newest slot is not recorded."""
    return asdict(
        await digests.plan(
            store=app.store,
            clock=app.clock,
            new_id=app.new_id,
            subscriptions=app.config.subscription,
            channels=app.config.channel,
            templates=app.templates,
            force=app.force_plan,
            patient=app.patient,
        )
    )


async def deliver(app: App) -> Counts:
    """Offers every due delivery to its destination and records the verdict."""
    return asdict(
        await deliveries.deliver(
            store=app.store,
            door=app.direct_door,
            clock=app.clock,
            new_id=app.token,
            jitter=app.jitter,
            channels=app.config.channel,
            limit=100,
            held=partial(quiet, app.config.subscription),
            under_way=app.under_way,
        )
    )


def quiet(subscriptions: Sequence[Subscription], now: datetime) -> tuple[str, ...]:
    """What must be quiet: the digests of subscriptions whose quiet hours it is, and their urgent messages unless these are waived."""
    silent = [each for each in subscriptions if quiet_now(schedule_of(each), now)]
    return (*(f"digest:{each.name}" for each in silent), *(f"urgent:{each.name}" for each in silent if not each.urgent_in_quiet))


async def alarm(app: App) -> Counts:
    """Looks at what does not work and tells the operator, through the outbox, once when it begins and once when it is over."""
    return asdict(
        await alarms.watch(store=app.store, clock=app.clock, new_id=app.new_id, settings=app.config.alarm, channels=app.config.channel)
    )


async def publish(app: App) -> Counts:
    """Keeps the feeds of each watchlist for other readers, where a folder is named for them."""
    return asdict(
        await published.publish(store=app.store, clock=app.clock, watchlists=app.watchlists, settings=app.config.output, new_id=app.new_id)
    )


async def tidy(app: App) -> Counts:
    """Mends impossible due times, drops old texts of articles without hits and, once a day, old rows of the log. Identities stay for ever."""
    await asyncio.to_thread(pull_back_when_due, app.store, app.clock())
    before = app.clock() - timedelta(days=app.config.articles.keep_text_days)
    dropped = await asyncio.to_thread(drop_old_texts, app.store, before, _DROPPED)
    sketches = await asyncio.to_thread(drop_old_sketches, app.store, app.clock() - SKETCHES_KEPT, _DROPPED)
    log = await asyncio.to_thread(sweep_when_due, app.store, keeping(app.config), app.clock())
    await asyncio.to_thread(move_marks, app.store, app.clock())
    return {"dropped": dropped, "sketches": sketches, "log": sum(log.values())}


def keeping(config: Config) -> Keeping:
    """How long what goes with time is kept."""
    return Keeping(text_days=config.articles.keep_text_days, sketch_days=SKETCHES_KEPT.days, log_days=config.storage.keep_log_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name, its function, the seconds between two ticks, and how many ticks may overlap (one slow site must not hold the others)."""

    name: str
    run: Callable[[App], Awaitable[Counts]]
    every_s: int
    parallel: int = 1


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step(name="visit", run=visit, every_s=5, parallel=32),
        Step(name="match", run=match, every_s=5),
        Step(name="group", run=group, every_s=5),
        Step(name="regroup", run=regroup, every_s=3600),
        Step(name="plan", run=plan, every_s=15),
        Step(name="alarm", run=alarm, every_s=60),
        Step(name="deliver", run=deliver, every_s=5, parallel=200),
        Step(name="publish", run=publish, every_s=60),
        Step(name="tidy", run=tidy, every_s=5),
    )
}

ROLES: Mapping[str, tuple[str, ...]] = {
    "visit": ("visit",),
    "think": ("match", "group", "regroup", "plan", "alarm", "publish", "tidy"),
    "deliver": ("deliver",),
}
"""What one of several workers may be given to do, and the steps of it."""

_IDLE = {"seen", "skipped"}
"""Counts that say something was looked at, not that something was done."""


async def run_step(app: App, name: str) -> Counts:
    """Runs one step once and records its counts or its error. An error is recorded and logged: the next tick tries again.

    Raises only what no next tick can mend by itself: StoreUnwritable and StoreDamaged.
    """
    started_at = app.clock()
    counts: Counts = {}
    told = None
    try:
        counts = await _patiently(app, name)
    except (StoreUnwritable, StoreDamaged):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a tick
        logger(step=name).exception("step failed")
        told = f"{type(error).__name__}: {error}"
    idle = not any(value for key, value in counts.items() if key not in _IDLE)
    try:
        await asyncio.to_thread(step_ran, app.store, name, started_at, app.clock(), counts, told, idle=idle)
    except (StoreUnwritable, StoreDamaged):
        raise
    except StoreError as error:
        # Locked by somebody else for too long: what the step did is recorded, only this note is not.
        logger(step=name).warning("run not recorded", error=str(error))
    return {"failed": 1} if told else counts


async def _patiently(app: App, name: str) -> Counts:
    """Runs a step, again where others held the rows it wanted or won a race for them: a step may be run twice (RELIABILITY case 40)."""
    for number in range(1, _BUSY_TRIES):
        try:
            return await STEPS[name].run(app)
        except StoreBusy as error:
            logger(step=name).info("step again", error=str(error), number=number)
            await asyncio.sleep(number * app.jitter())
    return await STEPS[name].run(app)


async def once(app: App, only: str | None = None, rounds: int = 1000, report: Callable[[str, Counts], None] | None = None) -> Counts:
    """One full cycle: each step in order, repeated until it finds nothing more to do (at most `rounds` times). Returns all counts."""
    total: Counts = {}
    for name in STEPS:
        if only is not None and name != only:
            continue
        for _ in range(rounds):
            counts = await run_step(app, name)
            total = _sum(total, {f"{name}.{key}": value for key, value in counts.items()})
            if report is not None:
                report(name, counts)
            if "failed" in counts or not any(value for key, value in counts.items() if key not in _IDLE):
                break
    return total


def _sum(*counts: Mapping[str, Any]) -> Counts:
    total: Counts = {}
    for each in counts:
        for name, value in each.items():
            total[name] = total.get(name, 0) + int(value)
    return total
