"""When a silence is too long: learnt from the feed, on made-up feeds of several kinds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alarms.rhythm import HOUR, LEAST_MISSED, LONGER, learn, silent_from, silent_since

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
WEEKS = 6
LEAST = timedelta(hours=6)


def feed(seed: int, chance: dict[int, float], days: range = range(7), weeks: int = WEEKS) -> list[datetime]:
    """The hours in which a feed spoke: `chance` by hour of the day (UTC), on some weekdays."""
    rng = random.Random(seed)
    hours = [MONDAY + n * HOUR for n in range(weeks * 168)]
    return [hour for hour in hours if hour.weekday() in days and rng.random() < chance.get(hour.hour, 0.0)]


OFFICE = dict.fromkeys(range(1, 11), 0.7)
BUSY = {hour: 0.9 if hour in range(16) else 0.3 for hour in range(24)}


def first_alarm(spoke: list[datetime], stops_at: datetime, days: int = 14) -> timedelta | None:
    """How long after its last word a feed that stops at an instant is called silent, looked at every hour; None: not within 30 days."""
    heard = [hour for hour in spoke if hour < stops_at]
    for hours in range(30 * 24):
        now = stops_at + hours * HOUR
        if silent_since(heard, MONDAY, heard[-1], LEAST, days, now):
            return now - heard[-1]
    return None


def false_alarms(spoke: list[datetime], since: datetime, days: int = 14) -> list[datetime]:
    """The hours in which a feed that goes on was called silent."""
    alarms = []
    now = since
    while now < spoke[-1]:
        heard = [hour for hour in spoke if hour < now]
        if silent_since(heard, MONDAY, heard[-1], LEAST, days, now):
            alarms.append(now)
        now += 3 * HOUR
    return alarms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("chance", "days"), [(OFFICE, range(5)), (OFFICE, range(7)), (BUSY, range(7))], ids=["office", "daily", "busy"])
def test_quiet_nights_and_weekends_do_not_alarm(seed: int, chance: dict[int, float], days: range) -> None:
    """A feed that keeps to its hours and days is never called silent, whatever the hour at which it is looked at."""
    assert false_alarms(feed(seed, chance, days), MONDAY + timedelta(weeks=4)) == []


def test_a_busy_feed_is_missed_within_a_day() -> None:
    """A feed with news in almost every hour is missed long before a fixed number of days has passed."""
    silence = first_alarm(feed(1, BUSY), MONDAY + timedelta(weeks=5, days=2, hours=3))
    assert silence is not None
    assert timedelta(hours=6) <= silence <= timedelta(hours=26)


def test_an_office_feed_is_missed_on_working_days_only() -> None:
    """What stops on a Friday evening is missed in the course of Monday, not on the weekend."""
    friday = MONDAY + timedelta(weeks=5, days=4, hours=11)
    silence = first_alarm(feed(2, OFFICE, range(5)), friday)
    assert silence is not None
    at = friday + silence
    assert at.weekday() in (0, 1), at


def test_a_feed_hardly_known_gets_plain_days() -> None:
    """Until its rhythm is known a feed is missed after the configured days, or three times its longest pause where that is longer."""
    weekly = [MONDAY + timedelta(weeks=week) for week in range(4)]
    assert first_alarm(weekly, weekly[-1] + HOUR, days=3) == timedelta(weeks=3)
    young = [MONDAY, MONDAY + timedelta(hours=5)]
    assert first_alarm(young, MONDAY + timedelta(hours=6), days=3) == timedelta(days=3)


def test_a_rare_feed_is_not_missed_early() -> None:
    """A feed with about one item a day is given days."""
    rare = feed(3, dict.fromkeys(range(24), 0.04))
    silence = first_alarm(rare, MONDAY + timedelta(weeks=5))
    assert silence is not None
    assert silence > timedelta(days=4)


def test_too_little_is_known_below_two_weeks() -> None:
    """No rhythm is claimed from a few days, however full."""
    spoke = feed(1, BUSY, weeks=1)
    assert learn(spoke, MONDAY, MONDAY + timedelta(days=7)) is None


@given(st.lists(st.integers(0, 6 * 168 - 1), min_size=20, max_size=300), st.integers(0, 400), st.integers(0, 400))
def test_expectation_adds_up(numbers: list[int], first: int, more: int) -> None:
    """What is expected in a span is the sum of its hours between the first and the last, never negative, never more than one an hour."""
    rhythm = learn([MONDAY + n * HOUR for n in numbers], MONDAY, MONDAY + 6 * 168 * HOUR)
    if rhythm is None:
        return
    start = MONDAY + timedelta(weeks=7)
    middle, end = start + (first + 1) * HOUR, start + (first + 1 + more + 1) * HOUR
    between = rhythm.rates[middle.weekday() * 24 + middle.hour]
    whole = rhythm.expected(start, end)
    assert whole == pytest.approx(rhythm.expected(start, middle) + between + rhythm.expected(middle, end))
    assert 0 <= whole <= first + more + 1


@given(st.lists(st.integers(0, 6 * 168 - 1), min_size=1, max_size=300), st.sampled_from([1, 3, 14]))
def test_a_silence_is_too_long_from_one_instant_on(numbers: list[int], days: int) -> None:
    """What is learnt once decides every later look: before that instant a silence is not too long, from it on it is, and it comes when enough is missed."""
    spoke = [MONDAY + n * HOUR for n in numbers]
    last = max(spoke)
    begins = silent_from(spoke, MONDAY, last, LEAST, days)
    assert silent_since(spoke, MONDAY, last, LEAST, days, begins - timedelta(microseconds=1)) is None
    assert silent_since(spoke, MONDAY, last, LEAST, days, begins) == last
    rhythm = learn(spoke, MONDAY, last)
    if rhythm is None:
        assert begins >= last + timedelta(days=days)
        return
    enough = max(LEAST_MISSED, LONGER * rhythm.longest)
    assert rhythm.expected(last, begins) >= enough
    assert begins == last + LEAST or rhythm.expected(last, begins - HOUR) < enough
