"""What the daemon may do while its disk is short, full or failing (RELIABILITY 2.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.mode import MIB, Limits, Mode, Probe, after_fault, after_probe, least_bytes

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LIMITS = Limits(free_bytes=200 * MIB, free_percent=2.0)
STEPS = ("visit", "match", "group", "regroup", "plan", "deliver", "alarm", "publish", "tidy")


def look(mode: Mode, free_mib: int = 5000, error: str = "", ballast: bool = True, total_mib: int = 10000) -> Mode:
    probe = Probe(error=error, free_bytes=free_mib * MIB, total_bytes=total_mib * MIB, ballast=ballast)
    return after_probe(mode, probe, LIMITS, NOW)


def allowed(mode: Mode) -> set[str]:
    return {step for step in STEPS if mode.allows(step)}


def test_the_larger_limit_counts() -> None:
    """Two percent of a large disk is more than 200 MiB; of a small one it is less."""
    assert least_bytes(LIMITS, 100_000 * MIB) == 2000 * MIB
    assert least_bytes(LIMITS, 1000 * MIB) == 200 * MIB


def test_low_space_stops_polling_with_hysteresis() -> None:
    """Below the limit nothing new is polled, all else goes on; polling comes back at twice the limit, not a byte over it."""
    low = look(Mode(), free_mib=199)
    assert low.name == "low-space"
    assert allowed(low) == set(STEPS) - {"visit"}
    assert look(low, free_mib=300).name == "low-space"
    assert look(Mode(), free_mib=300).name == "normal"
    assert look(low, free_mib=401).name == "normal"


def test_case_22_a_full_disk_needs_room_before_work_goes_on() -> None:
    """After a full disk only settles run, and only while they can be written; work returns with room and ballast."""
    full = after_fault(Mode(), "disk full", True, NOW)
    assert allowed(full) == set()
    writable = look(full, free_mib=1)
    assert allowed(writable) == {"deliver"}
    assert allowed(look(writable, free_mib=5000, ballast=False)) == {"deliver"}
    assert allowed(look(writable, free_mib=300)) == set(STEPS)
    assert allowed(look(writable, error="disk full again")) == set()


def test_a_full_disk_met_by_the_watch_itself_needs_room_too() -> None:
    """It makes no difference whether a step or the watch met the full disk first: without the ballast work does not go on."""
    probe = Probe(error="disk full", full=True, free_bytes=0, total_bytes=0)
    assert allowed(look(after_probe(Mode(), probe, LIMITS, NOW), ballast=False)) == {"deliver"}


def test_case_28_a_read_only_disk_needs_no_room() -> None:
    """After a disk was read-only, one write that goes through is enough."""
    fault = after_fault(Mode(), "read-only", False, NOW)
    assert allowed(fault) == set()
    assert look(fault, free_mib=5000).name == "normal"


def test_since_when_is_kept() -> None:
    """While it stays degraded, the mode tells when it began."""
    fault = after_fault(Mode(), "full", True, NOW - timedelta(hours=3))
    assert look(look(fault, error="still"), error="still").since_at == NOW - timedelta(hours=3)


@given(st.lists(st.tuples(st.sampled_from(["", "fault"]), st.integers(0, 1000), st.booleans(), st.booleans()), max_size=30))
def test_nothing_is_polled_or_planned_on_a_disk_that_refuses(looks: list[tuple[str, int, bool, bool]]) -> None:
    """Whatever happened before: after a refused write nothing runs at all, and polling never runs below the limit."""
    mode = Mode()
    for error, free_mib, ballast, full in looks:
        mode = after_fault(mode, error, full, NOW) if error and full else look(mode, free_mib, error, ballast)
        if error:
            assert allowed(mode) == set()
        elif free_mib < 200:
            assert not mode.allows("visit")
