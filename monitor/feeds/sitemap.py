"""News sitemaps and their indexes (sitemaps.org, and the news extension that publishers write for search engines). Pure; runs in a child process.

Read by expat, which stops at the first fault: what stood before it is kept.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote
from xml.parsers.expat import ExpatError, ParserCreate

from monitor import urls

MAX_UNPACKED = 50 * 1024 * 1024
"""Bytes of an unpacked sitemap (sitemaps.org allows 50 MB)."""

CHILDREN = 3
"""Sitemaps of an index that are read at one poll."""

_GZIP = b"\x1f\x8b"
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,30}:)?(urlset|sitemapindex)[\s>]")
_NEWS = "http://www.google.com/schemas/sitemap-news/"
_FIELD = 4096


def unpacked(body: bytes) -> bytes:
    """`body` without its gzip wrapping, if it has one: at most MAX_UNPACKED bytes, and what comes before a fault."""
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(31).decompress(body, MAX_UNPACKED)
    except zlib.error:
        return b""


def parse_sitemap(body: bytes, max_entries: int) -> dict[str, Any] | None:
    """A news sitemap as a feed (title, lang, ttl_min, total, cut, entries) or an index (children: url, changed); None where the bytes are neither.

    Only addresses with news fields count: a sitemap without any has total 0 and `pages`, the number of its addresses.
    """
    if not _ROOT.search(body[:4096]):
        return None
    reading = _Reading(max_entries)
    whole = reading.read(body)
    first = reading.entries[0] if reading.entries else {"lang": "", "name": ""}
    return {
        "format": "news sitemap",
        "title": first["name"],
        "lang": first["lang"],
        "ttl_min": 0,
        "total": reading.total,
        "cut": not whole,
        "pages": reading.pages,
        "children": reading.children,
        "entries": [{name: value for name, value in entry.items() if name != "name"} for entry in reading.entries],
    }


def chosen(children: Sequence[Mapping[str, str]], index_url: str) -> list[str]:
    """The sitemaps of an index worth reading, at most CHILDREN: on the index's own host, those named for news first, then the last changed."""
    host = urls.host(index_url)
    own = [(urls.join(index_url, child["url"]), child["changed"]) for child in children]
    own = [(url, changed) for url, changed in dict(own).items() if urls.host(url) == host and url != index_url]
    own.sort(key=lambda child: child[1], reverse=True)
    own.sort(key=lambda child: "news" not in unquote(child[0]).rpartition("/")[2].lower())
    return [url for url, _ in own[:CHILDREN]]


class _Reading:
    """One pass over a sitemap."""

    def __init__(self, max_entries: int) -> None:
        self.entries: list[dict[str, Any]] = []
        self.children: list[dict[str, str]] = []
        self.total = 0
        self.pages = 0
        self._most = max_entries
        self._path: list[str] = []
        self._fields: dict[str, str] = {}
        self._is_news = False

    def read(self, body: bytes) -> bool:
        """Reads to the end or the first fault; True where there was none."""
        parser = ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(body.lstrip(), True)
        except (ExpatError, LookupError, ValueError):
            return False
        return True

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        self._path.append(local)
        if local in ("url", "sitemap"):
            self._fields, self._is_news = {}, False
        elif space.startswith(_NEWS):
            self._is_news = True

    def _text(self, text: str) -> None:
        if self._path and len(self._fields.get(self._path[-1], "")) < _FIELD:
            key = "other" if "image" in self._path or "video" in self._path else self._path[-1]
            self._fields[key] = self._fields.get(key, "") + text

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if self._path:
            self._path.pop()
        fields = {key: value.strip() for key, value in self._fields.items()} if local in ("url", "sitemap") else {}
        if local == "sitemap" and fields.get("loc"):
            self.children.append({"url": fields["loc"], "changed": fields.get("lastmod", "")})
        elif local == "url" and fields.get("loc"):
            self.pages += 1
            if self._is_news:
                self._keep(fields)

    def _keep(self, fields: Mapping[str, str]) -> None:
        self.total += 1
        if len(self.entries) < self._most:
            self.entries.append(
                {
                    "guid": "",
                    "link": fields["loc"],
                    "title": fields.get("title", ""),
                    "summary": "",
                    "author": "",
                    "lang": fields.get("language", ""),
                    "published": fields.get("publication_date", ""),
                    "parsed": "",
                    "name": fields.get("name", ""),
                }
            )
