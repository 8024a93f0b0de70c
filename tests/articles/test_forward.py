"""Pages that only send a reader on are read where they lead."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import urls
from monitor.articles import step
from monitor.articles.forward import forward_target
from monitor.articles.step import ReadSettings
from monitor.fetch import Door
from monitor.sandbox import Sandbox
from monitor.store import articles, sites
from monitor.store.driver import Store
from monitor.store.sqlite import SqliteStore
from tests.feeds.loopback import Loopback, answer, loopback

URL = "https://search.example/articles/CBMi"
PAGE = "https://paper.example/tin/chip.html?id=7"


@pytest.mark.parametrize(
    "page",
    [
        f'<meta http-equiv="refresh" content="0;url={PAGE}">',
        f"<META content='3; URL={PAGE}' HTTP-EQUIV=Refresh>",
        f'<html><head><title>Redirecting</title><noscript><meta http-equiv=refresh content="0; {PAGE}"></noscript></head><body>Redirecting ...</body>',
        f'<c-wiz jsdata="x" data-n-au="{PAGE}" data-n-v="1"></c-wiz><p>Opening {PAGE}</p>',
        f"<script>window.location.replace('{PAGE}')</script>",
        '<script>location.href="' + PAGE.replace("/", "\\/") + '";</script><noscript>Please go on.</noscript>',
        '<meta http-equiv="refresh" content="0;url=https://paper.example/tin/chip.html?id=7#top">',
    ],
)
def test_where_a_page_leads(page: str) -> None:
    """Refreshes, scripts that leave at once and the attribute of Google News all name the page."""
    assert forward_target(page, URL) == PAGE


@pytest.mark.parametrize(
    "page",
    [
        "<p>An article</p>",
        f'<meta http-equiv="refresh" content="300;url={PAGE}">',
        '<meta http-equiv="refresh" content="5">',
        f'<meta http-equiv="refresh" content="0;url={URL}?utm_source=x">',
        '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
        f'<meta http-equiv="refresh" content="0;url={PAGE}">' + "<p>word</p>" * 100,
        f'<script>if (old) {{ var location_href = "{PAGE}" }}</script>',
        f'<meta http-equiv="refresh" content="0;url={PAGE}">' + " " * 70_000,
    ],
)
def test_pages_that_are_there_to_be_read(page: str) -> None:
    """Live tickers that reload themselves, articles with a late refresh and pages with text stay what they are."""
    assert forward_target(page, URL) == ""


@given(st.text(max_size=200))
def test_any_page_is_survived(page: str) -> None:
    """Whatever a page says, the answer is nothing or an address that can be fetched."""
    for text in (page, f"<meta http-equiv=refresh content='0;url={page}", f"<script>location='https://{page}'", "<script>" * 50 + page):
        target = forward_target(text, URL)
        assert target == "" or urls.is_fetchable(target)


@pytest.fixture
def site() -> Iterator[Loopback]:
    """A site that answers for every host."""
    with loopback() as made:
        yield made


async def here(name: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def read(store: SqliteStore, at: datetime) -> list[str]:
    """Visits every site that is due; names them."""
    settings = ReadSettings(agent="x", languages=("en",), robots=True, per_visit=9, timeout_s=5, alert_window=timedelta(hours=48))

    async def run() -> list[str]:
        visited = []
        door = Door(user_agent="x", allow_private=("127.0.0.0/8",), ports=tuple(range(1024, 65536)), resolver=here)
        async with door, Sandbox(size=1) as sandbox:
            while claimed := sites.claim(store, at, at + timedelta(minutes=5), 1, f"me-{len(visited)}-{at}"):
                await step.read(claimed[0], store=store, door=door, sandbox=sandbox, clock=lambda: at, settings=replace(settings))
                assert claimed[0].owner is not None
                sites.release(store, claimed[0].id, claimed[0].owner)
                visited.append(claimed[0].host)
        return visited

    return asyncio.run(run())


def pending(store: Store, url: str, at: datetime) -> None:
    """An article that waits to be read."""
    with store.write():
        store.run(
            "insert into articles(site_id, url_key, url, title, summary, first_seen_at, state, next_read_at, text_hash, quiet)"
            " values (:site, :key, :url, 'Chips', '', :now, 'pending', :now, '', 0)",
            site=sites.ensure(store, urls.host(url), at, at),
            key=urls.url_key(url),
            url=url,
            now=at,
        )


def test_an_article_is_read_on_the_site_it_leads_to(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """The second site is visited under its own lease and rules; the text is the article's, the identity stays that of the link."""
    sentences = [f"<p>In part {number} of its report the paper tells of the new factory for chips in Da Nang.</p>" for number in range(9)]
    article = f"<html><meta property='og:site_name' content='The Paper'><title>Chips</title><body><article>{''.join(sentences)}</article></body></html>"
    target = f"http://paper.example:{site.port}/chip"
    site.routes["/go"] = answer(
        f'<meta http-equiv="refresh" content="0;url={target}">'.encode(), Content_Type="text/html", Connection="close"
    )
    site.routes["/chip"] = answer(article.encode(), Content_Type="text/html", Connection="close")
    link = f"http://search.example:{site.port}/go"
    pending(store, link, now)
    assert read(store, now) == ["search.example", "paper.example"]
    found = articles.by_url_key(store, urls.url_key(link))
    assert found is not None
    assert (found.state, found.url, found.canonical_url, found.publisher) == ("done", target, target, "The Paper")
    assert "factory" in found.text
    assert site.paths == ["/robots.txt", "/go", "/robots.txt", "/chip"]


def test_pages_that_send_each_other_on_are_given_up(site: Loopback, store: SqliteStore, now: datetime) -> None:
    """A circle of such pages ends after a few visits; the article is kept with its feed text."""
    for here_, there in (("a", "b"), ("b", "a")):
        page = f'<meta http-equiv="refresh" content="0;url=http://{there}.example:{site.port}/{there}">'
        site.routes[f"/{here_}"] = answer(page.encode(), Content_Type="text/html", Connection="close")
    link = f"http://a.example:{site.port}/a"
    pending(store, link, now)
    read(store, now)
    found = articles.by_url_key(store, urls.url_key(link))
    assert found is not None
    assert (found.state, found.text_source) == ("failed", "feed")
    assert site.paths.count("/a") + site.paths.count("/b") == 4
