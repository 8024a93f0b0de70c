"""The numbers of an instance for its metrics: what only ever grows is counted once and then on, the rest by indexes, so that a scrape stays cheap."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.store.driver import Store

_FEEDS = """
select state, count(*) as n from (
  select case when state <> 'active' then state when failing_since_at is not null then 'failing' when held_at is not null then 'held'
    when silent_since_at is not null then 'silent' else 'fine' end as state
  from feeds where state <> 'removed') each_feed group by state
"""
_OLDEST_SUCCESS = "select min(coalesce(last_success_at, created_at)) as at from feeds where state = 'active'"
# `<> 'done'` names what an index of the few that are not done holds. One statement: a page that comes meanwhile is seen by all of it or by none.
_ARTICLES = """
select (select count(*) from articles where id > :after) as fresh,
  (select count(*) from articles where state = 'pending' and state <> 'done') as pending,
  (select count(*) from articles where state = 'failed' and state <> 'done') as failed,
  (select count(*) from articles where state = 'dead' and state <> 'done') as dead
"""
# Put together with nothing, a watchlist's name does not lead through an index of all hits.
_HITS = "select watchlist || '' as label, count(*) as n from hits where id > :after group by watchlist || ''"
_STORIES = """
select (select count(*) from stories where id > :after) as fresh,
  (select count(*) from stories where watchlist in (select watchlist from watchlist_versions) and last_seen_at >= :since) as going_on
"""
_GROWS = {
    "articles": "select '' as label, count(*) as n from articles where id > :after and id <= :until",
    "hits": "select watchlist || '' as label, count(*) as n from hits where id > :after and id <= :until group by watchlist || ''",
    "stories": "select '' as label, count(*) as n from stories where id > :after and id <= :until",
}
"""Tables of which no row ever goes or changes its label."""

# Messages of alarms have no digest; their kind lies behind the body, which is long.
_DELIVERIES = """
select d.channel, a.outcome as result, count(*) as n from attempts a join deliveries d on d.id = a.delivery_id
join messages m on m.id = d.message_id where a.outcome is not null and m.digest_id is not null group by d.channel, a.outcome order by d.channel, a.outcome
"""
_OUTBOX = "select count(*) as n, min(created_at) as oldest_at from deliveries where state in ('pending', 'sending', 'parked')"
_TOLD = """
select s.name, max(v.delivered_at) as told_at,
  (select max(n.created_at) from digests n where n.subscription_id = s.id and n.kind = 'none') as nothing_at
from subscriptions s left join digests d on d.subscription_id = s.id left join messages m on m.digest_id = d.id
left join deliveries v on v.message_id = m.id and v.state = 'delivered'
group by s.id, s.name order by s.name
"""
_NEWEST_EVENT = "select coalesce(max(id), 0) as id from events"
_GAPS = "select count(*) as n from events where id > :after and id <= :until and kind = 'feed.gap'"


_UNSETTLED = {"sqlite": 0, "postgres": 20_000}
"""A file has one writer at a time; on a server a lower number may be committed after a higher one, while some thousand others come."""


class Totals:
    """How many rows there are in tables that only grow, and how far they were counted. Begun anew with the process; safe to use from several threads.

    unsettled: so many of the newest numbers are counted anew each time (None: as the engine needs it).
    """

    def __init__(self, unsettled: int | None = None) -> None:
        self._unsettled = unsettled
        self._lock = threading.Lock()
        self._counted: dict[str, tuple[int, Counter[str]]] = {}

    def settled(self, store: Store, table: str) -> tuple[int, Counter[str]]:
        """Up to which number the rows of a table are counted for good, and how many they are by label."""
        newest = store.one(f"select coalesce(max(id), 0) as id from {table}") or {"id": 0}
        with self._lock:
            after, counted = self._counted.get(table, (0, Counter()))
            if after > newest["id"]:  # another, younger database stands there, from a backup for instance
                after, counted = 0, Counter()
            unsettled = _UNSETTLED[store.engine] if self._unsettled is None else self._unsettled
            until = max(after, newest["id"] - unsettled)
            if until > after:
                rows = store.all(_GROWS[table], after=after, until=until)
                counted = counted + Counter({row["label"]: row["n"] for row in rows})
                self._counted[table] = until, counted
            return until, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the store can say in numbers. Feeds by condition, articles by stage, hits by watchlist, attempts by (channel, result).

    oldest_success_at: of the active feed that was read longest ago, its beginning where it never was; told_at: by subscription, when a digest of it
    was last accepted or a slot had nothing to tell. What expires is not counted (messages of alarms), for a count must not fall.
    """

    feeds: dict[str, int]
    oldest_success_at: datetime | None
    articles: dict[str, int]
    hits: dict[str, int]
    stories: dict[str, int]
    attempts: dict[tuple[str, str], int]
    waiting: int
    oldest_waiting_at: datetime | None
    told_at: dict[str, datetime]


def figures(store: Store, stories_since: datetime, subscriptions: Sequence[str], totals: Totals) -> Figures:
    """The figures now. `stories_since`: stories without a report since then take no more; `subscriptions`: those that count."""
    after, before = totals.settled(store, "articles")
    articles = store.one(_ARTICLES, after=after) or {}
    seen, given_up = before[""] + articles["fresh"], articles["failed"] + articles["dead"]
    after, before = totals.settled(store, "stories")
    stories = store.one(_STORIES, after=after, since=stories_since) or {}
    every = before[""] + stories["fresh"]
    after, before = totals.settled(store, "hits")
    hits = before + Counter({row["label"]: row["n"] for row in store.all(_HITS, after=after)})
    outbox = store.one(_OUTBOX) or {}
    oldest = store.one(_OLDEST_SUCCESS) or {}
    told = {row["name"]: max(row["told_at"] or "", row["nothing_at"] or "") for row in store.all(_TOLD)}
    return Figures(
        feeds={row["state"]: row["n"] for row in store.all(_FEEDS)},
        oldest_success_at=from_text_or_none(oldest["at"]),
        articles={"seen": seen, "read": seen - articles["pending"] - given_up, "given_up": given_up},
        hits=dict(hits),
        stories={"open": stories["going_on"], "closed": every - stories["going_on"]},
        attempts={(row["channel"], row["result"]): row["n"] for row in store.all(_DELIVERIES)},
        waiting=outbox["n"],
        oldest_waiting_at=from_text_or_none(outbox["oldest_at"]),
        told_at={name: at for name in subscriptions if (at := from_text_or_none(told.get(name) or None)) is not None},
    )


def newest_event(store: Store) -> int:
    """The number of the newest event; 0 where there is none."""
    row = store.one(_NEWEST_EVENT)
    return 0 if row is None else int(row["id"])


def gaps(store: Store, after: int, until: int) -> int:
    """How often a feed's list ran through between two polls, among the events with numbers in (after, until]."""
    row = store.one(_GAPS, after=after, until=until)
    return 0 if row is None else int(row["n"])
