"""What a person decides of stories lasts."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.errors import NothingSelected, UsageError
from monitor.hits.compile import compile_matcher
from monitor.hits.step import register
from monitor.store import stories as stored
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.stories.actions import merge, split
from monitor.stories.step import group, hubs
from tests.commands import run
from tests.stories.stream_walk import FIRST_DAY, outcome, publish_and_match, reports, shipped, walk

PAIR = ("amkor-phase2", "hp-laptops")
HUBS = hubs(shipped())
LATER = FIRST_DAY + timedelta(days=9)


@pytest.fixture
def walked(store: SqliteStore) -> SqliteStore:
    """A store with two stories of the stream."""
    walk(store, only=PAIR)
    return store


def stories_of(store: SqliteStore) -> dict[str, set[int]]:
    became = outcome(store)
    return {name: {became[report.id]["story"] for report in reports() if report.story == name} for name in PAIR}


def hits_in(store: SqliteStore, story: int) -> list[int]:
    return [member["hit"] for member in stored.members(store, story)]


def again(store: SqliteStore, report_id: str, source: str) -> int:
    """The story that a report gets when another outlet brings it once more."""
    report = next(each for each in reports() if each.id == report_id)
    matcher = register(store, compile_matcher(shipped()), LATER)
    publish_and_match(store, matcher, report, source, LATER)
    asyncio.run(group(store=store, clock=lambda: LATER, limit=10, watchlists=shipped()))
    row = store.one("select h.story_id from hits h join articles a on a.id = h.article_id where a.publisher = :p", p=source)
    assert row is not None
    return int(row["story_id"])


def test_hits_split_off_stay_apart(walked: SqliteStore) -> None:
    """A split makes a story of its own with its own title and novelty; a later copy of each side goes to its side."""
    (story,) = stories_of(walked)["amkor-phase2"]
    members = hits_in(walked, story)
    made = split(walked, story, members[-2:], HUBS, LATER)
    assert hits_in(walked, made) == members[-2:]
    assert hits_in(walked, story) == members[:-2]
    rows = {row["id"]: row for row in walked.all("select id, hit_count, title from stories")}
    assert (rows[made]["hit_count"], rows[story]["hit_count"]) == (2, len(members) - 2)
    assert stored.members(walked, made)[0]["novelty"] == "new"
    first, *_, last = [report for report in reports() if report.story == "amkor-phase2"]
    assert again(walked, first.id, "one.example") == story
    assert again(walked, last.id, "two.example") == made


def test_merged_stories_stay_together(walked: SqliteStore) -> None:
    """A merge leaves one story, which takes the later reports of both; the other says where it went."""
    (one,), (other,) = stories_of(walked).values()
    count = len(hits_in(walked, one)) + len(hits_in(walked, other))
    merge(walked, one, other, HUBS, LATER)
    assert len(hits_in(walked, one)) == count
    assert stored.links(walked, other)["merged_into_id"] == one
    assert [row["id"] for row in stored.listed(walked, FIRST_DAY, 10)] == [one]
    last = [report for report in reports() if report.story == "hp-laptops"][-1]
    assert again(walked, last.id, "one.example") == one
    kinds = [member["novelty"] for member in stored.members(walked, one)]
    assert kinds.count("new") == 1


def test_what_was_merged_can_be_split_again(walked: SqliteStore) -> None:
    """The latest word counts."""
    (one,), (other,) = stories_of(walked).values()
    moved = hits_in(walked, other)
    merge(walked, one, other, HUBS, LATER)
    made = split(walked, one, moved, HUBS, LATER)
    assert hits_in(walked, made) == moved


def test_wrong_orders_are_refused(walked: SqliteStore) -> None:
    """Unknown stories and hits, a split that leaves nothing and a merge with itself change nothing."""
    (story,) = stories_of(walked)["amkor-phase2"]
    before = outcome(walked)
    with pytest.raises(NothingSelected, match="no hit 999"):
        split(walked, story, [999], HUBS, LATER)
    with pytest.raises(UsageError, match="leave at least one"):
        split(walked, story, hits_in(walked, story), HUBS, LATER)
    with pytest.raises(UsageError, match="itself"):
        merge(walked, story, story, HUBS, LATER)
    with pytest.raises(NothingSelected, match="no story 999"):
        merge(walked, story, 999, HUBS, LATER)
    assert outcome(walked) == before


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`stories show` explains each member, `timeline` tells who had what first, `split` and `merge` obey."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DB", str(tmp_path / "monitor.db"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    assert run("init").code == 0
    store = open_sqlite(tmp_path / "monitor.db")
    walk(store, only=PAIR)
    (story,), (other,) = stories_of(store).values()
    members = hits_in(store, story)
    store.close()
    shown = run("stories", "show", str(story))
    assert shown.code == 0
    assert "entity:amkor" in shown.out
    assert "figure:USD:620000000" in shown.out
    assert "(VNA, a copy)" in shown.out
    assert "! figures differ: USD:620000000 (kinhte24.example) vs USD:600000000 (tradewire.example)" in shown.out
    lines = json.loads(run("stories", "timeline", str(story), "--json").out)
    assert [line["novelty"] for line in lines][:2] == ["new", "echo"]
    assert lines[1]["credit"] == "VNA"
    assert any("step:agreed" in line["brings"] for line in lines)
    assert run("stories", "split", str(story), str(members[-1]), "--dry-run").code == 0
    assert "are now story" in run("stories", "split", str(story), str(members[-1])).err
    assert "is now part of" in run("stories", "merge", str(story), str(other)).err
    assert f"merged into  {story}" in run("stories", "show", str(other)).out
    assert run("stories", "show", "999").code == 3
