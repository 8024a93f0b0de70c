"""The state marker beside a database: says what the file held when it was last written to, so that nobody starts empty over lost data.

A database file that is deleted, emptied or replaced opens as a valid one; started on it, the daemon would tell all news again. The marker
(`monitor.db.state`, JSON) names the instance and how far its digests and hits had come; the database names its instance too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreDamaged
from monitor.hours import to_text
from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact

_HELD = "select coalesce((select max(id) from digests), 0) as digests, coalesce((select max(id) from hits), 0) as hits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What a database held: its instance, the numbers of its newest digest and hit, and when that was written down (stored text)."""

    instance: str
    digests: int
    hits: int
    written_at: str


def marker_of(database: Path) -> Path:
    """Where the marker of a database lies."""
    return database.with_name(database.name + ".state")


def read_marker(database: Path) -> Marker | None:
    """The marker, or None where there is none or where it cannot be understood."""
    try:
        found = json.loads(marker_of(database).read_text(encoding="utf-8"))
        return Marker(
            instance=str(found["instance"]),
            digests=int(found["digests"]),
            hits=int(found["hits"]),
            written_at=str(found["written_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def check_present(database: Path) -> None:
    """Raises StoreDamaged where a marker says that data existed and the file is gone or empty."""
    marker = read_marker(database)
    if marker is None:
        return
    try:
        size = database.stat().st_size
    except FileNotFoundError:
        raise StoreDamaged(f"{database} is gone, {_held(marker)}; {_advice(database)}") from None
    if size == 0:
        raise StoreDamaged(f"{database} is empty (0 bytes), {_held(marker)}; {_advice(database)}")


def check_same(database: Path, store: Store) -> None:
    """Raises StoreDamaged where the database is not the one that the marker was written for, or is an older copy of it."""
    marker = read_marker(database)
    if marker is None:
        return
    if fact(store, "instance") != marker.instance:
        raise StoreDamaged(f"{database} was replaced by another database, {_held(marker)}; {_advice(database)}")
    held = store.one(_HELD)
    assert held is not None
    if held["digests"] < marker.digests or held["hits"] < marker.hits:
        raise StoreDamaged(
            f"{database} is an older copy: it ends at digest {held['digests']} and hit {held['hits']}, {_held(marker)}; to go on with it, "
            f"move it aside and run `monitor db restore FILE`, which says what may be sent twice"
        )


def keep_marker(database: Path, store: Store, new_id: Callable[[], str], now: datetime) -> None:
    """Brings the marker up to date with the database, which gets its instance here the first time. Raises OSError where it cannot be written."""
    write_marker(database, store, instance_of(store, new_id), now)


def instance_of(store: Store, new_id: Callable[[], str]) -> str:
    """The identity of this database, given to it when first asked for."""
    instance = fact(store, "instance")
    if instance is None:
        with store.write():
            instance = fact(store, "instance") or new_id()
            set_fact(store, "instance", instance)
    return instance


def write_marker(database: Path, store: Store, instance: str, now: datetime) -> None:
    """Writes the marker where what the database holds has changed since. Raises OSError."""
    held = store.one(_HELD)
    assert held is not None
    before = read_marker(database)
    marker = Marker(instance=instance, digests=held["digests"], hits=held["hits"], written_at=to_text(now))
    if before is not None and (before.instance, before.digests, before.hits) == (marker.instance, marker.digests, marker.hits):
        return
    path = marker_of(database)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(marker), file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def drop_marker(database: Path) -> None:
    """Forgets what the database held."""
    with suppress(FileNotFoundError):
        marker_of(database).unlink()


def _held(marker: Marker) -> str:
    return f"though the instance had come to digest {marker.digests} and hit {marker.hits} on {marker.written_at[:16]}Z"


def _advice(database: Path) -> str:
    return (
        f"nothing was started over it. Put it back, or a backup with `monitor db restore FILE`; to begin anew with nothing, "
        f"remove {marker_of(database).name} yourself"
    )
