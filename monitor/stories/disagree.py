"""Figures of one story that contradict each other, with who gives which. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from monitor.stories.facts import is_money, value_of

_NEAR = 0.30
"""Sums of one currency that differ by less are taken to be meant for the same thing."""

_ROUNDED = 0.02
"""Sums that differ by less are one, rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A source with the figures that its report gives as news."""

    source: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One figure and the first source that gave it."""

    figure: str
    source: str


def disagreements(claims: Iterable[Claim]) -> tuple[tuple[Said, Said], ...]:
    """Pairs of sums that cannot both be right, in the order in which they were given.

    A report that gives both (`from 200 to 250 million`, `150 of the 174 million`) means two things: such a pair is left out.
    """
    first: dict[str, str] = {}
    together: set[frozenset[str]] = set()
    for claim in claims:
        sums = [figure for figure in claim.figures if is_money(figure)]
        for figure in sums:
            first.setdefault(figure, claim.source)
        together.update(frozenset(pair) for pair in combinations(sums, 2))
    said = [Said(figure=figure, source=source) for figure, source in first.items()]
    return tuple(
        (one, other)
        for one, other in combinations(said, 2)
        if _contradict(one, other) and frozenset((one.figure, other.figure)) not in together
    )


def _contradict(one: Said, other: Said) -> bool:
    if one.figure.partition(":")[0] != other.figure.partition(":")[0] or one.source == other.source:
        return False
    low, high = sorted((value_of(one.figure), value_of(other.figure)))
    return _ROUNDED * high < high - low <= _NEAR * high
