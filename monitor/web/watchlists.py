"""Watchlists: what is in force and since when, what each caught, and which of its names bring noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from monitor.errors import NothingSelected
from monitor.model import Entity, Topic, Watchlist
from monitor.store import hits as stored_hits
from monitor.store import search as stored_search
from monitor.store import watchlists as stored
from monitor.store.driver import Row
from monitor.store.search import Wanted
from monitor.web.desk import Answer, Asked
from monitor.web.render import page

DAYS = 30
MOST_READ = 500
NOISY_SHOWN = 30
LATEST_SHOWN = 10
VERSIONS_SHOWN = 10
MOST_LISTED = 60
"""Entities of a side that the page names; the largest sides have hundreds."""

_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_NONE: Mapping[str, int] = MappingProxyType({"alerts": 0, "looks": 0, "quiet": 0})


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCount:
    """One entity or topic: its hits among the newest, and how marked hits that mention it were judged."""

    name: str
    title: str
    kind: str
    hits: int
    useful: int
    useless: int

    @property
    def noise(self) -> float | None:
        """The share of useless ones among its marked hits; None where none is marked."""
        marked = self.useful + self.useless
        return self.useless / marked if marked else None


def watchlists(asked: Asked) -> Answer:
    """The page of all watchlists."""
    store = asked.desk.store
    active = {row["watchlist"]: row for row in stored.active(store)}
    since = asked.now - timedelta(days=DAYS)
    caught = stored_hits.caught(store, since)
    cards = [(one, active.get(one.id), caught.get(one.id, _NONE), _size(one)) for one in asked.desk.watchlists]
    return page(asked, "watchlists.html", "Watchlists", cards=cards, days=DAYS, marked=stored_hits.marked_count(store))


def watchlist(asked: Asked) -> Answer:
    """The page of one watchlist."""
    one = next((each for each in asked.desk.watchlists if each.id == asked.parts["name"]), None)
    if one is None:
        raise NothingSelected("there is no such watchlist; it may have been taken out of the configuration")
    store = asked.desk.store
    since = asked.now - timedelta(days=DAYS)
    wanted = Wanted(since=_EVER, until=asked.now + timedelta(days=1), watchlist=one.id)
    rows = stored_search.names_of_hits(store, wanted, MOST_READ)
    return page(
        asked,
        "watchlist.html",
        one.title,
        watchlist=one,
        active=next((row for row in stored.active(store) if row["watchlist"] == one.id), None),
        versions=stored.history(store, one.id, VERSIONS_SHOWN),
        caught=stored_hits.caught(store, since).get(one.id, _NONE),
        days=DAYS,
        latest=stored_search.found(store, wanted, LATEST_SHOWN),
        names=_names(rows, stored_hits.noise(store, one.id, NOISY_SHOWN)),
        read=len({row["hit"] for row in rows}),
        forms=_forms,
        most=MOST_LISTED,
        size=_size(one),
    )


def _names(rows: Sequence[Row], noise: Sequence[Row]) -> list[NameCount]:
    """The noisiest names first, then those in most hits."""
    hits = Counter(row["name"] for row in rows)
    titles = {row["name"]: row["title"] for row in (*rows, *noise)}
    kinds = {row["name"]: row["kind"] for row in noise}
    judged = {row["name"]: row for row in noise}
    found = [
        NameCount(
            name=name,
            title=titles[name],
            kind=kinds.get(name, "entity"),
            hits=hits[name],
            useful=judged[name]["useful"] if name in judged else 0,
            useless=judged[name]["useless"] if name in judged else 0,
        )
        for name in titles
    ]
    return sorted(found, key=lambda each: (-(each.noise or 0.0), -each.useless, -each.hits, each.name))[:NOISY_SHOWN]


def _size(one: Watchlist) -> tuple[int, int, int]:
    """How many entities, topics and written forms are switched on."""
    entities = [entity for side in one.sides for entity in side.entities if entity.enabled]
    topics = [topic for side in one.sides for topic in side.topics if topic.enabled]
    return len(entities), len(topics), sum(len(_forms(each)) for each in entities) + sum(len(_forms(each)) for each in topics)


def _forms(one: Entity | Topic) -> tuple[str, ...]:
    """Every written form of an entity, every word of a topic."""
    if isinstance(one, Topic):
        return tuple(word for _, words in one.words for word in words)
    return (*one.names, *one.exact_names, *one.short, *one.loose)
