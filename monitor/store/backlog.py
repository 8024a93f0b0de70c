"""Whether the program has caught up with the world: after a sleep or a stop the feeds, pages and texts of that time are still to come."""

from __future__ import annotations

from datetime import datetime

from monitor.store.driver import Store

_BEHIND = """
select 1 as yes where exists (
    select 1 from feeds f join sites s on s.id = f.site_id where f.state = 'active' and f.next_poll_at <= :now
      and (s.blocked_until_at is null or s.blocked_until_at <= :now))
  or exists (select 1 from articles where state = 'pending' and attempts = 0 and next_read_at <= :now and site_id in (select id from sites))
  or exists (select 1 from articles where matched_rev = 0 and state <> 'pending')
  or exists (select 1 from hits where story_id is null)
"""


def behind(store: Store, now: datetime) -> bool:
    """True while a feed is due, a page waits for its first reading, or a text or hit for its turn."""
    return store.one(_BEHIND, now=now) is not None
