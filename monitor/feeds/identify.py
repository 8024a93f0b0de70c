"""Which entry is which: a stable key for each entry of a feed, whatever the feed leaves out or gets wrong. Pure.

guid and link together (same guid, other link: two entries); without a guid the link; without both title and date, then the content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor import urls
from monitor.feeds.dates import EARLIEST, published_at
from monitor.feeds.redirectors import unwrap
from monitor.model import Entry
from monitor.text import digest, fold


def identify(
    found: Sequence[Mapping[str, Any]],
    *,
    feed_url: str,
    feed_lang: str,
    zone: str,
    now: datetime,
    oldest: datetime = EARLIEST,
    channel_date: str = "",
) -> tuple[Entry, ...]:
    """The entries of one poll with their keys; exact repetitions are one, the last wins (RFC 4287 4.1.1).

    `found` is what parse_feed gave, `feed_url` the address links are relative to, `oldest` the earliest date that is believed, `channel_date`
    the feed's own, taken for entries without one. A link that several different entries share, or that leads to a home page, is no page of
    theirs: they keep it for reading (`url`), but `url_key` is empty.
    """
    dates = _Dates(zone, now, oldest, published_at(channel_date, "", zone, now, oldest))
    links = [_page(feed_url, str(each["link"])) for each in found]
    shared = _shared(found, links)
    entries: dict[str, Entry] = {}
    for each, link in zip(found, links, strict=True):
        entry = _entry(each, link, link in shared or _is_home_page(link), feed_lang, dates)
        entries.pop(entry.key, None)
        entries[entry.key] = entry
    return tuple(entries.values())


@dataclass(frozen=True, slots=True)
class _Dates:
    zone: str
    now: datetime
    oldest: datetime
    channel: datetime | None

    def of(self, raw: str, parsed: str) -> datetime | None:
        return published_at(raw, parsed, self.zone, self.now, self.oldest) if raw else self.channel


def _page(feed_url: str, link: str) -> str:
    """Where a link leads, without redirectors; nowhere where it is none, or leads back to the feed."""
    url = unwrap(urls.join(feed_url, link)) if link else ""
    return "" if url == feed_url else url


def _is_home_page(link: str) -> bool:
    address = urls.parse(link)
    return address is not None and address.path == "/" and not address.query


def _shared(found: Sequence[Mapping[str, Any]], links: Sequence[str]) -> set[str]:
    """Links that stand under more than one guid or title."""
    named = {(link, str(each["guid"] or fold(each["title"]))) for each, link in zip(found, links, strict=True) if link}
    return {link for link, count in Counter(link for link, _ in named).items() if count > 1}


def _entry(each: Mapping[str, Any], link: str, shared: bool, feed_lang: str, dates: _Dates) -> Entry:
    guid, title, summary = str(each["guid"]), str(each["title"]), str(each["summary"])
    raw = str(each["published"])
    return Entry(
        key=_key(guid, link, title, summary, raw, shared),
        guid=guid,
        url=link,
        url_key=urls.url_key(link) if link and not shared else "",
        title=title,
        summary=summary,
        author=str(each["author"]),
        lang=(str(each["lang"]) or feed_lang)[:2].lower(),
        published_at=dates.of(raw, str(each["parsed"])),
        published_raw=raw,
        content_hash=digest(title, summary),
    )


def _key(guid: str, link: str, title: str, summary: str, raw: str, shared: bool) -> str:
    if guid and link:
        return digest("guid", guid, urls.url_key(link))
    if guid:
        return digest("guid", guid, "", fold(title))
    if link:
        return digest("link", urls.url_key(link), fold(title) if shared else "")
    if title:
        return digest("title", fold(title), raw)
    return digest("content", summary, raw)
