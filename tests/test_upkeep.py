"""The slow upkeep of the database: its outcome reaches whoever waits, and the end of the process waits for none of it."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from monitor.errors import StoreDamaged
from monitor.upkeep import apart


def test_what_is_done_apart_comes_back() -> None:
    """A result or an error is that of the work."""

    def damaged() -> None:
        raise StoreDamaged("page 3")

    assert asyncio.run(apart(lambda: 7)) == 7
    with pytest.raises(StoreDamaged, match="page 3"):
        asyncio.run(apart(damaged))


def test_an_end_does_not_wait_for_what_is_done_apart() -> None:
    """A daemon that is stopped while a large file is looked through ends at once; what is found afterwards disturbs nobody."""
    begun, goes_on, ended = Event(), Event(), Event()

    def looks() -> None:
        begun.set()
        goes_on.wait(20)
        ended.set()

    async def stopped() -> None:
        care = asyncio.ensure_future(apart(looks))
        await asyncio.to_thread(begun.wait, 20)
        care.cancel()

    asyncio.run(stopped())
    assert not ended.is_set()
    goes_on.set()
    assert ended.wait(20)
