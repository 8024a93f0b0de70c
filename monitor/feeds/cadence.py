"""When a feed is asked next: its own pace within limits, what the server asks for, and patience where it fails. Pure; never giving up.

No randomness: feeds are spread by a hash of their name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from zlib import crc32

MAX_WAIT_S = 24 * 3600
FORBIDDEN_WAIT_S = 4 * 3600
MAX_ASKED_S = 7 * 86400
_SPREAD = 0.1
_SLOWER = 1.25
_SLOWEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A feed's limits in seconds: `usual` is the configured interval, `least` what an overrun may bring it to, `most` the longest pause."""

    usual_s: int
    least_s: int
    most_s: int


def next_interval_s(current_s: int, new: int, gap: bool, pace: Pace) -> int:
    """The interval after a good poll: shorter when items may have run through unseen, usual when there was news, slowly longer when there was none."""
    if gap:
        return max(pace.least_s, min(current_s, pace.usual_s) // 2)
    if new:
        return min(current_s, pace.usual_s)
    return min(round(current_s * _SLOWER), pace.usual_s * _SLOWEST, pace.most_s)


def next_poll_at(name: str, interval_s: int, asked_s: int, pace: Pace, now: datetime) -> datetime:
    """When to poll after a good answer: the interval, or what the server asked for where that is longer, within `most`, spread by name."""
    wait = min(max(interval_s, asked_s), max(pace.most_s, interval_s))
    return now + timedelta(seconds=wait + spread(name) * interval_s)


def asked_s(header: Callable[[str], str | None], ttl_min: int, now: datetime) -> int:
    """Seconds for which the answer asks to be left alone: Cache-Control max-age less Age, else Expires, and the feed's own ttl (RFC 9111 4.2)."""
    cache = (header("cache-control") or "").lower()
    age = re.search(r"max-age\s*=\s*\"?(\d{1,9})", cache)
    if "no-cache" in cache or "no-store" in cache:
        fresh = 0
    elif age:
        spent = header("age") or ""
        fresh = int(age[1]) - (int(spent) if spent.isdigit() else 0)
    else:
        fresh = _until(header("expires"), now)
    return max(0, min(max(fresh, ttl_min * 60), MAX_ASKED_S))


def _until(value: str | None, now: datetime) -> int:
    try:
        at = parsedate_to_datetime(value or "")
        return int((at - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0


def failure_wait_s(name: str, status: int | None, fail_count: int, asked: int | None, pace: Pace) -> float:
    """Seconds to wait after `fail_count` failed polls in a row (1 or more). 404: daily; 401 and 403: hours; else doubling up to a day."""
    if status == 404:
        planned = MAX_WAIT_S if fail_count > 2 else pace.usual_s * 2
    elif status in (401, 403, 451):
        planned = max(FORBIDDEN_WAIT_S, pace.usual_s)
    else:
        planned = min(pace.usual_s * 2 ** min(fail_count - 1, 10), MAX_WAIT_S)
    return max(planned, min(asked or 0, MAX_ASKED_S)) + spread(name) * pace.usual_s


def spread(name: str) -> float:
    """A share in [0, 0.1) that belongs to a feed's name: feeds of one interval do not all come due together."""
    return crc32(name.encode("utf-8", "replace")) / 2**32 * _SPREAD
