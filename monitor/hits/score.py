"""How strongly a text speaks of what a watchlist wants: the best bond of its sides, what stands in the title, and what speaks against it.

The terms and their weights are those of the design's measurements on news streams; each is a named part of the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.hits.plan import Plan
from monitor.hits.query import Spot, holds
from monitor.hits.sentences import Layout
from monitor.model import Mention, ScorePart

_NEAR = 0.8
_TOPIC = 0.5
_TOPICS_AT_MOST = 5.0
_VERBS_AT_MOST = 1.0
_ACTOR = 0.5
_MORE = 0.25
_MORE_AT_MOST = 3
_ONLY_IMPLIED = 0.5
_THIRD = -0.4
_THIRD_AT_MOST = 2
_TITLE_SIDE = 0.6
_TITLE_THIRD = -2.0
_TITLE_NEITHER = -1.0
_CUES_AT_LEAST = -3.0
_AGAIN = 0.25
_AGAIN_AT_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """The sentence that binds the sides best, the sentences it looks to, how near (1: one sentence, 0.8: with a neighbour or the title)."""

    sentence: int
    window: tuple[int, ...]
    near: float
    parts: tuple[ScorePart, ...]

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Points with their named parts; `bond` is None where the rule does not hold."""

    points: float
    parts: tuple[ScorePart, ...]
    bond: Bond | None


def score(plan: Plan, layout: Layout, mentions: Sequence[Mention], spots: Sequence[tuple[Mention, Spot]]) -> Score:
    """The score of a text from its mentions (entities, contrast, topics, cues) and the places of its sides."""
    article = [spot for _, spot in spots]
    if not holds(plan.rule, article):
        return Score(points=0.0, parts=(), bond=None)
    bond = _best_bond(plan, layout, mentions, spots)
    if bond is None:
        return Score(points=0.0, parts=(), bond=None)
    title = [] if layout.roundup else _title(plan, mentions)
    parts = [*bond.parts, *title, *_against(plan, mentions), _told_again(plan, bond, spots)]
    if layout.roundup:
        over = sum(part.points for part in parts) - plan.watchlist.alert + 0.1
        parts.append(ScorePart(name="one item of a roundup", points=min(0.0, -over)))
    kept = tuple(ScorePart(name=part.name, points=round(part.points, 2)) for part in parts if abs(part.points) >= 0.005)
    return Score(points=round(sum(part.points for part in kept), 2), parts=kept, bond=bond)


def _told_again(plan: Plan, bond: Bond, spots: Sequence[tuple[Mention, Spot]]) -> ScorePart:
    """Other sentences that name two of the wanted sides: what an article is about it comes back to, what it mentions in passing it does not."""
    sides: dict[int, set[str]] = {}
    for _, spot in spots:
        if spot.side in plan.wanted:
            sides.setdefault(spot.sentence, set()).add(spot.side)
    others = sum(1 for number, named in sides.items() if number and number != bond.sentence and len(named) > 1)
    return ScorePart(name="told again", points=_AGAIN * min(_AGAIN_AT_MOST, others))


def _best_bond(plan: Plan, layout: Layout, mentions: Sequence[Mention], spots: Sequence[tuple[Mention, Spot]]) -> Bond | None:
    article = [spot for _, spot in spots]
    grouped: dict[int, list[Spot]] = {}
    for spot in article:
        grouped.setdefault(spot.sentence, []).append(spot)
    by_sentence: dict[int, list[Mention]] = {}
    for mention in mentions:
        by_sentence.setdefault(mention.sentence, []).append(mention)
    best: Bond | None = None
    for number in sorted(grouped):
        for window, near in _windows(plan, number, layout.roundup):
            inside = [spot for n in window for spot in grouped.get(n, ())]
            if not holds(plan.rule, inside, article):
                continue
            bond = _bond(plan, number, window, near, [m for n in window for m in by_sentence.get(n, ())])
            if best is None or bond.points > best.points + 1e-9:
                best = bond
            break
    if best is None and plan.watchlist.bond == "article":
        window = tuple(sorted(grouped))
        best = _bond(plan, window[0], window, 1.0, mentions)
    return best


def _windows(plan: Plan, number: int, roundup: bool) -> Iterable[tuple[tuple[int, ...], float]]:
    yield (number,), 1.0
    if not roundup:
        near = _NEAR if plan.watchlist.bond == "sentence" else 1.0
        yield tuple(dict.fromkeys((number, number + 1))), near
        yield tuple(dict.fromkeys((0, number))), near
        yield tuple(dict.fromkeys((0, number, number + 1))), near


def _bond(plan: Plan, number: int, window: tuple[int, ...], near: float, mentions: Sequence[Mention]) -> Bond:
    third = min(_THIRD_AT_MOST, len({m.id for m in mentions if m.kind == "contrast"}))
    verbs = _verbs(plan, mentions)
    acting = {side: _actors(plan, side, mentions) for side in plan.actors}
    more = sum(max(0, len(names) - 1) for names in acting.values())
    parts = [
        ScorePart(name="bond", points=near),
        ScorePart(name="topics", points=near * _TOPIC * _weights(plan, mentions, verbs > 0)),
        ScorePart(name="verbs", points=near * verbs),
        *(ScorePart(name=f"named actor: {side}", points=near * _ACTOR) for side, names in acting.items() if names),
        ScorePart(name="more actors", points=near * _MORE * min(_MORE_AT_MOST, more)),
        ScorePart(name="third country", points=near * _THIRD * third),
    ]
    return Bond(sentence=number, window=window, near=near, parts=tuple(part for part in parts if part.points))


def _weights(plan: Plan, mentions: Sequence[Mention], proven: bool) -> float:
    """The weights of the three heaviest topics; one that is only implied by a firm counts half where no strong verb proves it."""
    named = {(m.start, m.end) for m in mentions if m.kind == "entity"}
    found: dict[str, float] = {}
    for m in mentions:
        if m.kind == "topic":
            share = 1.0 if proven or (m.start, m.end) not in named else _ONLY_IMPLIED
            found[m.id] = max(found.get(m.id, 0.0), share * plan.topics[m.id].weight)
    return min(sum(sorted(found.values(), reverse=True)[:3]), _TOPICS_AT_MOST)


def _verbs(plan: Plan, mentions: Iterable[Mention]) -> float:
    points = 0.0
    for cue in plan.cues.values():
        if cue.points > 0:
            found = {m.alias.casefold() for m in mentions if m.kind == "cue" and m.id == cue.id}
            points += cue.points * min(cue.limit, len(found))
    return min(points, _VERBS_AT_MOST)


def _actors(plan: Plan, side: str, mentions: Iterable[Mention]) -> set[str]:
    """The firms, bodies and persons by which a side is there, not counting countries, places and heads of state."""
    return {m.id for m in mentions if m.kind == "entity" and m.side == side and plan.is_actor(m.id)}


def _title(plan: Plan, mentions: Sequence[Mention]) -> list[ScorePart]:
    ahead = [m for m in mentions if m.zone == "title"]
    names = {(m.start, m.end) for m in ahead if m.kind == "entity"} if not _verbs(plan, ahead) else set()
    sides = {m.side for m in ahead if m.side and not (m.kind == "topic" and (m.start, m.end) in names)}
    parts = [ScorePart(name=f"in the title: {side}", points=_TITLE_SIDE) for side in plan.wanted if side in sides]
    if not plan.actors:
        return parts
    third = any(m.kind == "contrast" and m.zone == "title" for m in mentions)
    if third and not all(side in sides for side in plan.actors):
        parts.append(ScorePart(name="title names a third country", points=_TITLE_THIRD))
    elif not any(side in sides for side in plan.actors):
        parts.append(ScorePart(name="title names no side", points=_TITLE_NEITHER))
    return parts


def _against(plan: Plan, mentions: Iterable[Mention]) -> list[ScorePart]:
    """Cues that speak against (prices, sport), looked up in title and lead, outside names."""
    parts = []
    total = 0.0
    ahead = [m for m in mentions if m.kind == "cue" and m.zone in {"title", "lead"}]
    for cue in plan.cues.values():
        if cue.points < 0:
            count = min(cue.limit, len({m.alias.casefold() for m in ahead if m.id == cue.id}))
            points = max(cue.points * count, _CUES_AT_LEAST - total)
            if count and points < 0:
                total += points
                parts.append(ScorePart(name=f"cue: {cue.id}", points=points))
    return parts
