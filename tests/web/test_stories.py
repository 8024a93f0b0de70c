"""The page of all stories: in order, page by page without a gap, by watchlist and by words."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from monitor.store import stories
from monitor.store.driver import Store
from monitor.store.stories import Place
from tests.digests.rows import Rows
from tests.web.serving import Dashboard, shown

NOON = datetime(2024, 9, 26, 12, tzinfo=UTC)


def numbers(html: str) -> list[int]:
    """The stories that a page lists, in order."""
    return [int(number) for number in re.findall(r'<h3[^>]*><a data-step href="/stories/(\d+)">', html)]


def following(html: str) -> str:
    """Where the next page is, or ""."""
    found = re.search(r'rel="next" href="([^"]+)"', html)
    return unescape(found[1]) if found else ""


def test_every_story_is_listed_latest_first(dashboard: Dashboard, person: httpx.Client) -> None:
    """The page shows all stories by their latest report, each with its reports, outlets, time and score, and stands in the menu."""
    page = person.get("/stories")
    expected = [row["id"] for row in dashboard.store.all("select id from stories order by last_seen_at desc, id desc")]
    assert numbers(page.text) == expected
    assert '<li><a href="/stories" aria-current="page">Stories</a></li>' in page.text
    assert re.search(r"Petrovietnam seeks LNG.* \d reports? .*score \d", shown(page.text))
    assert 'href="/stories?watchlist=vietnam-us-tech"' in person.get("/watchlists/vietnam-us-tech").text


def test_one_day_is_told_once(demo_folder: Path, tmp_path: Path) -> None:
    """In a later year only days are told: that of a story which began and ended on one stands there once."""
    shutil.copytree(demo_folder, tmp_path / "desk")
    with Dashboard(tmp_path / "desk", now=NOON + timedelta(days=400)) as later, later.person() as person:
        told = shown(person.get("/stories").text)
    assert re.search(r"24 Sep 2024 to 2\d Sep 2024", told)
    assert re.search(r"· 2\d Sep 2024 ·", told)
    assert not re.search(r"(2\d Sep 2024) to \1", told)


def test_pages_follow_each_other_without_a_gap(own_dashboard: Dashboard) -> None:
    """However many stories end at one instant: each stands on exactly one page, and one that grows meanwhile hides none."""
    rows = Rows(own_dashboard.store, watchlist="vietnam-us-tech")
    for number in range(100):
        rows.story(f"Development {number}")
    with own_dashboard.store.write():
        own_dashboard.store.run("update stories set last_seen_at = :at where title like 'Development%'", at=NOON)
    seen: list[int] = []
    with own_dashboard.person() as person:
        place = "/stories?watchlist=vietnam-us-tech"
        while place:
            html = person.get(place).text
            seen += numbers(html)
            place = following(html)
            with own_dashboard.store.write():
                own_dashboard.store.run("update stories set last_seen_at = :at where id = :id", at=NOON + timedelta(days=1), id=seen[0])
    assert len(seen) == len(set(seen))
    assert set(seen) == {row["id"] for row in own_dashboard.store.all("select id from stories")}


def test_words_find_the_stories_that_have_them_in_a_report(person: httpx.Client) -> None:
    """Words of any report's title or text choose stories, with and without marks; what nothing has is said."""
    found = numbers(person.get("/stories?q=petrovietnam").text)
    assert 12 in found
    assert len(found) < len(numbers(person.get("/stories").text))
    assert numbers(person.get(f"/stories?q={quote('Tô Lâm')}").text) == numbers(person.get("/stories?q=to+lam").text) != []
    assert "No story has a report with all of these words" in person.get("/stories?q=zebrafish").text
    assert "&lt;b&gt;" in person.get("/stories?q=<b>").text


@pytest.mark.parametrize("before", ["x", "2024-09-26T00:00:00.000000Z", "2024-13-26T00:00:00.000000Z,4", ",", "2024-09-26,-1", "%00,1"])
def test_a_place_that_is_none_begins_anew(person: httpx.Client, before: str) -> None:
    """What no page of ours wrote shows the first page."""
    answer = person.get(f"/stories?before={before}")
    assert (answer.status_code, numbers(answer.text)) == (200, numbers(person.get("/stories").text))


def test_an_unknown_watchlist_has_no_stories(person: httpx.Client) -> None:
    """A name that nothing has shows an empty page."""
    answer = person.get("/stories?watchlist=%22%3E<script>")
    assert (answer.status_code, numbers(answer.text)) == (200, [])
    assert "<script>" not in answer.text


def test_stories_by_watchlist_words_and_place(store: Store) -> None:
    """Of two watchlists each lists its own; merged ones are left out; a place below which nothing lies gives nothing; all on both engines."""
    one, two = Rows(store, watchlist="one"), Rows(store, watchlist="two")
    made = {name: [rows.story(f"{name} {n}") for n in range(3)] for name, rows in (("one", one), ("two", two))}
    for n, story in enumerate([*made["one"], *made["two"]]):
        (one if story in made["one"] else two).hit(f"Report {n}", story=story)
        with store.write():
            store.run("update stories set last_seen_at = :at where id = :id", at=NOON + timedelta(hours=n % 2), id=story)
    with store.write():
        stories.merged(store, made["one"][0], made["one"][1])
    articles = [row["id"] for row in store.all("select id from articles order by id")]

    def listed(watchlist: str = "", chosen: list[int] | None = None, before: Place | None = None, limit: int = 9) -> list[int]:
        return [row["id"] for row in stories.page(store, watchlist, chosen, limit, before)]

    expected = [row["id"] for row in store.all("select id from stories where merged_into_id is null order by last_seen_at desc, id desc")]
    for chosen in (None, articles):
        assert listed(chosen=chosen) == expected
        assert listed("two", chosen) == [each for each in expected if each in made["two"]]
        assert listed("two", chosen, limit=1) == listed("two", chosen)[:1]
        last = store.one("select last_seen_at as at from stories where id = :id", id=expected[1])
        assert last is not None
        place = Place(at=datetime.fromisoformat(last["at"]), number=expected[1])
        assert listed(chosen=chosen, before=place) == expected[2:]
        assert listed(chosen=chosen, before=Place(at=NOON - timedelta(days=9), number=5)) == []
    assert listed(chosen=articles[:2]) == [made["one"][1]]
    assert listed(chosen=[]) == []
