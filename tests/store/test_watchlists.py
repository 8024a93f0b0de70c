"""Watchlist versions and the revision that articles are matched against."""

from __future__ import annotations

from datetime import datetime

from monitor.store import watchlists
from monitor.store.sqlite import SqliteStore
from monitor.store.watchlists import WatchlistVersion


def version(watchlist: str = "a", digest: str = "1", engine: str = "e1") -> WatchlistVersion:
    return WatchlistVersion(watchlist=watchlist, title=watchlist.upper(), digest=digest, engine=engine, source=lambda: "{}")


def test_the_same_set_keeps_its_revision(store: SqliteStore, now: datetime) -> None:
    """Restarting with unchanged watchlists makes nothing due again."""
    first = watchlists.register(store, [version("a"), version("b")], now)
    again = watchlists.register(store, [version("b"), version("a")], now)
    assert (first.rev, first.changed) == (1, True)
    assert (again.rev, again.changed) == (1, False)
    assert again.version_ids == first.version_ids


def test_every_change_is_a_new_revision(store: SqliteStore, now: datetime) -> None:
    """A changed meaning, engine or number of watchlists makes everything due again, and so does going back to an older set."""
    sets = (
        [version()],
        [version(digest="2")],
        [version(digest="2", engine="e2")],
        [version(digest="2", engine="e2"), version("b")],
        [version()],
    )
    revisions = [watchlists.register(store, versions, now).rev for versions in sets]
    assert revisions == [1, 2, 3, 4, 5]
    assert watchlists.current_rev(store) == 5


def test_an_older_set_finds_its_own_rows_again(store: SqliteStore, now: datetime) -> None:
    """One meaning under one engine is one row, however often it comes into force."""
    first = watchlists.register(store, [version()], now)
    watchlists.register(store, [version(digest="2")], now)
    back = watchlists.register(store, [version()], now)
    assert back.version_ids == first.version_ids
    rows = watchlists.listed(store, 10)
    assert [(row["digest"], row["rev"]) for row in rows] == [("1", 3), ("2", 2)]
    assert watchlists.source(store, rows[0]["id"]) == "{}"
    assert watchlists.source(store, 99) is None
