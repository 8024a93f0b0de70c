"""When a delivery is tried again (RELIABILITY 2.8). Pure: the random share and the instant are arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

WEBHOOK: tuple[int, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds to wait after the first, second ... failed webhook attempt; the last one repeats (Standard Webhooks)."""

SMTP: tuple[int, ...] = (60, 300, 900, 1800, 3600, 5400, 8100, 12150, 14400)
"""Seconds to wait after the first, second ... failed mail attempt; the last one repeats."""

FILE: tuple[int, ...] = (5, 60, 300, 900)

WEBHOOK_PATIENCE = timedelta(days=5)
SMTP_PATIENCE = timedelta(days=7)
"""How long attempts may fail before the delivery is parked; RFC 5321 4.5.4.1 asks for at least four to five days."""

MAX_RETRY_AFTER_S = 7 * 86400
_SPREAD = 0.2


def wait_s(schedule: tuple[int, ...], failures: int, share: float, retry_after_s: int | None = None) -> float:
    """Seconds to wait after `failures` failed attempts (1 or more): the schedule spread by +-20 % (`share` in [0, 1)), never less than Retry-After."""
    planned = schedule[min(max(failures, 1), len(schedule)) - 1]
    spread = planned * (1 + _SPREAD * (2 * share - 1))
    return max(spread, float(min(retry_after_s or 0, MAX_RETRY_AFTER_S)))


def retry_after_s(value: str | None, now: datetime) -> int | None:
    """Seconds asked for by a Retry-After header (RFC 9110 10.2.3: seconds or an HTTP date), capped at 7 days; None for anything else."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,18}", text):
        return min(int(text), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    try:
        ahead = (at - now) / timedelta(seconds=1)
    except OverflowError:
        return None
    return min(int(ahead), MAX_RETRY_AFTER_S) if ahead > 0 else None
