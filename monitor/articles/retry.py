"""When a page that could not be read is asked for again, and when it is given up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SCHEDULE = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""Waits after the first, second ... failed attempt (RELIABILITY 2.8)."""

_FINAL_AT_ONCE = {"robots", "http-401", "paywall", "http-410", "http-451", "blocked", "bad-url", "too-large"}
_FINAL_SOON = {"http-403", "http-404", "http-400", "http-405", "http-406"}
_SOON = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a page was not read: a kind for counting, a plain message, the HTTP status if there was one."""

    kind: str
    message: str
    status: int | None = None


def next_attempt(attempts: int, now: datetime) -> datetime:
    """When to try again after `attempts` attempts (1 or more)."""
    return now + SCHEDULE[min(max(attempts, 1), len(SCHEDULE)) - 1]


def final_failure(failure: Failure, attempts: int) -> bool:
    """True where another attempt would not help: the answer is a plain no, or the schedule has run out."""
    if failure.kind in _FINAL_AT_ONCE:
        return True
    if failure.kind in _FINAL_SOON and attempts >= _SOON:
        return True
    return attempts > len(SCHEDULE)
