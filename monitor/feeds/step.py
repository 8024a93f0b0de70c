"""Polls the due feeds of one site: conditional request, parse in the sandbox, identify, store. One bad feed never stops the others.

Validators advance only in the transaction that stores the entries they stand for (invariant I4).
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from monitor import urls
from monitor.backoff import retry_after_s
from monitor.config import FeedSettings, FeedsSettings
from monitor.errors import FetchError, SandboxError
from monitor.feeds.cadence import Pace, asked_s, failure_wait_s, next_interval_s, next_poll_at
from monitor.feeds.identify import identify
from monitor.fetch import Limits, Request, Response
from monitor.fetch.polite import Sender
from monitor.model import Entry, Feed, Site
from monitor.sandbox import Sandbox
from monitor.store import entries as stored_entries
from monitor.store import feeds as stored
from monitor.store import sites
from monitor.store.driver import Store
from monitor.store.entries import Sighted
from monitor.store.feeds import Polled, PollFailure
from monitor.text import one_line

Clock = Callable[[], datetime]

OLD_NEWS = timedelta(days=7)
"""An entry that first turns up later than this after its date is stored, not alerted."""

_LEASE = timedelta(minutes=5)
_STRANGER = timedelta(minutes=1)
_GAP_ENTRIES = 5
_ACCEPT = "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,text/xml;q=0.9,*/*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """How feeds are polled: the configured feeds, their defaults, and how we present ourselves."""

    feeds: tuple[FeedSettings, ...]
    defaults: FeedsSettings
    agent: str
    allow_private: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCounts:
    """What one visit polled: feeds asked, unchanged, failed; entries new and revised."""

    polled: int = 0
    unchanged: int = 0
    failing: int = 0
    new: int = 0
    revised: int = 0


async def poll(site: Site, *, store: Store, door: Sender, sandbox: Sandbox, clock: Clock, settings: PollSettings) -> PollCounts:
    """Polls the site's due feeds one after the other, until the site asks to be left alone. Raises LeaseLost when another visitor took the site over."""
    configured = {feed.name: feed for feed in settings.feeds}
    total = PollCounts()
    for feed in await asyncio.to_thread(stored.due, store, site.id, clock()):
        if feed.name in configured:
            polling = _Polling(site, feed, configured[feed.name], store, door, sandbox, clock, settings)
            total = _plus(total, await polling.poll())
            if polling.blocked:
                break
        else:
            # Added since this process read its configuration: whoever knows it polls it; a site that stays due would be visited in vain for ever.
            await asyncio.to_thread(stored.put_off, store, feed.id, clock() + _STRANGER)
    return total


class _Polling:
    def __init__(
        self,
        site: Site,
        feed: Feed,
        settings: FeedSettings,
        store: Store,
        door: Sender,
        sandbox: Sandbox,
        clock: Clock,
        poll_settings: PollSettings,
    ) -> None:
        self.site = site
        self.feed = feed
        self.settings = settings
        self.store = store
        self.door = door
        self.sandbox = sandbox
        self.clock = clock
        self.common = poll_settings
        self.blocked = False
        defaults = poll_settings.defaults
        usual = (settings.interval_min or defaults.interval_min) * 60
        least = min(usual, defaults.min_interval_min * 60)
        self.pace = Pace(usual_s=usual, least_s=least, most_s=max(usual, defaults.max_interval_h * 3600))

    async def poll(self) -> PollCounts:
        try:
            response = await self.door.send(request_for(self.settings, self.common, self.feed.etag, self.feed.last_modified))
        except FetchError as error:
            return await self._failed(error.kind, str(error))
        if response.status == 304:
            return await self._unchanged(response)
        if response.status != 200:
            return await self._refused(response)
        body_hash = sha256(response.body).hexdigest()
        if body_hash == self.feed.body_hash:
            return await self._unchanged(response)
        args = {
            "url": response.url,
            "content_type": response.header("content-type") or "",
            "max_entries": self.common.defaults.max_entries,
        }
        try:
            found = await self.sandbox.call("monitor.feeds.parse:parse_feed", args, response.body, wall_s=30, cpu_s=30)
            if found["kind"] == "index":
                found = await read_index(found, self.settings, self.common, self.door, self.sandbox)
        except SandboxError as error:
            return await self._failed(f"parse-{error.kind}", f"the feed could not be parsed: {error}")
        if found["kind"] != "feed":
            return await self._failed("not-feed", found["reason"])
        return await asyncio.to_thread(self._save, response, found, body_hash)

    def _save(self, response: Response, found: dict[str, Any], body_hash: str) -> PollCounts:
        now = self.clock()
        zone = self.settings.timezone or self.common.defaults.timezone
        lang = self.settings.lang or found["lang"]
        entries = identify(found["entries"], feed_url=response.url, feed_lang=lang, zone=zone, now=now)
        known = {entry.key for entry in stored_entries.known(self.store, self.feed.id)}
        fresh = [entry for entry in entries if entry.key not in known]
        gap = bool(known) and len(fresh) == len(entries) >= _GAP_ENTRIES
        interval = next_interval_s(self.feed.interval_s, len(fresh), gap, self.pace)
        asked = asked_s(response.header, found["ttl_min"], now)
        # Of a document that was cut, and of an index whose sitemaps change behind it, no validator may say that nothing is new.
        unsure = found["cut"] or found["children"]
        polled = Polled(
            etag=None if unsure else response.header("etag"),
            last_modified=None if unsure else response.header("last-modified"),
            body_hash=None if unsure else body_hash,
            title=found["title"],
            interval_s=interval,
            next_poll_at=next_poll_at(self.feed.name, interval, asked, self.pace, now),
            note=self._note(response, found, gap),
            found=tuple(self._sighted(entry, now) for entry in entries),
        )
        counts = stored.save_poll(self.store, self.site, self.feed, polled, now, now + _LEASE)
        return PollCounts(polled=1, new=counts.new, revised=counts.revised)

    def _sighted(self, entry: Entry, now: datetime) -> Sighted:
        publisher = self.settings.title or self.feed.title or self.feed.name
        return Sighted(entry=entry, quiet=self._quiet(entry, now), publisher=one_line(publisher, 100))

    def _quiet(self, entry: Entry, now: datetime) -> bool:
        """True where the entry is no news: at a feed's first poll anything undated or older than the alert window, later what is very old."""
        if self.feed.baseline_at is None:
            window = timedelta(hours=self.common.defaults.alert_window_h)
            return entry.published_at is None or now - entry.published_at > window
        return entry.published_at is not None and now - entry.published_at > OLD_NEWS

    def _note(self, response: Response, found: dict[str, Any], gap: bool) -> str:
        notes = []
        if gap:
            notes.append("may have missed items: none of the last poll's items was there any more; asked more often now")
        if found["cut"]:
            notes.append("the answer was cut on the way; its last item is read at the next poll")
        elif found["total"] > len(found["entries"]):
            notes.append(f"{found['total']} items, {len(found['entries'])} taken")
        if any(hop.status in (301, 308) for hop in response.hops):
            notes.append(f"moved permanently to {response.url}")
        if self.feed.url.startswith("https:") and response.url.startswith("http:"):
            notes.append("redirected to an address without encryption")
        return "; ".join(notes)

    async def _unchanged(self, response: Response) -> PollCounts:
        """A 304, or the same bytes again: nothing is parsed. A 304 without validators keeps the old ones (RFC 9111 4.3.4)."""
        now = self.clock()
        interval = next_interval_s(self.feed.interval_s, 0, False, self.pace)
        polled = Polled(
            etag=response.header("etag") or self.feed.etag,
            last_modified=response.header("last-modified") or self.feed.last_modified,
            body_hash=self.feed.body_hash,
            title="",
            interval_s=interval,
            next_poll_at=next_poll_at(self.feed.name, interval, asked_s(response.header, 0, now), self.pace, now),
            note=self.feed.note,
        )
        await asyncio.to_thread(stored.save_poll, self.store, self.site, self.feed, polled, now, now + _LEASE)
        return PollCounts(polled=1, unchanged=1)

    async def _refused(self, response: Response) -> PollCounts:
        status = response.status
        wait = retry_after_s(response.header("retry-after"), self.clock()) if status in (429, 503) else None
        if wait:
            self.blocked = True
            until = self.clock() + timedelta(seconds=wait)
            await asyncio.to_thread(sites.block, self.store, self.site.host, until, f"answered {status}")
        return await self._failed(f"http-{status}", _SAID.get(status, f"the server answers {status}"), status, wait)

    async def _failed(self, kind: str, error: str, status: int | None = None, asked: int | None = None) -> PollCounts:
        now = self.clock()
        wait = failure_wait_s(self.feed.name, status, self.feed.fail_count + 1, asked, self.pace)
        again_at = None if status == 410 else now + timedelta(seconds=wait)
        failure = PollFailure(kind=kind, error=one_line(error, 300), next_poll_at=again_at)
        await asyncio.to_thread(stored.save_failure, self.store, self.site, self.feed, failure, now, now + _LEASE)
        return PollCounts(polled=1, failing=1)


def request_for(feed: FeedSettings, common: PollSettings, etag: str | None = None, last_modified: str | None = None) -> Request:
    """The request of a configured feed: conditional where validators are given, credentials for its own origin only."""
    headers = [("accept", _ACCEPT), ("user-agent", feed.user_agent or common.agent)]
    if etag:
        headers.append(("if-none-match", etag))
    if last_modified:
        headers.append(("if-modified-since", last_modified))
    secret = [(name, value.reveal()) for name, value in feed.headers.items()]
    if feed.password is not None:
        login = f"{feed.username}:{feed.password.reveal()}".encode()
        secret.append(("authorization", f"Basic {base64.b64encode(login).decode('ascii')}"))
    return Request(
        url=feed.url,
        headers=tuple(headers),
        secret_headers=tuple(secret),
        limits=Limits(total_s=common.defaults.timeout_s),
        allow_private=(*common.allow_private, *feed.allow_private),
        ports=(*common.ports, *feed.ports),
    )


def _secrets(feed: FeedSettings, common: PollSettings, url: str) -> tuple[tuple[str, str], ...]:
    """The feed's credentials, where `url` is of its origin."""
    return request_for(feed, common).secret_headers if urls.same_origin(feed.url, url) else ()


async def read_index(index: Mapping[str, Any], feed: FeedSettings, common: PollSettings, door: Sender, sandbox: Sandbox) -> dict[str, Any]:
    """The news of the sitemaps that an index names, as one feed. One that fails is left out; when all do, the last reason is given.

    Raises SandboxError.
    """
    parts = []
    reason = "the index names no sitemap that can be read"
    for child in index["children"]:
        try:
            response = await door.send(replace(request_for(feed, common), url=child, secret_headers=_secrets(feed, common, child)))
        except FetchError as error:
            reason = f"the sitemap {child} cannot be fetched: {error}"
            continue
        if response.status != 200:
            reason = f"the sitemap {child} answers {response.status}"
            continue
        args = {"url": response.url, "max_entries": common.defaults.max_entries}
        found = await sandbox.call("monitor.feeds.parse:parse_feed", args, response.body, wall_s=30, cpu_s=30)
        if found["kind"] == "feed":
            parts.append(found)
        else:
            reason = f"the sitemap {child}: {found['reason'] or 'is an index again'}"
    if not parts:
        return {**index, "kind": "not-feed", "reason": reason}
    entries = [entry for part in parts for entry in part["entries"]]
    return {
        **parts[0],
        "total": sum(part["total"] for part in parts),
        "cut": any(part["cut"] for part in parts),
        "entries": entries[: common.defaults.max_entries],
        "children": index["children"],
    }


_SAID = {
    401: "the server wants a name and password (401)",
    403: "the server refuses us (403)",
    404: "there is nothing at this address (404)",
    410: "the feed is gone for good (410)",
    429: "the server says we ask too often (429)",
    503: "the server is overloaded or down for maintenance (503)",
}


def _plus(one: PollCounts, other: PollCounts) -> PollCounts:
    return PollCounts(
        polled=one.polled + other.polled,
        unchanged=one.unchanged + other.unchanged,
        failing=one.failing + other.failing,
        new=one.new + other.new,
        revised=one.revised + other.revised,
    )
