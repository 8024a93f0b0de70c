"""Speed of matching: the names of a long watchlist against an article of 5,000 characters, as multiples of a loop of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from statistics import median

import pytest

from monitor.hits.compile import compile_matcher
from monitor.model import Entity, Watchlist
from tests.hits.world import watchlist

SYLLABLES = (
    "ba",
    "co",
    "di",
    "fu",
    "ga",
    "he",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qi",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "yu",
    "za",
    "bra",
    "cle",
    "dri",
)
SENTENCES = (
    "Northern ministers said that the plan for the coming years was ready and would be shown to the public within weeks.",
    "FPT of Vietnam and Nvidia signed an agreement on chips and AI in Hanoi, and Apple would invest in a plant near Da Nang.",
    "Observers called the price too high, though Intel and the United States government saw it otherwise in the autumn.",
    "The river rose by two metres, trains stood still for a day, and schools in three provinces remained closed until Monday.",
)


def long_watchlist(names: int) -> Watchlist:
    """The small watchlist with so many made-up firms beside it."""
    made = ("".join(parts[:2]).capitalize() + " " + "".join(parts[2:]).capitalize() for parts in product(SYLLABLES, repeat=4))
    firms = tuple(Entity(id=f"firm-{n}", title=name, type="company", names=(name,)) for n, name in zip(range(names), made, strict=False))
    small = watchlist()
    return replace(small, sides=(replace(small.sides[0], entities=(*small.sides[0].entities, *firms)), *small.sides[1:]))


def seconds(work: Callable[[], object], times: int) -> float:
    """The median time of a call."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return median(found)


def calibration() -> object:
    """A loop that takes about a millisecond on a machine of 2024."""
    return sum(n * n % 7 for n in range(16_000))


@pytest.mark.slow
def test_cost_of_a_verdict_hardly_grows_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict takes at most 5 loops with 600 names and with 20,000 names at most 1.5 times that; 10,000 names compile within 80."""
    article = " ".join(SENTENCES * 11)[:5000]
    loop = seconds(calibration, 50)
    cost, built = {}, {}
    for names in (600, 10_000, 20_000):
        chosen = long_watchlist(names)
        built[names] = seconds(lambda chosen=chosen: compile_matcher([chosen]), 3)  # type: ignore[misc]
        matcher = compile_matcher([chosen])
        cost[names] = seconds(lambda matcher=matcher: matcher.verdicts("Nvidia in Vietnam", article, "en"), 50)  # type: ignore[misc]
    with capsys.disabled():
        print(f"\nloop {loop * 1000:.2f} ms")
        for names in cost:
            print(f"{names} names: verdict {cost[names] * 1000:.2f} ms, build {built[names] * 1000:.0f} ms")
    assert cost[600] <= 5 * loop
    assert cost[20_000] <= 1.5 * cost[600]
    assert built[10_000] <= 80 * loop
