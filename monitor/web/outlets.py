"""Feeds for other readers: Atom and JSON Feed of each watchlist and of each saved search, opened by a key in the address.

A reader asks again and again: a feed that has not changed is answered 304 (RFC 9110 13.1), by its ETag exactly, by its date nearly.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from hashlib import sha256

from monitor.digests.publish.feed import Feed
from monitor.digests.publish.formats import FORMATS, MEDIA_TYPES
from monitor.digests.publish.step import feed_of, feed_of_stories
from monitor.errors import NothingSelected
from monitor.store import saved as stored
from monitor.store.search import found
from monitor.web.desk import Answer, Asked, Route, text
from monitor.web.search import wanted_of

WATCHLIST_PATH = "/feeds/{name}."
SEARCH_PATH = "/feeds/saved/{name}."
MAX_AGE_S = 300
SETTLED_AFTER = timedelta(minutes=10)
"""A younger date is not told: reports that were found before it may still be on their way into their stories."""

_HITS_PER_ITEM = 4


def watchlist_feed(asked: Asked, form: str) -> Answer:
    """The feed of a watchlist in force."""
    desk = asked.desk
    one = next((each for each in desk.watchlists if each.id == asked.parts["name"]), None)
    if one is None:
        raise NothingSelected("there is no such watchlist; it may have been taken out of the configuration")
    return _served(asked, feed_of(desk.store, one, desk.config.output, _own_address(asked), desk.new_id), form)


def search_feed(asked: Asked, form: str) -> Answer:
    """The feed of a saved search: the stories of the hits that it finds now."""
    desk = asked.desk
    saved = stored.get(desk.store, asked.parts["name"])
    if saved is None:
        raise NothingSelected("there is no such saved search")
    settings = desk.config.output
    rows = found(desk.store, wanted_of(asked, saved.fields), settings.items * _HITS_PER_ITEM)
    stories = list(dict.fromkeys(row["story"] for row in rows if row["story"] is not None and not row["quiet"]))[: settings.items]
    return _served(asked, feed_of_stories(desk.store, saved.name, saved.title, stories, settings, _own_address(asked), desk.new_id), form)


def _own_address(asked: Asked) -> str:
    """Where the feed was asked for, as it names itself; with its key where that opened it."""
    key = asked.query.get("key", "")
    return f"{asked.base}{asked.path}" + (f"?key={key}" if key and "authorization" not in asked.headers else "")


def _served(asked: Asked, feed: Feed, form: str) -> Answer:
    body = FORMATS[form](feed)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    changed_at = feed.changed_at if feed.changed_at is not None and asked.now - feed.changed_at > SETTLED_AFTER and feed.items else None
    headers = [("etag", etag), ("cache-control", f"private, max-age={MAX_AGE_S}")]
    if changed_at is not None:
        headers.append(("last-modified", format_datetime(changed_at.replace(microsecond=0), usegmt=True)))
    if _is_known(asked, etag, changed_at):
        return Answer(body=b"", status=304, type=MEDIA_TYPES[form], headers=tuple(headers))
    return Answer(body=body, type=MEDIA_TYPES[form], headers=tuple(headers))


def _is_known(asked: Asked, etag: str, changed_at: datetime | None) -> bool:
    """True where the reader has this already; a date counts only where no ETag comes along (RFC 9110 13.2.2)."""
    if (known := asked.headers.get("if-none-match")) is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    if changed_at is None:
        return False
    try:
        since_at = parsedate_to_datetime(asked.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since_at.tzinfo is not None and changed_at.replace(microsecond=0) <= since_at


def _trouble(_asked: Asked, status: int, what: str, why: str) -> Answer:
    return text(f"{status} {what}: {why}\n", status)


ROUTES = tuple(
    Route(path=f"{path}{form}", answer=partial(answer, form=form), access="link", trouble=_trouble)
    for path, answer in ((SEARCH_PATH, search_feed), (WATCHLIST_PATH, watchlist_feed))
    for form in FORMATS
)
