"""The step: articles that the watchlists in force have not seen become hits, with all the evidence, one transaction per article."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from monitor.hits.match import Matcher, is_teaser
from monitor.hits.plan import ENGINE
from monitor.model import Watchlist
from monitor.store import hits, watchlists
from monitor.store.driver import Store
from monitor.store.watchlists import WatchlistVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCounts:
    """Articles matched, hits made that are news, hits made or turned quiet, hits whose evidence was renewed."""

    matched: int = 0
    hits: int = 0
    quiet: int = 0
    renewed: int = 0


def register(store: Store, matcher: Matcher, now: datetime, backfill: Collection[str] = ()) -> Matcher:
    """Records the matcher's watchlists as those in force and gives the matcher their revision. Returns the same matcher.

    A changed watchlist or engine makes a new revision: every article is matched again, quietly. `backfill` names the watchlists whose finds in
    history a digest shows in a section of their own.
    """
    versions = [
        WatchlistVersion(
            watchlist=watchlist.id,
            title=watchlist.title,
            digest=watchlist.digest,
            engine=ENGINE,
            source=partial(_as_json, watchlist),
        )
        for watchlist in matcher.watchlists
    ]
    registered = watchlists.register(store, versions, now, backfill)
    matcher.rev = registered.rev
    matcher.version_ids = registered.version_ids
    return matcher


def _as_json(watchlist: Watchlist) -> str:
    return json.dumps(asdict(watchlist), ensure_ascii=False, default=str)


async def match(*, store: Store, matcher: Matcher, clock: Callable[[], datetime], limit: int) -> MatchCounts:
    """Matches at most `limit` due articles, texts never matched first, newest first. The matcher must be registered."""
    return await asyncio.to_thread(match_now, store, matcher, clock, limit)


def match_now(store: Store, matcher: Matcher, clock: Callable[[], datetime], limit: int) -> MatchCounts:
    """`match` for a caller that has no event loop.

    A process whose watchlists are no longer those in force (another one was started with newer ones) matches nothing: what it did would be old.
    """
    matched = made = quiet = renewed = 0
    for article in hits.due(store, matcher.rev, limit) if watchlists.current_rev(store) == matcher.rev else ():
        with store.write():
            if not hits.take(store, article):
                continue
            verdicts = matcher.verdicts(article.title, article.text, article.lang, weak=is_teaser(article.text_source, article.text))
            saved = hits.save(store, article, verdicts, matcher.rev, matcher.version_ids, clock())
        matched += not saved.superseded
        made += saved.new
        quiet += saved.quiet
        renewed += saved.renewed
    return MatchCounts(matched=matched, hits=made, quiet=quiet, renewed=renewed)
