"""Feeds: the configured ones as rows, what is due, and what each poll taught. Validators advance only with the entries they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.config import FeedSettings, FeedsSettings
from monitor.hours import from_text_or_none
from monitor.model import Feed, Site
from monitor.store import entries, sites
from monitor.store.driver import Row, Store
from monitor.store.entries import EntryCounts, Sighted
from monitor.store.sites import LeaseLost
from monitor.store.steps import record_event
from monitor.urls import host

_COLUMNS = """
id, site_id, name, url, lang, state, etag, last_modified, body_hash, title, interval_s, next_poll_at, last_polled_at, last_success_at, last_new_at,
baseline_at, fail_count, failing_since_at, error_kind, error, note
"""
_ALL = f"select {_COLUMNS} from feeds order by name"
_BY_NAME = f"select {_COLUMNS} from feeds where name = :name"
_DUE = f"select {_COLUMNS} from feeds where site_id = :site and state = 'active' and next_poll_at <= :now order by next_poll_at, id"
_INSERT = """
insert into feeds(site_id, name, url, lang, title, interval_s, next_poll_at, created_at)
values (:site, :name, :url, :lang, :title, :interval, :now, :now)
"""
_MOVE = """
update feeds set site_id = :site, url = :url, lang = :lang, etag = null, last_modified = null, body_hash = null, state = 'active',
  fail_count = 0, failing_since_at = null, error_kind = null, error = null, next_poll_at = :now where id = :id
"""
_KEEP = "update feeds set lang = :lang, interval_s = case when interval_s > :most then :most else interval_s end where id = :id"
_STATE = "update feeds set state = :state, next_poll_at = :next where id = :id"
_SUCCESS = """
update feeds set etag = :etag, last_modified = :modified, body_hash = :body, title = case when :title = '' then title else :title end,
  interval_s = :interval, next_poll_at = :next, last_polled_at = :now, last_success_at = :now, polls = polls + 1, note = :note,
  last_new_at = case when :new > 0 then :now else last_new_at end, baseline_at = coalesce(baseline_at, :now),
  fail_count = 0, failing_since_at = null, error_kind = null, error = null where id = :id
"""
_FAILURE = """
update feeds set state = :state, next_poll_at = :next, last_polled_at = :now, polls = polls + 1, fail_count = fail_count + 1,
  failing_since_at = coalesce(failing_since_at, :now), error_kind = :kind, error = :error where id = :id
"""
_PUT_OFF = "update feeds set next_poll_at = :until where id = :id"
_MAKE_DUE = "update feeds set next_poll_at = :now where state = 'active'"
_SITES_DUE = """
update sites set due_at = :now where owner is null and id in (select site_id from feeds where state = 'active' and next_poll_at <= :now)
"""
_STATS = """
select f.name, count(e.id) as entries, sum(case when e.first_seen_at >= :since then 1 else 0 end) as recent, max(e.first_seen_at) as newest_at,
  (select count(distinct h.id) from hits h join entries x on x.article_id = h.article_id where x.feed_id = f.id) as hits,
  f.polls, f.interval_s, f.fail_count
from feeds f left join entries e on e.feed_id = f.id where f.state <> 'removed' group by f.id order by f.name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A poll that went well: what it found and what the feed taught for the next one."""

    etag: str | None
    last_modified: str | None
    body_hash: str | None
    title: str
    interval_s: int
    next_poll_at: datetime
    note: str = ""
    found: tuple[Sighted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailure:
    """A poll that failed: in plain words, and when the feed is asked again (None: never, it is gone)."""

    kind: str
    error: str
    next_poll_at: datetime | None


def sync(store: Store, configured: Sequence[FeedSettings], defaults: FeedsSettings, now: datetime) -> None:
    """Brings the rows in line with the configuration: added, moved to another address (validators dropped), removed (history kept), back again."""
    with store.write():
        rows = {feed.name: feed for feed in every(store)}
        wanted = {feed.name: feed for feed in configured if feed.enabled}
        for name, settings in wanted.items():
            _sync_one(store, rows.get(name), settings, defaults, now)
        for name, feed in rows.items():
            if name not in wanted and feed.state != "removed":
                store.run(_STATE, id=feed.id, state="removed", next=None)


def _sync_one(store: Store, row: Feed | None, settings: FeedSettings, defaults: FeedsSettings, now: datetime) -> None:
    interval = (settings.interval_min or defaults.interval_min) * 60
    if row is None:
        site = sites.ensure(store, host(settings.url), now, now)
        fields = {"name": settings.name, "url": settings.url, "lang": settings.lang, "title": settings.title}
        store.run(_INSERT, site=site, interval=interval, now=now, **fields)
    elif row.url != settings.url:
        site = sites.ensure(store, host(settings.url), now, now)
        store.run(_MOVE, id=row.id, site=site, url=settings.url, lang=settings.lang, now=now)
    else:
        if row.state == "removed":
            sites.ensure(store, host(settings.url), now, now)
            store.run(_STATE, id=row.id, state="active", next=now)
        most = defaults.max_interval_h * 3600
        if row.lang != settings.lang or row.interval_s > most:
            store.run(_KEEP, id=row.id, lang=settings.lang, most=most)


def every(store: Store) -> tuple[Feed, ...]:
    """Every feed ever configured, by name."""
    return tuple(_feed(row) for row in store.all(_ALL))


def get(store: Store, name: str) -> Feed | None:
    """One feed by its name, or None."""
    row = store.one(_BY_NAME, name=name)
    return None if row is None else _feed(row)


def due(store: Store, site_id: int, now: datetime) -> tuple[Feed, ...]:
    """The site's feeds that are due, longest due first."""
    return tuple(_feed(row) for row in store.all(_DUE, site=site_id, now=now))


def save_poll(store: Store, site: Site, feed: Feed, polled: Polled, now: datetime, lease_until_at: datetime) -> EntryCounts:
    """Stores what a poll found in one transaction: fence, entries and articles, validators, next due time. Raises LeaseLost."""
    with store.write():
        _fence(store, site, lease_until_at)
        counts = entries.save(store, feed.id, polled.found, now)
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
            now=now,
        )
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


def set_state(store: Store, name: str, state: str, now: datetime) -> bool:
    """Pauses or resumes a feed. False where there is no such feed."""
    feed = get(store, name)
    if feed is None or feed.state == "removed":
        return False
    with store.write():
        store.run(_STATE, id=feed.id, state=state, next=now if state == "active" else None)
        if state == "active":
            sites.ensure(store, host(feed.url), now, now)
    return True


def put_off(store: Store, feed_id: int, until: datetime) -> None:
    """Makes a feed due at an instant, with nothing learnt about it."""
    with store.write():
        store.run(_PUT_OFF, id=feed_id, until=until)


def make_due(store: Store, now: datetime) -> None:
    """Makes every active feed due now, whatever its schedule says; a block on a host stays."""
    with store.write():
        store.run(_MAKE_DUE, now=now)
        store.run(_SITES_DUE, now=now)


def stats(store: Store, since: datetime) -> list[Row]:
    """Per feed: entries ever and since an instant, hits, polls."""
    return store.all(_STATS, since=since)


def _fence(store: Store, site: Site, lease_until_at: datetime) -> None:
    if site.owner is None or not sites.renew(store, site.id, site.owner, lease_until_at):
        raise LeaseLost(site.host)


def _feed(row: Row) -> Feed:
    instants = {name: from_text_or_none(row[name]) for name in row if name.endswith("_at")}
    return Feed(**{**row, **instants})
