"""Recordings that share a transaction: each succeeds or fails for itself, and where the store fails all are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from monitor.errors import StoreUnwritable
from monitor.store.driver import Store
from monitor.store.recorder import TOGETHER, Recorder
from monitor.store.steps import fact, set_fact


async def _ended(*recordings: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*recordings, return_exceptions=True))


def test_recordings_return_what_they_return(store: Store) -> None:
    """More recordings than one transaction takes are all stored, and each caller gets its own answer."""

    def one(number: int) -> int:
        set_fact(store, f"fact-{number}", str(number))
        return number

    async def work() -> list[Any]:
        recorder = Recorder(store)
        return await _ended(*(recorder.record(lambda number=number: one(number)) for number in range(3 * TOGETHER)))

    assert asyncio.run(work()) == list(range(3 * TOGETHER))
    assert fact(store, f"fact-{3 * TOGETHER - 1}") == str(3 * TOGETHER - 1)


def test_one_that_fails_takes_nothing_with_it(store: Store) -> None:
    """What a failing recording wrote is gone, what its neighbours wrote is there, and only its caller hears of it."""

    def fails() -> None:
        set_fact(store, "half", "written")
        raise KeyError("a bug")

    async def work() -> list[Any]:
        recorder = Recorder(store)
        return await _ended(
            recorder.record(lambda: set_fact(store, "before", "1"), durable=False),
            recorder.record(fails),
            recorder.record(lambda: set_fact(store, "after", "2")),
        )

    before, failed, after = asyncio.run(work())
    assert (before, after) == (None, None)
    assert isinstance(failed, KeyError)
    assert (fact(store, "before"), fact(store, "half"), fact(store, "after")) == ("1", None, "2")


def test_a_refused_statement_takes_nothing_with_it(store: Store) -> None:
    """A violated constraint ends one recording; the transaction goes on with the next."""

    async def work() -> list[Any]:
        recorder = Recorder(store)
        refused = "insert into entries(feed_id, key, article_id, first_seen_at) values (1, 'k', 99, '')"
        return await _ended(recorder.record(lambda: store.run(refused)), recorder.record(lambda: set_fact(store, "after", "2")))

    refused, after = asyncio.run(work())
    assert isinstance(refused, Exception)
    assert after is None
    assert fact(store, "after") == "2"


def test_where_the_store_fails_all_are_told(store: Store) -> None:
    """Nothing of the transaction is stored, and no caller believes that it was."""

    def full() -> None:
        raise StoreUnwritable("the disk is full", full=True)

    async def work() -> list[Any]:
        recorder = Recorder(store)
        return await _ended(recorder.record(lambda: set_fact(store, "before", "1")), recorder.record(full))

    assert [type(each) for each in asyncio.run(work())] == [StoreUnwritable, StoreUnwritable]
    assert fact(store, "before") is None


def test_a_caller_that_left_is_not_missed(store: Store) -> None:
    """A visit that is cancelled while it waits neither stops the others nor is answered."""

    async def work() -> None:
        recorder = Recorder(store)
        leaving = asyncio.create_task(recorder.record(lambda: set_fact(store, "left", "1")))
        staying = asyncio.create_task(recorder.record(lambda: set_fact(store, "stayed", "1")))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(work())
    assert fact(store, "stayed") == "1"


class _Gone(BaseException):
    """What ends a thread, whatever it is."""


def test_whatever_ends_the_thread_ends_those_who_wait(store: Store) -> None:
    """Nobody waits for ever for a recording that will never be made, and the next one is made."""

    def dies() -> None:
        raise _Gone

    async def work() -> list[Any]:
        recorder = Recorder(store)
        ended = await _ended(recorder.record(dies), recorder.record(lambda: set_fact(store, "behind", "1")))
        return [*ended, await recorder.record(lambda: set_fact(store, "next", "1"))]

    first, second, third = asyncio.run(work())
    assert (type(first), type(second), third) == (_Gone, _Gone, None)
    assert (fact(store, "behind"), fact(store, "next")) == (None, "1")
