"""The numbers of an instance for its metrics: what only ever grows is counted once and then on, the rest by indexes, so that a scrape stays cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.store.counted import count, count_apart, counted
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
select (select count(*) from articles{fresh}) as fresh,
  (select count(*) from articles where state = 'pending' and state <> 'done') as pending,
  (select count(*) from articles where state = 'failed' and state <> 'done') as failed,
  (select count(*) from articles where state = 'dead' and state <> 'done') as dead
"""
_GOING_ON = "select count(*) as n from stories where watchlist in (select watchlist from watchlist_versions) and last_seen_at >= :since"
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


def figures(store: Store, stories_since: datetime, subscriptions: Sequence[str]) -> Figures:
    """The figures now. `stories_since`: stories without a report since then take no more; `subscriptions`: those that count."""
    after, before = counted(store, "articles")
    fresh = _ARTICLES.replace("{fresh}", " where id > :after" if after else "")  # of all of them an index tells quickest
    articles = (store.one(fresh, after=after) if after else store.one(fresh)) or {}
    seen, given_up = before[""] + articles["fresh"], articles["failed"] + articles["dead"]
    going_on = (store.one(_GOING_ON, since=stories_since) or {"n": 0})["n"]
    outbox = store.one(_OUTBOX) or {}
    oldest = store.one(_OLDEST_SUCCESS) or {}
    told = {row["name"]: max(row["told_at"] or "", row["nothing_at"] or "") for row in store.all(_TOLD)}
    return Figures(
        feeds={row["state"]: row["n"] for row in store.all(_FEEDS)},
        oldest_success_at=from_text_or_none(oldest["at"]),
        articles={"seen": seen, "read": seen - articles["pending"] - given_up, "given_up": given_up},
        hits=dict(count_apart(store, "hits")),
        stories={"open": going_on, "closed": count(store, "stories") - going_on},
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
