"""Feeds that a web page names: `link rel=alternate` wherever it stands, then links that look like feeds. Runs in a child process of the sandbox. Pure."""

from __future__ import annotations

import re
from html import unescape
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
# No pattern looks past the next "<", so that a page of a million opened tags costs no more than another.
_TAG = re.compile(r"<(base|title|link|a)\b([^<>]{0,8000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z][a-zA-Z:-]{0,40})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_UNSEEN = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"))
_ENDED = re.compile(r"</?(?:title|a)\b", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>?")
_INSIDE = 1000
_ENOUGH = 10 * MAX_CANDIDATES
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)


def find_feeds(body: bytes, url: str, content_type: str = "") -> dict[str, Any]:
    """What a page at `url` offers: title, and candidates (url, title, kind, source) with the likeliest first, at most MAX_CANDIDATES.

    kind: RSS | Atom | JSON Feed | XML | sitemap | unknown.  source: link (the page names it as its feed) | anchor (a link that looks like one).
    Addresses are absolute. Comment feeds come last. Never raises for bad input.
    """
    page = _Page(_seen(_text(body, content_type)), url)
    unique: dict[str, dict[str, Any]] = {}
    for candidate in sorted(page.found, key=_rank):
        unique.setdefault(candidate["url"], candidate)
    return {"title": one_line(page.title, TITLE), "candidates": list(unique.values())[:MAX_CANDIDATES]}


def is_comments(title: str, url: str) -> bool:
    """True for the feed of a page's comments, which is hardly ever what a person wants."""
    return bool(_COMMENTS.search(title) or _COMMENTS.search(url))


def _rank(candidate: dict[str, Any]) -> tuple[bool, bool, bool]:
    return is_comments(candidate["title"], candidate["url"]), candidate["source"] != "link", candidate["kind"] == "sitemap"


class _Page:
    """What one page names, read tag by tag: a parser of whole documents takes minutes over a page that is written to make it."""

    def __init__(self, text: str, url: str) -> None:
        self.base = url
        self.title = ""
        self.found: list[dict[str, Any]] = []
        based = False
        for tag in _TAG.finditer(text):
            if len(self.found) > _ENOUGH:
                break
            name = tag[1].lower()
            given = _attributes(tag[2])
            if name == "base" and given.get("href") and not based:
                self.base, based = urls.join(url, given["href"]) or url, True
            elif name == "title" and not self.title:
                self.title = _words(text[tag.end() : tag.end() + _INSIDE])
            elif name == "link":
                self._link(given)
            elif name == "a" and _is_feed_like(given.get("href", "")):
                self._candidate(given["href"], _words(text[tag.end() : tag.end() + _INSIDE]), "anchor", "unknown")

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

    def _candidate(self, href: str, title: str, source: str, kind: str) -> None:
        if re.match(r"\s*feed:", href, re.IGNORECASE):  # the old scheme: feed://host/path, feed:https://host/path
            rest = href.strip()[5:]
            href = rest if re.match(r"https?:", rest, re.IGNORECASE) else f"http:{rest}"
        url = urls.join(self.base, href).partition("#")[0]
        if not url or len(url) > urls.MAX_URL:
            return
        if kind == "unknown" and _NEWS_SITEMAP.search(urls.canonical(url)):
            kind = "sitemap"
        self.found.append({"url": url, "title": one_line(title, TITLE), "kind": kind, "source": source})


def _seen(text: str) -> str:
    """The page without comments, scripts and styles; what is never closed hides the rest, as in a browser."""
    for start, end in _UNSEEN:
        first, *others = re.split(start, text, flags=re.IGNORECASE)
        text = first + "".join(re.split(end, other, maxsplit=1, flags=re.IGNORECASE)[1] for other in others if end in other.lower())
    return text


def _attributes(text: str) -> dict[str, str]:
    """The attributes of a tag, names in lower case; of a repeated one the first counts, as in a browser."""
    found: dict[str, str] = {}
    for name, quoted, ticked, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(quoted or ticked or bare))
    return found


def _words(markup: str) -> str:
    """The text up to the end of the element it begins in (title or a), without the tags inside it."""
    inside = _ENDED.split(markup, maxsplit=1)[0]
    return one_line(unescape(_ANY_TAG.sub("", inside)), TITLE)


def _is_feed_like(href: str) -> bool:
    path = re.split(r"[?#]", href.strip(), maxsplit=1)[0]
    if path.endswith("/dialog/feed"):  # a button to share the page
        return False
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
