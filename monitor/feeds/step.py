"""Polls the due feeds of one site: conditional request, parse in the sandbox, identify, store. One bad feed never stops the others.

Validators advance only in the transaction that stores the entries they stand for (invariant I4). Feeds of one address share one request.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from monitor import urls
from monitor.backoff import retry_after_s
from monitor.config import FeedSettings
from monitor.errors import FetchError, SandboxError
from monitor.feeds.cadence import Pace, asks_again, asks_of, failure_wait_s, next_interval_s, next_poll_at
from monitor.feeds.dates import EARLIEST
from monitor.feeds.identify import identify
from monitor.feeds.moves import Move, is_settled, seen
from monitor.feeds.notes import BROKEN_OFF, SAID, notes
from monitor.feeds.polling import PollCounts, PollSettings, pace_of
from monitor.feeds.reconcile import Finding, is_another_feed, judge, renamed
from monitor.fetch import Limits, Request, Response
from monitor.fetch.polite import Sender
from monitor.model import Entry, Feed, Site
from monitor.sandbox import Sandbox
from monitor.store import entries as stored_entries
from monitor.store import polls, sites
from monitor.store.driver import Store
from monitor.store.entries import Sighted
from monitor.store.polls import Memory, Polled, PollFailure
from monitor.store.recorder import Recorder
from monitor.text import one_line

Clock = Callable[[], datetime]

HELD = timedelta(hours=24)
"""How long the entries of a flood wait before they are read and matched like any other (RELIABILITY case 92)."""

BELIEVED = timedelta(days=30)
"""A new entry of a known feed that claims to be older has a wrong date, not an old story (CONFORMANCE, traps)."""

UNCONDITIONAL = timedelta(days=7)
"""After so long without a full answer the validators are left out once: some servers give one ETag to everything."""

_LEASE = timedelta(minutes=5)
_STRANGER = timedelta(minutes=1)
_ACCEPT = "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,text/xml;q=0.9,*/*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """A feed to be polled: its row, what was learnt of it, its settings and its limits."""

    feed: Feed
    memory: Memory
    settings: FeedSettings
    pace: Pace

    @property
    def key(self) -> tuple[object, ...]:
        """What must be equal for one request to serve two feeds: the address and how it is asked."""
        settings = self.settings
        secrets = tuple(sorted((name, value.reveal()) for name, value in settings.headers.items()))
        password = settings.password.reveal() if settings.password else None
        return (self.feed.url, settings.user_agent, secrets, settings.username, password, settings.allow_private, settings.ports)


async def poll(
    site: Site, *, store: Store, recorder: Recorder, door: Sender, sandbox: Sandbox, clock: Clock, settings: PollSettings
) -> PollCounts:
    """Polls the site's due feeds one after the other, until the host asks to wait. Raises LeaseLost when another visitor took the site over."""
    now = clock()
    polling = _Polling(site, store, recorder, door, sandbox, clock, settings)
    total = PollCounts()
    for group in _groups(await asyncio.to_thread(_subjects, store, site, settings, now)):
        if any(subject.feed.next_poll_at is not None and subject.feed.next_poll_at <= now for subject in group):
            total = total.plus(await polling.poll(group))
        if total.refused:
            break
    return total


def request_for(feed: FeedSettings, common: PollSettings, url: str = "") -> Request:
    """The request of a configured feed, at its address or where it has moved; credentials go to the configured address's origin only."""
    secret = [(name, value.reveal()) for name, value in feed.headers.items()]
    if feed.password is not None:
        login = f"{feed.username}:{feed.password.reveal()}".encode()
        secret.append(("authorization", f"Basic {base64.b64encode(login).decode('ascii')}"))
    return Request(
        url=url or feed.url,
        headers=(("accept", _ACCEPT), ("user-agent", feed.user_agent or common.agent)),
        secret_headers=tuple(secret),
        secret_url=feed.url,
        limits=Limits(total_s=common.defaults.timeout_s, broken=True),
        allow_private=(*common.allow_private, *feed.allow_private),
        ports=(*common.ports, *feed.ports),
    )


async def read_index(index: Mapping[str, Any], feed: FeedSettings, common: PollSettings, door: Sender, sandbox: Sandbox) -> dict[str, Any]:
    """The news of the sitemaps that an index names, as one feed. One that fails is left out; when all do, the last reason is given.

    Raises SandboxError.
    """
    parts = []
    reason = "the index names no sitemap that can be read"
    for child in index["children"]:
        try:
            response = await door.send(request_for(feed, common, child))
        except FetchError as error:
            reason = f"the sitemap {child} cannot be fetched: {error}"
            continue
        if not 200 <= response.status < 300:
            reason = f"the sitemap {child} answers {response.status}"
            continue
        args = {"url": response.url, "max_entries": common.defaults.max_entries}
        found = await sandbox.call("monitor.feeds.parse:parse_feed", args, response.body, wall_s=30, cpu_s=30)
        if found["kind"] == "feed":
            parts.append(found)
        else:
            reason = f"the sitemap {child}: {found['reason'] or 'is an index again'}"
    if not parts:
        return {**index, "kind": "not-feed", "why": "sitemap", "reason": reason}
    entries = [entry for part in parts for entry in part["entries"]]
    return {
        **parts[0],
        "total": sum(part["total"] for part in parts),
        "cut": any(part["cut"] for part in parts),
        "entries": entries[: common.defaults.max_entries],
        "children": index["children"],
    }


def _subjects(store: Store, site: Site, settings: PollSettings, now: datetime) -> list[_Subject]:
    configured = {feed.name: feed for feed in settings.feeds}
    subjects = []
    for each in polls.at_site(store, site.id):
        feed = configured.get(each.feed.name)
        if feed is not None:
            subjects.append(_Subject(feed=each.feed, memory=each.memory, settings=feed, pace=pace_of(feed, settings.defaults)))
        elif each.feed.next_poll_at is not None and each.feed.next_poll_at <= now:
            # Added since this process read its configuration: whoever knows it polls it; a site that stays due would be visited in vain for ever.
            polls.put_off(store, each.feed.id, now + _STRANGER)
    return subjects


def _groups(subjects: Sequence[_Subject]) -> list[list[_Subject]]:
    groups: dict[tuple[object, ...], list[_Subject]] = {}
    for subject in subjects:
        groups.setdefault(subject.key, []).append(subject)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class _Polling:
    """The polls of one visit."""

    site: Site
    store: Store
    recorder: Recorder
    door: Sender
    sandbox: Sandbox
    clock: Clock
    common: PollSettings

    async def poll(self, group: Sequence[_Subject]) -> PollCounts:
        """One request, and what it means for each feed that shares it."""
        request = self._request(group)
        try:
            response = await self.door.send(request)
        except FetchError as error:
            return await self._all_failed(group, error.kind, str(error))
        if response.status == 304 and request.conditions:
            return await self._all(group, lambda subject: self._unchanged(subject, response), durable=False)
        if not 200 <= response.status < 300:
            return await self._refused(group, response)
        body_hash = sha256(response.body).hexdigest()
        same = [subject for subject in group if subject.feed.body_hash == body_hash and not response.broken]
        counts = await self._all(same, lambda subject: self._unchanged(subject, response), durable=False)
        others = [subject for subject in group if subject not in same]
        return counts.plus(await self._read(others, response, body_hash)) if others else counts

    def _request(self, group: Sequence[_Subject]) -> Request:
        """Conditional where every feed of the group has the same validators and knows what they stand for."""
        first = group[0]
        request = replace(request_for(first.settings, self.common, first.feed.url), purpose="poll")
        pairs = {(subject.feed.etag, subject.feed.last_modified, subject.memory.answered_url) for subject in group}
        full_at = first.memory.full_at
        if len(pairs) > 1 or full_at is None or self.clock() - full_at > UNCONDITIONAL:
            return request
        names = ("if-none-match", "if-modified-since")
        conditions = tuple((name, value) for name, value in zip(names, (first.feed.etag, first.feed.last_modified), strict=True) if value)
        return replace(request, conditions=conditions, conditions_url=first.memory.answered_url)

    async def _read(self, group: Sequence[_Subject], response: Response, body_hash: str) -> PollCounts:
        args = {
            "url": response.url,
            "content_type": response.header("content-type") or "",
            "max_entries": self.common.defaults.max_entries,
            "broken": response.broken,
        }
        try:
            found = await self.sandbox.call("monitor.feeds.parse:parse_feed", args, response.body, wall_s=30, cpu_s=30)
            if found["kind"] == "index":
                found = await read_index(found, group[0].settings, self.common, self.door, self.sandbox)
        except SandboxError as error:
            return await self._all_failed(group, f"parse-{error.kind}", f"the feed could not be parsed: {error}")
        if found["kind"] != "feed":
            return await self._all_failed(group, *(BROKEN_OFF if response.broken else ("not-feed", found["reason"])))
        return await self._all(group, lambda subject: self._save(subject, response, found, body_hash), durable=bool(found["entries"]))

    async def _all(self, group: Sequence[_Subject], record: Callable[[_Subject], PollCounts], *, durable: bool = True) -> PollCounts:
        total = PollCounts()
        for subject in group:
            total = total.plus(await self.recorder.record(partial(record, subject), durable=durable))
        return total

    def _save(self, subject: _Subject, response: Response, found: dict[str, Any], body_hash: str) -> PollCounts:
        now, feed, pace = self.clock(), subject.feed, subject.pace
        entries = self._identified(subject, response, found, now)
        fresh, names = self._strangers(feed, entries)
        finding = self._judged(feed, entries, fresh, found["title"])
        memory = self._remembered(subject, response, finding, now)
        asks = asks_of(response.header, found, now)
        interval = next_interval_s(feed.interval_s, len(fresh), finding.gap, pace)
        due_at = now + HELD if finding.kind else None
        held = {entry.key for entry in fresh} if due_at else set()
        # Of a document that was cut, and of an index whose sitemaps change behind it, no validator may say that nothing is new.
        unsure = found["cut"] or found["children"]
        polled = Polled(
            etag=None if unsure else response.header("etag"),
            last_modified=None if unsure else response.header("last-modified"),
            body_hash=None if unsure else body_hash,
            title=found["title"],
            interval_s=interval,
            next_poll_at=next_poll_at(feed.name, interval, asks, pace, now),
            memory=replace(memory, asks_json=asks.text(), full_at=now),
            note=notes(
                found, gap=finding.gap, held=memory.held_reason, stepped_down=_stepped_down(feed, response), moving=memory.moved_url
            ),
            gap=finding.gap,
            found=tuple(self._sighted(subject, entry, names, due_at if entry.key in held else None, now) for entry in entries),
            settled_url=self._settled(subject, memory, now),
            baseline_at=now if entries and not found["cut"] else None,
        )
        counts = polls.save_poll(self.store, self.site, feed, polled, now, now + _LEASE)
        return PollCounts(polled=1, new=counts.new, revised=counts.revised)

    def _identified(self, subject: _Subject, response: Response, found: dict[str, Any], now: datetime) -> tuple[Entry, ...]:
        return identify(
            found["entries"],
            feed_url=response.url,
            feed_lang=subject.settings.lang or found["lang"],
            zone=subject.settings.timezone or self.common.defaults.timezone,
            now=now,
            oldest=EARLIEST if subject.feed.baseline_at is None else now - BELIEVED,
            channel_date=found["published"],
        )

    def _strangers(self, feed: Feed, entries: Sequence[Entry]) -> tuple[list[Entry], dict[str, str]]:
        """The entries never seen before, and the old keys of those that only have another identity now."""
        if feed.last_new_at is None:
            return list(entries), {}
        known = stored_entries.known_keys(self.store, feed.id, [entry.key for entry in entries])
        fresh = [entry for entry in entries if entry.key not in known]
        if not fresh:
            return [], {}
        names = renamed(entries, stored_entries.look_alikes(self.store, feed.id, fresh))
        return [entry for entry in fresh if entry.key not in names], names

    def _judged(self, feed: Feed, entries: Sequence[Entry], fresh: Sequence[Entry], title: str) -> Finding:
        if feed.baseline_at is None or not fresh:
            return Finding()
        if len(fresh) == len(entries) and is_another_feed(entries, title, feed.title, stored_entries.latest_urls(self.store, feed.id, 50)):
            reason = f"has become another feed: it was {feed.title!r}, its title is {title!r} and nothing of the old is left"
            return Finding(kind="other-feed", reason=one_line(reason, 300))
        return judge(entries, fresh, feed.last_success_at)

    def _remembered(self, subject: _Subject, response: Response, finding: Finding, now: datetime) -> Memory:
        """What the poll leaves in memory: who answered, where redirects lead, what is held. A flood is forgotten once it was let go."""
        before = subject.memory
        move = seen(_move(before), [hop.status for hop in response.hops], response.url, now)
        memory = replace(before, answered_url=response.url, moved_url=move.url, moved_since_at=move.since_at, moved_count=move.count)
        if finding.kind:
            return replace(memory, held_at=now, held_kind=finding.kind, held_reason=finding.reason)
        if before.held_kind == "flood" and before.held_at is not None and now - before.held_at >= HELD:
            return replace(memory, held_at=None, held_kind="", held_reason="")
        return memory

    def _settled(self, subject: _Subject, memory: Memory, now: datetime) -> str:
        """Where the feed has moved for good, if it has; one with credentials stays where they may be sent."""
        url = memory.moved_url or ""
        secret = bool(subject.settings.headers) or subject.settings.password is not None
        if not is_settled(_move(memory), now) or (secret and not urls.same_origin(subject.settings.url, url)):
            return ""
        return url

    def _sighted(self, subject: _Subject, entry: Entry, names: dict[str, str], due_at: datetime | None, now: datetime) -> Sighted:
        publisher = one_line(subject.settings.title or subject.feed.title or subject.feed.name, 100)
        quiet = self._quiet(subject.feed, entry, now)
        return Sighted(entry=entry, quiet=quiet, publisher=publisher, was=names.get(entry.key, ""), due_at=due_at)

    def _quiet(self, feed: Feed, entry: Entry, now: datetime) -> bool:
        """True where the entry is no news: at a feed's first poll, anything without a date of its own or older than the alert window."""
        if feed.baseline_at is not None:
            return False
        window = timedelta(hours=self.common.defaults.alert_window_h)
        return entry.published_at is None or not entry.published_raw or now - entry.published_at > window

    def _unchanged(self, subject: _Subject, response: Response) -> PollCounts:
        """A 304, or the same bytes again: nothing is parsed. A 304 without validators keeps the old ones (RFC 9111 4.3.4)."""
        now, feed, pace = self.clock(), subject.feed, subject.pace
        full = response.status != 304
        interval = next_interval_s(feed.interval_s, 0, False, pace)
        asks = asks_again(subject.memory.asks_json, response.header, now)
        memory = self._remembered(subject, response, Finding(), now)
        polled = Polled(
            etag=response.header("etag") or (None if full else feed.etag),
            last_modified=response.header("last-modified") or (None if full else feed.last_modified),
            body_hash=feed.body_hash,
            title="",
            interval_s=interval,
            next_poll_at=next_poll_at(feed.name, interval, asks, pace, now),
            memory=replace(memory, asks_json=asks.text(), full_at=now if full else memory.full_at),
            note=feed.note if memory.held_reason == subject.memory.held_reason else "",
            settled_url=self._settled(subject, memory, now),
        )
        polls.save_poll(self.store, self.site, feed, polled, now, now + _LEASE)
        return PollCounts(polled=1, unchanged=1)

    async def _refused(self, group: Sequence[_Subject], response: Response) -> PollCounts:
        """An answer that is no document. 429, and 503 with a time, bind the whole host (RFC 6585, RFC 9110 10.2.3)."""
        status = response.status
        wait = retry_after_s(response.header("retry-after"), self.clock()) if status in (429, 503) else None
        if status == 429 and wait is None:
            wait = group[0].pace.usual_s
        if wait:
            until = self.clock() + timedelta(seconds=wait)
            await asyncio.to_thread(sites.block, self.store, urls.host(response.url), until, f"answered {status}", self.clock())
        said = SAID.get(status, f"the server answers {status}")
        counts = await self._all_failed(group, f"http-{status}", said, status, wait)
        return replace(counts, refused=1) if wait else counts

    async def _all_failed(
        self, group: Sequence[_Subject], kind: str, error: str, status: int | None = None, asked: int | None = None
    ) -> PollCounts:
        return await self._all(group, lambda subject: self._failed(subject, kind, error, status, asked))

    def _failed(self, subject: _Subject, kind: str, error: str, status: int | None, asked: int | None) -> PollCounts:
        now, feed = self.clock(), subject.feed
        wait = failure_wait_s(feed.name, status, feed.fail_count + 1, asked, subject.pace)
        again_at = None if status == 410 else now + timedelta(seconds=wait)
        failure = PollFailure(kind=kind, error=one_line(error, 300), next_poll_at=again_at)
        polls.save_failure(self.store, self.site, feed, failure, now, now + _LEASE)
        return PollCounts(polled=1, failing=1)


def _move(memory: Memory) -> Move:
    return Move(url=memory.moved_url, since_at=memory.moved_since_at, count=memory.moved_count)


def _stepped_down(feed: Feed, response: Response) -> bool:
    return feed.url.startswith("https:") and response.url.startswith("http:")
