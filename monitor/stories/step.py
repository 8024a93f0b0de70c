"""Groups hits that have no story yet, one transaction each. Order of time, then id; the same hits in the same order give the same stories."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Watchlist
from monitor.store import stories as stored
from monitor.store.driver import Store
from monitor.store.stories import UngroupedHit
from monitor.stories.fingerprint import HitText, Hubs, fingerprint, from_json, to_json
from monitor.stories.group import MAX_STORIES, WINDOW, Grouper, Placement
from monitor.stories.novelty import novelty

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
    """Entities that say nothing when shared: those marked as hubs, and every place."""
    entities = [entity for watchlist in watchlists for side in watchlist.sides for entity in side.entities]
    return Hubs(
        ids=frozenset(entity.id for entity in entities if entity.hub or entity.type == "place"),
        leaders=frozenset(entity.id for entity in entities if entity.hub and entity.type == "person"),
    )


def _group(store: Store, now: datetime, limit: int, hub_ids: Hubs) -> GroupCounts:
    waiting = stored.ungrouped(store, limit)
    groupers: dict[str, Grouper] = {}
    kinds: list[str] = []
    for hit in waiting:
        if hit.watchlist not in groupers:
            since = min(each.at for each in waiting) - WINDOW
            groupers[hit.watchlist] = _opened(store, hit.watchlist, since)
        kinds.append(_place(store, groupers[hit.watchlist], hit, hub_ids, now))
    return GroupCounts(new=kinds.count("new"), updates=kinds.count("update"), echoes=kinds.count("echo"))


def _opened(store: Store, watchlist: str, since: datetime) -> Grouper:
    grouper = Grouper()
    for story, prints in stored.open_stories(store, watchlist, since, MAX_STORIES):
        grouper.open(story, (from_json(each) for each in prints))
    return grouper


def _place(store: Store, grouper: Grouper, hit: UngroupedHit, hub_ids: Hubs, now: datetime) -> str:
    found = fingerprint(_text(hit), hub_ids)
    placed = grouper.place(found)
    earlier = grouper.members(placed.story) if placed.story is not None else ()
    brings = novelty(found, earlier)
    with store.write():
        story = stored.create(store, hit, now) if placed.story is None else placed.story
        grouper.add(story, found)
        prints = [to_json(each) for each in grouper.members(story)]
        stored.join(store, story, hit, brings.kind, brings.delta, _evidence(placed), prints)
    return brings.kind


def _text(hit: UngroupedHit) -> HitText:
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


def _evidence(placed: Placement) -> dict[str, object]:
    return {
        "score": round(placed.score, 3),
        "because": list(placed.because),
        "nearest": placed.nearest,
        "nearest_score": round(placed.nearest_score, 3),
    }
