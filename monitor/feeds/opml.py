"""OPML in and out (opml.org/spec2.opml). `read_opml` runs in a child process of the sandbox: the file may be anybody's. Pure; imports listparser.

Reading takes what exists: nested folders, missing types, unescaped signs, elements never closed. Writing adds what other readers ignore
(pace, zone, trust) in a namespace of our own, and reads it back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

import listparser

from monitor.text import clean, one_line

NAMESPACE = "urn:monitor-news:opml:1"
EXTRAS = ("name", "lang", "timezone", "interval-min", "trust", "enabled")
"""Attributes in our namespace, written as the keys of config.toml with `-` for `_`."""

MAX_BYTES = 5 * 1024 * 1024
MAX_FEEDS = 5000
_TITLE, _URL = 200, 4096
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_UNCLOSED = re.compile(r"<([^<>]*)(?=<|\Z)")
_CARELESS = 100
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_opml(body: bytes) -> dict[str, Any]:
    """What a subscription list names: title, feeds (url, title, folder, extras), lists (addresses of further lists), cut (more than MAX_FEEDS).

    An address named several times is one feed; the first title and folder win. Never raises for bad input: no feeds is the answer then.
    """
    reading = _Reading()
    reading.feed(_tamed(_text(body)))
    found = reading.harvest["feeds"]
    return {
        "title": one_line(str(reading.harvest["meta"].get("title", "")), _TITLE),
        "feeds": [_feed(feed, reading.extras.get(feed["url"], {})) for feed in found[:MAX_FEEDS]],
        "lists": [clean(str(each["url"]))[:_URL] for each in reading.harvest["lists"][:MAX_FEEDS]],
        "cut": len(found) > MAX_FEEDS,
    }


def write_opml(title: str, feeds: Sequence[Mapping[str, object]]) -> str:
    """An OPML 2.0 document. A feed is given by url, title, lang and whatever of EXTRAS it has; empty values are left out."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:monitor="{NAMESPACE}">',
        "  <head>",
        f"    <title>{_escaped(title)}</title>",
        "  </head>",
        "  <body>",
        *(f"    <outline {_attributes(feed)}/>" for feed in feeds),
        "  </body>",
        "</opml>",
        "",
    ]
    return "\n".join(lines)


class _Reading(listparser.Handler):  # type: ignore[misc]
    """listparser's reading, which also keeps the attributes in our namespace and outlives surplus end tags."""

    def __init__(self) -> None:
        super().__init__()
        self.harvest.update(feeds=[], lists=[], opportunities=[], meta={}, version="", bozo=False)
        self.extras: dict[str, dict[str, str]] = {}

    def start_opml_outline(self, attrs: dict[str, str]) -> None:
        prefixes = {prefix for prefix, uris in self.uris.items() if uris and uris[-1] == NAMESPACE}
        kept = {}
        for key, value in attrs.items():
            prefix, colon, name = key.partition(":")
            if colon and prefix in prefixes and name in EXTRAS:
                kept[name] = one_line(value, _TITLE)
        if not kept.get("lang") and attrs.get("language"):
            kept["lang"] = one_line(attrs["language"], 20)
        self.extras.setdefault(attrs.get("xmlurl", "").strip(), kept)
        super().start_opml_outline(attrs)

    def end_opml_outline(self) -> None:
        if self.hierarchy:
            super().end_opml_outline()


def _feed(feed: Mapping[str, Any], extras: Mapping[str, str]) -> dict[str, Any]:
    folders = feed.get("categories") or [[]]
    return {
        "url": clean(str(feed["url"])).replace("\n", "")[:_URL],
        "title": one_line(str(feed["title"]), _TITLE),
        "folder": [one_line(str(part), _TITLE) for part in folders[0] if part],
        "extras": dict(extras),
    }


def _text(body: bytes) -> str:
    """Bytes as text: by byte order mark, by the XML declaration, as UTF-8, at last as windows-1252."""
    body = body[:MAX_BYTES]
    declared = _ENCODING.match(body)
    names = [name for mark, name in _BOMS if body.startswith(mark)]
    names += [declared[1].decode("ascii")] if declared else []
    for name in (*names, "utf-8"):
        try:
            return body.decode(name).removeprefix("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("cp1252", "replace")


def _tamed(text: str) -> str:
    """The text with its unclosed tags escaped where there are more than a careless hand leaves: the parser takes minutes over a thousand."""
    return _UNCLOSED.sub(r"&lt;\1", text) if len(_UNCLOSED.findall(text)) > _CARELESS else text


def _attributes(feed: Mapping[str, object]) -> str:
    title = feed.get("title") or feed.get("name") or feed["url"]
    plain = {"text": title, "title": title, "type": "rss", "xmlUrl": feed["url"], "language": feed.get("lang")}
    ours = {f"monitor:{name}": feed.get(name) for name in EXTRAS}
    shown = {name: _shown(value) for name, value in {**plain, **ours}.items() if value not in (None, "")}
    return " ".join(f"{name}={quoteattr(value)}" for name, value in shown.items())


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else one_line(str(value), _URL)


def _escaped(text: str) -> str:
    return one_line(text, _TITLE).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
