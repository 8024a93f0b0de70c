"""The numbers of an instance for its metrics: counted by indexes, so that a scrape stays cheap beside years of history."""

from __future__ import annotations

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
# `<> 'done'` names what an index of the few that are not done holds.
_ARTICLES = """
select (select count(*) from articles) as seen,
  (select count(*) from articles where state = 'pending' and state <> 'done') as pending,
  (select count(*) from articles where state = 'failed' and state <> 'done') as failed,
  (select count(*) from articles where state = 'dead' and state <> 'done') as dead
"""
_HITS = "select watchlist, count(*) as n from hits group by watchlist order by watchlist"
_STORIES = """
select (select count(*) from stories) as every,
  (select count(*) from stories where watchlist in (select watchlist from watchlist_versions) and last_seen_at >= :since) as going_on
"""
_DELIVERIES = """
select d.channel, a.outcome as result, count(*) as n from attempts a join deliveries d on d.id = a.delivery_id
join messages m on m.id = d.message_id where a.outcome is not null and m.kind <> 'alarm' group by d.channel, a.outcome order by d.channel, a.outcome
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
    articles = store.one(_ARTICLES) or {}
    stories = store.one(_STORIES, since=stories_since) or {}
    outbox = store.one(_OUTBOX) or {}
    oldest = store.one(_OLDEST_SUCCESS) or {}
    told = {row["name"]: max(row["told_at"] or "", row["nothing_at"] or "") for row in store.all(_TOLD)}
    given_up = articles["failed"] + articles["dead"]
    return Figures(
        feeds={row["state"]: row["n"] for row in store.all(_FEEDS)},
        oldest_success_at=from_text_or_none(oldest["at"]),
        articles={"seen": articles["seen"], "read": articles["seen"] - articles["pending"] - given_up, "given_up": given_up},
        hits={row["watchlist"]: row["n"] for row in store.all(_HITS)},
        stories={"open": stories["going_on"], "closed": stories["every"] - stories["going_on"]},
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
