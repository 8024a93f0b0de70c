"""`monitor watchlists names --unknown`: what stored hits name and no list has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.cli.output import duration
from monitor.cli.session import Session

if TYPE_CHECKING:
    from monitor.model import Watchlist
    from monitor.watchlists.unknown import HitText


def unknown_rows(session: Session, watchlists: Sequence[Watchlist], since: str, least: int) -> list[dict[str, object]]:
    """Rows of names with the hits they turn up in, quotes, and what the gazetteer knows them as (a part that could be included)."""
    from monitor.watchlists.knowledge import load
    from monitor.watchlists.unknown import known_keys, unknown_names

    begin = session.now() - duration(since)
    texts = list(_texts(session, watchlists, begin))
    known = known_keys(_listed(watchlists))
    gazetteer = {
        key: f"{entity.title} in {part.name}"
        for part in load().parts.values()
        for entity in part.entities
        for key in known_keys((*entity.names, *entity.exact_names, *entity.loose))
    }
    return [
        {
            "name": one.name,
            "hits": len(one.hits),
            "publishers": one.publishers,
            "gazetteer": next((gazetteer[key] for key in known_keys([one.name]) if key in gazetteer), ""),
            "quote": f"{one.quotes[0][1]} (hit {one.quotes[0][0]})",
            "quotes": [{"hit": hit, "text": quote} for hit, quote in one.quotes],
            "hit_ids": one.hits,
        }
        for one in unknown_names(texts, known, least)
    ]


def _texts(session: Session, watchlists: Sequence[Watchlist], begin: datetime) -> Iterator[HitText]:
    from monitor.hits.sentences import matched_text
    from monitor.store import history
    from monitor.watchlists.unknown import HitText

    for watchlist in watchlists:
        for hit, kept in history.hits_with_texts(session.store, watchlist.id, begin):
            taken = [(m.start, m.end) for m in hit.verdict.mentions if m.kind != "cue"]
            yield HitText(
                hit=hit.id,
                text=matched_text(kept.title, kept.text),
                lang=kept.lang,
                publisher=kept.publisher,
                taken=tuple(sorted(set(taken + [(r.start, r.end) for r in hit.verdict.rejected]))),
            )


def _listed(watchlists: Sequence[Watchlist]) -> Iterator[str]:
    """Every name that stands in a list of the watchlists: also those switched off, never meant, masked, or of other countries."""
    for one in watchlists:
        for entity in (*(entity for side in one.sides for entity in side.entities), *one.contrast):
            yield from (*entity.names, *entity.exact_names, *entity.short, *entity.loose, *entity.never)
        for topic in (topic for side in one.sides for topic in side.topics):
            yield from (word for _, words in topic.words for word in words)
        yield from one.masks
