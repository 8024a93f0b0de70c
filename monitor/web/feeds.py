"""Feeds: how each fares, when it speaks, what it may have missed, when it is asked next; and one feed with its entries and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from monitor.errors import NothingSelected, UsageError
from monitor.store import alarms as stored_alarms
from monitor.store import feeds as stored
from monitor.store.driver import Row
from monitor.web.desk import Answer, Asked, see_other
from monitor.web.plots import Bars, bars
from monitor.web.render import page, span, times

DAYS = 28
ENTRIES_SHOWN = 30
EVENTS_SHOWN = 12
_ORDER = ("gone", "failing", "held", "silent", "gap", "waiting", "paused", "fine")
_STATES = ("active", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed: its row, its condition (of `_ORDER`) and why in words, what came in the last four weeks by day, its habit in words."""

    row: Row
    condition: str
    since_at: datetime | None
    why: str
    bars: Bars
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
    line = next((line for line in _lines(asked) if line.row["name"] == name), None)
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


def _lines(asked: Asked) -> list[FeedLine]:
    store, zone = asked.desk.store, ZoneInfo(times(asked).zone)
    since = asked.now - timedelta(days=DAYS)
    last_on = asked.now.astimezone(zone).date()
    arrived = stored.arrivals(store, since)
    gaps = {name: at for name, at, _ in stored_alarms.coverage(store, since, asked.now).gaps}
    return [_line(row, arrived.get(row["id"], []), gaps.get(row["name"]), asked.now, zone, last_on) for row in stored.watched(store)]


def _line(
    row: Row, spoke: Sequence[tuple[datetime, int]], gap_at: datetime | None, now: datetime, zone: ZoneInfo, last_on: date
) -> FeedLine:
    per_day: Counter[date] = Counter()
    for hour, entries in spoke:
        per_day[hour.astimezone(zone).date()] += entries
    condition, since_at, why = _condition(row, gap_at, now)
    due_at = max((at for at in (row["next_poll_at"], row["blocked_until_at"]) if at is not None), default=None)
    return FeedLine(
        row=row,
        condition=condition,
        since_at=since_at,
        why=why,
        bars=bars(per_day, last_on - timedelta(days=DAYS - 1), last_on, width=168, height=24, left=0),
        habit=_habit([hour for hour, _ in spoke]),
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


def _habit(hours: Sequence[datetime]) -> str:
    """How long it is usually from one hour with news to the next: `every 3 h`."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(hours)]
    return f"every {span(timedelta(seconds=median(gaps)))}" if len(gaps) > 2 else ""
