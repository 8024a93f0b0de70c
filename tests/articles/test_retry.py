"""When an unread page is asked for again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from monitor.articles.duplicate import Candidate, is_copy
from monitor.articles.retry import SCHEDULE, Failure, final_failure, next_attempt
from monitor.sketch import sketch


def test_waits_grow(now: datetime) -> None:
    """Each failed attempt waits at least as long as the one before, and no longer than a day."""
    waits = [next_attempt(attempts, now) - now for attempts in range(1, 10)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=24)


@pytest.mark.parametrize(
    ("kind", "attempts"), [("robots", 1), ("http-410", 1), ("blocked", 1), ("http-404", 2), ("timeout", len(SCHEDULE) + 1)]
)
def test_every_failure_ends(kind: str, attempts: int) -> None:
    """A plain no ends at once, a missing page after a second look, anything else when the schedule is over."""
    assert final_failure(Failure(kind, ""), attempts)
    assert attempts == 1 or not final_failure(Failure(kind, ""), attempts - 1)


def test_copies() -> None:
    """A reprint is a copy; two short notices are never taken for one."""
    long = [f"w{number}" for number in range(200)]
    assert is_copy(sketch(long), 200, Candidate(id=1, sketch=sketch(long[:150]), size=150))
    assert not is_copy(sketch(long[:10]), 10, Candidate(id=1, sketch=sketch(long[:10]), size=10))
    assert not is_copy(sketch(long), 200, Candidate(id=1, sketch=(), size=200))
