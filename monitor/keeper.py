"""Keeps watch inside the daemon: can the database be written, is there room, is the file still the same, did the clock step, did a file change?

One look is cheap and touches no disk; a write is tried once a minute (every half minute while degraded), and only that feeds the watchdog.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from monitor.errors import StoreDamaged, StoreError, StoreUnwritable
from monitor.hours import CLOCK_STEP, to_text_or_none
from monitor.log import logger
from monitor.mode import Limits, Mode, Probe, after_fault, after_probe
from monitor.notify import Notifier
from monitor.store.clock import pull_back
from monitor.store.disk import Space, lay_ballast, space
from monitor.store.driver import Store
from monitor.store.marker import keep_marker
from monitor.store.steps import daemon_seen, record_event, set_fact

BEAT_S = 60
DEGRADED_BEAT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The wall clock; seconds that run while the machine sleeps; seconds that stand still then. `keep` is told the server's clock, where that counts."""

    wall: Callable[[], datetime]
    running: Callable[[], float]
    awake: Callable[[], float]
    keep: Callable[[datetime], None] | None = None


class Keeper:
    """The watch over one daemon's life. `look` is called every few seconds from one thread at a time."""

    def __init__(self, store: Store, daemon_id: str, clocks: Clocks, new_id: Callable[[], str], limits: Limits, notifier: Notifier) -> None:
        self.mode = Mode()
        self.limits = limits
        self._store = store
        self._daemon_id = daemon_id
        self._clocks = clocks
        self._new_id = new_id
        self._notifier = notifier
        self._lock = threading.Lock()
        self._beat_at: float | None = None
        self._clock = ClockWatch(clocks.wall, clocks.running)
        self._running = clocks.running()
        self._awake = clocks.awake()

    def fault(self, error: StoreUnwritable) -> None:
        """A step met a database that cannot be written."""
        with self._lock:
            self._turn(after_fault(self.mode, str(error), error.full, self._clocks.wall()))

    def look(self) -> None:
        """One look. Raises StoreDamaged where the database file was damaged, deleted or replaced."""
        with self._lock:
            self._watch_clock()
            running = self._clocks.running()
            every = BEAT_S if self.mode.name == "normal" else DEGRADED_BEAT_S
            if self._beat_at is None or running - self._beat_at >= every:
                self._beat_at = running
                self._beat()

    def _beat(self) -> None:
        self._store.check_place()
        found = self._probe()
        if found is not None:
            self._turn(after_probe(self.mode, found, self.limits, self._clocks.wall()))
        # A fault that is dealt with feeds the watchdog too: a restart would mend nothing, and end what can still be sent.
        self._notifier.alive(self.status())

    def status(self) -> str:
        """One line for the service manager."""
        return self.mode.name if self.mode.name == "normal" else f"{self.mode.name}: {self.mode.reason}"

    def _probe(self) -> Probe | None:
        """What a write that was tried says of the disk; None where somebody else held the database and nothing is known."""
        now = self._clocks.wall()
        try:
            room = _room(self._store)
            if self.mode.name == "degraded":
                self._store.reopen()
            daemon_seen(self._store, self._daemon_id, now)
            if self._clocks.keep is not None and (at := self._store.now()) is not None:
                self._clocks.keep(at)
            if self._store.path is not None:
                with suppress(OSError):
                    keep_marker(self._store.path, self._store, self._new_id, now)
        except StoreDamaged:
            raise
        except (StoreUnwritable, OSError) as error:
            return Probe(error=str(error), full=isinstance(error, StoreUnwritable) and error.full, free_bytes=0, total_bytes=0)
        except StoreError as error:
            # Locked by a person's long transaction: no fault of the disk, and the next look may find it free.
            logger().warning("database busy", error=str(error))
            return None
        ballast = lay_ballast(self._store.path) if self._store.path is not None and self.mode.name != "low-space" else True
        return Probe(free_bytes=room.free_bytes, total_bytes=room.total_bytes, ballast=ballast)

    def _turn(self, mode: Mode) -> None:
        before, self.mode = self.mode, mode
        if (before.name, before.writable) == (mode.name, mode.writable):
            return
        log = logger(mode=mode.name)
        if mode.name == "normal":
            log.info("the database is in order again", was=before.name)
        else:
            log.error("the database holds the daemon back", writable=mode.writable, reason=mode.reason)
        if mode.writable:
            self._record(before, mode)

    def _record(self, before: Mode, mode: Mode) -> None:
        said = {"name": mode.name, "reason": mode.reason, "since_at": to_text_or_none(mode.since_at)}
        with suppress(StoreError), self._store.write():
            set_fact(self._store, "mode", json.dumps(said))
            record_event(self._store, self._clocks.wall(), f"mode.{mode.name}", "database", mode.reason or before.reason)

    def _watch_clock(self) -> None:
        now, running, awake = self._clocks.wall(), self._clocks.running(), self._clocks.awake()
        slept = timedelta(seconds=(running - self._running) - (awake - self._awake))
        self._running, self._awake = running, awake
        with suppress(StoreError):
            if slept >= CLOCK_STEP:
                logger().info("the machine slept", seconds=round(slept.total_seconds()))
                record_event(self._store, now, "clock.sleep", "clock", f"the machine slept for {_whole_seconds(slept)}")
            if (moved := self._clock.step()) is not None:
                clock_moved(self._store, now, moved)


def _room(store: Store) -> Space:
    """The room for the database; a server's disk is not this process's to watch."""
    return Space(free_bytes=sys.maxsize, total_bytes=0) if store.path is None else space(store.path.parent)


class ClockWatch:
    """Compares how far the wall clock went with the time that passed. A clock that stands still asleep makes a sleep a step ahead."""

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


def clock_moved(store: Store, now: datetime, moved: timedelta) -> int:
    """Records a step of the clock and mends the due times that the wrong time has set; returns how many those were."""
    way = "forward" if moved > timedelta(0) else "back"
    logger().warning("the clock was set", way=way, seconds=round(abs(moved.total_seconds())))
    with store.write():
        record_event(store, now, "clock.step", "clock", f"set {way} by {_whole_seconds(abs(moved))}")
        return pull_back(store, now)


def _whole_seconds(length: timedelta) -> timedelta:
    return timedelta(seconds=round(length.total_seconds()))


class FileWatch:
    """Notices that files were changed, once they have stood still for one look: an editor may be half way through."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._known = self._seen = {path: _stamp(path) for path in paths}

    def follow(self, paths: Sequence[Path]) -> None:
        """Watches these files from now on; what is known of those watched before stays."""
        self._known = {path: self._known.get(path, _stamp(path)) for path in paths}

    def accept(self) -> None:
        """Takes the files as they are for known."""
        self._known = self._seen = {path: _stamp(path) for path in self._known}

    def changed(self) -> bool:
        """True once for each change."""
        found = {path: _stamp(path) for path in self._known}
        settled = found == self._seen
        self._seen = found
        if settled and found != self._known:
            self._known = found
            return True
        return False


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
