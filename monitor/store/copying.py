"""Moves a whole history from one engine to the other: ids kept, counts and checksums compared, gone on with where it was broken off.

Tables are copied in an order in which what is referred to comes first, in batches by primary key; each batch is one transaction, so that what the target
holds says how far the copy had come. Columns that point within their own table are filled in a second pass.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.errors import StoreError
from monitor.store.driver import Row, Store, Value

BATCH = 500
"""Rows in one transaction."""

_MOST_VALUES = 20_000
"""Values in one statement."""

_MADE = frozenset({"terms"})
"""PostgreSQL makes its search terms of the folded text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it is copied: its key, and the columns that point to rows of the same table."""

    name: str
    key: tuple[str, ...] = ("id",)
    own: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        """True where both engines agree on the order of the keys, which are numbers; the other tables are small."""
        return all(name.endswith("id") or name == "value" for name in self.key) and self.name != "daemons"


TABLES = (
    Table(name="meta", key=("name",)),
    Table(name="steps", key=("name",)),
    Table(name="daemons"),
    Table(name="events"),
    Table(name="sites"),
    Table(name="feeds"),
    Table(name="articles", own=("copy_of", "text_of")),
    Table(name="texts", key=("article_id",)),
    Table(name="sketch_values", key=("value", "article_id")),
    Table(name="entries"),
    Table(name="watchlist_versions"),
    Table(name="hits"),
    Table(name="mentions"),
    Table(name="labels"),
    Table(name="stories", own=("earlier_id", "merged_into_id")),
    Table(name="placements"),
    Table(name="subscriptions"),
    Table(name="subscription_watchlists", key=("subscription_id", "watchlist")),
    Table(name="slots"),
    Table(name="digests"),
    Table(name="digest_hits", key=("subscription_id", "hit_id")),
    Table(name="messages"),
    Table(name="deliveries"),
    Table(name="attempts"),
    Table(name="alarms"),
    Table(name="arrivals", key=("feed_id", "hour_at")),
    Table(name="saved_searches"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One table after the copy: its rows, how many of them were copied now, and the checksum that both sides have."""

    table: str
    rows: int
    now: int
    checksum: str


def copy(source: Store, target: Store, report: Callable[[int], None]) -> tuple[Copied, ...]:
    """Copies every table and compares both sides. `report` hears of each batch: how many rows it had.

    Raises StoreError where the target holds another history, or where the two differ at the end.
    """
    _check_target(source, target)
    done = {table.name: _copy_table(source, target, table, report) for table in TABLES}
    for table in TABLES:
        _point(source, target, table)
    target.number_on(tuple(table.name for table in TABLES if table.key == ("id",) and table.ordered))
    return tuple(_compared(source, target, table, done[table.name]) for table in TABLES)


def _check_target(source: Store, target: Store) -> None:
    """A target with rows that the source does not have holds another history: nothing is mixed into it."""
    for name in ("articles", "hits", "digests"):
        theirs = target.one(f"select max(id) as id from {name}")
        ours = source.one(f"select max(id) as id from {name}")
        assert theirs is not None
        assert ours is not None
        if theirs["id"] is not None and (ours["id"] is None or theirs["id"] > ours["id"]):
            raise StoreError(f"{target.place} holds another history (its {name} go on to {theirs['id']}); copy into an empty database")


def _columns(table: Table, *stores: Store) -> tuple[str, ...]:
    """The columns of a table, of the first store that has a row in it; what an engine makes of others by itself is not among them."""
    for store in stores:
        if (row := store.one(f"select * from {table.name} limit 1")) is not None:
            return tuple(sorted(set(row) - _MADE))
    return table.key


def _copy_table(source: Store, target: Store, table: Table, report: Callable[[int], None]) -> int:
    names = _columns(table, source)
    copied = 0
    for rows in _batches(source, table, names, after=_last(target, table) if table.ordered else None):
        with target.write():
            _insert(target, table, names, rows)
        copied += len(rows)
        report(len(rows))
    return copied


def _last(store: Store, table: Table) -> tuple[Value, ...] | None:
    """The key of the last row that is there already; None where there is none."""
    order = ", ".join(f"{name} desc" for name in table.key)
    row = store.one(f"select {', '.join(table.key)} from {table.name} order by {order} limit 1")
    return None if row is None else tuple(row[name] for name in table.key)


def _batches(store: Store, table: Table, names: tuple[str, ...], after: tuple[Value, ...] | None = None) -> Iterator[list[Row]]:
    """The rows of a table in the order of its key, so many at a time, those behind a key alone."""
    key = ", ".join(table.key)
    while True:
        bound = {f"after_{place}": value for place, value in enumerate(after or ())}
        behind = f"where ({key}) > ({', '.join(f':{name}' for name in bound)})" if after is not None else ""
        rows = store.all(f"select {', '.join(names)} from {table.name} {behind} order by {key} limit :limit", limit=BATCH, **bound)
        if not rows:
            return
        yield rows
        after = tuple(rows[-1][name] for name in table.key)


def _insert(target: Store, table: Table, names: tuple[str, ...], rows: list[Row]) -> None:
    at_once = max(1, _MOST_VALUES // len(names))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        shape = ", ".join(f"({', '.join(f':r{row}_{place}' for place in range(len(names)))})" for row in range(len(part)))
        values: dict[str, Value] = {
            f"r{number}_{place}": None if name in table.own else row[name]
            for number, row in enumerate(part)
            for place, name in enumerate(names)
        }
        target.run(f"insert into {table.name}({', '.join(names)}) values {shape} on conflict do nothing", **values)


def _point(source: Store, target: Store, table: Table) -> None:
    """Sets the columns that point within their own table."""
    for column in table.own:
        pointing = Table(name=f"(select id, {column} from {table.name} where {column} is not null) pointing")
        for rows in _batches(source, pointing, ("id", column)):
            with target.write():
                for row in rows:
                    target.run(f"update {table.name} set {column} = :value where id = :id", id=row["id"], value=row[column])


def _compared(source: Store, target: Store, table: Table, now: int) -> Copied:
    names = _columns(table, source, target)
    ours, theirs = _summed(source, table, names), _summed(target, table, names)
    if ours != theirs:
        raise StoreError(
            f"{table.name} differs after the copy: {ours[0]} rows ({ours[1][:12]}) in {source.place}, {theirs[0]} ({theirs[1][:12]}) in "
            f"{target.place}; was something written meanwhile? Stop the daemon, empty the target and copy again"
        )
    return Copied(table=table.name, rows=ours[0], now=now, checksum=ours[1])


def _summed(store: Store, table: Table, names: tuple[str, ...]) -> tuple[int, str]:
    """The number of rows of a table and a sum of the sha256 of each: the same on every engine for the same rows, whatever their order."""
    total, count = 0, 0
    for rows in _batches(store, table, names):
        for row in rows:
            values = [value.hex() if isinstance(value := row[name], bytes) else value for name in names]
            hashed = hashlib.sha256(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))
            total = (total + int.from_bytes(hashed.digest())) % 2**256
        count += len(rows)
    return count, f"{total:064x}"
