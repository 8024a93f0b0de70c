"""Links of search feeds lead to the page itself."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import urls
from monitor.feeds.redirectors import unwrap

PAGE = "https://paper.example/tin/chip-ban-dan.html?id=7"


def google(page: str, twin: str = "", form: str = "rss/articles/") -> str:
    """An older link of Google News: a message of numbered fields, packed as base64."""
    message = b"\x08\x13" + field(4, page) + (field(26, twin) if twin else b"")
    return f"https://news.google.com/{form}{base64.urlsafe_b64encode(message).decode().rstrip('=')}?oc=5"


def field(number: int, value: str) -> bytes:
    tag = number << 3 | 2
    raw = value.encode()
    return varint(tag) + varint(len(raw)) + raw


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


@pytest.mark.parametrize(
    "link",
    [
        google(PAGE),
        google(PAGE, "https://paper.example/amp/chip.html"),
        google(PAGE, form="articles/"),
        google(PAGE, form="__i/rss/rd/articles/"),
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=65&url={quote(PAGE, safe='')}&c=123&mkt=en-us",
        f"https://www.google.com/url?rct=j&sa=t&url={quote(PAGE, safe='')}&ct=ga&cd=x&usg=y",
        f"https://www.google.com.vn/url?q={quote(PAGE, safe='')}",
        f"https://l.facebook.com/l.php?u={quote(PAGE, safe='')}&h=AT0",
        f"https://duckduckgo.com/l/?uddg={quote(PAGE, safe='')}",
        f"https://r.search.yahoo.com/_ylt=A0/RV=2/RE=1/RO=10/RU={quote(PAGE, safe='')}/RK=2/RS=x-",
        f"https://www.bing.com/news/apiclick.aspx?url={quote(google(PAGE), safe='')}",
    ],
)
def test_a_wrapped_address_is_unwrapped(link: str) -> None:
    """Each service's form gives the page, nested forms too."""
    assert unwrap(link) == PAGE


def test_a_long_address_inside_google_news() -> None:
    """An address of more than 127 letters has two length bytes; what follows it is not part of it."""
    page = "https://paper.example/" + "a" * 150
    assert unwrap(google(page, "https://paper.example/amp")) == page


@pytest.mark.parametrize(
    "link",
    [
        PAGE,
        "https://news.google.com/rss/articles/CBMi" + base64.urlsafe_b64encode(b"AU_yqL" + b"x" * 60).decode().rstrip("=") + "?oc=5",
        "https://news.google.com/rss/search?q=chips",
        "https://www.bing.com/news/apiclick.aspx?url=javascript:alert(1)",
        "https://www.bing.com/news/apiclick.aspx?url=https://user:word@paper.example/",
        "https://www.bing.com/news/search?q=x&url=https://paper.example/",
        f"https://paper.example/url?url={quote('https://other.example/', safe='')}",
        f"https://google.evil.example/url?url={quote(PAGE, safe='')}",
    ],
)
def test_everything_else_stays(link: str) -> None:
    """Ordinary links, links that hide their target, and wrapped nonsense come back as they were."""
    assert unwrap(link) == link


@given(st.binary(max_size=120), st.text(max_size=60))
def test_any_link_is_survived(message: bytes, text: str) -> None:
    """Nothing is raised, and what is unwrapped can be fetched."""
    packed = base64.urlsafe_b64encode(message).decode()
    for link in (f"https://news.google.com/rss/articles/{packed}", f"https://www.bing.com/news/apiclick.aspx?url={text}", text):
        assert unwrap(link) == link or urls.is_fetchable(unwrap(link))
