"""Finding the original of a page, and the text it shares word for word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.store.driver import Store

_SAME_PAGE = """
select id from articles where (canonical_key = :key or url_key = :key) and id <> :id and state = 'done' and copy_of is null
order by id limit 1
"""
_NEAR = """
select a.id, a.sketch, a.sketch_size from articles a join (
  select article_id, count(*) as shared from sketch_values where value in ({values}) group by article_id
) s on s.article_id = a.id
where a.id <> :id and a.first_seen_at >= :since and a.copy_of is null order by s.shared desc, a.id limit 20
"""
_SAME_SKETCH = """
select id from (
  select id, sketch, sketch_size, text_source, text_of from articles where id = :original union all
  select id, sketch, sketch_size, text_source, text_of from articles where copy_of = :original and text_of is null
) every where sketch = :sketch and sketch_size = :size and text_of is null and text_source <> 'feed' order by id limit 5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SketchCandidate:
    """A stored article that shares sketch values with a text."""

    id: int
    sketch: bytes
    size: int


def same_page(store: Store, article_id: int, canonical_key: str) -> int | None:
    """The first other article that is the same page under its canonical address."""
    row = store.one(_SAME_PAGE, key=canonical_key, id=article_id)
    return None if row is None else row["id"]


def sketch_candidates(store: Store, article_id: int, values: tuple[int, ...], since: datetime) -> tuple[SketchCandidate, ...]:
    """Stored originals seen since an instant that share sketch values, most shared first."""
    if not values:
        return ()
    # Bound, not written out: a statement for each article would fill every connection's cache of prepared statements.
    bound = {f"v{place}": value for place, value in enumerate(values)}
    rows = store.all(_NEAR.replace("{values}", ", ".join(f":{name}" for name in bound)), id=article_id, since=since, **bound)
    return tuple(SketchCandidate(id=row["id"], sketch=row["sketch"] or b"", size=row["sketch_size"]) for row in rows)


def same_sketch(store: Store, original: int, sketch: bytes, size: int) -> tuple[int, ...]:
    """Of an article and its copies those with a text of their own and this sketch and number of words, oldest first: equal texts have equal ones."""
    return tuple(row["id"] for row in store.all(_SAME_SKETCH, original=original, sketch=sketch, size=size))
