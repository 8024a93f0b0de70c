"""The rows of digests: one transaction or none, and how they are found again."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.model import Slot
from monitor.store import digests, subscriptions
from monitor.store.digests import FrozenMessage, Member, Plan, Superseded
from monitor.store.sqlite import SqliteStore
from tests.digests.rows import BEGAN, SEVEN, Rows, subscription

SLOT = Slot(label="2024-09-26T07:00 UTC", due_at=SEVEN)
OLDER = Slot(label="2024-09-25T07:00 UTC", due_at=SEVEN - timedelta(days=1))
BODY = b'{"subject":"S","text":"T","html":"H"}'


def plan_of(*hits: tuple[int, int], **fields: object) -> Plan:
    """A plan for the first subscription that tells hits, given as (hit, story)."""
    made = Plan(
        subscription=1,
        uid="u-1",
        slot=SLOT,
        missed=(OLDER,),
        kind="digest",
        subject="S",
        payload="{}",
        covers_from_at=BEGAN,
        planned_at=SEVEN,
        members=tuple(Member(hit=hit, story=story, shown_as="new", position=1) for hit, story in hits),
        messages=(
            FrozenMessage(uid="m-1", form="mail", part=1, parts=1, subject="S", body=BODY, destinations=(("mail", "mail:a@example.org"),)),
        ),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture
def rows(store: SqliteStore) -> Rows:
    subscriptions.sync(store, (subscription(),), BEGAN)
    return Rows(store)


def counts(store: SqliteStore) -> list[int]:
    return [
        store.all(f"select count(*) as n from {table}")[0]["n"] for table in ("slots", "digests", "digest_hits", "messages", "deliveries")
    ]


def test_a_plan_is_committed_whole(store: SqliteStore, rows: Rows) -> None:
    """All rows are there, hashes are plain sha256 of what is stored, and the digest is found by number, id and name."""
    story = rows.story()
    hit = rows.hit(story=story)
    number = digests.commit(store, plan_of((hit, story)))
    assert counts(store) == [2, 1, 1, 1, 1]
    found = digests.get(store, "u-1")
    assert found is not None
    assert found == digests.get(store, str(number)) == digests.newest(store, "morning")
    assert found.sha256 == hashlib.sha256(b"{}").hexdigest()
    assert store.all("select sha256 from messages")[0]["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert (digests.text_of(store, number), digests.html_of(store, number)) == ("T", "H")
    assert [row["hit"] for row in digests.members(store, number)] == [hit]
    assert digests.sent_to(store, number)[0]["state"] == "pending"
    assert digests.get(store, "nothing") is None
    assert digests.get(store, "9" * 30) is None


def test_a_planned_slot_is_not_planned_again(store: SqliteStore, rows: Rows) -> None:
    """A second plan for the label, or for a hit told already, is refused and leaves nothing behind."""
    story = rows.story()
    hit = rows.hit(story=story)
    digests.commit(store, plan_of((hit, story)))
    before = counts(store)
    with pytest.raises(Superseded, match="planned already"):
        digests.commit(store, plan_of(uid="u-2"))
    with pytest.raises(Superseded, match="told already"):
        digests.commit(store, plan_of((hit, story), uid="u-2", slot=replace(SLOT, label="later")))
    assert counts(store) == before


def test_a_missed_label_may_still_be_planned(store: SqliteStore, rows: Rows) -> None:
    """A label recorded as missed is recorded, not planned: a clock that was wrong must not silence it."""
    digests.commit(store, plan_of())
    assert not digests.is_planned(store, 1, OLDER.label)
    assert digests.recorded_labels(store, 1, BEGAN, SEVEN) == {OLDER.label, SLOT.label}
    digests.commit(store, plan_of(uid="u-2", slot=OLDER, missed=(), messages=()))
    assert digests.is_planned(store, 1, OLDER.label)


def test_waiting_hits_know_what_was_told(store: SqliteStore, rows: Rows) -> None:
    """Told as news, told for a look, told nothing; hits told, quiet, ungrouped or of foreign watchlists do not wait."""
    news, look, fresh = rows.story(), rows.story(), rows.story()
    one, two = rows.hit(story=news), rows.hit(story=look, band="review")
    members = (Member(hit=one, story=news, shown_as="new", position=1), Member(hit=two, story=look, shown_as="review", position=2))
    digests.commit(store, plan_of(members=members))
    waits = [rows.hit(story=story) for story in (news, look, fresh)]
    rows.hit(story=None)
    rows.hit(story=fresh, quiet=True)
    Rows(store, watchlist="other").hit(story=fresh)
    found = digests.waiting(store, 1)
    assert [row["hit"] for row in found] == waits
    assert [row["told"] for row in found] == [2, 1, 0]
    assert [row["told_at"] for row in found] == [SEVEN, SEVEN, None]


def test_coverage_counts(store: SqliteStore, rows: Rows) -> None:
    """Sources with since when they fail, and the articles first seen in the span."""
    rows.source("well")
    rows.source("ill", "The Ill Paper", failing_since=SEVEN - timedelta(hours=3), kind="timeout")
    rows.hit(story=None, seen=SEVEN - timedelta(hours=1))
    rows.hit(story=None, seen=SEVEN - timedelta(days=9))
    assert [(row["name"], row["error_kind"]) for row in digests.sources(store)] == [("ill", "timeout"), ("well", None)]
    assert digests.articles_seen(store, SEVEN - timedelta(days=1), SEVEN) == {"articles": 1, "pending": 0}


def test_the_slot_before_leaves_out_the_future(store: SqliteStore, rows: Rows) -> None:
    """What a clock ahead of now planned is not the slot before."""
    digests.commit(store, plan_of())
    digests.commit(store, plan_of(uid="u-2", slot=replace(SLOT, label="2030"), planned_at=SEVEN + timedelta(days=2000), messages=()))
    before = digests.slot_before(store, 1, SEVEN + timedelta(days=1))
    assert before is not None
    assert before["label"] == SLOT.label
    assert digests.slot_before(store, 1, BEGAN) is None


def test_what_is_settled_is_not_looked_at_again(store: SqliteStore, rows: Rows) -> None:
    """The mark follows the hits that have their place, and never passes one that waits for its story."""
    story = rows.story()
    first, waits, last = rows.hit(story=story), rows.hit(story=None), rows.hit(story=story)
    digests.commit(store, plan_of((first, story), (last, story)))
    mark = "select settled_hit_id as n from subscriptions"
    assert store.all(mark) == [{"n": first}]
    with store.write():
        store.run("update hits set story_id = :story, novelty = 'new' where id = :hit", story=story, hit=waits)
    assert [row["hit"] for row in digests.waiting(store, 1)] == [waits]
    digests.commit(store, plan_of((waits, story), uid="u-2", slot=replace(SLOT, label="later"), messages=()))
    assert store.all(mark) == [{"n": last}]
    fresh = rows.hit(story=story)
    assert [row["hit"] for row in digests.waiting(store, 1)] == [fresh]
