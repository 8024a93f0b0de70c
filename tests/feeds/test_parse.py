"""From bytes to fields: encodings, markup, limits; and that nothing raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.encoding import UTF8, looks_like_a_font, readable
from monitor.feeds.moves import Move, is_settled, seen
from monitor.feeds.parse import GUID, SUMMARY, TITLE, parse_feed
from monitor.feeds.plain import plain_text

URL = "http://feeds.example/f"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FRENCH = "L’été où « naïveté » coûta cher à Noël"
VIETNAMESE = "Việt Nam đầu tư vào bán dẫn ở Đà Nẵng"


def rss(items: str, prolog: str = '<?xml version="1.0"?>') -> str:
    return f'{prolog}<rss version="2.0"><channel><title>F</title>{items}</channel></rss>'


def titles(body: bytes, content_type: str = "application/xml") -> list[str]:
    return [entry["title"] for entry in parse_feed(body, URL, content_type)["entries"]]


@pytest.mark.parametrize(
    ("text", "encoding", "content_type", "prolog"),
    [
        (FRENCH, "utf-8", "text/xml; charset=iso-8859-1", ""),
        (FRENCH, "cp1252", "text/xml; charset=iso-8859-1", ""),
        (FRENCH, "cp1252", "text/xml", "windows-1252"),
        (FRENCH, "cp1252", "text/xml", ""),
        (FRENCH, "cp1252", "text/xml; charset=utf-8", ""),
        (VIETNAMESE, "utf-8", "text/plain", "windows-1258"),
        (VIETNAMESE, "utf-16", "text/xml", "UTF-16"),
        (VIETNAMESE, "utf-32", "text/xml", ""),
        ("中国与越南的半导体合作", "gb18030", "text/xml", "gb2312"),
        ("日本の半導体工場", "shift_jis", "text/xml; charset=shift_jis", ""),
        ("Завод полупроводников", "koi8-r", "text/xml", "koi8-r"),
    ],
)
def test_encodings(text: str, encoding: str, content_type: str, prolog: str) -> None:
    """What the bytes plainly are comes before the labels; else the labels are right."""
    declared = f'<?xml version="1.0" encoding="{prolog}"?>' if prolog else '<?xml version="1.0"?>'
    assert titles(rss(f"<item><title>{text}</title></item>", declared).encode(encoding), content_type) == [text]


def test_a_stray_byte_spoils_one_sign() -> None:
    """UTF-8 with damage stays UTF-8."""
    body = rss(f"<item><title>{VIETNAMESE} X.</title></item>").encode().replace(b"X", b"\xff")
    assert titles(body)[0].startswith(VIETNAMESE)


@given(st.binary(max_size=400), st.sampled_from(["", "text/xml; charset=utf-16", "text/xml; charset=nonsense", "application/xml"]))
def test_no_bytes_raise(body: bytes, content_type: str) -> None:
    """Whatever a server sends, there is an answer with all its fields."""
    for document in (body, b"<rss><channel><item><title>" + body, b'{"version": "https://jsonfeed.org/version/1", "items": [' + body):
        found = parse_feed(document, URL, content_type)
        assert found["kind"] in {"feed", "not-feed", "index"}
        assert found.keys() == parse_feed(b"", URL).keys()
        assert found["reason"] or found["kind"] != "not-feed"


@given(st.binary(max_size=300))
def test_readable_is_settled_at_once(body: bytes) -> None:
    """What was made readable is not changed by a second look, and has no control characters."""
    once, content_type = readable(body, "application/xml")
    if content_type == UTF8:
        once.decode("utf-8")
        assert not set(once) & set(range(9))


def test_items_beyond_the_limit_are_counted_not_read() -> None:
    """The first items are taken, the total is told, and what follows the items is still there."""
    body = rss("".join(f"<item><title>T{number}</title></item>" for number in range(50))).encode()
    found = parse_feed(body, URL, max_entries=10)
    assert (found["total"], len(found["entries"]), found["entries"][-1]["title"], found["cut"]) == (50, 10, "T9", False)


def test_fields_have_limits() -> None:
    """Title, guid and summary end where they must."""
    (entry,) = parse_feed(
        rss(f"<item><title>{'t ' * 999}</title><guid>{'g' * 9999}</guid><description>{'d ' * 50_000}</description></item>").encode(), URL
    )["entries"]
    assert (len(entry["title"]) <= TITLE, len(entry["guid"]) <= GUID, len(entry["summary"]) <= SUMMARY) == (True, True, True)


def test_ids_are_names() -> None:
    """An id is kept as it is written; a guid that is an address is the page's where no link is; an Atom id never is."""
    (one, two, three) = parse_feed(
        rss(
            "<item><guid>abc</guid></item><item><guid>http://x.example/a</guid></item><item><guid isPermaLink='false'>http://x.example/b</guid></item>"
        ).encode(),
        URL,
    )["entries"]
    assert [(each["guid"], each["link"]) for each in (one, two, three)] == [
        ("abc", ""),
        ("http://x.example/a", "http://x.example/a"),
        ("http://x.example/b", ""),
    ]
    atom = b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://x.example/a</id></entry></feed>'
    assert parse_feed(atom, URL)["entries"][0]["link"] == ""


def test_enclosures_are_no_pages() -> None:
    """A sound or a picture is not taken for the article."""
    body = rss("<item><title>T</title><enclosure url='http://x.example/a.mp3' type='audio/mpeg'/></item>").encode()
    assert parse_feed(body, URL)["entries"][0]["link"] == ""


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a &lt;b&gt;bold&lt;/b&gt; b", "a bold b"),
        ("R&amp;amp;D", "R&D"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("<script>x</script>seen<style>y</style>", "seen"),
        ("a<br>b", "a\nb"),
        ("<![CDATA[x]]>", ""),
    ],
)
def test_plain_text(markup: str, text: str) -> None:
    """Tags go, blocks stand on lines, entities are what they mean, and signs of less stay."""
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    "text", [VIETNAMESE, FRENCH, "Ångström über Öl, señor, naïve façade", "", "ĐẠI HỌC", "plain English words here and there"]
)
def test_real_text_is_no_font(text: str) -> None:
    """Ordinary writing in any Latin script is readable."""
    assert not looks_like_a_font(text * 5)


def test_moves() -> None:
    """Only the same permanent answer, three polls over a day, settles a move; any other answer forgets it."""
    move = Move()
    for hours in (0, 1, 2):
        move = seen(move, [301], "http://new.example/", NOW + timedelta(hours=hours))
        assert not is_settled(move, NOW + timedelta(hours=hours))
    assert is_settled(seen(move, [308, 301], "http://new.example/", NOW + timedelta(hours=24)), NOW + timedelta(hours=24))
    assert seen(move, [301, 302], "http://new.example/", NOW) == seen(move, [], "http://new.example/", NOW) == Move()
    assert seen(move, [301], "http://other.example/", NOW).count == 1
    assert not is_settled(Move(), NOW)
