"""Instants, zones and schedules: how times are stored, when a slot is due, when it is quiet. Pure: `now` is always an argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

from monitor.model import Slot, Subscription

EARLIEST_NOW = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this program was made: a clock that says less is wrong."""

_STORED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_CAPITALS = {
    "hanoi": "Asia/Ho_Chi_Minh",
    "beijing": "Asia/Shanghai",
    "washington": "America/New_York",
    "san_francisco": "America/Los_Angeles",
    "geneva": "Europe/Zurich",
}
"""Cities that people write and the tz database names after another city of the same zone."""
HORIZON = timedelta(days=8)
"""No due time is set further ahead: intervals and Retry-After end at seven days. One that is was set by a clock that ran ahead."""

CLOCK_STEP = timedelta(seconds=60)
"""The wall clock counts as moved when it went so much further, or less far, than the time that passed."""

_LOOK_BACK_DAYS = 9
"""A schedule names at least one weekday, so its newest slot is never older than a week and the zone's offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Local wall-clock times on some weekdays (Monday is 0) in a zone, and a quiet window (start, end); equal ends last the whole day."""

    at: tuple[time, ...]
    days: tuple[int, ...]
    zone: str
    quiet: tuple[time, time] | None = None

    @property
    def tz(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.zone)


@lru_cache(maxsize=128)
def to_text(at: datetime) -> str:
    """An aware instant as stored: UTC, fixed width (`2026-11-22T01:02:03.000000Z`), so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def to_text_or_none(at: datetime | None) -> str | None:
    """`to_text` that passes None through."""
    return None if at is None else to_text(at)


def from_text(text: str) -> datetime:
    """The aware UTC instant of a stored text. Raises ValueError on any other form."""
    if not _STORED.fullmatch(text):
        raise ValueError(f"not a stored instant: {text[:40]!r}")
    return datetime.fromisoformat(text)  # ten times as fast as strptime, and lists are full of instants


def from_text_or_none(text: str | None) -> datetime | None:
    """`from_text` that passes None through."""
    return None if text is None else from_text(text)


# --- reading a schedule -------------------------------------------------------------------------------------------------


def parse_schedule(subscription: Subscription) -> tuple[tuple[str, str], ...]:
    """What is wrong with a subscription's schedule, as (key, plain message) for at, days, timezone and quiet; empty where it is fine."""
    problems: list[tuple[str, str]] = []
    seen: set[time] = set()
    if not subscription.at:
        problems.append(("at", 'no time is named; write for example at = ["07:00"]'))
    for text in subscription.at:
        clock = _clock(text)
        if clock is None:
            problems.append(("at", f"{text!r} is not a time of day; write hours and minutes such as '07:00' or '17:30'"))
        elif clock in seen:
            problems.append(("at", f"{text!r} stands twice"))
        else:
            seen.add(clock)
    if isinstance(days := _days(subscription.days), str):
        problems.append(("days", days))
    if subscription.quiet and _window(subscription.quiet) is None:
        problems.append(("quiet", f"{subscription.quiet!r} is not a span of hours; write for example '22:00-06:00'"))
    if not is_zone(subscription.timezone):
        problems.append(("timezone", f"unknown time zone {subscription.timezone!r}; {nearest_zone(subscription.timezone)}"))
    return tuple(problems)


def is_zone(name: str) -> bool:
    """True for a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def schedule_of(subscription: Subscription) -> Schedule:
    """The schedule of a subscription. Raises ValueError, naming the key, where `parse_schedule` finds a problem."""
    problems = parse_schedule(subscription)
    days = _days(subscription.days)
    if problems or isinstance(days, str):
        raise ValueError("; ".join(f"{key}: {message}" for key, message in problems))
    return Schedule(
        at=tuple(sorted(time.fromisoformat(text) for text in subscription.at)),
        days=days,
        zone=subscription.timezone,
        quiet=_window(subscription.quiet) if subscription.quiet else None,
    )


def _clock(text: str) -> time | None:
    return time.fromisoformat(text) if _CLOCK.fullmatch(text) else None


def _window(text: str) -> tuple[time, time] | None:
    start, _, end = (part.strip() for part in text.partition("-"))
    first, last = _clock(start), _clock("00:00" if end == "24:00" else end)
    return None if first is None or last is None else (first, last)


def _days(text: str) -> tuple[int, ...] | str:
    """Weekday numbers of `mon-fri`, `mon,thu` or `sat-mon,wed`; a plain message where a word is no day."""
    chosen: set[int] = set()
    for part in text.casefold().split(","):
        ends = [_day(word) for word in part.split("-")]
        if len(ends) > 2 or None in ends:
            wrong = next((word.strip() for word in part.split("-") if _day(word) is None), part.strip())
            near = get_close_matches(wrong[:3], _DAYS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"the days are {' '.join(_DAYS)}, for example 'mon-fri' or 'mon,thu'"
            return f"{wrong!r} is not a day; {hint}" if wrong else f"no day is named; {hint}"
        first, last = ends[0], ends[-1]
        assert first is not None
        assert last is not None
        chosen.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(sorted(chosen))


def _day(word: str) -> int | None:
    word = word.strip()
    return _DAYS.index(word) if word in _DAYS else None


def nearest_zone(name: str) -> str:
    """A hint for a mistyped zone: the nearest name, or how names look."""
    zones = sorted(available_timezones())
    by_name = {zone.casefold(): zone for zone in zones}
    by_city = {zone.rsplit("/", 1)[-1].casefold(): zone for zone in zones}
    wanted = name.strip().casefold().replace(" ", "_")
    whole = get_close_matches(wanted, by_name, n=1, cutoff=0.75)
    city = get_close_matches(wanted.rsplit("/", 1)[-1], by_city, n=1, cutoff=0.75)
    if elsewhere := _CAPITALS.get(wanted.rsplit("/", 1)[-1]):
        return f"did you mean {elsewhere!r}?"
    zone = by_name[whole[0]] if whole else by_city[city[0]] if city else ""
    return f"did you mean {zone!r}?" if zone else "write a name such as 'Asia/Ho_Chi_Minh'"


# --- slots ----------------------------------------------------------------------------------------------------------------


def latest_slot(schedule: Schedule, now: datetime) -> Slot | None:
    """The newest slot that is due at or before `now`; None only at the very beginning of the calendar."""
    found = None
    for found in slots_between(schedule, _shifted(now, -_LOOK_BACK_DAYS), now):  # noqa: B007 - the last one is the answer
        pass
    return found


def next_slots(schedule: Schedule, now: datetime, n: int) -> tuple[Slot, ...]:
    """The `n` first slots after `now`."""
    return tuple(islice((slot for slot in _slots(schedule, now) if slot.due_at > now), n))


def slots_between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[Slot]:
    """Slots due after `after` and not later than `until`, oldest first. Due times strictly increase and no label comes twice."""
    for slot in _slots(schedule, after):
        if slot.due_at > until:
            return
        if slot.due_at > after:
            yield slot


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local wall time: the first of two where clocks go back, the first after the gap where they go forward."""
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    # In a gap: fold=1 counts with the offset after it and so lies before the change, fold=0 lies behind.
    before, behind = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), at
    offset = behind.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(behind - before).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            behind = middle
        else:
            before = middle
    return behind


def _slots(schedule: Schedule, after: datetime) -> Iterator[Slot]:
    """All slots from about a day before `after` on. Times that a gap throws together are one slot, under the latest of their labels."""
    held: Slot | None = None
    day = _shifted(after, -1).astimezone(schedule.tz).date()
    while day < date.max - timedelta(days=2):
        for slot in _slots_of(schedule, day):
            if held is not None and slot.due_at > held.due_at:
                yield held
            held = slot
        day += timedelta(days=1)


@lru_cache(maxsize=4096)
def _slots_of(schedule: Schedule, day: date) -> tuple[Slot, ...]:
    if day.weekday() not in schedule.days:
        return ()
    zone = schedule.tz
    walls = [datetime.combine(day, clock) for clock in schedule.at]
    return tuple(Slot(label=f"{wall:%Y-%m-%dT%H:%M} {schedule.zone}", due_at=instant_of(wall, zone)) for wall in walls)


def _shifted(at: datetime, days: int) -> datetime:
    lowest = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
    return max(lowest, at.astimezone(UTC) + timedelta(days=days)) if at.astimezone(UTC) > lowest - timedelta(days=days) else lowest


# --- quiet hours ------------------------------------------------------------------------------------------------------------


def quiet_until(schedule: Schedule, at: datetime) -> datetime | None:
    """The end of the quiet window that holds `at`, or None where it is not quiet. The start is quiet, the end is not."""
    window = _quiet_window(schedule, at)
    return window[1] if window else None


def quiet_now(schedule: Schedule, at: datetime) -> bool:
    """True inside the quiet window, unless that lasts the whole day: then nothing would ever be told."""
    return quiet_until(schedule, at) is not None and not _all_day(schedule)


def released_slot(schedule: Schedule, now: datetime) -> Slot | None:
    """The newest slot that may be planned at `now`, quiet hours respected; None where there is none."""
    for slot in reversed(list(slots_between(schedule, _shifted(now, -_LOOK_BACK_DAYS), now))):
        if release_at(schedule, slot, now) <= now:
            return slot
    return None


def release_at(schedule: Schedule, slot: Slot, now: datetime) -> datetime:
    """When a slot may be planned: at its due time, after the quiet window it falls into, and after the one that holds `now`.

    A window of 24 hours is left at its end, although the next begins there: else nothing would ever be told.
    """
    release = quiet_until(schedule, slot.due_at) or slot.due_at
    holding = _quiet_window(schedule, now)
    if holding is not None and now >= release and not _all_day(schedule):
        return holding[1]
    return release


def _all_day(schedule: Schedule) -> bool:
    return schedule.quiet is not None and schedule.quiet[0] == schedule.quiet[1]


def _quiet_window(schedule: Schedule, at: datetime) -> tuple[datetime, datetime] | None:
    if schedule.quiet is None:
        return None
    start, end = schedule.quiet
    zone = schedule.tz
    today = at.astimezone(zone).date()
    for day in (today, today - timedelta(days=1)):
        last = day if start < end else day + timedelta(days=1)
        window = instant_of(datetime.combine(day, start), zone), instant_of(datetime.combine(last, end), zone)
        if window[0] <= at < window[1]:
            return window
    return None
