"""Searches that somebody gave a name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text
from monitor.store.driver import Row, Store

_COLUMNS = "select name, title, fields_json, created_at from saved_searches"
_ALL = f"{_COLUMNS} order by title, name"
_ONE = f"{_COLUMNS} where name = :name"
_SAVE = """
insert into saved_searches(name, title, fields_json, created_at) values (:name, :title, :fields, :now) on conflict(name) do nothing
"""
_FORGET = "delete from saved_searches where name = :name"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A search under a name: the fields of the search form that were filled in."""

    name: str
    title: str
    fields: dict[str, str]
    created_at: datetime


def every(store: Store) -> tuple[SavedSearch, ...]:
    """All saved searches, by title."""
    return tuple(_saved(row) for row in store.all(_ALL))


def get(store: Store, name: str) -> SavedSearch | None:
    """One saved search, or None."""
    row = store.one(_ONE, name=name)
    return None if row is None else _saved(row)


def save(store: Store, name: str, title: str, fields: Mapping[str, str], now: datetime) -> bool:
    """Saves a search; False where the name is taken."""
    with store.write():
        return store.run(_SAVE, name=name, title=title, fields=json.dumps(dict(fields), ensure_ascii=False), now=now) == 1


def forget(store: Store, name: str) -> bool:
    """Forgets a search; False where there is none of that name."""
    with store.write():
        return store.run(_FORGET, name=name) == 1


def _saved(row: Row) -> SavedSearch:
    return SavedSearch(name=row["name"], title=row["title"], fields=json.loads(row["fields_json"]), created_at=from_text(row["created_at"]))
