"""Addresses: one spelling, one key, no surprise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import urls

_HOSTS = st.sampled_from(
    ["example.com", "EXAMPLE.com.", "tin.vn", "0x7f.1", "[::1]", "báo.vn", "１２７.0.0.1", "a_b.c", "", "..", "%41.vn"]
)
_PIECES = st.text(alphabet="ab/.%2eE5?#&=:@\\ \tđ\ud800utm_~;+[]", max_size=20)
_LINKS = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["http://", "https:", "HTTP:\\\\", "//", ""]),
        _HOSTS,
        st.sampled_from(["", ":80", ":8443/", "/"]),
        _PIECES,
    ),
)


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTP://Example.COM:80/a/../b/./c", "http://example.com/b/c"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com/a?utm_source=x&b=2&a=1&fbclid=9#top", "https://example.com/a?b=2&a=1"),
        ("https://example.com/a?at_medium=rss&mc_cid=1&gclid=2", "https://example.com/a"),
        ("https://example.com/%7Eme/%c3%a9", "https://example.com/~me/%C3%A9"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://báo.vn/tin/đầu-tư", "https://xn--bo-mia.vn/tin/%C4%91%E1%BA%A7u-t%C6%B0"),
        ("https://example.com/a/", "https://example.com/a/"),
        ("https:\\\\example.com\\x", "https://example.com/x"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
        ("http://[::FFFF:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("https://user:pw@example.com/a", "https://example.com/a"),
        ("https://example.com/?a=1;b=2", "https://example.com/?a=1;b=2"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        (" https://exam\nple.com/\ta ", "https://example.com/a"),
    ],
)
def test_canonical(given_url: str, expected: str) -> None:
    """Spellings that browsers treat alike become one."""
    assert urls.canonical(given_url) == expected


@given(_LINKS)
def test_canonical_is_idempotent(text: str) -> None:
    """A canonical address is its own canonical form, and no text makes it raise."""
    once = urls.canonical(text)
    assert urls.canonical(once) == once
    assert urls.url_key(once) == urls.url_key(text)


@given(_LINKS, _LINKS)
def test_nothing_raises(base: str, link: str) -> None:
    """Whatever a feed writes into a link, every function answers; a joined link is absolute or empty and stays as it is."""
    joined = urls.join(base, link)
    assert joined == "" or joined.startswith(("http://", "https://"))
    assert urls.join(base, joined) == joined
    urls.redact(link), urls.host(link), urls.publisher(link), urls.same_origin(base, link), urls.is_fetchable(link)


@pytest.mark.parametrize(
    "other",
    [
        "http://example.com/news/story",
        "https://www.example.com/news/story",
        "https://m.example.com/news/story/",
        "https://amp.example.com/news/story",
        "https://example.com/news/story/amp/",
        "https://example.com/news/story?utm_campaign=rss#comments",
    ],
)
def test_one_page_one_key(other: str) -> None:
    """Mobile, AMP, tracker and scheme variants of a page share its key."""
    assert urls.url_key(other) == urls.url_key("https://example.com/news/story")


@pytest.mark.parametrize(
    "other",
    [
        "https://example.com/news/story2",
        "https://example.com/news/story?id=2",
        "https://example.com:8080/news/story",
        "https://e.example.com/news/story",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    """What may show another text keeps a key of its own."""
    assert urls.url_key(other) != urls.url_key("https://example.com/news/story")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/rel/1", "https://example.com/rel/1"),
        ("../up", "https://example.com/up"),
        ("//cdn.example.org/x", "https://cdn.example.org/x"),
        ("?page=2", "https://example.com/a/b?page=2"),
        ("http://a b/", ""),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:a@example.com", ""),
        ("ftp://example.com/x", ""),
        ("file:///etc/passwd", ""),
        ("", ""),
        ("www.example.org/x", "http://www.example.org/x"),
        ("https://user:pw@example.org/x", "https://example.org/x"),
        ("\\\\evil.example\\x", "https://evil.example/x"),
        ("http://[::1", ""),
    ],
)
def test_join(link: str, expected: str) -> None:
    """Links become absolute http(s) addresses or nothing."""
    assert urls.join("https://example.com/a/b", link) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("e.vnexpress.net", "vnexpress.net"),
        ("www.mic.gov.vn", "mic.gov.vn"),
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("www.economie.gouv.fr", "economie.gouv.fr"),
        ("someone.substack.com", "someone.substack.com"),
        ("tuoitre.vn", "tuoitre.vn"),
        ("news.tuoitre.vn", "tuoitre.vn"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_publisher(host: str, expected: str) -> None:
    """The publisher is the name under which a host was registered."""
    assert urls.publisher(host) == expected


def test_redact_hides_secrets() -> None:
    """Neither user info nor query values nor tokens in a path reach a log."""
    shown = urls.redact("https://me:geheim@hooks.example.com/services/T0/abcDEF0123456789abcDEF01?key=hidden&b=2")
    assert shown == "https://***@hooks.example.com/services/T0/***?key=***&b=***"
    assert "geheim" not in urls.redact("ftp://me:geheim@example.com/?x=geheim")


def test_same_origin_and_fetchable() -> None:
    """Origin is scheme, host and port; user info and over-long addresses are not fetched."""
    assert urls.same_origin("https://a.example/x", "https://A.example:443/y")
    assert not urls.same_origin("https://a.example/x", "http://a.example/x")
    assert not urls.same_origin("garbage", "garbage")
    assert urls.is_fetchable("https://a.example/x")
    assert not urls.is_fetchable("https://u@a.example/x")
    assert not urls.is_fetchable("https://a.example/" + "x" * 5000)
