"""The latest hits looked at once more, with all that came after them: what follows for the stories they stand in. Pure.

A hit is grouped when it arrives, by what had come until then; a report that comes later may show that it belongs elsewhere. What nobody was told
moves there. What was told stays: its story keeps its number, and nothing is told again; where it would stand elsewhere, that is a doubt, and a
person hears of it with the command that puts it right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.stories.fingerprint import Fingerprint
from monitor.stories.group import Grouper, Placement

RERUN = timedelta(days=4)
"""Hits found within this time are looked at again (MATCHING 5)."""

BEFORE = timedelta(days=10)
"""Those found in so much time before stand where they are; what came later is compared with them too."""

SURE = 0.08
"""So much more than the bar, and than its own story, another one must be like a hit to take it: near the bar either is as good."""

Pair = tuple[str, int, int]
"""What a person decided: ("apart" | "together", article, other article)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A hit where it stands. `told`: it was in a digest; `settled`: it stays in any case. `article` and `copy_of` name its text."""

    hit: int
    story: int
    article: int
    found: Fingerprint
    copy_of: int | None = None
    told: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A hit that goes from one story to another, and on what that rests."""

    hit: int
    story: int
    to: int
    placed: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Told hits of a story that would stand in another one. `whole`: they are all of it."""

    story: int
    hits: tuple[int, ...]
    other: int
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What follows from looking again."""

    moves: tuple[Move, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def rerun(hits: Iterable[Standing], placements: Sequence[Pair] = ()) -> Rerun:
    """Looks at hits once more, latest first, so that younger stories go into older ones. What a person decided of two articles holds.

    A story that takes hits gives none, so that two never swap; the next run goes on from there.
    """
    standing = sorted(hits, key=lambda each: (each.found.at, each.hit))
    grouper = Grouper()
    for each in standing:
        grouper.add(each.story, each.found)
    decided = _Decided(standing, placements)
    moves: list[Move] = []
    told: dict[tuple[int, int], list[int]] = defaultdict(list)
    gave: set[int] = set()
    took: set[int] = set()
    for each in reversed(standing):
        if each.settled or each.story in took or decided.together(each):
            continue
        placed = grouper.again(each.found, each.story, SURE, decided.apart(each) | gave)
        if placed is None or placed.story is None:
            continue
        if each.told:
            told[each.story, placed.story].append(each.hit)
        else:
            moves.append(Move(hit=each.hit, story=each.story, to=placed.story, placed=placed))
            gave.add(each.story)
            took.add(placed.story)
    return Rerun(moves=tuple(sorted(moves, key=lambda move: move.hit)), doubts=tuple(_doubts(told, standing, gave)))


def _doubts(told: dict[tuple[int, int], list[int]], standing: Sequence[Standing], gave: set[int]) -> Iterable[Doubt]:
    """What is left to a person: once for two stories that look like one, and not where the other one's hits have just come over."""
    for (story, other), hits in sorted(told.items()):
        if other not in gave and ((other, story) not in told or story > other):
            whole = len(hits) == sum(each.story == story for each in standing)
            yield Doubt(story=story, hits=tuple(sorted(hits)), other=other, whole=whole)


class _Decided:
    """What people decided, as the stories that the articles stand in."""

    def __init__(self, standing: Sequence[Standing], placements: Sequence[Pair]) -> None:
        copied = {each.copy_of: each.story for each in standing if each.copy_of is not None}
        self._story = copied | {each.article: each.story for each in standing}
        self._pairs = placements

    def apart(self, each: Standing) -> frozenset[int]:
        """The stories that a hit was set apart from."""
        return frozenset(self._of(each, "apart"))

    def together(self, each: Standing) -> bool:
        """Whether a person put it where it stands."""
        return each.story in self._of(each, "together")

    def _of(self, each: Standing, wanted: str) -> set[int]:
        mine = {each.article, each.copy_of}
        theirs = [
            there for kind, one, other in self._pairs if kind == wanted for here, there in ((one, other), (other, one)) if here in mine
        ]
        return {self._story[article] for article in theirs if article in self._story}
