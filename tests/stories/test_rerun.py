"""The second look at the latest hits: what nobody was told moves to where it belongs, what was told stays, what a person decided holds."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.digests.step import plan
from monitor.hits.compile import compile_matcher
from monitor.hits.step import register
from monitor.store import subscriptions
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import events
from monitor.store.stories import window
from monitor.stories.actions import MOST_ADVICE, NIGHT, advice_of, regroup, regroup_due, split
from monitor.stories.fingerprint import Fingerprint
from monitor.stories.group import MAX_STORIES
from monitor.stories.rerun import Doubt, Rerun, Standing, rerun
from monitor.stories.step import group, hubs
from tests.digests.rows import BEGAN, SEVEN, Rows, channels
from tests.stories import stream_walk
from tests.stories.stream_walk import FIRST_DAY, TWICE_A_DAY, b_cubed, outcome, reports, shipped

START = datetime(2031, 3, 3, tzinfo=UTC)
WATCHLIST = "vietnam-us-tech"
SHIPPED = shipped()
HUBS = hubs(SHIPPED)
SAGA = ("starlink-licence", "starlink-gateway", "starlink-launch")
NAMED = (
    "insert into mentions(hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone)"
    " values (:hit, 'entity', '', '', :title, '', 0, 1, 0, 'title')"
)
LAST = FIRST_DAY + timedelta(days=8, hours=23)
"""A night on which a saga that began late is seen for what it is."""


def stands(hit: int, story: int, text: str, **fields: object) -> Standing:
    """A hit of one text or another (its address says which), an hour after the hit before."""
    found = Fingerprint(key=str(hit), at=START + timedelta(hours=hit), lang="en", address=text)
    return Standing(hit=hit, story=story, article=hit, found=found, **fields)  # type: ignore[arg-type]


def moves(found: Rerun) -> list[tuple[int, int, int]]:
    return [(move.hit, move.story, move.to) for move in found.moves]


def test_a_younger_story_goes_into_the_older_one() -> None:
    """Two stories of one text that nobody was told become one, and the hit says why."""
    found = rerun([stands(1, 10, "a"), stands(2, 11, "a"), stands(3, 12, "b")])
    assert moves(found) == [(2, 11, 10)]
    assert found.moves[0].placed.because == ("same address as 1",)
    assert found.doubts == ()


def test_what_was_told_stays() -> None:
    """A told hit is not moved: an untold one comes to it; where both were told, a person hears of it once, with the command."""
    assert moves(rerun([stands(1, 10, "a", told=True), stands(2, 11, "a")])) == [(2, 11, 10)]
    kept = rerun([stands(1, 10, "a"), stands(2, 11, "a", told=True)])
    assert (moves(kept), kept.doubts) == ([(1, 10, 11)], ())
    both = rerun([stands(1, 10, "a", told=True), stands(2, 11, "a", told=True)])
    assert both == Rerun(doubts=(Doubt(story=11, hits=(2,), other=10, whole=True),))
    assert advice_of(both.doubts[0]) == "story 11 looks like story 10: monitor stories merge 10 11"
    part = rerun([stands(1, 10, "a", told=True), stands(2, 11, "b", told=True), stands(3, 11, "a", told=True), stands(4, 10, "a")])
    assert [advice_of(doubt) for doubt in part.doubts] == ["hits 3 of story 11 look like story 10: monitor stories split 11 3"]


def test_what_a_person_decided_holds() -> None:
    """Articles set apart stay apart, those put together stay together, whatever they look like."""
    pair = [stands(1, 10, "a"), stands(2, 11, "a")]
    assert moves(rerun(pair, [("apart", 1, 2)])) == []
    mixed = [stands(1, 10, "a"), stands(2, 10, "b"), stands(3, 11, "b")]
    assert moves(rerun(mixed)) == [(3, 11, 10)]
    held = [stands(1, 10, "a"), stands(2, 11, "b"), stands(3, 10, "b")]
    assert moves(rerun(held)) == [(3, 10, 11)]
    assert moves(rerun(held, [("together", 1, 3)])) == [(2, 11, 10)]


def test_what_is_settled_stays() -> None:
    """Hits too old to be looked at again take others and go nowhere."""
    assert moves(rerun([stands(1, 10, "a", settled=True), stands(2, 11, "a")])) == [(2, 11, 10)]
    assert moves(rerun([stands(1, 10, "a", settled=True), stands(2, 11, "a", settled=True)])) == []


def test_a_hit_of_a_forgotten_story_stays() -> None:
    """In a flood of stories the oldest are remembered no more: a hit of such a one is like its own text, and goes nowhere else for it."""
    hits = [stands(1, 1, "a"), stands(2, 1, "a"), *(stands(hit, hit, f"text {hit}") for hit in range(3, MAX_STORIES + 3))]
    hits = [replace(each, found=replace(each.found, at=START)) for each in [*hits, stands(MAX_STORIES + 3, MAX_STORIES + 3, "a")]]
    assert moves(rerun(hits)) == []
    assert moves(rerun([*hits[:2], *hits[4:]])) == [(MAX_STORIES + 3, MAX_STORIES + 3, 1)], "as long as it is remembered"


STANDINGS = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=12).map(
    lambda rows: [stands(hit, story, text, told=told, settled=settled) for hit, (story, text, told, settled) in enumerate(rows, 1)]
)


@given(STANDINGS, st.randoms(use_true_random=False))
def test_nothing_told_or_settled_ever_moves(hits: list[Standing], mixer: random.Random) -> None:
    """Nor does a story give and take at once, nor does the order in which hits are read matter."""
    found = rerun(hits)
    mixed = list(hits)
    mixer.shuffle(mixed)
    assert rerun(mixed) == found
    by_hit = {each.hit: each for each in hits}
    for move in found.moves:
        each = by_hit[move.hit]
        assert not each.told and not each.settled
        assert each.story == move.story != move.to
        assert any(other.story == move.to and other.found.address == each.found.address for other in hits)
    assert not {move.story for move in found.moves} & {move.to for move in found.moves}
    for doubt in found.doubts:
        assert all(by_hit[hit].told for hit in doubt.hits)


def arrive(store: SqliteStore, seed: int, *, told: bool = False) -> None:
    """A saga whose reports come up to a day and a half late, each by chance of its own; with digests where they are told."""
    mixer = random.Random(seed)
    found = [report for report in reports() if report.story in SAGA]
    late = {report.id: timedelta(hours=mixer.random() * 36) for report in found}
    matcher = register(store, compile_matcher(SHIPPED), FIRST_DAY)
    subscriptions.sync(store, (TWICE_A_DAY,), FIRST_DAY)
    for hour in range((LAST - FIRST_DAY) // timedelta(hours=1)):
        now = FIRST_DAY + timedelta(hours=hour + 1)
        here = [report for report in found if now - timedelta(hours=1) <= report.at + late[report.id] < now]
        for report in here:
            stream_walk._publish(store, report)
        if here:
            stream_walk._match(store, matcher, now)
            asyncio.run(group(store=store, clock=lambda now=now: now, limit=500, watchlists=SHIPPED))
        if told and now.hour in stream_walk.PLANNED:
            tell(store, now)


IDS = itertools.count(1)


def tell(store: SqliteStore, now: datetime) -> None:
    """The digest of a slot."""
    asyncio.run(plan(store=store, clock=lambda: now, new_id=lambda: f"id-{next(IDS)}", subscriptions=(TWICE_A_DAY,), channels=channels()))


def b3(store: SqliteStore) -> float:
    became = outcome(store)
    return b_cubed([(report.story, became[report.id]["story"]) for report in reports() if report.id in became])[2]


def test_late_reports_are_put_right(store: SqliteStore) -> None:
    """Reports that came in a bad order stand where they belong afterwards; counts, titles and novelty follow; a second look moves nothing."""
    arrive(store, 1)
    before = b3(store)
    seen = regroup(store, WATCHLIST, HUBS, LAST, dry_run=True)
    assert b3(store) == before
    done = regroup(store, WATCHLIST, HUBS, LAST)
    assert moves(done) == moves(seen) != []
    assert b3(store) > before
    assert regroup(store, WATCHLIST, HUBS, LAST).moves == ()
    counts = Counter(row["story"] for row in outcome(store).values())
    rows = store.all("select id, hit_count, merged_into_id from stories")
    assert {row["id"]: row["hit_count"] for row in rows if row["hit_count"]} == counts
    assert all((row["hit_count"] == 0) == (row["merged_into_id"] is not None) for row in rows)
    moved = {row["hit"]: json.loads(row["joined_json"]) for row in outcome(store).values()}
    assert all(moved[move.hit]["nearest"] == move.story for move in done.moves)
    for story in counts:
        kinds = [row["novelty"] for row in outcome(store).values() if row["story"] == story]
        assert kinds.count("new") == 1


def test_the_window_holds_the_latest_stories(store: SqliteStore) -> None:
    """Of so many stories as can be remembered the hits since an instant are read, in order of their time, each with its own names."""
    rows = Rows(store)
    stories = [rows.story(), rows.story(), rows.story()]
    for number in range(6):
        hit = rows.hit(f"Firm {number}", story=stories[number % 3], seen=SEVEN - timedelta(hours=number))
        with store.write():
            store.run(NAMED, hit=hit, title=f"Firm {number}")
    rows.hit("waits", story=None)
    found = window(store, "vn-us", SEVEN - timedelta(hours=4), 2, 100)
    assert [(each.hit.title, each.story) for each in found] == [("Firm 4", stories[1]), ("Firm 2", stories[2]), ("Firm 1", stories[1])]
    assert [[mention.title for mention in each.hit.mentions] for each in found] == [["Firm 4"], ["Firm 2"], ["Firm 1"]]
    assert len(window(store, "vn-us", BEGAN, 3, 100)) == 6
    assert len(window(store, "vn-us", BEGAN, 3, 5)) == 5
    assert window(store, "another", BEGAN, 3, 100) == ()


def test_a_split_by_hand_survives_the_second_look(store: SqliteStore) -> None:
    """What a person set apart is not brought together again by the night."""
    arrive(store, 0)
    rows = outcome(store)
    story = Counter(row["story"] for row in rows.values()).most_common(1)[0][0]
    members = sorted(row["hit"] for row in rows.values() if row["story"] == story)
    made = split(store, story, members[-3:], HUBS, LAST)
    regroup(store, WATCHLIST, HUBS, LAST)
    after = {row["hit"]: row["story"] for row in outcome(store).values()}
    assert {after[hit] for hit in members[-3:]} == {made}


def test_nothing_told_is_told_again(store: SqliteStore) -> None:
    """Told hits keep their stories; over all digests no headline comes twice, and each hit is in exactly one."""
    arrive(store, 1, told=True)
    told = {row["hit_id"] for row in store.all("select hit_id from digest_hits")}
    stood = {row["hit"]: row["story"] for row in outcome(store).values() if row["hit"] in told}
    assert regroup(store, WATCHLIST, HUBS, LAST).moves
    assert {row["hit"]: row["story"] for row in outcome(store).values() if row["hit"] in told} == stood
    assert len(stood) > 15
    tell(store, LAST + timedelta(days=1))
    shown = Counter(
        entry["line"]["headline"] for row in store.all("select payload from digests") for entry in json.loads(row["payload"])["entries"]
    )
    assert [headline for headline, times in shown.items() if times > 1] == []
    places = store.all("select h.id, count(d.hit_id) as n from hits h left join digest_hits d on d.hit_id = h.id group by h.id")
    assert {row["n"] for row in places} == {1}


def test_a_hit_told_meanwhile_stops_the_move(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a digest goes out between the look and the move, nothing is moved; the next run looks again."""
    from monitor.stories import actions

    arrive(store, 1)
    look = actions.rerun

    def slow(hits: object, placements: object) -> Rerun:
        found = look(hits, placements)  # type: ignore[arg-type]
        tell(store, LAST)
        return found

    monkeypatch.setattr(actions, "rerun", slow)
    stood = {row["hit"]: row["story"] for row in outcome(store).values()}
    assert regroup(store, WATCHLIST, HUBS, LAST).moves == ()
    assert {row["hit"]: row["story"] for row in outcome(store).values()} == stood


def test_it_runs_once_a_day_and_says_what_it_did(store: SqliteStore) -> None:
    """Once in 24 hours a watchlist; an event says how many hits moved; the same advice is not given every night."""
    arrive(store, 1)

    def night(now: datetime) -> int:
        return asyncio.run(regroup_due(store=store, clock=lambda: now, watchlists=SHIPPED)).moved

    assert night(LAST) > 0
    assert night(LAST + NIGHT - timedelta(minutes=1)) == 0
    (told,) = [event for event in events(store, FIRST_DAY) if event.kind == "stories.regrouped"]
    assert told.subject == WATCHLIST
    assert "hits moved" in told.detail
    assert night(LAST + NIGHT) == 0
    assert len([event for event in events(store, FIRST_DAY) if event.kind == "stories.regrouped"]) == 1


def test_many_doubts_are_told_in_few_words(store: SqliteStore) -> None:
    """Where hundreds of told stories look like others, the event spells out ten and says where all are to be seen."""
    rows = Rows(store, watchlist=WATCHLIST)
    subscriptions.sync(store, (TWICE_A_DAY,), SEVEN - timedelta(days=9))
    twins = [rows.article(f"Report {n // 2}", "", "paper", "en", SEVEN) for n in range(2 * MOST_ADVICE + 6)]
    with store.write():
        store.run("update articles set canonical_key = title")
    hits = [rows.hit(f"Report {n // 2}", story=rows.story(), article=twin, band="alert") for n, twin in enumerate(twins)]
    with store.write():
        for hit in hits:
            store.run("insert into digest_hits(subscription_id, hit_id, shown_as, created_at) values (1, :hit, 'new', '')", hit=hit)
    asyncio.run(regroup_due(store=store, clock=lambda: SEVEN, watchlists=SHIPPED))
    (told,) = [event for event in events(store, SEVEN) if event.kind == "stories.regrouped"]
    assert told.detail.count("monitor stories merge") == MOST_ADVICE
    assert told.detail.endswith("; 3 more: monitor stories regroup --dry-run")


def test_the_same_standing_may_be_asked_of_copies() -> None:
    """A copy is held by what a person decided of the text that it copies."""
    copy = replace(stands(3, 11, "a"), copy_of=2)
    assert moves(rerun([stands(1, 10, "a"), copy], [("apart", 1, 2)])) == []
