"""The delivering step: who is offered what, in which order, and what stays in the store afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

import pytest

from monitor.config import FileChannel
from monitor.deliveries import step
from monitor.deliveries.step import DeliverCounts, deliver
from monitor.errors import StoreError
from monitor.model import Message, SendVerdict
from monitor.store import deliveries as stored
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import events
from tests.deliveries.rows import AGAIN, BEGAN, SENT, Clock, FakeChannel, add_message, states
from tests.promise.faults import Killed

REFUSED = SendVerdict(outcome="refused", code="550", detail="no such user")
PARKED = SendVerdict(outcome="parked", code="535", detail="wrong password", retry_after_s=3600)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeChannel]:
    """The channels of the test, by name; what the step builds from the configuration."""
    made: dict[str, FakeChannel] = {"mail": FakeChannel(), "hook": FakeChannel()}
    monkeypatch.setattr(step, "build_channels", lambda settings, door: made)
    return made


def run(store: SqliteStore, clock: Clock, jitter: float = 0.5, limit: int = 100) -> DeliverCounts:
    return asyncio.run(delivering(store, clock, jitter, limit))


def delivering(store: Any, clock: Clock, jitter: float = 0.5, limit: int = 100, **more: Any) -> Coroutine[None, None, DeliverCounts]:
    ids = iter(range(10**6))
    return deliver(
        store=store,
        door=None,  # type: ignore[arg-type] - the fakes need none
        clock=clock,
        new_id=lambda: f"owner-{next(ids)}",
        jitter=lambda: jitter,
        channels=(),
        limit=limit,
        **more,
    )


def kinds(store: SqliteStore) -> list[tuple[str, str]]:
    return [(event.kind, event.subject) for event in reversed(events(store, BEGAN - timedelta(days=1), 1000))]


def test_oldest_first_within_a_destination(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """All that waits for a destination goes out in the order it was made, five in one run, and each is logged."""
    for number in range(7):
        add_message(store, f"m-{number}", ("mail", "mail:a@example.org"))
    assert run(store, clock) == DeliverCounts(delivered=5)
    assert run(store, clock) == DeliverCounts(delivered=2)
    assert [uid for _, uid in channels["mail"].offered] == [f"m-{number}" for number in range(7)]
    for number in range(1, 8):
        (attempt,) = stored.attempts(store, number)
        assert (attempt.outcome, attempt.code, attempt.ended_at) == ("sent", "250", BEGAN)


def test_a_failing_one_holds_the_later_ones(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """While the oldest fails nothing newer overtakes it; when it goes through the rest follows."""
    channels["mail"].answers = [AGAIN, AGAIN, SENT]
    for number in range(3):
        add_message(store, f"m-{number}", ("mail", "mail:a@example.org"))
    assert run(store, clock) == DeliverCounts(again=1)
    assert run(store, clock) == DeliverCounts()
    clock.forward(seconds=60)
    assert run(store, clock) == DeliverCounts(again=1)
    clock.forward(seconds=300)
    assert run(store, clock) == DeliverCounts(delivered=3)
    assert [uid for _, uid in channels["mail"].offered] == ["m-0"] * 3 + ["m-1", "m-2"]


def test_a_refused_one_does_not_hold_the_later_ones(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """A message refused for good ends visibly and the next one is offered."""
    channels["mail"].answers = [REFUSED, SENT]
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    add_message(store, "m-1", ("mail", "mail:a@example.org"))
    assert run(store, clock) == DeliverCounts(delivered=1, rejected=1)
    assert states(store) == ["rejected", "delivered"]
    assert kinds(store) == [("delivery.rejected", "mail:a@example.org")]


def test_each_recipient_of_one_message(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """One recipient's refusal is theirs alone; a later run mails nobody twice (case 124)."""
    recipients = [("mail", f"mail:{name}@example.org") for name in ("a", "b", "c")]
    add_message(store, "m-0", *recipients)
    channels["mail"].by_destination["mail:b@example.org"] = REFUSED
    run(store, clock)
    assert states(store) == ["delivered", "rejected", "delivered"]
    clock.forward(days=1)
    assert run(store, clock) == DeliverCounts()
    assert len(channels["mail"].offered) == 3


def test_a_dead_endpoint_delays_nobody(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """While one destination hangs the nine others of the same run are served, and a later run serves what is new for them (case 142)."""
    release = asyncio.Event()
    others = asyncio.Event()
    served: list[str] = []

    class Hanging(FakeChannel):
        async def send(self, message: Message, destination: str, now: Any) -> SendVerdict:
            await release.wait()
            return AGAIN

    class Quick(FakeChannel):
        async def send(self, message: Message, destination: str, now: Any) -> SendVerdict:
            served.append(f"{message.uid} {destination}")
            if len(served) == 9:
                others.set()
            return SENT

    channels.update(hook=Hanging(), mail=Quick())
    quick = [("mail", f"mail:{number}@example.org") for number in range(9)]
    add_message(store, "m-0", ("hook", "webhook:hook"), *quick)

    def started() -> Any:
        return deliver(store=store, door=None, clock=clock, new_id=lambda: "x", jitter=lambda: 0.5, channels=(), limit=100)  # type: ignore[arg-type]

    async def work() -> tuple[DeliverCounts, DeliverCounts]:
        first = asyncio.ensure_future(started())
        await asyncio.wait_for(others.wait(), 10)
        add_message(store, "m-1", ("hook", "webhook:hook"), *quick)
        second = await asyncio.wait_for(started(), 10)
        release.set()
        return await first, second

    first, second = asyncio.run(work())
    assert (first.delivered + second.delivered, first.again + second.again) == (18, 1)
    assert len(served) == 18


def test_ticks_of_the_step_overlap() -> None:
    """A run held by a slow server must not keep the next tick from starting."""
    from monitor.pipeline import STEPS

    assert STEPS["deliver"].parallel > 1


def test_an_unexpected_error_is_one_delivery_s(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """A bug in a channel is an attempt to be made again; the other destinations do not notice."""
    channels["hook"].answers = [RuntimeError("bug")]
    add_message(store, "m-0", ("hook", "webhook:hook"), ("mail", "mail:a@example.org"))
    assert run(store, clock) == DeliverCounts(delivered=1, again=1)
    (attempt,) = stored.attempts(store, 1)
    assert (attempt.outcome, attempt.code) == ("again", "RuntimeError")


def test_alarms_come_once(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """Three failures are told once, the parking once, and the recovery once, however many attempts lie between (case 130)."""
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    channels["mail"].answers = [AGAIN, AGAIN, AGAIN, AGAIN, PARKED, PARKED, PARKED, SENT]
    for _ in range(8):
        run(store, clock)
        clock.forward(hours=2)
    told = [kind for kind, _ in kinds(store)]
    assert told == ["delivery.failing", "delivery.parked", "delivery.recovered"]


def test_a_parked_endpoint_is_replayed(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """Failing for the channel's patience parks the endpoint; after `retry` all that waited goes out oldest first under its old ids (case 145)."""
    channels["hook"].answers = [AGAIN]
    for number in range(3):
        add_message(store, f"m-{number}", ("hook", "webhook:hook"))
    while states(store)[0] != "parked":
        run(store, clock)
        clock.forward(hours=1)
    assert clock.at - BEGAN < timedelta(days=7)
    assert states(store) == ["parked", "pending", "pending"]
    channels["hook"].answers = [SENT]
    assert stored.failed_ids(store) == (1,)
    assert stored.retry(store, 1, clock())
    channels["hook"].offered.clear()
    assert run(store, clock) == DeliverCounts(delivered=3)
    assert channels["hook"].offered == [("webhook:hook", f"m-{number}") for number in range(3)]


def test_a_parked_endpoint_heals_by_itself(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """Nobody has to act where a daily probe finds the endpoint well again."""
    channels["hook"].answers = [AGAIN]
    add_message(store, "m-0", ("hook", "webhook:hook"))
    while states(store) != ["parked"]:
        run(store, clock)
        clock.forward(hours=1)
    channels["hook"].answers = [SENT]
    clock.forward(days=1, hours=5)
    assert run(store, clock) == DeliverCounts(delivered=1)


def test_retry_begins_the_schedule_anew(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """After `retry` a failure waits the first wait of the schedule, not the last."""
    channels["hook"].answers = [AGAIN, AGAIN, PARKED, AGAIN]
    add_message(store, "m-0", ("hook", "webhook:hook"))
    for _ in range(3):
        run(store, clock)
        clock.forward(minutes=10)
    stored.retry(store, 1, clock())
    run(store, clock)
    delivery = stored.get(store, 1)
    assert delivery is not None
    assert delivery.next_attempt_at == clock() + timedelta(seconds=60)


def test_a_channel_that_is_gone(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """A delivery of a channel that is no longer configured is parked, told once, and goes on when the channel is back."""
    add_message(store, "m-0", ("old", "mail:a@example.org"))
    for _ in range(3):
        assert run(store, clock) == DeliverCounts(parked=1)
        clock.forward(hours=2)
    assert kinds(store) == [("delivery.parked", "mail:a@example.org")]
    channels["old"] = FakeChannel()  # type: ignore[index]
    assert run(store, clock) == DeliverCounts(delivered=1)


def test_a_stale_sender_cannot_settle(store: SqliteStore, clock: Clock) -> None:
    """A sender that wakes after its lease ended changes nothing but its own attempt (case 13)."""
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    (stale,) = stored.claim(store, clock(), clock() + timedelta(minutes=2), "one", 10)
    assert stored.claim(store, clock(), clock() + timedelta(minutes=2), "two", 10) == ()
    clock.forward(minutes=2)
    (fresh,) = stored.claim(store, clock(), clock() + timedelta(minutes=2), "two", 10)
    assert fresh.delivery.epoch == stale.delivery.epoch + 1
    assert not stored.settle(store, stale, SENT, "delivered", None, clock())
    assert states(store) == ["sending"]
    stored.extend(store, stale, clock() + timedelta(days=1))
    assert stored.settle(store, fresh, AGAIN, "pending", clock(), clock())
    assert [attempt.outcome for attempt in stored.attempts(store, 1)] == ["sent", "again"]


def test_an_attempt_is_logged_before_the_network(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """A process that dies while sending leaves an attempt without end; the next life sends again under the same identity."""
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    channels["mail"].answers = [Killed(), SENT]
    with pytest.raises(Killed):
        run(store, clock)
    (attempt,) = stored.attempts(store, 1)
    assert (attempt.ended_at, attempt.outcome) == (None, None)
    assert states(store) == ["sending"]
    assert stored.release_all(store, clock()) == 1
    assert run(store, clock) == DeliverCounts(delivered=1)
    assert channels["mail"].offered == [("mail:a@example.org", "m-0")] * 2


@pytest.mark.parametrize("state", ["pending", "sending"])
def test_a_clock_that_ran_ahead(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel], state: str) -> None:
    """A next attempt, or a lease, that a clock years ahead had set does not keep a delivery waiting when the clock is right again (case 42)."""
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    clock.forward(days=2000)
    if state == "pending":
        channels["mail"].answers = [AGAIN, SENT]
        run(store, clock)
    else:
        stored.claim(store, clock(), clock() + timedelta(minutes=10), "gone", 1)
    clock.at = BEGAN
    assert run(store, clock) == DeliverCounts(delivered=1)


def test_retry_after_is_kept(store: SqliteStore, clock: Clock, channels: Mapping[str, FakeChannel]) -> None:
    """The longest Retry-After, seven days, is honoured and not taken for a broken clock."""
    channels["hook"].answers = [SendVerdict(outcome="again", code="429", retry_after_s=7 * 86400), SENT]
    add_message(store, "m-0", ("hook", "webhook:hook"))
    run(store, clock)
    clock.forward(days=6, hours=23)
    assert run(store, clock) == DeliverCounts()
    clock.forward(hours=1)
    assert run(store, clock) == DeliverCounts(delivered=1)


class Refusing:
    """A store that refuses its next writes once told to."""

    def __init__(self, store: SqliteStore, times: int) -> None:
        self.real = store
        self.times = times
        self.armed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def write(self, *, durable: bool = True) -> Any:
        if self.armed and self.times:
            self.times -= 1
            raise StoreError("disk full")
        return self.real.write(durable=durable)


@pytest.mark.parametrize(("refusals", "state", "offers"), [(2, "delivered", 1), (99, "sending", 1)])
def test_a_verdict_that_cannot_be_written(
    store: SqliteStore,
    clock: Clock,
    channels: dict[str, FakeChannel],
    monkeypatch: pytest.MonkeyPatch,
    refusals: int,
    state: str,
    offers: int,
) -> None:
    """A disk that is full between sending and settling is tried again a few times; else the lease ends and the same id is sent again (case 23)."""
    monkeypatch.setattr(step, "_SETTLE_AGAIN_S", (0.0, 0.0, 0.0))
    refusing = Refusing(store, refusals)

    class Arming(FakeChannel):
        async def send(self, message: Message, destination: str, now: Any) -> SendVerdict:
            refusing.armed = True
            return await super().send(message, destination, now)

    channels["mail"] = Arming()
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    if refusals > 4:
        with pytest.raises(StoreError):
            run(refusing, clock)  # type: ignore[arg-type]
    else:
        run(refusing, clock)  # type: ignore[arg-type]
    assert states(store) == [state]
    assert len(channels["mail"].offered) == offers


def test_a_store_error_waits_for_the_others(
    store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When one verdict cannot be written the run still ends the other sends before it reports the error."""
    monkeypatch.setattr(step, "_SETTLE_AGAIN_S", ())
    release = asyncio.Event()

    class Late(FakeChannel):
        async def send(self, message: Message, destination: str, now: Any) -> SendVerdict:
            await asyncio.wait_for(release.wait(), 10)
            return SENT

    real = stored.settle

    def settle(store: Any, claimed: stored.Claim, *rest: Any) -> bool:
        if claimed.delivery.channel == "hook":
            release.set()
            raise StoreError("disk full")
        return real(store, claimed, *rest)

    monkeypatch.setattr(stored, "settle", settle)
    channels["mail"] = Late()
    add_message(store, "m-0", ("hook", "webhook:hook"), ("mail", "mail:a@example.org"))
    with pytest.raises(StoreError):
        run(store, clock)
    assert states(store) == ["sending", "delivered"]


def test_the_real_channels_are_built(store: SqliteStore, clock: Clock, tmp_path: Any) -> None:
    """With a configured folder a message ends as files."""
    add_message(store, "m-0", ("desk", "file:desk"), form="file")
    settings = FileChannel.model_construct(type="file", name="desk", folder=tmp_path / "out", formats=("txt",))
    work = deliver(
        store=store,
        door=None,  # type: ignore[arg-type]
        clock=clock,
        new_id=lambda: "x",
        jitter=lambda: 0.5,
        channels=(settings,),
        limit=10,
    )
    assert asyncio.run(work) == DeliverCounts(delivered=1)
    assert len(list((tmp_path / "out").iterdir())) == 1
