"""What the daemon did and when: the last run of each step, the daemons seen, events worth telling, and single facts of the instance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.hours import from_text, from_text_or_none
from monitor.store.driver import Store

_RAN = """
insert into steps(name, started_at, finished_at, ok_at, counts_json, error)
values (:name, :started, :now, case when cast(:error as text) is null then :now end, :counts, :error)
on conflict(name) do update set started_at = :started, finished_at = :now,
  ok_at = case when cast(:error as text) is null then :now else steps.ok_at end, counts_json = :counts, error = :error
"""
_IDLE_SINCE = "select 1 as yes from steps where name = :name and error is null and finished_at > :since and finished_at <= :now"
_STEPS = "select name, started_at, finished_at, ok_at, counts_json, error from steps order by name"

_DAEMON_STARTED = """
insert into daemons(id, pid, host, version, started_at, seen_at, roles, shared)
values (:id, :pid, :host, :version, :now, :now, :roles, :shared)
"""
_DAEMON_SEEN = "update daemons set seen_at = :now where id = :id"
_DAEMON_STOPPED = "update daemons set stopped_at = :now, seen_at = :now where id = :id"
_DAEMONS = "select id, pid, host, version, started_at, seen_at, stopped_at from daemons order by started_at desc limit 5"

_EVENT = "insert into events(happened_at, kind, subject, detail) values (:now, :kind, :subject, :detail)"
_EVENTS = """
select happened_at, kind, subject, detail from events
where happened_at >= :since order by happened_at desc, id desc limit :limit
"""

_META = "select value from meta where name = :name"
_SET_META = "insert into meta(name, value) values (:name, :value) on conflict(name) do update set value = :value"


IDLE_EVERY = timedelta(seconds=60)
"""Runs that found nothing to do are recorded at most so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """The last run of one step. `ok_at` is the last end without an error."""

    name: str
    started_at: datetime | None
    finished_at: datetime | None
    ok_at: datetime | None
    counts: Mapping[str, int]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonRun:
    """One life of a daemon. `stopped_at` is None while it runs, and for ever where it was killed."""

    id: str
    pid: int
    host: str
    version: str
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None

    @property
    def name(self) -> str:
        """For people: its process and machine."""
        return f"{self.pid} on {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that changed and that an operator may want to know: a feed that began to fail, a parked endpoint."""

    happened_at: datetime
    kind: str
    subject: str
    detail: str


def step_ran(
    store: Store, name: str, started_at: datetime, now: datetime, counts: Mapping[str, int], error: str | None = None, *, idle: bool = False
) -> None:
    """Records a run of a step: its counts, or the error that ended it. Of idle runs one a minute is recorded, so that a disk can rest."""
    if idle and error is None and store.one(_IDLE_SINCE, name=name, since=now - IDLE_EVERY, now=now):
        return
    with store.write(durable=False):
        store.run(_RAN, name=name, started=started_at, now=now, counts=json.dumps(dict(counts)), error=error)


def step_runs(store: Store) -> tuple[StepRun, ...]:
    """The last run of every step, by name."""
    return tuple(
        StepRun(
            name=row["name"],
            started_at=from_text_or_none(row["started_at"]),
            finished_at=from_text_or_none(row["finished_at"]),
            ok_at=from_text_or_none(row["ok_at"]),
            counts=json.loads(row["counts_json"] or "{}"),
            error=row["error"],
        )
        for row in store.all(_STEPS)
    )


def daemon_started(
    store: Store,
    daemon_id: str,
    pid: int,
    host: str,
    version: str,
    now: datetime,
    *,
    roles: Sequence[str] = ("visit", "think", "deliver"),
    shared: bool = False,
) -> None:
    """Records the start of a daemon under an id new for this life. `shared`: others may work on the same database."""
    with store.write():
        store.run(_DAEMON_STARTED, id=daemon_id, pid=pid, host=host, version=version, now=now, roles=",".join(roles), shared=shared)


def daemon_seen(store: Store, daemon_id: str, now: datetime) -> None:
    """Records that a daemon is alive and that the disk takes what it writes: the service manager's watchdog is fed on this."""
    with store.write():
        store.run(_DAEMON_SEEN, id=daemon_id, now=now)


def daemon_stopped(store: Store, daemon_id: str, now: datetime) -> None:
    """Records an orderly stop."""
    with store.write():
        store.run(_DAEMON_STOPPED, id=daemon_id, now=now)


def daemon_runs(store: Store) -> tuple[DaemonRun, ...]:
    """The five latest lives, newest first."""
    return tuple(
        DaemonRun(
            id=row["id"],
            pid=row["pid"],
            host=row["host"],
            version=row["version"],
            started_at=from_text(row["started_at"]),
            seen_at=from_text(row["seen_at"]),
            stopped_at=from_text_or_none(row["stopped_at"]),
        )
        for row in store.all(_DAEMONS)
    )


def record_event(store: Store, now: datetime, kind: str, subject: str, detail: str) -> None:
    """Appends an event; joins the caller's transaction where there is one."""
    with store.write():
        store.run(_EVENT, now=now, kind=kind, subject=subject, detail=detail)


def events(store: Store, since: datetime, limit: int = 50) -> tuple[Event, ...]:
    """Events since an instant, newest first."""
    return tuple(
        Event(happened_at=from_text(row["happened_at"]), kind=row["kind"], subject=row["subject"], detail=row["detail"])
        for row in store.all(_EVENTS, since=since, limit=limit)
    )


def fact(store: Store, name: str) -> str | None:
    """One stored fact of the instance, or None."""
    row = store.one(_META, name=name)
    return None if row is None else row["value"]


def set_fact(store: Store, name: str, value: str) -> None:
    """Stores one fact of the instance."""
    with store.write():
        store.run(_SET_META, name=name, value=value)
