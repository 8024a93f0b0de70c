"""Polls: which feeds are due at a site, what was learnt of them, and what a poll leaves. Validators advance only with the entries they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.model import Feed, Site
from monitor.store import entries, sites
from monitor.store.alarms import arrived
from monitor.store.driver import Row, Store
from monitor.store.entries import EntryCounts, Sighted
from monitor.store.feeds import COLUMNS, feed_of
from monitor.store.sites import LeaseLost
from monitor.store.steps import record_event
from monitor.urls import host

_MEMORY = "configured_url, answered_url, asks_json, full_at, moved_url, moved_since_at, moved_count, held_at, held_kind, held_reason"
_AT_SITE = f"select {COLUMNS}, {_MEMORY} from feeds where site_id = :site and state = 'active' order by next_poll_at, id"
_SUCCESS = """
update feeds set etag = :etag, last_modified = :modified, body_hash = :body, title = case when :title = '' then title else :title end,
  interval_s = :interval, next_poll_at = :next, last_polled_at = :now, last_success_at = :now, polls = polls + 1, note = :note,
  last_new_at = case when :new > 0 then :now else last_new_at end, baseline_at = coalesce(baseline_at, :baseline),
  answered_url = :answered, asks_json = :asks, full_at = :full, moved_url = :moved, moved_since_at = :moved_since, moved_count = :moved_count,
  held_at = :held, held_kind = :held_kind, held_reason = :held_reason,
  fail_count = 0, failing_since_at = null, error_kind = null, error = null where id = :id
"""
_FAILURE = """
update feeds set state = :state, next_poll_at = :next, last_polled_at = :now, polls = polls + 1, fail_count = fail_count + 1,
  failing_since_at = coalesce(failing_since_at, :now), error_kind = :kind, error = :error where id = :id
"""
_PUT_OFF = "update feeds set next_poll_at = :until where id = :id"
_SETTLE = "update feeds set url = :url, site_id = :site where id = :id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What polls have learnt of a feed, and hand on to the next.

    answered_url  the address that gave the validators: nobody else is sent them
    asks_json     what the feed asked for with its last full answer; full_at: when that was
    moved_*       the permanent redirect seen, since when, on how many polls
    held_*        its newest entries wait: since when, why (flood | other-feed), in plain words
    """

    configured_url: str = ""
    answered_url: str = ""
    asks_json: str = "{}"
    full_at: datetime | None = None
    moved_url: str | None = None
    moved_since_at: datetime | None = None
    moved_count: int = 0
    held_at: datetime | None = None
    held_kind: str = ""
    held_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtSite:
    """A feed of a site with what was learnt of it."""

    feed: Feed
    memory: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A poll that went well: what it found and what the feed taught for the next one.

    baseline_at  this instant, where the poll may count as the feed's first look: it was whole and had entries
    settled_url  the address that the feed has moved to, for good
    gap          items may have run through unseen since the poll before
    """

    etag: str | None
    last_modified: str | None
    body_hash: str | None
    title: str
    interval_s: int
    next_poll_at: datetime
    memory: Memory
    note: str = ""
    gap: bool = False
    found: tuple[Sighted, ...] = ()
    settled_url: str = ""
    baseline_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailure:
    """A poll that failed: in plain words, and when the feed is asked again (None: never, it is gone)."""

    kind: str
    error: str
    next_poll_at: datetime | None


def at_site(store: Store, site_id: int) -> tuple[AtSite, ...]:
    """The site's active feeds, longest due first."""
    names = _MEMORY.split(", ")
    return tuple(
        AtSite(
            feed=feed_of({name: value for name, value in row.items() if name not in names}),
            memory=_memory({name: row[name] for name in names}),
        )
        for row in store.all(_AT_SITE, site=site_id)
    )


def save_poll(store: Store, site: Site, feed: Feed, polled: Polled, now: datetime, lease_until_at: datetime) -> EntryCounts:
    """Stores what a poll found in one transaction: fence, entries and articles, validators, next due time. Raises LeaseLost."""
    memory = polled.memory
    with store.write(durable=bool(polled.found)):
        _fence(store, site, lease_until_at)
        counts = entries.save(store, feed.id, polled.found, now, first=feed.last_new_at is None)
        store.run(
            _SUCCESS,
            id=feed.id,
            etag=polled.etag,
            modified=polled.last_modified,
            body=polled.body_hash,
            title=polled.title,
            interval=polled.interval_s,
            next=polled.next_poll_at,
            note=polled.note,
            new=counts.new,
            baseline=polled.baseline_at,
            answered=memory.answered_url,
            asks=memory.asks_json,
            full=memory.full_at,
            moved=memory.moved_url,
            moved_since=memory.moved_since_at,
            moved_count=memory.moved_count,
            held=memory.held_at,
            held_kind=memory.held_kind,
            held_reason=memory.held_reason,
            now=now,
        )
        if polled.settled_url:
            settled_site = sites.ensure(store, host(polled.settled_url), polled.next_poll_at, now)
            store.run(_SETTLE, id=feed.id, url=polled.settled_url, site=settled_site)
            record_event(store, now, "feed.moved", feed.name, f"from {feed.url} to {polled.settled_url}")
        if counts.new and feed.baseline_at is not None:
            arrived(store, feed.id, counts.new, now)
        if polled.gap:
            record_event(store, now, "feed.gap", feed.name, polled.note)
        if memory.held_at == now:
            record_event(store, now, f"feed.{memory.held_kind}", feed.name, memory.held_reason)
        if feed.failing_since_at is not None:
            record_event(store, now, "feed.recovered", feed.name, f"after {feed.fail_count} failed polls")
    return counts


def save_failure(store: Store, site: Site, feed: Feed, failure: PollFailure, now: datetime, lease_until_at: datetime) -> None:
    """Records a failed poll; validators and entries stay as they are. Raises LeaseLost."""
    state = "gone" if failure.next_poll_at is None else feed.state
    with store.write():
        _fence(store, site, lease_until_at)
        store.run(_FAILURE, id=feed.id, state=state, next=failure.next_poll_at, now=now, kind=failure.kind, error=failure.error)
        if state == "gone":
            record_event(store, now, "feed.gone", feed.name, failure.error)
        elif feed.failing_since_at is None:
            record_event(store, now, "feed.failing", feed.name, failure.error)


def put_off(store: Store, feed_id: int, until: datetime) -> None:
    """Makes a feed due at an instant, with nothing learnt about it."""
    with store.write():
        store.run(_PUT_OFF, id=feed_id, until=until)


def _fence(store: Store, site: Site, lease_until_at: datetime) -> None:
    if site.owner is None or not sites.renew(store, site.id, site.owner, lease_until_at):
        raise LeaseLost(site.host)


def _memory(row: Row) -> Memory:
    instants = {name: from_text_or_none(row[name]) for name in row if name.endswith("_at")}
    return Memory(**{**row, **instants})
