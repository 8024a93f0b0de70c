"""Due times that a clock ahead of its time has set: brought back, so that nothing waits for a year that was never meant (RELIABILITY 2.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.hours import HORIZON, to_text
from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact

_PAGES = timedelta(hours=25)
"""A page is tried again, and what is held is let go, after a day at the latest."""

_TOLERANCE = timedelta(minutes=5)

PULL_BACK_EVERY = timedelta(minutes=2)
"""It looks at every feed and site."""

# A feed that was polled in the future was polled by a wrong clock, however little that was ahead: it is asked again at once.
_PULL_BACK = (
    """
update feeds set next_poll_at = :now
where next_poll_at > :horizon or (state = 'active' and last_polled_at > :ahead and next_poll_at > :now)
""",
    # By way of the sites, since the index on reading times begins with them.
    "update articles set next_read_at = :now where state = 'pending' and next_read_at > :pages and site_id in (select id from sites)",
    "update sites set blocked_until_at = null, block_reason = null where blocked_until_at > :horizon",
    "update sites set due_at = :now, owner = null where due_at > :horizon",
    "update deliveries set next_attempt_at = :now where state in ('pending', 'parked') and next_attempt_at > :horizon",
    "update deliveries set lease_until_at = :now where state = 'sending' and lease_until_at > :horizon",
)
_POLLED = "update feeds set last_polled_at = :now where last_polled_at > :ahead"
_DUE = """
update sites set due_at = :now where owner is null and due_at > :now and exists (
  select 1 from feeds f where f.site_id = sites.id and f.state = 'active' and f.next_poll_at <= :now
  union all select 1 from articles a where a.site_id = sites.id and a.state = 'pending' and a.next_read_at <= :now)
"""


def pull_back(store: Store, now: datetime) -> int:
    """Makes due at once whatever is due later than anything may be, and returns how much that was."""
    times = {"now": now, "ahead": now + _TOLERANCE, "horizon": now + HORIZON, "pages": now + _PAGES}
    with store.write():
        changed = sum(store.run(sql, **times) for sql in _PULL_BACK)
        store.run(_POLLED, **times)
        if changed:
            store.run(_DUE, **times)
    return changed


def pull_back_when_due(store: Store, now: datetime) -> int:
    """`pull_back`, where that was not done within two minutes; and where it was done in the future, for then the clock was ahead."""
    last = fact(store, "pulled_back_at")
    if last is not None and to_text(now - PULL_BACK_EVERY) < last <= to_text(now):
        return 0
    changed = pull_back(store, now)
    with store.write(durable=False):
        set_fact(store, "pulled_back_at", to_text(now))
    return changed
