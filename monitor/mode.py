"""What the daemon may do while its disk is short, full or failing. Pure: what was seen goes in, the mode comes out (RELIABILITY 2.5).

normal     everything runs
low-space  nothing new is polled; what is known is worked through and sent. Back at twice the limit, so that it does not switch to and fro
degraded   the database refused a write: nothing is polled or planned. What is committed is sent only while its verdicts can be written,
           else it would be sent again and again
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

MIB = 1024 * 1024
RESUME = 2
"""Polling goes on when so many times the limit is free again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The least free room: bytes, and a share of the whole disk in percent. The larger of the two counts."""

    free_bytes: int = 200 * MIB
    free_percent: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one look found: whether a small write went through (`error` says why not, `full` that room would help), the room, and whether the
    ballast lies in its place."""

    error: str = ""
    full: bool = False
    free_bytes: int
    total_bytes: int
    ballast: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How the daemon runs, why and since when. `writable`: verdicts can be recorded. `needs_room`: only more room ends it."""

    name: Literal["normal", "low-space", "degraded"] = "normal"
    writable: bool = True
    needs_room: bool = False
    reason: str = ""
    since_at: datetime | None = None

    def allows(self, step: str) -> bool:
        """Whether a step may run."""
        match self.name:
            case "normal":
                return True
            case "low-space":
                return step != "visit"
            case _:
                return step == "deliver" and self.writable


def after_fault(mode: Mode, reason: str, full: bool, now: datetime) -> Mode:
    """The mode after the database refused a write of a step."""
    if mode.name == "degraded":
        return replace(mode, writable=False, reason=reason, needs_room=mode.needs_room or full)
    return Mode(name="degraded", writable=False, needs_room=full, reason=reason, since_at=now)


def after_probe(mode: Mode, probe: Probe, limits: Limits, now: datetime) -> Mode:
    """The mode after a look at the disk and a write that was tried."""
    if probe.error:
        since_at = mode.since_at if mode.name == "degraded" else now
        return Mode(name="degraded", writable=False, needs_room=mode.needs_room or probe.full, reason=probe.error, since_at=since_at)
    least = least_bytes(limits, probe.total_bytes)
    short = probe.free_bytes < least
    if mode.name == "degraded" and mode.needs_room and (short or not probe.ballast):
        return replace(mode, writable=True)
    held_back = mode.name == "low-space" and probe.free_bytes < RESUME * least
    if short or held_back:
        since_at = mode.since_at if mode.name == "low-space" else now
        reason = f"{probe.free_bytes // MIB} MiB are free on the disk of the database, {least // MIB} MiB is the least"
        return Mode(name="low-space", reason=reason, since_at=since_at)
    return Mode()


def least_bytes(limits: Limits, total_bytes: int) -> int:
    """The least free room on a disk of a size."""
    return max(limits.free_bytes, int(total_bytes * limits.free_percent / 100))
