"""How many rows there are of what never goes, without counting years of history at each question.

A mark in `meta` holds, for each table, what was counted up to a number; only the rows after it are counted when somebody asks. The mark moves to a
number an hour after this was the largest: whoever was given a smaller one has committed or is gone by then (`postgres.py` throws out who is silent
for a minute), so no row comes in behind it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from monitor.hours import from_text, to_text
from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact

COUNTED = ("articles", "entries", "hits", "stories")
"""Tables whose rows stay for ever (retention.STAYS)."""

SETTLED = timedelta(hours=1)

LEAST = 2000
"""Fewer rows than that after the mark are quickly counted: it stays where it is."""

AT_A_TIME = 10_000
"""Rows counted in one move, which belongs to a tick of 50 ms."""

_COUNT = "select count(*) as n from {table} where id > :after and id <= :until"
_LARGEST = "select coalesce(max(id), 0) as id from {table}"
_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How many rows were counted up to a number; `coming` was the largest number at `coming_at`, where it is beyond that."""

    upto: int = 0
    rows: int = 0
    coming: int = 0
    coming_at: str = ""


def count(store: Store, table: str) -> int:
    """The rows of a counted table now."""
    mark = _mark(store, table)
    return mark.rows + _count(store, table, mark.upto, _ALL)


def move_marks(store: Store, now: datetime, least: int = LEAST, at_a_time: int = AT_A_TIME) -> bool:
    """Moves each mark on by a bounded part of what is settled. True where another call at once would go on."""
    more = [_move(store, table, now, least, at_a_time) for table in COUNTED]
    return any(more)


def _move(store: Store, table: str, now: datetime, least: int, at_a_time: int) -> bool:
    mark = _mark(store, table)
    if mark.coming <= mark.upto:
        largest = (store.one(_LARGEST.replace("{table}", table)) or {"id": 0})["id"]
        if largest - mark.upto >= least:
            _save(store, table, replace(mark, coming=largest, coming_at=to_text(now)))
        return False
    waited = now - from_text(mark.coming_at)
    if waited < timedelta(0):  # by a clock that was ahead
        _save(store, table, replace(mark, coming_at=to_text(now)))
    if waited < SETTLED:
        return False
    until = min(mark.coming, mark.upto + at_a_time)
    _save(store, table, replace(mark, upto=until, rows=mark.rows + _count(store, table, mark.upto, until)))
    return until < mark.coming


def _count(store: Store, table: str, after: int, until: int) -> int:
    return int((store.one(_COUNT.replace("{table}", table), after=after, until=until) or {"n": 0})["n"])


def _mark(store: Store, table: str) -> _Mark:
    text = fact(store, f"counted.{table}")
    return _Mark() if text is None else _Mark(**json.loads(text))


def _save(store: Store, table: str, mark: _Mark) -> None:
    with store.write(durable=False):
        set_fact(store, f"counted.{table}", json.dumps(asdict(mark)))
