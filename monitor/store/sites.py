"""Sites and their lease: one visitor per host at a time, over all machines. A claim's token is new each time, so an expired one cannot save."""

from __future__ import annotations

from datetime import datetime

from monitor.errors import MonitorError
from monitor.hours import from_text_or_none, to_text
from monitor.model import Site
from monitor.store.driver import Row, Store

_CLAIM = """
with due as (
  select id from sites where due_at <= :now and (blocked_until_at is null or blocked_until_at <= :now) {work} order by due_at, id limit :limit {skip}
)
update sites set due_at = :until, owner = :owner, claimed_at = :now where id in (select id from due)
returning id, host, due_at, owner, blocked_until_at
"""
# Where pages are left unread, a site whose pages alone are due stays due, and nobody visits it in vain.
_FEEDS_ONLY = "and exists (select 1 from feeds f where f.site_id = sites.id and f.state = 'active' and f.next_poll_at <= :now)"
_RENEW = "update sites set due_at = :until where id = :id and owner = :owner"
_RELEASE = """
update sites set owner = null, claimed_at = null, due_at = (
  select case
    when sites.blocked_until_at > work.due_at then sites.blocked_until_at
    when :after > work.due_at then :after
    else work.due_at end
  from (
    select min(each.due_at) as due_at from (
      select next_poll_at as due_at from feeds where site_id = :id and state = 'active'
      union all
      select case when next_read_at < :pages_from then :pages_from else next_read_at end from articles where site_id = :id and state = 'pending'
    ) each where each.due_at is not null
  ) work where work.due_at is not null
) where id = :id and owner = :owner
"""
_BLOCK = """
update sites set blocked_until_at = :until, block_reason = :reason
where host = :host and (blocked_until_at is null or blocked_until_at < :until)
"""
_ENSURE = "insert into sites(host, due_at, created_at) values (:host, :due, :now) on conflict(host) do nothing"
_ID = "select id from sites where host = :host"
# A site under lease keeps its due time, which is the lease; its release looks at all work anew.
_LOWER = "update sites set due_at = :due where id = :id and owner is null and (due_at is null or due_at > :due)"
_FREE_ALL = "update sites set owner = null, claimed_at = null, due_at = :now where owner is not null"


class LeaseLost(MonitorError):
    """Another visitor has taken the site over; what this one wanted to save is rolled back."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"the lease on {host} was lost")


def claim(store: Store, now: datetime, until: datetime, limit: int, owner: str, *, feeds_only: bool = False) -> tuple[Site, ...]:
    """Takes at most `limit` due sites until an instant, longest due first. `owner` must be new for every claim.

    feeds_only: sites where a feed is due, for visitors that leave pages unread.
    """
    sql = _CLAIM.replace("{work}", _FEEDS_ONLY if feeds_only else "").replace("{skip}", store.skip_locked)
    with store.write(durable=False):
        rows = store.all(sql, now=now, until=until, limit=limit, owner=owner)
    return tuple(sorted((_site(row) for row in rows), key=lambda site: site.id))


def renew(store: Store, site_id: int, owner: str, until: datetime) -> bool:
    """The fence: prolongs the lease inside the caller's transaction; False where it is no longer held."""
    return store.run(_RENEW, id=site_id, owner=owner, until=until) == 1


def release(store: Store, site_id: int, owner: str, pages_from: datetime | None = None, after: datetime | None = None) -> None:
    """Gives the site back; it is due again when its earliest feed or page is, pages not before `pages_from`.

    Never before a block ends, nor before `after`.
    """
    with store.write(durable=False):
        store.run(_RELEASE, id=site_id, owner=owner, pages_from=_text(pages_from), after=_text(after))


def _text(at: datetime | None) -> str:
    """An instant as the store writes it; '', which is before all, for none."""
    return "" if at is None else to_text(at)


def block(store: Store, host: str, until: datetime, reason: str, now: datetime) -> None:
    """Keeps everybody away from a host until an instant (Retry-After binds the host); never shortens a block."""
    with store.write():
        ensure(store, host, None, now)
        store.run(_BLOCK, host=host, until=until, reason=reason)


def ensure(store: Store, host: str, due_at: datetime | None, now: datetime) -> int:
    """The id of a host's site, made where missing, due no later than `due_at`. Joins the caller's transaction."""
    with store.write():
        store.run(_ENSURE, host=host, due=due_at, now=now)
        row = store.one(_ID, host=host)
        assert row is not None
        if due_at is not None:
            store.run(_LOWER, id=row["id"], due=due_at)
        return int(row["id"])


def free_all(store: Store, now: datetime) -> int:
    """Frees every lease at the start of the only process of this database: whoever held them is dead."""
    with store.write():
        return store.run(_FREE_ALL, now=now)


def _site(row: Row) -> Site:
    return Site(
        id=row["id"],
        host=row["host"],
        due_at=from_text_or_none(row["due_at"]),
        owner=row["owner"],
        blocked_until_at=from_text_or_none(row["blocked_until_at"]),
    )
