"""Stories: open ones with their fingerprints, hits that wait for one, and the rows that lists show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.hours import from_text, from_text_or_none
from monitor.model import Mention, Story
from monitor.store.driver import Row, Store

_UNGROUPED = """
select h.id, h.watchlist, h.quiet, h.created_at, a.id as article_id, a.title, a.lang, a.publisher, a.published_at, a.first_seen_at,
  a.canonical_key, a.url_key, a.copy_of, coalesce(t.text, a.summary) as text
from hits h join articles a on a.id = h.article_id left join texts t on t.article_id = a.id
where h.story_id is null order by coalesce(a.published_at, a.first_seen_at), h.id limit :limit
"""
_MENTIONS = """
select hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone from mentions where hit_id = :hit order by id
"""
_OPEN = """
select id, fingerprint_json from stories where watchlist = :watchlist and last_seen_at >= :since order by last_seen_at desc, id desc limit :limit
"""
_CREATE = """
insert into stories(watchlist, title, lang, lead_hit_id, first_seen_at, last_seen_at, hit_count, fingerprint_json, created_at)
values (:watchlist, :title, :lang, :hit, :at, :at, 0, '[]', :now) returning id
"""
_GROW = """
update stories set hit_count = hit_count + 1, fingerprint_json = :fingerprints,
  first_seen_at = case when :at < first_seen_at then :at else first_seen_at end,
  last_seen_at = case when :at > last_seen_at then :at else last_seen_at end
where id = :id
"""
_JOIN = (
    "update hits set story_id = :story, novelty = :novelty, delta_json = :delta, joined_json = :joined where id = :hit and story_id is null"
)
_LIST = """
select s.id, s.watchlist, s.title, s.lang, s.first_seen_at, s.last_seen_at, s.hit_count,
  (select max(h.score) from hits h where h.story_id = s.id) as score,
  (select count(distinct a.publisher) from hits h join articles a on a.id = h.article_id where h.story_id = s.id) as publishers,
  (select count(*) from hits h where h.story_id = s.id and h.band = 'alert' and h.quiet = 0) as alerts
from stories s where s.last_seen_at >= :since and (cast(:watchlist as text) is null or s.watchlist = :watchlist)
order by s.last_seen_at desc, s.id desc limit :limit
"""
_ONE = "select * from stories where id = :id"
_MEMBERS = """
select h.id as hit, h.article_id as article, h.band, h.score, h.quiet, h.novelty, h.delta_json, h.joined_json, a.title, a.lang, a.publisher, a.url,
  a.published_at, a.first_seen_at, a.copy_of
from hits h join articles a on a.id = h.article_id where h.story_id = :id order by coalesce(a.published_at, a.first_seen_at), h.id
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


def ungrouped(store: Store, limit: int) -> tuple[UngroupedHit, ...]:
    """Hits that wait for a story, in order of their time, then id."""
    return tuple(_hit(store, row) for row in store.all(_UNGROUPED, limit=limit))


def open_stories(store: Store, watchlist: str, since: datetime, limit: int) -> list[tuple[int, list[dict[str, Any]]]]:
    """The watchlist's stories with a member since an instant: id and stored fingerprints, oldest first."""
    rows = store.all(_OPEN, watchlist=watchlist, since=since, limit=limit)
    return [(row["id"], json.loads(row["fingerprint_json"])) for row in reversed(rows)]


def create(store: Store, hit: UngroupedHit, now: datetime) -> int:
    """Begins a story with a hit's title. Call inside the transaction that joins the hit."""
    row = store.one(_CREATE, watchlist=hit.watchlist, title=hit.title, lang=hit.lang, hit=hit.id, at=hit.at, now=now)
    assert row is not None
    return int(row["id"])


def join(
    store: Store, story: int, hit: UngroupedHit, novelty: str, delta: tuple[str, ...], joined: dict[str, Any], prints: list[dict[str, Any]]
) -> bool:
    """Puts a hit into a story, inside the caller's transaction. False where it had one already: nothing is changed then."""
    evidence = json.dumps(joined, ensure_ascii=False)
    if not store.run(_JOIN, story=story, novelty=novelty, delta=delta, joined=evidence, hit=hit.id):
        return False
    store.run(_GROW, id=story, at=hit.at, fingerprints=json.dumps(prints, ensure_ascii=False))
    return True


def listed(store: Store, since: datetime, limit: int, watchlist: str | None = None) -> list[Row]:
    """Rows for a list, latest first."""
    return store.all(_LIST, since=since, limit=limit, watchlist=watchlist)


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


def members(store: Store, story_id: int) -> list[Row]:
    """The story's hits in order of their time, with what joined each."""
    return store.all(_MEMBERS, id=story_id)


def _hit(store: Store, row: Row) -> UngroupedHit:
    mentions = tuple(
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
        for each in store.all(_MENTIONS, hit=row["id"])
    )
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
