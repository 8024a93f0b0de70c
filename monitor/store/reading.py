"""Lists read page by page, newest number first: of hits, stories, articles, feeds, digests and deliveries.

A page begins below a number (keyset), so that rows added meanwhile neither repeat nor hide one that was there. It looks at most at `WINDOW` numbers:
where few of them fit the filters it holds fewer rows than were asked for, or none, and still names where the next one begins. So no page reads all
of history, whatever is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from monitor.store.among import rows_among
from monitor.store.driver import Row, Store, Value

WINDOW = 10_000
_MARGIN = 1000
"""Numbers follow times but for clocks that were set back: so many more are looked at."""

_HITS = """
h.id, h.watchlist, h.band, h.score, h.quiet, h.story_id as story, h.novelty, h.created_at, h.revised_at, h.verdict_json, h.delta_json,
a.id as article, a.title, a.url, a.publisher, a.lang, a.published_at, a.first_seen_at,
(select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) as mark
"""
_STORIES = "s.id, s.watchlist, s.title, s.lang, s.first_seen_at, s.last_seen_at, s.created_at, s.hit_count as hits, s.earlier_id as earlier"
_ARTICLES = """
a.id, a.url, a.canonical_url, a.title, a.author, a.publisher, a.lang, a.state, a.text_source, a.published_at, a.first_seen_at, a.fetched_at, a.copy_of,
a.quiet, a.error_kind, a.error
"""
_FEEDS = """
f.id, f.name, f.url, f.title, f.lang, f.state, f.interval_s, f.next_poll_at, f.last_polled_at, f.last_success_at, f.last_new_at, f.silent_since_at,
f.polls, f.fail_count, f.failing_since_at, f.error_kind, f.error, f.note, f.created_at
"""
_DIGESTS = """
d.id, d.uid, s.name as subscription, l.label as slot, d.kind, d.subject, d.hit_count as hits, d.covers_from_at, d.covers_to_at, d.created_at
"""
_DELIVERIES = """
d.id, d.channel, d.destination, d.state, d.attempts, d.next_attempt_at, d.created_at, d.delivered_at, d.last_code, d.last_error, m.uid as message,
m.subject, m.digest_id as digest
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list: its columns and tables, its number and time, and the clause of each filter, which binds a value of the filter's name.

    `ordered`: numbers follow the time, so that since and until bound them. `articles`: the column that a search for words chooses by.
    """

    columns: str
    source: str
    key: str
    table: str
    time: str = ""
    ordered: bool = True
    always: str = ""
    articles: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


def _equal(column: str, name: str) -> str:
    """Put together with nothing, a column is compared row by row: an index on it would bring all rows before the newest could be found."""
    return f"{column} || '' = :{name}"


_OF_FEED = (
    "exists (select 1 from entries e where e.article_id = {article} and e.feed_id + 0 = (select f.id from feeds f where f.name = :feed))"
)

LISTINGS: Mapping[str, Listing] = MappingProxyType(
    {
        "hits": Listing(
            columns=_HITS,
            source="hits h join articles a on a.id = h.article_id",
            key="h.id",
            table="hits",
            time="created_at",
            articles="h.article_id",
            filters={
                **{name: _equal(f"h.{name}", name) for name in ("watchlist", "band")},
                **{name: _equal(f"a.{name}", name) for name in ("lang", "publisher")},
                "story": "h.story_id + 0 = :story",
                "name": "exists (select 1 from mentions m where m.hit_id = h.id and m.name = :name)",
                "feed": _OF_FEED.replace("{article}", "h.article_id"),
                "mark": "(select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) = :mark",
                "quiet": "h.quiet = :quiet",
            },
        ),
        "stories": Listing(
            columns=_STORIES,
            source="stories s",
            key="s.id",
            table="stories",
            time="last_seen_at",
            ordered=False,
            always="s.merged_into_id is null",
            filters={name: _equal(f"s.{name}", name) for name in ("watchlist", "lang")},
        ),
        "articles": Listing(
            columns=_ARTICLES,
            source="articles a",
            key="a.id",
            table="articles",
            time="first_seen_at",
            articles="a.id",
            filters={
                **{name: _equal(f"a.{name}", name) for name in ("state", "lang", "publisher")},
                "feed": _OF_FEED.replace("{article}", "a.id"),
            },
        ),
        "feeds": Listing(
            columns=_FEEDS,
            source="feeds f",
            key="f.id",
            table="feeds",
            filters={"state": _equal("f.state", "state"), "lang": _equal("f.lang", "lang")},
        ),
        "digests": Listing(
            columns=_DIGESTS,
            source="digests d join subscriptions s on s.id = d.subscription_id left join slots l on l.id = d.slot_id",
            key="d.id",
            table="digests",
            time="created_at",
            filters={"subscription": _equal("s.name", "subscription"), "kind": _equal("d.kind", "kind")},
        ),
        "deliveries": Listing(
            columns=_DELIVERIES,
            source="deliveries d join messages m on m.id = d.message_id",
            key="d.id",
            table="deliveries",
            time="created_at",
            filters={**{name: _equal(f"d.{name}", name) for name in ("state", "channel")}, "digest": "m.digest_id + 0 = :digest"},
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows, newest number first, and below which number the next page begins; None: this was the last."""

    rows: Sequence[Row]
    before: int | None


def page(
    store: Store,
    name: str,
    filters: Mapping[str, Value],
    limit: int,
    before: int | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    words: str = "",
    most_words: int = 2000,
    window: int = WINDOW,
) -> Page:
    """One page of a list. `filters` by their names; [since, until) by the list's time; `words`: only articles found by `store.search`."""
    listing = LISTINGS[name]
    floor, top = _bounds(store, listing, since, until)
    top = top if before is None else min(top, before)
    if floor >= top:
        return Page(rows=(), before=None)
    clauses = [listing.filters[each] for each in filters] + [listing.always] * bool(listing.always)
    values: dict[str, Value] = dict(filters)
    alias = listing.key.partition(".")[0]
    for clause, given in ((f"{alias}.{listing.time} >= :since", since), (f"{alias}.{listing.time} < :until", until)):
        if given is not None:
            clauses.append(clause)
            values[clause.rpartition(":")[2]] = given
    if words:
        rows = _chosen(store, listing, clauses, store.search(words, most_words), {**values, "low": floor, "top": top, "limit": limit + 1})
        return Page(rows=rows[:limit], before=rows[limit - 1]["id"] if len(rows) > limit else None)
    low = max(floor, top - window)
    rows = store.all(_sql(listing, clauses), **values, low=low, top=top, limit=limit + 1)
    if len(rows) > limit:
        return Page(rows=rows[:limit], before=rows[limit - 1]["id"])
    return Page(rows=rows, before=low if low > floor else None)


def one(store: Store, name: str, number: int) -> Row | None:
    """One row of a list by its number, or None."""
    listing = LISTINGS[name]
    return store.one(_sql(listing, []), low=number, top=number + 1, limit=1)


def _sql(listing: Listing, clauses: Sequence[str]) -> str:
    where = " and ".join((f"{listing.key} >= :low", f"{listing.key} < :top", *clauses))
    return f"select {listing.columns} from {listing.source} where {where} order by {listing.key} desc limit :limit"


def _chosen(store: Store, listing: Listing, clauses: Sequence[str], articles: Sequence[int], values: Mapping[str, Value]) -> list[Row]:
    sql = _sql(listing, [*clauses, f"{listing.articles} in ({{numbers}})"])
    return sorted(rows_among(store, sql, articles, **values), key=lambda row: -int(row["id"]))


def _bounds(store: Store, listing: Listing, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Between which numbers the rows lie: [floor, top)."""
    newest = store.one(f"select coalesce(max(id), 0) as id from {listing.table}")
    floor, top = 1, (0 if newest is None else int(newest["id"])) + 1
    if listing.ordered and since is not None:
        sql = f"select id from {listing.table} where {listing.time} >= :since order by {listing.time}, id limit 1"
        first = store.one(sql, since=since)
        floor = top if first is None else max(floor, int(first["id"]) - _MARGIN)
    if listing.ordered and until is not None:
        sql = f"select id from {listing.table} where {listing.time} < :until order by {listing.time} desc, id desc limit 1"
        last = store.one(sql, until=until)
        top = floor if last is None else min(top, int(last["id"]) + 1 + _MARGIN)
    return floor, top
