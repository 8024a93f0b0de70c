"""The recorded stream, walked with two digests a day: stories, what each report brings, and what the reader is shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.store.sqlite import SqliteStore, open_sqlite
from tests.stories.stream_walk import Report, b_cubed, outcome, reports, walk


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """The store after the stream."""
    store = open_sqlite(tmp_path_factory.mktemp("stream") / "monitor.db")
    walk(store)
    yield store
    store.close()


def test_the_stream_is_large_and_consistently_labelled() -> None:
    """At least 300 reports over ten days in three languages; each story begins with its one new report."""
    found = reports()
    assert len(found) >= 300
    assert len({report.at.date() for report in found}) == 10
    assert {report.lang for report in found} == {"en", "vi", "fr"}
    firsts: dict[str, Report] = {}
    for report in found:
        assert (report.novelty == "new") == (report.story not in firsts), report.id
        firsts.setdefault(report.story, report)


def test_stories_of_the_stream(walked: SqliteStore) -> None:
    """Reports of one development share a story: B-cubed F1 at least 0.97."""
    became = outcome(walked)
    assert b_cubed([(report.story, became[report.id]["story"]) for report in reports()])[2] >= 0.97


def test_novelty_of_the_stream(walked: SqliteStore) -> None:
    """At least 95 in a hundred reports are rightly called new, update or echo."""
    became = outcome(walked)
    right = sum(report.novelty == became[report.id]["novelty"] for report in reports())
    assert right / len(reports()) >= 0.95


def test_no_headline_is_shown_twice(walked: SqliteStore) -> None:
    """Over twenty digests no headline is repeated."""
    payloads = [json.loads(row["payload"]) for row in walked.all("select payload from digests")]
    shown = Counter(entry["line"]["headline"] for payload in payloads for entry in payload["entries"])
    assert len(shown) > 60
    assert [headline for headline, times in shown.items() if times > 1] == []


def test_every_hit_is_in_exactly_one_digest(walked: SqliteStore) -> None:
    """Each hit has one place in one digest."""
    places = walked.all("select h.id, count(d.hit_id) as n from hits h left join digest_hits d on d.hit_id = h.id group by h.id")
    assert len(places) == len(reports())
    assert {row["n"] for row in places} == {1}


def test_sagas_are_linked(walked: SqliteStore) -> None:
    """The ground stations of Starlink go on from its licence."""
    became = outcome(walked)
    story = {report.story: became[report.id]["story"] for report in reversed(reports())}
    rows = {row["id"]: row["earlier_id"] for row in walked.all("select id, earlier_id from stories")}
    assert rows[story["starlink-gateway"]] == story["starlink-licence"]


def test_copies_are_credited(walked: SqliteStore) -> None:
    """A wire copy is known as one, with the agency whose text it is."""
    became = outcome(walked)
    copies = {report.id: json.loads(became[report.id]["joined_json"]) for report in reports() if report.copies}
    assert all(joined["copy"] for joined in copies.values())
    agencies = {"TTXVN": "VNA", "AVI": "VNA"}
    assert all(copies[report.id]["credit"] == agencies.get(report.credit, report.credit) for report in reports() if report.copies)


def test_the_same_stream_gives_the_same_stories(walked: SqliteStore, tmp_path: Path) -> None:
    """A second walk gives the same stories and the same novelty."""
    again = open_sqlite(tmp_path / "monitor.db")
    walk(again)
    assert outcome(again) == outcome(walked)
    again.close()


def test_a_second_look_at_what_came_in_time_changes_nothing(walked: SqliteStore) -> None:
    """Over the whole stream the first look was as good as the second: nothing would move, and nobody is asked."""
    from monitor.stories.actions import regroup
    from monitor.stories.step import hubs
    from tests.stories.stream_walk import FIRST_DAY, shipped

    for day in (4, 7, 10):
        found = regroup(walked, "vietnam-us-tech", hubs(shipped()), FIRST_DAY + timedelta(days=day), dry_run=True)
        assert (found.moves, found.doubts) == ((), ())
