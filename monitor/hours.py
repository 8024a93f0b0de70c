"""Instants, zones and schedules: how times are stored, when a slot is due, when it is quiet. Pure: `now` is always an argument."""

from __future__ import annotations

from datetime import UTC, datetime

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


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
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def from_text_or_none(text: str | None) -> datetime | None:
    """`from_text` that passes None through."""
    return None if text is None else from_text(text)
