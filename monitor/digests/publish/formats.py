"""A feed in the two formats that readers know: Atom (RFC 4287) and JSON Feed 1.1. Values in, bytes out; the same feed gives the same bytes. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from monitor import __version__
from monitor.digests.publish.feed import Feed, Item

_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_NAME = "Monitor"


def atom(feed: Feed) -> bytes:
    """The feed as Atom: entries with a permanent id, the outlet as author, names and topics as categories, and the evidence as content."""
    root = Element("feed", {"xmlns": _ATOM, _LANG: feed.lang})
    _texts(root, id=feed.id, title=feed.title, updated=_instant(feed.updated_at))
    _texts(SubElement(root, "author"), name=_NAME)
    _texts(root, generator=_NAME).set("version", __version__)
    if feed.url:
        SubElement(root, "link", {"rel": "self", "type": "application/atom+xml", "href": feed.url})
    for item in feed.items:
        _entry(SubElement(root, "entry", {_LANG: item.lang} if item.lang else {}), item)
    indent(root, " ")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(root, encoding="utf-8")) + b"\n"


def _entry(entry: Element, item: Item) -> None:
    _texts(entry, id=item.id, title=item.headline, published=_instant(item.published_at), updated=_instant(item.updated_at))
    if item.url:
        SubElement(entry, "link", {"rel": "alternate", "href": item.url})
    _texts(SubElement(entry, "author"), name=item.outlet or _NAME)
    for term in (*item.names, *item.topics):
        SubElement(entry, "category", {"term": term})
    _texts(entry, summary=item.text)
    _texts(entry, content=item.html or item.text).set("type", "html")


def _texts(parent: Element, **values: str) -> Element:
    """Adds an element of text for each value; returns the last one."""
    last = parent
    for name, value in values.items():
        last = SubElement(parent, name)
        last.text = value
    return last


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed 1.1; what the format has no word for stands under `_monitor`."""
    found = {"version": "https://jsonfeed.org/version/1.1", "title": feed.title}
    if feed.url:
        found["feed_url"] = feed.url
    body = {**found, "language": feed.lang, "authors": [{"name": _NAME}], "items": [_json_item(item) for item in feed.items]}
    return json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def _json_item(item: Item) -> dict[str, object]:
    found: dict[str, object] = {"id": item.id}
    if item.url:
        found["url"] = item.url
    found |= {
        "title": item.headline,
        "summary": item.text,
        "content_html": item.html or item.text,
        "date_published": _instant(item.published_at),
        "date_modified": _instant(item.updated_at),
        "authors": [{"name": item.outlet or _NAME}],
        "tags": [*item.names, *item.topics],
    }
    if item.lang:
        found["language"] = item.lang
    return found | {
        "_monitor": {
            "story": item.story,
            "reports": item.reports,
            "languages": list(item.langs),
            "score": item.score,
            "outlets": [{"name": name, "url": url} for name, url in item.outlets],
        }
    }


def _instant(at: datetime) -> str:
    """RFC 3339 to the second: readers of feeds need no more."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


FORMATS: Mapping[str, Callable[[Feed], bytes]] = MappingProxyType({"atom": atom, "json": json_feed})
"""The writers by their name, which is also the ending of their files."""

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json; charset=utf-8"}
)
