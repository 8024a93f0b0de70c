"""How many hits each of the latest days brought, for a small chart: what is usual, and whether today is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.hours import from_text

MOST = 14
LEAST = 3
"""Fewer days say nothing about what is usual."""

TALLEST_PX = 36

Days = tuple[tuple[str, int], ...]
"""(day as YYYY-MM-DD in the reader's zone, hits) pairs, oldest first; the last one is the day of the digest, so far."""


def since_at(zone: str, now: datetime) -> datetime:
    """The beginning, in the reader's zone, of the oldest day that a chart made `now` shows."""
    local = now.astimezone(ZoneInfo(zone)) - timedelta(days=MOST - 1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def days_of(minutes: Mapping[str, int], zone: str, now: datetime) -> Days:
    """The days up to `now` from hits per minute (stored text, `2024-09-26T00:01`), from the first that had any; nothing where they are too few."""
    here = ZoneInfo(zone)
    counted: Counter[str] = Counter()
    for minute, hits in minutes.items():
        counted[from_text(f"{minute}:00.000000Z").astimezone(here).date().isoformat()] += hits
    today = now.astimezone(here).date()
    days = [(today - timedelta(days=back)).isoformat() for back in reversed(range(MOST))]
    first = next((number for number, day in enumerate(days) if counted[day]), MOST)
    found = tuple((day, counted[day]) for day in days[first:])
    return found if len(found) >= LEAST else ()


def heights(days: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """The height of each day's bar in pixels: the busiest is the tallest, none is a line, and any hit at all can be told from none."""
    most = max((hits for _, hits in days), default=0)
    return tuple(max(3, round(TALLEST_PX * hits / most)) if hits else 1 for _, hits in days)
