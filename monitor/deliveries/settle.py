"""What follows from a channel's verdict: the delivery's next state and when it is due again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.backoff import wait_s
from monitor.model import SendVerdict

_PROBE = timedelta(days=1)
"""A delivery parked for failing too long is shown, and tried again once a day (RELIABILITY 2.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A delivery's new state, and when it is due again by itself (None: never)."""

    state: str
    next_attempt_at: datetime | None = None


def settlement(
    verdict: SendVerdict,
    attempts: int,
    first_attempt_at: datetime,
    schedule: tuple[int, ...],
    patience: timedelta,
    share: float,
    now: datetime,
) -> Settlement:
    """What follows from the verdict on attempt number `attempts`; `share` in [0, 1) spreads the wait, `patience` ends the hurry."""
    match verdict.outcome:
        case "sent":
            return Settlement(state="delivered")
        case "refused":
            return Settlement(state="rejected")
        case "parked":
            wait = verdict.retry_after_s
            return Settlement(state="parked", next_attempt_at=None if wait is None else now + timedelta(seconds=wait))
        case _:
            again_at = now + timedelta(seconds=wait_s(schedule, attempts, share, verdict.retry_after_s))
            if now - first_attempt_at >= patience:
                return Settlement(state="parked", next_attempt_at=max(again_at, now + _PROBE))
            return Settlement(state="pending", next_attempt_at=again_at)
