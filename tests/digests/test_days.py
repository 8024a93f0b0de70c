"""The chart of hits per day: which day a hit belongs to, when there is a chart, and that it needs no image to be seen or read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.digests.days import LEAST, MOST, TALLEST_PX, days_of, heights, since_at
from monitor.digests.payload import from_json, to_json
from monitor.digests.render import render_json, render_mails
from monitor.digests.step import preview
from monitor.store import digests as stored
from monitor.store import subscriptions
from monitor.store.sqlite import SqliteStore
from tests.digests.rows import BEGAN, SEVEN, Rows, subscription
from tests.digests.test_render import made
from tests.digests.test_select import hit

HANOI = "Asia/Ho_Chi_Minh"
INSTANTS = st.integers(0, 60 * 24 * 40).map(lambda minute: datetime(2024, 10, 10, tzinfo=UTC) + timedelta(minutes=minute))
"""Over the end of summer time in Europe, America and Chatham."""


def test_a_hit_belongs_to_the_day_of_the_reader() -> None:
    """17:30 UTC is the next day in Hanoi; days without hits stand between those with some."""
    minutes = {"2024-09-23T17:30": 2, "2024-09-24T16:59": 1, "2024-09-25T17:00": 4}
    assert days_of(minutes, HANOI, SEVEN) == (("2024-09-24", 3), ("2024-09-25", 0), ("2024-09-26", 4))
    assert days_of(minutes, "UTC", SEVEN) == (("2024-09-23", 2), ("2024-09-24", 1), ("2024-09-25", 4), ("2024-09-26", 0))


def test_too_few_days_make_no_chart() -> None:
    """Two days say nothing about what is usual."""
    assert days_of({"2024-09-25T12:00": 2}, "UTC", SEVEN) == ()
    assert days_of({}, "UTC", SEVEN) == ()


@given(
    st.dictionaries(INSTANTS.map(lambda at: f"{at:%Y-%m-%dT%H:%M}"), st.integers(1, 50), max_size=30),
    st.sampled_from([HANOI, "UTC", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"]),
    INSTANTS,
)
def test_days_are_whole_and_in_order(minutes: dict[str, int], zone: str, now: datetime) -> None:
    """At most fourteen days in a row, the last one today's; every hit since their beginning is counted once."""
    minutes = {minute: hits for minute, hits in minutes.items() if minute <= f"{now:%Y-%m-%dT%H:%M}"}
    found = days_of(minutes, zone, now)
    dates = [date.fromisoformat(day) for day, _ in found]
    assert dates == [dates[-1] - timedelta(days=back) for back in reversed(range(len(dates)))] if dates else True
    assert LEAST <= len(found) <= MOST or found == ()
    if found:
        since = f"{since_at(zone, now).astimezone(UTC):%Y-%m-%dT%H:%M}"
        assert sum(hits for _, hits in found) == sum(hits for minute, hits in minutes.items() if minute >= since)


@given(st.lists(st.integers(0, 5000), min_size=3, max_size=14))
def test_bars_tell_any_from_none(counts: list[int]) -> None:
    """The busiest day is the tallest, no bar is higher, any hit is more than a line, and more hits are never a lower bar."""
    tall = heights([("", hits) for hits in counts])
    assert max(tall) == (TALLEST_PX if any(counts) else 1)
    assert all((bar > 1) == (hits > 0) for bar, hits in zip(tall, counts, strict=True))
    ordered = sorted(zip(counts, tall, strict=True))
    assert [bar for _, bar in ordered] == sorted(bar for _, bar in ordered)


def test_the_store_counts_by_minute(store: SqliteStore) -> None:
    """Hits of the subscription's watchlists that are not quiet, within the span; a preview shows them as days."""
    wanted = subscription()
    subscriptions.sync(store, (wanted,), BEGAN)
    rows = Rows(store)
    for days, minutes in ((2, 0), (2, 1), (0, 5)):
        rows.hit(story=rows.story(), seen=SEVEN - timedelta(days=days, minutes=minutes))
    rows.hit(story=rows.story(), seen=SEVEN - timedelta(days=1), quiet=True)
    rows.hit(story=rows.story(), seen=SEVEN - timedelta(days=MOST + 1))
    other = Rows(store, watchlist="other")
    other.hit(story=other.story(), seen=SEVEN - timedelta(days=1))
    row = subscriptions.get(store, "morning")
    assert row is not None
    found = stored.hits_by_minute(store, row.id, since_at(HANOI, SEVEN), SEVEN)
    assert found == {"2024-09-24T00:00": 1, "2024-09-23T23:59": 1, "2024-09-25T23:55": 1}
    shown = preview(store, wanted, SEVEN)
    assert shown is not None
    assert shown.days == (("2024-09-24", 2), ("2024-09-25", 0), ("2024-09-26", 1))


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Hits a day, 24 Sep to 26 Sep so far: 12, 0, 1,204"),
        ("vi", "Số tin khớp mỗi ngày, 24/9 đến 26/9 (chưa hết ngày): 12, 0, 1.204"),
        ("fr", "Articles retenus par jour, du 24 sept. au 26 sept. (en cours)\u00a0: 12, 0, 1\u202f204"),
    ],
)
def test_the_chart_is_cells_and_words(lang: str, said: str) -> None:
    """Bars are cells with their number above; one sentence says all of it to those who hear the mail; the text part has the sentence."""
    days = (("2024-09-24", 12), ("2024-09-25", 0), ("2024-09-26", 1204))
    found = replace(made(hit(1), lang=lang), days=days)
    (mail,) = render_mails(found)
    assert f'role="img" aria-label="{said}"' in mail.html
    assert [part.split(">")[0] for part in mail.html.split('class="bar" ')[1:]] == [
        'style="height:3px;background:#5f9f98;font-size:1px;line-height:1px;"',
        'style="height:1px;background:#5f9f98;font-size:1px;line-height:1px;"',
    ]
    assert f'">1k<div class="now" style="height:{TALLEST_PX}px;' in mail.html
    assert said in " ".join(mail.text.split("\n"))
    assert json.loads(render_json(found))["data"]["hits_per_day"][2] == {"day": "2024-09-26", "hits": 1204}
    assert from_json(to_json(found)) == found


def test_no_days_no_chart() -> None:
    """Neither a heading nor an empty table."""
    (mail,) = render_mails(made(hit(1)))
    assert "Hits a day" not in mail.html + mail.text
