"""What a person decides of stories: to split hits off, or to merge two. Both last: later reports and later runs keep to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.errors import NothingSelected, UsageError
from monitor.store import stories as stored
from monitor.store.driver import Store
from monitor.store.stories import Regrouped, UngroupedHit
from monitor.stories.fingerprint import Fingerprint, Hubs, fingerprint
from monitor.stories.group import MAX_MEMBERS
from monitor.stories.novelty import Known, novelty, told
from monitor.stories.similarity import same_text
from monitor.stories.step import claim_of, record_of, text_of


def split(store: Store, story: int, hits: Sequence[int], hubs: Hubs, now: datetime) -> int:
    """Takes hits out of a story into a new one and returns its number. No later report brings the two together again.

    Raises NothingSelected for an unknown story or a hit that is not in it, UsageError where nothing would stay behind.
    """
    with store.write():
        members = _members(store, story)
        unknown = sorted(set(hits) - {member.id for member in members})
        if unknown:
            raise NothingSelected(f"story {story} has no hit {unknown[0]}; see `monitor stories show {story}`")
        leaving = [member for member in members if member.id in set(hits)]
        staying = [member for member in members if member.id not in set(hits)]
        if not leaving or not staying:
            raise UsageError("name at least one hit, and leave at least one in the story")
        made = stored.create(store, leaving[0], now)
        for one in leaving:
            for other in staying:
                stored.place(store, one.watchlist, one.article_id, other.article_id, "apart", now)
        _renew(store, made, leaving, hubs)
        _renew(store, story, staying, hubs)
    return made


def merge(store: Store, into: int, story: int, hubs: Hubs, now: datetime) -> None:
    """Puts all hits of a story into another. Later reports of either join the one that stays.

    Raises NothingSelected for an unknown story, UsageError for stories of two watchlists or one story twice.
    """
    if into == story:
        raise UsageError("a story cannot be merged into itself")
    with store.write():
        staying, coming = _members(store, into), _members(store, story)
        if staying[0].watchlist != coming[0].watchlist:
            raise UsageError(f"story {into} belongs to {staying[0].watchlist}, story {story} to {coming[0].watchlist}")
        for one in coming:
            for other in staying:
                stored.place(store, one.watchlist, one.article_id, other.article_id, "together", now)
        _renew(store, into, sorted([*staying, *coming], key=lambda hit: (hit.at, hit.id)), hubs)
        stored.merged(store, story, into)


def _members(store: Store, story: int) -> tuple[UngroupedHit, ...]:
    members = stored.hits_of(store, story)
    if not members:
        raise NothingSelected(f"there is no story {story} with hits; see `monitor stories list`")
    return members


def _renew(store: Store, story: int, hits: Sequence[UngroupedHit], hubs: Hubs) -> None:
    """Makes a story anew from its hits: its fingerprints, what it told, what each hit brings."""
    known = Known()
    prints: list[Fingerprint] = []
    brought: list[Regrouped] = []
    for hit in hits:
        found = fingerprint(text_of(hit), hubs)
        copy = any(same_text(found, other) for other in prints)
        brings = novelty(found, known, copy)
        brought.append(Regrouped(hit=hit.id, novelty=brings.kind, delta=brings.delta))
        known = told(known, found)
        prints.append(found)
    kept = [prints[0], *prints[1:][-(MAX_MEMBERS - 1) :]]
    stored.renew(store, story, hits, brought, record_of(kept, known, [claim_of(each) for each in prints]))
