"""The daemon: one process per database, stopped by SIGTERM or SIGINT within ten seconds, reloaded by SIGHUP or when its files change."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from monitor import __version__
from monitor.app import ServerClock, clock_of, load, new_id, new_token, open_app, running_s, template_files
from monitor.config import Config
from monitor.errors import AlreadyRunning, ConfigError, MonitorError, StoreDamaged, StoreError, StoreUnwritable
from monitor.keeper import Clocks, FileWatch, Keeper
from monitor.log import logger
from monitor.mode import MIB, Limits
from monitor.notify import Notifier
from monitor.ping import DeadMan
from monitor.pipeline import ROLES, STEPS, App, Counts, run_step
from monitor.scheduler import Ticker
from monitor.store import deliveries, sites
from monitor.store.clock import pull_back
from monitor.store.driver import Store
from monitor.store.faults import translated
from monitor.store.steps import daemon_started, daemon_stopped, record_event, set_fact
from monitor.tally import Tally
from monitor.upkeep import apart, back_up, look_through
from monitor.web.desk import desk_of
from monitor.web.front import beside, page_threads

GRACE_S = 6.0
"""How long running steps may go on after a stop is asked for; with closing it stays within ten seconds."""

RELOAD_GRACE_S = 20.0
"""How long running steps may go on when the configuration is taken up anew: a send that is broken off is sent once more."""

AGAIN_S = 5.0
"""After so long a configuration that could not be taken up, for the database refused, is tried again."""

LOOK_S = 5
CARE_S = 3600
PING_S = 30


@contextmanager
def single_instance(database: Path | None, *, shared: bool = False) -> Iterator[None]:
    """Holds the lock beside the database for life; a server (None) needs none. `shared`: beside others that share it.

    Raises AlreadyRunning that names the process holding it, StoreUnwritable where there can be no lock.
    """
    if database is None:
        yield
        return
    path = database.with_name(database.name + ".lock")
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(f"another monitor (process {holder}) runs on {database}; stop it first, or use another --db") from None
        # On a full disk the lock holds without saying who has it.
        with suppress(OSError):
            os.ftruncate(lock, 0)
            os.write(lock, b"several" if shared else str(os.getpid()).encode("ascii"))
        yield
    finally:
        os.close(lock)


def take_over(store: Store, now: datetime) -> None:
    """Frees what a dead process left claimed, and brings back times that a wrong clock set.

    Only for the holder of the single-instance lock: nobody else can be at work then.
    """
    sites.free_all(store, now)
    deliveries.release_all(store, now)
    pull_back(store, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What this daemon does of the whole: its roles, and whether others may work on the same database."""

    roles: tuple[str, ...] = tuple(ROLES)
    shared: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of its roles, in the pipeline's order."""
        mine = {step for role in self.roles for step in ROLES[role]}
        return tuple(name for name in STEPS if name in mine)


def clocks(store: Store) -> Clocks:
    """The clocks that count for a store. Where the machine cannot tell time asleep (not Linux), sleep counts as running."""
    wall = clock_of(store)
    return Clocks(wall=wall, running=running_s, awake=time.monotonic, keep=wall.set if isinstance(wall, ServerClock) else None)


class Running:
    """What one process of the daemon holds from start to end, whatever is reloaded meanwhile."""

    def __init__(self, config: Config, store: Store, daemon_id: str, part: Part, report: Callable[[str, Counts], None]) -> None:
        machine = clocks(store)
        self.part = part
        self.clock = machine.wall
        self.notifier = Notifier(os.environ)
        self.keeper = Keeper(store, daemon_id, machine, new_id, _limits(config), self.notifier)
        self.watch = FileWatch(_files(config))
        self.stop = asyncio.Event()
        self.reload = asyncio.Event()
        self.report = report
        self.running_s = machine.running
        self.pages = page_threads()
        self.tally = Tally()
        self.looked_through = False
        self.fatal: MonitorError | None = None

    def end(self, error: MonitorError) -> None:
        """Stops the daemon because of an error that no waiting mends."""
        self.fatal = self.fatal or error
        self.stop.set()


async def run_daemon(
    config: Config,
    store: Store,
    report: Callable[[str, Counts], None],
    *,
    read_articles: bool = True,
    part: Part | None = None,
    on_config: Callable[[Config], None],
) -> None:
    """Runs until SIGTERM or SIGINT; a second signal ends the process at once. SIGHUP or a changed file reloads, keeping the old configuration
    where the new one is wrong. `on_config` hears of each configuration in force. Raises StoreDamaged where the database is damaged meanwhile.
    """
    daemon_id = new_id()
    running = Running(config, store, daemon_id, part or Part(), report)
    _handle_signals(running.stop, running.reload)
    await asyncio.to_thread(_begin, store, daemon_id, running.part, running.clock())
    first = True
    while not running.stop.is_set():
        on_config(config)
        running.keeper.limits = _limits(config)
        running.watch.follow(_files(config))
        async with AsyncExitStack() as open_things:
            opener = partial(
                open_app, config, store, clock=running.clock, read_articles=read_articles, worker=daemon_id, tally=running.tally
            )
            app = await taken_up(open_things, opener, running.stop, partial(_look, running), patient=not first)
            if app is None:
                break
            await open_things.enter_async_context(beside(desk_of(app), running.pages, new_token))
            first = False
            config = await _live(replace(app, patient=True), running)
    running.pages.shutdown(wait=False, cancel_futures=True)
    if running.fatal is not None:
        raise running.fatal
    with suppress(StoreError):
        await asyncio.to_thread(daemon_stopped, store, daemon_id, running.clock())


async def taken_up(
    open_things: AsyncExitStack,
    opener: Callable[[], AbstractAsyncContextManager[App]],
    stop: asyncio.Event,
    look: Callable[[], Awaitable[None]],
    *,
    patient: bool,
) -> App | None:
    """Opens the program under a configuration. Where `patient` (at a reload), a database that refuses for the moment does not end the daemon: it
    is tried again until it gives way or a stop is asked for (None), with a look meanwhile. Raises StoreError where not patient; StoreDamaged.
    """
    while True:
        try:
            return await open_things.enter_async_context(opener())
        except StoreError as error:
            if not patient or isinstance(error, StoreDamaged):
                raise
            logger().error("configuration not taken up yet", error=str(error))
        await look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_S)
        if stop.is_set():
            return None


def _begin(store: Store, daemon_id: str, part: Part, now: datetime) -> None:
    with store.write():
        daemon_started(store, daemon_id, os.getpid(), socket.gethostname(), __version__, now, roles=part.roles, shared=part.shared)
        set_fact(store, "mode", "")
        set_fact(store, "config_problem", "")


async def _live(app: App, running: Running) -> Config:
    """Ticks until a stop or a good new configuration, which it returns."""
    log = logger()
    ticker = Ticker()
    steps = running.part.steps
    dead_man = DeadMan([name for name in steps if name not in ("regroup", "tidy")], app.config.alarm, running.running_s)
    for step in map(STEPS.__getitem__, steps):
        ticker.every(step.every_s, step.name, partial(_tick, app, step.name, running, dead_man), app.clock(), step.parallel)
    ticker.every(PING_S, "ping", partial(_ping, app, running, dead_man), app.clock())
    ticker.every(LOOK_S, "look", partial(_look, running), app.clock())
    ticker.every(CARE_S, "care", partial(_care, app, running), app.clock())
    ticker.start()
    log.info(
        "started",
        version=__version__,
        feeds=len(app.config.feed),
        watchlists=len(app.watchlists),
        pid=os.getpid(),
        roles=",".join(running.part.roles),
    )
    running.notifier.ready(f"{len(app.config.feed)} feeds, {len(app.watchlists)} watchlists")
    fresh = await _next_config(app, running)
    log.info("stopping" if running.stop.is_set() else "reloading")
    if running.stop.is_set():
        running.notifier.stopping()
    else:
        running.notifier.reloading()
    clean = await ticker.stop(GRACE_S if running.stop.is_set() else RELOAD_GRACE_S, running.stop, GRACE_S)
    log.info("stopped", clean=clean)
    return fresh


async def _next_config(app: App, running: Running) -> Config:
    """Waits for a stop, or for a reload that gives a sound configuration."""
    told = ""
    while True:
        waits = [asyncio.ensure_future(running.stop.wait()), asyncio.ensure_future(running.reload.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if running.stop.is_set():
            return app.config
        running.reload.clear()
        # What changes from here on is a change to come, whether a signal or a look asked for this reload.
        running.watch.accept()
        fresh = await asyncio.to_thread(_reloaded, app.config)
        problem = "" if isinstance(fresh, Config) else str(fresh)
        if problem and problem == told:
            continue
        told = problem
        with suppress(StoreError):
            await asyncio.to_thread(_note_reload, app.store, problem, app.clock())
        if isinstance(fresh, Config):
            return fresh
        logger().error("configuration not reloaded, the old one stays", problems=problem)


def _reloaded(config: Config) -> Config | ConfigError:
    try:
        return load(config.source)[0]
    except ConfigError as error:
        return error


def _note_reload(store: Store, problem: str, now: datetime) -> None:
    with store.write():
        set_fact(store, "config_problem", problem)
        record_event(store, now, "config.rejected" if problem else "config.reloaded", "config", problem)


async def _tick(app: App, name: str, running: Running, dead_man: DeadMan) -> None:
    if not running.keeper.mode.allows(name):
        return
    try:
        counts = await run_step(app, name)
    except StoreDamaged as error:
        running.end(error)
        return
    except StoreUnwritable as error:
        dead_man.ended(name, good=False)
        await asyncio.to_thread(running.keeper.fault, error)
        return
    dead_man.ended(name, good="failed" not in counts)
    running.report(name, counts)
    if done := {key: value for key, value in counts.items() if value}:
        logger().info(name, **done)


async def _ping(app: App, running: Running, dead_man: DeadMan) -> None:
    if running.keeper.mode.name != "degraded":
        await dead_man.ping(app.direct_door)


async def _look(running: Running) -> None:
    try:
        await asyncio.to_thread(running.keeper.look)
    except StoreDamaged as error:
        running.end(error)
    if running.watch.changed():
        running.reload.set()


async def _care(app: App, running: Running) -> None:
    """The slow upkeep, in the background: damage anywhere in the file ends the daemon, a backup that fails is told and tried again."""
    path = app.store.path
    if path is None:
        return
    try:
        await apart(partial(look_through, app.store, path, app.clock(), at_start=not running.looked_through))
        running.looked_through = True
        if running.keeper.mode.name == "normal":
            storage = app.config.storage
            limits, every_h, keep = running.keeper.limits, storage.backup_every_h, storage.backups_kept
            made = await apart(partial(back_up, app.store, path, every_h, keep, limits, app.clock()))
            if made is not None:
                logger().info("backup made", file=str(made))
    except StoreDamaged as error:
        running.end(error)
    except (StoreError, OSError) as error:
        logger().error("upkeep put off", error=str(error))


def _files(config: Config) -> tuple[Path, ...]:
    templates = (config.digest.templates,) if config.digest.templates else ()
    return (config.source, *config.watchlists, *templates, *template_files(config))


def _limits(config: Config) -> Limits:
    return Limits(free_bytes=config.storage.min_free_mib * MIB, free_percent=config.storage.min_free_percent)


def _handle_signals(stop: asyncio.Event, reload: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stopping() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
