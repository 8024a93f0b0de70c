"""The dashboard beside the daemon's steps: opened with each configuration, told where it cannot be, never in the steps' way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress

from monitor.errors import StoreError
from monitor.log import logger
from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact
from monitor.web.desk import Desk
from monitor.web.keys import keys_of, token_file

PAGES_AT_ONCE = 4
"""Threads that make pages; each holds a reading connection."""

TRY_AGAIN_S = 60.0


def page_threads() -> ThreadPoolExecutor:
    """The threads in which pages are made: kept for the life of the process, over all reloads."""
    return ThreadPoolExecutor(max_workers=PAGES_AT_ONCE, thread_name_prefix="page")


async def run_site(
    desk: Desk, pool: ThreadPoolExecutor, new_token: Callable[[], str], stop: asyncio.Event, opened: Callable[[str], None]
) -> None:
    """Opens the dashboard and serves it until `stop`; `opened` hears its address. Raises MonitorError or OSError where it cannot be opened."""
    from monitor.web.serve import address_of, listen, serve  # 90 ms that a daemon without a dashboard need not pay
    from monitor.web.site import site

    keys = keys_of(desk.config.web.token, token_file(desk.store, desk.config), new_token)
    listening = listen(desk.config.web)
    opened(address_of(listening))
    await serve(site(desk, keys, pool), listening, stop)


@asynccontextmanager
async def beside(desk: Desk, pool: ThreadPoolExecutor, new_token: Callable[[], str]) -> AsyncIterator[None]:
    """Keeps the dashboard open while the body runs, where it is enabled. What fails is logged, noted for status and doctor, and tried again."""
    stop = asyncio.Event()
    keeping = asyncio.ensure_future(_keep(desk, pool, new_token, stop))
    try:
        yield
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await keeping


async def _keep(desk: Desk, pool: ThreadPoolExecutor, new_token: Callable[[], str], stop: asyncio.Event) -> None:
    if not desk.config.web.enabled:
        await _note(desk.store, "")
        return

    def opened(address: str) -> None:
        logger().info("dashboard", address=address)

    while not stop.is_set():
        serving = asyncio.ensure_future(run_site(desk, pool, new_token, stop, opened))
        await _note(desk.store, "")
        await asyncio.wait({serving})
        if (error := serving.exception()) is not None:
            logger().error("dashboard not open", problem=str(error), kind=type(error).__name__)
            await _note(desk.store, str(error) or type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TRY_AGAIN_S)


async def _note(store: Store, problem: str) -> None:
    with suppress(StoreError):
        await asyncio.to_thread(_keep_note, store, problem)


def _keep_note(store: Store, problem: str) -> None:
    if (fact(store, "web_problem") or "") != problem:
        set_fact(store, "web_problem", problem)
