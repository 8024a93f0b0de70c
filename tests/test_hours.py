"""Stored instants, schedules, slots over the change of clocks, and quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.hours import (
    Schedule,
    from_text,
    instant_of,
    latest_slot,
    next_slots,
    parse_schedule,
    quiet_until,
    release_at,
    released_slot,
    schedule_of,
    slots_between,
    to_text,
)
from monitor.model import Subscription

ZONES = (
    "Asia/Ho_Chi_Minh",
    "Europe/Paris",
    "America/New_York",
    "America/Santiago",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Atlantic/Azores",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
)


def subscription(**fields: object) -> Subscription:
    """A subscription with a daily slot at 07:00 in Paris, and some fields of one's own."""
    defaults: dict[str, object] = {
        "name": "morning",
        "title": "Morning",
        "watchlists": ("w",),
        "channels": ("c",),
        "at": ("07:00",),
        "days": "mon-sun",
        "timezone": "Europe/Paris",
    }
    return Subscription(**{**defaults, **fields})  # type: ignore[arg-type]


def schedule(**fields: object) -> Schedule:
    return schedule_of(subscription(**fields))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


clocks = st.times().map(lambda t: f"{t.hour:02}:{t.minute:02}")
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive
schedules = st.builds(
    lambda at, days, zone, quiet: schedule(at=tuple(at), days=days, timezone=zone, quiet=quiet),
    st.lists(clocks, min_size=1, max_size=4, unique=True),
    st.sampled_from(("mon-sun", "mon-fri", "sat-mon", "wed", "mon,thu")),
    st.sampled_from(ZONES),
    st.one_of(st.just(""), st.builds(lambda a, b: f"{a}-{b}", clocks, clocks)),
)


@given(instants)
def test_a_stored_instant_comes_back(instant: datetime) -> None:
    """Every instant survives storing, at fixed width."""
    assert from_text(to_text(instant)) == instant
    assert len(to_text(instant)) == 27


@given(instants, instants)
def test_text_order_is_time_order(one: datetime, other: datetime) -> None:
    """Stored instants sort as text the way they sort in time."""
    assert (to_text(one) < to_text(other)) == (one < other)


@given(schedules, instants)
def test_slots_increase_and_labels_are_unique(plan: Schedule, start: datetime) -> None:
    """Over eight weeks due times strictly increase, no label comes twice, and every weekday of the schedule has its slots."""
    slots = list(slots_between(plan, start, start + timedelta(days=56)))
    assert all(one.due_at < other.due_at for one, other in pairwise(slots))
    assert len({slot.label for slot in slots}) == len(slots)
    assert len(slots) >= 7 * len(plan.days)


@given(schedules, st.integers(2020, 2040), st.sampled_from((3, 4, 9, 10, 11)), st.integers(0, 5))
def test_slots_at_the_change_of_clocks(plan: Schedule, year: int, month: int, week: int) -> None:
    """Around the days when clocks change, the same holds, and a slot's local time is its label's unless a gap swallowed it."""
    start = datetime(year, month, 1, tzinfo=UTC) + timedelta(weeks=week)
    slots = list(slots_between(plan, start, start + timedelta(days=8)))
    assert all(one.due_at < other.due_at for one, other in pairwise(slots))
    for slot in slots:
        wall = datetime.fromisoformat(slot.label.split(" ")[0])
        local = slot.due_at.astimezone(plan.tz).replace(tzinfo=None)
        assert local >= wall
        assert local == wall or (slot.due_at - timedelta(seconds=1)).astimezone(plan.tz).replace(tzinfo=None) < wall


@given(schedules, instants)
def test_latest_and_next_are_neighbours(plan: Schedule, now: datetime) -> None:
    """The newest due slot and the next ones agree: nothing lies between them, whatever instant one asks from."""
    newest = latest_slot(plan, now)
    coming = next_slots(plan, now, 3)
    assert newest is not None
    assert newest.due_at <= now < coming[0].due_at
    assert list(slots_between(plan, newest.due_at, coming[-1].due_at)) == list(coming)
    assert latest_slot(plan, newest.due_at) == newest


@given(schedules, instants)
def test_quiet_windows_end(plan: Schedule, now: datetime) -> None:
    """A quiet instant has an end ahead, at most 26 hours away; a slot is never released before it is due nor after a day and two hours."""
    end = quiet_until(plan, now)
    assert end is None or now < end <= now + timedelta(hours=26)
    newest = latest_slot(plan, now)
    assert newest is not None
    release = release_at(plan, newest, newest.due_at)
    assert newest.due_at <= release <= newest.due_at + timedelta(hours=26)


@pytest.mark.parametrize(
    ("zone", "wall", "due"),
    [
        ("Europe/Paris", "2027-03-28T02:30", "2027-03-28T01:00"),
        ("Europe/Paris", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),
        ("Asia/Ho_Chi_Minh", "2026-10-25T02:30", "2026-10-24T19:30"),
        ("America/Santiago", "2026-09-06T00:15", "2026-09-06T04:00"),
    ],
)
def test_gaps_and_folds(zone: str, wall: str, due: str) -> None:
    """In a gap the first instant after it counts, in a fold the first occurrence."""
    assert instant_of(datetime.fromisoformat(wall), ZoneInfo(zone)) == at(due)


def test_a_label_names_wall_time_and_zone() -> None:
    """The label keeps the time of the rule, also where a gap moves the instant."""
    plan = schedule(at=("02:30",))
    newest = latest_slot(plan, at("2027-03-28T12:00"))
    assert newest is not None
    assert newest.label == "2027-03-28T02:30 Europe/Paris"


def test_times_thrown_together_by_a_gap_are_one_slot() -> None:
    """Two times inside one gap, and the time it ends at, make one slot; also across midnight."""
    plan = schedule(at=("02:15", "02:45", "03:00"))
    assert [slot.label[:16] for slot in slots_between(plan, at("2027-03-28T00:00"), at("2027-03-28T12:00"))] == ["2027-03-28T03:00"]
    plan = schedule(at=("23:30", "00:00"), timezone="America/Nuuk")
    labels = [slot.label[:16] for slot in slots_between(plan, at("2027-03-27T12:00"), at("2027-03-28T12:00"))]
    assert labels == ["2027-03-28T00:00"]


@pytest.mark.parametrize(
    ("days", "numbers"), [("mon-fri", (0, 1, 2, 3, 4)), ("sat-mon", (0, 5, 6)), ("wed", (2,)), ("Mon, thu-fri", (0, 3, 4))]
)
def test_days(days: str, numbers: tuple[int, ...]) -> None:
    """Days are single ones or spans, also over the week's end."""
    assert schedule(days=days).days == numbers


@pytest.mark.parametrize(
    ("fields", "key", "says"),
    [
        ({"at": ("7:00",)}, "at", "hours and minutes"),
        ({"at": ("24:00",)}, "at", "not a time of day"),
        ({"at": ("07:00", "07:00")}, "at", "stands twice"),
        ({"at": ()}, "at", "no time is named"),
        ({"days": "mon-fir"}, "days", "did you mean 'fri'"),
        ({"days": ""}, "days", "no day is named"),
        ({"days": "mon-wed-fri"}, "days", "not a day"),
        ({"quiet": "22-6"}, "quiet", "22:00-06:00"),
        ({"timezone": "Asia/HoChiMinh"}, "timezone", "did you mean 'Asia/Ho_Chi_Minh'"),
        ({"timezone": "Saigon"}, "timezone", "did you mean 'Asia/Saigon'"),
    ],
)
def test_a_wrong_schedule_is_explained(fields: dict[str, object], key: str, says: str) -> None:
    """Each problem names its key and says in plain words what to write."""
    ((found, message),) = parse_schedule(subscription(**fields))
    assert found == key
    assert says in message
    with pytest.raises(ValueError, match=key):
        schedule(**fields)


@pytest.mark.parametrize(
    ("quiet", "zone", "instant", "end"),
    [
        ("22:00-06:00", "UTC", "2026-11-24T23:00", "2026-11-25T06:00"),
        ("22:00-06:00", "UTC", "2026-11-25T05:59", "2026-11-25T06:00"),
        ("22:00-06:00", "UTC", "2026-11-25T06:00", None),
        ("12:00-13:00", "UTC", "2026-11-25T12:00", "2026-11-25T13:00"),
        ("12:00-13:00", "UTC", "2026-11-25T11:59", None),
        ("22:00-24:00", "UTC", "2026-11-25T23:59", "2026-11-26T00:00"),
        ("09:00-09:00", "UTC", "2026-11-25T08:00", "2026-11-25T09:00"),
        ("01:00-02:30", "Europe/Paris", "2027-03-28T00:30", "2027-03-28T01:00"),
        ("01:00-02:30", "Europe/Paris", "2026-10-25T00:45", None),
        ("", "UTC", "2026-11-25T08:00", None),
    ],
)
def test_quiet_windows(quiet: str, zone: str, instant: str, end: str | None) -> None:
    """Windows hold across midnight, for a whole day, and over changes of the clock; their end is no longer quiet."""
    plan = schedule(quiet=quiet, timezone=zone)
    assert quiet_until(plan, at(instant)) == (at(end) if end else None)


def test_a_slot_waits_for_the_end_of_quiet_hours() -> None:
    """A slot inside the window is released at its end; an older one met at night waits for the morning; a whole quiet day still lets one through."""
    night = schedule(at=("05:00", "20:00"), timezone="UTC", quiet="22:00-06:00")
    early = latest_slot(night, at("2026-11-25T05:00"))
    late = latest_slot(night, at("2026-11-25T23:00"))
    assert early is not None
    assert late is not None
    assert release_at(night, early, at("2026-11-25T05:00")) == at("2026-11-25T06:00")
    assert release_at(night, late, at("2026-11-25T21:00")) == at("2026-11-25T20:00")
    assert release_at(night, late, at("2026-11-25T23:00")) == at("2026-11-26T06:00")
    day = schedule(at=("07:00",), timezone="UTC", quiet="09:00-09:00")
    slot = latest_slot(day, at("2026-11-25T12:00"))
    assert slot is not None
    assert release_at(day, slot, at("2026-11-25T12:00")) == at("2026-11-25T09:00")


def test_a_whole_quiet_day_never_starves_a_slot() -> None:
    """Where quiet lasts from one slot to the next for ever, yesterday's slot is let through when today's begins to wait."""
    plan = schedule(at=("07:00",), timezone="UTC", quiet="07:00-07:00")
    found = released_slot(plan, at("2026-11-25T07:00"))
    assert found is not None
    assert found.label == "2026-11-24T07:00 UTC"
    assert released_slot(schedule(at=("20:00",), timezone="UTC", quiet="22:00-06:00"), at("2026-11-25T23:00")) is None


@given(schedules, instants)
def test_the_released_slot_is_the_newest_that_may_go(plan: Schedule, now: datetime) -> None:
    """Outside quiet hours it is the newest slot; inside, one whose own window is over, if any."""
    found = released_slot(plan, now)
    if quiet_until(plan, now) is None:
        assert found == latest_slot(plan, now)
    assert found is None or release_at(plan, found, now) <= now
