"""Which feeds a page names."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.discover import MAX_CANDIDATES, find_feeds

PAGE = "https://paper.example/news/index.html"


def found(html: str, url: str = PAGE) -> list[dict[str, Any]]:
    candidates = find_feeds(html.encode(), url)["candidates"]
    assert isinstance(candidates, list)
    return candidates


def addresses(html: str, url: str = PAGE) -> list[str]:
    return [candidate["url"] for candidate in found(html, url)]


def test_links_of_the_head_are_taken_with_title_and_kind() -> None:
    """Relative addresses become absolute; the kind comes from the type."""
    html = """<html><head><title>Paper</title>
      <link rel="alternate" type="application/rss+xml" title="All news" href="/rss.xml">
      <LINK REL='ALTERNATE stylesheet' TYPE='application/atom+xml; charset=utf-8' HREF='atom'>
      <link rel=alternate type=application/feed+json href=//cdn.example/feed.json></head></html>"""
    assert [(each["url"], each["title"], each["kind"]) for each in found(html)] == [
        ("https://paper.example/rss.xml", "All news", "RSS"),
        ("https://paper.example/news/atom", "", "Atom"),
        ("https://cdn.example/feed.json", "", "JSON Feed"),
    ]


def test_links_in_the_body_count_too() -> None:
    """Pages put their link elements anywhere."""
    assert addresses('<body><p>x<link rel="alternate" type="application/rss+xml" href="a.rss"></p></body>') == [
        "https://paper.example/news/a.rss"
    ]


def test_a_base_moves_relative_addresses_once() -> None:
    """Only the first base element counts (HTML 4.2.3)."""
    html = '<base href="https://other.example/x/"><base href="https://third.example/"><link rel=alternate type=application/rss+xml href=f>'
    assert addresses(html) == ["https://other.example/x/f"]


def test_other_alternates_are_no_feeds() -> None:
    """Translations, oembed and interfaces that call themselves alternate are left out; so are styles and icons."""
    html = """<link rel="alternate" hreflang="vi" href="/vi/"><link rel="alternate" type="application/json+oembed" href="/oembed?x">
      <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2"><link rel="alternate" type="text/html" href="/m/">
      <link rel="stylesheet" type="application/rss+xml" href="/s"><link rel="alternate" type="application/rss+xml">"""
    assert addresses(html) == []


def test_wrong_types_are_taken_where_the_address_is_a_feeds() -> None:
    """Some outlets label their feed as a page, or not at all."""
    html = '<link rel="alternate" type="text/html" href="/rss/home.rss"><link rel="alternate" href="/feed/">'
    html += '<link rel="alternate" type="application/json" href="/feed.json">'
    assert addresses(html) == [f"https://paper.example{path}" for path in ("/rss/home.rss", "/feed/", "/feed.json")]


def test_anchors_that_look_like_feeds_come_after_links() -> None:
    """A page of feeds lists them as plain links; their text is the title. Links to articles are not candidates."""
    html = """<a href="/rss/kinh-doanh.rss">Kinh <b>doanh</b></a> <a href="/tin/rssi-la-gi.html">x</a> <a href="/feedback">y</a>
      <a href="https://www.facebook.com/dialog/feed?link=x">share</a>
      <a href="/rss/the-gioi.xml">World</a> <a href="?format=rss">this</a> <link rel="alternate" type="application/rss+xml" href="/rss/home.rss">"""
    assert [(each["url"].removeprefix("https://paper.example"), each["title"], each["source"]) for each in found(html)] == [
        ("/rss/home.rss", "", "link"),
        ("/rss/kinh-doanh.rss", "Kinh doanh", "anchor"),
        ("/rss/the-gioi.xml", "World", "anchor"),
        ("/news/index.html?format=rss", "this", "anchor"),
    ]


def test_comment_feeds_come_last() -> None:
    """A blog names the feed of its comments too; hardly anybody wants it."""
    html = """<link rel="alternate" type="application/rss+xml" title="Blog &raquo; Comments Feed" href="/comments/feed/">
      <link rel="alternate" type="application/rss+xml" title="Blog &raquo; Feed" href="/feed/">"""
    assert [each["title"] for each in found(html)] == ["Blog » Feed", "Blog » Comments Feed"]


def test_what_a_reader_never_sees_names_no_feed() -> None:
    """Links inside comments, scripts and styles do not count."""
    link = '<link rel=alternate type=application/rss+xml href="/{}">'
    html = f"<!-- {link.format(1)} --><SCRIPT>x = '{link.format(2)}'</Script ><style>{link.format(3)}</style>{link.format(4)}<!-- {link.format(5)}"
    assert addresses(html) == ["https://paper.example/4"]


def test_repeated_addresses_are_one_candidate_and_the_link_wins() -> None:
    """The same feed as anchor and as link is named once, as the page's own."""
    html = '<a href="/feed">RSS</a><link rel="alternate" type="application/rss+xml" title="T" href="/feed"><a href="/feed#x">again</a>'
    assert [(each["url"], each["title"], each["source"]) for each in found(html)] == [("https://paper.example/feed", "T", "link")]


def test_news_sitemaps_are_named() -> None:
    """A sitemap of news is as good as a feed; other sitemaps are not."""
    html = '<a href="/sitemap.xml">a</a><a href="/news-sitemap.xml">b</a><a href="/sitemaps/news.xml.gz">c</a><link rel="sitemap" href="/sitemap-news.xml">'
    assert [(each["url"], each["kind"]) for each in found(html)] == [
        ("https://paper.example/sitemap-news.xml", "sitemap"),
        ("https://paper.example/news-sitemap.xml", "sitemap"),
    ]


def test_the_old_scheme_is_understood() -> None:
    """`feed:` addresses are http addresses."""
    assert addresses('<a href="feed://a.example/rss">x</a><a href="feed:https://b.example/rss">y</a>') == [
        "http://a.example/rss",
        "https://b.example/rss",
    ]


def test_dangerous_and_endless_addresses_are_left_out() -> None:
    """Only http(s) addresses of reasonable length; never more candidates than can be looked at."""
    html = (
        '<link rel=alternate type=application/rss+xml href="javascript:alert(1)//feed"><a href="data:text/xml,/feed">x</a>'
        f'<a href="/{"a" * 5000}/feed">y</a>'
    )
    assert addresses(html) == []
    assert len(found("".join(f'<a href="/{number}.rss">x</a>' for number in range(500)))) == MAX_CANDIDATES


@given(
    st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-8", "text/html; charset=nonsense", "text/html; charset=utf-16"])
)
def test_any_bytes_are_survived(body: bytes, content_type: str) -> None:
    """Whatever a page holds, nothing is raised."""
    assert isinstance(find_feeds(b"<link rel=alternate type=application/rss+xml href='" + body, PAGE, content_type)["candidates"], list)


def test_titles_in_old_encodings() -> None:
    """The page's own charset, in its head or its header, gives the title."""
    page = '<meta charset="windows-1252"><title>Café</title>'.encode("cp1252")
    assert find_feeds(page, PAGE)["title"] == "Café"
    assert find_feeds("<title>Café</title>".encode("cp1252"), PAGE, 'text/html; charset="iso-8859-1"')["title"] == "Café"
