"""Entries: what a feed said, one row per identity; each leads to one article, made in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.model import Entry
from monitor.store import sites
from monitor.store.driver import Row, Store, Value, rows_of
from monitor.text import digest, fold
from monitor.urls import host

_ALIKE = """
select key, guid, url, url_key, title, published_at, content_hash from entries where feed_id = :feed and title_key in ({keys}) order by id desc
"""
# In the order of the index on a feed's entries: by number alone all of them would be sorted, or those of every feed looked through.
_LATEST_URLS = "select url from entries where feed_id = :feed and url <> '' order by first_seen_at desc, id desc limit :limit"
_RENAME = "update entries set key = :key, guid = :guid, url = :url, url_key = :url_key where feed_id = :feed and key = :was"
_AMONG = "select key, content_hash from entries where feed_id = :feed and key in ({keys})"
_AT_A_TIME = 100
_ROWS = 50
_ARTICLES = """
insert into articles(site_id, url_key, url, title, summary, author, publisher, lang, published_at, first_seen_at, state, next_read_at, text_hash, quiet)
values {rows} on conflict(url_key) do nothing returning id, url_key
"""
_ARTICLE = "(:site, :key, :url, :title, :summary, :author, :publisher, :lang, :published, :now, :state, :due, :hash, :quiet)"
_ARTICLE_IDS = "select id, url_key from articles where url_key in ({rows})"
_WAKE = "update articles set quiet = 0 where id = :id and quiet = 1 and state = 'pending'"
_ENTRIES = """
insert into entries(feed_id, key, article_id, guid, url, url_key, title, title_key, summary, author, lang, published_at, published_raw, content_hash,
  first_seen_at)
values {rows} on conflict(feed_id, key) do nothing
"""
_ENTRY = "(:feed, :key, :article, :guid, :url, :url_key, :title, :title_key, :summary, :author, :lang, :published, :raw, :hash, :now)"
_REVISE = """
update entries set title = :title, title_key = :title_key, summary = :summary, author = :author, content_hash = :hash,
  revision = revision + 1, revised_at = :now
where feed_id = :feed and key = :key and content_hash <> :hash returning article_id
"""
# A revised feed text is read anew only where the feed text is all there is, or the page is still to be read.
_RENEW_FEED_TEXT = """
update articles set title = :title, summary = :summary, text_hash = :hash, matched_rev = 0
where id = :id and text_source = 'feed' returning state
"""
_RENEW_TITLE = """
update articles set title = :title, matched_rev = 0 where id = :id and text_source <> 'feed' and title <> :title
"""
_PAGE_TEXT = "select text from texts where article_id = :id"
_FOLDED = "update texts set folded = :folded where article_id = :id"
_TEXT = """
insert into texts(article_id, text, folded) values (:id, :text, :folded)
on conflict(article_id) do update set text = :text, folded = :folded
"""
_COUNT = "select count(*) as n from entries where feed_id = :feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """What is remembered of an entry for telling whether one is new."""

    key: str
    guid: str
    url: str
    url_key: str
    title: str
    published_at: datetime | None
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """An entry with what decides how its article begins.

    quiet   old at the baseline.  was: the key under which the feed showed it before, where it has another now.
    due_at  when its page may be read: later than now where the entry is held.
    """

    entry: Entry
    quiet: bool
    publisher: str
    was: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCounts:
    """What a poll stored: entries that were new, entries whose text changed."""

    new: int = 0
    revised: int = 0


def known_keys(store: Store, feed_id: int, keys: Sequence[str]) -> frozenset[str]:
    """Those of `keys` under which the feed has ever shown an entry: identity never expires."""
    return frozenset(_hashes(store, feed_id, keys))


def look_alikes(store: Store, feed_id: int, found: Sequence[Entry]) -> tuple[KnownEntry, ...]:
    """The feed's stored entries that bear a title of one of these, newest first."""
    keys = list(dict.fromkeys(_title_key(entry) for entry in found if entry.title))
    return tuple(
        KnownEntry(**{**row, "published_at": from_text_or_none(row["published_at"])}) for row in _in_parts(store, _ALIKE, feed_id, keys)
    )


def latest_urls(store: Store, feed_id: int, limit: int) -> tuple[str, ...]:
    """Where the feed's latest entries led."""
    return tuple(row["url"] for row in store.all(_LATEST_URLS, feed=feed_id, limit=limit))


def save(store: Store, feed_id: int, found: Sequence[Sighted], now: datetime, *, first: bool = False) -> EntryCounts:
    """Stores entries with their articles, inside the caller's transaction; a known identity with another text is a revision.

    first: nothing was ever stored of this feed.
    """
    revised = 0
    fresh: list[Sighted] = []
    known = {} if first else _hashes(store, feed_id, [sighted.was or sighted.entry.key for sighted in found])
    for sighted in found:
        entry = sighted.entry
        known_hash = known.get(sighted.was or entry.key)
        if sighted.was and known_hash is not None:
            store.run(_RENAME, feed=feed_id, was=sighted.was, key=entry.key, guid=entry.guid, url=entry.url, url_key=entry.url_key)
        if known_hash is None:
            fresh.append(sighted)
        elif known_hash != entry.content_hash:
            revised += _revise(store, feed_id, entry, now)
    new = sum(_insert(store, feed_id, fresh[start : start + _ROWS], now) for start in range(0, len(fresh), _ROWS))
    return EntryCounts(new=new, revised=revised)


def _hashes(store: Store, feed_id: int, keys: Sequence[str]) -> dict[str, str]:
    """Content hashes of those of `keys` that the feed is known to have had."""
    return {row["key"]: row["content_hash"] for row in _in_parts(store, _AMONG, feed_id, keys)}


def _in_parts(store: Store, sql: str, feed_id: int, keys: Sequence[str]) -> Iterator[Row]:
    """The rows of a query over `{keys}`, so many keys at a time."""
    for start in range(0, len(keys), _AT_A_TIME):
        some = {f"k{place}": key for place, key in enumerate(keys[start : start + _AT_A_TIME])}
        yield from store.all(sql.replace("{keys}", ", ".join(f":{name}" for name in some)), feed=feed_id, **some)


def _title_key(entry: Entry) -> str:
    return digest(fold(entry.title))


def count(store: Store, feed_id: int) -> int:
    """Number of entries ever seen in a feed."""
    row = store.one(_COUNT, feed=feed_id)
    return 0 if row is None else int(row["n"])


def _insert(store: Store, feed_id: int, fresh: Sequence[Sighted], now: datetime) -> int:
    articles = _articles(store, feed_id, fresh, now)
    rows = [_entry_row(feed_id, sighted.entry, articles[_article_key(feed_id, sighted.entry)], now) for sighted in fresh]
    sql, values = rows_of(_ENTRIES, _ENTRY, rows)
    return store.run(sql, **values)


def _entry_row(feed_id: int, entry: Entry, article_id: int, now: datetime) -> dict[str, Value]:
    return {
        "feed": feed_id,
        "key": entry.key,
        "article": article_id,
        "guid": entry.guid,
        "url": entry.url,
        "url_key": entry.url_key,
        "title": entry.title,
        "title_key": _title_key(entry),
        "summary": entry.summary,
        "author": entry.author,
        "lang": entry.lang,
        "published": entry.published_at,
        "raw": entry.published_raw,
        "hash": entry.content_hash,
        "now": now,
    }


def _articles(store: Store, feed_id: int, fresh: Sequence[Sighted], now: datetime) -> dict[str, int]:
    """Ids of the entries' articles by key: one per address, whatever number of feeds show it; without an address one of its own, with its feed text."""
    hosts = dict.fromkeys(host(each.entry.url) for each in fresh if each.entry.url_key)
    site_ids = {name: sites.ensure(store, name, now, now) for name in hosts}
    firsts: dict[str, Sighted] = {}
    for each in fresh:
        firsts.setdefault(_article_key(feed_id, each.entry), each)
    sql, values = rows_of(_ARTICLES, _ARTICLE, [_article_row(key, each, site_ids, now) for key, each in firsts.items()])
    made = {row["url_key"]: int(row["id"]) for row in store.all(sql, **values)}
    for key, article in made.items():
        if not firsts[key].entry.url_key:
            _save_text(store, article, firsts[key].entry)
    met = [key for key in firsts if key not in made]
    articles = made | (_ids(store, met) if met else {})
    # What one feed holds for old is news where another shows it as news.
    for each in fresh:
        key = _article_key(feed_id, each.entry)
        if not each.quiet and (key not in made or each is not firsts[key]):
            store.run(_WAKE, id=articles[key])
    return articles


def _ids(store: Store, keys: Sequence[str]) -> dict[str, int]:
    sql, values = rows_of(_ARTICLE_IDS, ":key", [{"key": key} for key in keys])
    return {row["url_key"]: int(row["id"]) for row in store.all(sql, **values)}


def _article_key(feed_id: int, entry: Entry) -> str:
    return entry.url_key or f"entry:{feed_id}:{entry.key}"


def _article_row(key: str, sighted: Sighted, site_ids: Mapping[str, int], now: datetime) -> dict[str, Value]:
    entry = sighted.entry
    return {
        "site": site_ids[host(entry.url)] if entry.url_key else None,
        "key": key,
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "publisher": sighted.publisher,
        "lang": entry.lang,
        "published": entry.published_at,
        "now": now,
        "state": "pending" if entry.url_key else "done",
        "due": (sighted.due_at or now) if entry.url_key else None,
        "hash": digest(entry.title, entry.summary),
        "quiet": sighted.quiet,
    }


def _revise(store: Store, feed_id: int, entry: Entry, now: datetime) -> bool:
    fields = {"title": entry.title, "summary": entry.summary}
    values = {"title_key": _title_key(entry), "author": entry.author, "hash": entry.content_hash, **fields}
    row = store.one(_REVISE, feed=feed_id, key=entry.key, now=now, **values)
    if row is None:
        return False
    article = row["article_id"]
    renewed = store.one(_RENEW_FEED_TEXT, id=article, hash=digest(entry.title, entry.summary), **fields)
    if renewed is not None and renewed["state"] != "pending":
        _save_text(store, article, entry)
    elif renewed is None and entry.title and store.run(_RENEW_TITLE, id=article, title=entry.title):
        _fold_anew(store, article, entry.title)
    return True


def _fold_anew(store: Store, article_id: int, title: str) -> None:
    """A page's text stays as it was read; the title above it is the feed's, and searched with it."""
    row = store.one(_PAGE_TEXT, id=article_id)
    if row is not None:
        store.run(_FOLDED, id=article_id, folded=fold(f"{title}\n{row['text']}"))


def _save_text(store: Store, article_id: int, entry: Entry) -> None:
    store.run(_TEXT, id=article_id, text=entry.summary, folded=fold(f"{entry.title}\n{entry.summary}"))
