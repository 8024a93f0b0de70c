"""When a trouble becomes an alarm and when it is over: told once, not at every look, and not to and fro. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.alarms.trouble import Trouble

CLEAR_AFTER = timedelta(minutes=10)
"""A trouble must have been away for so long before it is called over."""

AGAIN_WITHIN = timedelta(hours=24)
AGAIN_AFTER = timedelta(hours=1)
"""What comes back within a day of being over is told only after it has stayed for an hour: a source that flaps does not ring all day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A trouble that was met and is not over: first seen, told (None: not yet), away since (None: still there)."""

    trouble: Trouble
    seen_at: datetime
    raised_at: datetime | None = None
    away_at: datetime | None = None

    @property
    def since_at(self) -> datetime:
        """Since when it does not work; where that is not known, when it was first seen."""
        return self.trouble.since_at or self.seen_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The alarms as they stand afterwards (`kept`), with those of them that are told now (`raised`), and those that are over (`over`).

    Of what is over only `cleared` is told: what was told when it began, and does not end by itself.
    """

    kept: tuple[Alarm, ...] = ()
    raised: tuple[Alarm, ...] = ()
    over: tuple[Alarm, ...] = ()

    @property
    def cleared(self) -> tuple[Alarm, ...]:
        """What is over and was told."""
        return tuple(alarm for alarm in self.over if alarm.raised_at is not None and not alarm.trouble.passing)


def decide(found: Sequence[Trouble], alarms: Sequence[Alarm], over_lately: frozenset[str], now: datetime) -> Decision:
    """What follows from the troubles of this moment for the alarms that stand. `over_lately`: subjects told as over within AGAIN_WITHIN."""
    standing = {alarm.trouble.subject: alarm for alarm in alarms}
    present = {trouble.subject: trouble for trouble in found}
    kept, raised, over = [], [], []
    for subject, trouble in present.items():
        known = standing.get(subject)
        # What was written down stays as it was: a counter in its text must not make every look a change.
        same = known is not None and known.trouble.kind == trouble.kind
        alarm = replace(known, away_at=None) if known is not None and same else Alarm(trouble=trouble, seen_at=now)
        wait = AGAIN_AFTER if subject in over_lately else timedelta(0)
        if alarm.raised_at is None and now - alarm.seen_at >= wait:
            alarm = replace(alarm, raised_at=now)
            raised.append(alarm)
        kept.append(alarm)
    for subject, alarm in standing.items():
        if subject in present:
            continue
        away = replace(alarm, away_at=alarm.away_at or now)
        if alarm.raised_at is None or now - (away.away_at or now) >= CLEAR_AFTER:
            over.append(away)
        else:
            kept.append(away)
    return Decision(kept=tuple(kept), raised=tuple(raised), over=tuple(over))
