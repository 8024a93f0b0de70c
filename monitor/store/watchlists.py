"""Versions of the watchlists: which sets were in force, and the revision that articles are matched against."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.store.driver import Row, Store
from monitor.store.steps import fact, set_fact
from monitor.store.workers import hold
from monitor.text import digest

_CURRENT = "watchlists"
_SAVE = """
insert into watchlist_versions(watchlist, title, digest, engine, source_json, rev, created_at, backfill)
values (:watchlist, :title, :digest, :engine, :source, :rev, :now, :backfill)
on conflict(watchlist, digest, engine) do update set title = :title, rev = :rev, backfill = :backfill
returning id
"""
_IDS = "select id, watchlist from watchlist_versions where rev = :rev"
_LIST = "select id, watchlist, title, digest, engine, rev, created_at from watchlist_versions order by rev desc, watchlist, id desc limit :limit"
_HISTORY = """
select id, title, digest, engine, rev, created_at from watchlist_versions where watchlist = :watchlist order by id desc limit :limit
"""
_SOURCE = "select source_json from watchlist_versions where id = :id"
_ACTIVE = "select id, watchlist, title, digest, engine, source_json as source, created_at from watchlist_versions where rev = :rev order by watchlist"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchlistVersion:
    """A watchlist as it is in force: `digest` says what it means, `engine` who matches with it, `source` gives its whole meaning as JSON, when it is stored."""

    watchlist: str
    title: str
    digest: str
    engine: str
    source: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The revision in force, its version rows by watchlist, and whether it has just begun."""

    rev: int
    version_ids: dict[str, int]
    changed: bool


def register(store: Store, versions: Sequence[WatchlistVersion], now: datetime, backfill: Collection[str] = ()) -> Registered:
    """Records the set of watchlists in force. The revision grows when the set differs from the last one recorded, also back to an older set.

    `backfill` names the watchlists whose finds in history are shown in a digest, in a section of their own; it is heeded when the revision grows.
    """
    signature = digest(*(part for v in sorted(versions, key=lambda v: v.watchlist) for part in (v.watchlist, v.digest, v.engine)))
    with store.write():
        hold(store, "watchlists")
        rev, last = _current(store)
        if signature == last:
            ids = {row["watchlist"]: row["id"] for row in store.all(_IDS, rev=rev)}
            return Registered(rev=rev, version_ids=ids, changed=False)
        ids = {v.watchlist: _save(store, v, rev + 1, now, v.watchlist in backfill) for v in versions}
        set_fact(store, _CURRENT, json.dumps({"rev": rev + 1, "signature": signature}))
    return Registered(rev=rev + 1, version_ids=ids, changed=True)


def current_rev(store: Store) -> int:
    """The revision in force; 0 before the first."""
    return _current(store)[0]


def active(store: Store) -> list[Row]:
    """Rows of the versions in force by watchlist: id, watchlist, title, digest, engine, source (its whole meaning as JSON), created_at."""
    return store.all(_ACTIVE, rev=current_rev(store))


def listed(store: Store, limit: int) -> list[Row]:
    """Rows of all versions, newest revision first."""
    return store.all(_LIST, limit=limit)


def history(store: Store, watchlist: str, limit: int) -> list[Row]:
    """Rows of one watchlist's versions, newest first."""
    return store.all(_HISTORY, watchlist=watchlist, limit=limit)


def source(store: Store, version_id: int) -> str | None:
    """The whole meaning of one version as JSON, or None."""
    row = store.one(_SOURCE, id=version_id)
    return None if row is None else str(row["source_json"])


def _current(store: Store) -> tuple[int, str]:
    known = fact(store, _CURRENT)
    if known is None:
        return 0, ""
    stored = json.loads(known)
    return int(stored["rev"]), str(stored["signature"])


def _save(store: Store, version: WatchlistVersion, rev: int, now: datetime, backfill: bool) -> int:
    saved = store.one(
        _SAVE,
        watchlist=version.watchlist,
        title=version.title,
        digest=version.digest,
        engine=version.engine,
        source=version.source(),
        rev=rev,
        now=now,
        backfill=backfill,
    )
    assert saved is not None
    return int(saved["id"])
