"""The engines that the proof of the promise runs on: each gives fresh copies of one prepared database, as often as a loop asks for one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Protocol

from monitor.store.driver import Store
from monitor.store.sqlite import open_sqlite
from tests import postgres

_numbers = count(1)


class Database(Protocol):
    """A database of one engine that may be begun anew. Opening it again is another process on the same data."""

    def __init__(self, folder: Path) -> None: ...

    @property
    def place(self) -> str:
        """Where it is, as a configuration names it."""

    def prepare(self, fill: Callable[[Store], object]) -> None:
        """Puts into the prepared database what every fresh copy begins with."""

    def fresh(self) -> None:
        """Begins anew: what the database held is gone."""

    def open(self) -> Store:
        """Another connection to it."""

    def close(self) -> None:
        """Removes it where nothing else would."""


class Sqlite:
    """A file in a folder."""

    def __init__(self, folder: Path) -> None:
        self._empty, self._path = folder / "empty.db", folder / "monitor.db"
        self.place = "monitor.db"
        self.prepare(lambda store: None)
        self.fresh()

    def prepare(self, fill: Callable[[Store], object]) -> None:
        store = open_sqlite(self._empty)
        fill(store)
        store.close()

    def fresh(self) -> None:
        for old in self._path.parent.glob("monitor.db*"):
            old.unlink()
        shutil.copy(self._empty, self._path)

    def open(self) -> Store:
        return open_sqlite(self._path)

    def close(self) -> None:
        """The file goes with its folder."""


class Postgres:
    """A database on the server of this test worker, and a template beside it that nobody is connected to."""

    def __init__(self, folder: Path) -> None:
        from monitor.store.postgres import open_postgres

        self._open = open_postgres
        self._base = postgres.server_address()
        self._name = f"promise_{os.getpid()}_{next(_numbers)}"
        self._empty = f"{self._name}_empty"
        self.place = postgres.with_database(self._base, self._name)
        postgres.copy(self._base, postgres.template(), self._empty)
        self.fresh()

    def prepare(self, fill: Callable[[Store], object]) -> None:
        store = self._open(postgres.with_database(self._base, self._empty))
        fill(store)
        store.close()

    def fresh(self) -> None:
        postgres.drop(self._base, self._name)
        postgres.copy(self._base, self._empty, self._name)

    def open(self) -> Store:
        return self._open(self.place)

    def close(self) -> None:
        for name in (self._name, self._empty):
            postgres.drop(self._base, name)


ENGINES: dict[str, type[Database]] = {"sqlite": Sqlite, "postgres": Postgres}
