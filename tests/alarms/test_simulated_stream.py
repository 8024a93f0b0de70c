"""Silence and gap alarms on a simulated stream of feeds of many habits: how often they are wrong, and how long they keep silent.

`pytest -m slow -n 0 -s tests/alarms/test_simulated_stream.py` prints the figures over half a year; the normal run takes a part of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import pytest

from monitor.alarms.rhythm import HOUR, WINDOW, silent_since
from monitor.feeds.reconcile import judge
from monitor.model import Entry

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
LEARNING = timedelta(weeks=4)
LEAST = timedelta(hours=6)
HOLIDAY = range(70, 77)
"""Days, counted from the start, in which everybody publishes a third of the usual, where there is a holiday."""

HABITS: dict[str, Callable[[datetime], float]] = {
    "round the clock": lambda hour: 0.85,
    "by day": lambda hour: 0.8 if hour.hour < 16 else 0.15,
    "office hours": lambda hour: 0.5 if hour.weekday() < 5 and 1 <= hour.hour <= 10 else 0.0,
    "few a day": lambda hour: 0.12,
    "mornings": lambda hour: 0.9 if hour.hour in (0, 1) else 0.01,
    "some a week": lambda hour: 0.02,
    "bursts": lambda hour: 0.7 if (hour.toordinal() * 7919 + hour.hour // 6) % 5 == 0 else 0.05,
}
"""The chance that something new comes in an hour (UTC), by kind of feed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind: alarms that were wrong in a month of one feed; hours after the last word until a dead feed was told, half and nine of ten."""

    false_a_month: float
    half_h: float
    most_h: float


def spoken(seed: int, chance: Callable[[datetime], float], days: int, holiday: range) -> list[datetime]:
    """The hours in which a feed said something."""
    rng = random.Random(seed)
    hours = [MONDAY + n * HOUR for n in range(days * 24)]
    return [hour for hour in hours if rng.random() < chance(hour) * (0.33 if (hour - MONDAY).days in holiday else 1.0)]


def silent(heard: Sequence[datetime], now: datetime) -> bool:
    lately = [hour for hour in heard if hour >= now - WINDOW]
    return bool(heard) and silent_since(lately, MONDAY, heard[-1], LEAST, 14, now) is not None


def wrong(spoke: Sequence[datetime]) -> int:
    """How often a feed that goes on was called silent: each silence once, looked at every two hours."""
    alarms = 0
    for number in range(1, len(spoke)):
        last, following = spoke[number - 1], spoke[number]
        if last < MONDAY + LEARNING or following - last <= LEAST:
            continue
        looks = int((following - last) / (2 * HOUR))
        alarms += any(silent(spoke[:number], last + 2 * HOUR * (look + 1)) for look in range(looks))
    return alarms


def delay_h(spoke: Sequence[datetime], stops_at: datetime) -> float:
    """Hours from the last word of a feed that stops until it is told, looked at every two hours; 720 where it is not told within 30 days."""
    heard = [hour for hour in spoke if hour < stops_at]
    for look in range(1, 361):
        if silent(heard, heard[-1] + 2 * HOUR * look):
            return look * 2.0
    return 720.0


def measured(habit: str, feeds: int, days: int, holiday: range = range(0)) -> Figures:
    alarms, delays = 0, []
    for seed in range(feeds):
        spoke = spoken(seed, HABITS[habit], days, holiday)
        alarms += wrong(spoke)
        rng = random.Random(f"{habit}{seed}")
        delays += [delay_h(spoke, MONDAY + LEARNING + timedelta(hours=rng.uniform(24, (days - 29) * 24))) for _ in range(3)]
    months = feeds * (days - LEARNING.days) / 30
    return Figures(false_a_month=alarms / months, half_h=median(delays), most_h=quantiles(delays, n=10)[-1])


BARS = {
    "round the clock": (12, 14),
    "by day": (20, 24),
    "office hours": (72, 110),
    "few a day": (84, 120),
    "mornings": (120, 160),
    "some a week": (480, 720),
    "bursts": (84, 140),
}
"""By kind: hours until told at most, half and nine of ten."""

WRONG_A_MONTH = 0.05
WRONG_A_MONTH_WITH_HOLIDAY = 0.4


@pytest.mark.parametrize("habit", HABITS)
def test_a_slice_of_the_stream(habit: str) -> None:
    """On two feeds of each kind over eleven weeks, silence is told in time and never wrongly."""
    figures = measured(habit, 2, 77)
    half, most = BARS[habit]
    assert figures.false_a_month == 0
    assert figures.half_h <= 1.5 * half
    assert figures.most_h <= 1.5 * most


@pytest.mark.slow
@pytest.mark.parametrize("habit", HABITS)
def test_the_whole_stream(habit: str) -> None:
    """On ten feeds of each kind over five months, with and without a week of holidays; prints the figures of the manual."""
    plain, quiet = measured(habit, 10, 150), measured(habit, 10, 150, HOLIDAY)
    wrong_ones = f"{plain.false_a_month:.2f} wrong a feed and month, {quiet.false_a_month:.2f} with a holiday"
    print(f"\n{habit}: {wrong_ones}; told after {plain.half_h:.0f} h, nine of ten within {plain.most_h:.0f} h")
    half, most = BARS[habit]
    assert plain.false_a_month <= WRONG_A_MONTH
    assert quiet.false_a_month <= WRONG_A_MONTH_WITH_HOLIDAY
    assert plain.half_h <= half
    assert plain.most_h <= most


def entry(number: int, at: datetime) -> Entry:
    """The nth item that a paper published."""
    text = dict.fromkeys(("summary", "author", "lang", "published_raw", "content_hash"), "")
    url = f"https://paper.example/{number}"
    return Entry(key=str(number), guid=str(number), url=url, url_key=url, title=f"Item {number}", published_at=at, **text)


def polls(seed: int, window: int, hours: int) -> list[tuple[bool, bool]]:
    """For each hourly poll of a feed that shows its newest `window` items and has bursts: were items lost since the poll before, and was a gap told?"""
    rng = random.Random(seed)
    dates: list[datetime] = []
    seen: set[int] = set()
    told = []
    for hour in range(hours):
        at = MONDAY + hour * HOUR
        new = rng.choice((0, 0, 1, 2, 3)) if rng.random() > 0.04 else rng.randint(10, 3 * window)
        dates += [at - timedelta(minutes=rng.randint(1, 59)) for _ in range(new)]
        shown = list(range(max(0, len(dates) - window), len(dates)))
        fresh = [number for number in shown if number not in seen]
        lost = bool(seen) and bool(shown) and shown[0] > max(seen) + 1
        finding = judge([entry(n, dates[n]) for n in shown], [entry(n, dates[n]) for n in fresh], at - HOUR if seen else None)
        told.append((lost, finding.gap or finding.kind == "flood"))
        seen |= set(shown)
    return told


def test_gaps_are_told_where_items_were_lost() -> None:
    """Of a paper with a window of twenty items and bursts, every loss is told, and nearly all that is told was a loss."""
    looks = [each for seed in range(10) for each in polls(seed, 20, 24 * 30)]
    lost, told, both = (sum(test(each) for each in looks) for test in (lambda e: e[0], lambda e: e[1], all))
    print(f"\ngaps: {lost} losses in {len(looks)} polls, {told} told, {both} of them losses")
    assert lost > 50
    assert both == lost
    assert both >= 0.9 * told
