"""Brings back due times that a clock running ahead has set: without it, one false jump would keep a feed silent for as long (RELIABILITY 2.7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.store.driver import Store

FEED_HORIZON = timedelta(days=8)
"""No rule sets a poll further ahead: Retry-After and the longest interval are capped at seven days, plus a tenth to spread."""

ARTICLE_HORIZON = timedelta(hours=25)
LEASE_HORIZON = timedelta(hours=1)
_TOLERANCE = timedelta(minutes=5)

# A feed that was polled in the future was polled by a wrong clock, whatever the distance: it is asked again at once.
_FEEDS = """
update feeds set next_poll_at = :now
where state = 'active' and (next_poll_at > :horizon or (last_polled_at > :ahead and next_poll_at > :now))
"""
_POLLED = "update feeds set last_polled_at = :now where last_polled_at > :ahead"
_ARTICLES = "update articles set next_read_at = :now where state = 'pending' and next_read_at > :horizon"
_BLOCKS = "update sites set blocked_until_at = null, block_reason = null where blocked_until_at > :horizon"
_LEASES = "update sites set due_at = :now, owner = null where owner is not null and due_at > :horizon"
_DUE = """
update sites set due_at = :now where owner is null and due_at > :now and exists (
  select 1 from feeds f where f.site_id = sites.id and f.state = 'active' and f.next_poll_at <= :now
  union all select 1 from articles a where a.site_id = sites.id and a.state = 'pending' and a.next_read_at <= :now)
"""


def clamp_due_times(store: Store, now: datetime) -> int:
    """Makes everything due that waits for an instant no rule can have set, and returns the number of rows. A site's own block stays."""
    ahead = now + _TOLERANCE
    with store.write():
        changed = store.run(_FEEDS, now=now, ahead=ahead, horizon=now + FEED_HORIZON)
        store.run(_POLLED, now=now, ahead=ahead)
        changed += store.run(_ARTICLES, now=now, horizon=now + ARTICLE_HORIZON)
        changed += store.run(_BLOCKS, horizon=now + FEED_HORIZON)
        changed += store.run(_LEASES, now=now, horizon=now + LEASE_HORIZON)
        if changed:
            store.run(_DUE, now=now)
    return changed
