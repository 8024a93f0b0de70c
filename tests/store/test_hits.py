"""Hits in the store: what is due, what is kept, what is quiet, how hits are found again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Mention, Rejected, ScorePart, Snippet, Verdict
from monitor.store import hits, watchlists
from monitor.store.sqlite import SqliteStore
from monitor.store.watchlists import WatchlistVersion
from monitor.text import fold

_ARTICLE = """
insert into articles(url_key, url, title, summary, lang, first_seen_at, state, text_source, text_hash, quiet, matched_rev)
values (:key, :key, :title, :summary, :lang, :now, :state, :source, 'h', :quiet, :rev) returning id
"""


def article(store: SqliteStore, now: datetime, title: str = "A title", text: str | None = "A text.", **fields: object) -> int:
    """An article as the reading step leaves it."""
    values: dict[str, object] = {
        "key": f"{title}-{fields}",
        "summary": "A summary.",
        "lang": "en",
        "state": "done",
        "source": "page",
        "quiet": False,
        "rev": 0,
    }
    with store.write():
        row = store.one(_ARTICLE, title=title, now=now, **{**values, **fields})  # type: ignore[arg-type]
        assert row is not None
        if text is not None:
            store.run(
                "insert into texts(article_id, text, folded) values (:id, :text, :folded)",
                id=row["id"],
                text=text,
                folded=fold(f"{title}\n{text}"),
            )
    return int(row["id"])


def verdict(watchlist: str = "a", band: str | None = "alert", score: float = 6.0, entity: str = "fpt") -> Verdict:
    """A verdict with one mention."""
    mention = Mention(
        kind="entity", id=entity, side="vietnam", title=entity.upper(), alias=entity.upper(), start=0, end=3, sentence=0, zone="title"
    )
    return Verdict(
        watchlist=watchlist,
        watchlist_digest="1",
        band=band,  # type: ignore[arg-type]
        score=score,
        rule="x and y",
        parts=(ScorePart(name="bond", points=1.0),),
        mentions=(mention,),
        rejected=(Rejected(id="us", alias="US", start=9, end=11, reason="case"),),
        snippet=Snippet(text="FPT builds.", marks=((0, 3),)),
        reasons=("FPT in one sentence",),
        text_hash="t",
        engine="e1",
    )


@pytest.fixture
def version_ids(store: SqliteStore, now: datetime) -> dict[str, int]:
    """Two watchlists in force at revision 1."""
    versions = [WatchlistVersion(watchlist=name, title=name, digest="1", engine="e1", source=lambda: "{}") for name in ("a", "b")]
    return watchlists.register(store, versions, now).version_ids


def one(store: SqliteStore, rev: int) -> hits.DueArticle:
    """The only due article."""
    (found,) = hits.due(store, rev, 10)
    return found


def test_due_is_what_the_newest_watchlists_have_not_seen(store: SqliteStore, now: datetime) -> None:
    """Texts never matched come first, newest first; then those matched at the latest older revision; what waits to be read is not due."""
    ids = {name: article(store, now, name, rev=rev) for name, rev in (("old", 0), ("one", 1), ("two", 2), ("three", 3), ("new", 0))}
    article(store, now, "unread", None, state="pending")
    assert [due.id for due in hits.due(store, 3, 10)] == [ids["new"], ids["old"], ids["two"], ids["one"]]
    assert [due.id for due in hits.due(store, 3, 3)] == [ids["new"], ids["old"], ids["two"]]


def test_an_article_without_a_text_is_matched_by_its_summary(store: SqliteStore, now: datetime) -> None:
    """Nothing is lost when a page could not be read."""
    article(store, now, "Title", None, state="failed", source="feed")
    assert one(store, 1).text == "A summary."


def test_a_live_article_becomes_a_live_hit_once(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """A saved verdict is a hit with its mentions; the article is due no more; a second worker with the same article changes nothing."""
    article_id = article(store, now)
    due = one(store, 1)
    assert hits.save(store, due, [verdict()], 1, version_ids, now) == hits.Saved(new=1)
    assert hits.due(store, 1, 10) == ()
    assert hits.save(store, due, [verdict(score=9.0)], 1, version_ids, now) == hits.Saved(superseded=True)
    (hit,) = hits.of_article(store, article_id)
    assert (hit.watchlist, hit.band, hit.score, hit.quiet, hit.created_at) == ("a", "alert", 6.0, False, now)
    assert hit.verdict == verdict()
    assert hits.get(store, hit.id) == hit
    assert hits.get(store, hit.id + 1) is None


def test_a_text_read_anew_meanwhile_stays_due(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """A verdict on a text that has been replaced is thrown away."""
    article_id = article(store, now)
    due = one(store, 1)
    with store.write():
        store.run("update articles set text_hash = 'other' where id = :id", id=article_id)
    assert hits.save(store, due, [verdict()], 1, version_ids, now).superseded
    assert one(store, 1).id == article_id
    assert hits.of_article(store, article_id) == ()


@pytest.mark.parametrize(("quiet", "rev"), [(True, 0), (False, 1), (True, 1)])
def test_old_news_is_stored_and_quiet(store: SqliteStore, now: datetime, version_ids: dict[str, int], quiet: bool, rev: int) -> None:
    """An article from a baseline, or one that only a changed watchlist finds, makes a quiet hit."""
    article_id = article(store, now, quiet=quiet, rev=rev)
    assert hits.save(store, one(store, 2), [verdict()], 2, version_ids, now) == hits.Saved(quiet=1)
    assert hits.of_article(store, article_id)[0].quiet


@pytest.mark.parametrize(("rev", "backfill"), [(0, ()), (1, ()), (0, ("a",)), (1, ("a",))])
def test_finds_in_history_wait_for_their_section_where_asked_for(
    store: SqliteStore, now: datetime, rev: int, backfill: tuple[str, ...]
) -> None:
    """Only a hit that a changed watchlist finds in a text matched before is marked, and only where the version says so."""
    versions = [WatchlistVersion(watchlist="a", title="a", digest="2", engine="e1", source=lambda: "{}")]
    ids = watchlists.register(store, versions, now, backfill).version_ids
    article(store, now, rev=rev)
    hits.save(store, one(store, 2), [verdict()], 2, ids, now)
    (row,) = hits.listed(store, now, 10)
    assert (row["backfill"], row["quiet"]) == (bool(backfill and rev), bool(rev))


def test_a_changed_watchlist_renews_the_evidence_of_a_hit_nobody_was_told_of(
    store: SqliteStore, now: datetime, version_ids: dict[str, int]
) -> None:
    """The hit keeps its row, its birth and its liveness; score, band and mentions are the new ones."""
    article_id = article(store, now)
    hits.save(store, one(store, 1), [verdict()], 1, version_ids, now)
    (before,) = hits.of_article(store, article_id)
    later = now + timedelta(hours=1)
    saved = hits.save(store, one(store, 2), [verdict(band="review", score=3.5, entity="cmc")], 2, version_ids, later)
    (after,) = hits.of_article(store, article_id)
    assert saved == hits.Saved(renewed=1)
    assert (after.id, after.created_at, after.quiet, after.band, after.score) == (before.id, now, False, "review", 3.5)
    assert [row["name"] for row in store.all("select name from mentions where hit_id = :id", id=after.id)] == ["cmc"]


def tell(store: SqliteStore, now: datetime, hit_id: int) -> None:
    """Puts a hit into a digest."""
    with store.write():
        store.run("insert into subscriptions(id, name, since_at, created_at) values (1, 's', :now, :now)", now=now)
        store.run(
            "insert into digest_hits(subscription_id, hit_id, shown_as, created_at) values (1, :hit, 'new', :now)", hit=hit_id, now=now
        )


def test_what_was_told_is_never_changed(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """A hit in a digest keeps the evidence it was told with, whatever a changed watchlist says of it."""
    article_id = article(store, now)
    hits.save(store, one(store, 1), [verdict()], 1, version_ids, now)
    (told,) = hits.of_article(store, article_id)
    tell(store, now, told.id)
    assert hits.save(store, one(store, 2), [verdict(score=9.0)], 2, version_ids, now) == hits.Saved()
    assert hits.save(store, one(store, 3), [], 3, version_ids, now) == hits.Saved()
    assert hits.of_article(store, article_id) == (told,)


def test_a_hit_that_a_changed_watchlist_no_longer_finds_becomes_quiet(
    store: SqliteStore, now: datetime, version_ids: dict[str, int]
) -> None:
    """Hits are never deleted: one that nobody was told of is kept and not sent."""
    article_id = article(store, now)
    hits.save(store, one(store, 1), [verdict(), verdict("b")], 1, version_ids, now)
    assert hits.save(store, one(store, 2), [verdict("b")], 2, version_ids, now) == hits.Saved(quiet=1, renewed=1)
    assert [(hit.watchlist, hit.quiet) for hit in hits.of_article(store, article_id)] == [("a", True), ("b", False)]


def test_a_failed_transaction_leaves_the_article_due(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """Hits and the mark that the article was seen commit together or not at all."""
    article_id = article(store, now)
    due = one(store, 1)

    def save_and_fail() -> None:
        with store.write():
            hits.save(store, due, [verdict()], 1, version_ids, now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        save_and_fail()
    assert one(store, 1).id == article_id
    assert hits.of_article(store, article_id) == ()


def test_lists_are_cut_by_watchlist_entity_band_time_and_words(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """Each filter leaves the hits it names, newest first."""
    article(store, now, "Đà Nẵng", "A lab.")
    hits.save(store, one(store, 1), [verdict(entity="fpt"), verdict("b", "review", 3.2, "cmc")], 1, version_ids, now)
    article(store, now, "Second", "Nothing.")
    hits.save(store, one(store, 1), [verdict(entity="cmc")], 1, version_ids, now + timedelta(hours=2))
    before = now - timedelta(days=1)

    def titles(**filters: object) -> list[tuple[str, str]]:
        rows = hits.listed(store, **{"since": before, "limit": 10, **filters})  # type: ignore[arg-type]
        return [(row["title"], row["watchlist"]) for row in rows]

    assert titles() == [("Second", "a"), ("Đà Nẵng", "b"), ("Đà Nẵng", "a")]
    assert titles(limit=1) == [("Second", "a")]
    assert titles(watchlist="b") == [("Đà Nẵng", "b")]
    assert titles(entity="cmc") == [("Second", "a"), ("Đà Nẵng", "b")]
    assert titles(band="review") == [("Đà Nẵng", "b")]
    assert titles(since=now + timedelta(hours=1)) == [("Second", "a")]
    assert titles(articles=store.search("da nang", 10)) == [("Đà Nẵng", "b"), ("Đà Nẵng", "a")]
    assert titles(articles=()) == []
    row = hits.listed(store, before, 1)[0]
    assert (row["reasons"], row["snippet"], row["quiet"]) == (["FPT in one sentence"], "FPT builds.", False)
    assert [(name["name"], name["hits"]) for name in hits.names(store, 5)] == [("cmc", 2), ("fpt", 1)]


def test_marks_are_kept_in_order(store: SqliteStore, now: datetime, version_ids: dict[str, int]) -> None:
    """What people said of a hit is a history, not a flag."""
    article_id = article(store, now)
    hits.save(store, one(store, 1), [verdict()], 1, version_ids, now)
    (hit,) = hits.of_article(store, article_id)
    hits.mark(store, hit.id, "useless", "another firm", now)
    hits.mark(store, hit.id, "useful", "", now)
    assert [(label["verdict"], label["reason"]) for label in hits.labels(store, hit.id)] == [("useless", "another firm"), ("useful", "")]


_text = st.text(max_size=20)
_verdicts = st.builds(
    Verdict,
    watchlist=_text,
    watchlist_digest=_text,
    band=st.sampled_from(["alert", "review", None]),
    score=st.floats(-5, 20),
    rule=_text,
    parts=st.lists(st.builds(ScorePart, name=_text, points=st.floats(-5, 5)), max_size=2).map(tuple),
    snippet=st.builds(Snippet, text=_text, marks=st.lists(st.tuples(st.integers(), st.integers()), max_size=2).map(tuple)),
    reasons=st.lists(_text, max_size=2).map(tuple),
)


@given(_verdicts)
def test_a_verdict_comes_back_as_it_was_stored(given_verdict: Verdict) -> None:
    """Nothing of a verdict is lost or changed by storing it."""
    assert hits.verdict_of(hits.verdict_text(given_verdict)) == given_verdict
