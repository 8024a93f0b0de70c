"""Feeds as they would stand in config.toml: their names, the keys worth writing, what of a list is new; and as they stand in OPML. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor import urls
from monitor.config import Config, FeedSettings
from monitor.errors import UsageError
from monitor.text import one_line, words

_GENERIC = {"rss", "feed", "feeds", "atom", "xml", "rdf", "home", "homepage", "index", "www"}
_MOST_WORDS, _MOST_LETTERS = 6, 48
_TITLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A feed as it would stand in config.toml."""

    name: str
    fields: Mapping[str, object]


def proposal(url: str, title: str, lang: str, config: Config, name: str, further: Mapping[str, object]) -> Proposal:
    """A feed as it would stand in config.toml. Raises UsageError where its address or name is there already, or `lang` is no language code."""
    if lang and not two_letters(lang):
        raise UsageError(f"{lang!r} is not a language code; write two letters, such as vi, en or fr")
    names = {feed.name for feed in config.feed}
    for feed in config.feed:
        if urls.url_key(feed.url) == urls.url_key(url):
            raise UsageError(f"{url} is there already: [feed.{feed.name}] in {config.source}")
    if name in names:
        raise UsageError(f"the name {name!r} is taken; choose another with --name")
    return Proposal(name=name or propose_name(title, url, names), fields=feed_fields(url, title, lang, further))


def from_list(listed: Mapping[str, Any], config: Config) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """The feeds of an OPML list (as read_opml gives it) that are not configured yet, and what was left out, with reasons."""
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


def propose_name(title: str, url: str, taken: Collection[str]) -> str:
    """A free name of lower-case letters, digits and dashes: from the title, else from host and path, with a number where all are taken."""
    candidates = list(_candidates(title, url))
    for name in candidates:
        if name not in taken:
            return name
    number = 2
    while f"{candidates[0]}-{number}" in taken:
        number += 1
    return f"{candidates[0]}-{number}"


def feed_fields(url: str, title: str, lang: str, further: Mapping[str, object]) -> dict[str, object]:
    """The keys of a `[feed.NAME]` table, in the order of the shipped file; what is empty is left out."""
    fields = {"url": url, "title": one_line(title, _TITLE), "lang": two_letters(lang), **further}
    return {key: value for key, value in fields.items() if value not in ("", None)}


def two_letters(lang: str) -> str:
    """`en-US`, `VI` or `fr_CA` as the two letters of ISO 639-1; "" for what is no language code."""
    found = re.match(r"([a-z]{2})(?:[-_]|$)", lang.strip().lower())
    return found[1] if found else ""


def outline(feed: FeedSettings) -> dict[str, object]:
    """A configured feed as write_opml takes it; headers, names and passwords are left out."""
    extras = {
        "timezone": feed.timezone,
        "interval-min": feed.interval_min,
        "trust": feed.trust if feed.trust != 1.0 else None,
        "enabled": None if feed.enabled else False,
    }
    return {"name": feed.name, "url": feed.url, "title": feed.title, "lang": two_letters(feed.lang), **extras}


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


def _candidates(title: str, url: str) -> Iterator[str]:
    named = _slug([word for word in words(title) if word not in _GENERIC])
    publisher = urls.publisher(urls.host(url))
    host = _slug(words(publisher if publisher[-1:].isdigit() else publisher.partition(".")[0]))
    path = _slug([word for word in words(re.sub(r"\.\w+$", "", (url + "?").partition("?")[0].rpartition("/")[2])) if word not in _GENERIC])
    from_address = "-".join(part for part in (host, path) if part)[:_MOST_LETTERS].strip("-")
    yield from (name for name in (named, from_address) if name)
    if not named and not from_address:
        yield "feed"


def _slug(found: list[str]) -> str:
    """Words joined by dashes; cut between words."""
    plain = [word for word in found if re.fullmatch(r"[a-z0-9]+", word)][:_MOST_WORDS]
    while len(plain) > 1 and len("-".join(plain)) > _MOST_LETTERS:
        plain.pop()
    return "-".join(plain)[:_MOST_LETTERS]
