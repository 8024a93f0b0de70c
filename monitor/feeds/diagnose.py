"""What is wrong or odd about a feed, in words for somebody who writes no programs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor import urls
from monitor.feeds.redirectors import is_hidden
from monitor.model import Entry

_STALE = timedelta(days=30)

_WAIT = "nothing; it is asked again by itself"
_FIND = "look for the feed with: monitor feeds discover {site}/"

# What happened, and what a person can do about it. {host} is the feed's host, {site} the beginning of its address, {name} how it was asked for.
_REASONS = {
    "bad-url": ("the address is not one a feed can have", "write it as the browser shows it, beginning with https://"),
    "blocked": (
        "the address leads into a private network or to a port that is no web port, which is refused for safety",
        "if it is your own server, permit it with allow_private and ports",
    ),
    "dns": ("there is no site called {host}", "look for a typing error; otherwise the site has closed, or this machine is offline"),
    "connect": (
        "nobody answers at {host}: nothing listens there, or the connection breaks",
        "try the address in a browser; it may be down for a while",
    ),
    "tls": (
        "{host} cannot prove who it is: its certificate is expired, wrong or unknown",
        "the site has to mend it; it is asked again by itself",
    ),
    "timeout": ("{host} takes too long to answer", "it may be busy; if it is always slow, raise feeds.timeout_s"),
    "too-large": ("the answer is far too big for a feed", f"{_FIND}, which may name a smaller one"),
    "encoding": ("the answer arrives packed in a way that cannot be unpacked", "the site has to mend it; it is asked again by itself"),
    "broken": ("the answer breaks off before anything can be read", _WAIT),
    "redirect": ("the address sends us on and on and never arrives", "open it in a browser and use the address where it ends"),
    "protocol": ("{host} does not speak the language of the web properly", "look at the address: it may belong to another kind of server"),
    "http-400": ("{host} does not understand the request", "look for a typing error in the address"),
    "http-401": ("{host} wants a user name and a password", "set username and password in the feed's table"),
    "http-402": ("{host} wants to be paid", "take out a subscription, or remove the feed"),
    "http-403": ("{host} refuses us", "set fetch.contact so that it knows who asks; some sites refuse all programs"),
    "http-404": ("there is nothing at this address: the feed has moved, or never was there", _FIND),
    "http-410": ("the feed is closed for good", f"remove it with: monitor feeds remove {{name}}; or {_FIND}"),
    "http-429": ("{host} says we ask too often", "nothing; it is left alone for as long as it asked. A longer interval_min helps"),
    "http-451": ("{host} may not show this here for legal reasons", "remove the feed, or run the program elsewhere"),
    "http-503": ("{host} is overloaded or being repaired", _WAIT),
    "not-feed": ("something answers, but it is no feed", _FIND),
    "not-feed-empty": ("the answer is empty", "nothing; it is asked again by itself. If it stays empty, the feed has moved"),
    "not-feed-robots": (
        "{host} wants to be shown that a person asks, which a program cannot do",
        "ask the site for a feed that programs may read, or remove this one",
    ),
    "not-feed-login": (
        "a page stands at this address that asks for a password",
        "use an address that needs none, or set username and password",
    ),
    "not-feed-page": ("a web page stands at this address instead of a feed", _FIND),
    "not-feed-message": (
        "{host} answers with a message instead of the feed",
        "read the message below; a fault of the site is tried again by itself",
    ),
    "not-feed-data": ("the answer is meant for other programs; it is no feed", _FIND),
    "not-feed-sitemap": ("the answer is a list of the site's pages without its news", _FIND),
    "not-feed-unknown": ("something answers, but it is no feed of any known kind", _FIND),
    "parse-timeout": ("the feed is so tangled that reading it took too long", "tell the site; its other feeds are not affected"),
    "parse-memory": ("the feed is so tangled that reading it took too much memory", "tell the site; its other feeds are not affected"),
    "parse-died": ("the feed makes the reader crash", "tell the site; its other feeds are not affected"),
    "parse-failed": ("the feed cannot be read", "tell the site; its other feeds are not affected"),
}


def plain_reason(kind: str, url: str, name: str = "NAME") -> tuple[str, str]:
    """What happened at an address and what to do, for an error kind as the store keeps it (dns, http-404, parse-timeout, not-feed ...)
    or with what stands there instead (not-feed-page ...)."""
    address = urls.parse(url)
    site = address.origin if address else url
    words = {"host": site.rpartition("/")[2], "site": site, "name": name}
    what, advice = _REASONS.get(kind) or _status(kind)
    return what.format(**words), advice.format(**words)


def other_address(candidates: Sequence[str]) -> str:
    """What to do where a page stands in a feed's place and names feeds itself."""
    if len(candidates) == 1:
        return f"the page names its feed; write this address instead: {candidates[0]}"
    return f"the page names {len(candidates)} feeds; write one of these addresses instead: {', '.join(candidates[:5])}"


def _status(kind: str) -> tuple[str, str]:
    number = kind.removeprefix("http-")
    if number.startswith("5"):
        return "{host} has a fault of its own", _WAIT
    if number.startswith("4"):
        return "{host} does not give us the feed", "open the address in a browser; it may have changed"
    return "{host} answers in an unexpected way", "open the address in a browser; it may have changed"


def summary(found: Mapping[str, Any], entries: Sequence[Entry], now: datetime) -> str:
    """One line on what a feed holds: format, title, language, number of items, age of the newest."""
    title = f' "{found["title"]}"' if found["title"] else " without a title"
    lang = f", language {found['lang']}" if found["lang"] else ""
    count = f"{found['total']} item{'' if found['total'] == 1 else 's'}"
    newest = max((entry.published_at for entry in entries if entry.published_at), default=None)
    age = f", the newest {_age(now - newest)}" if newest else ""
    return f"{found['format']}{title}{lang}: {count}{age}"


def oddities(found: Mapping[str, Any], entries: Sequence[Entry], content_type: str, now: datetime) -> tuple[str, ...]:
    """What is unusual about a feed that can be read, each with what follows from it."""
    if not entries:
        return ("it has no items at the moment; nothing can be found in it until it has",)
    odd = []
    if found["cut"]:
        odd.append("the answer breaks off in the middle; the last item is read at the next poll")
    if found["total"] > len(found["entries"]) and not found["cut"]:
        odd.append(f"it lists {found['total']} items; only the first {len(found['entries'])} are taken (feeds.max_entries)")
    odd += [*_dates(entries, now), *_links(found, entries)]
    if untitled := sum(1 for entry in entries if not entry.title):
        odd.append(f"{_of(untitled, entries)} no headline")
    kind = content_type.partition(";")[0].strip().lower()
    if kind and not any(word in kind for word in ("xml", "rss", "atom", "json")):
        odd.append(f"the site calls it {kind}, which is not a feed's type; it can be read all the same")
    return tuple(odd)


def _dates(entries: Sequence[Entry], now: datetime) -> list[str]:
    odd = []
    undated = [entry for entry in entries if entry.published_at is None]
    unread = [entry for entry in undated if entry.published_raw]
    if unread:
        odd.append(
            f"{_of(len(unread), entries)} a date that cannot be read or cannot be true, for example {unread[0].published_raw[:40]!r}"
        )
    if bare := len(undated) - len(unread):
        odd.append(f"{_of(bare, entries)} no date; they count from the moment we first see them")
    dates = [entry.published_at for entry in entries if entry.published_at]
    if dates and now - max(dates) > _STALE:
        odd.append(f"the newest item is from {max(dates):%Y-%m-%d}; the feed may be abandoned")
    if dates and max(dates) > now:
        odd.append("some items are dated in the future; look at the feed's timezone")
    return odd


def _links(found: Mapping[str, Any], entries: Sequence[Entry]) -> list[str]:
    odd = []
    if unlinked := sum(1 for entry in entries if not entry.url):
        odd.append(f"{_of(unlinked, entries)} no link; only the text in the feed is read")
    if shared := sum(1 for entry in entries if entry.url and not entry.url_key):
        odd.append(f"{_of(shared, entries)} a link that others have too; only the text in the feed is read")
    if hidden := sum(1 for entry in entries if is_hidden(entry.url)):
        odd.append(f"{_of(hidden, entries)} a link of Google News that does not say where it leads; only the headline is read")
    guids = Counter(str(entry["guid"]) for entry in found["entries"] if entry["guid"])
    if repeated := [guid for guid, count in guids.items() if count > 1]:
        odd.append(
            f"{len(repeated)} identifier{'' if len(repeated) == 1 else 's'} used for several items; they are told apart by their links"
        )
    return odd


def _of(count: int, entries: Sequence[Entry]) -> str:
    if len(entries) == 1:
        return "its only item has"
    return "all its items have" if count == len(entries) else f"{count} of {len(entries)} items {'has' if count == 1 else 'have'}"


def _age(passed: timedelta) -> str:
    seconds = passed.total_seconds()
    if seconds < 0:
        return "dated ahead of now"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'} old"
    return "just published"
