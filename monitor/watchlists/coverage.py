"""Leave one seed out: a watchlist as it would be had it never seen a seed. Pure."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Side, Watchlist


def without_seed(watchlist: Watchlist, seed: str) -> Watchlist:
    """The watchlist without the entities and topics that only this seed taught (whose `seeds` name it alone)."""
    return replace(watchlist, sides=tuple(_without(side, seed) for side in watchlist.sides))


def _without(side: Side, seed: str) -> Side:
    return replace(
        side,
        entities=tuple(one for one in side.entities if one.seeds != (seed,)),
        topics=tuple(one for one in side.topics if one.seeds != (seed,)),
    )
