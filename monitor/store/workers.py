"""Who works on this database now, with which roles, and what each holds; and turns, by which two of them never decide on the same old knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.hours import from_text
from monitor.store.driver import Row, Store

_ALIVE = """
select id, pid, host, version, roles, started_at, seen_at from daemons where stopped_at is null and seen_at >= :since order by started_at, id
"""
_SITES = "select owner, host as what, claimed_at as since_at from sites where owner is not null and claimed_at is not null order by claimed_at, id"
_DELIVERIES = """
select d.owner, d.destination as what, a.started_at as since_at from deliveries d join attempts a on a.delivery_id = d.id and a.epoch = d.epoch
where d.state = 'sending' and d.owner is not null order by a.started_at, d.id
"""
_LOST = """
select d.id, d.pid, d.host, d.version, d.roles, d.started_at, d.seen_at from daemons d
where d.shared = 1 and d.stopped_at is null and d.seen_at < :silent and d.seen_at >= :since
  and not exists (select 1 from daemons n where n.host = d.host and n.started_at > d.seen_at) order by d.seen_at, d.id
"""
_TURN = "select value from meta where name = :name"
# The row is locked by the attempt, whether it succeeds or not: who comes second waits for the first one's end and then finds another number.
_TAKE = """
insert into meta(name, value) values (:name, '1')
on conflict(name) do update set value = cast(cast(meta.value as bigint) + 1 as text) where meta.value = :seen
"""
_HOLD = "insert into meta(name, value) values (:name, '0') on conflict(name) do update set value = meta.value"


LOST_AFTER = timedelta(minutes=3)
"""A worker writes once a minute that it lives."""

FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease: on a site to visit or a delivery to make, and since when."""

    kind: str
    what: str
    since_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works on this database. `roles`: visit, think, deliver."""

    id: str
    pid: int
    host: str
    version: str
    roles: tuple[str, ...]
    started_at: datetime
    seen_at: datetime
    holds: tuple[Held, ...] = ()

    @property
    def name(self) -> str:
        """For people: its process and machine."""
        return f"{self.pid} on {self.host}"


def token(worker: str, unique: str) -> str:
    """The owner of one claim: new for each, and still to be told whose it is."""
    return f"{worker}/{unique}"


def workers(store: Store, since: datetime) -> tuple[Worker, ...]:
    """Those seen since an instant and not stopped, longest at work first, each with what it holds."""
    held: dict[str, list[Held]] = {}
    for kind, sql in (("site", _SITES), ("delivery", _DELIVERIES)):
        for row in store.all(sql):
            lease = Held(kind=kind, what=row["what"], since_at=from_text(row["since_at"]))
            held.setdefault(row["owner"].partition("/")[0], []).append(lease)
    return tuple(_worker(row, tuple(held.get(row["id"], ()))) for row in store.all(_ALIVE, since=since))


def lost(store: Store, silent: datetime, since: datetime) -> tuple[Worker, ...]:
    """Those of several that were not stopped and went silent in [since, silent), unless another was started on their machine after that."""
    return tuple(_worker(row, ()) for row in store.all(_LOST, silent=silent, since=since))


def turn(store: Store, name: str) -> str:
    """The number of a turn, to be read before what a decision rests on; see `take`."""
    row = store.one(_TURN, name=f"turn.{name}")
    return "0" if row is None else str(row["value"])


def take(store: Store, name: str, seen: str) -> bool:
    """Takes the turn for the caller's transaction. False where somebody else took it since `seen` was read: what was decided on may be old."""
    return store.run(_TAKE, name=f"turn.{name}", seen=seen) == 1


def hold(store: Store, name: str) -> None:
    """Lets one transaction at a time go on from here, over all processes; for those that read, decide and write in one."""
    store.run(_HOLD, name=f"hold.{name}")


def _worker(row: Row, holds: tuple[Held, ...]) -> Worker:
    return Worker(
        id=row["id"],
        pid=row["pid"],
        host=row["host"],
        version=row["version"],
        roles=tuple(row["roles"].split(",")),
        started_at=from_text(row["started_at"]),
        seen_at=from_text(row["seen_at"]),
        holds=holds,
    )
