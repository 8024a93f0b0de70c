"""Stories: open ones with their fingerprints, hits that wait for one, and the rows that lists show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.hours import from_text, from_text_or_none, to_text
from monitor.model import Mention, Story
from monitor.store.among import rows_among
from monitor.store.driver import Row, Store, Value

_HITS = """
select h.id, h.watchlist, h.quiet, h.created_at, a.id as article_id, a.title, a.lang, a.publisher, a.published_at, a.first_seen_at,
  a.canonical_key, a.url_key, a.copy_of, coalesce(t.text, a.summary) as text
from hits h join articles a on a.id = h.article_id left join texts t on t.article_id = coalesce(a.text_of, a.id)
where {chosen} order by coalesce(a.published_at, a.first_seen_at), h.id limit :limit
"""
_UNGROUPED = _HITS.replace("{chosen}", "h.story_id is null")
_GROUPED = _HITS.replace("{chosen}", "h.story_id = :story")
# By way of the stories: an index leads to each one's hits, however many hits there were in that time.
_LATEST = """(select id from stories where watchlist = :watchlist and merged_into_id is null
  order by last_seen_at desc, id desc limit :stories) latest cross join hits h"""
_OF_LATEST = "h.story_id = latest.id and h.created_at >= :since"
_WINDOW = _HITS.replace("select h.id,", "select h.story_id as story, h.id,").replace("hits h", _LATEST).replace("{chosen}", _OF_LATEST)
_STANDING = f"""
select h.id, h.story_id as story, exists (select 1 from subscriptions s join digest_hits d on d.subscription_id = s.id and d.hit_id = h.id
  where d.shown_as <> 'quiet') as told
from {_LATEST} where {_OF_LATEST}
"""
_MENTIONS = """
select hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone from mentions where hit_id in ({numbers}) order by id
"""
_OPEN = """
select id, fingerprint_json from stories where watchlist = :watchlist and last_seen_at >= :since and merged_into_id is null
order by last_seen_at desc, id desc limit :limit
"""
_CREATE = """
insert into stories(watchlist, title, lang, lead_hit_id, first_seen_at, last_seen_at, hit_count, fingerprint_json, earlier_id, created_at)
values (:watchlist, :title, :lang, :hit, :at, :at, 0, '{}', :earlier, :now) returning id
"""
_GROW = """
update stories set hit_count = hit_count + 1, fingerprint_json = :record,
  first_seen_at = case when :at < first_seen_at then :at else first_seen_at end,
  last_seen_at = case when :at > last_seen_at then :at else last_seen_at end
where id = :id
"""
_JOIN = (
    "update hits set story_id = :story, novelty = :novelty, delta_json = :delta, joined_json = :joined where id = :hit and story_id is null"
)
_PLACEMENTS = """
select p.kind, p.article_id, p.other_id, h.story_id as story, o.story_id as other_story from placements p
left join hits h on h.watchlist = p.watchlist and h.article_id = p.article_id
left join hits o on o.watchlist = p.watchlist and o.article_id = p.other_id
where p.watchlist = :watchlist order by p.id
"""
_PLACE = """
insert into placements(watchlist, article_id, other_id, kind, created_at) values (:watchlist, :article, :other, :kind, :now)
on conflict(watchlist, article_id, other_id) do update set kind = :kind, created_at = :now
"""
_REJOIN = "update hits set joined_json = :joined where id = :hit"
_REGROUP = "update hits set story_id = :story, novelty = :novelty, delta_json = :delta where id = :hit"
_RENEW = """
update stories set hit_count = :hits, fingerprint_json = :record, first_seen_at = :first, last_seen_at = :last, title = :title, lang = :lang,
  lead_hit_id = :lead where id = :id
"""
_MERGED = "update stories set merged_into_id = :into, hit_count = 0, fingerprint_json = '{}' where id = :id"
_FOLLOWERS = "select id, title from stories where earlier_id = :id order by id"
_LIST = """
select s.id, s.watchlist, s.title, s.lang, s.first_seen_at, s.last_seen_at, s.hit_count,
  (select max(h.score) from hits h where h.story_id = s.id) as score,
  (select count(distinct a.publisher) from hits h join articles a on a.id = h.article_id where h.story_id = s.id) as publishers,
  (select count(*) from hits h where h.story_id = s.id and h.band = 'alert' and h.quiet = 0) as alerts
from stories s where s.merged_into_id is null{of} order by s.last_seen_at desc, s.id desc limit :limit
"""
_SINCE = " and s.last_seen_at >= :since"
_BELOW = " and s.last_seen_at <= :at and (s.last_seen_at < :at or s.id < :number)"
_OF_ARTICLES = "select distinct story_id as id from hits where story_id is not null and article_id in ({numbers})"
# A story that was merged into another has no hits. Put together with nothing, a watchlist's name keeps the search off the index of all its stories.
_PLACES = "select s.id, s.last_seen_at from stories s where s.id in ({numbers}){of}"
_HELD_TO_WATCHLIST = " and s.watchlist || '' = :watchlist"
_OF_NUMBERS = " and s.id in ({numbers})"
_OF_WATCHLIST = " and s.watchlist = :watchlist"
_ONE = "select * from stories where id = :id"
_LINKS = """
select s.earlier_id, e.title as earlier_title, s.merged_into_id, s.fingerprint_json
from stories s left join stories e on e.id = s.earlier_id where s.id = :id
"""
_MEMBERS = """
select h.id as hit, h.article_id as article, h.band, h.score, h.quiet, h.novelty, h.delta_json, h.joined_json, a.title, a.lang, a.publisher, a.url,
  a.published_at, a.first_seen_at, a.copy_of
from hits h join articles a on a.id = h.article_id where h.story_id = :id order by coalesce(a.published_at, a.first_seen_at), h.id
"""

_BACKGROUND = """
select s.id, s.fingerprint_json, e.title as earlier_title, e.lang as earlier_lang, e.first_seen_at as earlier_at, a.url as earlier_url,
  a.publisher as earlier_publisher
from stories s left join stories e on e.id = s.earlier_id left join hits h on h.id = e.lead_hit_id left join articles a on a.id = h.article_id
where s.id in ({numbers})
"""
_REPORTS = """
select h.story_id as story, a.publisher, a.first_seen_at, h.joined_json from hits h join articles a on a.id = h.article_id
where h.story_id in ({numbers}) and h.quiet = 0 order by a.first_seen_at, h.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UngroupedHit:
    """A hit without a story, with the text and mentions it is compared by. `at` is its publication, or its first sight."""

    id: int
    watchlist: str
    quiet: bool
    article_id: int
    title: str
    text: str
    lang: str
    publisher: str
    at: datetime
    address: str
    copy_of: int | None
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedHit:
    """A hit in its story. `told`: some digest has told it; `found_at`: when it became a hit."""

    hit: UngroupedHit
    story: int
    told: bool
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What people decided on the stories of a watchlist: (kind, article, other article, their stories or None) rows, oldest first."""

    rows: tuple[tuple[str, int, int, int | None, int | None], ...] = ()

    def of(self, article: int, copy_of: int | None = None) -> tuple[frozenset[int], int | None]:
        """The stories that an article (or the text it copies) was set apart from, and the one it was put into."""
        apart: set[int] = set()
        together: int | None = None
        for kind, one, other, story, other_story in self.rows:
            for mine, theirs in ((one, other_story), (other, story)):
                if mine in {article, copy_of} and theirs is not None:
                    if kind == "apart":
                        apart.add(theirs)
                    else:
                        together = theirs
        return frozenset(apart), together


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """One hit of a story made anew: what it brings there."""

    hit: int
    novelty: str
    delta: tuple[str, ...]


def ungrouped(store: Store, limit: int) -> tuple[UngroupedHit, ...]:
    """Hits that wait for a story, in order of their time, then id."""
    return _hits(store, store.all(_UNGROUPED, limit=limit))


def hits_of(store: Store, story: int) -> tuple[UngroupedHit, ...]:
    """All hits of a story, in order of their time, with what they are compared by."""
    return _hits(store, store.all(_GROUPED, story=story, limit=100_000))


def window(store: Store, watchlist: str, since: datetime, stories: int, limit: int) -> tuple[GroupedHit, ...]:
    """The hits of a watchlist's so many latest `stories` found since an instant, in order of their time, then id; at most `limit`."""
    rows = store.all(_WINDOW, watchlist=watchlist, since=since, stories=stories, limit=limit)
    stands = standing(store, watchlist, since, stories)
    return tuple(
        GroupedHit(hit=hit, story=row["story"], told=stands[hit.id][1], found_at=from_text(row["created_at"]))
        for row, hit in zip(rows, _hits(store, rows), strict=True)
        if hit.id in stands  # else its story has grown old between the two looks
    )


def standing(store: Store, watchlist: str, since: datetime, stories: int) -> dict[int, tuple[int, bool]]:
    """Where the hits of a watchlist's so many latest `stories` found since an instant stand: (story, whether some digest has told it) by hit."""
    rows = store.all(_STANDING, watchlist=watchlist, since=since, stories=stories)
    return {row["id"]: (row["story"], bool(row["told"])) for row in rows}


def open_stories(store: Store, watchlist: str, since: datetime, limit: int) -> list[tuple[int, dict[str, Any]]]:
    """The watchlist's stories with a member since an instant: id and stored record (`members`, `known`), oldest first."""
    rows = store.all(_OPEN, watchlist=watchlist, since=since, limit=limit)
    records = [(row["id"], json.loads(row["fingerprint_json"])) for row in reversed(rows)]
    return [(story, record) for story, record in records if "members" in record]


def placed_by_hand(store: Store, watchlist: str) -> Placed:
    """What people decided on the stories of a watchlist."""
    rows = store.all(_PLACEMENTS, watchlist=watchlist)
    return Placed(rows=tuple((row["kind"], row["article_id"], row["other_id"], row["story"], row["other_story"]) for row in rows))


def place(store: Store, watchlist: str, article: int, other: int, kind: str, now: datetime) -> None:
    """Keeps for good that two articles belong `apart` or `together`; the latest word on a pair counts. Call inside a transaction."""
    store.run(_PLACE, watchlist=watchlist, article=min(article, other), other=max(article, other), kind=kind, now=now)


def create(store: Store, hit: UngroupedHit, now: datetime, earlier: int | None = None) -> int:
    """Begins a story with a hit's title, going on from an `earlier` one. Call inside the transaction that joins the hit."""
    row = store.one(_CREATE, watchlist=hit.watchlist, title=hit.title, lang=hit.lang, hit=hit.id, at=hit.at, now=now, earlier=earlier)
    assert row is not None
    return int(row["id"])


def renew(store: Store, story: int, hits: Sequence[UngroupedHit], brought: Sequence[Regrouped], record: dict[str, Any]) -> None:
    """Writes a story anew with these hits, oldest first, and what each brings. Call inside a transaction."""
    for each in brought:
        store.run(_REGROUP, story=story, hit=each.hit, novelty=each.novelty, delta=each.delta)
    store.run(
        _RENEW,
        id=story,
        hits=len(hits),
        record=json.dumps(record, ensure_ascii=False),
        first=min(hit.at for hit in hits),
        last=max(hit.at for hit in hits),
        title=hits[0].title,
        lang=hits[0].lang,
        lead=hits[0].id,
    )


def rejoin(store: Store, hit: int, joined: dict[str, Any]) -> None:
    """Records on what a hit's place rests that was grouped again. Call inside a transaction."""
    store.run(_REJOIN, hit=hit, joined=json.dumps(joined, ensure_ascii=False))


def merged(store: Store, story: int, into: int) -> None:
    """Marks a story as merged into another. Call inside the transaction that moves its hits."""
    store.run(_MERGED, id=story, into=into)


def join(
    store: Store, story: int, hit: UngroupedHit, novelty: str, delta: tuple[str, ...], joined: dict[str, Any], record: dict[str, Any]
) -> bool:
    """Puts a hit into a story, inside the caller's transaction. False where it had one already: nothing is changed then."""
    evidence = json.dumps(joined, ensure_ascii=False)
    if not store.run(_JOIN, story=story, novelty=novelty, delta=delta, joined=evidence, hit=hit.id):
        return False
    store.run(_GROW, id=story, at=hit.at, record=json.dumps(record, ensure_ascii=False))
    return True


def listed(store: Store, since: datetime, limit: int, watchlist: str | None = None) -> list[Row]:
    """Rows for a list, latest first."""
    if watchlist is None:
        return store.all(_LIST.replace("{of}", _SINCE), since=since, limit=limit)
    return store.all(_LIST.replace("{of}", _SINCE + _OF_WATCHLIST), since=since, limit=limit, watchlist=watchlist)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page of stories ends: the last report of its last story, and that story's number."""

    at: datetime
    number: int


def page(store: Store, watchlist: str, articles: Sequence[int] | None, limit: int, before: Place | None) -> list[Row]:
    """Rows as of `listed`, latest first: of one watchlist ("": of all), of stories with one of these articles (None: of all), below a place."""
    of = _OF_WATCHLIST if watchlist else ""
    values: dict[str, Value] = {"watchlist": watchlist} if watchlist else {}
    if articles is None:
        below: dict[str, Value] = {"at": before.at, "number": before.number} if before else {}
        return store.all(_LIST.replace("{of}", of + (_BELOW if before else "")), limit=limit, **values, **below)
    stories = [row["id"] for row in rows_among(store, _OF_ARTICLES, articles)]
    held = _PLACES.replace("{of}", _HELD_TO_WATCHLIST if watchlist else "")
    places = [(row["last_seen_at"], row["id"]) for row in rows_among(store, held, stories, **values)]
    top = (to_text(before.at), before.number) if before else ("~", 0)
    chosen = [number for _, number in sorted((place for place in places if place < top), reverse=True)[:limit]]
    rows = rows_among(store, _LIST.replace("{of}", _OF_NUMBERS), chosen, limit=limit)
    return sorted(rows, key=lambda row: chosen.index(row["id"]))


def get(store: Store, story_id: int) -> Story | None:
    """One story, or None."""
    row = store.one(_ONE, id=story_id)
    if row is None:
        return None
    found = members(store, story_id)
    return Story(
        id=row["id"],
        watchlist=row["watchlist"],
        title=row["title"],
        lang=row["lang"],
        first_seen_at=from_text(row["first_seen_at"]),
        last_seen_at=from_text(row["last_seen_at"]),
        hit_count=row["hit_count"],
        publishers=tuple(dict.fromkeys(member["publisher"] for member in found)),
        langs=tuple(dict.fromkeys(member["lang"] for member in found)),
    )


def links(store: Store, story_id: int) -> Row:
    """What a story goes on from (`earlier_id`, `earlier_title`), what went on from it (`later`: id and title rows), where it was merged
    into, the sums of money that its reports disagree on (`differs`: figure, source, figure, source), and what its reports told together
    (`known`: lists of entities, figures, days, and the step it has come to)."""
    row = store.one(_LINKS, id=story_id)
    assert row is not None
    record = json.loads(row.pop("fingerprint_json"))
    return {**row, "later": store.all(_FOLLOWERS, id=story_id), "differs": record.get("differs", []), "known": record.get("known", {})}


def background(store: Store, stories: Iterable[int]) -> dict[int, Row]:
    """What is known of stories beyond the hits that wait, by story: `earlier` (title, lang, url, publisher, at) or None, `differs` as
    (figure, source, figure, source) tuples, `first` as (publisher, instant text), `copies` as (agency, number) pairs."""
    wanted = set(stories)
    found: dict[int, Row] = {}
    for row in rows_among(store, _BACKGROUND, wanted):
        earlier = {name: row[f"earlier_{name}"] for name in ("title", "lang", "url", "publisher", "at")}
        record = json.loads(row["fingerprint_json"])
        found[row["id"]] = {
            "earlier": earlier if earlier["title"] is not None else None,
            "differs": tuple(tuple(each) for each in record.get("differs", ())),
            "first": None,
            "copies": {},
        }
    for row in rows_among(store, _REPORTS, wanted):
        of, joined = found[row["story"]], json.loads(row["joined_json"] or "{}")
        of["first"] = of["first"] or (row["publisher"], row["first_seen_at"])
        if joined.get("copy"):
            agency = joined.get("credit", "")
            of["copies"][agency] = of["copies"].get(agency, 0) + 1
    return {story: {**row, "copies": tuple(sorted(row["copies"].items()))} for story, row in found.items()}


def members(store: Store, story_id: int) -> list[Row]:
    """The story's hits in order of their time, with what joined each."""
    return store.all(_MEMBERS, id=story_id)


def _hits(store: Store, rows: Sequence[Row]) -> tuple[UngroupedHit, ...]:
    """Hits with their mentions, as the rows stand."""
    mentions: dict[int, list[Mention]] = {row["id"]: [] for row in rows}
    for each in rows_among(store, _MENTIONS, mentions):
        mentions[each["hit_id"]].append(
            Mention(
                kind=each["kind"],
                id=each["name"],
                side=each["side"],
                title=each["title"],
                alias=each["alias"],
                start=each["start_char"],
                end=each["end_char"],
                sentence=each["sentence"],
                zone=each["zone"],
            )
        )
    return tuple(_hit(row, tuple(mentions[row["id"]])) for row in rows)


def _hit(row: Row, mentions: tuple[Mention, ...]) -> UngroupedHit:
    return UngroupedHit(
        id=row["id"],
        watchlist=row["watchlist"],
        quiet=bool(row["quiet"]),
        article_id=row["article_id"],
        title=row["title"],
        text=row["text"] or "",
        lang=row["lang"],
        publisher=row["publisher"],
        at=from_text_or_none(row["published_at"]) or from_text(row["first_seen_at"]),
        address=row["canonical_key"] or row["url_key"],
        copy_of=row["copy_of"],
        mentions=mentions,
    )
