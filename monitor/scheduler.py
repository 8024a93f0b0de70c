"""The ticker: runs each step at its interval inside the event loop. It owns no schedule; what is due stands in rows.

APScheduler's own defaults would drop a tick that is more than a second late and queue up ticks missed in sleep: hence
`misfire_grace_time=None` and `coalesce=True`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

_CANCELLED_S = 3.0
"""How long cancelled ticks may take to put away what they hold."""


class Ticker:
    """Calls coroutine functions at fixed intervals; at most `parallel` runs of one at a time."""

    def __init__(self) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler  # 40 ms: `once` borrows from the daemon and never ticks

        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True})
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    def every(self, seconds: int, name: str, tick: Callable[[], Awaitable[None]], first_at: datetime, parallel: int = 1) -> None:
        """Registers a tick under a name; the first run is at `first_at`."""
        self._scheduler.add_job(
            self._run, "interval", args=(tick,), seconds=seconds, id=name, next_run_time=first_at, max_instances=parallel
        )

    def start(self) -> None:
        """Starts ticking in the running event loop."""
        self._scheduler.start()

    async def stop(self, grace_s: float, hurry: asyncio.Event | None = None, hurried_s: float = 0.0) -> bool:
        """Starts no more ticks, waits for those running at most `grace_s`, cancels the rest. True when none had to be cancelled.

        Once `hurry` is set, it waits `hurried_s` more at most.
        """
        self._stopping = True
        self._scheduler.pause()
        late = await self._ended(grace_s, hurry)
        if late and hurry is not None and hurry.is_set():
            _, late = await asyncio.wait(late, timeout=hurried_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCELLED_S)
        self._scheduler.shutdown(wait=False)
        return not late

    async def _ended(self, grace_s: float, hurry: asyncio.Event | None) -> set[asyncio.Task[None]]:
        """Waits for the running ticks until they have ended, the time is over or `hurry` is set; those that run on."""
        if not self._running:
            return set()
        work = asyncio.ensure_future(asyncio.wait(set(self._running)))
        waits: set[asyncio.Future[object]] = {work}  # type: ignore[arg-type]
        if hurry is not None:
            waits.add(asyncio.ensure_future(hurry.wait()))
        await asyncio.wait(waits, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        return set(self._running)

    async def _run(self, tick: Callable[[], Awaitable[None]]) -> None:
        # The scheduler cancels its own tasks at shutdown; ours run beside them so that `stop` can let them end.
        if self._stopping:
            return
        task = asyncio.ensure_future(_none(tick))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)


async def _none(tick: Callable[[], Awaitable[None]]) -> None:
    await tick()
