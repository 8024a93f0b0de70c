"""A run of deliveries that is broken off by a stop or a reload, and what waits for a channel that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from monitor.deliveries.step import DeliverCounts
from monitor.model import Message, SendVerdict
from monitor.store import deliveries as stored
from monitor.store.sqlite import SqliteStore
from tests.deliveries.rows import Clock, FakeChannel, add_message, states
from tests.deliveries.test_step import channels, clock, delivering, run

__all__ = ["channels", "clock"]


class Hanging(FakeChannel):
    """Never answers; says when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        self.offered.append((destination, message.uid))
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError


def test_a_send_that_is_broken_off_gives_its_claim_back(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """Cancelled by a stop or a reload, a send leaves its delivery due at once and its attempt ended, not claimed until a lease of minutes ends."""
    add_message(store, "m-0", ("hook", "webhook:hook"))

    async def cut() -> None:
        channels["hook"] = hanging = Hanging()
        work = asyncio.ensure_future(delivering(store, clock))
        await asyncio.wait_for(hanging.asked.wait(), 10)
        work.cancel()
        await asyncio.wait({work})

    asyncio.run(cut())
    assert states(store) == ["pending"]
    (attempt,) = stored.attempts(store, 1)
    assert (attempt.outcome, attempt.code, attempt.ended_at) == ("again", "cut", clock())
    channels["hook"] = FakeChannel()
    assert run(store, clock) == DeliverCounts(delivered=1)


def test_a_verdict_is_recorded_though_the_run_is_broken_off(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """Cancelled between the answer and its record, the record is written: the message is not sent once more."""
    add_message(store, "m-0", ("hook", "webhook:hook"))

    async def cut() -> None:
        work: asyncio.Future[DeliverCounts] = asyncio.ensure_future(delivering(slow, clock))
        slow.on_settle = lambda: loop.call_soon_threadsafe(work.cancel)
        await asyncio.wait({work})
        assert work.cancelled()

    async def scene() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        await cut()

    loop: asyncio.AbstractEventLoop
    slow = Telling(store)
    asyncio.run(scene())
    assert states(store) == ["delivered"]


class Telling:
    """A store that tells when a verdict is about to be recorded."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.on_settle: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def run(self, sql: str, /, **values: Any) -> int:
        if "set ended_at" in sql:
            self.on_settle()
        return self._store.run(sql, **values)


def test_a_channel_that_is_gone_holds_up_no_other(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """A mail channel was given another name: what waits under the old one stays visible, what the new one has for the same recipient goes out."""
    add_message(store, "old", ("before", "mail:a@example.org"))
    add_message(store, "new", ("mail", "mail:a@example.org"))
    assert run(store, clock) == DeliverCounts(parked=1, delivered=1)
    assert states(store) == ["parked", "delivered"]


def test_bytes_that_changed_in_the_store_are_not_sent(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """Nothing but the frozen bytes goes out under an identity; the damaged one ends visibly and holds up nothing."""
    add_message(store, "m-0", ("mail", "mail:a@example.org"))
    add_message(store, "m-1", ("mail", "mail:a@example.org"))
    with store.write():
        store.run("update messages set body = :body where uid = 'm-0'", body=b"altered")
    assert run(store, clock) == DeliverCounts(rejected=1, delivered=1)
    assert [uid for _, uid in channels["mail"].offered] == ["m-1"]
    row = store.one("select last_code from deliveries where id = 1")
    assert row == {"last_code": "damaged"}


def test_a_clock_set_ahead_sends_nothing_twice(store: SqliteStore, clock: Clock, channels: dict[str, FakeChannel]) -> None:
    """While a send waits for its answer the clock jumps past its lease: no other tick of this process sends the same message beside it."""
    add_message(store, "m-0", ("hook", "webhook:hook"))
    under_way: set[int] = set()

    async def scene() -> DeliverCounts:
        channels["hook"] = hanging = Hanging()
        first = asyncio.ensure_future(delivering(store, clock, under_way=under_way))
        await asyncio.wait_for(hanging.asked.wait(), 10)
        clock.forward(days=3)
        second = await delivering(store, clock, under_way=under_way)
        first.cancel()
        await asyncio.wait({first})
        assert len(hanging.offered) == 1
        return second

    assert asyncio.run(scene()) == DeliverCounts()
    assert under_way == set()
    assert states(store) == ["pending"]
