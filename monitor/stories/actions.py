"""What is done to stories that stand: a person splits or merges them, for good; and once a day the latest hits are grouped again."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.errors import NothingSelected, StoreBusy, UsageError
from monitor.hours import from_text, to_text
from monitor.log import logger
from monitor.model import Watchlist
from monitor.store import stories as stored
from monitor.store.driver import Store
from monitor.store.steps import fact, record_event, set_fact
from monitor.store.stories import GroupedHit, Regrouped, UngroupedHit
from monitor.store.workers import take, turn
from monitor.stories.fingerprint import Fingerprint, Hubs, fingerprint
from monitor.stories.group import MAX_MEMBERS, MAX_STORIES
from monitor.stories.novelty import Known, novelty, told
from monitor.stories.rerun import BEFORE, RERUN, Doubt, Rerun, Standing, rerun
from monitor.stories.similarity import same_text
from monitor.stories.step import claim_of, evidence, hubs, record_of, text_of, turn_of

NIGHT = timedelta(hours=24)
"""How often the latest hits are grouped again."""

MOST_HITS = 20_000

MOST_ADVICE = 10
"""Doubts that one event spells out: in a flood there are hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegroupCounts:
    """Hits moved to another story by grouping again."""

    moved: int = 0


def split(store: Store, story: int, hits: Sequence[int], hub_ids: Hubs, now: datetime) -> int:
    """Takes hits out of a story into a new one and returns its number. No later report brings the two together again.

    Raises NothingSelected for an unknown story or a hit that is not in it, UsageError where nothing would stay behind.
    """
    with store.write():
        members = _members(store, story)
        _take(store, members)
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
        renew(store, made, leaving, hub_ids)
        renew(store, story, staying, hub_ids)
    return made


def merge(store: Store, into: int, story: int, hub_ids: Hubs, now: datetime) -> None:
    """Puts all hits of a story into another. Later reports of either join the one that stays.

    Raises NothingSelected for an unknown story, UsageError for stories of two watchlists or one story twice.
    """
    if into == story:
        raise UsageError("a story cannot be merged into itself")
    with store.write():
        _take(store, _members(store, into))
        staying, coming = _members(store, into), _members(store, story)
        if staying[0].watchlist != coming[0].watchlist:
            raise UsageError(f"story {into} belongs to {staying[0].watchlist}, story {story} to {coming[0].watchlist}")
        for one in coming:
            for other in staying:
                stored.place(store, one.watchlist, one.article_id, other.article_id, "together", now)
        renew(store, into, sorted([*staying, *coming], key=lambda hit: (hit.at, hit.id)), hub_ids)
        stored.merged(store, story, into)


def _take(store: Store, members: Sequence[UngroupedHit]) -> None:
    """Lets a process that groups hits of this watchlist meanwhile look at its stories anew. Raises StoreBusy where it was just at it."""
    name = turn_of(members[0].watchlist)
    if not take(store, name, turn(store, name)):
        raise StoreBusy(f"hits of {members[0].watchlist} are being grouped at this moment; try again")


def _members(store: Store, story: int) -> tuple[UngroupedHit, ...]:
    members = stored.hits_of(store, story)
    if not members:
        raise NothingSelected(f"there is no story {story} with hits; see `monitor stories list`")
    return members


def renew(store: Store, story: int, hits: Sequence[UngroupedHit], hub_ids: Hubs) -> None:
    """Makes a story anew from its hits: its fingerprints, what it told, what each hit brings."""
    known = Known()
    prints: list[Fingerprint] = []
    brought: list[Regrouped] = []
    for hit in hits:
        found = fingerprint(text_of(hit), hub_ids)
        copy = any(same_text(found, other) for other in prints)
        brings = novelty(found, known, copy)
        brought.append(Regrouped(hit=hit.id, novelty=brings.kind, delta=brings.delta))
        known = told(known, found)
        prints.append(found)
    kept = [prints[0], *prints[1:][-(MAX_MEMBERS - 1) :]]
    stored.renew(store, story, hits, brought, record_of(kept, known, [claim_of(each) for each in prints]))


async def regroup_due(*, store: Store, clock: Callable[[], datetime], watchlists: tuple[Watchlist, ...]) -> RegroupCounts:
    """Groups the latest hits of each watchlist again, once a day. What cannot be moved, for it was told, is told to the operator once."""
    moved = 0
    for watchlist in watchlists:
        moved += await asyncio.to_thread(_regroup_due, store, watchlist.id, hubs(watchlists), clock())
    return RegroupCounts(moved=moved)


def _regroup_due(store: Store, watchlist: str, hub_ids: Hubs, now: datetime) -> int:
    name = f"regrouped.{watchlist}"
    at, _, reported = (fact(store, name) or "").partition("|")
    if at and timedelta(0) <= now - from_text(at) < NIGHT:
        return 0
    outcome = regroup(store, watchlist, hub_ids, now)
    advice = _advice(outcome.doubts)
    with store.write():
        set_fact(store, name, f"{to_text(now)}|{advice}")
        if outcome.moves or (advice and advice != reported):
            record_event(store, now, "stories.regrouped", watchlist, f"{len(outcome.moves)} hits moved" + (f"; {advice}" if advice else ""))
    if advice and advice != reported:
        logger(watchlist=watchlist).info("stories to look at", advice=advice)
    return len(outcome.moves)


def _advice(doubts: Sequence[Doubt]) -> str:
    """What the log and the event say: some doubts, and where the others are to be seen."""
    said = [advice_of(doubt) for doubt in doubts[:MOST_ADVICE]]
    more = len(doubts) - len(said)
    return "; ".join([*said, f"{more} more: monitor stories regroup --dry-run"] if more else said)


def advice_of(doubt: Doubt) -> str:
    """What a person may do about told hits that would stand elsewhere."""
    if doubt.whole:
        return f"story {doubt.story} looks like story {doubt.other}: monitor stories merge {doubt.other} {doubt.story}"
    hits = " ".join(map(str, doubt.hits))
    return f"hits {hits} of story {doubt.story} look like story {doubt.other}: monitor stories split {doubt.story} {hits}"


def regroup(store: Store, watchlist: str, hub_ids: Hubs, now: datetime, *, dry_run: bool = False) -> Rerun:
    """Looks at the hits of the latest days again, moves what nobody was told, and returns what followed.

    Nothing is moved where the stories changed meanwhile: the next run looks again. Nothing is done where there are more than MOST_HITS.
    """
    since = now - RERUN - BEFORE
    seen_turn = turn(store, turn_of(watchlist))
    rows = stored.window(store, watchlist, since, MAX_STORIES, MOST_HITS + 1)
    if len(rows) > MOST_HITS:
        return Rerun()
    standing = {row.hit.id: _standing(row, hub_ids, row.found_at < now - RERUN) for row in rows}
    placements = tuple((kind, one, other) for kind, one, other, _, _ in stored.placed_by_hand(store, watchlist).rows)
    outcome = rerun(standing.values(), placements)
    if not outcome.moves or dry_run:
        return outcome
    with store.write():
        taken = take(store, turn_of(watchlist), seen_turn)
        stands = stored.standing(store, watchlist, since, MAX_STORIES)
        if not taken or any(stands.get(each.hit) != (each.story, each.told) for each in standing.values()):
            return Rerun(doubts=outcome.doubts)
        _move(store, outcome, {row.hit.id: row.hit for row in rows}, standing, hub_ids)
    return outcome


def _standing(row: GroupedHit, hub_ids: Hubs, settled: bool) -> Standing:
    hit = row.hit
    found = fingerprint(text_of(hit), hub_ids)
    return Standing(hit=hit.id, story=row.story, article=hit.article_id, found=found, copy_of=hit.copy_of, told=row.told, settled=settled)


def _move(store: Store, outcome: Rerun, hits: dict[int, UngroupedHit], standing: dict[int, Standing], hub_ids: Hubs) -> None:
    """Puts hits where they belong: stories that gave and took are made anew, an emptied one is merged into where most of its hits went."""
    coming: dict[int, list[UngroupedHit]] = defaultdict(list)
    went: dict[int, Counter[int]] = defaultdict(Counter)
    for move in outcome.moves:
        coming[move.to].append(hits[move.hit])
        went[move.story][move.to] += 1
    moved = {move.hit for move in outcome.moves}
    members = {story: [hit for hit in stored.hits_of(store, story) if hit.id not in moved] for story in {*coming, *went}}
    for story, staying in members.items():
        whole = sorted([*staying, *coming[story]], key=lambda hit: (hit.at, hit.id))
        if whole:
            renew(store, story, whole, hub_ids)
        else:
            stored.merged(store, story, min(went[story], key=lambda to: (-went[story][to], to)))
    for move in outcome.moves:
        stored.rejoin(store, move.hit, evidence(move.placed, standing[move.hit].found))
