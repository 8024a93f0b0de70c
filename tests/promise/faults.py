"""Fail-points without a change to the program: a store and a network that count every point at which a process may die, and die at one of them.

Points lie before and after every commit, and before, at and after every exchange with the outside. After the death nothing works any more:
not the store, not the network, so that no `finally` can do what a killed process cannot.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitor.errors import StoreError
from monitor.store.driver import Row, Store, Value

_WRITES = re.compile(r"\b(?:insert into|update|delete from)\s+(\w+)", re.IGNORECASE)

Mode = Literal["kill", "error"]


class Killed(BaseException):
    """The end of a process. No `except Exception` catches it."""


@dataclass
class Faults:
    """Counts points; at point number `at` the process dies, or (mode `error`) one write is refused as by a full disk."""

    at: int | None = None
    mode: Mode = "kill"
    points: list[str] = field(default_factory=list)
    dead: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def point(self, name: str, *, write: bool = False) -> None:
        with self._lock:
            self.alive()
            if self.mode == "error" and not write:
                return
            self.points.append(name)
            if len(self.points) != self.at:
                return
            if self.mode == "error":
                raise StoreError("database or disk is full")
            self.dead = True
        raise Killed(name)

    def alive(self) -> None:
        """Raises Killed where the process is dead."""
        if self.dead:
            raise Killed("dead already")


class FaultyStore:
    """A store behind the narrow port in which every commit is a pair of points."""

    def __init__(self, real: Store, faults: Faults) -> None:
        self.real = real
        self.engine = real.engine
        self.skip_locked = real.skip_locked
        self.place = real.place
        self.path = real.path
        self._faults = faults
        self._local = threading.local()

    def _written(self, sql: str) -> None:
        if found := _WRITES.search(sql):
            self._local.tables.add(found[1])

    def all(self, sql: str, /, **values: Value) -> list[Row]:
        self._faults.alive()
        if getattr(self._local, "inside", False):
            self._written(sql)
        return self.real.all(sql, **values)

    def one(self, sql: str, /, **values: Value) -> Row | None:
        rows = self.all(sql, **values)
        return rows[0] if rows else None

    def run(self, sql: str, /, **values: Value) -> int:
        self._faults.alive()
        self._written(sql)
        return self.real.run(sql, **values)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[None]:
        if getattr(self._local, "inside", False):
            yield
            return
        self._faults.alive()
        self._local.inside = True
        self._local.tables = set()
        try:
            with self.real.write(durable=durable):
                yield
                self._faults.point(f"before commit of {self._tables()}", write=True)
        finally:
            self._local.inside = False
        self._faults.point(f"after commit of {self._tables()}")

    def savepoint(self) -> AbstractContextManager[None]:
        return self.real.savepoint()

    def _tables(self) -> str:
        return " ".join(sorted(self._local.tables)) or "nothing"

    def search(self, query: str, limit: int) -> list[int]:
        return self.real.search(query, limit)

    def migrate(self) -> tuple[str, ...]:
        return self.real.migrate()

    def now(self) -> datetime | None:
        return self.real.now()

    def check_place(self) -> None:
        self.real.check_place()

    def reopen(self) -> None:
        self.real.reopen()

    def close(self) -> None:
        self.real.close()
