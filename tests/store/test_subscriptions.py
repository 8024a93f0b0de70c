"""Subscriptions as the database remembers them."""

from __future__ import annotations

from datetime import timedelta

from monitor.store.sqlite import SqliteStore
from monitor.store.subscriptions import get, stored, sync, told
from tests.digests.rows import BEGAN, SEVEN, subscription


def test_a_subscription_begins_when_first_seen(store: SqliteStore) -> None:
    """Synchronising again does not move its beginning."""
    sync(store, (subscription(),), BEGAN)
    sync(store, (subscription(title="Another title"),), SEVEN)
    row = get(store, "morning")
    assert row is not None
    assert (row.since_at, row.state) == (BEGAN, "active")


def test_a_removed_subscription_keeps_its_rows(store: SqliteStore) -> None:
    """Out of the configuration it is marked; put back, it goes on where it began."""
    sync(store, (subscription(), subscription(name="evening")), BEGAN)
    sync(store, (subscription(),), SEVEN)
    assert {row.name: row.state for row in stored(store)} == {"morning": "active", "evening": "removed"}
    sync(store, (subscription(name="evening"),), SEVEN + timedelta(hours=1))
    assert {row.name: row.state for row in stored(store)} == {"morning": "removed", "evening": "active"}
    row = get(store, "evening")
    assert row is not None
    assert row.since_at == BEGAN


def test_a_watchlist_begins_when_it_is_taken_up(store: SqliteStore) -> None:
    """Each watchlist of a subscription has its own beginning, which a later look does not move."""
    sync(store, (subscription(),), BEGAN)
    sync(store, (subscription(watchlists=("vn-us", "chips")),), SEVEN)
    sync(store, (subscription(watchlists=("vn-us", "chips")),), SEVEN + timedelta(hours=1))
    found = store.all("select watchlist, since_at from subscription_watchlists order by watchlist")
    assert [(row["watchlist"], row["since_at"][:10]) for row in found] == [("chips", "2024-09-26"), ("vn-us", "2024-09-23")]


def test_unknown_and_untold(store: SqliteStore) -> None:
    """An unknown name is None; a subscription without digests has told nothing."""
    assert get(store, "nobody") is None
    sync(store, (subscription(),), BEGAN)
    assert told(store)["morning"] == {"name": "morning", "digests": 0, "latest_at": None}


def test_a_clock_that_ran_ahead_does_not_silence(store: SqliteStore) -> None:
    """A beginning recorded by a clock years ahead is moved to now at the next start."""
    sync(store, (subscription(),), SEVEN + timedelta(days=2000))
    sync(store, (subscription(),), SEVEN)
    row = get(store, "morning")
    assert row is not None
    assert row.since_at == SEVEN
    assert store.all("select since_at from subscription_watchlists")[0]["since_at"][:10] == "2024-09-26"
