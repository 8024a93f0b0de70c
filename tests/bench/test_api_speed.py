"""How long the read API, a scrape of the metrics and a feed for readers take beside a million articles, through the real server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.store.counted import SETTLED, move_marks
from monitor.store.driver import Store
from monitor.web.api.operations import PREFIX
from monitor.web.links import address
from tests.bench.history import ENDS_AT, FIRMS
from tests.bench.test_pages_speed import ARTICLES, BAR_MS, made, told
from tests.web.serving import TOKEN, Dashboard

SCRAPE_MS = 50
"""Of processor time at the 95th percentile: a scrape comes every few seconds."""


def lists(chance: random.Random) -> list[Callable[[], str]]:
    """Every list with its filters: common ones, rare ones, and some that nothing fits."""
    place = lambda: chance.randrange(36, 36**3)  # noqa: E731
    hits = (
        *("band=review", "lang=fr", "quiet=true", "mark=useful", "publisher=paper3.example", "publisher=none", "watchlist=none"),
        *("name=firm-3", "name=entity-77", "name=none", "feed=paper5", "feed=none", "story=40", "since=2022-01-01", "until=2024-01-01"),
    )
    articles = ("state=failed", "state=dead", "lang=vi", "publisher=none", "feed=paper5", "since=2024-01-01&until=2024-02-01")
    words = lambda: f"q={chance.choice(FIRMS).replace(' ', '+')}+{chance.choice(['hanoi', 'river', 'satellite'])}"  # noqa: E731
    queries = [(noun, "") for noun in ("hits", "stories", "articles", "feeds", "digests", "deliveries")]
    queries += [("hits", query) for query in hits] + [("articles", query) for query in articles]
    queries += [("stories", "watchlist=none"), ("stories", "since=2024-01-01"), ("digests", "kind=urgent"), ("deliveries", "state=parked")]
    fixed = [lambda noun=noun, query=query: f"{PREFIX}/{noun}?{query}&limit=50&cursor={place()}" for noun, query in queries]  # type: ignore[misc]
    newest = [lambda noun=noun, query=query: f"{PREFIX}/{noun}?{query}&limit=50" for noun, query in queries]  # type: ignore[misc]
    return [*fixed, *newest, lambda: f"{PREFIX}/hits?{words()}", lambda: f"{PREFIX}/articles?{words()}"]


def asked(dashboard: Dashboard, kinds: list[Callable[[], str]], times: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of wall clock and of processor time (client included) by address without its cursor; the first of each does not count."""
    found: dict[str, list[tuple[float, float]]] = {}
    with dashboard.stranger() as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        for _ in range(times + 1):
            for kind in kinds:
                path = kind()
                began, worked = time.perf_counter(), time.process_time()
                answer = client.get(path)
                took = (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000
                assert answer.status_code == 200, (path, answer.text[:300])
                found.setdefault(path.split("&cursor")[0].split("+")[0], []).append(took)
    return {kind: each[1:] or each for kind, each in found.items()}


def count_on(store: Store) -> None:
    """What the ticks of some hours count of a history that came at once."""
    move_marks(store, ENDS_AT - 2 * SETTLED)
    while move_marks(store, ENDS_AT):
        pass


def others(dashboard: Dashboard) -> list[Callable[[], str]]:
    """What is asked again and again by programs."""
    feed = address(dashboard.store, dashboard.keys, "/feeds/pair.atom").partition("?")[0]
    return [lambda: "/metrics", lambda: "/readyz", lambda: feed]


def test_a_slice_of_the_api(tmp_path: Path) -> None:
    """Every list with every filter answers over a short history of the same make."""
    made(tmp_path / "desk", 4000)
    with Dashboard(tmp_path / "desk", ENDS_AT) as dashboard:
        assert told(asked(dashboard, [*lists(random.Random(4)), *others(dashboard)], 0))[0] > 0


@pytest.mark.slow
def test_the_api_beside_a_million_articles(tmp_path: Path) -> None:
    """With a million articles the 95th percentile of a list takes at most 150 ms of processor time; a scrape 50; the wall clock is printed beside it."""
    made(tmp_path / "desk", ARTICLES)
    with Dashboard(tmp_path / "desk", ENDS_AT) as dashboard:
        assert told(asked(dashboard, lists(random.Random(4)), 5))[1] <= BAR_MS
        count_on(dashboard.store)
        figures = asked(dashboard, others(dashboard), 20)
        told(figures)
        assert told({"/metrics": figures["/metrics"]})[1] <= SCRAPE_MS
