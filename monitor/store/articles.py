"""Articles and their texts: what is to be read, what was read, what came out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text, from_text_or_none
from monitor.model import Article, Site
from monitor.store.among import rows_among
from monitor.store.driver import Row, Store, Value
from monitor.store.sites import LeaseLost, ensure, renew
from monitor.store.steps import fact, set_fact
from monitor.text import fold
from monitor.urls import host

_PENDING = """
select a.id, a.url, a.title, a.summary, a.lang, a.published_at, a.first_seen_at, a.attempts, a.strikes, a.quiet,
  (select max(f.name) from entries e join feeds f on f.id = e.feed_id where e.article_id = a.id) as feed
from articles a where a.site_id = :site and a.state = 'pending' and a.next_read_at <= :now
order by a.quiet, a.first_seen_at desc, a.id limit :limit
"""
_BEGIN = "update articles set attempts = attempts + 1, next_read_at = :again where id = :id and state = 'pending'"
_STRIKE = "update articles set strikes = strikes + 1 where id = :id"
_UNSTRIKE = "update articles set strikes = strikes - 1 where id = :id and strikes > 0 and state = 'pending'"
_POSTPONE = """
update articles set next_read_at = :again, error_kind = :kind, error = :error, http_status = :status where id = :id
"""
_FORWARD = """
update articles set url = :url, site_id = :site, next_read_at = :now, strikes = 0, error_kind = null, error = null, http_status = :status
where id = :id and state = 'pending'
"""
_SAVE_PAGE = """
update articles set state = 'done', kind = :kind, text_source = :source, title = :title, author = :author, publisher = :publisher,
  lang = :lang, lang_source = :lang_source, published_at = :published, canonical_url = :canonical, canonical_key = :canonical_key,
  fetched_at = :now, http_status = :status, error_kind = null, error = null, strikes = 0, next_read_at = null,
  text_hash = :hash, sketch = :sketch, sketch_size = :size, copy_of = :copy_of, text_of = :text_of, quiet = :quiet, matched_rev = 0
where id = :id
"""
_SAVE_FEED_TEXT = """
update articles set state = :state, kind = :kind, text_source = 'feed', lang = :lang, lang_source = :lang_source, publisher = :publisher,
  error_kind = :error_kind, error = :error, http_status = :status, next_read_at = null, text_hash = :hash, matched_rev = 0
where id = :id
"""
_TEXT = """
insert into texts(article_id, text, folded) values (:id, :text, :folded)
on conflict(article_id) do update set text = :text, folded = :folded
"""
_SKETCH_VALUE = "insert into sketch_values(value, article_id) values (:value, :id) on conflict do nothing"
_COLUMNS = """
a.id, a.url, a.canonical_url, a.title, a.author, a.publisher, a.lang, a.published_at, a.first_seen_at, a.fetched_at, a.state,
a.text_source, coalesce(t.text, '') as text, a.text_hash, a.copy_of, a.quiet, a.matched_rev
"""
_ONE = f"select {_COLUMNS} from articles a left join texts t on t.article_id = coalesce(a.text_of, a.id) where a.id = :id"
_BY_URL = f"""
select {_COLUMNS} from articles a left join texts t on t.article_id = coalesce(a.text_of, a.id)
where a.url_key = :key or a.canonical_key = :key order by a.id limit 1
"""
_LIST = """
select a.id, a.title, a.url, a.lang, a.state, a.kind, a.text_source, a.publisher, a.published_at, a.first_seen_at, a.fetched_at,
  a.error_kind, a.error, a.attempts, a.quiet, a.copy_of
from articles a where {state}a.first_seen_at >= :since order by a.first_seen_at desc, a.id desc limit :limit
"""
# Named twice, so that SQLite knows the index of those that are not done to hold them all.
_OF_STATE = "a.state = :state and a.state <> 'done' and "
_SIGHTINGS = """
select f.name as feed, e.title, e.url, e.published_at, e.first_seen_at, e.revision from entries e join feeds f on f.id = e.feed_id
where e.article_id = :id order by e.first_seen_at, e.id
"""
_PAGE = """
select a.id, a.first_seen_at, coalesce(a.text_of, a.id) as text from articles a
where a.first_seen_at >= :since and a.first_seen_at < :before and (a.first_seen_at > :since or a.id > :after)
order by a.first_seen_at, a.id limit :limit
"""
_UNNEEDED = """
select t.article_id as id from texts t join articles a on a.id = t.article_id
where t.article_id in ({numbers}) and a.first_seen_at < :before and a.matched_rev > 0 and not exists (select 1 from hits h where h.article_id = a.id)
  and not exists (
    select 1 from articles c where c.text_of = a.id
      and (c.first_seen_at >= :before or c.matched_rev = 0 or exists (select 1 from hits h where h.article_id = c.id)))
"""
_DROP_TEXT = "delete from texts where article_id = :id"
_DROP_SKETCH = "delete from sketch_values where article_id = :id"
_OLDEST_SKETCHES = """
select id, a.first_seen_at from (select distinct article_id as id from sketch_values order by article_id limit :limit) s join articles a using (id) order by id
"""
_ROBOTS = "select robots, robots_at from sites where id = :site"
_SAVE_ROBOTS = "update sites set robots = :robots, robots_at = :now where id = :site"
_REACHED = "texts_dropped_to"
_PAGE_ROWS = 600
"""Articles looked at in one tick of tidying; to look at one costs a fiftieth of dropping its text."""
_STATES = "select state, count(*) as n from articles group by state"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingArticle:
    """A page to be read, with what its feed said of it. `strikes` counts parses that were begun and never ended well."""

    id: int
    url: str
    title: str
    summary: str
    lang: str
    published_at: datetime | None
    first_seen_at: datetime
    attempts: int
    strikes: int
    quiet: bool
    feed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """What a page gave: everything that is stored of it. `text_of` names the article that has the same text already: it is kept once."""

    kind: str
    text_source: str
    title: str
    text: str
    text_hash: str
    author: str
    publisher: str
    lang: str
    lang_source: str
    published_at: datetime | None
    canonical_url: str
    canonical_key: str
    status: int
    sketch: bytes
    sketch_size: int
    sketch_values: tuple[int, ...]
    copy_of: int | None
    text_of: int | None
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedText:
    """An article kept with its feed text only, and why."""

    state: str
    kind: str
    lang: str
    lang_source: str
    publisher: str
    text: str
    text_hash: str
    error_kind: str | None = None
    error: str | None = None
    status: int | None = None


def pending(store: Store, site_id: int, now: datetime, limit: int) -> tuple[PendingArticle, ...]:
    """The site's pages that are due to be read: live before quiet, newest first."""
    return tuple(
        PendingArticle(
            id=row["id"],
            url=row["url"],
            title=row["title"],
            summary=row["summary"],
            lang=row["lang"],
            published_at=from_text_or_none(row["published_at"]),
            first_seen_at=from_text(row["first_seen_at"]),
            attempts=row["attempts"],
            strikes=row["strikes"],
            quiet=bool(row["quiet"]),
            feed=row["feed"] or "",
        )
        for row in store.all(_PENDING, site=site_id, now=now, limit=limit)
    )


def begin(store: Store, site: Site, article_id: int, again_at: datetime, lease_until_at: datetime) -> None:
    """Counts an attempt before it is made, so that one that kills the process is counted too (RELIABILITY 2.3)."""
    with store.write(durable=False):
        _fence(store, site, lease_until_at)
        store.run(_BEGIN, id=article_id, again=again_at)


def strike(store: Store, site: Site, article_id: int, lease_until_at: datetime) -> None:
    """Counts a parse before it is begun; a page that ends well takes its strikes back."""
    with store.write():
        _fence(store, site, lease_until_at)
        store.run(_STRIKE, id=article_id)


def unstrike(store: Store, article_id: int) -> None:
    """Takes one's own strike back, with or without the lease: the parse was never begun, or it ended well and the page is read again all the same."""
    with store.write():
        store.run(_UNSTRIKE, id=article_id)


def postpone(
    store: Store, site: Site, article_id: int, again_at: datetime, lease_until_at: datetime, kind: str, error: str, status: int | None
) -> None:
    """Records a failed attempt and when the next is due."""
    with store.write():
        _fence(store, site, lease_until_at)
        store.run(_POSTPONE, id=article_id, again=again_at, kind=kind, error=error, status=status)


def save_page(store: Store, site: Site, article_id: int, page: ReadPage, now: datetime, lease_until_at: datetime) -> None:
    """Stores what a page gave, in one transaction; the article is due for matching from then on."""
    with store.write():
        _fence(store, site, lease_until_at)
        fields: dict[str, Value] = {
            "kind": page.kind,
            "source": page.text_source,
            "title": page.title,
            "author": page.author,
            "publisher": page.publisher,
            "lang": page.lang,
            "lang_source": page.lang_source,
            "published": page.published_at,
            "canonical": page.canonical_url,
            "canonical_key": page.canonical_key,
            "status": page.status,
            "hash": page.text_hash,
            "sketch": page.sketch,
            "size": page.sketch_size,
            "copy_of": page.copy_of,
            "text_of": page.text_of,
            "quiet": page.quiet,
        }
        store.run(_SAVE_PAGE, id=article_id, now=now, **fields)
        if page.text_of is None:
            _save_text(store, article_id, page.title, page.text)
        for value in page.sketch_values if page.copy_of is None else ():
            store.run(_SKETCH_VALUE, value=value, id=article_id)


def save_feed_text(store: Store, site: Site, article_id: int, title: str, kept: FeedText, lease_until_at: datetime) -> None:
    """Ends reading with the feed's own text, which is matched like any other: nothing is lost when a page cannot be had."""
    with store.write():
        _fence(store, site, lease_until_at)
        store.run(
            _SAVE_FEED_TEXT,
            id=article_id,
            state=kept.state,
            kind=kept.kind,
            lang=kept.lang,
            lang_source=kept.lang_source,
            publisher=kept.publisher,
            error_kind=kept.error_kind,
            error=kept.error,
            status=kept.status,
            hash=kept.text_hash,
        )
        _save_text(store, article_id, title, kept.text)


def forward(store: Store, site: Site, article_id: int, url: str, status: int, now: datetime, lease_until_at: datetime) -> None:
    """Hands an article over to the site where it really is; its identity stays that of the link it was found by. Raises LeaseLost."""
    with store.write():
        _fence(store, site, lease_until_at)
        store.run(_FORWARD, id=article_id, url=url, site=ensure(store, host(url), now, now), now=now, status=status)


def get(store: Store, article_id: int) -> Article | None:
    """One article with its text, or None."""
    row = store.one(_ONE, id=article_id)
    return None if row is None else _article(row)


def by_url_key(store: Store, key: str) -> Article | None:
    """The article of an address key (urls.url_key), its own or its canonical one, or None."""
    row = store.one(_BY_URL, key=key)
    return None if row is None else _article(row)


def listed(store: Store, since: datetime, limit: int, state: str | None = None) -> list[Row]:
    """Rows for a list, newest first."""
    if state is None:
        return store.all(_LIST.replace("{state}", ""), since=since, limit=limit)
    chosen = "a.state = :state and " if state == "done" else _OF_STATE
    return store.all(_LIST.replace("{state}", chosen), since=since, limit=limit, state=state)


def sightings(store: Store, article_id: int) -> list[Row]:
    """Which feeds showed the article, first to last."""
    return store.all(_SIGHTINGS, id=article_id)


def robots(store: Store, site_id: int) -> tuple[str | None, datetime | None]:
    """The site's robots.txt as last read (None: never) and when."""
    row = store.one(_ROBOTS, site=site_id)
    return (None, None) if row is None else (row["robots"], from_text_or_none(row["robots_at"]))


def save_robots(store: Store, site_id: int, text: str, now: datetime) -> None:
    """Keeps the site's robots.txt."""
    with store.write():
        store.run(_SAVE_ROBOTS, site=site_id, robots=text, now=now)


def drop_old_texts(store: Store, before: datetime, limit: int) -> int:
    """Drops at most `limit` texts of matched articles without a hit that were first seen before an instant; returns how many.

    It goes on where it left off, so that what is kept for ever is not looked at again and again. A text that stood for another article too is
    looked at again in that one's turn.
    """
    since, _, after = (fact(store, _REACHED) or "").partition(" ")
    page = store.all(_PAGE, since=since, after=int(after or 0), before=before, limit=_PAGE_ROWS)
    if not page:
        return 0
    with store.write():
        unneeded = {row["id"] for row in rows_among(store, _UNNEEDED, (row["text"] for row in page), before=before)}
        dropped: set[int] = set()
        for reached in page:
            if reached["text"] in unneeded:
                dropped.add(reached["text"])
            if len(dropped) == limit:
                break
        for article in sorted(dropped):
            store.run(_DROP_TEXT, id=article)
            store.run(_DROP_SKETCH, id=article)
        set_fact(store, _REACHED, f"{reached['first_seen_at']} {reached['id']}")  # a poll's articles share an instant
    return len(dropped)


def drop_old_sketches(store: Store, before: datetime, limit: int) -> int:
    """Forgets by which values near-duplicates of at most `limit` articles are found, where these were first seen before an instant; returns how many."""
    old = [row["id"] for row in store.all(_OLDEST_SKETCHES, limit=limit) if from_text(row["first_seen_at"]) < before]
    if old:
        with store.write():
            for article in old:
                store.run(_DROP_SKETCH, id=article)
    return len(old)


def count_by_state(store: Store) -> dict[str, int]:
    """Number of articles by state."""
    return {row["state"]: row["n"] for row in store.all(_STATES)}


def _fence(store: Store, site: Site, lease_until_at: datetime) -> None:
    if site.owner is None or not renew(store, site.id, site.owner, lease_until_at):
        raise LeaseLost(site.host)


def _save_text(store: Store, article_id: int, title: str, text: str) -> None:
    store.run(_TEXT, id=article_id, text=text, folded=fold(f"{title}\n{text}"))


def _article(row: Row) -> Article:
    return Article(
        id=row["id"],
        url=row["url"],
        canonical_url=row["canonical_url"],
        title=row["title"],
        author=row["author"],
        publisher=row["publisher"],
        lang=row["lang"],
        published_at=from_text_or_none(row["published_at"]),
        first_seen_at=from_text(row["first_seen_at"]),
        fetched_at=from_text_or_none(row["fetched_at"]),
        state=row["state"],
        text_source=row["text_source"],
        text=row["text"],
        text_hash=row["text_hash"],
        copy_of=row["copy_of"],
        quiet=bool(row["quiet"]),
        matched_rev=row["matched_rev"],
    )
