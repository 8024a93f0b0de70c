"""How many rows there are of what never goes, without counting years of history at each question.

A mark in `meta` holds, for each table, what was counted up to a number; only the rows after it are counted when somebody asks. The mark moves to a
number an hour after this was the largest: whoever was given a smaller one has committed or is gone by then (`postgres.py` throws out who is silent
for a minute), so no row comes in behind it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from monitor.hours import from_text, to_text
from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact

COUNTED: Mapping[str, str] = MappingProxyType({"articles": "", "entries": "", "hits": "watchlist", "stories": ""})
"""Tables whose rows stay for ever (retention.STAYS), and the column, which never changes, by which they are counted apart."""

SETTLED = timedelta(hours=1)

LEAST = 2000
"""Fewer rows than that after the mark are quickly counted: it stays where it is."""

MOST = 50_000
"""Where more rows lie behind the mark, as in the hours after a long history came at once, an index counts all of them quicker than these."""

AT_A_TIME = 10_000
"""Rows counted in one move, which belongs to a tick of 50 ms."""

# Put together with nothing, the column leads through no index of all rows; where all are counted, an index is the quicker way.
_COUNT = "select {label} as label, count(*) as n from {table} where id > :after and id <= :until {apart}"
_COUNT_ALL = "select {label} as label, count(*) as n from {table} {apart}"
_LARGEST = "select coalesce(max(id), 0) as id from {table}"
_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How many rows were counted up to a number, by label; `coming` was the largest number at `coming_at`, where it is beyond that."""

    upto: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    coming: int = 0
    coming_at: str = ""


def count(store: Store, table: str) -> int:
    """The rows of a counted table now."""
    return sum(count_apart(store, table).values())


def count_apart(store: Store, table: str) -> Counter[str]:
    """The rows of a counted table now, by the column that COUNTED names; under "" where it names none."""
    upto, rows = counted(store, table)
    return rows + _count(store, table, upto, _ALL)


def counted(store: Store, table: str) -> tuple[int, Counter[str]]:
    """Up to which number the rows of a table are counted for good, and how many these are; nought as long as too many lie behind."""
    mark = _mark(store, table)
    return (mark.upto, Counter(mark.rows)) if _largest(store, table) - mark.upto <= MOST else (0, Counter())


def move_marks(store: Store, now: datetime, least: int = LEAST, at_a_time: int = AT_A_TIME) -> bool:
    """Moves each mark on by a bounded part of what is settled. True where another call at once would go on."""
    more = [_move(store, table, now, least, at_a_time) for table in COUNTED]
    return any(more)


def _move(store: Store, table: str, now: datetime, least: int, at_a_time: int) -> bool:
    mark = _mark(store, table)
    if mark.coming <= mark.upto:
        largest = _largest(store, table)
        if largest - mark.upto >= least:
            _save(store, table, replace(mark, coming=largest, coming_at=to_text(now)))
        return False
    waited = now - from_text(mark.coming_at)
    if waited < timedelta(0):  # by a clock that was ahead
        _save(store, table, replace(mark, coming_at=to_text(now)))
    if waited < SETTLED:
        return False
    until = min(mark.coming, mark.upto + at_a_time)
    _save(store, table, replace(mark, upto=until, rows=dict(Counter(mark.rows) + _count(store, table, mark.upto, until))))
    return until < mark.coming


def _largest(store: Store, table: str) -> int:
    return int((store.one(_LARGEST.replace("{table}", table)) or {"id": 0})["id"])


def _count(store: Store, table: str, after: int, until: int) -> Counter[str]:
    column, everything = COUNTED[table], (after, until) == (0, _ALL)
    label = column if everything else f"{column} || ''"
    sql = (_COUNT_ALL if everything else _COUNT).replace("{table}", table).replace("{label}", label if column else "''")
    sql = sql.replace("{apart}", f"group by {label}" if column else "")
    rows = store.all(sql) if everything else store.all(sql, after=after, until=until)
    return Counter({row["label"]: row["n"] for row in rows if row["n"]})


def _mark(store: Store, table: str) -> _Mark:
    text = fact(store, f"rows.{table}")
    return _Mark() if text is None else _Mark(**json.loads(text))


def _save(store: Store, table: str, mark: _Mark) -> None:
    with store.write(durable=False):
        set_fact(store, f"rows.{table}", json.dumps(asdict(mark)))
