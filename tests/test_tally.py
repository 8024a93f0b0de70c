"""What a process counts and times of its own work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError
from monitor.fetch.message import Request, Response
from monitor.fetch.timed import TimedDoor
from monitor.tally import BOUNDS_S, Tally


def test_counts_by_label() -> None:
    """Counts of a name are kept apart by label; what was never counted is none."""
    tally = Tally()
    tally.add("polls", "read")
    tally.add("polls", "read", 4)
    tally.add("polls", "failed", 0)
    assert (tally.count("polls", "read"), tally.count("polls", "failed"), tally.count("pages", "read")) == (5, 0, 0)


@given(st.lists(st.tuples(st.floats(0, 200), st.integers(1, 5))))
def test_durations_are_sorted_by_their_bounds(took: list[tuple[float, int]]) -> None:
    """Every doing is in the first span whose bound is not below its time, and all of them add up."""
    tally = Tally()
    for seconds, times in took:
        tally.took("poll", seconds, times)
    found = tally.durations("poll")
    assert found.times == sum(found.within) == sum(times for _, times in took)
    assert found.total_s == pytest.approx(sum(seconds for seconds, _ in took))
    for place, bound in enumerate(BOUNDS_S):
        assert sum(found.within[: place + 1]) == sum(times for seconds, times in took if seconds / times <= bound)


def test_places_are_kept() -> None:
    """The first place that is heard of is where counting starts; after that each call gives the one before."""
    tally = Tally()
    assert [tally.passed("events", place) for place in (7, 9, 9)] == [7, 7, 9]


def test_nothing_done_is_no_duration() -> None:
    """A batch that did nothing, and a request that no figure is about, leave no trace."""
    tally = Tally()
    tally.took("match", 0.5, 0)
    tally.took("", 0.5)
    assert tally.durations("match").times == tally.durations("").times == 0


def test_threads_do_not_lose_counts() -> None:
    """Counts from several threads at once are all there."""
    tally = Tally()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(lambda: [(tally.add("polls", "read"), tally.took("poll", 0.1)) for _ in range(500)])
    assert tally.count("polls", "read") == tally.durations("poll").times == 4000


class Refusing:
    """A door that answers nothing."""

    async def send(self, request: Request) -> Response:
        raise FetchError("connect", "nobody answers")


def test_requests_are_timed_by_their_purpose_when_they_fail_too() -> None:
    """The door tells what each request was for and how long it took, and lets the failure pass."""
    heard: list[tuple[str, float]] = []
    clock: Iterator[int] = count(10, 3)
    door = TimedDoor(Refusing(), lambda purpose, seconds: heard.append((purpose, seconds)), lambda: float(next(clock)))
    with pytest.raises(FetchError):
        asyncio.run(door.send(Request(url="https://a.example/", purpose="poll")))
    assert heard == [("poll", 3.0)]
