"""What one process counts and times while it works, for whoever asks: kept in memory, begun anew with the process.

What the store knows (hits, deliveries, articles) is asked of the store instead, and outlives any process.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of the spans that durations are sorted into; longer ones fall into a last span without a bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long something took: how often it was done, all of it in seconds, and how often within each of `BOUNDS_S` (not summed up; the rest last)."""

    times: int = 0
    total_s: float = 0.0
    within: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)


class Tally:
    """Counts by name and label, durations by name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._durations: dict[str, Durations] = {}
        self._places: dict[str, int] = {}

    def add(self, name: str, label: str, number: int = 1) -> None:
        """Counts `number` more of a name under a label."""
        with self._lock:
            self._counts[name, label] += number

    def took(self, name: str, seconds: float, times: int = 1) -> None:
        """Adds `times` doings that took `seconds` together; each is sorted in by the mean."""
        if not name or times < 1:
            return
        span = bisect_left(BOUNDS_S, seconds / times)
        with self._lock:
            known = self._durations.get(name, Durations())
            within = tuple(number + (times if place == span else 0) for place, number in enumerate(known.within))
            self._durations[name] = Durations(times=known.times + times, total_s=known.total_s + seconds, within=within)

    def passed(self, name: str, place: int) -> int:
        """Keeps how far somebody has come with something and returns how far that was before; the same place the first time."""
        with self._lock:
            before = self._places.get(name, place)
            self._places[name] = place
            return before

    def count(self, name: str, label: str) -> int:
        """How many were counted."""
        with self._lock:
            return self._counts[name, label]

    def durations(self, name: str) -> Durations:
        """How long it took; nothing yet where it was never done."""
        with self._lock:
            return self._durations.get(name, Durations())
