"""When a redirect counts as a move: the same permanent answer on several polls over a day (RELIABILITY case 65). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

POLLS = 3
SPAN = timedelta(hours=24)
"""A maintenance page or a captive portal can say 301 for an hour; a move is still true the next day."""

_PERMANENT = (301, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A permanent redirect as seen so far: where to, since when, on how many polls. No address: none seen."""

    url: str | None = None
    since_at: datetime | None = None
    count: int = 0


def seen(before: Move, statuses: Sequence[int], url: str, now: datetime) -> Move:
    """What is known of the move after a poll that ended well at `url` through redirects with these statuses."""
    if not statuses or any(status not in _PERMANENT for status in statuses):
        return Move()
    if before.url != url:
        return Move(url=url, since_at=now, count=1)
    return Move(url=url, since_at=before.since_at, count=before.count + 1)


def is_settled(move: Move, now: datetime) -> bool:
    """True where the redirect has stood long enough to be followed for good."""
    return move.url is not None and move.since_at is not None and move.count >= POLLS and now - move.since_at >= SPAN
