"""From a page's bytes to its article. Runs in a child process of the sandbox; the only importer of trafilatura and lxml.

Pages that hold no article are named for what they are: empty, not-article, paywall, bot-check; forward (to the address in `canonical`).
"""

from __future__ import annotations

import contextlib
import re
from html import unescape
from typing import Any

import trafilatura
from lxml.etree import LxmlError

from monitor.articles.forward import MAX_PAGE as MAX_FORWARD
from monitor.articles.forward import forward_target
from monitor.articles.furniture import is_overview, take_out, without_byline, without_pointers

MAX_BYTES = 2 * 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 200
MIN_TEXT = 200
"""Characters below which the fast extraction is not trusted and the full one is asked."""

MIN_ARTICLE = 120
"""Characters below which a page is not an article."""

MIN_TEASER = 400
"""Characters from which the free part of a paid page says more than a feed's summary and counts as the article."""

MIN_SOFT_404 = 1500
"""Characters below which a page whose title says that nothing was found is believed."""

MIN_LINE = 60
"""Characters from which a line of a page read without a tree is taken for running text."""

MAX_TEXT = 200_000

MAX_LINKED_DATA = 100_000
"""Bytes of one JSON-LD block that is kept: it names author and date; 5 MB of it cost seven seconds (RELIABILITY, case 102)."""

# No pattern looks past the next tag, so that a page of a million opened tags costs no more than another.
_FURNITURE = re.compile(rb"<(script|style|svg|noscript|template|iframe)\b([^<>]*)>")
_CLASSES = " or ".join(f"contains(@class, '{part}')" for part in ("related", "newsletter", "promo", "recirc", "share", "author-bio"))
_BESIDE = (
    "//footer",
    "//nav",
    "//aside",
    "//figcaption",
    f"//*[self::div or self::section or self::ul or self::p][{_CLASSES}]",
)
"""What stands beside an article: taken out before the extraction, which gains a tenth of its time and a little precision."""

_BLOCK = re.compile(r"</?(?:p|div|li|ul|td|tr|br|h[1-6]|section|article|blockquote|main|header|footer|nav|aside)\b[^<>]*>", re.IGNORECASE)
_PAID = re.compile(r"isAccessibleForFree[\"']?\s*:\s*[\"']?false", re.IGNORECASE)
"""How publishers tell search engines that a page is for subscribers (schema.org)."""

_ARTICLE_MARK = re.compile(
    r"[\"']@type[\"']\s*:\s*\[?\s*[\"'][a-z]*(article|blogposting)[\"']|article:published_time|itemprop\s*=\s*[\"']?articleBody"
    r"|og:type[\"']?\s+content\s*=\s*[\"']?article|content\s*=\s*[\"']?article[\"']?\s+property\s*=\s*[\"']?og:type",
    re.IGNORECASE,
)
"""How pages say that they are an article (schema.org, Open Graph)."""

_NOT_FOUND = re.compile(r"\b404\b|not found|no longer available|introuvable|không (tìm thấy|tồn tại)", re.IGNORECASE)

_AS_BROWSERS = {
    "iso-8859-1": "windows-1252",
    "latin1": "windows-1252",
    "ascii": "windows-1252",
    "us-ascii": "windows-1252",
    "gb2312": "gb18030",
}
"""Labels that browsers read as a wider charset (WHATWG Encoding)."""

_TAG = re.compile(r"<[^<>]*>")
_BOT_CHECK = re.compile(
    r"just a moment|attention required|verify (that )?you are (a )?human|checking your browser|captcha|are you a robot|access denied"
    r"|ddos protection|enable javascript and cookies",
    re.IGNORECASE,
)
_PAYWALL = re.compile(
    r"subscribe to (continue|read|keep)|subscribers only|already a subscriber|to continue reading|réservé aux abonnés|abonnez-vous pour"
    r"|dành cho (thuê bao|hội viên)|đăng ký gói",
    re.IGNORECASE,
)


def extract_page(body: bytes, url: str, content_type: str = "", with_metadata: bool = True) -> dict[str, Any]:
    """What a page gives: kind, title, text (paragraphs by newline), author, date (YYYY-MM-DD or ''), lang, canonical, site_name, text_source.

    `body` is the decoded response, `url` its final address, `content_type` the header. Never raises for bad pages: `kind` says what they are.
    with_metadata=False leaves author and date out and saves a third of the time: for entries whose feed gave both.
    """
    if not _is_html(body, content_type):
        return _page("not-article")
    if len(body) <= MAX_FORWARD and (target := forward_target(body.decode("utf-8", "replace"), url)):
        return {**_page("forward"), "canonical": target}
    text = _decoded(body, content_type)
    tree = _tree(text)
    about = _about(tree) if tree is not None else {"title": ""}
    paid = _PAID.search(text) is not None
    if tree is None or _too_big(tree):
        return _judged(about, _flat_text(text), "page-flat", paid=paid)
    overview = _ARTICLE_MARK.search(text) is None and is_overview(tree)
    found = _extracted(tree, url, fast=True, with_metadata=with_metadata)
    source = "page"
    if found is None or len(found.text or "") < MIN_TEXT:
        full = _extracted(_tree(text), url, fast=False, with_metadata=with_metadata)
        if full is not None and len(full.text or "") > len((found.text if found else "") or ""):
            found, source = full, "page-full"
    if found is not None:
        about = about | {
            "title": found.title or about["title"],
            "author": found.author or "",
            "date": found.date or "",
            "site_name": found.sitename or about["site_name"],
        }
    return _judged(about, (found.text if found else "") or "", source, paid=paid, overview=overview)


def _judged(about: dict[str, str], text: str, source: str, *, paid: bool, overview: bool = False) -> dict[str, Any]:
    text = text[:MAX_TEXT].strip()
    head = f"{about['title']}\n{text[:600]}"
    if len(text) < 800 and _BOT_CHECK.search(head):
        kind = "bot-check"
    elif len(text) < MIN_TEASER and (paid or _PAYWALL.search(text)):
        kind = "paywall"
    elif not (text := without_pointers(without_byline(text, about["title"], about.get("author", "")), about["title"])):
        kind = "empty"
    elif len(text) < MIN_ARTICLE or overview or (len(text) < MIN_SOFT_404 and _NOT_FOUND.search(about["title"])):
        kind = "not-article"
    else:
        kind = "article"
    return {**_page(kind), **about, "text": text, "text_source": source}


def _page(kind: str) -> dict[str, Any]:
    fields = ("title", "text", "author", "date", "lang", "canonical", "site_name", "text_source")
    return {"kind": kind, **dict.fromkeys(fields, "")}


def _is_html(body: bytes, content_type: str) -> bool:
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind and kind not in {"text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml", "application/octet-stream"}:
        return False
    return b"<" in body[:4096]


def _decoded(body: bytes, content_type: str) -> str:
    """The page without its furniture, at most MAX_BYTES, as text.

    UTF-8 where the bytes are (servers mislabel it), else the header's charset, else the page's own, else windows-1252.
    """
    body = _cut(_without_furniture(body))
    outside = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    inside = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", body[:4096], re.IGNORECASE)
    named = [outside[1]] if outside else []
    named += [inside[1].decode("ascii", "replace")] if inside else []
    for name in (*(["utf-16"] if body.startswith((b"\xff\xfe", b"\xfe\xff")) else []), "utf-8", *named):
        with contextlib.suppress(LookupError, UnicodeDecodeError):
            return body.decode(_AS_BROWSERS.get(name.lower(), name))
    return body.decode("utf-8" if any(name.lower() in {"utf-8", "utf8"} for name in named) else "windows-1252", "replace")


def _cut(body: bytes) -> bytes:
    """At most MAX_BYTES, ending between two tags, so that no character is cut in two."""
    return body if len(body) <= MAX_BYTES else body[: body.rfind(b"<", 0, MAX_BYTES)]


def _without_furniture(body: bytes) -> bytes:
    """The page without scripts, styles and the like; JSON-LD of sensible size stays. One pass, whatever is left open."""
    lower = body.lower()
    kept: list[bytes] = []
    unclosed: set[bytes] = set()
    at = 0
    for found in _FURNITURE.finditer(lower):
        name = found[1]
        if found.start() < at or name in unclosed:
            continue
        close = lower.find(b"</" + name, found.end())
        end = lower.find(b">", close) + 1 if close >= 0 else 0
        if end == 0:
            unclosed.add(name)
        elif b"ld+json" not in found[2] or end - found.start() > MAX_LINKED_DATA:
            kept += (body[at : found.start()], b" ")
            at = end
    return b"".join((*kept, body[at:]))


def _tree(text: str) -> Any:
    """The page parsed as the extractor wants it (no comments, no processing instructions), or None where nothing can be parsed."""
    # The extractor's loader doubts what does not begin like a page, and feeds link to such pages.
    page = text if "<html" in text[:2000].lower() else f"<html>{text}"
    try:
        return trafilatura.load_html(page)
    except (LxmlError, ValueError):
        return None


def _about(tree: Any) -> dict[str, str]:
    def first(path: str) -> str:
        found = tree.xpath(path)
        return " ".join(str(found[0]).split()) if found else ""

    return {
        "title": first("//meta[@property='og:title']/@content") or first("//h1//text()") or first("//title/text()"),
        "lang": first("//html/@lang"),
        "canonical": first("//link[@rel='canonical']/@href"),
        "site_name": first("//meta[@property='og:site_name']/@content"),
    }


def _too_big(tree: Any) -> bool:
    count = 0
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > MAX_ELEMENTS or depth > MAX_DEPTH:
            return True
        stack.extend((child, depth + 1) for child in node)
    return False


def _flat_text(page: str) -> str:
    """The longer lines alone, read without a tree: for pages too large for the extractor or too deep for the parser."""
    lines = (" ".join(unescape(_TAG.sub(" ", part)).split()) for part in _BLOCK.split(page))
    return "\n".join(line for line in lines if len(line) >= MIN_LINE)


def _extracted(tree: Any, url: str, *, fast: bool, with_metadata: bool) -> Any:
    """What the extractor finds; it changes the tree."""
    if tree is None:
        return None
    take_out(tree)
    return trafilatura.bare_extraction(
        tree,
        url=url,
        fast=fast,
        prune_xpath=list(_BESIDE),
        include_comments=False,
        include_tables=True,
        with_metadata=with_metadata,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
