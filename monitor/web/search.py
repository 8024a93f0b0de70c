"""Search: hits by words, names, topic, feed, language, band and date, with plots of what was found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.digests.wording import pieces
from monitor.store import feeds as stored_feeds
from monitor.store import search as stored
from monitor.store.driver import Row
from monitor.store.search import Wanted
from monitor.web.desk import Answer, Asked
from monitor.web.plots import Bars, Matrix, bars, matrix
from monitor.web.render import address, page, times
from monitor.web.words import hubs_of

PER_PAGE = 30
DEFAULT_DAYS = 30
MOST_COUNTED = 20_000
MOST_READ = 500
"""Hits whose names are read for the plots of names."""

NAMES_SHOWN = 10
_MOST_WORDS_CHARS = 200
FIELDS = ("q", "name", "with", "topic", "feed", "lang", "band", "watchlist", "mark", "from", "to")
_EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One hit of the list: its row, and the sentence that matched in pieces (text, marked)."""

    row: Row
    sentence: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLine:
    """One name over time: its small bars, and its hits in the span."""

    name: str
    title: str
    hits: int
    bars: Bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Plots:
    """The plots of one search. `whole`: all of its hits are counted; `read`: of how many the names were read."""

    days: Bars
    names: tuple[NameLine, ...]
    pairs: Matrix
    whole: bool
    read: int


def search(asked: Asked) -> Answer:
    """The page of a search; without any filter the hits of the last thirty days."""
    given = {name: asked.query.get(name, "").strip()[:_MOST_WORDS_CHARS] for name in FIELDS}
    first_on, last_on = _span(given, asked)
    wanted = _wanted(asked, given, first_on, last_on)
    before = asked.query.get("before", "")
    rows = stored.found(
        asked.desk.store, wanted, PER_PAGE + 1, int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None
    )
    return page(
        asked,
        "search.html",
        f"{given['q']}: search" if given["q"] else "Search",
        given=given,
        filtered=any(given.values()),
        first_on=first_on,
        last_on=last_on,
        found=[_found(row) for row in rows[:PER_PAGE]],
        saveable={name: value for name, value in given.items() if value},
        following=address("/search", **given, before=rows[PER_PAGE - 1]["id"]) if len(rows) > PER_PAGE else "",
        paged=bool(before),
        plots=None if before else _plots(asked, wanted, first_on, last_on),
        choices=_choices(asked),
        here=lambda **more: address("/search", **{**given, **more}),
    )


def wanted_of(asked: Asked, given: Mapping[str, str]) -> Wanted:
    """What the fields of a search ask for; a field that is not there asks for nothing."""
    whole = {name: given.get(name, "") for name in FIELDS}
    return _wanted(asked, whole, *_span(whole, asked))


def _span(given: Mapping[str, str], asked: Asked) -> tuple[date, date]:
    """The days asked for, in the zone of the page. Where none are named the last thirty, or those up to the newest hit where it is older."""
    zone = ZoneInfo(times(asked).zone)
    today = asked.now.astimezone(zone).date()
    newest_at = stored.newest_at(asked.desk.store)
    if newest_at is not None and asked.now - newest_at > timedelta(days=DEFAULT_DAYS):
        today = newest_at.astimezone(zone).date()
    last_on = _day(given["to"]) or max(today, _day(given["from"]) or today)
    first_on = _day(given["from"]) or last_on - timedelta(days=DEFAULT_DAYS - 1)
    return max(_EARLIEST, min(first_on, last_on)), last_on


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _wanted(asked: Asked, given: Mapping[str, str], first_on: date, last_on: date) -> Wanted:
    zone = ZoneInfo(times(asked).zone)
    return Wanted(
        since=datetime.combine(first_on, time(), zone).astimezone(UTC),
        until=datetime.combine(last_on, time(), zone).astimezone(UTC) + timedelta(days=1)
        if last_on < date.max
        else datetime.max.replace(tzinfo=UTC),
        watchlist=given["watchlist"],
        band=given["band"],
        lang=given["lang"],
        feed=given["feed"],
        mark=given["mark"],
        names=tuple(dict.fromkeys(given[name] for name in ("name", "with", "topic") if given[name])),
        articles=asked.desk.store.search(given["q"], stored.MOST_ARTICLES) if given["q"] else None,
    )


def _found(row: Row) -> Found:
    snippet = json.loads(row.pop("verdict_json"))["snippet"]
    return Found(row=row, sentence=pieces(snippet["text"], tuple((start, end) for start, end in snippet["marks"])))


def _choices(asked: Asked) -> dict[str, Sequence[tuple[str, str]]]:
    """What each filter offers, as (value, label) pairs."""
    desk = asked.desk
    sides = [side for watchlist in desk.watchlists for side in watchlist.sides]
    return {
        "name": _sorted({one.id: one.title for side in sides for one in side.entities if one.enabled}),
        "topic": _sorted({one.id: one.title for side in sides for one in side.topics if one.enabled}),
        "feed": [(name, title or name) for name, title in stored_feeds.named(desk.store)],
        "watchlist": [(one.id, one.title) for one in desk.watchlists],
    }


def _sorted(titles: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(titles.items(), key=lambda pair: pair[1].casefold())


def _plots(asked: Asked, wanted: Wanted, first_on: date, last_on: date) -> Plots:
    store, zone = asked.desk.store, ZoneInfo(times(asked).zone)
    per_day: Counter[date] = Counter()
    day_of = _Days(zone)
    for row in stored.by_hour(store, wanted, MOST_COUNTED):
        per_day[day_of[row["hour"]]] += row["hits"]
    rows = stored.names_of_hits(store, wanted, MOST_READ)
    hubs = hubs_of(asked.desk.watchlists)
    titles = {row["name"]: row["title"] for row in rows}
    named: dict[int, list[str]] = {}
    per_name: dict[str, Counter[date]] = {}
    for row in rows:
        if row["name"] not in hubs:
            named.setdefault(row["hit"], []).append(row["name"])
            per_name.setdefault(row["name"], Counter())[day_of[row["hour"]]] += 1
    pairs = matrix(named, titles, NAMES_SHOWN)
    start = max(first_on, min(per_day, default=first_on) - timedelta(days=1)) if (last_on - first_on).days > 366 else first_on
    return Plots(
        days=bars(per_day, start, last_on),
        names=_name_lines(pairs.names, per_name, start, last_on),
        pairs=pairs,
        whole=sum(per_day.values()) < MOST_COUNTED,
        read=len({row["hit"] for row in rows}),
    )


class _Days(dict[str, date]):
    """The day of each stored hour (`2024-09-26T07`) in a zone; there are far fewer hours than rows."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, hour: str) -> date:
        self[hour] = day = datetime.fromisoformat(f"{hour}:00+00:00").astimezone(self._zone).date()
        return day


def _name_lines(
    names: Sequence[tuple[str, str, int]], per_name: Mapping[str, Mapping[date, int]], first_on: date, last_on: date
) -> tuple[NameLine, ...]:
    """A row of small bars for each name, all on one scale."""
    drawn = [(each, bars(per_name[each[0]], first_on, last_on, width=240, height=28, left=0)) for each in names]
    top = max((bar.value for _, one in drawn for bar in one.bars), default=1)
    return tuple(
        NameLine(
            name=name, title=title, hits=hits, bars=bars(per_name[name], first_on, last_on, width=240, height=28, left=0, least_top=top)
        )
        for (name, title, hits), _ in drawn
    )
