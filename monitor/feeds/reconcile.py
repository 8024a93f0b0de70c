"""Which entries of a poll are old friends under another identity, and what a poll that brings mostly strangers means. Pure.

Feeds change guids when they change systems, links carry tokens that are new at every fetch, and domains are sold (CONFORMANCE 55, 56, 60, 73).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor import urls
from monitor.model import Entry
from monitor.text import fold

GAP_ITEMS = 3
"""A window of this many items, none of them known, has run through between two polls."""

FLOOD_ITEMS = 20
"""A feed with more items than this, more than half of them new though they are old, has been made anew rather than written on."""

_OVERLAP = timedelta(days=1)


class Known(Protocol):
    """What the store remembers of an entry."""

    @property
    def key(self) -> str: ...
    @property
    def guid(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def url_key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def published_at(self) -> datetime | None: ...
    @property
    def content_hash(self) -> str: ...


def renamed(found: Sequence[Entry], known: Sequence[Known]) -> dict[str, str]:
    """New key to known key, for entries that the feed showed before with another guid or link and shows under the old one no more."""
    present = {entry.key for entry in found}
    by_key = {each.key for each in known}
    gone: dict[str, list[Known]] = {}
    for each in known:
        if each.key not in present:
            gone.setdefault(fold(each.title), []).append(each)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for entry in found:
        if entry.key in by_key:
            continue
        for candidate in gone.get(fold(entry.title), ()):
            if candidate.key not in taken and _same(entry, candidate):
                names[entry.key] = candidate.key
                taken.add(candidate.key)
                break
    return names


def _same(entry: Entry, known: Known) -> bool:
    """True where two entries of one title are one: same link or guid, but for scheme, host and tokens; without a guid same date, or same text."""
    if not entry.title:
        return False
    if entry.url_key and entry.url_key == known.url_key:
        return True
    if entry.guid and known.guid and (entry.guid == known.guid or _tail(entry.guid) == _tail(known.guid) != ""):
        return True
    if _tail(entry.url) == _tail(known.url) != "":
        return True
    if entry.guid or known.guid:
        return False
    if entry.published_at or known.published_at:
        return entry.published_at == known.published_at
    return entry.content_hash == known.content_hash


def _tail(address: str) -> str:
    """An address without scheme and host; '' where nothing that names a page is left."""
    parsed = urls.parse(address)
    if parsed is None:
        return ""
    path = parsed.path.rstrip("/")
    return (path + (f"?{parsed.query}" if parsed.query else "")) if path or parsed.query else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the strangers of a poll mean. gap: items may have run through unseen. kind: flood | other-feed | ''; `reason` says it in words."""

    gap: bool = False
    kind: str = ""
    reason: str = ""


def judge(found: Sequence[Entry], fresh: Sequence[Entry], last_success_at: datetime | None) -> Finding:
    """Whether a known feed's poll overran its window, or floods: most of many items are new here although they are not new."""
    if last_success_at is None or not fresh:
        return Finding()
    before = last_success_at - _OVERLAP
    aged = [entry for entry in fresh if entry.published_at is None or entry.published_at < before]
    if len(found) > FLOOD_ITEMS and len(fresh) * 2 > len(found) and len(aged) * 2 > len(fresh):
        reason = f"{len(fresh)} of {len(found)} items look new though they are older: held for a day; `monitor feeds resume` lets them go"
        return Finding(kind="flood", reason=reason)
    return Finding(gap=len(fresh) == len(found) >= GAP_ITEMS)


def is_another_feed(found: Sequence[Entry], title: str, old_title: str, old_urls: Iterable[str]) -> bool:
    """True where nothing is left of a feed but its address: another title, and no item on a site that it used to link to."""
    if not title or not old_title or fold(title) == fold(old_title):
        return False
    sites = {urls.publisher(urls.host(entry.url)) for entry in found if entry.url}
    old_sites = {urls.publisher(urls.host(url)) for url in old_urls if url}
    return bool(sites) and bool(old_sites) and not sites & old_sites
