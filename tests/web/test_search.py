"""Search: filters, pages, plots; and the store's part of it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from monitor.store import search as stored
from monitor.store.search import Wanted
from tests.web.serving import NOW, Dashboard, shown

ALL = Wanted(since=datetime(2024, 1, 1, tzinfo=UTC), until=datetime(2025, 1, 1, tzinfo=UTC))


def hits(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-step href="/hits/(\d+)"', html)]


def total(html: str) -> int:
    found = re.search(r'class="count">([\d,]+)', html)
    assert found is not None
    return int(found[1].replace(",", ""))


def test_without_filters_the_last_thirty_days(person: httpx.Client) -> None:
    """The page lists the newest hits first and counts them all."""
    html = person.get("/search").text
    assert total(html) == 40
    assert hits(html) == list(range(40, 10, -1))


def test_pages_follow_each_other(person: httpx.Client) -> None:
    """ "Older hits" leads through all hits, each once."""
    html = person.get("/search?band=alert").text
    found = hits(html)
    while following := re.search(r'rel="next" href="([^"]+)"', html):
        html = person.get(following[1].replace("&amp;", "&")).text
        found += hits(html)
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 38


@pytest.mark.parametrize(
    ("query", "least", "most"),
    [
        ("q=to+lam+apple", 3, 8),
        ("q=TÔ+LÂM", 20, 39),
        ("q=%22%27%3B--", 0, 0),
        ("name=apple", 7, 7),
        ("name=apple&with=nick-ammann", 6, 6),
        ("topic=lng", 4, 12),
        ("feed=redriver", 5, 5),
        ("lang=fr", 7, 7),
        ("band=review", 2, 2),
        ("mark=useful", 0, 0),
        ("watchlist=vietnam-us-tech", 40, 40),
        ("watchlist=other", 0, 0),
        ("from=2024-09-27&to=2024-09-27", 5, 5),
        ("from=2024-09-29", 0, 0),
        ("from=not-a-day&to=9999-12-31", 0, 40),
        ("lang=fr&feed=depeches&band=alert", 4, 5),
    ],
)
def test_filters(person: httpx.Client, query: str, least: int, most: int) -> None:
    """Each filter, alone and together with others, gives the hits that it says; nonsense gives none, and no fault."""
    answer = person.get(f"/search?{query}")
    assert answer.status_code == 200
    found = hits(answer.text)
    assert least <= len(found) <= most or (most >= 30 <= total(answer.text) <= most)
    if not found:
        assert "Nothing was found" in answer.text


def test_filters_stay_in_the_form(person: httpx.Client) -> None:
    """What was asked for stands in the form again, escaped."""
    html = person.get('/search?q="><script>&lang=fr&from=2024-09-01').text
    assert 'value="&#34;&gt;&lt;script&gt;"' in html
    assert '<option value="fr" selected>' in html
    assert 'value="2024-09-01"' in html


def test_plots_say_their_numbers(person: httpx.Client) -> None:
    """Each bar and each cell of the plots carries its number as text, and leads to the hits it counts."""
    html = person.get("/search").text
    assert all(f"<title>{day}</title>" in html for day in ("24 Sep: 24", "25 Sep: 4", "26 Sep: 3"))
    assert 'href="/search?from=2024-09-26&amp;to=2024-09-26"' in html
    assert re.search(r"<title>Nick Ammann \(Apple\) \+ Apple: 6</title>", html)
    assert 'href="/search?name=nick-ammann&amp;with=apple"' in html
    assert "Hits per day" in shown(html)
    assert "Hits per week" in shown(person.get("/search?from=2024-01-01").text)


def test_numbers_agree_with_the_list(dashboard: Dashboard) -> None:
    """The hours sum up to the hits of the list, for every filter that a plot can have."""
    for wanted in (ALL, Wanted(since=ALL.since, until=ALL.until, lang="vi"), Wanted(since=ALL.since, until=ALL.until, names=("meta",))):
        counted = sum(row["hits"] for row in stored.by_hour(dashboard.store, wanted, 1000))
        assert counted == len(stored.found(dashboard.store, wanted, 1000))
        named = {row["hit"] for row in stored.names_of_hits(dashboard.store, wanted, 1000)}
        assert named == {row["id"] for row in stored.found(dashboard.store, wanted, 1000)}


def test_the_newest_are_counted_where_there_are_many(dashboard: Dashboard) -> None:
    """A bound on what is read takes the newest hits."""
    rows = stored.names_of_hits(dashboard.store, ALL, 3)
    assert {row["hit"] for row in rows} == {38, 39, 40}
    assert sum(row["hits"] for row in stored.by_hour(dashboard.store, ALL, 3)) == 3


@pytest.mark.parametrize("others", [0, 1, 49, 50, 51, 499, 700, 1999])
def test_any_number_of_articles_can_be_asked_for(dashboard: Dashboard, others: int) -> None:
    """A list of articles gives their hits whatever its length, and an empty one none; few statements serve all lengths."""
    article = dashboard.store.all("select article_id from hits where id = 7")[0]["article_id"]
    asked = [*range(100_000, 100_000 + others), article]
    assert [row["id"] for row in stored.found(dashboard.store, replace(ALL, articles=asked), 10)] == [7]
    assert stored.found(dashboard.store, replace(ALL, articles=asked[:-1]), 10) == []
    assert stored.by_hour(dashboard.store, replace(ALL, articles=asked), 10)[0]["hits"] == 1


def test_spans_are_half_open(dashboard: Dashboard) -> None:
    """A hit found at the end of a span belongs to the next one."""
    at = datetime(2024, 9, 27, 23, 45, tzinfo=UTC)
    before = stored.found(dashboard.store, Wanted(since=at - timedelta(days=1), until=at), 100)
    after = stored.found(dashboard.store, Wanted(since=at, until=NOW), 100)
    assert {row["id"] for row in before} & {row["id"] for row in after} == set()
    assert {row["created_at"] for row in after} == {"2024-09-27T23:45:00.000000Z"}


def test_an_instance_at_rest_shows_its_last_thirty_days(demo_folder: Path, tmp_path: Path) -> None:
    """Where nothing was found for longer than that, the span ends with the newest hit."""
    shutil.copytree(demo_folder, tmp_path / "desk")
    with Dashboard(tmp_path / "desk", NOW + timedelta(days=700)) as dashboard, dashboard.person() as person:
        assert total(person.get("/search").text) == 40
        assert "What SpaceX wants in Vietnam" in person.get("/watchlists/vietnam-us-tech").text
