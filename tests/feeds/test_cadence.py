"""When a feed is asked next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.cadence import (
    MAX_ASKED_S,
    MAX_WAIT_S,
    Asks,
    Pace,
    asks_again,
    asks_of,
    failure_wait_s,
    fresh_s,
    next_interval_s,
    next_poll_at,
    spread,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PACE = Pace(usual_s=3600, least_s=900, most_s=86400)
NOTHING = {"ttl_min": 0, "skip_hours": [], "skip_days": []}


def header(**fields: str):  # type: ignore[no-untyped-def]
    return lambda name: fields.get(name.replace("-", "_"))


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"cache_control": "max-age=600"}, 600),
        ({"cache_control": 'Public, Max-Age="600"'}, 600),
        ({"cache_control": "max-age=600", "age": "100"}, 500),
        ({"cache_control": "max-age=600", "age": "9000"}, 0),
        ({"cache_control": "max-age=600", "age": "much"}, 600),
        ({"cache_control": "no-store, max-age=600"}, 0),
        ({"cache_control": "max-age=600", "expires": "Fri, 20 Nov 2026 20:00:00 GMT"}, 600),
        ({"expires": "Fri, 20 Nov 2026 09:00:00 GMT"}, 3600),
        ({"expires": "Fri, 20 Nov 2026 09:00:00 GMT", "date": "Fri, 20 Nov 2026 08:30:00 GMT"}, 1800),
        ({"expires": "Fri, 20 Nov 2026 09:00:00 -0000"}, 3600),
        ({"expires": "0"}, 0),
        ({"cache_control": "max-age=999999999"}, MAX_ASKED_S),
        ({"cache_control": "private"}, None),
        ({}, None),
    ],
)
def test_freshness(fields: dict[str, str], seconds: int | None) -> None:
    """max-age before Expires less Date, less Age; never negative, never beyond a week; None where nothing is said."""
    assert fresh_s(header(**fields), NOW) == seconds


def test_wishes_survive_an_answer_without_news() -> None:
    """What a full answer asked for comes back from its stored form; a 304 renews freshness alone."""
    asks = asks_of(header(cache_control="max-age=60"), {"ttl_min": 90, "skip_hours": [1, 2], "skip_days": [6]}, NOW)
    assert asks == Asks(fresh_s=60, ttl_min=90, skip_hours=(1, 2), skip_days=(6,))
    assert asks_again(asks.text(), header(), NOW) == asks
    assert asks_again(asks.text(), header(cache_control="max-age=7"), NOW) == Asks(fresh_s=7, ttl_min=90, skip_hours=(1, 2), skip_days=(6,))
    assert asks_again("{}", header(), NOW) == asks_again("", header(), NOW) == asks_of(header(), NOTHING, NOW) == Asks()


def test_the_interval_follows_the_news() -> None:
    """Usual with news, slowly longer without, halved after a gap; never outside the limits."""
    assert next_interval_s(3600, 3, False, PACE) == 3600
    assert next_interval_s(10_000, 3, False, PACE) == 3600
    assert next_interval_s(3600, 0, False, PACE) == 4500
    assert next_interval_s(14_000, 0, False, PACE) == 4 * 3600
    assert next_interval_s(3600, 5, True, PACE) == 1800
    assert next_interval_s(1000, 5, True, PACE) == 900


@given(st.integers(900, 86400), st.integers(0, MAX_ASKED_S), st.integers(0, 7 * 1440), st.text(max_size=12))
def test_the_next_poll_is_within_the_limits(interval: int, fresh: int, ttl: int, name: str) -> None:
    """Never before the interval, never after the longest pause and a tenth of the interval."""
    wait = (next_poll_at(name, interval, Asks(fresh_s=fresh, ttl_min=ttl), PACE, NOW) - NOW).total_seconds()
    assert interval <= wait <= max(interval, PACE.most_s) + interval * 0.1
    assert wait >= min(max(fresh, ttl * 60), PACE.most_s)


@given(st.sets(st.integers(0, 23), max_size=23), st.sets(st.integers(0, 6), max_size=6), st.integers(0, 3600 * 24 * 9))
def test_skipped_hours_and_days_are_left_out(hours: set[int], days: set[int], offset: int) -> None:
    """Whatever a feed excludes, the poll is due outside of it, and within eight days."""
    now = NOW + timedelta(seconds=offset)
    at = next_poll_at("feed", 3600, Asks(skip_hours=tuple(hours), skip_days=tuple(days)), PACE, now)
    assert at.hour not in hours
    assert at.weekday() not in days
    assert timedelta(hours=1) <= at - now <= timedelta(days=8)


def test_a_feed_that_wants_never_to_be_read_is_not_believed() -> None:
    """All hours excluded: the wish is ignored."""
    assert next_poll_at("feed", 3600, Asks(skip_hours=tuple(range(24))), PACE, NOW) - NOW < timedelta(hours=2)


def test_patience_with_failures() -> None:
    """404 daily after two tries; refusals for hours; the rest doubles to a day; what the server asks for is the least."""
    plain = spread("f") * 3600
    waits = [failure_wait_s("f", 500, count, None, PACE) - plain for count in range(1, 9)]
    assert waits == [3600, 7200, 14400, 28800, 57600, MAX_WAIT_S, MAX_WAIT_S, MAX_WAIT_S]
    assert failure_wait_s("f", 404, 1, None, PACE) - plain == 7200
    assert failure_wait_s("f", 404, 3, None, PACE) - plain == MAX_WAIT_S
    assert failure_wait_s("f", 403, 1, None, PACE) - plain == 4 * 3600
    assert failure_wait_s("f", 429, 1, 50_000, PACE) - plain == 50_000
    assert failure_wait_s("f", 429, 1, 10**9, PACE) - plain == MAX_ASKED_S


@given(st.text(max_size=30))
def test_the_spread_belongs_to_the_name(name: str) -> None:
    """A share in [0, 0.1), the same each time."""
    assert 0 <= spread(name) < 0.1
    assert spread(name) == spread(name)
