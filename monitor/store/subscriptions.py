"""Subscriptions as the database remembers them: since when each follows each of its watchlists. What they are stands in config.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.hours import from_text
from monitor.model import Subscription
from monitor.store.driver import Row, Store
from monitor.store.workers import hold

_ADD = "insert into subscriptions(name, since_at, created_at) values (:name, :now, :now) on conflict(name) do nothing"
_FOLLOW = """
insert into subscription_watchlists(subscription_id, watchlist, since_at)
select id, :watchlist, :now from subscriptions where name = :name
on conflict(subscription_id, watchlist) do nothing
"""
# A beginning in the future was set by a clock that ran ahead; kept, it would silence the subscription until then.
_BEGIN = "update subscriptions set since_at = :now where since_at > :now"
_BEGIN_WATCHLISTS = "update subscription_watchlists set since_at = :now where since_at > :now"
_STATE = "update subscriptions set state = :state where name = :name and state <> :state"
_ALL = "select id, name, since_at, state from subscriptions order by name"
_ONE = "select id, name, since_at, state from subscriptions where name = :name"
_LATEST = """
select s.name, count(d.id) as digests, max(d.created_at) as latest_at
from subscriptions s left join digests d on d.subscription_id = s.id and d.kind <> 'none' group by s.name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSubscription:
    """A subscription's row. Nothing that was found before `since_at` is told. state: active | removed (no longer in the configuration)."""

    id: int
    name: str
    since_at: datetime
    state: str


def sync(store: Store, subscriptions: Sequence[Subscription], now: datetime) -> None:
    """Brings the rows in line with the configuration.

    A subscription begins now; so does a watchlist added to one, so that its older hits do not arrive as news. What is no longer configured
    is marked as removed and keeps its rows: put back, it goes on where it was and tells what it missed.
    """
    with store.write():
        hold(store, "configuration")
        store.run(_BEGIN, now=now)
        store.run(_BEGIN_WATCHLISTS, now=now)
        declared = {subscription.name for subscription in subscriptions}
        for subscription in subscriptions:
            store.run(_ADD, name=subscription.name, now=now)
            store.run(_STATE, name=subscription.name, state="active")
            for watchlist in subscription.watchlists:
                store.run(_FOLLOW, name=subscription.name, watchlist=watchlist, now=now)
        for row in store.all(_ALL):
            if row["name"] not in declared:
                store.run(_STATE, name=row["name"], state="removed")


def get(store: Store, name: str) -> StoredSubscription | None:
    """One subscription's row, or None where it was never synchronised."""
    row = store.one(_ONE, name=name)
    return None if row is None else _stored(row)


def stored(store: Store) -> tuple[StoredSubscription, ...]:
    """All rows by name, those of removed subscriptions too."""
    return tuple(_stored(row) for row in store.all(_ALL))


def told(store: Store) -> dict[str, Row]:
    """By name: how many digests were sent (`digests`) and when the latest was made (`latest_at`, stored text or None)."""
    return {row["name"]: row for row in store.all(_LATEST)}


def _stored(row: Row) -> StoredSubscription:
    return StoredSubscription(id=row["id"], name=row["name"], since_at=from_text(row["since_at"]), state=row["state"])
