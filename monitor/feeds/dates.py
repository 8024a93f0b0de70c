"""When an entry was published, from what its feed wrote: standard forms, and those that outlets really send. Pure.

A date that cannot be read, or that cannot be true, is missing: never old, never ahead (CONFORMANCE case 63).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far ahead of now a date may lie: zones are forgotten and clocks are wrong."""

_OFFSET_NAME = re.compile(r"\b(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\b", re.IGNORECASE)
_WEEKDAY = re.compile(
    r"^\s*(?:(?:thứ|thu)\s+(?:hai|ba|tư|tu|năm|nam|sáu|sau|bảy|bay|\d)|chủ nhật|chu nhat|cn|t[2-7])\s*,?\s*", re.IGNORECASE
)
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ ,T-]+(.*))?$")
_BRACKETED = re.compile(r"\(([+-]\d{4})\)\s*$")
_YEAR_ZERO = re.compile(r"[A-Za-z]{3}\w*[ ,-]+0\d{3}\b")
_CLOCK = re.compile(r"(\d{1,2})[:h](\d{2})(?::(\d{2}))?\s*(am|pm|sa|ch)?\s*([+-]\d{2}:?\d{2}|z)?$", re.IGNORECASE)
_CLOCK_FIRST = re.compile(r"^(\d{1,2}:\d{2}(?::\d{2})?)[ ,-]+(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})$")
_EPOCH = re.compile(r"^(\d{10})(\d{3})?$")
_YEAR_FIRST = re.compile(r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")


def published_at(raw: str, parsed: str, zone: str, now: datetime, oldest: datetime = EARLIEST) -> datetime | None:
    """The instant a feed meant, aware UTC, or None.

    `raw` is the feed's own text, `parsed` what the feed parser made of it (ISO, or ''), `zone` the zone of dates that name none,
    `oldest` the earliest instant that is believed.
    """
    found = _read(raw.strip(), ZoneInfo(zone)) if raw.strip() else None
    if found is None and parsed and not _NUMERIC.search(raw):
        found = _iso(parsed, ZoneInfo(zone))
    if found is None:
        return None
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        return None
    return found if oldest <= found <= now + AHEAD else None


def _read(text: str, zone: ZoneInfo) -> datetime | None:
    text = _WEEKDAY.sub("", text)
    text = _OFFSET_NAME.sub(lambda found: f"{found[1]}{int(found[2]):02}{found[3] or '00'}", text).strip()
    text = _BRACKETED.sub(r"\1", text)
    if epoch := _EPOCH.match(text):
        return datetime.fromtimestamp(int(epoch[1]), UTC)
    if _YEAR_FIRST.match(text):
        return _iso(text, zone)
    if swapped := _CLOCK_FIRST.match(text):
        text = f"{swapped[2]} {swapped[1]}"
    if numeric := _NUMERIC.match(text):
        return _day_first(numeric, zone)
    return _rfc822(text, zone)


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    text = re.sub(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", r"\1-\2-\3", text)
    text = re.sub(r"\s+([+-]\d{2}:?\d{2})$", r"\1", text)
    text = re.sub(r":60(?=\D|$)", ":59", text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _rfc822(text: str, zone: ZoneInfo) -> datetime | None:
    text = re.sub(r":60(?=\D|$)", ":59", text)
    if _YEAR_ZERO.search(text):
        return None  # the library reads the year 0000 as 2000
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    named = re.search(r"(?:[+-]\d{4}|\b(?:GMT|UTC?|Z|[ECMP][SD]T))\s*(?:\(.*\))?\s*$", text, re.IGNORECASE)
    if found.tzinfo is None or not named:
        return found.replace(tzinfo=zone)
    return found


def _day_first(found: re.Match[str], zone: ZoneInfo) -> datetime | None:
    """`21/11/2026 08:30`: day first, except where only the other order is a date, or in American zones."""
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    american = zone.key.startswith("America/") and first <= 12
    day, month = (second, first) if second > 12 or (american and second <= 31) else (first, second)
    clock = _CLOCK.match((found[4] or "00:00").strip())
    if clock is None:
        return None
    hour, minute, second_ = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    half = (clock[4] or "").lower()
    if half in ("pm", "ch") and hour < 12:
        hour += 12
    elif half in ("am", "sa") and hour == 12:
        hour = 0
    try:
        local = datetime(year, month, day, hour, minute, min(second_, 59), tzinfo=zone)
        offset = clock[5]
        return _iso(local.strftime("%Y-%m-%dT%H:%M:%S") + offset.upper(), zone) if offset else local
    except ValueError:
        return None
