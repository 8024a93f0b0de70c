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
