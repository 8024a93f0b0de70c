"""Which feed brought which report of which story: what `feeds stats` weighs."""

from __future__ import annotations

from datetime import datetime

from monitor.hours import from_text, from_text_or_none
from monitor.store.driver import Row, Store

# Stories that began within the span, whole: in an older one somebody else may have been first before it. Quiet hits were never news.
_REPORTS = """
select f.name as feed, h.id as hit, h.story_id as story, coalesce(h.novelty, 'new') as novelty, case when a.copy_of is null then 0 else 1 end as copied,
  min(e.published_at) as published_at, min(e.first_seen_at) as seen_at,
  (select l.verdict from labels l where l.hit_id = h.id order by l.id desc limit 1) as mark
from stories s join hits h on h.story_id = s.id join articles a on a.id = h.article_id
  join entries e on e.article_id = h.article_id join feeds f on f.id = e.feed_id
where s.first_seen_at >= :since and s.merged_into_id is null and h.quiet = 0 and f.state <> 'removed'
  and (cast(:watchlist as text) is null or s.watchlist = :watchlist)
group by f.name, h.id, h.story_id, h.novelty, a.copy_of order by h.story_id, h.id, f.name
"""


def reports(store: Store, since: datetime, watchlist: str | None = None) -> list[Row]:
    """One row for each hit and each feed that showed it, of the stories that began since an instant, of one watchlist or all; times are instants."""
    return [
        {**row, "published_at": from_text_or_none(row["published_at"]), "seen_at": from_text(row["seen_at"]), "copied": bool(row["copied"])}
        for row in store.all(_REPORTS, since=since, watchlist=watchlist)
    ]
