"""The step against a real store: slots, quiet hours, sleep, wrong clocks, and the promise that every hit is told once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.digests.step import PlanCounts, plan, preview
from monitor.model import Subscription
from monitor.store import digests, subscriptions
from monitor.store.driver import Row, Store
from monitor.store.sqlite import SqliteStore
from tests.digests.rows import BEGAN, SEVEN, Rows, channels, subscription

DAY = timedelta(days=1)
ALL = subscription(channels=("desk", "mail", "hook"))


@dataclass
class Desk:
    """A store with one subscription, at an instant that tests move."""

    store: Store
    wanted: Subscription
    now: datetime
    new_id: Callable[[], str]

    def plan(self, now: datetime | None = None, force: str | None = None) -> PlanCounts:
        """One run of the step."""
        self.now = now or self.now
        return asyncio.run(
            plan(
                store=self.store,
                clock=lambda: self.now,
                new_id=self.new_id,
                subscriptions=(self.wanted,),
                channels=channels(),
                force=force,
            )
        )

    def places(self) -> dict[int, str]:
        """What each hit was told as."""
        return {row["hit_id"]: row["shown_as"] for row in self.store.all("select hit_id, shown_as from digest_hits")}

    def slots(self) -> list[Row]:
        """The recorded slots by due time."""
        return self.store.all("select label, missed, hit_count from slots order by due_at")


def desk(store: Store, began: datetime = SEVEN - timedelta(hours=12), **fields: object) -> Desk:
    wanted = replace(ALL, **fields)  # type: ignore[arg-type]
    subscriptions.sync(store, (wanted,), began)
    ids = itertools.count(1)
    return Desk(store=store, wanted=wanted, now=SEVEN, new_id=lambda: f"id-{next(ids)}")


def test_a_due_slot_is_frozen_with_its_deliveries(store: SqliteStore) -> None:
    """One transaction leaves slot, digest, memberships, a message per form, and a pending delivery per destination."""
    at = desk(store)
    rows = Rows(store)
    first = rows.hit("FPT and Nvidia build", story=rows.story())
    assert at.plan() == PlanCounts(digests=1, hits=1, deliveries=4)
    assert at.places() == {first: "new"}
    found = store.all(
        "select form, destination, state, next_attempt_at from deliveries d join messages m on m.id = d.message_id order by d.id"
    )
    assert [(row["form"], row["destination"]) for row in found] == [
        ("file", "file:desk"),
        ("mail", "mail:a@example.org"),
        ("mail", "mail:b@example.org"),
        ("json", "webhook:hook"),
    ]
    assert {(row["state"], row["next_attempt_at"]) for row in found} == {("pending", "2024-09-26T00:00:00.000000Z")}
    digest = digests.newest(store, "morning")
    assert digest is not None
    assert digest.slot_label == "2024-09-26T07:00 Asia/Ho_Chi_Minh"
    assert digest.subject == "[VN-US tech] 1 new - FPT and Nvidia build"
    assert "FPT and Nvidia build" in digests.text_of(store, digest.id)
    body = json.loads(store.all("select body from messages where form = 'mail'")[0]["body"])
    assert set(body) == {"subject", "text", "html", "lang", "title", "preheader"}


def test_a_slot_is_planned_once(store: SqliteStore) -> None:
    """However often the step runs, and wherever the clock goes back to, a label never gets a second digest."""
    at = desk(store)
    rows = Rows(store)
    rows.hit(story=rows.story())
    assert at.plan().digests == 1
    rows.hit("Another thing happens", story=rows.story())
    assert at.plan(SEVEN + timedelta(minutes=5)) == PlanCounts()
    assert at.plan(SEVEN - timedelta(hours=3)) == PlanCounts()
    assert at.plan(SEVEN + timedelta(hours=23)) == PlanCounts()
    assert at.plan(SEVEN + DAY) == PlanCounts(digests=1, hits=1, deliveries=4)


def test_an_empty_slot_is_recorded_and_silent(store: SqliteStore) -> None:
    """Nothing to tell leaves a slot and a digest without messages; with a heartbeat it is sent."""
    at = desk(store)
    assert at.plan() == PlanCounts(empty=1)
    assert at.plan() == PlanCounts()
    assert digests.newest(store, "morning") is None
    assert len(digests.listed(store, BEGAN, 10, empty=True)) == 1
    at.wanted = replace(at.wanted, heartbeat=True)
    assert at.plan(SEVEN + DAY) == PlanCounts(digests=1, deliveries=4)
    newest = digests.newest(store, "morning")
    assert newest is not None
    assert newest.subject == "[VN-US tech] nothing new"


def test_nothing_is_due_before_the_subscription_began(store: SqliteStore) -> None:
    """The slot of the morning before is not planned, and hits found earlier are not told."""
    at = desk(store, began=SEVEN - timedelta(hours=1))
    rows = Rows(store)
    early = rows.hit(story=rows.story(), seen=SEVEN - timedelta(hours=2))
    late = rows.hit("A later thing happens", story=rows.story(), seen=SEVEN - timedelta(minutes=30))
    assert at.plan(SEVEN - timedelta(minutes=5)) == PlanCounts()
    assert at.plan(SEVEN).hits == 1
    assert at.places() == {late: "new"}
    assert early not in at.places()


def test_after_sleep_one_late_digest_stands_in_for_all(store: SqliteStore) -> None:
    """Three days asleep give one digest for the newest slot that says it is late; the older labels are recorded as missed."""
    at = desk(store, began=SEVEN - timedelta(hours=1))
    assert at.plan().empty == 1
    rows = Rows(store)
    rows.hit(story=rows.story(), seen=SEVEN + DAY)
    assert at.plan(SEVEN + 3 * DAY + timedelta(hours=4)) == PlanCounts(digests=1, hits=1, deliveries=4, missed=2)
    assert [(row["label"][:10], row["missed"]) for row in at.slots()] == [
        ("2024-09-26", 0),
        ("2024-09-27", 1),
        ("2024-09-28", 1),
        ("2024-09-29", 0),
    ]
    newest = digests.newest(store, "morning")
    assert newest is not None
    text = digests.text_of(store, newest.id)
    assert "! Late: due at 07:00, made at 11:00." in text
    assert "! 2 earlier slots were missed" in text
    assert at.plan() == PlanCounts()


def test_a_clock_ahead_and_back_does_not_silence(store: SqliteStore) -> None:
    """Ten days ahead and back: one digest then, and the right days afterwards get theirs although they were recorded as missed."""
    at = desk(store)
    rows = Rows(store)
    rows.hit(story=rows.story())
    assert at.plan(SEVEN + 10 * DAY).digests == 1
    for day in range(1, 4):
        rows.hit(f"Day number {day} brings a thing", story=rows.story(), seen=SEVEN + day * DAY - timedelta(hours=1))
        assert at.plan(SEVEN + day * DAY).digests == 1
        assert at.plan(SEVEN + day * DAY + timedelta(minutes=1)) == PlanCounts()


def test_quiet_hours_hold_the_slot(store: SqliteStore) -> None:
    """A slot inside quiet hours is planned at their end and takes in what came meanwhile."""
    at = desk(store, quiet="22:00-08:30")
    rows = Rows(store)
    rows.hit(story=rows.story())
    assert at.plan(SEVEN + timedelta(minutes=1)) == PlanCounts()
    rows.hit("It came in the night", story=rows.story(), seen=SEVEN + timedelta(minutes=30))
    assert at.plan(SEVEN + timedelta(minutes=89)) == PlanCounts()
    assert at.plan(SEVEN + timedelta(minutes=90)) == PlanCounts(digests=1, hits=2, deliveries=4)
    newest = digests.newest(store, "morning")
    assert newest is not None
    assert "Late" not in digests.text_of(store, newest.id)


def test_quiet_and_ungrouped_hits(store: SqliteStore) -> None:
    """A quiet hit gets its place and is never shown; a hit without a story waits."""
    at = desk(store)
    rows = Rows(store)
    quiet = rows.hit("Old news from the archive", story=rows.story(), quiet=True)
    waits = rows.hit("Not grouped so far", story=None, novelty=None)
    assert at.plan() == PlanCounts(empty=1)
    assert at.places() == {quiet: "quiet"}
    story = rows.story()
    with store.write():
        store.run("update hits set story_id = :story, novelty = 'new' where id = :hit", story=story, hit=waits)
    assert at.plan(SEVEN + DAY).digests == 1
    assert at.places() == {quiet: "quiet", waits: "new"}


def test_a_told_story_comes_back_as_update(store: SqliteStore) -> None:
    """The next digest shows what is new in a told story, and folds its echoes; another subscription is told it as new."""
    at = desk(store)
    rows = Rows(store)
    story = rows.story()
    rows.hit(story=story)
    at.plan()
    update = rows.hit(
        "FPT names its partner", story=story, novelty="update", delta=("figure:USD:200000000",), seen=SEVEN + timedelta(hours=1)
    )
    echo = rows.hit("The same once more", story=story, novelty="echo", seen=SEVEN + timedelta(hours=2))
    assert at.plan(SEVEN + DAY).digests == 1
    assert (at.places()[update], at.places()[echo]) == ("update", "echo")
    newest = digests.newest(store, "morning")
    assert newest is not None
    assert "Brings: US$200m (last told 26 Sep)" in digests.text_of(store, newest.id)
    rows.hit("And once more the same", story=story, novelty="echo", seen=SEVEN + DAY)
    assert at.plan(SEVEN + 2 * DAY) == PlanCounts(empty=1, hits=1)


def test_a_watchlist_taken_up_later_brings_no_old_hits(store: SqliteStore) -> None:
    """A watchlist added to a running subscription starts with what is found from then on."""
    at = desk(store)
    rows = Rows(store, watchlist="chips")
    old = rows.hit(story=rows.story(), seen=SEVEN - timedelta(hours=1))
    at.wanted = replace(at.wanted, watchlists=("vn-us", "chips"))
    subscriptions.sync(store, (at.wanted,), SEVEN - timedelta(minutes=30))
    fresh = rows.hit("A fresh thing of chips", story=rows.story(), seen=SEVEN - timedelta(minutes=5))
    at.plan()
    assert at.places() == {fresh: "new"}
    assert old not in at.places()


def test_send_now(store: SqliteStore) -> None:
    """On request what waits is told at once under a label of its own, the schedule stays; with nothing waiting nothing is recorded."""
    at = desk(store)
    assert at.plan(SEVEN - timedelta(hours=5), force="morning") == PlanCounts()
    assert at.slots() == []
    rows = Rows(store)
    rows.hit(story=rows.story())
    assert at.plan(SEVEN - timedelta(hours=5), force="morning").digests == 1
    assert at.slots()[0]["label"] == "manual-2024-09-25T19:00:00.000000Z"
    newest = digests.newest(store, "morning")
    assert newest is not None
    assert "! Made on request." in digests.text_of(store, newest.id)
    assert at.plan(SEVEN) == PlanCounts(empty=1)


def test_preview_writes_nothing(store: SqliteStore) -> None:
    """A preview shows what would be told and leaves the database as it was."""
    at = desk(store)
    rows = Rows(store)
    rows.hit(story=rows.story())
    before = store.all("select count(*) as n from slots")
    found = preview(store, at.wanted, SEVEN)
    assert found is not None
    assert len(found.entries) == 1
    assert store.all("select count(*) as n from slots") == before
    assert at.places() == {}
    assert preview(store, replace(at.wanted, name="unknown"), SEVEN) is None


def test_a_second_planner_writes_nothing(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two planners that both found the slot due leave one digest: the slower one's whole plan is rolled back."""
    at = desk(store)
    rows = Rows(store)
    rows.hit(story=rows.story())
    commit = digests.commit

    def quicker(store: Store, made: digests.Plan) -> int:
        monkeypatch.setattr(digests, "commit", commit)
        assert at.plan().digests == 1
        return commit(store, made)

    monkeypatch.setattr(digests, "commit", quicker)
    assert at.plan() == PlanCounts(skipped=1)
    assert store.all("select count(*) as n from digests") == [{"n": 1}]
    assert store.all("select count(*) as n from messages") == [{"n": 3}]


hits_by_hour = st.lists(
    st.tuples(
        st.integers(0, 96),
        st.integers(0, 5),
        st.sampled_from(("alert", "review")),
        st.sampled_from(("new", "update", "echo")),
        st.booleans(),
    ),
    max_size=12,
)


@given(hits_by_hour, st.lists(st.integers(-6, 120), max_size=20), st.sampled_from(("", "22:00-09:00", "07:00-07:00")), st.integers(1, 3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_hit_is_told_once_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[int, int, str, str, bool]], ticks: list[int], quiet: str, size: int
) -> None:
    """Hits arrive while the clock jumps to and fro: in the end each has one place, each label at most one digest, each delivery one message."""
    from monitor.store.sqlite import open_sqlite

    store = open_sqlite(tmp_path_factory.mktemp("clock") / "m.db")
    try:
        at = desk(store, quiet=quiet, max_items=size)
        rows = Rows(store)
        stories = [rows.story() for _ in range(6)]
        made = []
        for number, tick in enumerate((*ticks, 200)):
            for hour, story, band, novelty, hush in found if number == len(ticks) // 2 else ():
                seen = SEVEN + timedelta(hours=hour)
                made.append(rows.hit(f"Thing number {hour}", story=stories[story], band=band, novelty=novelty, quiet=hush, seen=seen))
            at.plan(SEVEN + timedelta(hours=tick))
        assert sorted(at.places()) == sorted(made)
        labels = [row["label"] for row in store.all("select l.label from digests d join slots l on l.id = d.slot_id")]
        assert len(set(labels)) == len(labels)
        assert {hit for hit, shown_as in at.places().items() if shown_as == "quiet"} == {
            hit for hit, (_, _, _, _, hush) in zip(made, found, strict=True) if hush
        }
    finally:
        store.close()
