"""Stored history for replay: texts that are kept, with what people think of their hits, and how far back they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text, from_text_or_none
from monitor.model import Band, Hit
from monitor.store.driver import Row, Store
from monitor.store.hits import get

_COLUMNS = """
select a.id, a.title, t.text, a.lang, a.text_source, a.url, a.publisher, a.first_seen_at, a.matched_rev
from articles a join texts t on t.article_id = coalesce(a.text_of, a.id)
"""
_PAGE = f"{_COLUMNS} where a.id > :after and a.first_seen_at >= :since and a.state <> 'pending' order by a.id limit :limit"
_ONE = f"{_COLUMNS} where a.id = :id"
_FIRST = "select min(id) as id from articles where first_seen_at >= :since"
_REACH = """
select count(*) as articles, coalesce(sum(case when t.article_id is null then 1 else 0 end), 0) as dropped,
  min(case when t.article_id is not null then a.first_seen_at end) as oldest
from articles a left join texts t on t.article_id = coalesce(a.text_of, a.id) where a.first_seen_at >= :since and a.state <> 'pending'
"""
_OLDEST = "select a.first_seen_at as oldest from texts t join articles a on a.id = t.article_id order by a.first_seen_at limit 1"
_MARKS = """
select h.id as hit, h.watchlist, h.article_id as article, h.band, h.score, l.verdict, l.reason, l.created_at
from labels l join hits h on h.id = l.hit_id
where l.id = (select max(x.id) from labels x where x.hit_id = l.hit_id) and h.watchlist = :watchlist order by h.id
"""
_HITS = "select article_id as article, id, version_id, band, score from hits where watchlist = :watchlist"
_HITS_SINCE = "select id, article_id as article from hits where watchlist = :watchlist and created_at >= :since order by id"
_PAGE_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """An article whose text is kept. `matched_rev`: the revision of the watchlists that last saw it."""

    id: int
    title: str
    text: str
    lang: str
    text_source: str
    url: str
    publisher: str
    first_seen_at: datetime
    matched_rev: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingHit:
    """A stored hit with the version of the watchlist that gave its band and score."""

    id: int
    version_id: int
    band: Band
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a replay sees: read articles since an instant, how many of them have lost their text, the oldest text in the span and of all."""

    articles: int
    dropped: int
    oldest_at: datetime | None
    oldest_of_all_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a person thought last of a hit: useful or useless, and why."""

    hit: int
    article: int
    verdict: str
    reason: str


def texts(store: Store, since: datetime) -> Iterator[KeptText]:
    """The texts of articles first seen since an instant, in order of their ids, read page by page."""
    first = store.one(_FIRST, since=since)
    after = (first["id"] or 1) - 1 if first else 0
    while rows := store.all(_PAGE, since=since, after=after, limit=_PAGE_ROWS):
        yield from (_kept(row) for row in rows)
        after = rows[-1]["id"]


def text_of(store: Store, article: int) -> KeptText | None:
    """One article's text, or None where it is not kept."""
    row = store.one(_ONE, id=article)
    return None if row is None else _kept(row)


def reach(store: Store, since: datetime) -> Reach:
    """What `texts` would give, and what it could not."""
    row = store.one(_REACH, since=since)
    oldest = store.one(_OLDEST)
    assert row is not None
    return Reach(
        articles=row["articles"],
        dropped=row["dropped"],
        oldest_at=from_text_or_none(row["oldest"]),
        oldest_of_all_at=from_text(oldest["oldest"]) if oldest else None,
    )


def marks(store: Store, watchlist: str) -> dict[int, Mark]:
    """The last mark of each marked hit of a watchlist, by article."""
    rows = store.all(_MARKS, watchlist=watchlist)
    return {row["article"]: Mark(hit=row["hit"], article=row["article"], verdict=row["verdict"], reason=row["reason"]) for row in rows}


def standing_hits(store: Store, watchlist: str) -> dict[int, StandingHit]:
    """The hits of a watchlist by article."""
    return {row.pop("article"): StandingHit(**row) for row in store.all(_HITS, watchlist=watchlist)}


def hits_with_texts(store: Store, watchlist: str, since: datetime) -> Iterator[tuple[Hit, KeptText]]:
    """The hits of a watchlist found since an instant, each with its text, in order of their ids."""
    for row in store.all(_HITS_SINCE, watchlist=watchlist, since=since):
        hit, kept = get(store, row["id"]), text_of(store, row["article"])
        if hit is not None and kept is not None:
            yield hit, kept


def _kept(row: Row) -> KeptText:
    return KeptText(**{**row, "first_seen_at": from_text(row["first_seen_at"])})
