"""The ticker."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from monitor.scheduler import Ticker


def test_ticks_run_and_stop_waits_for_them() -> None:
    """A running tick is allowed to end when the ticker stops; none begins afterwards."""
    log: list[str] = []

    async def scene() -> bool:
        started, may_end = asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            log.append("begin")
            started.set()
            await may_end.wait()
            log.append("end")

        ticker = Ticker()
        ticker.every(3600, "one", tick, datetime.now(UTC))
        ticker.start()
        await asyncio.wait_for(started.wait(), 5)
        stopping = asyncio.ensure_future(ticker.stop(5))
        await asyncio.sleep(0)
        may_end.set()
        return await stopping

    assert asyncio.run(scene()) is True
    assert log == ["begin", "end"]


def test_a_tick_that_hangs_is_cancelled() -> None:
    """After the grace time a hanging tick is cancelled and `stop` says so."""

    async def scene() -> bool:
        started = asyncio.Event()

        async def tick() -> None:
            started.set()
            await asyncio.Event().wait()

        ticker = Ticker()
        ticker.every(3600, "one", tick, datetime.now(UTC))
        ticker.start()
        await asyncio.wait_for(started.wait(), 5)
        return await ticker.stop(0.05)

    assert asyncio.run(scene()) is False


def test_a_stop_hurries_a_ticker_that_waits_for_long() -> None:
    """Asked to stop while it lets running ticks end for a reload, it does not wait that long."""

    async def scene() -> bool:
        started, hurry = asyncio.Event(), asyncio.Event()

        async def tick() -> None:
            started.set()
            await asyncio.Event().wait()

        ticker = Ticker()
        ticker.every(3600, "one", tick, datetime.now(UTC))
        ticker.start()
        await asyncio.wait_for(started.wait(), 5)
        stopping = asyncio.ensure_future(ticker.stop(600, hurry, 0.05))
        await asyncio.sleep(0)
        hurry.set()
        return await asyncio.wait_for(stopping, 30)

    assert asyncio.run(scene()) is False
