"""Pages that mean harm, pages that are mislabelled, and pages that say little (fault matrix F)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles.extract import MAX_LINKED_DATA, MAX_TEXT, extract_page

SENTENCE = "The two ministries agreed in Hanoi to train engineers for the new chip plant. "
TEXT = SENTENCE.encode() * 12
ARTICLE = b"<article><p>" + TEXT + b"</p></article>"

POISON = {
    "nested-divs": b"<html><body>" + b"<div>" * 100_000 + TEXT,
    "nested-tables": b"<html>" + b"<table><tr><td>" * 2000 + TEXT,
    "unclosed-bold": b"<html>" + b"<b>" * 20_000 + TEXT,
    "many-paragraphs": b"<html>" + b"<p>short line</p>" * 100_000,
    "many-links": b"<html><body><article>" + b"<a href='/x'>link</a> " * 18_000,
    "opened-scripts": b"<html>" + b"<script " * 300_000,
    "unclosed-scripts": b"<html>" + b"<script>" * 300_000,
    "unclosed-paragraphs": b"<html>" + b"<p>" * 600_000,
    "signs-only": b"<" * 2_000_000,
    "spaces-only": b"<html><p>" + b" " * 2_000_000,
    "large-attribute": b"<html><p title='" + b"x" * 10_000_000 + b"'>" + TEXT,
    "large-linked-data": b'<html><script type=\'application/ld+json\'>{"a":"' + b"x" * 5_000_000 + b'"}</script>' + ARTICLE,
    "large-script-first": b"<html><script>" + b"x" * 4_000_000 + b"</script>" + ARTICLE,
    "one-paragraph": b"<html><p>" + SENTENCE.encode() * 24_000,
}
READABLE = {"nested-divs", "nested-tables", "large-linked-data", "large-script-first", "one-paragraph"}


@pytest.mark.parametrize("name", POISON)
def test_poison_costs_little(name: str) -> None:
    """No page takes more than three seconds, and a text that can be reached is reached."""
    started_s = time.process_time()
    found = extract_page(POISON[name], "https://example.org/x", "text/html")
    assert time.process_time() - started_s < 3
    assert len(found["text"]) <= MAX_TEXT
    if name in READABLE:
        assert found["kind"] == "article"
        assert SENTENCE.strip() in found["text"]


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "text/html", "text/html; charset=utf-16", "text/html; charset=nonsense", "application/pdf"]),
)
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    """Whatever a server sends as a page, there is an answer with all its fields."""
    for page in (body, b"<html><body><p>" + body, b"<!doctype html><html lang='" + body + b"'>" + ARTICLE):
        found = extract_page(page, "https://example.org/x", content_type)
        assert found["kind"] in {"article", "empty", "not-article", "paywall", "bot-check"}
        assert {"title", "text", "author", "date", "lang", "canonical", "site_name", "text_source"} < set(found)


VIETNAMESE = "Nhà máy bán dẫn mới ở Bắc Ninh sẽ đóng gói chip cho các trung tâm dữ liệu, công ty cho biết sau cuộc họp tại Hà Nội. " * 4


@pytest.mark.parametrize(
    ("encoding", "header", "meta"),
    [
        ("utf-8", "text/html; charset=ISO-8859-1", ""),
        ("utf-8", "text/html", "<meta charset='windows-1252'>"),
        ("utf-8", "", ""),
        ("utf-16", "text/html", ""),
        ("utf-8-sig", "text/html", ""),
    ],
)
def test_wrong_labels(encoding: str, header: str, meta: str) -> None:
    """Bytes that are plainly Unicode are read so, whatever header or page say."""
    page = f"<html><head>{meta}</head><body><article><p>{VIETNAMESE}</p></article></body></html>".encode(encoding)
    assert "Bắc Ninh sẽ đóng gói" in extract_page(page, "https://example.org/x", header)["text"]


@pytest.mark.parametrize(
    ("encoding", "header"),
    [("windows-1252", "text/html; charset=iso-8859-1"), ("windows-1252", ""), ("gb18030", "text/html; charset=gb2312")],
)
def test_old_encodings(encoding: str, header: str) -> None:
    """Declared legacy encodings are honoured the way browsers honour them."""
    words = "L’usine « coûtera » deux milliards d’euros, selon le ministère. " * 8
    page = f"<html><body><article><p>{words}</p></article></body></html>".encode(encoding)
    assert "L’usine « coûtera »" in extract_page(page, "https://example.org/x", header)["text"]


def test_a_broken_byte_spoils_one_character() -> None:
    """A stray byte in a UTF-8 page leaves the rest readable."""
    page = b"<html><head><meta charset=utf-8></head><body><article><p>" + VIETNAMESE.encode() + b"\xff</p></article></body></html>"
    assert "Bắc Ninh" in extract_page(page, "https://example.org/x", "text/html; charset=utf-8")["text"]


LINKED_DATA = (
    '{"@context":"https://schema.org","@type":"NewsArticle","author":{"@type":"Person","name":"The Desk"},'
    '"datePublished":"2024-09-25T08:00:00+07:00"%s}'
)


def test_author_and_date_from_linked_data() -> None:
    """JSON-LD is read for author and date; both stay out where the feed gave them."""
    head = f'<script type="application/ld+json">{LINKED_DATA % ""}</script>'.encode()
    page = b"<html><head><title>T</title>" + head + b"</head><body>" + ARTICLE
    found = extract_page(page, "https://example.org/x", "text/html")
    assert (found["date"], found["author"]) == ("2024-09-25", "The Desk")
    bare = extract_page(page, "https://example.org/x", "text/html", with_metadata=False)
    assert (bare["date"], bare["author"], bare["title"], bare["text"]) == ("", "", "T", found["text"])
    assert len(head) < MAX_LINKED_DATA


def test_a_paywall_told_to_search_engines() -> None:
    """A few sentences that their publisher marks as not free are a paywall; a longer teaser is read as the article."""
    marked = LINKED_DATA % ',"isAccessibleForFree":"False"'
    head = f'<script type="application/ld+json">{marked}</script>'.encode()
    teaser = b"<html><head>" + head + b"</head><body><article><p>" + SENTENCE.encode() * 4 + b"</p></article>"
    longer = b"<html><head>" + head + b"</head><body>" + ARTICLE
    assert extract_page(teaser, "https://example.org/x", "text/html")["kind"] == "paywall"
    assert extract_page(longer, "https://example.org/x", "text/html")["kind"] == "article"
