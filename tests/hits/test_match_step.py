"""The match step: due articles become hits, whatever happens between two of them."""

from __future__ import annotations

import asyncio
from datetime import datetime

from monitor.hits import step
from monitor.store import hits
from monitor.store.sqlite import SqliteStore
from tests.hits.world import matcher
from tests.store.test_hits import article

HIT = ("Nvidia and FPT sign AI deal", "FPT of Vietnam and the US chip firm Nvidia met in Hanoi to build an AI factory.")


def matched(store: SqliteStore, now: datetime, limit: int = 10, **fields: object) -> step.MatchCounts:
    """One run of the step with a watchlist."""
    registered = step.register(store, matcher(**fields), now)
    return asyncio.run(step.match(store=store, matcher=registered, clock=lambda: now, limit=limit))


def test_due_articles_become_hits_and_then_nothing_is_due(store: SqliteStore, now: datetime) -> None:
    """The step is level-triggered: a second run finds nothing to do."""
    found = article(store, now, *HIT)
    article(store, now, "Weather", "Rain in the north.")
    assert matched(store, now) == step.MatchCounts(matched=2, hits=1)
    assert matched(store, now) == step.MatchCounts()
    (hit,) = hits.of_article(store, found)
    assert (hit.watchlist, hit.band, hit.quiet) == ("vn-us", "alert", False)


def test_a_batch_is_bounded(store: SqliteStore, now: datetime) -> None:
    """At most `limit` articles are matched in one run."""
    for n in range(3):
        article(store, now, f"Weather {n}", "Rain.")
    assert [matched(store, now, limit=2).matched for _ in range(3)] == [2, 1, 0]


def test_a_changed_watchlist_matches_history_again_quietly(store: SqliteStore, now: datetime) -> None:
    """What only the new watchlist finds in old texts is stored and not news."""
    found = article(store, now, *HIT)
    assert matched(store, now, match="vietnam and us and not tech").hits == 0
    assert matched(store, now, digest="two") == step.MatchCounts(matched=1, quiet=1)
    assert hits.of_article(store, found)[0].quiet


def test_a_teaser_proves_less_than_a_page(store: SqliteStore, now: datetime) -> None:
    """Feed text alone scores a point less; a feed that carries the whole article does not."""
    page = article(store, now, *HIT)
    teaser = article(store, now, *HIT, source="feed", state="failed")
    full = article(store, now, HIT[0], HIT[1] + " More was said." * 100, source="feed")
    matched(store, now)
    scores = {id_: hits.of_article(store, id_)[0].score for id_ in (page, teaser, full)}
    assert scores[teaser] == scores[page] - 1
    assert scores[full] == scores[page]
