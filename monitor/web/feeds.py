"""Feeds: how each fares, when it speaks, what it may have missed, when it is asked next; and one feed with its entries and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import NothingSelected, UsageError
from monitor.store import alarms as stored_alarms
from monitor.store import feeds as stored
from monitor.store.driver import Row
from monitor.web.desk import Answer, Asked, see_other
from monitor.web.plots import Spark, spark
from monitor.web.render import page, span

DAYS = 14
ENTRIES_SHOWN = 30
EVENTS_SHOWN = 12
LEAST_HOURS, LEAST_KNOWN = 3, timedelta(days=3)
"""Below these nothing is said of how often something new comes."""

_ORDER = ("gone", "failing", "held", "silent", "gap", "waiting", "paused", "fine")
_STATES = ("active", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed: its row, its condition (of `_ORDER`) and why in words, what came in the last two weeks by day (UTC), its habit in words."""

    row: Row
    condition: str
    since_at: datetime | None
    why: str
    spark: Spark
    habit: str
    gap_at: datetime | None
    due_at: datetime | None


def feeds(asked: Asked) -> Answer:
    """The page of all feeds, those that need somebody first."""
    lines = _lines(asked)
    counts = Counter(line.condition for line in lines)
    return page(
        asked,
        "feeds.html",
        "Feeds",
        lines=sorted(lines, key=lambda line: (_ORDER.index(line.condition), line.row["name"])),
        counts=[(condition, counts[condition]) for condition in _ORDER if counts[condition]],
        days=DAYS,
    )


def feed(asked: Asked) -> Answer:
    """The page of one feed."""
    name = asked.parts["name"]
    line = next(iter(_lines(asked, name)), None)
    if line is None:
        raise NothingSelected("there is no such feed; it may have been removed")
    return page(
        asked,
        "feed.html",
        line.row["title"] or name,
        line=line,
        days=DAYS,
        entries=stored.entries_of(asked.desk.store, line.row["id"], ENTRIES_SHOWN),
        events=stored.events_of(asked.desk.store, name, EVENTS_SHOWN),
    )


def set_state(asked: Asked) -> Answer:
    """Pauses a feed or lets it go on, as `monitor feeds pause` and `resume` do."""
    state = asked.form.get("state", "")
    if state not in _STATES:
        raise UsageError("a feed is made active or paused")
    name = asked.parts["name"]
    if not stored.set_state(asked.desk.store, name, state, asked.now):
        raise NothingSelected("there is no such feed; it may have been removed")
    return see_other(asked.path.removesuffix("/state"))


def _lines(asked: Asked, name: str | None = None) -> list[FeedLine]:
    """The lines of all feeds, or of one."""
    store, since = asked.desk.store, asked.now - timedelta(days=DAYS)
    rows = stored.watched(store, name)
    arrived = stored.arrivals(store, since, rows[0]["id"] if name is not None and rows else None)
    gaps = {each: at for each, at, _ in stored_alarms.coverage(store, since, asked.now).gaps}
    days = [(asked.now - timedelta(days=back)).date().isoformat() for back in reversed(range(DAYS))]
    return [_line(row, arrived.get(row["id"], []), gaps.get(row["name"]), asked.now, days) for row in rows]


def _line(row: Row, arrived: Sequence[Row], gap_at: datetime | None, now: datetime, days: Sequence[str]) -> FeedLine:
    condition, since_at, why = _condition(row, gap_at, now)
    due_at = max((at for at in (row["next_poll_at"], row["blocked_until_at"]) if at is not None), default=None)
    per_day = {day["day"]: day["entries"] for day in arrived}
    known = min(timedelta(days=DAYS), now - row["baseline_at"]) if row["baseline_at"] is not None else timedelta(0)
    return FeedLine(
        row=row,
        condition=condition,
        since_at=since_at,
        why=why,
        spark=spark([per_day.get(day, 0) for day in days]),
        habit=_habit(sum(day["hours"] for day in arrived), known),
        gap_at=gap_at,
        due_at=due_at if row["state"] == "active" and row["next_poll_at"] is not None else None,
    )


def _condition(row: Row, gap_at: datetime | None, now: datetime) -> tuple[str, datetime | None, str]:
    """What is the matter with a feed, since when, and why."""
    cases: tuple[tuple[bool, str, datetime | None, str], ...] = (
        (row["state"] == "gone", "gone", row["failing_since_at"], "answered 410: it is gone for good"),
        (row["state"] == "paused", "paused", None, "paused by a person"),
        (row["failing_since_at"] is not None, "failing", row["failing_since_at"], row["error"] or row["error_kind"] or "it cannot be read"),
        (row["held_at"] is not None, "held", row["held_at"], row["held_reason"] or "its new items wait"),
        (row["silent_since_at"] is not None, "silent", row["silent_since_at"], "it answers, and is silent for longer than it is used to"),
        (gap_at is not None and now - gap_at < timedelta(days=2), "gap", gap_at, "items may have run through between two polls"),
        (row["last_polled_at"] is None, "waiting", None, "not asked yet"),
    )
    return next(((condition, since, why) for holds, condition, since, why in cases if holds), ("fine", None, row["note"] or ""))


def _habit(hours: int, known: timedelta) -> str:
    """How long it is on average from one hour with something new to the next: `every 3 h`; nothing where little is known."""
    return f"every {span(known / hours)}" if hours >= LEAST_HOURS and known >= LEAST_KNOWN else ""
