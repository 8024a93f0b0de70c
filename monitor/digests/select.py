"""What a digest tells: untold hits become items, one per development, ranked and cut to size; every hit gets exactly one place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from monitor.text import fold

_MAX_VOICES = 4
_POINTS_PER_VOICE = 0.5
_POINTS_PER_DAY = 0.5
_POINTS_OFFICIAL = 0.5
_MAX_DAYS = 4.0
_MAX_DELTA = 6
MAX_FOUND = 20
"""Developments shown that a changed watchlist found in history; the others are counted and stay in `monitor hits list`."""

TOLD_AS_NEWS = 2
TOLD_FOR_A_LOOK = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A hit that waits to be told, with its article. `told`: what the subscription was told of its story before (0, for a look, as news).

    `told_titles`: the headlines of what was told of it. `credit`: the agency whose text the article is; `copy`: it repeats another report;
    `trust`: how far people found its publisher useful, -0.5 to 0.5.
    """

    hit: int
    watchlist: str
    story: int
    band: str
    score: float
    novelty: str | None
    delta: tuple[str, ...]
    created_at: datetime
    article: int
    title: str
    url: str
    publisher: str
    lang: str
    published_at: datetime | None
    first_seen_at: datetime
    copy_of: int | None
    told: int = 0
    told_at: datetime | None = None
    backfill: bool = False
    told_titles: tuple[str, ...] = ()
    credit: str = ""
    copy: bool = False
    trust: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One development. kind: new | update | review | found (in history, by a changed watchlist).

    `lead` is its best hit, `shown` the one whose headline and sentence are shown.
    """

    kind: str
    lead: Candidate
    shown: Candidate
    members: tuple[Candidate, ...]
    delta: tuple[str, ...]
    rank: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one hit stands: shown_as is new, update, review, found, echo or overflow; position counts items from 1, 0 is none."""

    hit: int
    story: int
    shown_as: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A digest's content. `overflow` holds items beyond the size, best first; `below` counts developments under the subscription's line.

    `found_more` counts developments found in history beyond those shown.
    """

    items: tuple[Item, ...]
    overflow: tuple[Item, ...]
    below: int
    echoes: int
    places: tuple[Place, ...]
    found_more: int = 0

    def of(self, kind: str) -> tuple[Item, ...]:
        """The items of one kind, in order."""
        return tuple(item for item in self.items if item.kind == kind)


def select(candidates: Iterable[Candidate], *, lang: str, review: bool, max_items: int, now: datetime) -> Selection:
    """Chooses and ranks. `lang` is the reader's language, `review` whether the review band is shown, `max_items` the items shown in full."""
    candidates = sorted(candidates, key=lambda c: c.hit)
    found, more, found_places = _found(candidates, lang, now)
    developments = _developments([c for c in candidates if not c.backfill])
    made = [(members, _item(members, lang, now)) for members in developments]
    items = [item for _, item in made if item is not None and (item.lead.band == "alert" or review)]
    hidden = [item for _, item in made if item is not None and item.lead.band != "alert" and not review]
    news = sorted((item for item in items if item.kind != "review"), key=_order)
    looks = sorted((item for item in items if item.kind == "review"), key=_order)
    kept = news[:max_items] + looks[: max(0, max_items - len(news))]
    shown = [*(item for kind in ("new", "update", "review") for item in kept if item.kind == kind), *found]
    over = news[max_items:] + looks[max(0, max_items - len(news)) :]
    places = [place for number, item in enumerate(shown, 1) for place in _places(item, item.kind, number)]
    places += [place for item in (*over, *hidden) for place in _places(item, "overflow", 0)]
    places += [Place(hit=c.hit, story=c.story, shown_as="echo") for members, item in made if item is None for c in members]
    places += found_places
    echoes = sum(place.shown_as == "echo" for place in places)
    return Selection(items=tuple(shown), overflow=tuple(over), below=len(hidden), echoes=echoes, places=tuple(places), found_more=more)


def _found(candidates: Sequence[Candidate], lang: str, now: datetime) -> tuple[tuple[Item, ...], int, list[Place]]:
    """What a changed watchlist found in history: items of a section of their own, never news; how many more; and the places of the others.

    A find in a story that is told as news in this digest is an echo of it.
    """
    live = {c.story for c in candidates if not c.backfill}
    joined = [c for c in candidates if c.backfill and c.story in live]
    groups = _developments([c for c in candidates if c.backfill and c.story not in live])
    items = sorted((_found_item(members, lang, now) for members in groups), key=_order)
    places = [Place(hit=c.hit, story=c.story, shown_as="echo") for c in joined]
    places += [place for item in items[MAX_FOUND:] for place in _places(item, "found", 0)]
    return tuple(items[:MAX_FOUND]), len(items[MAX_FOUND:]), places


def _found_item(members: Sequence[Candidate], lang: str, now: datetime) -> Item:
    lead = min(members, key=_best)
    shown = _shown(lead, [lead], members, lang)
    return Item(kind="found", lead=lead, shown=shown, members=tuple(members), delta=(), rank=_rank(lead, members, now))


def independent(members: Sequence[Candidate]) -> int:
    """How many voices speak for themselves: copies of one text count once, and so do the texts of one publisher or one news agency."""
    voices: dict[int, str] = {}
    for member in sorted(members, key=lambda c: (c.first_seen_at, c.hit)):
        voice = f"agency:{member.credit}" if member.credit else member.publisher or str(member.article)
        if not (member.copy and voices):
            voices.setdefault(member.copy_of or member.article, voice)
    return len(set(voices.values()))


def _developments(candidates: Sequence[Candidate]) -> list[tuple[Candidate, ...]]:
    """Candidates by story; stories of several watchlists that share an article are one development."""
    root = {c.story: c.story for c in candidates}

    def find(story: int) -> int:
        while root[story] != story:
            story = root[story]
        return story

    by_article: dict[int, int] = {}
    for c in candidates:
        first = by_article.setdefault(c.article, c.story)
        one, other = sorted((find(first), find(c.story)))
        root[other] = one
    ordered = sorted(candidates, key=lambda c: (find(c.story), c.hit))
    return [tuple(members) for _, members in groupby(ordered, key=lambda c: find(c.story))]


def _item(members: Sequence[Candidate], lang: str, now: datetime) -> Item | None:
    """The item of one development, or None where it brings nothing that was not told. A headline that was told is never shown again."""
    told = max(c.told for c in members)
    fresh = [c for c in members if c.novelty == "update"]
    alerts = [c for c in members if c.band == "alert"]
    if told >= TOLD_AS_NEWS:
        kind, leads = "update", [c for c in fresh if c.band == "alert"] or fresh
    elif alerts:
        kind, leads = "new", alerts
    else:
        kind, leads = "review", fresh if told else list(members)
    seen = {fold(title) for c in members for title in c.told_titles}
    leads = [c for c in leads if fold(c.title) not in seen]
    if not leads:
        return None
    lead = min(leads, key=_best)
    delta = tuple(dict.fromkeys(fact for c in sorted(fresh, key=_best) for fact in c.delta))[:_MAX_DELTA] if told else ()
    others = [c for c in (fresh if kind == "update" else members) if fold(c.title) not in seen]
    shown = _shown(lead, leads, others, lang)
    return Item(kind=kind, lead=lead, shown=shown, members=tuple(members), delta=delta, rank=_rank(lead, members, now))


def _shown(lead: Candidate, leads: Sequence[Candidate], others: Sequence[Candidate], lang: str) -> Candidate:
    """The best real headline in the reader's language, among the leads first; otherwise the lead's, otherwise any real one."""
    for chosen in ([c for c in leads if c.lang == lang], [c for c in others if c.lang == lang], [lead], others):
        real = [c for c in chosen if _is_headline(c.title)]
        if real:
            return min(real, key=_best)
    return lead


def _is_headline(title: str) -> bool:
    return len(title.split()) >= 2 and any(char.isalpha() for char in title)


def _rank(lead: Candidate, members: Sequence[Candidate], now: datetime) -> float:
    voices = min(independent(members) - 1, _MAX_VOICES)
    days = (now - max(c.first_seen_at for c in members)).total_seconds() / 86400
    trust = max(c.trust for c in members) + _POINTS_OFFICIAL * any(_is_official(c.publisher) for c in members)
    return lead.score + trust + _POINTS_PER_VOICE * voices - _POINTS_PER_DAY * min(max(days, 0.0), _MAX_DAYS)


def _is_official(publisher: str) -> bool:
    """Whether a host is a government's: `moit.gov.vn`, `commerce.gov`, `x.gouv.fr`."""
    return not {"gov", "gouv", "mil"}.isdisjoint(publisher.split(".")[-2:])


def _best(c: Candidate) -> tuple[float, datetime, int]:
    return -c.score, c.first_seen_at, c.hit


def _order(item: Item) -> tuple[float, datetime, int]:
    return -round(item.rank, 6), item.lead.first_seen_at, item.lead.hit


def _places(item: Item, shown_as: str, position: int) -> Iterable[Place]:
    for c in item.members:
        yield Place(hit=c.hit, story=c.story, shown_as=shown_as if c is item.lead else "echo", position=position)
