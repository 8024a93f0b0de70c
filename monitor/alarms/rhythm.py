"""When a source that usually speaks has been silent for too long. Pure: the hours in which it spoke go in, a judgement comes out.

What counts as long is learnt from the source itself. Every hour of the week gets a rate: how often something new came in it. The silence is
then measured in what was to be expected in it, not in hours: a night or a weekend without news adds nothing where none was usual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

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
_WEEK = 168
_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
"""Hours are counted from a Monday 00:00 UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """`rates` for the 168 hours of the week from Monday 00:00 UTC: the share of such hours with something new; `sums`: what is expected before
    each of them, and in the whole week; `longest`: the greatest silence of the past, in expected hours with news."""

    rates: tuple[float, ...]
    sums: tuple[float, ...]
    longest: float

    def expected(self, after: datetime, until: datetime) -> float:
        """How many hours with something new were to be expected, of the whole hours after the one of `after` and before the one of `until`."""
        return _between(self.sums, _hour(after) + 1, _hour(until))

    def reached(self, after: datetime, amount: float) -> datetime:
        """The first hour by which so many hours with something new were to be expected since the one of `after`."""
        first = _hour(after) + 1
        hour = first + _WEEK * max(0, int(amount // self.sums[_WEEK]) - 1)
        while _between(self.sums, first, hour) < amount:
            hour += 1
        return _MONDAY + hour * HOUR


def learn(spoke: Sequence[datetime], known_since: datetime, until: datetime) -> Rhythm | None:
    """The rhythm of a source that had something new in the hours `spoke` (any order, UTC), watched from `known_since` to `until`; None: too little known."""
    since = max(known_since, until - WINDOW)
    hours = sorted({_hour(hour) for hour in spoke if hour >= since})
    if until - since < LEAST_KNOWN or len(hours) < LEAST_HOURS:
        return None
    weeks = (until - since) / timedelta(weeks=1)
    rates = _rates(hours, weeks)
    sums = tuple(accumulate(rates, initial=0.0))
    return Rhythm(rates=rates, sums=sums, longest=max(_between(sums, one + 1, next_one) for one, next_one in pairwise(hours)))


def _rates(hours: Sequence[int], weeks: float) -> tuple[float, ...]:
    """Each hour of the week by itself and its neighbours, drawn towards the same hour of all working days or of both free days."""
    counts = [0.0] * _WEEK
    for hour in hours:
        counts[hour % _WEEK] += 1
    rates = []
    for index in range(_WEEK):
        own = (counts[index - 1] + 2 * counts[index] + counts[(index + 1) % _WEEK]) / 4 / weeks
        day, clock = divmod(index, 24)
        days = range(5) if day < 5 else range(5, 7)
        like = sum(counts[other * 24 + clock] for other in days) / len(days) / weeks
        rates.append(min(1.0, (weeks * own + _SHRINK_WEEKS * like) / (weeks + _SHRINK_WEEKS)))
    return tuple(rates)


def silent_from(spoke: Sequence[datetime], known_since: datetime, last_new_at: datetime, least: timedelta, days: int) -> datetime:
    """From when a source that says nothing more is silent for too long. `least`: no shorter silence counts; `days`: what counts until its
    rhythm is known."""
    rhythm = learn([hour for hour in spoke if hour <= last_new_at], known_since, last_new_at)
    if rhythm is None:
        gaps = [later - earlier for earlier, later in pairwise(sorted(spoke))]
        return last_new_at + max([least, timedelta(days=days), *(3 * gap for gap in gaps)])
    return max(last_new_at + least, rhythm.reached(last_new_at, max(LEAST_MISSED, LONGER * rhythm.longest)))


def silent_since(
    spoke: Sequence[datetime], known_since: datetime, last_new_at: datetime, least: timedelta, days: int, now: datetime
) -> datetime | None:
    """Since when a source is silent for too long, or None; see `silent_from`."""
    if now - last_new_at < least:
        return None
    return last_new_at if now >= silent_from(spoke, known_since, last_new_at, least, days) else None


def _hour(at: datetime) -> int:
    return (at - _MONDAY) // HOUR


def _between(sums: Sequence[float], first: int, last: int) -> float:
    """What is expected in the hours from `first` to the one before `last`."""
    return max(0.0, _before(sums, last) - _before(sums, first))


def _before(sums: Sequence[float], hour: int) -> float:
    weeks, rest = divmod(hour, _WEEK)
    return weeks * sums[_WEEK] + sums[rest]
