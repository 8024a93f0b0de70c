"""From a feed's bytes to plain fields. Runs in a child process of the sandbox; the only importer of feedparser.

RSS, RDF and Atom go through feedparser, JSON Feed 1.x through `jsonfeed`, news sitemaps through `sitemap`. What is no feed is named in plain
words, with the feeds that it names itself.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from functools import lru_cache
from typing import Any

import feedparser
import feedparser.mixin

from monitor.feeds.discover import find_feeds
from monitor.feeds.jsonfeed import parse_json_feed
from monitor.feeds.sitemap import chosen, parse_sitemap, unpacked
from monitor.text import clean, one_line

# feedparser works out the base address anew at every element: a fifth of its time.
feedparser.mixin.make_safe_absolute_uri = lru_cache(maxsize=64)(feedparser.mixin.make_safe_absolute_uri)

TITLE, SUMMARY, AUTHOR, GUID = 500, 20_000, 200, 2_048

_BOM = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_BOT_CHECK = re.compile(rb"just a moment|captcha|verify you are human|checking your browser|attention required", re.IGNORECASE)
_SPACES = re.compile(rb"[ \t\r\n]{64,}")
_NOTHING: dict[str, Any] = {
    "kind": "not-feed",
    "reason": "",
    "format": "",
    "title": "",
    "lang": "",
    "ttl_min": 0,
    "total": 0,
    "cut": False,
    "entries": [],
    "children": [],
    "candidates": [],
}
_PAGE = "the answer is a web page, not a feed"
_PERIODS_MIN = {"hourly": 60, "daily": 1440, "dayly": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}


def parse_feed(body: bytes, url: str, content_type: str = "", max_entries: int = 1000) -> dict[str, Any]:
    """What a feed says: kind, reason, format, title, lang, ttl_min, total, cut, entries (the first `max_entries`), children, candidates.

    kind        feed | index (of sitemaps: `children` are the addresses to read instead) | not-feed (`reason` says why)
    cut         the document ends inside its last item, which is left out; it will be whole at the next poll
    candidates  where the bytes are a web page: the feeds it names, as find_feeds gives them

    An entry has guid, link, title, summary, author, lang, published (text as given) and parsed (ISO 8601 as feedparser understood it, or '').
    Never raises for bad input: `reason` says in plain words why it is no feed.
    """
    body = unpacked(body)
    if not body.strip():
        return _not_feed("the answer is empty")
    if (found := parse_json_feed(body, max_entries)) is not None:
        return _finished(found)
    if (found := parse_sitemap(body, max_entries)) is not None:
        return _sitemap(found, url)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # feedparser warns of its own renamed keys
        headers = {"content-type": content_type, "content-location": url} if content_type else {"content-location": url}
        parsed = feedparser.parse(io.BytesIO(_prepared(body)), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
        entries = [_entry(entry) for entry in parsed.entries[:max_entries]]
        if not entries and not parsed.get("version"):
            return _no_feed_but(body, url, content_type)
        cut = _cut(body) and len(entries) > 1
        about = parsed.feed
        return _finished(
            {
                "format": _format(parsed.get("version") or ""),
                "title": about.get("title", ""),
                "lang": about.get("language", ""),
                "ttl_min": _ttl_min(about),
                "total": len(parsed.entries),
                "cut": cut,
                "entries": entries[:-1] if cut else entries,
            }
        )


def plain_text(markup: str) -> str:
    """Markup as text: tags gone, blocks on lines, entities resolved (twice: some outlets encode them twice)."""
    if "<" not in markup and "&" not in markup:
        return clean(markup)
    for _ in range(2):
        markup = _TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub(" ", markup))) if "<" in markup else markup
        if "&" not in markup or not _ENTITY.search(markup):
            break
        markup = html.unescape(markup)
    return clean(_TAG.sub("", _BREAK.sub("\n", markup)) if _looks_marked_up(markup) else markup)


def _looks_marked_up(text: str) -> bool:
    return bool(re.search(r"</?(?:a|b|i|p|br|em|img|div|span|strong|ul|li)\b[^<>]*>", text, re.IGNORECASE))


def _finished(found: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "guid": one_line(str(entry["guid"]), GUID),
            "link": clean(str(entry["link"])).replace("\n", "").strip()[:GUID],
            "title": one_line(plain_text(str(entry["title"])), TITLE),
            "summary": plain_text(str(entry["summary"])[: 4 * SUMMARY])[:SUMMARY],
            "author": one_line(plain_text(str(entry["author"])), AUTHOR),
            "lang": one_line(str(entry["lang"]), 20),
            "published": one_line(str(entry["published"]), 100),
            "parsed": entry["parsed"],
        }
        for entry in found["entries"]
    ]
    return {
        **_NOTHING,
        "kind": "feed",
        "format": found["format"],
        "title": one_line(plain_text(str(found["title"])), TITLE),
        "lang": one_line(str(found["lang"]), 20),
        "ttl_min": found["ttl_min"],
        "total": found["total"],
        "cut": found["cut"],
        "entries": entries,
    }


def _not_feed(reason: str) -> dict[str, Any]:
    return {**_NOTHING, "kind": "not-feed", "reason": reason}


def _sitemap(found: dict[str, Any], url: str) -> dict[str, Any]:
    if children := chosen(found["children"], url):
        return {**_NOTHING, "kind": "index", "format": "index of sitemaps", "children": children}
    if found["total"] or not found["pages"]:
        return (
            _finished(found) if found["total"] or not found["children"] else _not_feed("the answer is an index of another site's sitemaps")
        )
    return _not_feed(f"the answer is a sitemap of {found['pages']} pages without news fields (title, publication date), not a feed")


def _no_feed_but(body: bytes, url: str, content_type: str) -> dict[str, Any]:
    """Says what the bytes are instead, and which feeds they name where they are a page."""
    reason = _reason(body)
    page = find_feeds(body, url, content_type) if b"<" in body[:4096] else {"candidates": []}
    if page.get("title") and reason == _PAGE:
        reason = f"the answer is a web page ({one_line(page['title'], 80)}), not a feed"
    named = [candidate["url"] for candidate in page["candidates"] if candidate["source"] == "link"]
    if named:
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        reason = f"{reason}; it names the feed {named[0]}{more}"
    return {**_not_feed(reason), "candidates": page["candidates"]}


def _format(version: str) -> str:
    """feedparser's `rss20`, `rss091u`, `atom10` as a person writes them."""
    found = re.match(r"(rss|atom)(\d)(\d+)", version)
    if found:
        return f"{'RSS' if found[1] == 'rss' else 'Atom'} {found[2]}.{found[3]}"
    return {"rss": "RSS", "atom": "Atom", "cdf": "CDF"}.get(version, "XML")


def _prepared(body: bytes) -> bytes:
    """Bytes that feedparser reads in linear time: long runs of white space before the first element are collapsed (RELIABILITY case 82)."""
    if body.startswith(_BOM[1:]):
        return body
    body = body.removeprefix(_BOM[0])
    start = re.search(rb"<[A-Za-z]", body)
    if start is None or start.start() < 64:
        return body.lstrip()
    return _SPACES.sub(b"\n", body[: start.start()]).lstrip() + body[start.start() :]


def _cut(body: bytes) -> bool:
    """True where the document ends inside an item: it was cut on the way, and its last item is not whole."""
    tail = body[-4096:].lower()
    if re.search(rb"</(rss|feed|rdf:rdf|channel)\s*>", tail):
        return False
    opened = len(re.findall(rb"<(?:item|entry)[\s>]", body, re.IGNORECASE))
    closed = len(re.findall(rb"</(?:item|entry)\s*>", body, re.IGNORECASE))
    return opened > closed


def _entry(entry: Any) -> dict[str, Any]:
    given = {name: dict.get(entry, name) for name in ("id", "link", "title", "summary", "author", "published", "updated", "created")}
    contents = [content.get("value", "") for content in dict.get(entry, "content") or ()]
    summary = max((given["summary"] or "", *contents), key=len)
    stamp = next((name for name in ("published", "updated", "created") if given[name]), "")
    parsed = dict.get(entry, f"{stamp}_parsed") if stamp else None
    return {
        "guid": given["id"] or "",
        "link": given["link"] or _first_link(entry),
        "title": given["title"] or "",
        "summary": summary,
        "author": given["author"] or "",
        "lang": (dict.get(entry, "title_detail") or {}).get("language") or "",
        "published": (given[stamp] or "") if stamp else "",
        "parsed": _iso(parsed),
    }


def _first_link(entry: Any) -> str:
    return next((link.get("href", "") for link in dict.get(entry, "links") or () if link.get("href")), "")


def _iso(parsed: Any) -> str:
    if parsed is None or not 1 <= parsed.tm_year <= 9999:
        return ""
    return f"{parsed.tm_year:04}-{parsed.tm_mon:02}-{parsed.tm_mday:02}T{parsed.tm_hour:02}:{parsed.tm_min:02}:{min(parsed.tm_sec, 59):02}+00:00"


def _ttl_min(about: Any) -> int:
    """Minutes that the feed asks to be left alone: RSS ttl, or the syndication module's period and frequency."""
    ttl = str(about.get("ttl") or "").strip()
    if ttl.isdigit():
        return min(int(ttl[:6]), 7 * 1440)
    period = _PERIODS_MIN.get(str(about.get("sy_updateperiod") or "").strip().lower(), 0)
    frequency = str(about.get("sy_updatefrequency") or "1").strip()
    return min(period // max(int(frequency[:4]) if frequency.isdigit() else 1, 1), 7 * 1440)


def _reason(body: bytes) -> str:
    head = body[:4096].lstrip().lower()
    if _BOT_CHECK.search(head):
        return "the site shows a check for robots instead of the feed"
    if b"<html" in head or b"<!doctype html" in head:
        return _PAGE
    if said := _short_text(body):
        return f"the server answers with a sentence instead of a feed: {said!r}"
    return "the answer is not a feed in any known format"


def _short_text(body: bytes) -> str:
    """A short answer without markup, as interfaces send it when they refuse; "" for anything else."""
    text = one_line(body[:400].decode("utf-8", "replace"), 160)
    return text if len(body) <= 400 and " " in text and not re.search(r"[<>{}\ufffd]", text) else ""
