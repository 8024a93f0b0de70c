"""What a person asks about feeds: look at an address, discover, propose, check, read a list. Asks through the doors; polls nothing for the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor import urls
from monitor.config import Config, FeedSettings
from monitor.errors import FetchError, MonitorError, NothingSelected, SandboxError, UsageError
from monitor.feeds.diagnose import oddities, other_address, plain_reason, summary
from monitor.feeds.identify import identify
from monitor.feeds.opml import MAX_BYTES
from monitor.feeds.polling import PollSettings
from monitor.feeds.propose import Proposal, from_list, proposal, two_letters
from monitor.feeds.step import read_index, request_for
from monitor.fetch import Response
from monitor.fetch.polite import Sender
from monitor.model import Entry, Feed
from monitor.sandbox import Sandbox
from monitor.store import feeds as stored
from monitor.store.driver import Store

VERIFIED = 12
"""Candidates of a page that are fetched to see whether they are feeds."""

WELL_KNOWN = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/feed.json", "/news-sitemap.xml")
"""Asked, in this order and until one answers, where a page names no feed."""

_PERMANENT = (301, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What questions go through: the doors, how we present ourselves, and the instant they are asked."""

    door: Sender
    sandbox: Sandbox
    settings: PollSettings
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one address gave. kind: feed | page (a web page, with what it names in `candidates`) | nothing.

    url         the address asked, or where it has moved for good
    error_kind, error   why it is no feed, as a poll would record it; empty for a feed
    found       the parsed feed, `entries` its identified items
    """

    kind: str
    url: str
    error_kind: str = ""
    error: str = ""
    found: Mapping[str, Any] | None = None
    entries: tuple[Entry, ...] = ()
    content_type: str = ""
    candidates: tuple[Mapping[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `feeds check` says of one feed. `problem` is empty where it can be read; `advice` says what to do about it."""

    name: str
    url: str
    problem: str
    advice: str
    detail: str
    got: str
    odd: tuple[str, ...]
    candidates: tuple[str, ...]
    state: str
    next_poll_at: datetime | None
    last_success_at: datetime | None
    failing_since_at: datetime | None
    last_error: str
    note: str


async def look(address: str, asking: Asking, feed: FeedSettings | None = None) -> Look:
    """Asks one address and says what it is. `feed` lends its credentials, zone and agent. Raises UsageError for what is no address."""
    settings = feed or FeedSettings(url=address_of(address))
    try:
        response = await asking.door.send(request_for(settings, asking.settings))
    except FetchError as error:
        return Look(kind="nothing", url=settings.url, error_kind=error.kind, error=str(error))
    url = response.url if response.hops and all(hop.status in _PERMANENT for hop in response.hops) else settings.url
    if not 200 <= response.status < 300:
        return Look(kind="nothing", url=url, error_kind=f"http-{response.status}", error=f"the answer is error {response.status}")
    content_type = response.header("content-type") or ""
    args: dict[str, object] = {"url": response.url, "content_type": content_type}
    try:
        most = asking.settings.defaults.max_entries
        found = await asking.sandbox.call(
            "monitor.feeds.parse:parse_feed", {**args, "max_entries": most, "broken": response.broken}, response.body
        )
        if found["kind"] == "index":
            found = await read_index(found, settings, asking.settings, asking.door, asking.sandbox)
        if found["kind"] != "feed" and response.broken:
            return Look(kind="nothing", url=url, error_kind="broken", error=f"the answer breaks off after {len(response.body)} bytes")
        if found["kind"] != "feed":
            kind = "page" if b"<" in response.body else "nothing"
            return Look(
                kind=kind, url=url, error_kind=f"not-feed-{found['why']}", error=found["reason"], candidates=tuple(found["candidates"])
            )
    except SandboxError as error:
        return Look(kind="nothing", url=url, error_kind=f"parse-{error.kind}", error=str(error))
    zone = settings.timezone or asking.settings.defaults.timezone
    lang = settings.lang or found["lang"]
    entries = identify(found["entries"], feed_url=response.url, feed_lang=lang, zone=zone, now=asking.now)
    return Look(kind="feed", url=url, found=found, entries=entries, content_type=content_type, notes=_notes(settings.url, url, response))


async def discover(address: str, asking: Asking) -> tuple[Look, ...]:
    """The feeds behind an address: itself, or those its page names and that answer as feeds, or those at well-known places of its site.

    Raises MonitorError that says what was found instead, where there is none.
    """
    first = await look(address, asking)
    if first.kind == "feed":
        return (first,)
    if first.kind == "nothing" and not first.error_kind.startswith("not-feed"):
        what, advice = plain_reason(first.error_kind, first.url)
        raise MonitorError(f"{address}: {what} ({first.error}). {advice[:1].upper()}{advice[1:]}.")
    named = [await look(candidate["url"], asking) for candidate in first.candidates[:VERIFIED]]
    found = [each for each in named if each.kind == "feed"]
    if not found:
        found = await _well_known(first.url, asking)
    if not found:
        raise NothingSelected(f"{address} names no feed, and there is none at the usual places of the site ({first.error})")
    return tuple({urls.url_key(each.url): each for each in reversed(found)}.values())[::-1]


async def propose(
    address: str, asking: Asking, config: Config, name: str, title: str, lang: str, further: Mapping[str, object]
) -> Proposal:
    """The feed at an address (or the one feed its page names) as it would stand in config.toml.

    Raises UsageError where it is there already, the name is taken, or the page names several; MonitorError where there is no feed.
    """
    found = await discover(address, asking)
    if len(found) > 1:
        listed = "\n".join(f"  {each.url}  {_title(each)}" for each in found)
        raise UsageError(f"{address} names {len(found)} feeds; add the one you want:\n{listed}")
    return proposal(
        found[0].url, title or _title(found[0]), lang or two_letters(str((found[0].found or {}).get("lang", ""))), config, name, further
    )


async def check(which: str, asking: Asking, config: Config, store: Store) -> Report:
    """What a feed (by name or address) gives this minute, what is odd about it, and what its polls remember. Raises UsageError."""
    feed = next((each for each in config.feed if each.name == which), None)
    row = stored.get(store, which) if feed else None
    if feed is None and "." not in which and ":" not in which:
        raise NothingSelected(f"there is no feed {which!r} in {config.source}; see `monitor feeds list`, or give an address")
    seen = await look(which, asking, feed)
    what, advice = plain_reason(seen.error_kind, seen.url, which) if seen.error_kind else ("", "")
    candidates = tuple(each["url"] for each in seen.candidates if each["source"] == "link")
    if candidates:
        advice = other_address(candidates)
    found = seen.found
    return Report(
        name=which,
        url=feed.url if feed else seen.url,
        problem=what,
        advice=advice,
        detail=seen.error,
        got=summary(found, seen.entries, asking.now) if found else "",
        odd=(*seen.notes, *oddities(found, seen.entries, seen.content_type, asking.now)) if found else (),
        candidates=candidates,
        state=_state(feed, row),
        next_poll_at=row.next_poll_at if row else None,
        last_success_at=row.last_success_at if row else None,
        failing_since_at=row.failing_since_at if row else None,
        last_error=_last_error(row),
        note=row.note if row else "",
    )


async def read_list(body: bytes, asking: Asking, config: Config) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """The feeds of an OPML file that are not configured yet, and what was left out, with reasons. Raises UsageError for what is no OPML."""
    if len(body) > MAX_BYTES:
        raise UsageError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        listed = await asking.sandbox.call("monitor.feeds.opml:read_opml", {}, body)
    except SandboxError as error:
        raise UsageError(f"the file cannot be read as OPML: {error}") from None
    return from_list(listed, config)


def overview(config: Config, store: Store) -> list[dict[str, object]]:
    """Every feed with its state: active, failing, paused, gone, off (enabled = false), new (not known to the database), removed (from the file)."""
    rows = {feed.name: feed for feed in stored.every(store)}
    configured = {feed.name: feed for feed in config.feed}
    return [_line(name, configured.get(name), rows.get(name)) for name in sorted({*rows, *configured})]


def _line(name: str, feed: FeedSettings | None, row: Feed | None) -> dict[str, object]:
    return {
        "name": name,
        "state": _state(feed, row),
        "failing_since_at": row.failing_since_at if row else None,
        "last_success_at": row.last_success_at if row else None,
        "next_poll_at": row.next_poll_at if row else None,
        "lang": (feed.lang if feed else "") or (row.lang if row else ""),
        "title": (feed.title if feed else "") or (row.title if row else ""),
        "url": feed.url if feed else row.url if row else "",
        "error": _last_error(row),
        "note": row.note if row else "",
    }


def _state(feed: FeedSettings | None, row: Feed | None) -> str:
    if feed is None:
        return "removed" if row else "not configured"
    if not feed.enabled:
        return "off"
    if row is None or row.state == "removed":
        return "new"
    return "failing" if row.state == "active" and row.failing_since_at is not None else row.state


def _last_error(row: Feed | None) -> str:
    if row is None or not row.error_kind:
        return ""
    return f"{plain_reason(row.error_kind, row.url)[0]} ({row.error})"


async def _well_known(url: str, asking: Asking) -> list[Look]:
    address = urls.parse(url)
    for path in WELL_KNOWN if address else ():
        assert address is not None
        found = await look(address.origin + path, asking)
        if found.kind == "feed":
            return [found]
    return []


def address_of(text: str) -> str:
    """What a person typed as an address that can be asked; https:// is added where nothing stands. Raises UsageError."""
    address = text if "://" in text else f"https://{text}"
    if not urls.is_fetchable(address):
        raise UsageError(f"{text!r} is not an address; write it as the browser shows it, beginning with https://")
    return urls.join(address, address)


def _title(seen: Look) -> str:
    return str((seen.found or {}).get("title", ""))


def _notes(asked: str, url: str, response: Response) -> tuple[str, ...]:
    notes = []
    if url != asked:
        notes.append(f"it has moved for good to {url}; write that address into the configuration")
    elif response.hops:
        notes.append(f"it sends us on to {response.url} for the time being")
    if asked.startswith("https:") and response.url.startswith("http:"):
        notes.append("it sends us on to an address without encryption")
    return tuple(notes)
