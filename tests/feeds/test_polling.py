"""Polls of what is no plain feed: sitemaps, pages, search services; against a site on loopback that stands in for their hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote

import pytest

from monitor.config import FeedSettings, FeedsSettings
from monitor.feeds import step
from monitor.feeds.polling import PollCounts, PollSettings
from monitor.fetch import Door
from monitor.fetch.polite import PoliteDoor
from monitor.model import Feed
from monitor.sandbox import Sandbox
from monitor.store import feeds as stored
from monitor.store import sites
from monitor.store.recorder import Recorder
from monitor.store.sqlite import SqliteStore
from monitor.urls import host
from tests.feeds.loopback import Loopback, answer, loopback, rss
from tests.feeds.test_redirectors import google
from tests.feeds.test_sitemap import HEAD
from tests.feeds.test_sitemap import url as news_url
from tests.fetch.test_polite import Clock

PAGE = "https://paper.example/tin/chip-ban-dan.html?id=7"


@pytest.fixture
def site() -> Iterator[Loopback]:
    """A site that answers for every host."""
    with loopback() as made:
        yield made


async def everything_here(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def poll(store: SqliteStore, at: datetime, *urls: str, waits: Clock | None = None, known: bool = True) -> PollCounts:
    """Polls feeds with these addresses, all on one host, as the daemon would at an instant."""
    configured = tuple(FeedSettings(name=f"feed-{number}", url=url) for number, url in enumerate(urls))
    stored.sync(store, configured, FeedsSettings(), at)
    stored.make_due(store, at)
    site = next(each for each in sites.claim(store, at, at + timedelta(minutes=5), 9, f"me-{at}") if each.host == host(urls[0]))
    settings = PollSettings(feeds=configured if known else (), defaults=FeedsSettings(), agent="Monitor/test (+desk@example.org)")
    timer = waits or Clock()

    async def run() -> PollCounts:
        door = Door(user_agent="x", allow_private=("127.0.0.0/8",), ports=tuple(range(1024, 65536)), resolver=everything_here)
        async with door, Sandbox(size=1) as sandbox:
            polite = PoliteDoor(door, 0, timer, timer.sleep)
            recorder = Recorder(store)
            return await step.poll(site, store=store, recorder=recorder, door=polite, sandbox=sandbox, clock=lambda: at, settings=settings)

    counts = asyncio.run(run())
    assert site.owner is not None
    sites.release(store, site.id, site.owner)
    return counts


def claimed(store: SqliteStore, at: datetime) -> list[str]:
    return [each.host for each in sites.claim(store, at, at + timedelta(minutes=5), 9, f"they-{at}")]


def feed(store: SqliteStore, number: int = 0) -> Feed:
    found = stored.get(store, f"feed-{number}")
    assert found is not None
    return found


def links(store: SqliteStore) -> list[str]:
    return [row["url"] for row in store.all("select url from entries order by id")]


def test_a_sitemap_index_is_polled_with_its_sitemaps(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """The entries of all chosen sitemaps are one feed; a dead sitemap does not stop the others; the next poll sees what changed behind the index."""
    index = (
        "<sitemapindex>"
        + "".join(f"<sitemap><loc>/{name}.xml</loc></sitemap>" for name in ("news-1", "news-2", "news-3"))
        + "</sitemapindex>"
    )
    site.routes["/index.xml"] = answer(index.encode(), ETag='"never-changes"', Connection="close")
    site.routes["/news-1.xml"] = answer(f"{HEAD}{news_url(1)}</urlset>".encode(), Connection="close")
    site.routes["/news-2.xml"] = answer(f"{HEAD}{news_url(2)}</urlset>".encode(), Connection="close")
    assert poll(store, now, site.url("/index.xml")).new == 2
    assert links(store) == ["https://paper.example/1?a=1&b=2", "https://paper.example/2?a=1&b=2"]
    site.routes["/news-3.xml"] = answer(f"{HEAD}{news_url(3)}</urlset>".encode(), Connection="close")
    assert poll(store, now + timedelta(hours=2), site.url("/index.xml")).new == 1
    assert "if-none-match" not in "".join(site.heads).lower()


def test_an_index_without_a_readable_sitemap_fails_with_the_reason(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """When no sitemap of an index can be had, the feed fails and says why."""
    site.routes["/index.xml"] = answer(b"<sitemapindex><sitemap><loc>/news.xml</loc></sitemap></sitemapindex>", Connection="close")
    assert poll(store, now, site.url("/index.xml")).failing == 1
    assert "news.xml answers 404" in (feed(store).error or "")


def test_a_page_at_a_feeds_address_names_the_feed(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """A feed that became a page fails with the address to use instead."""
    page = '<html><title>Home</title><link rel="alternate" type="application/rss+xml" href="/rss/home.rss"></html>'
    site.routes["/feed"] = answer(page.encode(), Content_Type="text/html", Connection="close")
    assert poll(store, now, site.url("/feed")).failing == 1
    assert feed(store).error_kind == "not-feed"
    assert feed(store).error == f"the answer is a web page (Home), not a feed; it names the feed {site.url('/rss/home.rss')}"


def test_links_of_a_search_feed_are_the_pages(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """Google News and Bing hide the page in their links: entries carry the page, and the same page found by both is one article."""
    item = "<title>Chip - The Paper</title><guid isPermaLink='false'>CBMi1</guid><link>{}</link><source url='https://paper.example'>The Paper</source>"
    bing = "http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid={}&url=" + quote(PAGE, safe="") + "&c=1&mkt=en-us"
    site.routes["/rss/search?q=chip"] = rss("chip - Google News", item.format(google(PAGE)))
    site.routes["/news/search?q=chip&format=rss"] = rss("chip - BingNews", f"<title>Chip</title><link>{escape(bing.format('AAA'))}</link>")
    google_feed, bing_feed = (
        f"http://{name}:{site.port}{path}"
        for name, path in (("news.google.com", "/rss/search?q=chip"), ("www.bing.com", "/news/search?q=chip&format=rss"))
    )
    assert poll(store, now, google_feed).new == 1
    assert poll(store, now, bing_feed).new == 1
    assert links(store) == [PAGE, PAGE]
    assert store.all("select count(*) as n from articles") == [{"n": 1}]
    site.routes["/news/search?q=chip&format=rss"] = rss("chip - BingNews", f"<title>Chip</title><link>{escape(bing.format('BBB'))}</link>")
    assert poll(store, now + timedelta(hours=2), bing_feed).new == 0


def test_gdelt_is_asked_every_five_seconds_at_most(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """Two queries of GDELT wait for each other, whatever pause is configured; its 429 blocks the host for as long as it says; we say who we are."""
    path = "/api/v2/doc/doc?query={}&mode=artlist&format=rss&maxrecords=75"
    for query in ("chip", "nvidia"):
        site.routes[path.format(query)] = rss("GDELT", f"<title>{query}</title><link>https://paper.example/{query}</link>")
    asked = [f"http://api.gdeltproject.org:{site.port}{path.format(query)}" for query in ("chip", "nvidia")]
    waits = Clock()
    assert poll(store, now, *asked, waits=waits).new == 2
    assert waits.waits == [5.0]
    assert "desk@example.org" in site.heads[0]
    site.routes[path.format("chip")] = answer(
        b"Please limit requests to one every 5 seconds.", status=429, Retry_After="900", Connection="close"
    )
    later = now + timedelta(hours=2)
    assert poll(store, later, *asked) == PollCounts(polled=1, failing=1, refused=1)
    assert "api.gdeltproject.org" not in claimed(store, later + timedelta(seconds=899))
    assert "api.gdeltproject.org" in claimed(store, later + timedelta(seconds=901))


def test_a_service_that_answers_with_a_sentence_is_quoted(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """GDELT tells of bad queries in a plain sentence with status 200: the operator reads it."""
    site.routes["/doc"] = answer(b"Your query was too short or too long.\n", Connection="close")
    poll(store, now, f"http://api.gdeltproject.org:{site.port}/doc")
    assert "'Your query was too short or too long.'" in (feed(store).error or "")


def test_a_feed_unknown_to_this_process_is_left_alone_for_a_minute(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """A feed added since the configuration was read must not keep its site due for ever: a visit tick would never end."""
    assert poll(store, now, site.url("/feed"), known=False) == PollCounts()
    assert site.paths == []
    assert sites.claim(store, now, now + timedelta(minutes=5), 1, "next") == ()
    assert len(sites.claim(store, now + timedelta(minutes=1), now + timedelta(minutes=6), 1, "later")) == 1
