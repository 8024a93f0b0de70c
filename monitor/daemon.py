"""The daemon: one process per database, stopped by SIGTERM or SIGINT within ten seconds, reloaded by SIGHUP."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from monitor import __version__
from monitor.app import load, open_app
from monitor.config import Config
from monitor.errors import AlreadyRunning, ConfigError
from monitor.hours import CLOCK_STEP
from monitor.log import logger
from monitor.pipeline import STEPS, App, Counts, run_step
from monitor.scheduler import Ticker
from monitor.store import deliveries, sites
from monitor.store.clock import pull_back
from monitor.store.driver import Store
from monitor.store.steps import daemon_seen, daemon_started, daemon_stopped, record_event

GRACE_S = 8.0
"""How long running steps may go on after a stop is asked for; with closing it stays within ten seconds."""

_HEARTBEAT_S = 15


@contextmanager
def single_instance(database: Path) -> Iterator[None]:
    """Holds the lock beside the database for life. Raises AlreadyRunning that names the process holding it."""
    path = database.with_name(database.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise AlreadyRunning(f"another monitor (process {holder}) runs on {database}; stop it first, or use another --db") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def take_over(store: Store, now: datetime) -> None:
    """Frees what a dead process left claimed. Only for the holder of the single-instance lock: nobody else can be at work then.

    Due times that a clock ahead of its time has set are mended too.
    """
    pull_back(store, now)
    sites.free_all(store, now)
    deliveries.release_all(store, now)


async def run_daemon(config: Config, store: Store, report: Callable[[str, Counts], None], *, read_articles: bool = True) -> None:
    """Runs until SIGTERM or SIGINT. A second signal ends the process at once; SIGHUP reloads the configuration, keeping the old one if the new is wrong."""
    stop = asyncio.Event()
    reload = asyncio.Event()
    _handle_signals(stop, reload)
    while not stop.is_set():
        reload.clear()
        async with open_app(config, store, read_articles=read_articles) as app:
            await _live(app, stop, reload, report)
        if not stop.is_set():
            config = _reloaded(config)


async def _live(app: App, stop: asyncio.Event, reload: asyncio.Event, report: Callable[[str, Counts], None]) -> None:
    daemon_id = app.new_id()
    await asyncio.to_thread(daemon_started, app.store, daemon_id, os.getpid(), socket.gethostname(), __version__, app.clock())
    log = logger()
    log.info("started", version=__version__, feeds=len(app.config.feed), watchlists=len(app.watchlists), pid=os.getpid())
    ticker = Ticker()
    for step in STEPS.values():
        ticker.every(step.every_s, step.name, partial(_tick, app, step.name, report), app.clock(), step.parallel)
    watch = ClockWatch(app.clock, time.monotonic)
    ticker.every(_HEARTBEAT_S, "heartbeat", partial(_heartbeat, app, daemon_id, watch), app.clock())
    ticker.start()
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(reload.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    log.info("stopping" if stop.is_set() else "reloading")
    clean = await ticker.stop(GRACE_S)
    await asyncio.to_thread(daemon_stopped, app.store, daemon_id, app.clock())
    log.info("stopped", clean=clean)


async def _tick(app: App, name: str, report: Callable[[str, Counts], None]) -> None:
    counts = await run_step(app, name)
    report(name, counts)
    if done := {key: value for key, value in counts.items() if value}:
        logger().info(name, **done)


class ClockWatch:
    """Compares how far the wall clock went with the time that passed. A machine that slept shows as a step ahead."""

    def __init__(self, clock: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._before = clock(), monotonic()

    def step(self) -> timedelta | None:
        """How far the wall clock was moved since the last look; None where it was not."""
        at, passed = self._clock(), self._monotonic()
        moved = (at - self._before[0]) - timedelta(seconds=passed - self._before[1])
        self._before = at, passed
        return moved if abs(moved) >= CLOCK_STEP else None


async def _heartbeat(app: App, daemon_id: str, watch: ClockWatch) -> None:
    await asyncio.to_thread(daemon_seen, app.store, daemon_id, app.clock())
    if (moved := watch.step()) is not None:
        await asyncio.to_thread(clock_moved, app.store, app.clock(), moved)


def clock_moved(store: Store, now: datetime, moved: timedelta) -> int:
    """Records a step of the clock and mends the due times that the wrong time has set; returns how many those were."""
    direction = "ahead" if moved > timedelta(0) else "back"
    detail = f"the clock went {abs(moved)} {direction} of the time that passed: it was set, or the machine slept"
    logger().warning("clock step", moved_s=round(moved.total_seconds()))
    with store.write():
        record_event(store, now, "clock.step", "clock", detail)
        return pull_back(store, now)


def _reloaded(config: Config) -> Config:
    try:
        return load(config.source)[0]
    except ConfigError as error:
        logger().error("configuration not reloaded, the old one stays", problems=str(error))
        return config


def _handle_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
