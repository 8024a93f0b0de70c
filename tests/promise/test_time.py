"""The rules of time (RELIABILITY 2.7): quiet hours bind repeats too, changes of clocks give one digest per label, and a wrong clock heals."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import pipeline
from monitor.daemon import take_over
from monitor.digests.step import find_due, plan
from monitor.hours import HORIZON, quiet_now, schedule_of
from monitor.keeper import ClockWatch, clock_moved
from monitor.model import Subscription
from monitor.store import deliveries, subscriptions
from monitor.store.clock import pull_back
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import events
from tests.digests.rows import subscription
from tests.promise.world import MORNING, World, title

# --- quiet hours ------------------------------------------------------------------------------------------------------------------------------


def quiet(world: World, store: SqliteStore, span: str) -> pipeline.App:
    """The world's program with quiet hours on both subscriptions."""
    quieted = tuple(replace(each, quiet=span) for each in world.config.subscription)
    world.config = replace(world.config, subscription=quieted)
    return world.app(store)


def tick(app: pipeline.App, *names: str) -> None:
    for name in names:
        asyncio.run(pipeline.run_step(app, name))


def test_a_repeat_waits_for_the_end_of_quiet_hours(tmp_path: Path) -> None:
    """What failed before the quiet hours began is tried again when they are over, not within; and then at once."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.web.answers = {"hook.example": [500], "other.example": [500]}
    app = quiet(world, store, "07:10-09:00")
    tick(app, "visit", "match", "group", "plan", "deliver")
    assert len(store.all("select id from attempts where outcome = 'again'")) == 2
    world.web.answers = {}
    ends = MORNING.replace(hour=9, minute=0)
    while world.clock.at < ends:
        assert world.web.accepted == []
        world.clock.at += timedelta(minutes=15 - world.clock.at.minute % 15)
        tick(app, "deliver")
    assert {(each.host, each.at) for each in world.web.accepted} == {("hook.example", ends), ("other.example", ends)}
    store.close()


@pytest.mark.parametrize("waived", [False, True])
def test_urgent_repeats_respect_quiet_hours(tmp_path: Path, waived: bool) -> None:
    """An urgent message that fails before the quiet hours waits for their end too, unless they are waived for urgent ones."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    morning, _ = world.config.subscription
    urgent = replace(morning, urgent=1.0, urgent_after_min=0, urgent_in_quiet=waived, at=("19:00",), channels=("hook",))
    world.config = replace(world.config, subscription=(urgent,))
    world.web.answers = {"hook.example": [500]}
    app = quiet(world, store, "07:10-09:00")
    tick(app, "visit", "match", "group", "plan", "deliver")
    assert store.all("select kind from digests where kind <> 'none'") == [{"kind": "urgent"}]
    world.web.answers = {}
    world.clock.at += timedelta(minutes=30)
    tick(app, "deliver")
    assert bool(world.web.accepted) == waived
    world.clock.at += timedelta(hours=2)
    tick(app, "deliver")
    assert len(world.web.accepted) == 1
    store.close()


def test_what_a_person_asks_for_does_not_wait(tmp_path: Path) -> None:
    """A digest made on request goes out in quiet hours too, past what waits for their end."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.web.answers = {"hook.example": [500], "other.example": [500]}
    app = quiet(world, store, "07:10-09:00")
    tick(app, "visit", "match", "group", "plan", "deliver")
    world.web.answers = {}
    world.web.items["one.example"].append(9)
    world.clock.at = MORNING.replace(hour=8, minute=15)
    tick(app, "visit", "match", "group")
    tick(replace(app, force_plan="morning"), "plan", "deliver")
    assert [each.host for each in world.web.accepted] == ["hook.example"]
    store.close()


@given(
    start=st.integers(0, 23 * 4),
    length=st.integers(0, 95),
    zone=st.sampled_from(["UTC", "Asia/Ho_Chi_Minh", "Europe/Paris", "Australia/Lord_Howe"]),
)
def test_quiet_hours_are_never_for_ever(start: int, length: int, zone: str) -> None:
    """Whatever the window and the zone, some quarter of an hour of each day is not quiet; a window of 24 hours is no window."""
    end = (start + length) % 96
    span = f"{start // 4:02}:{start % 4 * 15:02}-{end // 4:02}:{end % 4 * 15:02}"
    schedule = schedule_of(subscription(quiet=span, timezone=zone))
    day = datetime(2026, 10, 24, tzinfo=UTC)
    assert not all(quiet_now(schedule, day + timedelta(minutes=15 * n)) for n in range(3 * 96))
    if length == 0:
        assert not any(quiet_now(schedule, day + timedelta(minutes=15 * n)) for n in range(96))


# --- changes of clocks, through the planner itself ----------------------------------------------------------------------------------------------


def slots_planned(
    store: SqliteStore, subscribed: Subscription, start: datetime, end: datetime, every: timedelta
) -> list[tuple[str, datetime]]:
    """Ticks the planner over a span; the labels it planned and when."""
    subscriptions.sync(store, (subscribed,), start)
    planned = []
    at = start
    while at < end:
        row = subscriptions.get(store, subscribed.name)
        assert row is not None
        if (due := find_due(store, row, subscribed, at)) is not None:
            planned.append((due.slot.label, at))
            now = at
            asyncio.run(plan(store=store, clock=lambda: now, new_id=lambda: f"id-{now}", subscriptions=[subscribed], channels=()))  # noqa: B023
        at += every
    return planned


@pytest.mark.parametrize(
    ("zone", "at", "start", "labels"),
    [
        ("Europe/Paris", "02:30", "2027-03-27T12:00", [("2027-03-28T02:30 Europe/Paris", "2027-03-28T01:00")]),
        ("Europe/Paris", "02:30", "2026-10-24T12:00", [("2026-10-25T02:30 Europe/Paris", "2026-10-25T00:30")]),
        ("Australia/Lord_Howe", "02:15", "2026-10-03T03:00", [("2026-10-04T02:15 Australia/Lord_Howe", "2026-10-03T15:30")]),
        ("Asia/Ho_Chi_Minh", "02:30", "2026-10-24T12:00", [("2026-10-25T02:30 Asia/Ho_Chi_Minh", "2026-10-24T19:30")]),
        ("UTC", "07:00", "2028-02-28T12:00", [("2028-02-29T07:00 UTC", "2028-02-29T07:00")]),
        ("UTC", "00:00", "2026-12-31T12:00", [("2027-01-01T00:00 UTC", "2027-01-01T00:00")]),
    ],
)
def test_one_digest_at_the_change_of_clocks(store: SqliteStore, zone: str, at: str, start: str, labels: list[tuple[str, str]]) -> None:
    """Gap, fold, half-hour shift, no change at all, 29 February, new year: the planner makes exactly one slot, at the right instant (44 to 46, 49)."""
    began = datetime.fromisoformat(start).replace(tzinfo=UTC)
    planned = slots_planned(store, subscription(timezone=zone, at=(at,)), began, began + timedelta(hours=20), timedelta(minutes=15))
    assert [(label, f"{when:%Y-%m-%dT%H:%M}") for label, when in planned] == labels


def test_a_new_zone_begins_with_its_own_labels(store: SqliteStore) -> None:
    """After a change of zone each label of the new one is planned once, and none of the old one again (case 46)."""
    began = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
    hanoi, paris = subscription(), subscription(timezone="Europe/Paris")
    first = slots_planned(store, hanoi, began - timedelta(days=1), began, timedelta(minutes=30))
    second = slots_planned(store, paris, began, began + timedelta(days=2), timedelta(minutes=30))
    third = slots_planned(store, hanoi, began + timedelta(days=2), began + timedelta(days=3), timedelta(minutes=30))
    labels = [label for label, _ in (*first, *second, *third)]
    assert len(labels) == len(set(labels))
    assert [label.split(" ")[1] for label, _ in second] == ["Europe/Paris"] * 3


@settings(max_examples=6)
@given(st.lists(st.integers(-72, 240), min_size=1, max_size=8))
def test_no_walk_of_the_clock_plans_a_label_twice(walk: list[int]) -> None:
    """However the clock is moved, ahead or back, in hours: a label is planned at most once, and a right clock is served within a day (41, 42)."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        store = open_sqlite(Path(folder) / "monitor.db")
        at = datetime(2026, 11, 2, tzinfo=UTC)
        planned: list[str] = []
        for hours in walk:
            at += timedelta(hours=hours)
            planned += [label for label, _ in slots_planned(store, subscription(), at, at + timedelta(minutes=10), timedelta(minutes=5))]
        planned += [label for label, _ in slots_planned(store, subscription(), at, at + timedelta(days=2), timedelta(hours=4))]
        recorded = {row["label"] for row in store.all("select label from slots where missed = 0")}
        store.close()
    assert len(planned) == len(set(planned))
    assert {f"{at + timedelta(days=1, hours=7):%Y-%m-%d}T07:00 Asia/Ho_Chi_Minh"} <= recorded


# --- after a sleep ------------------------------------------------------------------------------------------------------------------------------


def test_a_late_digest_tells_what_happened_meanwhile(tmp_path: Path) -> None:
    """Woken an hour and a half after the slot, the planner waits for the feeds, the pages and their stories; then one late digest tells them."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.clock.at = MORNING - timedelta(hours=9)
    tick(world.app(store), "visit", "match", "group")
    world.clock.at = MORNING + timedelta(minutes=90)
    world.web.items["one.example"].append(9)
    app = replace(world.app(store), patient=True)
    for name in ("plan", "visit", "plan", "match", "plan", "group"):
        tick(app, name)
        assert store.all("select id from slots where missed = 0") == []
    tick(app, "plan", "deliver")
    assert {each.host for each in world.web.accepted} == {"hook.example", "other.example"}
    assert all(title(9).encode() in each.body for each in world.web.accepted)
    assert all(b'"late":true' in each.body for each in world.web.accepted)
    store.close()


def test_a_late_digest_does_not_wait_for_ever(tmp_path: Path) -> None:
    """Where the feeds cannot be read, for instance because their step fails, the late digest is made all the same after a quarter of an hour."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.clock.at = MORNING - timedelta(hours=9)
    tick(world.app(store), "visit", "match", "group")
    world.clock.at = MORNING + timedelta(minutes=90)
    app = replace(world.app(store), patient=True)
    tick(app, "plan")
    world.clock.at += timedelta(minutes=14)
    tick(app, "plan")
    assert store.all("select id from slots where missed = 0") == []
    world.clock.at += timedelta(minutes=1)
    tick(app, "plan")
    assert len(store.all("select id from slots where missed = 0")) == 2
    store.close()


def test_a_single_cycle_does_not_wait(tmp_path: Path) -> None:
    """`monitor once` reads first and plans then: its late digest is made in the same cycle, even where a feed cannot be read now."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.clock.at = MORNING - timedelta(hours=9)
    world.cycle(store)
    world.clock.at = MORNING + timedelta(minutes=90)
    with store.write():
        store.run("update sites set blocked_until_at = :until", until=world.clock.at + timedelta(days=1))
    world.cycle(store)
    assert len(store.all("select id from slots where missed = 0")) == 2
    store.close()


# --- a wrong clock ------------------------------------------------------------------------------------------------------------------------------


def ahead(world: World, store: SqliteStore, years: int) -> pipeline.App:
    """The program after one life under a clock that was years ahead, every endpoint down; the clock is right again."""
    world.web.answers = {"hook.example": [503], "other.example": [503]}
    world.clock.at = MORNING + timedelta(days=365 * years)
    app = world.app(store)
    tick(app, "visit", "match", "group", "plan", "deliver")
    world.clock.at = MORNING
    world.web.answers = {}
    return app


@pytest.mark.parametrize("heal", ["start", "watch", "tidy"])
def test_a_clock_that_ran_years_ahead(tmp_path: Path, heal: str) -> None:
    """After a start, a step that the daemon noticed, or the hourly tidying, feeds are polled and deliveries made as if nothing had been."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    app = ahead(world, store, 5)
    polls = store.one("select min(polls) as n from feeds")
    if heal == "start":
        take_over(store, MORNING)
    elif heal == "watch":
        assert clock_moved(store, MORNING, timedelta(days=-5 * 365)) > 0
        assert [event.kind for event in events(store, MORNING - timedelta(days=1))][:1] == ["clock.step"]
    else:
        tick(app, "tidy")
    tick(app, "visit", "deliver")
    after = store.one("select min(polls) as n from feeds")
    assert polls is not None
    assert after is not None
    assert after["n"] == polls["n"] + 1
    assert {each.host for each in world.web.accepted} == {"hook.example", "other.example"}
    store.close()


def test_only_impossible_times_are_brought_back(tmp_path: Path) -> None:
    """What waits up to seven days waits on; nothing is due a moment earlier than it was."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    world.cycle(store)
    far = MORNING + timedelta(days=7)
    with store.write():
        store.run("update feeds set next_poll_at = :far", far=far)
        store.run("update sites set blocked_until_at = :far, due_at = :far", far=far)
        store.run("update deliveries set state = 'pending', next_attempt_at = :far, delivered_at = null", far=far)
    assert pull_back(store, MORNING) == 0
    assert pull_back(store, MORNING - HORIZON) > 0
    assert deliveries.claim(store, MORNING, MORNING, "x", 9) != ()
    store.close()


def test_due_times_are_looked_at_every_two_minutes(tmp_path: Path) -> None:
    """Tidying ticks often; it looks at every feed and site once in two minutes, and at once where it last did so in the future."""
    world, store = World(tmp_path), open_sqlite(tmp_path / "monitor.db")
    app = world.app(store)
    lost = "update feeds set next_poll_at = :far"
    healed = []
    for minutes in (0, 1, 3, 2):  # the clock is set back by a minute in the end
        world.clock.at = MORNING + timedelta(minutes=minutes)
        with store.write():
            store.run(lost, far=world.clock.at + timedelta(days=400))
        tick(app, "tidy")
        healed.append(store.one("select count(*) as n from feeds where next_poll_at = :now", now=world.clock.at) == {"n": 2})
    assert healed == [True, False, True, True]
    store.close()


class Instants:
    """A wall clock and the time that passed, each moved by hand."""

    def __init__(self) -> None:
        self.wall = MORNING
        self.passed = 0.0

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.wall, lambda: self.passed)


@given(st.lists(st.tuples(st.floats(0, 3600), st.floats(-59, 59)), max_size=20))
def test_a_clock_that_is_only_adjusted(moves: list[tuple[float, float]]) -> None:
    """Small corrections are no step, however many."""
    instants = Instants()
    watch = instants.watch()
    for passed, correction in moves:
        instants.passed += passed
        instants.wall += timedelta(seconds=passed + correction)
        assert watch.step() is None


@pytest.mark.parametrize("moved", [timedelta(hours=3), timedelta(hours=-3), timedelta(days=3650), timedelta(seconds=-61)])
def test_a_step_of_the_clock_is_noticed_once(moved: timedelta) -> None:
    """A step, or the end of a sleep, is told at the next look and not again."""
    instants = Instants()
    watch = instants.watch()
    instants.wall += moved + timedelta(seconds=15)
    instants.passed += 15
    assert watch.step() == moved
    instants.wall += timedelta(seconds=15)
    instants.passed += 15
    assert watch.step() is None
