"""When a source that usually speaks has been silent for too long. Pure: the hours in which it spoke go in, a judgement comes out.

What counts as long is learnt from the source itself. Every hour of the week gets a rate: how often something new came in it. The silence is
then measured in what was to be expected in it, not in hours: a night or a weekend without news adds nothing where none was usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

HOUR = timedelta(hours=1)
WINDOW = timedelta(weeks=6)
"""How far back a rhythm is learnt."""

LEAST_KNOWN = timedelta(days=14)
LEAST_HOURS = 20
"""Below these the rhythm is not known yet, and only a plain number of days counts."""

LEAST_MISSED = 6.0
"""So many expected hours with news must have passed in silence; with independent arrivals that happens by chance once in 400 times."""

LONGER = 1.5
"""And so many times more than in the longest silence the source has shown."""

_SHRINK_WEEKS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """`rates` for the 168 hours of the week from Monday 00:00 UTC: the share of such hours with something new; `longest`: the greatest
    silence of the past, in expected hours with news."""

    rates: tuple[float, ...]
    longest: float

    def expected(self, after: datetime, until: datetime) -> float:
        """How many hours with something new were to be expected, of the whole hours after the one of `after` and before the one of `until`."""
        first = _floor(after) + HOUR
        hours = max(0, int((_floor(until) - first) / HOUR))
        weeks, rest = divmod(hours, 168)
        start = _of_week(first)
        return weeks * sum(self.rates) + sum(self.rates[(start + step) % 168] for step in range(rest))


def learn(spoke: Sequence[datetime], known_since: datetime, until: datetime) -> Rhythm | None:
    """The rhythm of a source that had something new in the hours `spoke` (any order, UTC), watched from `known_since` to `until`; None: too little known."""
    since = max(known_since, until - WINDOW)
    hours = sorted({_floor(hour) for hour in spoke if hour >= since})
    if until - since < LEAST_KNOWN or len(hours) < LEAST_HOURS:
        return None
    weeks = (until - since) / timedelta(weeks=1)
    rates = _rates(hours, weeks)
    plain = Rhythm(rates=rates, longest=0.0)
    return Rhythm(rates=rates, longest=max((plain.expected(one, next_one) for one, next_one in pairwise(hours)), default=0.0))


def _rates(hours: Sequence[datetime], weeks: float) -> tuple[float, ...]:
    """Each hour of the week by itself and its neighbours, drawn towards the same hour of all working days or of both free days."""
    counts = [0.0] * 168
    for hour in hours:
        counts[_of_week(hour)] += 1
    rates = []
    for index in range(168):
        own = (counts[index - 1] + 2 * counts[index] + counts[(index + 1) % 168]) / 4 / weeks
        day, clock = divmod(index, 24)
        days = range(5) if day < 5 else range(5, 7)
        like = sum(counts[other * 24 + clock] for other in days) / len(days) / weeks
        rates.append(min(1.0, (weeks * own + _SHRINK_WEEKS * like) / (weeks + _SHRINK_WEEKS)))
    return tuple(rates)


def silent_since(
    spoke: Sequence[datetime], known_since: datetime, last_new_at: datetime, least: timedelta, days: int, now: datetime
) -> datetime | None:
    """Since when a source is silent for too long, or None. `least`: no shorter silence counts; `days`: what counts until its rhythm is known."""
    silence = now - last_new_at
    if silence < least:
        return None
    rhythm = learn([hour for hour in spoke if hour <= last_new_at], known_since, last_new_at)
    if rhythm is None:
        gaps = [later - earlier for earlier, later in pairwise(sorted(spoke))]
        return last_new_at if silence >= max([timedelta(days=days), *(3 * gap for gap in gaps)]) else None
    missed = rhythm.expected(last_new_at, now)
    return last_new_at if missed >= max(LEAST_MISSED, LONGER * rhythm.longest) else None


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _of_week(at: datetime) -> int:
    return at.weekday() * 24 + at.hour
