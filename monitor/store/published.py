"""What the output feeds of a watchlist show: its newest stories with their reports."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.hours import from_text
from monitor.store.driver import Row, Store

_SELECT = """
select h.id as hit, h.story_id as story, h.band, h.score, coalesce(h.novelty, 'new') as novelty, h.created_at as found_at,
  a.title, a.lang, a.url, a.publisher
from hits h join articles a on a.id = h.article_id where h.quiet = 0 and h.story_id in ({stories}) order by h.story_id, h.created_at, h.id
"""
_NEWEST = """
  select s.id from stories s where s.watchlist = :watchlist and s.merged_into_id is null
    and exists (select 1 from hits m where m.story_id = s.id and m.quiet = 0 and (m.band = 'alert' or :review = 1))
  order by s.last_seen_at desc, s.id desc limit :limit
"""


def reports(store: Store, watchlist: str, limit: int, *, review: bool) -> list[Row]:
    """The hits that are not quiet of the `limit` newest stories that hold news (or, with `review`, anything), story by story, oldest first."""
    return [_report(row) for row in store.all(_SELECT.replace("{stories}", _NEWEST), watchlist=watchlist, limit=limit, review=review)]


def reports_of(store: Store, stories: Iterable[int]) -> list[Row]:
    """The hits that are not quiet of some stories, story by story, oldest first."""
    listed = ", ".join(str(int(story)) for story in sorted(set(stories))) or "null"
    return [_report(row) for row in store.all(_SELECT.replace("{stories}", listed))]


def _report(row: Row) -> Row:
    return {**row, "found_at": from_text(row["found_at"]), "publisher": row["publisher"] or "", "url": row["url"] or ""}
