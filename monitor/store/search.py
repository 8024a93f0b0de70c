"""Hits as a reader looks for them: by words, names, feed, language, band and time; newest first, and counted for plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.store.driver import Row, Store, Value

MOST_NAMES = 4
MOST_ARTICLES = 2000
_MARGIN = 1000
"""Numbers of hits follow their times but for clocks that were set back: so many earlier ones are looked at too."""

_FIRST = "select id from hits where created_at >= :since order by created_at, id limit 1"
_SIZES = (50, 500, MOST_ARTICLES)
"""Articles are bound in lists of these sizes, filled up with none: a statement of its own for every list would fill the engines' caches."""

_NEWEST = "select max(created_at) as at from hits"
_FROM = "from hits h join articles a on a.id = h.article_id"
_COLUMNS = """
select h.id, h.watchlist, h.band, h.score, h.quiet, h.story_id as story, h.novelty, h.created_at, h.verdict_json, a.title, a.url, a.publisher, a.lang,
  a.published_at, (select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) as mark
"""
_ALWAYS = "h.id >= :low and h.created_at >= :since and h.created_at < :until"
# Put together with nothing, a watchlist's name is looked at hit by hit: its index would bring all of its hits before the newest could be found.
_CLAUSES = {
    "watchlist": "h.watchlist || '' = :watchlist",
    "band": "h.band = :band",
    "lang": "a.lang = :lang",
    "publisher": "a.publisher = :publisher",
    "mark": "(select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) = :mark",
    "before": "h.id < :before",
}
# From whichever side is smaller: the entries of a small feed, or the hits one after the other; `+ 0` keeps the latter off the index of feeds.
_OF_SMALL_FEED = "h.article_id in (select e.article_id from entries e where e.feed_id = :feed)"
_OF_LARGE_FEED = "exists (select 1 from entries e where e.article_id = h.article_id and e.feed_id + 0 = :feed)"
_FEED = "select id, (select count(*) from (select 1 as one from entries where feed_id = feeds.id limit :most) several) as entries from feeds where name = :name"
_SMALL_FEED = 20_000
_NAMED = "h.id in (select m.hit_id from mentions m where m.name = :name{n} and m.hit_id >= :low)"
_ALL = "select id, created_at from hits where created_at >= :since and created_at < :until order by created_at desc, id desc limit :most"
_HOURS = "select substr(created_at, 1, 13) as hour, count(*) as hits from ({chosen}) found group by substr(created_at, 1, 13) order by hour"
_NAMES = """
select f.id as hit, substr(f.created_at, 1, 13) as hour, m.name, max(m.title) as title from ({chosen}) f join mentions m on m.hit_id = f.id
where m.kind = 'entity' group by f.id, f.created_at, m.name order by f.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `names`: ids of entities or topics, all of which the hit mentions; `articles`: only hits of the first 2,000 of these.

    `mark`: what somebody thought last of the hit; `since` and `until` bound when it was found: [since, until).
    """

    since: datetime
    until: datetime
    watchlist: str = ""
    band: str = ""
    lang: str = ""
    publisher: str = ""
    feed: str = ""
    mark: str = ""
    names: tuple[str, ...] = ()
    articles: Sequence[int] | None = None


def found(store: Store, wanted: Wanted, limit: int, before: int | None = None) -> list[Row]:
    """Rows of hits, newest number first; `before`: only those with a lower number (the next page)."""
    where, values = _where(store, wanted, before)
    return store.all(f"{_COLUMNS} {_FROM} where {where} order by h.id desc limit :limit", limit=limit, **values)


def newest_at(store: Store) -> datetime | None:
    """When the newest hit was found; None where there is none."""
    row = store.one(_NEWEST)
    return None if row is None else from_text_or_none(row["at"])


def by_hour(store: Store, wanted: Wanted, most: int) -> list[Row]:
    """Rows (hour as `2024-09-26T07`, hits) over the newest `most` hits."""
    chosen, values = _chosen(store, wanted, most)
    return store.all(_HOURS.replace("{chosen}", chosen), **values)


def names_of_hits(store: Store, wanted: Wanted, most: int) -> list[Row]:
    """Rows (hit, hour as in `by_hour`, name, title), one for each entity of each of the newest `most` hits."""
    chosen, values = _chosen(store, wanted, most)
    return store.all(_NAMES.replace("{chosen}", chosen), **values)


def _filtered(wanted: Wanted) -> bool:
    return wanted.articles is not None or any(
        (wanted.watchlist, wanted.band, wanted.lang, wanted.publisher, wanted.feed, wanted.mark, wanted.names)
    )


def _chosen(store: Store, wanted: Wanted, most: int) -> tuple[str, dict[str, Value]]:
    if not _filtered(wanted):
        return _ALL, {"since": wanted.since, "until": wanted.until, "most": most}
    where, values = _where(store, wanted, None)
    source = _FROM if wanted.lang or wanted.publisher else "from hits h"
    return f"select h.id, h.created_at {source} where {where} order by h.id desc limit :most", {**values, "most": most}


def _where(store: Store, wanted: Wanted, before: int | None) -> tuple[str, dict[str, Value]]:
    first = store.one(_FIRST, since=wanted.since)
    values: dict[str, Value] = {"since": wanted.since, "until": wanted.until, "low": max(0, first["id"] - _MARGIN) if first else 0}
    clauses = [_ALWAYS]
    for name in ("watchlist", "band", "lang", "publisher", "mark"):
        if value := getattr(wanted, name):
            clauses.append(_CLAUSES[name])
            values[name] = value
    if wanted.feed:
        feed = store.one(_FEED, name=wanted.feed, most=_SMALL_FEED) or {"id": 0, "entries": 0}
        clauses.append(_OF_SMALL_FEED if feed["entries"] < _SMALL_FEED else _OF_LARGE_FEED)
        values["feed"] = feed["id"]
    if before is not None:
        clauses.append(_CLAUSES["before"])
        values["before"] = before
    for number, name in enumerate(wanted.names[:MOST_NAMES]):
        clauses.append(_NAMED.replace("{n}", str(number)))
        values[f"name{number}"] = name
    if wanted.articles is not None:
        size = next((size for size in _SIZES if len(wanted.articles) <= size), _SIZES[-1])
        filled = [*wanted.articles[:size], *([-1] * (size - len(wanted.articles)))]
        clauses.append(f"h.article_id in ({', '.join(f':article{n}' for n in range(size))})")
        values |= {f"article{n}": article for n, article in enumerate(filled)}
    return " and ".join(clauses), values
