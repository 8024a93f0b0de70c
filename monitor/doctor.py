"""Looks at everything that could be wrong and says, area by area, what it is, why, and which command mends it. Changes nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from monitor.app import load
from monitor.config import Config, StorageSettings
from monitor.errors import ConfigError, MonitorError
from monitor.health import Health, read_health
from monitor.hours import EARLIEST_NOW
from monitor.mode import MIB, RESUME, Limits, least_bytes
from monitor.model import Watchlist
from monitor.place import Place, for_shell, place_of
from monitor.store import backups, hits
from monitor.store.checks import faults
from monitor.store.disk import file_system, is_network, space
from monitor.store.driver import Store
from monitor.store.marker import check_present
from monitor.store.opening import open_store
from monitor.store.steps import events
from monitor.watchlists.expect import judge_rate, parse_expect

Level = Literal["ok", "note", "problem"]

BACKUP_OLD = timedelta(days=3)
CLOCKS_APART = timedelta(seconds=30)
EXPECT_DAYS = 14
_RATES = {
    "": "",
    "many": "raise `alert` or name masks in its file; see what that changes with: monitor watchlists try {id}",
    "few": "monitor explain URL, for an article that should have been found; monitor watchlists try {id}",
}
_LEAST_DAYS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing about one area. `mend`: the command or the act that helps; `exit_code`: what a problem makes the command end with."""

    area: str
    level: Level
    text: str
    mend: str = ""
    exit_code: int = 1


def examine(config_path: Path | None, database: Place | None, now: datetime) -> tuple[Remark, ...]:
    """All remarks, in the order in which things depend on each other. `database` stands instead of the configured one."""
    remarks: list[Remark] = []
    config, watchlists = _config(config_path, remarks)
    place = database or (config.database if config else _named_database(config_path))
    if place is None:
        return tuple(remarks)
    if place.path is not None:
        remarks += _disk(place.path, config.storage if config else StorageSettings())
    remarks += _clock(now)
    store = _server(place, now, remarks) if place.path is None else _database(place.path, now, remarks)
    if store is None:
        return tuple(remarks)
    try:
        remarks += _clock_of(store, now)
        health = read_health(store, now)
        remarks += _running(health)
        remarks += _watchlists(store, watchlists, now)
    finally:
        store.close()
    if config is not None:
        remarks += _operator(config)
    return tuple(remarks)


def _config(path: Path | None, remarks: list[Remark]) -> tuple[Config | None, tuple[Watchlist, ...]]:
    if path is None:
        remarks.append(Remark(area="config", level="problem", text="no configuration found", mend="monitor init", exit_code=2))
        return None, ()
    try:
        config, watchlists = load(path)
    except ConfigError as error:
        remarks += [
            Remark(area="config", level="problem", text=str(each), mend=f"edit {each.file}", exit_code=2) for each in error.problems
        ]
        return None, ()
    counts = {"feed": len(config.feed), "watchlist": len(watchlists), "subscription": len(config.subscription)}
    text = f"{path}: " + ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in counts.items())
    remarks.append(Remark(area="config", level="ok", text=text))
    if not config.fetch.contact and not config.fetch.user_agent:
        text = "fetch.contact is empty: site owners cannot reach you, and some refuse what does not say who it is"
        remarks.append(Remark(area="config", level="note", text=text, mend=f"set fetch.contact in {path}"))
    return config, watchlists


def _named_database(path: Path | None) -> Place | None:
    """The database that a configuration with other faults names."""
    try:
        named = tomllib.loads(path.read_text(encoding="utf-8")).get("database", "monitor.db") if path else None
        return place_of(named, path.parent) if path and isinstance(named, str) else None
    except (OSError, ValueError):
        return None


def _disk(path: Path, storage: StorageSettings) -> Iterator[Remark]:
    folder = path.parent
    try:
        room = space(folder)
    except OSError as error:
        yield Remark(area="disk", level="problem", text=f"{folder} cannot be looked at: {error.strerror}", mend=f"ls -ld {folder}")
        return
    least = least_bytes(Limits(free_bytes=storage.min_free_mib * MIB, free_percent=storage.min_free_percent), room.total_bytes)
    text = f"{room.free_bytes // MIB} MiB are free in {folder}; nothing new is polled below {least // MIB} MiB"
    low = room.free_bytes < least
    mend = (
        f"make room until {RESUME * least // MIB} MiB are free, or lower storage.min_free_mib and storage.min_free_percent" if low else ""
    )
    yield Remark(area="disk", level="problem" if low else "ok", text=text, mend=mend)
    kind = file_system(folder)
    if is_network(kind) and not storage.network:
        yield Remark(
            area="disk", level="problem", text=f"{folder} lies on a network file system ({kind})", mend="name a local disk with `database`"
        )


def _clock(now: datetime) -> Iterator[Remark]:
    if now < EARLIEST_NOW:
        yield Remark(
            area="clock", level="problem", text=f"the clock says {now:%Y-%m-%d}, before this program was made", mend="set the clock"
        )


def _clock_of(store: Store, now: datetime) -> Iterator[Remark]:
    lately = [event for event in events(store, now - timedelta(days=7), 500) if event.kind == "clock.step"]
    ahead = events(store, now + timedelta(minutes=5), 1)
    if ahead:
        text = f"something was recorded at {ahead[0].happened_at:%Y-%m-%d %H:%M} UTC, which is still to come: the clock was ahead, or is behind"
        yield Remark(area="clock", level="problem", text=text, mend="compare the clock with another one, and let it be kept (timedatectl)")
    elif lately:
        text = f"the clock was set {len(lately)} times in the last week, at last {lately[0].detail}"
        yield Remark(area="clock", level="note", text=text, mend="let the clock be kept (timedatectl)")
    else:
        yield Remark(area="clock", level="ok", text=f"{now:%Y-%m-%d %H:%M} UTC")


def _database(path: Path, now: datetime, remarks: list[Remark]) -> Store | None:
    restore = f"monitor db restore {backups.newest(path) or 'FILE'}"
    try:
        check_present(path)
        if not path.exists():
            text = f"{path} does not exist yet"
            remarks.append(Remark(area="database", level="note", text=text, mend="monitor run (or monitor once) makes it"))
            return None
        if found := faults(path, thorough=True):
            remarks += [Remark(area="database", level="problem", text=fault, mend=restore, exit_code=74) for fault in found[:5]]
            return None
        store = open_store(Place(shown=str(path), path=path))
    except MonitorError as error:
        mend = restore if error.exit_code == 74 else f"ls -l {path}*"
        remarks.append(Remark(area="database", level="problem", text=str(error), mend=mend, exit_code=error.exit_code))
        return None
    log = path.with_name(path.name + "-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    remarks.append(Remark(area="database", level="ok", text=f"{path}: {size // MIB} MiB, sound"))
    remarks += _backups(path, now)
    return store


def _server(place: Place, now: datetime, remarks: list[Remark]) -> Store | None:
    """A database on a server: can it be reached, and do the two clocks agree?"""
    try:
        store = open_store(place)
        there = store.now()
    except MonitorError as error:
        remarks.append(
            Remark(area="database", level="problem", text=str(error), mend=f"psql {for_shell(place)}", exit_code=error.exit_code)
        )
        return None
    remarks.append(Remark(area="database", level="ok", text=f"{place}: reached, at the newest schema; back it up with pg_dump"))
    apart = timedelta(0) if there is None else abs(there - now)
    if apart > CLOCKS_APART:
        text = f"the clock of the database is {apart.total_seconds():.0f} s from this machine's; leases go by the database's"
        remarks.append(Remark(area="clock", level="note", text=text, mend="let both clocks be kept (timedatectl)"))
    return store


def _backups(path: Path, now: datetime) -> Iterator[Remark]:
    newest = backups.newest(path)
    if newest is None:
        yield Remark(area="database", level="note", text="there is no backup", mend="monitor db backup")
        return
    made_at = datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    old = now - made_at > BACKUP_OLD
    text = f"the newest backup is of {made_at:%Y-%m-%d %H:%M} UTC: {newest}"
    yield Remark(area="database", level="note" if old else "ok", text=text, mend="monitor db backup" if old else "")


def _running(health: Health) -> Iterator[Remark]:
    """The troubles of `status`, each under its area, with the command that mends it."""
    for trouble in health.troubles:
        since = f" (since {trouble.since_at:%Y-%m-%d %H:%M} UTC)" if trouble.since_at else ""
        level: Level = "problem" if trouble.problem else "note"
        yield Remark(area=trouble.area, level=level, text=f"{trouble.text}{since}", mend=trouble.mend)
    told = {trouble.area for trouble in health.troubles}
    counts = health.counts
    fine = {
        "daemon": f"process {health.seen.lives[0].name} runs" if health.seen.lives else "",
        "feeds": f"all {counts['feeds']} feeds answer",
        "deliveries": f"{counts['delivered']} deliveries made, none waits",
    }
    for area, text in fine.items():
        if area not in told and text:
            yield Remark(area=area, level="ok", text=text)


def _watchlists(store: Store, watchlists: tuple[Watchlist, ...], now: datetime) -> Iterator[Remark]:
    since = now - timedelta(days=EXPECT_DAYS)
    found = hits.alerts_since(store, since)
    for watchlist in watchlists:
        expected = parse_expect(watchlist.expect)
        begun_at = found.begun_at.get(watchlist.id)
        if expected is None or begun_at is None:
            continue
        days = (now - max(since, begun_at)) / timedelta(days=1)
        if days < _LEAST_DAYS:
            continue
        alerts = found.alerts.get(watchlist.id, 0)
        text = f"{watchlist.id} expects {watchlist.expect!r}; the last {days:.0f} days brought {alerts} ({alerts / days:.1f} a day)"
        verdict = judge_rate(expected, alerts, days)
        yield Remark(area="watchlists", level="note" if verdict else "ok", text=text, mend=_RATES[verdict].format(id=watchlist.id))


def _operator(config: Config) -> Iterator[Remark]:
    if not config.alarm.channels and config.alarm.ping_url is None:
        text = "nobody is told when something stops working: alarm.channels and alarm.ping_url are empty"
        yield Remark(area="alarm", level="note", text=text, mend=f"set them in {config.source}")
    elif len(config.alarm.channels) == 1 and any(config.alarm.channels[0] in each.channels for each in config.subscription):
        text = f"alarms go through {config.alarm.channels[0]} alone, which digests use too: where it fails nobody is told"
        yield Remark(area="alarm", level="note", text=text, mend="name a second channel in alarm.channels, or set alarm.ping_url")
    else:
        yield Remark(area="alarm", level="ok", text="the operator is told by " + (", ".join(config.alarm.channels) or "the missing ping"))
