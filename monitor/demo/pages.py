"""Pages and feeds of the demo's outlets, with all that real ones carry besides the news. Pure."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape

from monitor.demo.content import DemoArticle, Outlet

_HANOI = timezone(timedelta(hours=7))
_WORDS = {
    "en": (
        "Home",
        "We use cookies to improve your visit.",
        "Accept all",
        "Share this article",
        "Related articles",
        "Most read",
        "All rights reserved",
    ),
    "vi": (
        "Trang chủ",
        "Trang web dùng cookie để phục vụ bạn tốt hơn.",
        "Đồng ý",
        "Chia sẻ bài viết",
        "Tin liên quan",
        "Đọc nhiều",
        "Giữ bản quyền",
    ),
    "fr": (
        "Accueil",
        "Ce site utilise des cookies.",
        "Tout accepter",
        "Partager cet article",
        "À lire aussi",
        "Les plus lus",
        "Tous droits réservés",
    ),
}


def page(outlet: Outlet, article: DemoArticle, base: str, others: Sequence[DemoArticle]) -> bytes:
    """An article's whole page; `others` fill the related and most-read boxes, `base` is the outlet's address."""
    home, cookies, accept, share, related, most, rights = _WORDS[outlet.lang]
    paragraphs = "".join(f"<p>{escape(paragraph.strip())}</p>\n" for paragraph in article.body.split("\n\n"))
    credit = f"<p class='credit'>{escape(article.credit)}</p>" if article.credit else ""
    links = "".join(f"<li><a href='{base}{escape(other.path)}'>{escape(other.title)}</a></li>" for other in others)
    return f"""<!doctype html>
<html lang="{outlet.lang}"><head><meta charset="utf-8"><title>{escape(article.title)} | {escape(outlet.name)}</title>
<link rel="canonical" href="{base}{article.path}"><meta property="og:title" content="{escape(article.title)}">
<meta property="og:site_name" content="{escape(outlet.name)}"><meta property="article:published_time" content="{article.published_at.isoformat()}">
<style>body {{ font-family: serif }}</style><script>window.dataLayer = [];</script></head>
<body><div class="cookie-banner" role="dialog"><p>{cookies}</p><button>{accept}</button></div>
<header><nav><ul><li><a href="{base}/">{home}</a></li><li><a href="{base}/feed">RSS</a></li></ul></nav></header>
<main><article><h1>{escape(article.title)}</h1>
<div class="byline"><span class="author">{escape(article.author)}</span> <time datetime="{article.published_at.isoformat()}">{_local(article)}</time></div>
{paragraphs}{credit}</article>
<div class="share"><button>{share}</button><a href="#">Facebook</a><a href="#">X</a></div>
<aside class="related"><h2>{related}</h2><ul>{links}</ul></aside></main>
<aside class="sidebar"><h2>{most}</h2><ol>{links}</ol></aside>
<footer><p>&copy; {escape(outlet.name)}. {rights}.</p></footer></body></html>
""".encode()


def feed(outlet: Outlet, articles: Sequence[DemoArticle], base: str) -> tuple[bytes, str]:
    """The outlet's feed over `articles` (newest first) and its content type, quirks included."""
    match outlet.form:
        case "jsonfeed":
            return _json_feed(outlet, articles, base), "application/feed+json"
        case "atom":
            return _atom(outlet, articles, base).encode(), "application/atom+xml; charset=utf-8"
        case _:
            text = _rss(outlet, articles, base)
            if "windows-1258" in outlet.quirks:
                return vietnamese_bytes(text), "application/rss+xml"
            body = text.encode()
            return (body[: body.rindex(b"<item>") + 60] if "cut" in outlet.quirks else body), "application/rss+xml; charset=utf-8"


def vietnamese_bytes(text: str) -> bytes:
    """Text in windows-1258, which knows most Vietnamese letters only as a base letter and a combining tone."""
    out = bytearray()
    for char in unicodedata.normalize("NFC", text):
        try:
            out += char.encode("cp1258")
        except UnicodeEncodeError:
            base, tones = _split(char)
            out += base.encode("cp1258", "xmlcharrefreplace") + tones.encode("cp1258", "xmlcharrefreplace")
    return bytes(out)


def _split(char: str) -> tuple[str, str]:
    """A letter as its base (hat or horn kept) and its tone."""
    parts = unicodedata.normalize("NFD", char)
    tones = "".join(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
    rest = "".join(mark for mark in parts if mark not in tones)
    return unicodedata.normalize("NFC", rest), tones


def _link(outlet: Outlet, article: DemoArticle, base: str) -> str:
    return f"{base}{article.path}" + ("?utm_source=rss&utm_medium=feed" if "utm" in outlet.quirks else "")


def _text(outlet: Outlet, text: str) -> str:
    return escape(escape(text)) if "double-encoded" in outlet.quirks else escape(text)


def _rss(outlet: Outlet, articles: Sequence[DemoArticle], base: str) -> str:
    charset = "windows-1258" if "windows-1258" in outlet.quirks else "utf-8"
    items = "".join(
        f"<item><title>{_text(outlet, article.title)}</title><link>{escape(_link(outlet, article, base))}</link>"
        f"<guid isPermaLink='false'>{outlet.key}-{article.slug}</guid>{_rss_date(outlet, article)}"
        f"<description>{_text(outlet, article.summary)}</description></item>\n"
        for article in articles
    )
    head = f'<?xml version="1.0" encoding="{charset}"?>\n<rss version="2.0"><channel><title>{escape(outlet.name)}</title>'
    return f"{head}<link>{base}/</link><language>{outlet.lang}</language>\n{items}</channel></rss>\n"


def _rss_date(outlet: Outlet, article: DemoArticle) -> str:
    if "no-dates" in outlet.quirks:
        return ""
    if "gmt+7" in outlet.quirks:
        return f"<pubDate>{article.published_at.astimezone(_HANOI):%a, %d %b %Y %H:%M:%S} GMT+7</pubDate>"
    return f"<pubDate>{format_datetime(article.published_at.astimezone(UTC))}</pubDate>"


def _atom(outlet: Outlet, articles: Sequence[DemoArticle], base: str) -> str:
    newest = max((article.published_at for article in articles), default=datetime(2024, 9, 1, tzinfo=UTC))
    entries = "".join(
        f"<entry><id>tag:{outlet.key}.example,2024:{article.slug}</id><title>{escape(article.title)}</title>"
        f"<link href='{escape(_link(outlet, article, base))}'/><updated>{article.published_at.isoformat()}</updated>"
        f"<author><name>{escape(article.author or outlet.name)}</name></author><summary>{escape(article.summary)}</summary></entry>\n"
        for article in articles
    )
    head = f"<?xml version='1.0' encoding='utf-8'?>\n<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='{outlet.lang}'>"
    return f"{head}<id>tag:{outlet.key}.example,2024:feed</id><title>{escape(outlet.name)}</title><updated>{newest.isoformat()}</updated>\n{entries}</feed>\n"


def _json_feed(outlet: Outlet, articles: Sequence[DemoArticle], base: str) -> bytes:
    items = [
        {
            "id": f"{outlet.key}-{article.slug}",
            "url": _link(outlet, article, base),
            "title": article.title,
            "summary": article.summary,
            "date_published": article.published_at.isoformat(),
            "authors": [{"name": article.author or outlet.name}],
        }
        for article in articles
    ]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": outlet.name, "language": outlet.lang, "items": items}
    return json.dumps(document, ensure_ascii=False).encode()


def _local(article: DemoArticle) -> str:
    return f"{article.published_at.astimezone(_HANOI):%d/%m/%Y %H:%M}"
