"""Which entry is which, within a poll and between polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.identify import identify
from monitor.feeds.reconcile import FLOOD_ITEMS, is_another_feed, judge, renamed
from monitor.model import Entry

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
FEED = "http://feeds.example/f"
_DATE = "2026-11-20T07:00:00Z"


def raw(guid: str = "", link: str = "", title: str = "", summary: str = "", published: str = "") -> dict[str, Any]:
    return {"guid": guid, "link": link, "title": title, "summary": summary, "author": "", "lang": "", "published": published, "parsed": ""}


def entries(*found: dict[str, Any], **further: Any) -> tuple[Entry, ...]:
    return identify(found, feed_url=FEED, feed_lang="vi", zone="UTC", now=NOW, **further)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (raw("g", "/a"), raw("g", "/a", "T", "changed"), True),
        (raw("g", "/a"), raw("g", "/b"), False),
        (raw("g", "/a?utm_source=x"), raw("g", "https://www.feeds.example/a"), True),
        (raw("g", title="T"), raw("g", title="T", summary="x"), True),
        (raw("g", title="T"), raw("g", title="U"), False),
        (raw("", "/a", "T"), raw("", "/a", "T", "x"), True),
        (raw("", "/a", "T"), raw("", "/a", "U"), False),
        (raw("", "", "T", published=_DATE), raw("", "", "T", "x", published=_DATE), True),
        (raw("", "", "T", published=_DATE), raw("", "", "T"), False),
        (raw(summary="x"), raw(summary="x"), True),
        (raw(summary="x"), raw(summary="y"), False),
    ],
)
def test_two_items_of_one_poll(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    """guid and link, else link, else title and date, else the content say whether two items are one; the last wins."""
    found = entries(one, other)
    assert len(found) == (1 if same else 2)
    assert found[-1].summary == other["summary"]


def test_shared_links_and_home_pages_are_no_pages() -> None:
    """A link under several titles, one to a home page, and one back to the feed lead to no page of the entry's own."""
    found = entries(
        raw("1", "/live", "A"), raw("2", "/live", "B"), raw("3", "http://news.example/", "C"), raw("4", FEED, "D"), raw("5", "/e", "E")
    )
    assert [bool(entry.url_key) for entry in found] == [False, False, False, False, True]
    assert [entry.url for entry in found[:4]] == ["http://feeds.example/live", "http://feeds.example/live", "http://news.example/", ""]


def test_the_channels_date_stands_in() -> None:
    """An entry without a date takes the channel's, and still says that it had none."""
    own, none = entries(raw("1", published=_DATE), raw("2"), channel_date="Fri, 20 Nov 2026 06:00:00 GMT")
    assert (own.published_at, none.published_at) == (NOW - timedelta(hours=1), NOW - timedelta(hours=2))
    assert none.published_raw == ""


@given(st.lists(st.builds(raw, *(st.text(max_size=8) for _ in range(5))), max_size=12))
def test_keys_are_unique_and_stable(found: list[dict[str, Any]]) -> None:
    """No two entries share a key, and neither order nor a second reading changes the set of keys."""
    keys = [entry.key for entry in entries(*found)]
    assert len(keys) == len(set(keys))
    assert {entry.key for entry in entries(*reversed(found))} == set(keys)


def names(old: tuple[Entry, ...], new: tuple[Entry, ...]) -> list[str]:
    """Titles of those entries that are recognised."""
    found = renamed(new, old)
    return [entry.title for entry in new if entry.key in found]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (raw("g1", "/a", "T"), raw("g2", "/a", "T"), True),
        (raw("g", "/a?t=1", "T"), raw("g", "/a?t=2", "T"), True),
        (raw("http://x.example/a", "/a", "T"), raw("https://y.example/a", "http://y.example/b", "T"), True),
        (raw("g1", "http://x.example/a", "T"), raw("g2", "http://y.example/a", "T"), True),
        (raw("", "/a?t=1", "T", published=_DATE), raw("", "/b", "T", published=_DATE), True),
        (raw("", "/a", "T", "x"), raw("", "/b", "T", "x"), True),
        (raw("", "/a", "T", "x"), raw("", "/b", "T", "y"), False),
        (raw("", "/a", "T", published=_DATE), raw("", "/b", "T", published="2026-11-20T06:00:00Z"), False),
        (raw("g1", "/a", "T"), raw("g2", "/b", "T"), False),
        (raw("g1", "/a", "T"), raw("g1", "/b", "U"), False),
        (raw("g1", "http://x.example/", "T"), raw("g2", "http://y.example/", "T"), False),
        (raw("", "", "", "x"), raw("g", "", "", "x"), False),
    ],
)
def test_old_friends_under_other_names(old: dict[str, Any], new: dict[str, Any], same: bool) -> None:
    """One title, and one link or guid but for scheme, host and tokens; without a guid one date or one text. Never on the title alone."""
    assert names(entries(old), entries(new)) == (["T"] if same else [])


def test_an_entry_that_is_still_there_is_nobody_else() -> None:
    """A second item of the same title beside the first is new, and one old entry is recognised once."""
    first, second = raw("g1", "/a?t=1", "T", published=_DATE), raw("g2", "/a?t=1", "T", published=_DATE)
    assert names(entries(first), entries(first, second)) == []
    assert len(renamed(entries(raw("g2", "/a", "T"), raw("g3", "/a", "T")), entries(raw("g1", "/a", "T")))) == 1


def many(name: str, count: int, age: timedelta | None) -> tuple[Entry, ...]:
    published = (NOW - age).isoformat() if age is not None else ""
    return entries(*(raw(f"{name}{number}", f"/{name}{number}", f"{name} {number}", published=published) for number in range(count)))


def test_gap_flood_and_neither() -> None:
    """All of a window new and young: a gap. Most of many new though old: a flood. A first poll, an overlap, a small window: neither."""
    polled = NOW - timedelta(hours=1)
    young, old = many("y", 30, timedelta(minutes=30)), many("o", 30, timedelta(days=3))
    assert (judge(young, young, polled).gap, judge(young, young, polled).kind) == (True, "")
    assert (judge(old, old, polled).gap, judge(old, old, polled).kind) == (False, "flood")
    assert judge(old, old, NOW - timedelta(days=4)).kind == ""
    assert judge(many("u", 30, None), many("u", 30, None), polled).kind == "flood"
    assert judge(old, old[:10], polled).kind == ""
    assert judge(old[:FLOOD_ITEMS], old[:FLOOD_ITEMS], polled).kind == ""
    assert judge(young, young, None) == judge(young, (), polled)
    assert not judge(young[:2], young[:2], polled).gap


def test_another_feed() -> None:
    """Another title and other sites; a changed title, or other sites alone, are not enough."""
    found = entries(raw("1", "http://casino.example/a"))
    assert is_another_feed(found, "Win", "News", ["http://news.example/b"])
    assert not is_another_feed(found, "news", "News", ["http://news.example/b"])
    assert not is_another_feed(found, "Win", "News", ["http://www.casino.example/b"])
    assert not is_another_feed(found, "", "News", ["http://news.example/b"])
    assert not is_another_feed(found, "Win", "News", [])
