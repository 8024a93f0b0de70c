"""Reads the pending articles of one site: robots rules, fetch, extract in the sandbox, language, near-duplicates, store.

Whatever goes wrong ends in a row: a later attempt, or the article with its feed text. An article is never lost because its page is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor import sketch, urls
from monitor.articles.duplicate import Candidate, is_copy
from monitor.articles.language import choose_language
from monitor.articles.refusal import refusal_kind
from monitor.articles.retry import Failure, final_failure, next_attempt
from monitor.errors import FetchError, SandboxError, StoreError
from monitor.fetch import Limits, Request, Response
from monitor.fetch.polite import Sender
from monitor.fetch.robots import allowed
from monitor.model import Site
from monitor.sandbox import Sandbox
from monitor.store import articles as stored
from monitor.store import copies, sites
from monitor.store.articles import FeedText, PendingArticle, ReadPage
from monitor.store.driver import Store
from monitor.store.steps import record_event
from monitor.text import clean, digest, one_line, words

Clock = Callable[[], datetime]

MAX_STRIKES = 3
"""A page whose parse was begun three times and never ended well is not parsed again (RELIABILITY 2.3)."""

MAX_FORWARDS = 3
"""Visits after which a page that sends on again is given up."""

_LEASE = timedelta(minutes=5)
_ROBOTS_AGE = timedelta(hours=24)
_TOO_OFTEN = timedelta(hours=1)
_NEAR_DUPLICATE_WINDOW = timedelta(days=7)
_SKETCH_INDEX = 16
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """How pages are read. `wanted` decides by feed text which pages are fetched at all (`articles.fetch`)."""

    agent: str
    languages: tuple[str, ...] = ("vi", "en", "fr")
    robots: bool = True
    per_visit: int = 50
    timeout_s: float = 30.0
    alert_window: timedelta = timedelta(hours=48)
    wanted: Callable[[str, str, str], bool] = lambda title, summary, lang: True
    allow_private: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCounts:
    """What one visit read: pages stored, kept with feed text, put off."""

    read: int = 0
    kept: int = 0
    postponed: int = 0


async def read(site: Site, *, store: Store, door: Sender, sandbox: Sandbox, clock: Clock, settings: ReadSettings) -> ReadCounts:
    """Reads the site's due pages one after the other, until the host asks to wait, and returns the counts. Raises LeaseLost when another visitor took over."""
    reader = _Reader(site, store, door, sandbox, clock, settings)
    due = await asyncio.to_thread(stored.pending, store, site.id, clock(), settings.per_visit)
    outcomes: list[str] = []
    for article in due:
        outcomes.append(await reader.read(article))
        if reader.asked_to_wait:
            break
    return ReadCounts(read=outcomes.count("read"), kept=outcomes.count("kept"), postponed=outcomes.count("postponed"))


class _Reader:
    def __init__(self, site: Site, store: Store, door: Sender, sandbox: Sandbox, clock: Clock, settings: ReadSettings) -> None:
        self.site = site
        self.store = store
        self.door = door
        self.sandbox = sandbox
        self.clock = clock
        self.settings = settings
        self.asked_to_wait = False

    async def read(self, article: PendingArticle) -> str:
        """Reads one page. Answers read, kept (feed text) or postponed."""
        if article.strikes >= MAX_STRIKES:
            return await self._keep(article, "dead", Failure("poison", "its parse ended badly three times"))
        if not self.settings.wanted(article.title, article.summary, article.lang):
            return await self._keep(article, "done", None)
        again_at = next_attempt(article.attempts + 1, self.clock())
        await asyncio.to_thread(stored.begin, self.store, self.site, article.id, again_at, self._lease())
        try:
            if self.settings.robots and not await self._allowed(article.url):
                return await self._keep(article, "failed", Failure("robots", "robots.txt asks not to read this page"))
            response = await self.door.send(self._request(article.url))
        except FetchError as error:
            return await self._failed(article, Failure(error.kind, str(error)))
        if response.status != 200:
            return await self._refused(article, response)
        return await self._extract(article, response)

    def _request(self, url: str) -> Request:
        limits = Limits(total_s=self.settings.timeout_s, wire_bytes=5 * _MIB, decoded_bytes=10 * _MIB)
        headers = (("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"),)
        reach, ports = self.settings.allow_private, self.settings.ports
        return Request(url=url, headers=headers, limits=limits, allow_private=reach, ports=ports, purpose="page")

    async def _allowed(self, url: str) -> bool:
        text, read_at = await asyncio.to_thread(stored.robots, self.store, self.site.id)
        if text is None or read_at is None or self.clock() - read_at > _ROBOTS_AGE:
            text = await self._robots(url)
            await asyncio.to_thread(stored.save_robots, self.store, self.site.id, text, self.clock())
        return allowed(text, url, self.settings.agent)

    async def _robots(self, url: str) -> str:
        """The site's rules; none where it has none (RFC 9309 2.3.1.3). A site that cannot be asked raises FetchError: the page waits (2.3.1.4)."""
        address = urls.join(url, "/robots.txt")
        limits = Limits(total_s=self.settings.timeout_s, wire_bytes=_MIB // 2, decoded_bytes=_MIB // 2)
        response = await self.door.send(
            Request(url=address, limits=limits, allow_private=self.settings.allow_private, ports=self.settings.ports),
        )
        if response.status >= 500:
            raise FetchError("protocol", f"robots.txt answers {response.status}")
        return response.body.decode("utf-8", "replace") if response.status == 200 else ""

    async def _refused(self, article: PendingArticle, response: Response) -> str:
        status = response.status
        kind = refusal_kind(status, response.header, response.body)
        wait = _retry_after(response, self.clock()) if status in (429, 503) else None
        if status == 429 and wait is None:
            wait = _TOO_OFTEN
        if wait:
            self.asked_to_wait = True
            now = self.clock()
            await asyncio.to_thread(sites.block, self.store, urls.host(response.url), now + wait, f"answered {status}", now)
        return await self._failed(article, Failure(kind, _KEPT.get(kind, f"the page answers {status}"), status))

    async def _failed(self, article: PendingArticle, failure: Failure) -> str:
        if final_failure(failure, article.attempts + 1):
            return await self._keep(article, "failed", failure)
        again_at = next_attempt(article.attempts + 1, self.clock())
        args = (self.site, article.id, again_at, self._lease(), failure.kind, one_line(failure.message), failure.status)
        await asyncio.to_thread(stored.postpone, self.store, *args)
        return "postponed"

    async def _extract(self, article: PendingArticle, response: Response) -> str:
        await asyncio.to_thread(stored.strike, self.store, self.site, article.id, self._lease())
        args = {"url": response.url, "content_type": response.header("content-type") or ""}
        try:
            page = await self.sandbox.call("monitor.articles.extract:extract_page", args, response.body, wall_s=15, cpu_s=10)
        except SandboxError as error:
            if error.kind == "unstarted":
                await asyncio.to_thread(stored.unstrike, self.store, article.id)
                return await self._failed(article, Failure("parse-unstarted", str(error)))
            if article.strikes + 1 >= MAX_STRIKES:
                return await self._keep(article, "dead", Failure(f"parse-{error.kind}", str(error), response.status))
            return await self._failed(article, Failure(f"parse-{error.kind}", str(error), response.status))
        outcome = "postponed"
        try:
            outcome = await self._parsed(article, response, page)
        finally:
            # Whatever comes of it, a lost lease or a store that refuses: the page has shown that it can be parsed.
            if outcome == "postponed":
                with suppress(StoreError):
                    await asyncio.to_thread(stored.unstrike, self.store, article.id)
        return outcome

    async def _parsed(self, article: PendingArticle, response: Response, page: dict[str, Any]) -> str:
        match page["kind"]:
            case "article":
                return await self._save(article, response, page)
            case "forward":
                return await self._forward(article, page["canonical"], response.status)
            case "bot-check":
                return await self._failed(article, Failure("bot-check", _KEPT["bot-check"], response.status))
            case kind:
                return await self._keep(article, "failed", Failure(kind, _KEPT.get(kind, kind), response.status))

    async def _forward(self, article: PendingArticle, target: str, status: int) -> str:
        """The page only sends readers on: it is read where it leads to, in a visit to that site."""
        if article.attempts + 1 > MAX_FORWARDS:
            return await self._keep(article, "failed", Failure("redirect", "the page sends on and on and never arrives", status))
        await asyncio.to_thread(stored.forward, self.store, self.site, article.id, target, status, self.clock(), self._lease())
        return "postponed"

    async def _save(self, article: PendingArticle, response: Response, page: dict[str, Any]) -> str:
        title = article.title or one_line(page["title"]) or article.url
        text = clean(page["text"])
        lang, lang_source = choose_language(f"{title}\n{text}", article.lang, page["lang"], self.settings.languages)
        canonical = urls.join(response.url, page["canonical"]) or response.url
        if urls.host(canonical) != urls.host(response.url):
            canonical = response.url
        found = words(text)
        values = sketch.sketch(found)
        now = self.clock()
        key = urls.url_key(canonical)
        published_at = article.published_at or _believable(page["date"], article.first_seen_at)
        read_page = ReadPage(
            kind="article",
            text_source=page["text_source"],
            title=title,
            text=text,
            text_hash=digest(title, text),
            author=one_line(page["author"], 200),
            publisher=one_line(page["site_name"], 100) or urls.publisher(urls.host(response.url)),
            lang=lang,
            lang_source=lang_source,
            published_at=published_at,
            canonical_url=canonical,
            canonical_key=key,
            status=response.status,
            sketch=sketch.to_bytes(values),
            sketch_size=len(found),
            sketch_values=values[:_SKETCH_INDEX],
            copy_of=None,
            text_of=None,
            quiet=article.quiet and not self._fresh(article, published_at),
        )
        await asyncio.to_thread(self._save_page, article.id, read_page, values, found, now)
        return "read"

    def _save_page(self, article_id: int, page: ReadPage, values: tuple[int, ...], found: list[str], now: datetime) -> None:
        """Looks for an original and stores the page in one transaction: of copies read at the same time the first is the original of the others."""
        with self.store.write():
            copy_of = self._copy_of(article_id, page.canonical_key, values, len(found), now)
            text_of = None if copy_of is None else self._text_of(copy_of, page, found)
            page = replace(page, copy_of=copy_of, text_of=text_of)
            stored.save_page(self.store, self.site, article_id, page, now, self._lease())

    def _copy_of(self, article_id: int, canonical_key: str, values: tuple[int, ...], size: int, now: datetime) -> int | None:
        if same := copies.same_page(self.store, article_id, canonical_key):
            return same
        since = now - _NEAR_DUPLICATE_WINDOW
        for candidate in copies.sketch_candidates(self.store, article_id, values[:_SKETCH_INDEX], since):
            if is_copy(values, size, Candidate(id=candidate.id, sketch=sketch.from_bytes(candidate.sketch), size=candidate.size)):
                return candidate.id
        return None

    def _text_of(self, original: int, page: ReadPage, found: list[str]) -> int | None:
        """The original or an earlier copy of it, whichever has the same words; an edited copy keeps its own, for evidence must be what was really there."""
        for id_ in copies.same_sketch(self.store, original, page.sketch, page.sketch_size):
            kept = stored.get(self.store, id_)
            if kept is not None and words(kept.text) == found:
                return id_
        return None

    def _fresh(self, article: PendingArticle, published_at: datetime | None) -> bool:
        """A baseline article without a date in its feed turns out to be news when its page says so."""
        undated = article.published_at is None and published_at is not None
        return undated and published_at is not None and article.first_seen_at - published_at <= self.settings.alert_window

    async def _keep(self, article: PendingArticle, state: str, failure: Failure | None) -> str:
        text = clean(article.summary)
        lang, lang_source = choose_language(f"{article.title}\n{text}", article.lang, "", self.settings.languages)
        kept = FeedText(
            state=state,
            kind=failure.kind if failure else "feed",
            lang=lang,
            lang_source=lang_source,
            publisher=urls.publisher(urls.host(article.url)),
            text=text,
            text_hash=digest(article.title, text),
            error_kind=failure.kind if failure else None,
            error=one_line(failure.message) if failure else None,
            status=failure.status if failure else None,
        )
        await asyncio.to_thread(self._save_kept, article, kept)
        return "kept"

    def _save_kept(self, article: PendingArticle, kept: FeedText) -> None:
        with self.store.write():
            stored.save_feed_text(self.store, self.site, article.id, article.title, kept, self._lease())
            if kept.state == "dead":
                record_event(self.store, self.clock(), "article.dead", article.url, kept.error or "")

    def _lease(self) -> datetime:
        return self.clock() + _LEASE


_KEPT = {
    "bot-check": "the site shows a check for robots instead of the page",
    "paywall": "only paying readers get the text",
    "not-article": "the page holds no article",
    "empty": "the page holds no text",
}


def _retry_after(response: Response, now: datetime) -> timedelta | None:
    from monitor.backoff import retry_after_s

    seconds = retry_after_s(response.header("retry-after"), now)
    return None if seconds is None else timedelta(seconds=seconds)


def _believable(text: str, first_seen_at: datetime) -> datetime | None:
    """A page's own date (`2024-09-25`, UTC assumed) unless it lies ahead of the first sight by more than a day or before 1990."""
    try:
        day = datetime.fromisoformat(text[:10]).replace(tzinfo=first_seen_at.tzinfo)
    except ValueError:
        return None
    return day if day.year >= 1990 and day <= first_seen_at + timedelta(days=1) else None
