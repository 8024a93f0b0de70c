"""The narrow port to the database: all, one, run, write. SQL is written once above it; an engine supplies the few differences.

Values are bound by name (`:name`). Instants, booleans and tuples of text may be bound as they are; NUL and lone surrogates are taken out of every text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from monitor.errors import StoreError
from monitor.hours import to_text

Row = dict[str, Any]
Value = str | int | float | bytes | bool | datetime | None | tuple[str, ...]

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Store(Protocol):
    """What every engine offers. Safe to use from several threads; a write belongs to the thread that opened it."""

    engine: str
    place: str
    """What people are told of where it is; never a password."""
    skip_locked: str
    """Appended to a claim's sub-select: '' on SQLite, 'for update skip locked' on PostgreSQL."""

    @property
    def path(self) -> Path | None:
        """The file it lies in, where it is one: then a lock, a marker and backups lie beside it, and its disk is watched."""

    def all(self, sql: str, /, **values: Value) -> list[Row]:
        """All rows of a query. Inside `write()` it sees, and may be, the transaction's own statements (`... returning`)."""

    def one(self, sql: str, /, **values: Value) -> Row | None:
        """The first row of a query, or None."""

    def run(self, sql: str, /, **values: Value) -> int:
        """Runs one writing statement and returns the number of rows it changed. Only inside `write()`."""

    def write(self, *, durable: bool = True) -> AbstractContextManager[None]:
        """One transaction that takes the write lock at once; commits at the end, rolls back on any exception. Nested use joins the outer one.

        durable=False: the commit does not wait for the disk. It survives the death of the process; a loss of power may undo the last such
        transactions, never one before a durable one. For what would only be done again: leases, polls without news, the times of steps.
        """

    def savepoint(self) -> AbstractContextManager[None]:
        """A part of the transaction that rolls back alone on an exception, which goes on upwards. Only inside `write()`; not nested."""

    def search(self, query: str, limit: int) -> list[int]:
        """Ids of the articles whose folded text holds all words of the folded `query`, best first.

        SQLite puts the most telling first, PostgreSQL the newest.
        """

    def now(self) -> datetime | None:
        """The clock of the server that all its clients share; None where the database is a file and this machine's clock is the only one."""

    def number_on(self, tables: Sequence[str]) -> None:
        """Lets new rows of tables be numbered from beyond the rows that came with numbers of their own."""

    def check_place(self) -> None:
        """Raises StoreDamaged where what was opened is no longer what stands in its place: what is written would be lost."""

    def reopen(self) -> None:
        """Begins anew with fresh connections, after a failure. Raises StoreError where that cannot be done."""

    def migrate(self) -> tuple[str, ...]:
        """Applies the missing migrations and returns their names."""

    def close(self) -> None:
        """Closes every connection."""


def bindable(values: Mapping[str, Value]) -> dict[str, str | int | float | bytes | None]:
    """Values in the form both engines store: instants as text, booleans as integers, tuples as JSON."""
    return {name: _bindable(value) for name, value in values.items()}


@contextmanager
def savepoint_of(run: Callable[[str], int]) -> Iterator[None]:
    """`Store.savepoint` by an engine's `run`. Where the whole transaction is gone already (a full disk), so is the savepoint."""
    run("savepoint part")
    try:
        yield
    except BaseException:
        with suppress(StoreError):
            run("rollback to savepoint part")
            run("release savepoint part")
        raise
    run("release savepoint part")


_PLACE = re.compile(r":([a-z_]+)")


def rows_of(sql: str, row: str, values: Sequence[Mapping[str, Value]]) -> tuple[str, dict[str, Value]]:
    """One statement for many rows: `{rows}` in `sql` becomes `row` once for each of `values`, which are given the names that it then has."""
    return _with_rows(sql, row, len(values)), {
        f"{name}_{place}": value for place, each in enumerate(values) for name, value in each.items()
    }


@lru_cache(maxsize=256)
def _with_rows(sql: str, row: str, count: int) -> str:
    return sql.replace("{rows}", ", ".join(_PLACE.sub(rf":\1_{place}", row) for place in range(count)))


def _encodes(text: str) -> bool:
    """True for text without lone surrogates; encoding finds them far sooner than a pattern does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bindable(value: Value) -> str | int | float | bytes | None:
    match value:
        case str():
            return value if "\x00" not in value and _encodes(value) else _UNSTORABLE.sub("", value)
        case bool():
            return int(value)
        case datetime():
            return to_text(value)
        case tuple():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return value
