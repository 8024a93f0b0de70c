"""From a page's bytes to its article. Runs in a child process of the sandbox; the only importer of trafilatura and lxml.

Pages that hold no article are named for what they are: empty, not-article, paywall, bot-check.
"""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import trafilatura
from lxml import html as lxml_html
from lxml.etree import ParserError

MAX_BYTES = 2 * 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 200
MIN_TEXT = 200
"""Characters below which the fast extraction is not trusted and the full one is asked."""

MIN_ARTICLE = 120
"""Characters below which a page is not an article."""

MAX_TEXT = 200_000

_FURNITURE = re.compile(rb"<(script|style|svg|noscript|template|iframe)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_PARAGRAPH = re.compile(r"<p\b[^>]*>([^\0]*?)</p\s*>", re.IGNORECASE)
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


def extract_page(body: bytes, url: str, content_type: str = "") -> dict[str, Any]:
    """What a page gives: kind, title, text (paragraphs by newline), author, date (YYYY-MM-DD or ''), lang, canonical, site_name, text_source.

    `body` is the decoded response, `url` its final address, `content_type` the header. Never raises for bad pages: `kind` says what they are.
    """
    if not _is_html(body, content_type):
        return _page("not-article")
    text = _decoded(body[:MAX_BYTES], content_type)
    tree = _tree(text)
    if tree is None:
        return _page("empty")
    about = _about(tree)
    if _too_big(tree):
        return _judged(about, _flat_text(text), "page-flat")
    found = _extracted(text, url, fast=True)
    source = "page"
    if found is None or len(found.text or "") < MIN_TEXT:
        full = _extracted(text, url, fast=False)
        if full is not None and len(full.text or "") > len((found.text if found else "") or ""):
            found, source = full, "page-full"
    if found is not None:
        about = about | {
            "title": found.title or about["title"],
            "author": found.author or "",
            "date": found.date or "",
            "site_name": found.sitename or about["site_name"],
        }
    return _judged(about, (found.text if found else "") or "", source)


def _judged(about: dict[str, str], text: str, source: str) -> dict[str, Any]:
    text = text[:MAX_TEXT].strip()
    head = f"{about['title']}\n{text[:600]}"
    if len(text) < 800 and _BOT_CHECK.search(head):
        kind = "bot-check"
    elif len(text) < 800 and _PAYWALL.search(text):
        kind = "paywall"
    elif not text:
        kind = "empty"
    elif len(text) < MIN_ARTICLE:
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
    """Decoded text: the header's charset, the page's own, UTF-8, then windows-1252; furniture taken out."""
    body = _FURNITURE.sub(b" ", body)
    named = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    inside = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", body[:4096], re.IGNORECASE)
    for name in (named[1] if named else "", inside[1].decode("ascii", "replace") if inside else "", "utf-8"):
        try:
            return body.decode(name or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("windows-1252", "replace")


def _tree(text: str) -> Any:
    try:
        return lxml_html.document_fromstring(
            text.encode("utf-8", "replace"), parser=lxml_html.HTMLParser(encoding="utf-8", no_network=True)
        )
    except (ParserError, ValueError):
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
    """Paragraph texts alone, read without a tree: for pages too large for the extractor or too deep for the parser."""
    lines = (" ".join(unescape(_TAG.sub(" ", found)).split()) for found in _PARAGRAPH.findall(page))
    return "\n".join(line for line in lines if line)


def _extracted(page: str, url: str, *, fast: bool) -> Any:
    return trafilatura.bare_extraction(
        page,
        url=url,
        fast=fast,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
