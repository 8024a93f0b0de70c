"""The matcher: a title and a text in, one verdict per watchlist out, with all the evidence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitor.hits.accept import Acceptance, Taken, accept
from monitor.hits.automaton import Found
from monitor.hits.plan import ENGINE, Compiled, Plan
from monitor.hits.query import Spot, missing
from monitor.hits.reasons import reasons, snippet
from monitor.hits.score import Score, score
from monitor.hits.sentences import Layout, lay_out
from monitor.model import Band, Mention, ScorePart, Verdict, Watchlist
from monitor.text import digest

# A feed's teaser proves less than a page: without the page the same words score a point less.
_WEAK = -1.0
# A feed that carries the whole article proves as much as its page; a shorter text is a teaser.
_TEASER_CHARS = 1200
_WORD = re.compile(r"\w+")


def is_teaser(text_source: str, text: str) -> bool:
    """True where the text of an article is what a feed said, and too short to be the article."""
    return text_source == "feed" and len(text) < _TEASER_CHARS


class Matcher:
    """Compiled watchlists. `rev` is their revision in the store and `version_ids` their rows there, set when they are registered."""

    def __init__(self, compiled: Compiled) -> None:
        self._automaton = compiled.automaton
        self._plans = compiled.plans
        self.rev = 0
        self.version_ids: Mapping[str, int] = {}

    @property
    def watchlists(self) -> tuple[Watchlist, ...]:
        """The watchlists, in the order given."""
        return tuple(plan.watchlist for plan in self._plans)

    def verdicts(self, title: str, text: str, lang: str, weak: bool = False) -> tuple[Verdict, ...]:
        """The verdicts in either band. `title` and `text` are cleaned; `weak`: the text is a feed's teaser only."""
        layout = lay_out(title, text)
        found = self._automaton.find(layout.folded)
        judged = (_verdict(plan, layout, found, lang, weak) for plan in self._plans if _may_hold(plan, found))
        return tuple(verdict for verdict in judged if verdict.band is not None)

    def verdict_of(self, watchlist: str, title: str, text: str, lang: str, weak: bool = False) -> Verdict:
        """The verdict of one watchlist, a miss included. Raises KeyError for a watchlist that is not there."""
        layout = lay_out(title, text)
        for plan in self._plans:
            if plan.watchlist.id == watchlist:
                return _verdict(plan, layout, self._automaton.find(layout.folded), lang, weak)
        raise KeyError(watchlist)

    def best_score(self, title: str, text: str, lang: str) -> float:
        """The highest score that any watchlist gives, in no band too: whether a teaser makes its page worth fetching."""
        layout = lay_out(title, text)
        found = self._automaton.find(layout.folded)
        return max((_verdict(plan, layout, found, lang, weak=False).score for plan in self._plans if _may_hold(plan, found)), default=0.0)


def _may_hold(plan: Plan, found: Sequence[Found]) -> bool:
    """False where a side that the rule requires is named nowhere, accepted or not: most texts of a feed need no closer look."""
    named: set[str] = set()
    for place in found:
        for alias in place.aliases:
            if alias.watchlist == plan.index:
                if alias.kind == "entity":
                    named.update(plan.reach[alias.id])
                elif alias.kind == "topic":
                    named.update(plan.topic_sides[alias.id])
    return plan.required <= named


def _verdict(plan: Plan, layout: Layout, found: Sequence[Found], lang: str, weak: bool) -> Verdict:
    accepted = accept(layout, found, plan.index, lang, plan.entity_sides, plan.fields)
    mentions = _mentions(plan, layout, accepted)
    spots = _spots(plan, layout, mentions)
    scored = score(plan, layout, mentions, spots)
    if scored.bond is not None and weak:
        parts = (*scored.parts, ScorePart(name="teaser only", points=_WEAK))
        scored = Score(points=round(scored.points + _WEAK, 2), parts=parts, bond=scored.bond)
    window = scored.bond.window if scored.bond else ()
    mentions = [m for m in mentions if m.kind != "cue" or m.sentence in window or m.zone != "body"]
    lacking = missing(plan.rule, [spot for _, spot in spots])
    return Verdict(
        watchlist=plan.watchlist.id,
        watchlist_digest=plan.watchlist.digest,
        band=_band(plan, scored),
        score=scored.points,
        rule=plan.watchlist.match,
        parts=scored.parts,
        mentions=tuple(mentions),
        rejected=accepted.rejected,
        snippet=snippet(layout, mentions, scored.bond),
        reasons=reasons(plan, layout, mentions, scored, lacking),
        text_hash=digest(layout.text),
        engine=ENGINE,
    )


def _band(plan: Plan, scored: Score) -> Band | None:
    if scored.bond is None or scored.points < plan.watchlist.review:
        return None
    return "alert" if scored.points >= plan.watchlist.alert else "review"


def _mentions(plan: Plan, layout: Layout, accepted: Acceptance) -> list[Mention]:
    """Mentions of what was taken, one for each side, and of the topics that a firm implies: the score halves those that no strong verb proves."""
    mentions: list[Mention] = []
    for one in accepted.taken:
        title = _title_of(plan, one)
        mentions.extend(_mention(layout, one, one.alias.kind, one.alias.id, side, title) for side in _sides(plan, one))
        if one.alias.kind == "entity":
            mentions.extend(_implied(plan, layout, one))
    return mentions


def _implied(plan: Plan, layout: Layout, one: Taken) -> Iterator[Mention]:
    for id_ in plan.entities[one.alias.id].implies:
        for side in plan.topic_sides.get(id_, ()):
            yield _mention(layout, one, "topic", id_, side, plan.topics[id_].title)


def _sides(plan: Plan, one: Taken) -> tuple[str, ...]:
    match one.alias.kind:
        case "entity":
            return plan.entity_sides[one.alias.id]
        case "topic":
            return plan.topic_sides[one.alias.id]
        case _:
            return ("",)


def _title_of(plan: Plan, one: Taken) -> str:
    match one.alias.kind:
        case "entity":
            return plan.entities[one.alias.id].title
        case "contrast":
            return plan.contrast[one.alias.id].title
        case "topic":
            return plan.topics[one.alias.id].title
        case _:
            return one.alias.written


def _mention(layout: Layout, one: Taken, kind: str, id_: str, side: str, title: str) -> Mention:
    return Mention(
        kind=kind,
        id=id_,
        side=side,
        title=title,
        alias=layout.text[one.start : one.end],
        start=one.start,
        end=one.end,
        sentence=one.sentence.number,
        zone=one.sentence.zone,
    )


def _spots(plan: Plan, layout: Layout, mentions: Iterable[Mention]) -> list[tuple[Mention, Spot]]:
    starts = [found.start() for found in _WORD.finditer(layout.text)] if plan.words_needed else []
    spots = []
    for m in mentions:
        if m.side:
            first = bisect_right(starts, m.start)
            spot = Spot(side=m.side, sentence=m.sentence, zone=m.zone, first_word=first, last_word=max(first, bisect_left(starts, m.end)))
            spots.append((m, spot))
    return spots
