"""From pages to articles, and pages that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles.extract import MAX_ELEMENTS, extract_page

SENTENCES = (
    "The plant in Bac Ninh will package chips for data centres, the company said after talks in Hanoi. ",
    "Engineers from three universities are to be trained there before the first line starts. ",
    "Officials expect the licence to be signed within the quarter. ",
)
PARAGRAPHS = "".join(f"<p>{sentence * 2}</p>" for sentence in SENTENCES * 2)


def page(body: str, head: str = "") -> bytes:
    return f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>T | Site</title>{head}</head><body>{body}</body></html>".encode()


ARTICLE = page(
    "<nav><a href='/'>Home</a><a href='/world'>World</a></nav><div class='cookie-banner'>We use cookies to improve your visit. Accept all.</div>"
    f"<article><h1>Chip plant to open in Bac Ninh</h1>{PARAGRAPHS}</article>"
    "<aside class='related'><h2>Related articles</h2><ul><li><a href='/x'>Unrelated giant unveils plan</a></li></ul></aside><footer>Imprint</footer>",
    "<link rel='canonical' href='https://example.org/plant'><meta property='og:site_name' content='The Desk'>",
)


def test_an_article() -> None:
    """Title, text, language, canonical address and site come out; navigation, banners and related links do not."""
    found = extract_page(ARTICLE, "https://example.org/plant?utm_source=x", "text/html; charset=utf-8")
    assert found["kind"] == "article"
    assert found["title"] == "Chip plant to open in Bac Ninh"
    assert "three universities" in found["text"]
    assert (found["lang"], found["canonical"], found["site_name"]) == ("en", "https://example.org/plant", "The Desk")
    for furniture in ("cookies", "Unrelated giant", "Imprint", "World"):
        assert furniture not in found["text"]


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (
            page("<h1>Just a moment...</h1><p>Checking your browser before you can go on to the site you asked for.</p>"),
            "text/html",
            "bot-check",
        ),
        (
            page(
                "<p>Ministers met on Monday.</p><p>Subscribe to continue reading this article, and get unlimited access to all our news.</p>"
            ),
            "text/html",
            "paywall",
        ),
        (page(""), "text/html", "empty"),
        (b"", "text/html", "not-article"),
        (b"%PDF-1.7 binary", "application/pdf", "not-article"),
        (page("<p>Not found</p>"), "text/html", "not-article"),
    ],
)
def test_pages_that_are_no_articles_are_named(body: bytes, content_type: str, kind: str) -> None:
    """A bot check, a paywall, an empty page and a file are each called by their name."""
    assert extract_page(body, "https://example.org/", content_type)["kind"] == kind


def test_declared_charsets_are_honoured() -> None:
    """Vietnamese in windows-1258 declared by the page, and UTF-8 declared by the header only, are both read."""
    sentence = "Công ty sẽ xây nhà máy đóng gói chip tại Bắc Ninh trong năm nay. " * 8
    utf8 = page(f"<article><h1>Nhà máy</h1><p>{sentence}</p></article>").replace(b"<meta charset='utf-8'>", b"")
    assert "đóng gói chip" in extract_page(utf8, "https://example.org/", "text/html; charset=utf-8")["text"]
    latin = (
        page(f"<article><h1>Usine</h1><p>{'Une usine à été décidée près de Hanoï. ' * 9}</p></article>")
        .decode()
        .replace("utf-8", "windows-1252")
    )
    assert "décidée" in extract_page(latin.encode("windows-1252"), "https://example.org/", "text/html")["text"]


def test_huge_and_deep_pages_fall_back_to_their_paragraphs() -> None:
    """Beyond the size and depth limits the plain paragraphs are still read."""
    deep = page("<div>" * 500 + PARAGRAPHS + "</div>" * 500)
    wide = page("<b>x</b>" * (MAX_ELEMENTS + 10) + PARAGRAPHS)
    for body in (deep, wide):
        found = extract_page(body, "https://example.org/", "text/html")
        assert found["text_source"] == "page-flat"
        assert "three universities" in found["text"]


@given(st.binary(max_size=2000))
def test_any_bytes_are_survived(body: bytes) -> None:
    """No page makes extraction fail; every answer is complete."""
    found = extract_page(b"<html>" + body, "https://example.org/", "text/html")
    assert set(found) == {"kind", "title", "text", "author", "date", "lang", "canonical", "site_name", "text_source"}
