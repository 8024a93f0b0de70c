"""Due times that a clock ahead of its time has set: brought back, so that nothing waits for a year that was never meant (RELIABILITY 2.7)."""

from __future__ import annotations

from datetime import datetime

from monitor.hours import HORIZON
from monitor.store.driver import Store

_PULL_BACK = (
    "update feeds set next_poll_at = :now where next_poll_at > :horizon",
    # By way of the sites, since the index on reading times begins with them.
    "update articles set next_read_at = :now where state = 'pending' and next_read_at > :horizon and site_id in (select id from sites)",
    "update sites set blocked_until_at = null, block_reason = null where blocked_until_at > :horizon",
    "update sites set due_at = :now, owner = null where due_at > :horizon",
    "update deliveries set next_attempt_at = :now where state in ('pending', 'parked') and next_attempt_at > :horizon",
    "update deliveries set lease_until_at = :now where state = 'sending' and lease_until_at > :horizon",
)


def pull_back(store: Store, now: datetime) -> int:
    """Makes due at once whatever is due later than anything may be, and returns how much that was."""
    with store.write():
        return sum(store.run(sql, now=now, horizon=now + HORIZON) for sql in _PULL_BACK)
