"""What must not wait for the next digest: which hits are urgent, and when they are told. Pure.

An urgent message is a digest outside the schedule: its hits have their one place there, and the next digest tells of them only what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.digests.select import TOLD_AS_NEWS, Candidate
from monitor.hours import quiet_until, schedule_of
from monitor.model import Subscription, Verdict


def may_be_urgent(candidates: Sequence[Candidate], subscription: Subscription) -> tuple[Candidate, ...]:
    """The candidates strong and new enough, before their names are looked at: in the alert band, not found in history, with `urgent` points or more.

    An update of a story that was told as news is urgent too where it brings something; an echo never is.
    """
    if not subscription.urgent:
        return ()
    return tuple(
        c
        for c in candidates
        if c.band == "alert"
        and not c.backfill
        and c.score >= subscription.urgent
        and (c.novelty == "update" or (c.novelty == "new" and c.told < TOLD_AS_NEWS))
    )


def named(candidates: Sequence[Candidate], verdicts: Mapping[int, Verdict], subscription: Subscription) -> tuple[Candidate, ...]:
    """Those of the candidates that mention one of `urgent_names`; all of them where none are listed. `verdicts` by hit."""
    wanted = set(subscription.urgent_names)
    if not wanted:
        return tuple(candidates)
    return tuple(c for c in candidates if c.hit in verdicts and wanted & {m.id for m in verdicts[c.hit].mentions})


def is_due(found: Sequence[Candidate], subscription: Subscription, last_at: datetime | None, now: datetime) -> bool:
    """True where an urgent message goes out now: `urgent_after_min` after the first of its hits, not within the cool-down, quiet hours respected.

    `last_at` is when the last urgent message was made. One "made" in the future was made by a clock that ran ahead and holds nothing up.
    """
    if not found:
        return False
    if last_at is not None and timedelta(0) <= now - last_at < timedelta(minutes=subscription.urgent_cooldown_min):
        return False
    if not subscription.urgent_in_quiet and quiet_until(schedule_of(subscription), now) is not None:
        return False
    return now - min(c.created_at for c in found) >= timedelta(minutes=subscription.urgent_after_min)
