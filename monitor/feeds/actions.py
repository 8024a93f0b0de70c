"""What a person asks of feeds: look at an address, discover, check, add, remove, import. Asks strangers through the doors; polls nothing for the record."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor import urls
from monitor.config import Config, FeedSettings, parse_config
from monitor.errors import FetchError, MonitorError, NothingSelected, SandboxError, UsageError
from monitor.feeds.diagnose import oddities, other_address, plain_reason, summary
from monitor.feeds.edit import add_feeds, remove_feed
from monitor.feeds.identify import identify
from monitor.feeds.propose import feed_fields, propose_name, two_letters
from monitor.feeds.step import PollSettings, read_index, request_for
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A feed as it would stand in config.toml."""

    name: str
    fields: Mapping[str, object]


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
    return proposal(found[0].url, title or _title(found[0]), lang or str((found[0].found or {}).get("lang", "")), config, name, further)


def proposal(url: str, title: str, lang: str, config: Config, name: str, further: Mapping[str, object]) -> Proposal:
    """A feed as it would stand in config.toml. Raises UsageError where its address or name is there already."""
    names = {feed.name for feed in config.feed}
    for feed in config.feed:
        if urls.url_key(feed.url) == urls.url_key(url):
            raise UsageError(f"{url} is there already: [feed.{feed.name}] in {config.source}")
    if name in names:
        raise UsageError(f"the name {name!r} is taken; choose another with --name")
    return Proposal(name=name or propose_name(title, url, names), fields=feed_fields(url, title, lang, further))


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
    from monitor.feeds.opml import MAX_BYTES

    if len(body) > MAX_BYTES:
        raise UsageError(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        listed = await asking.sandbox.call("monitor.feeds.opml:read_opml", {}, body)
    except SandboxError as error:
        raise UsageError(f"the file cannot be read as OPML: {error}") from None
    names = {feed.name for feed in config.feed}
    known = {urls.url_key(feed.url): feed.name for feed in config.feed}
    proposals: list[Proposal] = []
    left_out = [f"{url}: a list of further feeds; fetch it and import it by itself" for url in listed["lists"]]
    for each in listed["feeds"]:
        url, key = each["url"], urls.url_key(each["url"])
        if not urls.is_fetchable(url):
            left_out.append(f"{url}: not an http(s) address")
        elif key in known:
            left_out.append(f"{url}: there already as {known[key]}")
        else:
            made = _imported(each, names)
            proposals.append(made)
            names.add(made.name)
            known[key] = made.name
    return tuple(proposals), tuple(left_out)


def added(text: str, proposals: Sequence[Proposal]) -> str:
    """The text of config.toml with the proposed feeds. Raises UsageError."""
    return add_feeds(text, {each.name: each.fields for each in proposals})


def removed(text: str, names: Sequence[str]) -> str:
    """The text of config.toml without some feeds. Raises UsageError."""
    for name in names:
        text = remove_feed(text, name)
    return text


def write_config(path: Path, text: str) -> None:
    """Replaces the configuration in one step, after checking it. Raises ConfigError (nothing written) or MonitorError."""
    parse_config(text, path)
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o777
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as written:
            written.write(text.encode("utf-8"))
            written.flush()
            os.fsync(written.fileno())
        fresh = Path(written.name)
        fresh.chmod(mode)
        fresh.replace(target)
    except OSError as error:
        raise MonitorError(f"{target} cannot be written: {error.strerror}") from error


def read_config(path: Path) -> str:
    """The text of the configuration with its line ends as they are."""
    return path.read_bytes().decode("utf-8")


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


def _imported(each: Mapping[str, Any], taken: set[str]) -> Proposal:
    """A feed of an OPML file; what its extra attributes say is taken where it is well formed."""
    extras = each["extras"]
    fields = feed_fields(each["url"], each["title"], extras.get("lang", ""), {})
    wanted = str(extras.get("name", ""))
    name = propose_name(wanted.replace("-", " ") or each["title"], each["url"], taken)
    readings = {"timezone": str, "interval-min": int, "trust": float}
    for key, read in readings.items():
        try:
            value = read(extras[key])
            FeedSettings.model_validate({"url": each["url"], key.replace("-", "_"): value})
        except (KeyError, ValueError):
            continue
        fields[key.replace("-", "_")] = value
    if extras.get("enabled") == "false":
        fields["enabled"] = False
    return Proposal(name=wanted if _is_free(wanted, taken) else name, fields=fields)


def _is_free(name: str, taken: set[str]) -> bool:
    return bool(name) and name not in taken and propose_name(name.replace("-", " "), "", ()) == name


def exported(config: Config, title: str) -> str:
    """The configured feeds as OPML, without headers, names and passwords."""
    from monitor.feeds.opml import write_opml

    return write_opml(title, [_outline(feed) for feed in config.feed])


def _outline(feed: FeedSettings) -> dict[str, object]:
    extras = {
        "timezone": feed.timezone,
        "interval-min": feed.interval_min,
        "trust": feed.trust if feed.trust != 1.0 else None,
        "enabled": None if feed.enabled else False,
    }
    return {"name": feed.name, "url": feed.url, "title": feed.title, "lang": two_letters(feed.lang), **extras}
