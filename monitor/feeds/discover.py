"""Feeds that a web page names: `link rel=alternate` wherever it stands, then links that look like feeds. Runs in a child process of the sandbox. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from monitor import urls
from monitor.text import one_line

MAX_CANDIDATES = 50
TITLE = 200

_TYPES = {
    "application/rss+xml": "RSS",
    "application/x-rss+xml": "RSS",
    "application/rdf+xml": "RSS",
    "application/atom+xml": "Atom",
    "application/feed+json": "JSON Feed",
    "text/rss+xml": "RSS",
    "text/xml": "XML",
    "application/xml": "XML",
}
# Types that also stand for other things: taken where the address looks like a feed.
_VAGUE = {"", "application/json", "text/html", "text/plain"}
_LOOKS_LIKE_FEED = re.compile(
    r"\.(?:rss|rdf|atom)$|(?:^|[/_.-])(?:rss|feeds?|atom|rdf)(?:[/_.-](?:xml|json|php|aspx?|rss))*/?$", re.IGNORECASE
)
_FEED_FOLDER = re.compile(r"/(?:rss|feeds?)/[^/]+\.(?:xml|rss|json)$", re.IGNORECASE)
_NEWS_SITEMAP = re.compile(r"/[^/]*sitemap[^/]*\.xml(?:\.gz)?$", re.IGNORECASE)
_COMMENTS = re.compile(r"\bcomments?\b|\bbình luận\b|\bcommentaires?\b", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)


def find_feeds(body: bytes, url: str, content_type: str = "") -> dict[str, Any]:
    """What a page at `url` offers: title, and candidates (url, title, kind, source) with the likeliest first, at most MAX_CANDIDATES.

    kind: RSS | Atom | JSON Feed | XML | sitemap | unknown.  source: link (the page names it as its feed) | anchor (a link that looks like one).
    Addresses are absolute. Comment feeds come last. Never raises for bad input.
    """
    page = _Page(url)
    page.feed(_text(body, content_type))
    page.close()
    unique: dict[str, dict[str, Any]] = {}
    for candidate in sorted(page.found, key=_rank):
        unique.setdefault(candidate["url"], candidate)
    return {"title": one_line(page.title, TITLE), "candidates": list(unique.values())[:MAX_CANDIDATES]}


def is_comments(title: str, url: str) -> bool:
    """True for the feed of a page's comments, which is hardly ever what a person wants."""
    return bool(_COMMENTS.search(title) or _COMMENTS.search(url))


def _rank(candidate: dict[str, Any]) -> tuple[bool, bool, bool]:
    return is_comments(candidate["title"], candidate["url"]), candidate["source"] != "link", candidate["kind"] == "sitemap"


class _Page(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = url
        self.title = ""
        self.found: list[dict[str, Any]] = []
        self._based = False
        self._in_title = False
        self._anchor: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base" and given.get("href") and not self._based:
            self.base, self._based = urls.join(self.base, given["href"]) or self.base, True
        elif tag == "title":
            self._in_title = not self.title
        elif tag == "link":
            self._link(given)
        elif tag == "a":
            self._anchor = self._candidate(given.get("href", ""), "", "anchor", "unknown") if _is_feed_like(given.get("href", "")) else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "a":
            self._anchor = None

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data[:TITLE]
        elif self._anchor is not None:
            self._anchor["title"] = one_line(f"{self._anchor['title']} {data}", TITLE)

    def _link(self, given: dict[str, str]) -> None:
        relations = given.get("rel", "").lower().split()
        kind = given.get("type", "").partition(";")[0].strip().lower()
        href = given.get("href", "")
        if "sitemap" in relations and "news" in href.lower():
            self._candidate(href, given.get("title", ""), "link", "sitemap")
        elif "alternate" in relations or "feed" in relations:
            if kind in _TYPES:
                self._candidate(href, given.get("title", ""), "link", _TYPES[kind])
            elif kind in _VAGUE and _is_feed_like(href):
                self._candidate(href, given.get("title", ""), "link", "JSON Feed" if kind == "application/json" else "unknown")

    def _candidate(self, href: str, title: str, source: str, kind: str) -> dict[str, Any] | None:
        if re.match(r"\s*feed:", href, re.IGNORECASE):  # the old scheme: feed://host/path, feed:https://host/path
            rest = href.strip()[5:]
            href = rest if re.match(r"https?:", rest, re.IGNORECASE) else f"http:{rest}"
        url = urls.join(self.base, href).partition("#")[0]
        if not url or len(url) > urls.MAX_URL:
            return None
        if kind == "unknown" and _NEWS_SITEMAP.search(urls.canonical(url)):
            kind = "sitemap"
        candidate = {"url": url, "title": one_line(title, TITLE), "kind": kind, "source": source}
        self.found.append(candidate)
        return candidate


def _is_feed_like(href: str) -> bool:
    path = re.split(r"[?#]", href.strip(), maxsplit=1)[0]
    query = href.partition("?")[2]
    if _NEWS_SITEMAP.search(path):
        return "news" in path.lower()
    return bool(
        _LOOKS_LIKE_FEED.search(path) or _FEED_FOLDER.search(path) or re.search(r"(?:^|&)(?:format|feed|type)=(?:rss|atom|feed)", query)
    )


def _text(body: bytes, content_type: str) -> str:
    """The page as text; signs of addresses are ASCII in every encoding met here, so a wrong guess spoils titles at most."""
    named = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", content_type, re.IGNORECASE)
    declared = _CHARSET.search(body[:4096])
    names = [named[1]] if named else []
    names += [declared[1].decode("ascii")] if declared else []
    for name in (*names, "utf-8", "cp1252"):
        try:
            return body.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("utf-8", "replace")
