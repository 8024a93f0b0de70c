"""Groups hits that have no story yet, one transaction each. Order of time, then id; the same hits in the same order give the same stories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Watchlist
from monitor.store import stories as stored
from monitor.store.driver import Store
from monitor.store.stories import UngroupedHit
from monitor.store.workers import take, turn
from monitor.stories.disagree import Claim, disagreements
from monitor.stories.facts import is_money
from monitor.stories.fingerprint import Fingerprint, HitText, Hubs, fingerprint, from_json, to_json
from monitor.stories.group import MAX_STORIES, MEMORY, Grouper, Placement
from monitor.stories.novelty import Known, known_from_json, known_to_json, novelty, told

MAX_CLAIMS = 40
"""Reports whose sums are kept to be compared."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCounts:
    """What one run grouped: stories begun, hits that updated one, hits that echoed one."""

    new: int = 0
    updates: int = 0
    echoes: int = 0


async def group(*, store: Store, clock: Clock, limit: int, watchlists: tuple[Watchlist, ...]) -> GroupCounts:
    """Gives every hit of a bounded batch its story and says what it brings."""
    return await asyncio.to_thread(_group, store, clock(), limit, hubs(watchlists))


def hubs(watchlists: tuple[Watchlist, ...]) -> Hubs:
    """Entities that say little when shared: those marked as hubs say nothing, places and offices a little."""
    entities = [entity for watchlist in watchlists for side in watchlist.sides for entity in side.entities]
    return Hubs(
        ids=frozenset(entity.id for entity in entities if entity.hub),
        leaders=frozenset(entity.id for entity in entities if entity.hub and entity.type == "person"),
        places=frozenset(entity.id for entity in entities if not entity.hub and entity.type == "place"),
        bodies=frozenset(entity.id for entity in entities if not entity.hub and entity.type == "body"),
        people=frozenset(entity.id for entity in entities if entity.type == "person"),
    )


def _group(store: Store, now: datetime, limit: int, hub_ids: Hubs) -> GroupCounts:
    waiting = stored.ungrouped(store, limit)
    desks: dict[str, _Desk] = {}
    taken: set[str] = set()
    kinds: list[str] = []
    for hit in waiting:
        if hit.watchlist in taken:
            continue
        if hit.watchlist not in desks:
            desks[hit.watchlist] = _Desk(store, hit.watchlist, min(each.at for each in waiting) - MEMORY)
        try:
            kinds.append(desks[hit.watchlist].place(hit, fingerprint(text_of(hit), hub_ids), now))
        except _Overtaken:
            taken.add(hit.watchlist)
    return GroupCounts(new=kinds.count("new"), updates=kinds.count("update"), echoes=kinds.count("echo"))


class _Overtaken(Exception):
    """Another process groups the hits of this watchlist: what is known of its stories here is old."""


class _Desk:
    """The open stories of one watchlist with what each told, and the places that people gave to articles."""

    def __init__(self, store: Store, watchlist: str, since: datetime) -> None:
        self._store = store
        self._name = turn_of(watchlist)
        self._turn = turn(store, self._name)
        self._grouper = Grouper()
        self._known: dict[int, Known] = {}
        self._claims: dict[int, list[Claim]] = {}
        for story, record in stored.open_stories(store, watchlist, since, MAX_STORIES):
            self._grouper.open(story, (from_json(each) for each in record["members"]))
            self._known[story] = known_from_json(record["known"])
            self._claims[story] = [Claim(source=source, figures=tuple(figures)) for source, figures in record["claims"]]
        self._placed = stored.placed_by_hand(store, watchlist)

    def place(self, hit: UngroupedHit, found: Fingerprint, now: datetime) -> str:
        """Gives a hit its story and records what it brings, in one transaction. Returns its kind. Raises _Overtaken, with nothing written."""
        apart, together = self._placed.of(hit.article_id, hit.copy_of)
        placed = self._grouper.place(found, apart, together)
        known = self._known.get(placed.story, Known()) if placed.story is not None else Known()
        brings = novelty(found, known, placed.copy)
        with self._store.write():
            if not take(self._store, self._name, self._turn):
                raise _Overtaken
            story = stored.create(self._store, hit, now, placed.earlier) if placed.story is None else placed.story
            self._grouper.add(story, found)
            self._known[story] = told(known, found)
            self._claims.setdefault(story, []).append(claim_of(found))
            record = record_of(self._grouper.members(story), self._known[story], self._claims[story])
            if not stored.join(self._store, story, hit, brings.kind, brings.delta, evidence(placed, found), record):
                raise _Overtaken
            self._turn = turn(self._store, self._name)
        return brings.kind


def turn_of(watchlist: str) -> str:
    """The turn that whoever changes the stories of a watchlist takes."""
    return f"stories.{watchlist}"


def claim_of(found: Fingerprint) -> Claim:
    """The sums of money that a report gives as news."""
    return Claim(source=found.publisher, figures=tuple(sorted(figure for figure in found.figures if is_money(figure))))


def record_of(members: Iterable[Fingerprint], known: Known, claims: Iterable[Claim]) -> dict[str, object]:
    """A story's members, what they told, who gave which sums and where these differ, as stored."""
    given = list(dict.fromkeys(claim for claim in claims if claim.figures))[:MAX_CLAIMS]
    return {
        "members": [to_json(each) for each in members],
        "known": known_to_json(known),
        "claims": [[claim.source, list(claim.figures)] for claim in given],
        "differs": [[one.figure, one.source, other.figure, other.source] for one, other in disagreements(given)],
    }


def text_of(hit: UngroupedHit) -> HitText:
    """A stored hit as it is compared."""
    return HitText(
        key=str(hit.article_id),
        title=hit.title,
        text=hit.text,
        lang=hit.lang,
        at=hit.at,
        mentions=hit.mentions,
        publisher=hit.publisher,
        address=hit.address,
        copy_of=str(hit.copy_of) if hit.copy_of is not None else "",
        quiet=hit.quiet,
    )


def evidence(placed: Placement, found: Fingerprint) -> dict[str, object]:
    """On what a hit's place in its story rests, as stored."""
    return {
        "copy": placed.copy,
        "credit": found.credit,
        "score": round(placed.score, 3),
        "because": list(placed.because),
        "nearest": placed.nearest,
        "nearest_score": round(placed.nearest_score, 3),
    }
