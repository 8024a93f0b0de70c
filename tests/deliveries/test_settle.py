"""What follows from a verdict, and when a delivery is due again (RELIABILITY 2.8)."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.backoff import FILE, MAX_RETRY_AFTER_S, SMTP, SMTP_PATIENCE, WEBHOOK, WEBHOOK_PATIENCE, retry_after_s, wait_s
from monitor.deliveries.settle import Settlement, settlement
from monitor.model import SendVerdict
from tests.deliveries.rows import AGAIN, BEGAN, SENT

SCHEDULES = st.sampled_from([WEBHOOK, SMTP, FILE])
SHARES = st.floats(0, 1, exclude_max=True)


def settled(verdict: SendVerdict, attempts: int = 1, after: timedelta = timedelta(0), share: float = 0.5) -> Settlement:
    return settlement(verdict, attempts, BEGAN, WEBHOOK, WEBHOOK_PATIENCE, share, BEGAN + after)


def test_the_published_schedules() -> None:
    """The waits are those of Standard Webhooks for endpoints, and for mail a first retry after a minute and every four hours later on."""
    assert WEBHOOK == (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert (SMTP[0], SMTP[-1]) == (60, 4 * 3600)
    assert all(ratio <= 6 for ratio in (after / before for before, after in pairwise(SMTP)))
    assert timedelta(days=4) < WEBHOOK_PATIENCE < SMTP_PATIENCE


def test_final_states() -> None:
    """Sent is delivered, refused is rejected, and neither is ever due by itself."""
    assert settled(SENT) == Settlement(state="delivered")
    assert settled(SendVerdict(outcome="refused", code="550")) == Settlement(state="rejected")
    assert settled(SendVerdict(outcome="parked", code="410")) == Settlement(state="parked")


def test_a_parked_transport_is_probed() -> None:
    """A parked verdict with a time is due again then."""
    verdict = SendVerdict(outcome="parked", code="535", retry_after_s=3600)
    assert settled(verdict) == Settlement(state="parked", next_attempt_at=BEGAN + timedelta(hours=1))


@pytest.mark.parametrize(("attempts", "wait"), [(1, 5), (2, 300), (3, 1800), (9, 86400), (10, 86400), (500, 86400)])
def test_failures_follow_the_schedule(attempts: int, wait: int) -> None:
    """Each failure waits its time; the last time repeats."""
    assert settled(AGAIN, attempts) == Settlement(state="pending", next_attempt_at=BEGAN + timedelta(seconds=wait))


def test_long_failure_is_parked_and_probed_daily() -> None:
    """After the channel's patience a delivery is parked, shown, and still tried once a day: it never ends unseen."""
    assert settled(AGAIN, 9, WEBHOOK_PATIENCE - timedelta(seconds=1)).state == "pending"
    late = settled(AGAIN, 9, WEBHOOK_PATIENCE, share=0.0)
    assert late.state == "parked"
    assert late.next_attempt_at is not None
    assert late.next_attempt_at >= BEGAN + WEBHOOK_PATIENCE + timedelta(days=1)


@given(SCHEDULES, st.integers(1, 1000), SHARES, st.one_of(st.none(), st.integers(0, 10**9)))
def test_waits_are_bounded(schedule: tuple[int, ...], failures: int, share: float, asked: int | None) -> None:
    """A wait is within 20 % of its schedule, or what Retry-After asks where that is longer, and never beyond seven days."""
    wait = wait_s(schedule, failures, share, asked)
    planned = schedule[min(failures, len(schedule)) - 1]
    assert wait >= planned * 0.8
    assert wait <= max(planned * 1.2, min(asked or 0, MAX_RETRY_AFTER_S))
    assert wait >= min(asked or 0, MAX_RETRY_AFTER_S)


@given(SCHEDULES, SHARES)
def test_waits_grow(schedule: tuple[int, ...], share: float) -> None:
    """Later waits are never shorter than earlier ones, so the tenth failure lies well behind the first."""
    waits = [wait_s(schedule, failures, share) for failures in range(1, 12)]
    assert waits == sorted(waits)
    assert list(accumulate(waits))[-1] > waits[0] * 10


@given(st.text(max_size=60))
def test_any_retry_after(value: str) -> None:
    """Whatever the header says, the answer is None or between nothing and seven days."""
    found = retry_after_s(value, BEGAN)
    assert found is None or 0 <= found <= MAX_RETRY_AFTER_S
