"""Hits and their evidence: which articles are due for matching, what matched, and how hits are found again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from monitor.hours import from_text
from monitor.model import Hit, Mention, Rejected, ScorePart, Snippet, Verdict
from monitor.store.among import rows_among
from monitor.store.driver import Row, Store, Value
from monitor.store.workers import hold

_DUE_COLUMNS = """
select a.id, a.title, coalesce(t.text, a.summary) as text, a.lang, a.text_source, a.text_hash, a.quiet, a.matched_rev
from articles a left join texts t on t.article_id = coalesce(a.text_of, a.id)
"""
_NEVER_MATCHED = f"{_DUE_COLUMNS} where a.matched_rev = 0 and a.state <> 'pending' order by a.id desc limit :limit"
_MATCHED_BEFORE = f"""
{_DUE_COLUMNS} where a.matched_rev > 0 and a.matched_rev < :rev and a.state <> 'pending'
order by a.matched_rev desc, a.id desc limit :limit
"""
_DUE_COUNT = "select count(*) as n from articles where matched_rev < :rev and state <> 'pending'"
# The text may have been read anew since it was matched: then it stays due, and the verdict is thrown away.
_SETTLE = "update articles set matched_rev = :rev where id = :id and matched_rev = :was and text_hash = :hash and state <> 'pending'"
_TAKE = "select 1 as yes from articles where id = :id and matched_rev = :was and text_hash = :hash and state <> 'pending' {skip}"
_EXISTING = """
select h.id, h.quiet, (select count(*) from digest_hits d where d.hit_id = h.id) as told
from hits h where h.watchlist = :watchlist and h.article_id = :article
"""
_INSERT = """
insert into hits(watchlist, article_id, version_id, band, score, quiet, verdict_json, text_hash, created_at, backfill)
values (:watchlist, :article, :version, :band, :score, :quiet, :verdict, :hash, :now,
  case when :known = 1 then (select v.backfill from watchlist_versions v where v.id = :version) else 0 end) returning id
"""
_UPDATE = """
update hits set version_id = :version, band = :band, score = :score, verdict_json = :verdict, text_hash = :hash, revised_at = :now
where id = :id
"""
_VERSION_OF = "select v.source_json from hits h join watchlist_versions v on v.id = h.version_id where h.id = :id"
_ABOUT = """
select v.id as version, v.rev, v.digest, v.engine, v.created_at as version_at, h.text_hash, h.backfill, s.title as story_title, s.lang as story_lang
from hits h join watchlist_versions v on v.id = h.version_id left join stories s on s.id = h.story_id where h.id = :id
"""
_SHOW_FINDS = """
update hits set backfill = 1 where version_id = :version and quiet = 1 and backfill = 0
  and article_id in (select a.id from articles a where a.quiet = 0) and not exists (select 1 from digest_hits d where d.hit_id = hits.id)
"""
_SHOW_LATER = "update watchlist_versions set backfill = 1 where id = :version"
_HUSH = "update hits set quiet = 1, revised_at = :now where id = :id and quiet = 0"
_FORGET_MENTIONS = "delete from mentions where hit_id = :id"
_MENTION = """
insert into mentions(hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone)
values (:hit, :kind, :name, :side, :title, :alias, :start, :end, :sentence, :zone)
"""
_HIT = """
select h.id, h.watchlist, h.article_id, h.band, h.score, h.quiet, h.verdict_json, h.created_at, h.story_id, h.novelty, h.delta_json
from hits h
"""
_ONE = f"{_HIT} where h.id = :id"
_OF_ARTICLE = f"{_HIT} where h.article_id = :article order by h.watchlist"
_LIST = """
select h.id, h.watchlist, h.band, h.score, h.quiet, h.backfill, h.story_id, h.novelty, h.created_at, h.verdict_json,
  a.id as article_id, a.title, a.url, a.publisher, a.lang, a.published_at, a.first_seen_at
from hits h join articles a on a.id = h.article_id
where h.created_at >= :since{chosen}
  and (cast(:watchlist as text) is null or h.watchlist = :watchlist) and (cast(:band as text) is null or h.band = :band)
order by {by} desc, h.id desc limit :limit
"""
_OF_ARTICLES = " and h.article_id in ({numbers})"
# A name that is everywhere is soon met in the newest hits; the hits of one that is rare are soon listed. Neither way suits both, and PostgreSQL would
# go through the newest for the rare one too, if it could have them in order.
_NAMING_OFTEN = " and exists (select 1 from mentions m where m.hit_id = h.id and m.name = :entity)"
_NAMING_SELDOM = " and h.id in (select m.hit_id from mentions m where m.name = :entity)"
_NAMED = "select count(*) as n from (select 1 as one from mentions where name = :entity limit :most) as some_of_them"
_SELDOM = 5000
_LABEL = "insert into labels(hit_id, verdict, reason, created_at) values (:hit, :verdict, :reason, :now)"
_LABELS = "select verdict, reason, created_at from labels where hit_id = :hit order by id"
_UNMARKED = f"""{_HIT} where (cast(:since as text) is null or h.created_at >= :since)
  and (cast(:watchlist as text) is null or h.watchlist = :watchlist) and (cast(:band as text) is null or h.band = :band)
  and not exists (select 1 from labels l where l.hit_id = h.id) order by h.created_at desc, h.id desc limit :limit
"""
_MARKED_COUNT = "select count(distinct hit_id) as n from labels"
_TRUST = """
select a.publisher, sum(case when b.verdict = 'useful' then 1 else 0 end) as useful, sum(case when b.verdict = 'useless' then 1 else 0 end) as useless
from labels b join hits h on h.id = b.hit_id join articles a on a.id = h.article_id group by a.publisher
"""
_NAMES = """
select name, max(title) as title, count(distinct hit_id) as hits from mentions where kind = 'entity'
group by name order by hits desc, name limit :limit
"""
_ALERTS = """
select watchlist, count(distinct case when band = 'alert' and quiet = 0 and novelty = 'new' then story_id end) as alerts
from hits where created_at >= :since group by watchlist
"""
_NOISE = """
select m.name, max(m.title) as title, m.kind, count(distinct case when l.verdict = 'useful' then l.hit_id end) as useful,
  count(distinct case when l.verdict = 'useless' then l.hit_id end) as useless
from labels l cross join hits h cross join mentions m
where h.id = l.hit_id and m.hit_id = l.hit_id and h.watchlist = :watchlist and m.kind <> 'cue'
  and l.id = (select max(x.id) from labels x where x.hit_id = l.hit_id)
group by m.name, m.kind order by useless desc, useful, m.name limit :limit
"""
# By number, which follows the time but for a clock that was set back: by itself SQLite would walk all hits in the order of their watchlists.
_CAUGHT = """
select watchlist, band, quiet, count(*) as n from hits
where id >= (select coalesce(min(f.id), 0) - 1000 from (select id from hits where created_at >= :since order by created_at limit 1) f)
  and created_at >= :since group by watchlist, band, quiet
"""
_BEGUN = "select watchlist, min(created_at) as begun_at from watchlist_versions group by watchlist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """By watchlist: the new developments since an instant, and since when the watchlist is watched for."""

    alerts: dict[str, int]
    begun_at: dict[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueArticle:
    """An article that the watchlists in force have not seen. `matched_rev` is the last revision that saw this text; 0: none."""

    id: int
    title: str
    text: str
    lang: str
    text_source: str
    text_hash: str
    quiet: bool
    matched_rev: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the saving of one article's verdicts did: hits made, made quiet, renewed, and whether it was superseded meanwhile."""

    new: int = 0
    quiet: int = 0
    renewed: int = 0
    superseded: bool = False


def due(store: Store, rev: int, limit: int) -> tuple[DueArticle, ...]:
    """Articles due for matching against revision `rev`: texts never matched first, then the others, newest first."""
    rows = store.all(_NEVER_MATCHED, limit=limit)
    if len(rows) < limit:
        rows += store.all(_MATCHED_BEFORE, rev=rev, limit=limit - len(rows))
    return tuple(DueArticle(**{**row, "quiet": bool(row["quiet"])}) for row in rows)


def take(store: Store, article: DueArticle) -> bool:
    """Keeps an article for the caller's transaction. False where another process has it, or where it is no longer due as it was read."""
    return store.one(_TAKE.replace("{skip}", store.skip_locked), id=article.id, was=article.matched_rev, hash=article.text_hash) is not None


def due_count(store: Store, rev: int) -> int:
    """How many articles are due for matching against revision `rev`."""
    row = store.one(_DUE_COUNT, rev=rev)
    return 0 if row is None else int(row["n"])


def save(store: Store, article: DueArticle, verdicts: Sequence[Verdict], rev: int, version_ids: Mapping[str, int], now: datetime) -> Saved:
    """Stores the verdicts in a band, and that revision `rev` has seen the article, in one transaction.

    A hit is quiet when its article is, or when a changed watchlist found it in a text matched before; the latter waits for the digest's section of
    such finds where the version says so. An existing hit keeps its row; its evidence
    is renewed while no digest tells it. A hit that a changed watchlist no longer finds becomes quiet, unless a digest tells it.
    """
    with store.write():
        settled = store.run(_SETTLE, id=article.id, rev=rev, was=article.matched_rev, hash=article.text_hash)
        if not settled:
            return Saved(superseded=True)
        found = {verdict.watchlist: verdict for verdict in verdicts if verdict.band is not None}
        counts = {"new": 0, "quiet": 0, "renewed": 0}
        for watchlist, version_id in version_ids.items():
            existing = store.one(_EXISTING, watchlist=watchlist, article=article.id)
            if (verdict := found.get(watchlist)) is not None:
                _keep(store, article, verdict, existing, version_id, now, counts)
            elif existing is not None and not existing["told"] and article.matched_rev:
                counts["quiet"] += store.run(_HUSH, id=existing["id"], now=now)
    return Saved(new=counts["new"], quiet=counts["quiet"], renewed=counts["renewed"])


def _keep(
    store: Store, article: DueArticle, verdict: Verdict, existing: Row | None, version_id: int, now: datetime, counts: dict[str, int]
) -> None:
    fields: dict[str, Value] = {
        "version": version_id,
        "band": verdict.band,
        "score": verdict.score,
        "verdict": verdict_text(verdict),
        "hash": verdict.text_hash,
        "now": now,
    }
    if existing is None:
        quiet = article.quiet or article.matched_rev > 0
        hold(store, "hits")  # numbers become visible in the order in which they are given: what settles digests counts on it
        row = store.one(_INSERT, watchlist=verdict.watchlist, article=article.id, quiet=quiet, known=article.matched_rev > 0, **fields)
        assert row is not None
        _save_mentions(store, row["id"], verdict.mentions)
        counts["quiet" if quiet else "new"] += 1
    elif not existing["told"]:
        store.run(_UPDATE, id=existing["id"], **fields)
        store.run(_FORGET_MENTIONS, id=existing["id"])
        _save_mentions(store, existing["id"], verdict.mentions)
        counts["renewed"] += 1


def _save_mentions(store: Store, hit_id: int, mentions: Sequence[Mention]) -> None:
    for m in mentions:
        store.run(
            _MENTION,
            hit=hit_id,
            kind=m.kind,
            name=m.id,
            side=m.side,
            title=m.title,
            alias=m.alias,
            start=m.start,
            end=m.end,
            sentence=m.sentence,
            zone=m.zone,
        )


def version_of(store: Store, hit_id: int) -> str | None:
    """The watchlist that gave a hit its verdict, its whole meaning as JSON; None where there is no such hit."""
    row = store.one(_VERSION_OF, id=hit_id)
    return None if row is None else str(row["source_json"])


def about(store: Store, hit_id: int) -> Row | None:
    """What a hit's page tells beside the hit: the version that judged it (version, rev, digest, engine, version_at), its story's title and language,
    the hash of the text that was judged, and whether a changed watchlist found it in history (backfill)."""
    return store.one(_ABOUT, id=hit_id)


def show_finds(store: Store, version_id: int) -> int:
    """Lets the next digest show what a version in force has found in history and will yet find; returns how many wait. Baseline articles stay quiet."""
    with store.write():
        store.run(_SHOW_LATER, version=version_id)
        return store.run(_SHOW_FINDS, version=version_id)


def get(store: Store, hit_id: int) -> Hit | None:
    """One hit with its evidence, or None."""
    row = store.one(_ONE, id=hit_id)
    return None if row is None else hit_of(row)


def of_article(store: Store, article_id: int) -> tuple[Hit, ...]:
    """The hits of one article, by watchlist."""
    return tuple(hit_of(row) for row in store.all(_OF_ARTICLE, article=article_id))


def listed(
    store: Store,
    since: datetime,
    limit: int,
    *,
    watchlist: str | None = None,
    entity: str | None = None,
    band: str | None = None,
    articles: Sequence[int] | None = None,
) -> list[Row]:
    """Rows for a list, newest first; `articles` restricts it to hits of these (from `store.search`). Each row has the verdict's reasons and snippet."""
    values: dict[str, Value] = {"since": since, "limit": limit, "watchlist": watchlist, "band": band}
    chosen = ""
    if entity is not None:
        chosen = _naming(store, entity)
        values["entity"] = entity
    sql = _LIST.replace("{by}", "h.created_at || ''" if chosen == _NAMING_SELDOM else "h.created_at")
    if articles is None:
        rows = store.all(sql.replace("{chosen}", chosen), **values)
    else:
        found = rows_among(store, sql.replace("{chosen}", chosen + _OF_ARTICLES), articles, **values)
        rows = sorted(found, key=lambda row: (row["created_at"], row["id"]), reverse=True)[:limit]
    return [_with_evidence(row) for row in rows]


def _naming(store: Store, entity: str) -> str:
    row = store.one(_NAMED, entity=entity, most=_SELDOM)
    assert row is not None
    return _NAMING_SELDOM if row["n"] < _SELDOM else _NAMING_OFTEN


def mark(store: Store, hit_id: int, verdict: str, reason: str, now: datetime) -> None:
    """Keeps what a person thinks of a hit (useful, useless) and why."""
    with store.write():
        store.run(_LABEL, hit=hit_id, verdict=verdict, reason=reason, now=now)


def labels(store: Store, hit_id: int) -> list[Row]:
    """What people said of a hit, in order of time."""
    return store.all(_LABELS, hit=hit_id)


def unmarked(store: Store, since: datetime | None, limit: int, *, watchlist: str | None = None, band: str | None = None) -> tuple[Hit, ...]:
    """Hits that nobody has judged yet, newest first."""
    rows = store.all(_UNMARKED, since=since, limit=limit, watchlist=watchlist, band=band)
    return tuple(hit_of(row) for row in rows)


def marked_count(store: Store) -> int:
    """How many hits somebody has judged."""
    row = store.one(_MARKED_COUNT)
    return 0 if row is None else int(row["n"])


def trust(store: Store) -> dict[str, float]:
    """How far people found each publisher's hits useful (`hits mark`), from -0.5 (never) to 0.5 (always); 0 where nobody said."""
    return {row["publisher"]: (row["useful"] + 1) / (row["useful"] + row["useless"] + 2) - 0.5 for row in store.all(_TRUST)}


def names(store: Store, limit: int) -> list[Row]:
    """The entities named most in hits: id, title, number of hits."""
    return store.all(_NAMES, limit=limit)


def hit_of(row: Row) -> Hit:
    """A hit from a row that has the columns of `hits`."""
    return Hit(
        id=row["id"],
        watchlist=row["watchlist"],
        article_id=row["article_id"],
        band=row["band"],
        score=row["score"],
        quiet=bool(row["quiet"]),
        verdict=verdict_of(row["verdict_json"]),
        created_at=from_text(row["created_at"]),
        story_id=row["story_id"],
        novelty=row["novelty"],
        delta=tuple(json.loads(row["delta_json"] or "[]")),
    )


def verdict_text(verdict: Verdict) -> str:
    """A verdict as it is stored."""
    return json.dumps(asdict(verdict), ensure_ascii=False, separators=(",", ":"))


def verdict_of(text: str) -> Verdict:
    """The verdict of a stored text."""
    fields: dict[str, Any] = json.loads(text)
    snippet = fields["snippet"]
    return Verdict(
        **{
            **fields,
            "parts": tuple(ScorePart(**part) for part in fields["parts"]),
            "mentions": tuple(Mention(**mention) for mention in fields["mentions"]),
            "rejected": tuple(Rejected(**one) for one in fields["rejected"]),
            "snippet": Snippet(text=snippet["text"], marks=tuple((start, end) for start, end in snippet["marks"])),
            "reasons": tuple(fields["reasons"]),
        }
    )


def _with_evidence(row: Row) -> Row:
    verdict = json.loads(row.pop("verdict_json"))
    return {
        **row,
        "quiet": bool(row["quiet"]),
        "backfill": bool(row["backfill"]),
        "reasons": verdict["reasons"],
        "snippet": verdict["snippet"]["text"],
    }


def alerts_since(store: Store, since: datetime) -> Alerts:
    """How many new developments each watchlist has alerted of since an instant."""
    return Alerts(
        alerts={row["watchlist"]: row["alerts"] for row in store.all(_ALERTS, since=since)},
        begun_at={row["watchlist"]: from_text(row["begun_at"]) for row in store.all(_BEGUN)},
    )


def noise(store: Store, watchlist: str, limit: int) -> list[Row]:
    """By entity and topic of a watchlist's marked hits: how many were useful and how many useless (the last mark counts), the noisiest first."""
    return store.all(_NOISE, watchlist=watchlist, limit=limit)


def caught(store: Store, since: datetime) -> dict[str, dict[str, int]]:
    """By watchlist: the hits made since an instant, as `alerts`, `looks` (worth a look) and `quiet`."""
    found: dict[str, dict[str, int]] = {}
    for row in store.all(_CAUGHT, since=since):
        kind = "quiet" if row["quiet"] else "alerts" if row["band"] == "alert" else "looks"
        counts = found.setdefault(row["watchlist"], {"alerts": 0, "looks": 0, "quiet": 0})
        counts[kind] += row["n"]
    return found
