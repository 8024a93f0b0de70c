"""Entries: what a feed said, one row per identity; each leads to one article, made in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text_or_none
from monitor.model import Entry
from monitor.store import sites
from monitor.store.driver import Row, Store
from monitor.text import digest, fold
from monitor.urls import host

_ALIKE = """
select key, guid, url, url_key, title, published_at, content_hash from entries where feed_id = :feed and title_key in ({keys}) order by id desc
"""
_LATEST_URLS = "select url from entries where feed_id = :feed and url <> '' order by id desc limit :limit"
_RENAME = "update entries set key = :key, guid = :guid, url = :url, url_key = :url_key where feed_id = :feed and key = :was"
_AMONG = "select key, content_hash from entries where feed_id = :feed and key in ({keys})"
_AT_A_TIME = 100
_ARTICLE = """
insert into articles(site_id, url_key, url, title, summary, author, publisher, lang, published_at, first_seen_at, state, next_read_at, text_hash, quiet)
values (:site, :key, :url, :title, :summary, :author, :publisher, :lang, :published, :now, :state, :due, :hash, :quiet)
on conflict(url_key) do nothing returning id
"""
_ARTICLE_ID = "select id from articles where url_key = :key"
_WAKE = "update articles set quiet = 0 where id = :id and quiet = 1 and state = 'pending'"
_ENTRY = """
insert into entries(feed_id, key, article_id, guid, url, url_key, title, title_key, summary, author, lang, published_at, published_raw, content_hash,
  first_seen_at)
values (:feed, :key, :article, :guid, :url, :url_key, :title, :title_key, :summary, :author, :lang, :published, :raw, :hash, :now)
on conflict(feed_id, key) do nothing returning id
"""
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


def save(store: Store, feed_id: int, found: Sequence[Sighted], now: datetime) -> EntryCounts:
    """Stores entries with their articles, inside the caller's transaction; a known identity with another text is a revision."""
    new = revised = 0
    known_hashes = _hashes(store, feed_id, [sighted.was or sighted.entry.key for sighted in found])
    site_ids: dict[str, int] = {}
    for sighted in found:
        known_hash = known_hashes.get(sighted.was or sighted.entry.key)
        if sighted.was and known_hash is not None:
            entry = sighted.entry
            store.run(_RENAME, feed=feed_id, was=sighted.was, key=entry.key, guid=entry.guid, url=entry.url, url_key=entry.url_key)
        if known_hash is None:
            known_hashes[sighted.entry.key] = sighted.entry.content_hash
            new += _insert(store, feed_id, sighted, site_ids, now)
        elif known_hash != sighted.entry.content_hash:
            revised += _revise(store, feed_id, sighted.entry, now)
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


def _insert(store: Store, feed_id: int, sighted: Sighted, site_ids: dict[str, int], now: datetime) -> bool:
    entry = sighted.entry
    article = _article(store, feed_id, sighted, site_ids, now)
    row = store.one(
        _ENTRY,
        feed=feed_id,
        key=entry.key,
        article=article,
        guid=entry.guid,
        url=entry.url,
        url_key=entry.url_key,
        title=entry.title,
        title_key=_title_key(entry),
        summary=entry.summary,
        author=entry.author,
        lang=entry.lang,
        published=entry.published_at,
        raw=entry.published_raw,
        hash=entry.content_hash,
        now=now,
    )
    return row is not None


def _site(store: Store, site_ids: dict[str, int], url: str, now: datetime) -> int:
    name = host(url)
    if name not in site_ids:
        site_ids[name] = sites.ensure(store, name, now, now)
    return site_ids[name]


def _article(store: Store, feed_id: int, sighted: Sighted, site_ids: dict[str, int], now: datetime) -> int:
    """The article of an entry: one per address, whatever number of feeds show it; without an address one of its own, kept with its feed text."""
    entry = sighted.entry
    key = entry.url_key or f"entry:{feed_id}:{entry.key}"
    row = store.one(
        _ARTICLE,
        site=_site(store, site_ids, entry.url, now) if entry.url_key else None,
        key=key,
        url=entry.url,
        title=entry.title,
        summary=entry.summary,
        author=entry.author,
        publisher=sighted.publisher,
        lang=entry.lang,
        published=entry.published_at,
        now=now,
        state="pending" if entry.url_key else "done",
        due=(sighted.due_at or now) if entry.url_key else None,
        hash=digest(entry.title, entry.summary),
        quiet=sighted.quiet,
    )
    if row is None:
        existing = store.one(_ARTICLE_ID, key=key)
        assert existing is not None
        if not sighted.quiet:
            store.run(_WAKE, id=existing["id"])
        return int(existing["id"])
    if not entry.url_key:
        _save_text(store, row["id"], entry)
    return int(row["id"])


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
