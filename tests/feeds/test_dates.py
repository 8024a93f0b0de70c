"""When an entry was published (CONFORMANCE case 63)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.dates import AHEAD, EARLIEST, published_at

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HANOI = "Asia/Ho_Chi_Minh"

RIGHT = {
    "Sat, 21 Nov 2026 08:30:00 +0700": "2026-11-21T01:30:00",
    "Sat, 21 Nov 2026 08:30:00 GMT": "2026-11-21T08:30:00",
    "Sat, 21 Nov 2026 08:30:00 EST": "2026-11-21T13:30:00",
    "Sat, 21 Nov 2026 08:30:60 GMT": "2026-11-21T08:30:59",
    "Sat, 21 Nov 2026 08:30:00": "2026-11-21T01:30:00",
    "21 Nov 2026 08:30": "2026-11-21T01:30:00",
    "2026-11-21T08:30:00Z": "2026-11-21T08:30:00",
    "2026-11-21T08:30:00.123+07:00": "2026-11-21T01:30:00.123000",
    "2026-11-21T08:30": "2026-11-21T01:30:00",
    "2026-11-21 08:30:00 +0700": "2026-11-21T01:30:00",
    "2026/11/21 08:30": "2026-11-21T01:30:00",
    "2026-11-21": "2026-11-20T17:00:00",
    "Sat, 21 Nov 2026 08:30:00 GMT+7": "2026-11-21T01:30:00",
    "Sat, 21 Nov 2026 08:30:00 GMT+07:00": "2026-11-21T01:30:00",
    "Sat, 21 Nov 2026 08:30:00 UTC+9": "2026-11-20T23:30:00",
    "21/11/2026 08:30": "2026-11-21T01:30:00",
    "21-11-2026 08:30": "2026-11-21T01:30:00",
    "21.11.2026 08:30": "2026-11-21T01:30:00",
    "21/11/2026": "2026-11-20T17:00:00",
    "21/11/2026 | 08:30".replace("| ", ""): "2026-11-21T01:30:00",
    "21/11/2026, 8h30": "2026-11-21T01:30:00",
    "21/11/2026 08:30 GMT+7": "2026-11-21T01:30:00",
    "Thứ bảy, 21/11/2026, 08:30 (GMT+7)": "2026-11-21T01:30:00",
    "Thứ Bảy, 21/11/2026 08:30": "2026-11-21T01:30:00",
    "Chủ nhật, 15/11/2026 08:30": "2026-11-15T01:30:00",
    "T7, 21/11/2026 08:30": "2026-11-21T01:30:00",
    "08:30 21/11/2026": "2026-11-21T01:30:00",
    "08:30, 21/11/2026": "2026-11-21T01:30:00",
    "11/20/2026 1:30:00 PM": "2026-11-20T06:30:00",
    "20/11/2026 12:15:00 SA": "2026-11-19T17:15:00",
    "20/11/2026 3:15:00 CH": "2026-11-20T08:15:00",
    "1795224600": "2026-11-21T01:30:00",
    "1795224600000": "2026-11-21T01:30:00",
}
WRONG = [
    "",
    "soon",
    "31 Feb 2026 08:30",
    "31/02/2026 08:30",
    "2026-02-29",
    "2026-13-01",
    "21/11/2026 25:00",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "0",
    "Sun, 21 Nov 2027 08:30:00 +0700",
    "21 Nov 0000 08:30",
    "0000-01-01",
    "10000-01-01",
    "9" * 5000,
    "21/11/2026 08:30 " * 500,
]


@pytest.mark.parametrize("text", RIGHT)
def test_dates_that_outlets_write(text: str) -> None:
    """Day first, in the feed's own zone where none is named."""
    assert published_at(text, "", HANOI, NOW) == datetime.fromisoformat(RIGHT[text]).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", WRONG)
def test_dates_that_are_none(text: str) -> None:
    """What cannot be read, or cannot be true, is missing."""
    assert published_at(text, "", HANOI, NOW) is None


def test_american_zones_write_the_month_first() -> None:
    """02/03/2026 is the third of February in New York and the second of March in Hanoi."""
    assert published_at("02/03/2026 08:00", "", "America/New_York", NOW) == datetime(2026, 2, 3, 13, 0, tzinfo=UTC)
    assert published_at("02/03/2026 08:00", "", HANOI, NOW) == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_the_parsers_reading_is_the_last_resort() -> None:
    """A form that only the feed parser knows is taken from it; a numeric date that it misreads is not."""
    assert published_at("Saturday the 21st", "2026-11-21T01:30:00+00:00", HANOI, NOW) == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    assert published_at("31-11-2026 08:30", "2021-11-20T00:00:00+00:00", HANOI, NOW) is None


def test_the_window_of_belief() -> None:
    """A day ahead is believed, more is not; `oldest` moves the other end."""
    assert published_at((NOW + AHEAD).isoformat(), "", HANOI, NOW) == NOW + AHEAD
    assert published_at((NOW + AHEAD + timedelta(seconds=1)).isoformat(), "", HANOI, NOW) is None
    old = (NOW - timedelta(days=31)).isoformat()
    assert published_at(old, "", HANOI, NOW) == NOW - timedelta(days=31)
    assert published_at(old, "", HANOI, NOW, NOW - timedelta(days=30)) is None


@given(st.text(max_size=60), st.sampled_from([HANOI, "UTC", "America/New_York", "Europe/Paris"]))
def test_no_text_raises(text: str, zone: str) -> None:
    """Whatever stands in a date, the answer is an instant within the window, or none."""
    found = published_at(text, "", zone, NOW)
    assert found is None or (EARLIEST <= found <= NOW + AHEAD and found.tzinfo is UTC)


@given(st.integers(0, 36 * 365).map(lambda days: EARLIEST + timedelta(days=days, minutes=days % 1440)))
def test_own_spellings_round_trip(at: datetime) -> None:
    """ISO, RFC 822 and day-first spellings of one instant are one instant."""
    for text in (at.isoformat(), at.strftime("%a, %d %b %Y %H:%M:%S +0000"), at.strftime("%d/%m/%Y %H:%M:%S +0000")):
        assert published_at(text, "", HANOI, NOW) == at
