"""From a feed's bytes to plain fields. Runs in a child process of the sandbox; the only importer of feedparser.

RSS, RDF and Atom go through feedparser, JSON Feed 1.x through `jsonfeed`, news sitemaps through `sitemap`. What is no feed is named in plain
words, with the feeds that it names itself.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

import feedparser
import feedparser.mixin

from monitor.feeds.encoding import looks_like_a_font, readable
from monitor.feeds.instead import instead_of_a_feed
from monitor.feeds.jsonfeed import parse_json_feed
from monitor.feeds.plain import plain_text
from monitor.feeds.quicken import quicken
from monitor.feeds.sitemap import chosen, parse_sitemap, unpacked
from monitor.text import clean, one_line

quicken(feedparser)
# An id is a name: resolved against the feed's address, all would be new when the feed moves.
feedparser.mixin._FeedParserMixin.can_be_relative_uri.discard("id")

TITLE, SUMMARY, AUTHOR, GUID = 500, 20_000, 200, 2_048

_END = re.compile(rb"</(rss|feed|rdf:rdf|channel)\s*>", re.IGNORECASE)
_OPENED = re.compile(rb"<(?:item|entry)[\s>]", re.IGNORECASE)
_CLOSED = re.compile(rb"</(?:item|entry)\s*>", re.IGNORECASE)
_NOTHING: dict[str, Any] = {
    "kind": "not-feed",
    "why": "",
    "reason": "",
    "format": "",
    "title": "",
    "lang": "",
    "published": "",
    "ttl_min": 0,
    "skip_hours": [],
    "skip_days": [],
    "total": 0,
    "cut": False,
    "ended": False,
    "unreadable": False,
    "entries": [],
    "children": [],
    "candidates": [],
}
_PERIODS_MIN = {"hourly": 60, "daily": 1440, "dayly": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PAGE_RELATIONS = ("alternate", "related", "via")


def parse_feed(body: bytes, url: str = "", content_type: str = "", max_entries: int = 1000, broken: bool = False) -> dict[str, Any]:
    """What a feed says. Never raises for bad input: `reason` says in plain words why it is no feed.

    broken: the transfer ended before the body did.  max_entries: how many entries are taken, the first ones. The answer has

    kind        feed | index (of sitemaps: `children` are the addresses to read instead) | not-feed (`why` in a word, `reason` in a sentence)
    format, title, lang, published   of the feed;  total  how many entries it has
    ttl_min, skip_hours, skip_days   when it wants to be left alone
    cut         the document ends too early; an item that was not whole is left out, it will be whole at the next poll
    ended       the feed says that no more will come
    unreadable  the text is in a font's code: nobody can tell what it says
    candidates  where the bytes are a web page: the feeds it names, as find_feeds gives them
    entries     each with guid, link, title, summary, author, lang, published (as given) and parsed
                (ISO 8601 as feedparser understood it, or '')
    """
    body = unpacked(body)
    if not body.strip():
        return _not_feed(instead_of_a_feed(b"", url, content_type))
    if (found := parse_json_feed(body, max_entries, broken)) is not None:
        return _finished(found)
    if (found := parse_sitemap(body, max_entries)) is not None:
        return _sitemap(found, url)
    fit, content_type = readable(body, content_type)
    fit, total = _first_items(fit, max_entries)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # feedparser warns of its own renamed keys
        headers = {name: value for name, value in (("content-type", content_type), ("content-location", url)) if value}
        parsed = feedparser.parse(io.BytesIO(fit), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
        if not parsed.entries and not parsed.get("version"):
            return _not_feed(instead_of_a_feed(body, url, content_type))
        return _finished(_read(parsed, fit, total, max_entries, broken))


def _read(parsed: Any, body: bytes, total: int, max_entries: int, broken: bool) -> dict[str, Any]:
    half = _ends_in_an_item(body) and (broken or len(parsed.entries) > 1)
    whole = parsed.entries[:-1] if half else parsed.entries
    version = str(parsed.get("version") or "")
    about = parsed.feed
    return {
        "format": _format(version),
        "title": about.get("title", ""),
        "lang": about.get("language", ""),
        "published": _stamp(about)[0],
        "ttl_min": _ttl_min(about),
        **_skips(body),
        "total": max(total, len(parsed.entries)),
        "cut": broken or half,
        "entries": [_entry(entry, version.startswith("atom")) for entry in whole[:max_entries]],
    }


def _first_items(body: bytes, most: int) -> tuple[bytes, int]:
    """The document with its first `most` items only, and how many it has: feedparser would spend its time on all (RELIABILITY case 85)."""
    ends = [found.end() for found in _CLOSED.finditer(body)]
    if len(ends) <= most:
        return body, len(ends)
    return body[: ends[most - 1]] + body[ends[-1] :], len(ends)


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
        "published": one_line(str(found.get("published", "")), 100),
        **{name: found.get(name, _NOTHING[name]) for name in ("ttl_min", "skip_hours", "skip_days", "total", "cut", "ended")},
        "unreadable": looks_like_a_font(" ".join(f"{entry['title']} {entry['summary'][:500]}" for entry in entries[:20])),
        "entries": entries,
    }


def _not_feed(instead: dict[str, Any]) -> dict[str, Any]:
    return {**_NOTHING, "kind": "not-feed", **instead}


def _sitemap(found: dict[str, Any], url: str) -> dict[str, Any]:
    if children := chosen(found["children"], url):
        return {**_NOTHING, "kind": "index", "format": "index of sitemaps", "children": children}
    if found["children"]:
        return _not_feed({"why": "sitemap", "reason": "the answer is an index of another site's sitemaps"})
    if found["pages"] and not found["total"]:
        pages = f"{found['pages']} page{'' if found['pages'] == 1 else 's'}"
        return _not_feed({"why": "sitemap", "reason": f"the answer is a sitemap of {pages} without news fields (title, publication date)"})
    return _finished(found)


def _format(version: str) -> str:
    """feedparser's `rss20`, `rss091u`, `atom10` as a person writes them."""
    found = re.match(r"(rss|atom)(\d)(\d+)", version)
    if found:
        return f"{'RSS' if found[1] == 'rss' else 'Atom'} {found[2]}.{found[3]}"
    return {"rss": "RSS", "atom": "Atom", "cdf": "CDF"}.get(version, "XML")


def _ends_in_an_item(body: bytes) -> bool:
    """True where the document ends inside an item: it was cut on the way, and its last item is not whole."""
    return not _END.search(body[-4096:]) and len(_OPENED.findall(body)) > len(_CLOSED.findall(body))


def _entry(entry: Any, atom: bool) -> dict[str, Any]:
    given = {name: dict.get(entry, name) for name in ("id", "link", "title", "summary", "author")}
    contents = [content.get("value", "") for content in dict.get(entry, "content") or ()]
    summary = max((given["summary"] or "", *contents), key=len)
    published, parsed = _stamp(entry)
    return {
        "guid": given["id"] or "",
        "link": _link(entry, given["link"] or "", given["id"] or "", atom),
        "title": given["title"] or "",
        "summary": summary,
        "author": given["author"] or "",
        "lang": (dict.get(entry, "title_detail") or {}).get("language") or "",
        "published": published,
        "parsed": parsed,
    }


def _stamp(about: Any) -> tuple[str, str]:
    """A date as written and as feedparser understood it: published before updated before created (Atom, RSS, Dublin Core)."""
    name = next((name for name in ("published", "updated", "created") if dict.get(about, name)), "")
    return (str(dict.get(about, name)), _iso(dict.get(about, f"{name}_parsed"))) if name else ("", "")


def _link(entry: Any, link: str, guid: str, atom: bool) -> str:
    """The page's address: the link, else another one that leads to a page.

    feedparser takes an id for a link where there is none. An RSS guid may be one (`isPermaLink`), if it is an address; an Atom id is a name that
    nobody promises to answer under (RFC 4287 4.2.6).
    """
    named = link == guid and dict.get(entry, "guidislink") and (atom or not re.match(r"https?:", guid, re.IGNORECASE))
    if link and not named:
        return link
    links = (each for each in dict.get(entry, "links") or () if each.get("rel", "alternate") in _PAGE_RELATIONS)
    return next((each["href"] for each in links if each.get("href") and each["href"] != guid), "")


def _iso(parsed: Any) -> str:
    if parsed is None or not 1 <= parsed.tm_year <= 9999:
        return ""
    return f"{parsed.tm_year:04}-{parsed.tm_mon:02}-{parsed.tm_mday:02}T{parsed.tm_hour:02}:{parsed.tm_min:02}:{min(parsed.tm_sec, 59):02}+00:00"


def _ttl_min(about: Any) -> int:
    """Minutes that the feed asks to be left alone: RSS ttl, or the syndication module's period and frequency."""
    ttl = str(about.get("ttl") or "").strip()
    if ttl.isdecimal():
        return min(int(ttl[:6]), 7 * 1440)
    period = _PERIODS_MIN.get(str(about.get("sy_updateperiod") or "").strip().lower(), 0)
    frequency = str(about.get("sy_updatefrequency") or "1").strip()
    return min(period // max(int(frequency[:4]) if frequency.isdecimal() else 1, 1), 7 * 1440)


def _skips(body: bytes) -> dict[str, list[int]]:
    """Hours (GMT) and weekdays (0 Monday) in which the channel asks not to be read (RSS 2.0); feedparser keeps only the last of each."""
    hours = {int(hour) % 24 for hour in _inside(body, b"skipHours", rb"<hour[^>]*>\s*(\d{1,2})\s*</hour>")}
    days = {day.decode("ascii", "replace").lower() for day in _inside(body, b"skipDays", rb"<day[^>]*>\s*([A-Za-z]+)\s*</day>")}
    return {"skip_hours": sorted(hours), "skip_days": sorted(_WEEKDAYS.index(day) for day in days & set(_WEEKDAYS))}


def _inside(body: bytes, name: bytes, pattern: bytes) -> list[bytes]:
    start = body.find(b"<" + name)
    end = body.find(b"</" + name, start)
    return re.findall(pattern, body[start : min(end, start + 4096)], re.IGNORECASE) if 0 <= start < end else []
