"""When a feed is asked next: its own pace within limits, what the server asks for, and patience where it fails. Pure; never giving up.

No randomness: feeds are spread by a hash of their name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zlib import crc32

Header = Callable[[str], str | None]

MAX_WAIT_S = 24 * 3600
FORBIDDEN_WAIT_S = 4 * 3600
MAX_ASKED_S = 7 * 86400
_SPREAD = 0.1
_SLOWER = 1.25
_SLOWEST = 4
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A feed's limits in seconds: `usual` is the configured interval, `least` what an overrun may bring it to, `most` the longest pause."""

    usual_s: int
    least_s: int
    most_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks:
    """What a feed asked of its readers with its last full answer; each is a wish to be left alone.

    fresh_s     seconds for which the answer stays good (Cache-Control, Expires)
    ttl_min     minutes between two polls (RSS ttl, the syndication module)
    skip_hours  hours of the day, GMT;  skip_days  weekdays, 0 is Monday (RSS 2.0)
    """

    fresh_s: int = 0
    ttl_min: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()

    def text(self) -> str:
        """The form in which they are stored."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})


def asks_of(header: Header, found: Mapping[str, Any], now: datetime) -> Asks:
    """What a full answer asks for: its header fields, and what the parsed feed says."""
    return Asks(
        fresh_s=fresh_s(header, now) or 0,
        ttl_min=found["ttl_min"],
        skip_hours=tuple(found["skip_hours"]),
        skip_days=tuple(found["skip_days"]),
    )


def asks_again(stored: str, header: Header, now: datetime) -> Asks:
    """What holds after an answer that brought nothing new: the stored wishes, renewed by what the answer says (RFC 9111 4.3.4)."""
    kept: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(stored or "{}").items()}
    asks = Asks(**kept)
    fresh = fresh_s(header, now)
    return asks if fresh is None else replace(asks, fresh_s=fresh)


def fresh_s(header: Header, now: datetime) -> int | None:
    """Seconds for which an answer says it stays good (RFC 9111 4.2): max-age, else Expires, less Age; None where it does not say."""
    cache = (header("cache-control") or "").lower()
    age = re.search(r"max-age\s*=\s*\"?(\d{1,9})", cache)
    if "no-cache" in cache or "no-store" in cache:
        return 0
    if age:
        spent = (header("age") or "").strip()
        lasts = int(age[1]) - (int(spent[:9]) if spent.isascii() and spent.isdecimal() else 0)
    elif (expires := header("expires")) is not None:
        ends = _instant(expires)
        lasts = int((ends - (_instant(header("date")) or now)).total_seconds()) if ends else 0
    else:
        return None
    return max(0, min(lasts, MAX_ASKED_S))


def next_interval_s(current_s: int, new: int, gap: bool, pace: Pace) -> int:
    """The interval after a good poll: shorter when items may have run through unseen, usual when there was news, slowly longer when there was none."""
    if gap:
        return max(pace.least_s, min(current_s, pace.usual_s) // 2)
    if new:
        return min(current_s, pace.usual_s)
    return min(round(current_s * _SLOWER), pace.usual_s * _SLOWEST, pace.most_s)


def next_poll_at(name: str, interval_s: int, asks: Asks, pace: Pace, now: datetime) -> datetime:
    """When to poll after a good answer: the interval, or what the feed asked for where that is longer, within `most`, spread by name."""
    wait = min(max(interval_s, asks.fresh_s, asks.ttl_min * 60), max(pace.most_s, interval_s))
    lead = timedelta(seconds=spread(name) * interval_s)
    return _outside(now + timedelta(seconds=wait) + lead, asks, lead)


def _outside(at: datetime, asks: Asks, lead: timedelta) -> datetime:
    """`at`, or the first hour after it that is not one to be skipped; a feed that wants to be skipped always is not believed."""
    first = at
    for _ in range(8 * 24):
        if at.hour not in asks.skip_hours and at.weekday() not in asks.skip_days:
            return at
        at = at.replace(minute=0, second=0, microsecond=0) + _HOUR + lead
    return first


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


def _instant(value: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(value or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
