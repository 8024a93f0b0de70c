"""Feeds: the configured ones as rows, their states, what they brought. What polls teach is in polls.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.config import FeedSettings, FeedsSettings
from monitor.hours import from_text_or_none
from monitor.model import Feed
from monitor.store import sites
from monitor.store.driver import Row, Store
from monitor.store.workers import hold
from monitor.urls import host

COLUMNS = """
id, site_id, name, url, lang, state, etag, last_modified, body_hash, title, interval_s, next_poll_at, last_polled_at, last_success_at, last_new_at,
baseline_at, fail_count, failing_since_at, error_kind, error, note
"""
_ALL = f"select {COLUMNS} from feeds order by name"
_BY_NAME = f"select {COLUMNS} from feeds where name = :name"
_INSERT = """
insert into feeds(site_id, name, url, configured_url, lang, title, interval_s, next_poll_at, created_at)
values (:site, :name, :url, :url, :lang, :title, :interval, :now, :now)
"""
_MOVE = """
update feeds set site_id = :site, url = :url, configured_url = :url, lang = :lang, etag = null, last_modified = null, body_hash = null,
  answered_url = '', asks_json = '{}', full_at = null, moved_url = null, moved_since_at = null, moved_count = 0, state = 'active',
  fail_count = 0, failing_since_at = null, error_kind = null, error = null, next_poll_at = :now where id = :id
"""
_KEEP = "update feeds set lang = :lang, interval_s = case when interval_s > :most then :most else interval_s end where id = :id"
_STATE = "update feeds set state = :state, next_poll_at = :next where id = :id"
_CONFIGURED = "select configured_url from feeds where id = :id"
_LET_GO = """
update articles set next_read_at = :now where state = 'pending' and next_read_at > :now and id in (
  select e.article_id from entries e join feeds f on f.id = e.feed_id where f.id = :id and e.first_seen_at >= f.held_at)
"""
_WAKE_SITES = """
update sites set due_at = :now where owner is null and id in (
  select a.site_id from articles a join entries e on e.article_id = a.id where e.feed_id = :id and a.state = 'pending' and a.next_read_at <= :now)
"""
_RELEASE = "update feeds set held_at = null, held_kind = '', held_reason = '', note = '' where id = :id and held_at is not null"
_MAKE_DUE = "update feeds set next_poll_at = :now where state = 'active'"
_SITES_DUE = """
update sites set due_at = :now where owner is null and id in (select site_id from feeds where state = 'active' and next_poll_at <= :now)
"""
_STATS = """
select f.name, (select count(*) from entries e where e.feed_id = f.id) as entries,
  (select count(*) from entries e where e.feed_id = f.id and e.first_seen_at >= :since) as recent,
  (select max(e.first_seen_at) from entries e where e.feed_id = f.id) as newest_at,
  (select count(distinct h.id) from entries e join hits h on h.article_id = e.article_id where e.feed_id = f.id) as hits,
  f.polls, f.interval_s, f.fail_count
from feeds f where f.state <> 'removed' and (cast(:name as text) is null or f.name = :name) order by f.name
"""
_WATCHED = f"""
select {", ".join(f"f.{name.strip()}" for name in COLUMNS.split(","))}, f.polls, f.full_at, f.held_at, f.held_kind, f.held_reason, f.silent_since_at,
  f.answered_url, f.moved_url, s.host, s.blocked_until_at, s.block_reason
from feeds f join sites s on s.id = f.site_id
where f.state <> 'removed' and (cast(:name as text) is null or f.name = :name) order by f.name
"""
_ARRIVALS = """
select feed_id, substr(hour_at, 1, 10) as day, sum(entries) as entries, count(*) as hours from arrivals
where hour_at >= :since and (cast(:feed as integer) is null or feed_id = :feed) group by feed_id, substr(hour_at, 1, 10) order by feed_id, day
"""
_NAMED = "select name, title from feeds where state <> 'removed' order by name"
_EVENTS_OF = "select happened_at, kind, detail from events where subject = :name and kind like 'feed.%' order by id desc limit :limit"
_ENTRIES_OF = """
select e.title, e.url, e.published_at, e.first_seen_at, e.lang, a.id as article, a.state, a.text_source,
  (select min(h.id) from hits h where h.article_id = a.id) as hit
from entries e join articles a on a.id = e.article_id where e.feed_id = :id order by e.first_seen_at desc, e.id desc limit :limit
"""


def sync(store: Store, configured: Sequence[FeedSettings], defaults: FeedsSettings, now: datetime) -> None:
    """Brings the rows in line with the configuration: added, given another address (validators dropped), removed (history kept), back again.

    The address that permanent redirects have led to stays, as long as the configured one is the same.
    """
    with store.write():
        hold(store, "configuration")
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
    elif _configured_url(store, row.id) != settings.url:
        site = sites.ensure(store, host(settings.url), now, now)
        store.run(_MOVE, id=row.id, site=site, url=settings.url, lang=settings.lang, now=now)
    else:
        if row.state == "removed":
            sites.ensure(store, host(row.url), now, now)
            store.run(_STATE, id=row.id, state="active", next=now)
        most = defaults.max_interval_h * 3600
        if row.lang != settings.lang or row.interval_s > most:
            store.run(_KEEP, id=row.id, lang=settings.lang, most=most)


def _configured_url(store: Store, feed_id: int) -> str:
    row = store.one(_CONFIGURED, id=feed_id)
    return "" if row is None else str(row["configured_url"])


def every(store: Store) -> tuple[Feed, ...]:
    """Every feed ever configured, by name."""
    return tuple(feed_of(row) for row in store.all(_ALL))


def get(store: Store, name: str) -> Feed | None:
    """One feed by its name, or None."""
    row = store.one(_BY_NAME, name=name)
    return None if row is None else feed_of(row)


def set_state(store: Store, name: str, state: str, now: datetime) -> bool:
    """Pauses or resumes a feed; resuming lets go what was held. False where there is no such feed."""
    feed = get(store, name)
    if feed is None or feed.state == "removed":
        return False
    with store.write():
        store.run(_STATE, id=feed.id, state=state, next=now if state == "active" else None)
        if state == "active":
            sites.ensure(store, host(feed.url), now, now)
            store.run(_LET_GO, id=feed.id, now=now)
            store.run(_WAKE_SITES, id=feed.id, now=now)
            store.run(_RELEASE, id=feed.id)
    return True


def make_due(store: Store, now: datetime) -> None:
    """Makes every active feed due now, whatever its schedule says; a block on a host stays."""
    with store.write():
        store.run(_MAKE_DUE, now=now)
        store.run(_SITES_DUE, now=now)


def stats(store: Store, since: datetime, name: str | None = None) -> list[Row]:
    """Per feed, or of one: entries ever and since an instant, hits, polls."""
    return store.all(_STATS, since=since, name=name)


def watched(store: Store, name: str | None = None) -> list[Row]:
    """Rows of the feeds that are configured, by name, or of one, with what their site and their silence say; times are instants."""
    return [_with_instants(row) for row in store.all(_WATCHED, name=name)]


def named(store: Store) -> list[tuple[str, str]]:
    """The feeds that are configured as (name, title), by name."""
    return [(row["name"], row["title"]) for row in store.all(_NAMED)]


def arrivals(store: Store, since: datetime, feed: int | None = None) -> dict[int, list[Row]]:
    """By feed, or of one: the days (UTC, `2024-09-26`) since an instant on which something new came, with how many `entries` in how many `hours`."""
    found: dict[int, list[Row]] = {}
    for row in store.all(_ARRIVALS, since=since, feed=feed):
        found.setdefault(row["feed_id"], []).append(row)
    return found


def events_of(store: Store, name: str, limit: int) -> list[Row]:
    """What happened to a feed (failing, recovered, moved, held, a gap), newest first; times are instants."""
    return [_with_instants(row) for row in store.all(_EVENTS_OF, name=name, limit=limit)]


def entries_of(store: Store, feed_id: int, limit: int) -> list[Row]:
    """The newest entries of a feed with what became of them: their article and its first hit; times are instants."""
    return [_with_instants(row) for row in store.all(_ENTRIES_OF, id=feed_id, limit=limit)]


def _with_instants(row: Row) -> Row:
    return {name: from_text_or_none(value) if name.endswith("_at") else value for name, value in row.items()}


def feed_of(row: Row) -> Feed:
    """A row of these columns as a feed."""
    instants = {name: from_text_or_none(row[name]) for name in row if name.endswith("_at")}
    return Feed(**{**row, **instants})
