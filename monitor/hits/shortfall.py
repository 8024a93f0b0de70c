"""What a text lacks to be a hit, in figures: the sides that nothing names, how far the sides stand apart, how many points are missing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from monitor.hits.query import Spot, asked, missing, parse
from monitor.hits.sentences import Layout
from monitor.model import Mention, Verdict, Watchlist

_MOST_PLACES = 40


def lacking_sides(verdict: Verdict, watchlist: Watchlist) -> tuple[str, ...]:
    """The fewest sides whose mention the rule lacks; empty where a side is not what is lacking."""
    rule = parse(watchlist.match, [side.id for side in watchlist.sides])
    return missing(rule, [Spot(side=m.side, sentence=m.sentence, zone=m.zone) for m in verdict.mentions if m.side])


def shortfall(verdict: Verdict, watchlist: Watchlist, layout: Layout) -> tuple[str, ...]:
    """Which side, bond or band is short and by how much, one line each; nothing for an alert."""
    titles = {side.id: side.title or side.id for side in watchlist.sides}
    if verdict.band == "alert":
        return ()
    if verdict.band == "review":
        return (f"{watchlist.alert - verdict.score:.1f} points below an alert ({verdict.score:.1f} of {watchlist.alert:.1f})",)
    if verdict.parts:
        return (f"{watchlist.review - verdict.score:.1f} points below the review band ({verdict.score:.1f} of {watchlist.review:.1f})",)
    lacking = lacking_sides(verdict, watchlist)
    if lacking:
        return tuple(f"side {side}: nothing names {titles[side]}" for side in lacking)
    return (_apart(verdict.mentions, watchlist, layout),)


def _apart(mentions: Sequence[Mention], watchlist: Watchlist, layout: Layout) -> str:
    """How near the sides come to each other, against what the bond reaches."""
    rule = parse(watchlist.match, [side.id for side in watchlist.sides])
    wanted = [side for side in asked(rule) if any(m.side == side for m in mentions)]
    nearest = nearest_sentences(mentions, wanted)
    reach = {"sentence": "one sentence, a neighbour of it or the title", "near": "neighbouring sentences or the title"}.get(
        watchlist.bond, "the article"
    )
    if not nearest or nearest[-1] - nearest[0] <= 1 or layout.roundup:
        return f"the sides are named, but not as `{watchlist.match}` asks"
    where = ", ".join(str(number) if number else "the title" for number in nearest)
    return f"bond: the sides come no nearer than {nearest[-1] - nearest[0]} sentences (sentences {where}); bond = {watchlist.bond} reaches {reach}"


def nearest_sentences(mentions: Sequence[Mention], wanted: Sequence[str]) -> tuple[int, ...]:
    """The sentences, one for each of the sides, that span the least; the title (0) counts as beside the first."""
    places = [sorted({m.sentence for m in mentions if m.side == side})[:_MOST_PLACES] for side in wanted]
    if not places or not all(places):
        return ()
    if len(places) > 3:
        places = [numbers[:6] for numbers in places]
    best = min(product(*places), key=lambda chosen: (max(chosen) - min(chosen), chosen))
    return tuple(sorted(set(best)))
