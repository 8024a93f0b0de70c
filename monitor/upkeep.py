"""What the daemon does for its database besides the steps: looks through the whole file, and keeps checked copies of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import TypeVar

from monitor.errors import StoreDamaged
from monitor.log import logger
from monitor.mode import Limits, least_bytes
from monitor.store import backups
from monitor.store.checks import faults
from monitor.store.disk import space
from monitor.store.driver import Store
from monitor.store.sqlite import APPLICATION_ID
from monitor.store.steps import fact, record_event, set_fact

CHECK_EVERY = timedelta(hours=24)
THOROUGH_EVERY = timedelta(days=7)

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """What `work` returns or raises, from a thread that the end of the process does not wait for.

    To look through a file of some gigabytes, or to copy it, takes minutes; whoever stops the daemon meanwhile leaves what a kill would leave: nothing
    of the first, of the second a partial file that the next one replaces.
    """
    found: Future[T] = Future()
    found.set_running_or_notify_cancel()  # from here on it ends as the work ends, whoever has stopped waiting

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried over to whoever waits
            found.set_exception(error)

    Thread(target=run, name="upkeep", daemon=True).start()
    return await asyncio.wrap_future(found)


def look_through(store: Store, path: Path, now: datetime, *, at_start: bool) -> None:
    """Looks through the file where a day has passed (or at the start), with indexes and references where a week has. Raises StoreDamaged."""
    thorough = _due(fact(store, "thoroughly_checked_at"), THOROUGH_EVERY, now)
    if not (at_start or thorough or _due(fact(store, "checked_at"), CHECK_EVERY, now)):
        return
    if found := faults(path, thorough=thorough):
        raise StoreDamaged(
            f"{path} is damaged: {'; '.join(found[:3])}. Nothing more is written to it; keep the file. Next: `monitor doctor`; then "
            f"`monitor db restore FILE` with the newest of {backups.folder_of(path)}; without one: sqlite3 {path.name} .recover"
        )
    with store.write():
        set_fact(store, "checked_at", now.isoformat())
        if thorough:
            set_fact(store, "thoroughly_checked_at", now.isoformat())


def back_up(store: Store, path: Path, every_h: int, keep: int, limits: Limits, now: datetime) -> Path | None:
    """Makes a dated backup where the newest one is too old and the disk has room for it. Returns its path. Raises StoreError."""
    newest = backups.newest(path)
    if every_h == 0 or (newest is not None and now - _made_at(newest) < timedelta(hours=every_h)):
        return None
    room = space(path.parent)
    size = path.stat().st_size
    if room.free_bytes < size + least_bytes(limits, room.total_bytes):
        logger().warning("no room for a backup", free_bytes=room.free_bytes, needed_bytes=size)
        return None
    target = backups.folder_of(path) / backups.dated_name(path, now)
    backups.backup(path, target, APPLICATION_ID)
    backups.prune(path, keep)
    record_event(store, now, "backup.made", target.name, f"{target.stat().st_size} bytes")
    return target


def _due(text: str | None, every: timedelta, now: datetime) -> bool:
    return text is None or abs(now - datetime.fromisoformat(text)) >= every


def _made_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
