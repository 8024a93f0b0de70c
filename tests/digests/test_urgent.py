"""What is told at once: only what is strong, new and named; in one message per burst; never again as news in the digest."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from monitor.digests.schema import webhook_schema
from monitor.digests.step import PlanCounts
from monitor.digests.urgent import is_due, may_be_urgent
from monitor.store import digests
from monitor.store.sqlite import SqliteStore
from tests.digests.rows import SEVEN, Rows, subscription
from tests.digests.test_plan import Desk, desk
from tests.digests.test_select import candidates, hit

NOON = SEVEN + timedelta(hours=5)
MINUTE = timedelta(minutes=1)
WITH_NVIDIA = (("us", "NVIDIA", "Nvidia"),)


def at_noon(store: SqliteStore, **fields: object) -> Desk:
    """A desk whose morning digest has gone out, at noon."""
    found = desk(store, **{"urgent": 8.0, **fields})
    found.plan(SEVEN)
    return found


def test_a_burst_is_one_message(store: SqliteStore) -> None:
    """Strong new hits are told together a few minutes after the first of them, in every form the subscription takes."""
    at, rows = at_noon(store), Rows(store)
    first = rows.hit("FPT and Nvidia build", story=rows.story(), score=8.5, seen=NOON)
    assert at.plan(NOON + 2 * MINUTE) == PlanCounts()
    second = rows.hit("Apple opens a plant", story=rows.story(), score=9.0, seen=NOON + 2 * MINUTE)
    weak = rows.hit("A talk is held", story=rows.story(), score=6.0, seen=NOON)
    assert at.plan(NOON + 3 * MINUTE) == PlanCounts(digests=1, hits=2, deliveries=4)
    assert at.places() == {first: "urgent", second: "urgent"}
    digest = digests.newest(store, "morning")
    assert digest is not None
    assert digest.subject == "[VN-US tech] Urgent: 2 new - Apple opens a plant; FPT and Nvidia build"
    body = json.loads(store.all("select body from messages where form = 'json' order by id desc")[0]["body"])
    assert (body["type"], body["data"]["kind"], body["data"]["slot"]) == ("hit.created", "urgent", "")
    Draft202012Validator(webhook_schema()).validate(body)
    assert at.plan(NOON + 4 * MINUTE) == PlanCounts()
    assert weak not in at.places()


def test_new_and_updated_stories_are_two_events(store: SqliteStore) -> None:
    """A webhook hears of new developments and of updates apart, under identities of their own; together they hold what a mail shows."""
    at, rows = at_noon(store), Rows(store)
    told = rows.story()
    rows.hit("FPT and Nvidia build", story=told, score=8.5, seen=NOON)
    at.plan(NOON + 3 * MINUTE)
    later = NOON + timedelta(hours=3)
    rows.hit("FPT plant to cost more", story=told, score=8.7, novelty="update", delta=("amount:USD:5",), seen=later)
    rows.hit("Apple opens a plant", story=rows.story(), score=9.0, seen=later)
    assert at.plan(later + 3 * MINUTE).hits == 2
    messages = store.all("select uid, part, parts, body from messages where form = 'json' order by id desc limit 2")
    bodies = [json.loads(row["body"]) for row in reversed(messages)]
    assert [body["type"] for body in bodies] == ["hit.created", "story.updated"]
    assert [[item["headline"] for item in body["data"]["items"]] for body in bodies] == [
        ["Apple opens a plant"],
        ["FPT plant to cost more"],
    ]
    assert [body["data"]["counts"]["new"] for body in bodies] == [1, 0]
    assert [(row["part"], row["parts"]) for row in reversed(messages)] == [(1, 2), (2, 2)]
    assert len({row["uid"] for row in messages}) == 2
    schema = Draft202012Validator(webhook_schema())
    for body in bodies:
        schema.validate(body)
        assert not schema.is_valid({**body, "type": "digest.ready"})


def test_the_digest_does_not_repeat_it_as_new(store: SqliteStore) -> None:
    """Next morning an echo of an urgent story is folded, an update is an update, and what was not urgent is new."""
    at, rows = at_noon(store), Rows(store)
    story = rows.story()
    rows.hit("FPT and Nvidia build", story=story, score=8.5, seen=NOON)
    at.plan(NOON + 3 * MINUTE)
    echo = rows.hit("Nvidia and FPT build, paper says", story=story, novelty="echo", seen=NOON + 9 * MINUTE)
    update = rows.hit("FPT plant to cost more", story=story, novelty="update", delta=("amount:USD:5",), seen=NOON + 10 * MINUTE)
    other = rows.hit("Intel trains engineers", story=rows.story(), seen=NOON)
    at.plan(SEVEN + timedelta(days=1))
    told = at.places()
    assert (told[echo], told[update], told[other]) == ("echo", "update", "new")
    assert [row["missed"] for row in at.slots()] == [0, 0]


def test_the_next_urgent_message_waits_out_the_cooldown(store: SqliteStore) -> None:
    """Within the cool-down nothing goes out; what came meanwhile is told together after it."""
    at, rows = at_noon(store, urgent_cooldown_min=30), Rows(store)
    rows.hit("One thing", story=rows.story(), score=8.5, seen=NOON)
    assert at.plan(NOON + 3 * MINUTE).digests == 1
    rows.hit("Another thing", story=rows.story(), score=8.5, seen=NOON + 5 * MINUTE)
    rows.hit("A third thing", story=rows.story(), score=8.5, seen=NOON + 20 * MINUTE)
    assert at.plan(NOON + 32 * MINUTE) == PlanCounts()
    assert at.plan(NOON + 33 * MINUTE).hits == 2


def test_only_the_wanted_names(store: SqliteStore) -> None:
    """Where names are listed, a strong hit without them waits for the digest."""
    at, rows = at_noon(store, urgent_names=("nvidia",)), Rows(store)
    wanted = rows.hit("FPT and Nvidia build", story=rows.story(), score=8.5, seen=NOON, names=WITH_NVIDIA)
    rows.hit("Apple opens a plant", story=rows.story(), score=9.5, seen=NOON)
    at.plan(NOON + 3 * MINUTE)
    assert at.places() == {wanted: "urgent"}


@pytest.mark.parametrize(("in_quiet", "sent"), [(False, 0), (True, 1)])
def test_quiet_hours_are_kept_unless_waived(store: SqliteStore, in_quiet: bool, sent: int) -> None:
    """In quiet hours an urgent message waits, unless the subscription says otherwise."""
    at, rows = at_noon(store, quiet="11:00-14:00", urgent_in_quiet=in_quiet), Rows(store)
    rows.hit("FPT and Nvidia build", story=rows.story(), score=8.5, seen=NOON)
    assert at.plan(NOON + 3 * MINUTE).digests == sent
    assert at.plan(NOON + timedelta(hours=2, minutes=1)).digests == 1 - sent


def test_what_the_slot_tells_is_not_urgent_too(store: SqliteStore) -> None:
    """A strong hit that waits when the slot comes is told by the digest alone."""
    at, rows = desk(store, urgent=8.0), Rows(store)
    only = rows.hit("FPT and Nvidia build", story=rows.story(), score=8.5, seen=SEVEN - MINUTE)
    assert at.plan(SEVEN + 5 * MINUTE).digests == 1
    assert at.places() == {only: "new"}


@given(st.lists(candidates, max_size=30, unique_by=lambda c: c.hit))
def test_never_an_echo_and_never_below_the_line(found: list[object]) -> None:
    """Whatever waits, only alerts that are new or bring something, with points enough, can be urgent."""
    chosen = may_be_urgent(found, subscription(urgent=7.0))  # type: ignore[arg-type]
    assert all(c.band == "alert" and c.score >= 7.0 and c.novelty in {"new", "update"} for c in chosen)
    assert may_be_urgent(found, subscription()) == ()  # type: ignore[arg-type]


def test_a_clock_that_ran_ahead_holds_nothing_up() -> None:
    """An urgent message "made" next year does not silence this year's."""
    waiting = (hit(1, created_at=SEVEN),)
    assert is_due(waiting, subscription(urgent=5.0), SEVEN + timedelta(days=365), SEVEN + 5 * MINUTE)
