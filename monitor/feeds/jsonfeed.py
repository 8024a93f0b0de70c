"""JSON Feed 1.0 and 1.1 (jsonfeed.org): the format that feedparser does not read. Pure."""

from __future__ import annotations

import json
from typing import Any


def parse_json_feed(body: bytes, max_entries: int) -> dict[str, Any] | None:
    """The feed's format, title, lang, ttl_min, total and raw entries, or None where the bytes are no JSON Feed. Wrong types become empty fields."""
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version", "")):
        return None
    items = document.get("items")
    listed = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    lang = _text(document.get("language"))
    return {
        "format": "JSON Feed",
        "title": _text(document.get("title")),
        "lang": lang,
        "ttl_min": 0,
        "total": len(listed),
        "cut": False,
        "entries": [_entry(item, lang) for item in listed[:max_entries]],
    }


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
    if isinstance(value, bool):
        return ""
    return str(value) if isinstance(value, (str, int, float)) else ""
