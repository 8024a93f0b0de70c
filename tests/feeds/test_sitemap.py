"""News sitemaps as feeds."""

from __future__ import annotations

import gzip
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.parse import parse_feed
from monitor.feeds.sitemap import CHILDREN, chosen, parse_sitemap, unpacked

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)
URL = "https://paper.example/news-sitemap.xml"


def url(number: int, title: str = "Chips & more", prefix: str = "news") -> str:
    return (
        f"<url><loc>https://paper.example/{number}?a=1&amp;b=2</loc><lastmod>2024-01-01</lastmod><{prefix}:news><{prefix}:publication>"
        f"<{prefix}:name>The Paper</{prefix}:name><{prefix}:language>vi</{prefix}:language></{prefix}:publication>"
        f"<{prefix}:publication_date>2024-09-25T08:00:00+07:00</{prefix}:publication_date>"
        f"<{prefix}:title><![CDATA[{title}]]></{prefix}:title></{prefix}:news>"
        f"<image:image><image:loc>https://paper.example/{number}.jpg</image:loc><image:title>Picture</image:title></image:image></url>"
    )


def parsed(text: str, **further: Any) -> dict[str, Any]:
    return parse_feed(text.encode(), URL, "application/xml", **further)


def test_a_news_sitemap_is_a_feed() -> None:
    """Address, title, language and date are the news fields' own, not those of pictures; the publication names the feed."""
    found = parsed(f"{HEAD}{url(1)}{url(2, 'Tô Lâm')}</urlset>")
    assert (found["kind"], found["format"], found["title"], found["lang"], found["total"]) == ("feed", "news sitemap", "The Paper", "vi", 2)
    assert [(entry["link"], entry["title"], entry["lang"], entry["published"]) for entry in found["entries"]] == [
        ("https://paper.example/1?a=1&b=2", "Chips & more", "vi", "2024-09-25T08:00:00+07:00"),
        ("https://paper.example/2?a=1&b=2", "Tô Lâm", "vi", "2024-09-25T08:00:00+07:00"),
    ]


def test_any_prefix_and_any_packing_will_do() -> None:
    """The namespace counts, not the prefix; gzip is undone however the server labels it."""
    text = HEAD.replace("xmlns:news", "xmlns:n") + url(1, prefix="n") + "</urlset>"
    assert parse_feed(gzip.compress(text.encode()), URL + ".gz", "application/octet-stream")["entries"] == parsed(text)["entries"]
    assert len(parsed(text)["entries"]) == 1


def test_a_sitemap_that_breaks_off_gives_what_is_whole() -> None:
    """The broken last item is left for the next poll."""
    found = parsed(f"{HEAD}{url(1)}{url(2)}"[:-60])
    assert ([entry["link"] for entry in found["entries"]], found["cut"]) == (["https://paper.example/1?a=1&b=2"], True)


def test_more_than_can_be_taken_is_counted() -> None:
    """The newest come first in a sitemap; the rest is counted."""
    found = parsed(HEAD + "".join(map(url, range(30))) + "</urlset>", max_entries=10)
    assert (len(found["entries"]), found["total"]) == (10, 30)


def test_a_sitemap_of_all_pages_is_no_feed() -> None:
    """Without news fields an address may be anything; the reason says so."""
    found = parsed(HEAD + "<url><loc>https://paper.example/about</loc></url>" * 3 + "</urlset>")
    assert found["kind"] == "not-feed"
    assert "a sitemap of 3 pages without news fields" in found["reason"]


def test_an_empty_news_sitemap_is_an_empty_feed() -> None:
    """Two days without news leave a news sitemap empty: that is no fault."""
    found = parsed(HEAD + "</urlset>")
    assert (found["kind"], found["total"]) == ("feed", 0)


def test_an_index_names_its_sitemaps_of_news_first() -> None:
    """Of an index those named for news are read, then the last changed, on its own host only."""
    children = [
        {"url": "/sitemaps/2023.xml", "changed": "2023-12-31"},
        {"url": "https://elsewhere.example/news.xml", "changed": "2024-09-25"},
        {"url": "https://paper.example/sitemaps/2024.xml", "changed": "2024-09-20"},
        {"url": "https://paper.example/sitemaps/news-old.xml", "changed": "2024-09-01"},
        {"url": "https://paper.example/sitemaps/news.xml", "changed": "2024-09-25"},
        {"url": URL, "changed": "2024-09-26"},
    ]
    assert chosen(children, URL) == [f"https://paper.example/sitemaps/{name}.xml" for name in ("news", "news-old", "2024")]
    assert len(chosen(children, URL)) == CHILDREN
    listed = "".join(f"<sitemap><loc>{child['url']}</loc><lastmod>{child['changed']}</lastmod></sitemap>" for child in children)
    index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</sitemapindex>'
    found = parsed(index)
    assert (found["kind"], found["children"]) == ("index", chosen(children, URL))
    foreign = parse_feed(index.encode(), "https://third.example/sitemap.xml")
    assert "another site" in foreign["reason"] or foreign["kind"] == "index"


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(body: bytes) -> None:
    """Broken sitemaps and broken packing raise nothing."""
    for broken in (body, HEAD.encode() + body, b"\x1f\x8b" + body, gzip.compress(HEAD.encode() + body)[: len(body)]):
        parse_sitemap(unpacked(broken), 10)


def test_entities_cannot_explode() -> None:
    """A bomb of nested entities ends the reading, nothing else."""
    bomb = '<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    found = parse_sitemap(f"{bomb}]><urlset><url><loc>https://paper.example/&j;</loc></url></urlset>".encode(), 10)
    assert found is not None
    assert (found["pages"], found["cut"]) == (0, True)
