"""Lists read page by page: no row twice, none missed, whatever is added meanwhile and however small the window; on both engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.store.driver import Store, Value
from monitor.store.hits import mark
from monitor.store.reading import LISTINGS, one, page
from monitor.text import fold
from tests.digests.rows import SEVEN, Rows

LANGS = ("en", "vi", "fr")
FILTERS: Mapping[str, tuple[Mapping[str, Value], ...]] = {
    "hits": (
        {},
        {"lang": "vi"},
        {"band": "review"},
        {"watchlist": "vn-us", "lang": "fr"},
        {"publisher": "none"},
        {"quiet": True},
        {"name": "fpt"},
    ),
    "stories": ({}, {"lang": "en"}, {"watchlist": "none"}),
    "articles": ({}, {"lang": "vi"}, {"state": "done"}, {"state": "dead"}),
    "feeds": ({}, {"state": "active"}, {"state": "paused"}),
    "digests": ({}, {"subscription": "morning"}, {"kind": "none"}),
    "deliveries": ({}, {"state": "parked"}, {"channel": "mail"}),
}


class World:
    """A store to which rows of every list are added, one at a time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rows = Rows(store)
        self.numbers = count(1)
        with store.write():
            self.subscription = self.rows._insert(
                "insert into subscriptions(name, since_at, created_at) values ('morning', :now, :now) returning id", now=SEVEN
            )

    def add(self, listing: str) -> None:
        """One more row of a list, other than the one before it."""
        number = next(self.numbers)
        getattr(self, f"_{listing}")(number)

    def _hits(self, number: int) -> None:
        self.rows.hit(
            f"Headline {number}",
            story=None,
            lang=LANGS[number % 3],
            band="review" if number % 4 == 0 else "alert",
            quiet=number % 5 == 0,
            seen=SEVEN + timedelta(minutes=number),
        )
        if number % 6 == 0:
            with self.store.write():
                self.store.run(
                    "insert into mentions(hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone)"
                    " select max(id), 'entity', 'fpt', 'vietnam', 'FPT', 'fpt', 0, 3, 0, 'title' from hits"
                )

    def _stories(self, number: int) -> None:
        story = self.rows.story(f"Story {number}")
        with self.store.write():
            self.store.run("update stories set lang = :lang where id = :id", lang=LANGS[number % 3], id=story)
            if number % 7 == 0 and story > 1:
                self.store.run("update stories set merged_into_id = :into where id = :id", into=story - 1, id=story)

    def _articles(self, number: int) -> None:
        self.rows.article(
            f"Headline {number}", f"https://news.example/{number}", "news.example", LANGS[number % 3], SEVEN + timedelta(minutes=number)
        )

    def _feeds(self, number: int) -> None:
        self.rows.source(f"feed-{number}")
        if number % 3 == 0:
            with self.store.write():
                self.store.run("update feeds set state = 'paused' where name = :name", name=f"feed-{number}")

    def _digests(self, number: int) -> None:
        with self.store.write():
            self.rows._insert(
                "insert into digests(uid, subscription_id, kind, subject, payload, sha256, covers_to_at, hit_count, created_at)"
                " values (:uid, :s, :kind, 's', '{}', '', :now, 0, :now) returning id",
                uid=f"d-{number}",
                s=self.subscription,
                kind="none" if number % 3 == 0 else "digest",
                now=SEVEN + timedelta(minutes=number),
            )

    def _deliveries(self, number: int) -> None:
        with self.store.write():
            message = self.rows._insert(
                "insert into messages(uid, form, subject, body, sha256, created_at) values (:uid, 'json', 's', :body, '', :now) returning id",
                uid=f"m-{number}",
                body=b"{}",
                now=SEVEN,
            )
            self.store.run(
                "insert into deliveries(message_id, channel, destination, state, created_at) values (:m, :c, 'd', :s, :now)",
                m=message,
                c="mail" if number % 2 else "hook",
                s="parked" if number % 3 == 0 else "pending",
                now=SEVEN + timedelta(minutes=number),
            )


def read(store: Store, listing: str, filters: Mapping[str, Value], limit: int, window: int, between: Callable[[], None]) -> list[int]:
    """All numbers of a list, page by page; `between` happens after each page."""
    found: list[int] = []
    before: int | None = None
    for _ in range(10_000):
        got = page(store, listing, filters, limit, before, window=window)
        assert len(got.rows) <= limit
        found += [row["id"] for row in got.rows]
        between()
        if got.before is None:
            return found
        assert before is None or got.before < before
        before = got.before
    raise AssertionError("it does not end")


@pytest.mark.parametrize("listing", LISTINGS)
def test_no_row_twice_and_none_missed(store: Store, listing: str) -> None:
    """Rows that were there at the start come exactly once, newest first, for every filter, size of page and window, while others are added."""
    world = World(store)
    for _ in range(20):
        world.add(listing)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(FILTERS[listing]), st.integers(1, 9), st.integers(1, 12), st.lists(st.booleans(), max_size=8))
    def hold(filters: Mapping[str, Value], limit: int, window: int, added: list[bool]) -> None:
        expected = [row["id"] for row in page(store, listing, filters, 10_000).rows]
        coming = iter(added)

        def between() -> None:
            if next(coming, False):
                world.add(listing)

        found = read(store, listing, filters, limit, window, between)
        assert found == expected

    hold()


def test_filters_choose(store: Store) -> None:
    """Each filter of hits gives the hits that it says, and together they narrow."""
    rows = Rows(store)
    story = rows.story()
    plain = rows.hit("FPT builds", story=story, lang="en", seen=SEVEN)
    french = rows.hit("Un accord", story=None, lang="fr", band="review", publisher="lemonde.example", seen=SEVEN + timedelta(hours=1))
    quiet = rows.hit("Cũ", story=None, lang="vi", quiet=True, seen=SEVEN + timedelta(hours=2))
    feed = rows.source("times")
    article = store.one("select article_id as id from hits where id = :id", id=french)
    assert article is not None
    with store.write():
        store.run(
            "insert into entries(feed_id, key, article_id, guid, url, url_key, title, summary, author, lang, published_raw, content_hash, first_seen_at)"
            " values (:feed, 'k', :article, '', '', '', '', '', '', '', '', '', :now)",
            feed=feed,
            article=article["id"],
            now=SEVEN,
        )
    mark(store, plain, "useless", "", SEVEN)
    mark(store, plain, "useful", "", SEVEN)
    cases: tuple[tuple[dict[str, Value], list[int]], ...] = (
        ({"band": "review"}, [french]),
        ({"lang": "vi"}, [quiet]),
        ({"publisher": "lemonde.example"}, [french]),
        ({"feed": "times"}, [french]),
        ({"feed": "none"}, []),
        ({"mark": "useful"}, [plain]),
        ({"mark": "useless"}, []),
        ({"quiet": False}, [french, plain]),
        ({"story": story}, [plain]),
        ({"quiet": False, "lang": "en"}, [plain]),
        ({"watchlist": "other"}, []),
    )
    for filters, expected in cases:
        assert [row["id"] for row in page(store, "hits", filters, 10).rows] == expected, filters


def test_spans_of_time_and_words(store: Store) -> None:
    """[since, until) by the list's time, also where numbers do not follow it; words by the text of the article."""
    world = World(store)
    for _ in range(6):
        world.add("articles")
    times = [row["first_seen_at"] for row in page(store, "articles", {}, 10).rows]
    assert times == sorted(times, reverse=True)
    since, until = SEVEN + timedelta(minutes=2), SEVEN + timedelta(minutes=4)
    assert [row["id"] for row in page(store, "articles", {}, 10, since=since, until=until).rows] == [3, 2]
    assert page(store, "articles", {}, 10, since=SEVEN + timedelta(days=1)).rows == ()
    assert page(store, "articles", {}, 10, until=SEVEN - timedelta(days=1)).rows == ()
    with store.write():
        for article, text in ((2, "Nhà máy FPT ở Đà Nẵng"), (4, "FPT"), (5, "Đà Nẵng, FPT")):
            store.run("insert into texts(article_id, text, folded) values (:id, :text, :folded)", id=article, text=text, folded=fold(text))
    got = page(store, "articles", {}, 1, words="fpt da nang")
    assert ([row["id"] for row in got.rows], got.before) == ([5], 5)
    got = page(store, "articles", {}, 1, got.before, words="fpt da nang")
    assert ([row["id"] for row in got.rows], got.before) == ([2], None)
    world.add("stories")
    with store.write():
        store.run("update stories set last_seen_at = :at", at=SEVEN + timedelta(days=2))
    assert len(page(store, "stories", {}, 10, since=SEVEN + timedelta(days=1)).rows) == 1
    assert page(store, "stories", {}, 10, since=SEVEN + timedelta(days=3)).rows == []


def test_a_single_row(store: Store) -> None:
    """A row by its number, or None; a huge number is none."""
    world = World(store)
    world.add("feeds")
    found = one(store, "feeds", 1)
    assert found is not None
    assert found["name"] == "feed-1"
    assert one(store, "feeds", 2) is None
    assert one(store, "hits", 10**15) is None
