"""JSON Feed 1.0 and 1.1 (jsonfeed.org): the format that feedparser does not read. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_ITEM_FIELDS = {"id", "url", "external_url", "content_html", "content_text"}


def parse_json_feed(body: bytes, max_entries: int, broken: bool = False) -> dict[str, Any] | None:
    """The feed's format, title, lang, ttl_min, total, cut, ended and raw entries, or None where the bytes are no JSON Feed. Wrong types become empty fields.

    broken: the body ended too early; the items that are whole are read. `next_url` leads to older items and is not followed.
    """
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    text = body.decode("utf-8-sig", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = _whole_part(text) if broken else None
    if not isinstance(document, dict) or not _is_feed(document):
        return None
    items = document.get("items")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    lang = _text(document.get("language"))
    return {
        "format": "JSON Feed",
        "title": _text(document.get("title")),
        "lang": lang,
        "published": "",
        "ttl_min": 0,
        "total": len(listed),
        "cut": broken,
        "ended": document.get("expired") is True,
        "entries": [_entry(item, lang) for item in listed[:max_entries]],
    }


def _is_feed(document: dict[str, Any]) -> bool:
    """Named by its version's address, or (many generators write `1.1` alone) with items that have the format's fields."""
    version, items = document.get("version"), document.get("items")
    if "jsonfeed.org" in str(version):
        return True
    return (
        isinstance(version, str)
        and isinstance(items, list)
        and any(isinstance(item, dict) and _ITEM_FIELDS & item.keys() for item in items)
    )


def _whole_part(text: str) -> dict[str, Any] | None:
    """A document that breaks off: what stands before its items, and the items that are whole."""
    start = _ITEMS.search(text)
    if start is None:
        return None
    decoder = json.JSONDecoder()
    items: list[Any] = []
    place = start.end()
    try:
        head = json.loads(text[: start.end()] + "]}")
        while True:
            item, place = decoder.raw_decode(text, _BETWEEN.match(text, place).end())  # type: ignore[union-attr]
            items.append(item)
    except (ValueError, RecursionError):
        return {**head, "items": items} if items else None


def _entry(item: dict[str, Any], lang: str) -> dict[str, Any]:
    published = _text(item.get("date_published")) or _text(item.get("date_modified"))
    return {
        "guid": _text(item.get("id")),
        "link": _text(item.get("url")) or _text(item.get("external_url")),
        "title": _text(item.get("title")),
        "summary": max((_text(item.get(name)) for name in ("summary", "content_text", "content_html")), key=len),
        "author": _author(item),
        "lang": _text(item.get("language")) or lang,
        "published": published,
        "parsed": "",
    }


def _author(item: dict[str, Any]) -> str:
    authors = item.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else item.get("author")
    return _text(first.get("name")) if isinstance(first, dict) else ""


def _text(value: object) -> str:
    """A string or a number as text; numeric ids come as 12 and, from careless writers, as 12.0."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value) if isinstance(value, (str, int, float)) else ""
