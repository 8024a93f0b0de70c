"""What goes with time and what stays: a year of a daemon's life on both engines, and every table accounted for."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.hours import to_text
from monitor.pipeline import tidy
from monitor.store.articles import drop_old_sketches, drop_old_texts
from monitor.store.driver import Store, rows_of
from monitor.store.invariants import check_invariants
from monitor.store.retention import BATCH, BOUNDED, RULES, STAYS, Keeping, sizes, stale, sweep, sweep_when_due
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import fact
from tests.bench.statements import heard
from tests.digests.rows import Rows
from tests.promise.world import World

BEGAN = datetime(2025, 11, 26, tzinfo=UTC)
KEEPING = Keeping(text_days=30, sketch_days=14, log_days=60)
EVENTS, TEXTS, SKETCHES = 40, 4, 16

_EVENT = "insert into events(happened_at, kind, subject, detail) values {rows}"
_LIFE = "insert into daemons(id, pid, host, version, started_at, seen_at, stopped_at) values (:id, 1, 'h', '1', :at, :at, :at)"
_ALARM = "insert into alarms(subject, kind, text, mend, channel, since_at, seen_at, raised_at, over_at) values (:s, 'k', '', '', '', :at, :at, :at, :over)"
_MESSAGE = "insert into messages(uid, kind, form, subject, body, sha256, created_at) values (:uid, :kind, 'json', '', :body, :hash, :at) returning id"
_DELIVERY = (
    "insert into deliveries(message_id, channel, destination, state, attempts, epoch, created_at, delivered_at)"
    " values (:message, 'ops', 'ops', 'delivered', 1, 1, :at, :at) returning id"
)
_WAITING = (
    "insert into deliveries(message_id, channel, destination, state, next_attempt_at, created_at)"
    " values (:message, 'ops', 'other', 'pending', :at, :at)"
)
_ATTEMPT = "insert into attempts(delivery_id, epoch, started_at, ended_at, outcome) values (:delivery, 1, :at, :at, 'sent')"
_EMPTY_SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_VERSION = (
    "insert into watchlist_versions(watchlist, title, digest, engine, source_json, rev, created_at)"
    " values ('vn-us', '', :digest, '1', '{}', :rev, :at)"
)


def count(store: Store, table: str) -> int:
    row = store.one(f"select count(*) as n from {table}")
    assert row is not None
    return int(row["n"])


def a_day(store: Store, rows: Rows, number: int) -> datetime:
    """What one day of a daemon leaves: log, a life, an alarm with its message, texts of which one matches, an edit of the watchlist."""
    at = BEGAN + timedelta(days=number)
    with store.write():
        sql, values = rows_of(_EVENT, "(:at, 'feed.failing', :name, '')", [{"at": at, "name": f"feed-{each}"} for each in range(EVENTS)])
        store.run(sql, **values)
        store.run(_LIFE, id=f"life-{number}", at=at)
        store.run(_ALARM, s=f"feed {number}", at=at, over=at + timedelta(hours=1))
        message(store, f"alarm-{number}", "alarm", at)
        store.run(_VERSION, digest=f"edit-{number}", rev=number + 2, at=at)
        for each in range(TEXTS):
            article = rows.article(f"Report {number} {each}", "", "paper", "en", at)
            store.run("insert into texts(article_id, text, folded) values (:id, 'A text', 'a text')", id=article)
            sql, values = rows_of(
                "insert into sketch_values(value, article_id) values {rows}",
                "(:value, :id)",
                [{"value": value, "id": article} for value in range(SKETCHES)],
            )
            store.run(sql, **values)
        rows.hit(f"Report {number}", story=None, article=article)
    return at


def message(store: Store, uid: str, kind: str, at: datetime, waiting: bool = False) -> None:
    """A message that one destination accepted at once; `waiting`: another has not."""
    row = store.one(_MESSAGE, uid=uid, kind=kind, body=b"", hash=_EMPTY_SHA, at=at)
    assert row is not None
    sent = store.one(_DELIVERY, message=row["id"], at=at)
    assert sent is not None
    store.run(_ATTEMPT, delivery=sent["id"], at=at)
    if waiting:
        store.run(_WAITING, message=row["id"], at=at)


def tidied(store: Store, now: datetime) -> None:
    """What the step does every hour."""
    drop_old_texts(store, now - timedelta(days=KEEPING.text_days), 500)
    drop_old_sketches(store, now - timedelta(days=KEEPING.sketch_days), 500)
    sweep_when_due(store, KEEPING, now)


def test_a_year_does_not_fill_the_database(store: Store) -> None:
    """Over a year of days the log and the texts of what matched nothing never outgrow their time; all that tells identity and evidence stays."""
    rows = Rows(store)
    most = dict.fromkeys(("events", "daemons", "alarms", "messages", "texts", "sketch_values", "watchlist_versions"), 0)
    for number in range(365):
        at = a_day(store, rows, number)
        if number % 5 == 4:
            tidied(store, at + timedelta(minutes=1))
            most = {table: max(n, count(store, table)) for table, n in most.items()}
    days = KEEPING.log_days + 1
    assert most["events"] <= EVENTS * days
    assert {most["daemons"], most["alarms"], most["messages"]} <= {days - 1, days}
    # The texts of hits stay; so does the version that hits were made by.
    assert most["texts"] <= 365 + (TEXTS - 1) * (KEEPING.text_days + 1)
    assert most["sketch_values"] <= TEXTS * SKETCHES * (KEEPING.sketch_days + 1)
    assert most["watchlist_versions"] <= days + 2
    assert (count(store, "articles"), count(store, "hits")) == (365 * TEXTS, 365)
    kept = "select count(*) as n from hits h join texts t on t.article_id = h.article_id"
    assert store.one(kept) == {"n": 365}
    assert [each for each in check_invariants(store) if not each.rule.startswith("I1 a hit")] == []


def test_a_dry_run_tells_what_a_sweep_removes(store: Store) -> None:
    """What is counted beforehand is what goes, rule by rule; counting changes nothing, and after the sweep nothing is left to go."""
    rows = Rows(store)
    for number in range(0, 200, 10):
        at = a_day(store, rows, number)
    before = {table: count(store, table) for table in ("events", "texts", "alarms", "daemons", "sketch_values")}
    told = stale(store, KEEPING, at)
    assert before == {table: count(store, table) for table in before}
    assert min(told[name] for name in told if name != "robots") > 0
    assert sweep(store, KEEPING, at) == told
    assert set(stale(store, KEEPING, at).values()) == {0}


def test_what_still_waits_stays(store: Store) -> None:
    """An old alarm's message stays while a destination has not had it, an alarm while it stands, the newest five lives for ever."""
    later = BEGAN + timedelta(days=400)
    with store.write():
        message(store, "waits", "alarm", BEGAN, waiting=True)
        message(store, "digest", "digest", BEGAN)
        message(store, "done", "alarm", BEGAN)
        store.run(_ALARM, s="stands", at=BEGAN, over=None)
        for number in range(7):
            store.run(_LIFE, id=f"life-{number}", at=BEGAN + timedelta(days=number))
        store.run("insert into sites(host, created_at, robots, robots_at) values ('a', '', 'User-agent: *', :at)", at=BEGAN)
        store.run("insert into sites(host, created_at, robots, robots_at) values ('b', '', 'User-agent: *', :at)", at=later)
    went = sweep(store, KEEPING, later)
    assert {name: n for name, n in went.items() if n} == {"alarm-messages": 1, "lives": 2, "robots": 1}
    assert [row["uid"] for row in store.all("select uid from messages order by id")] == ["waits", "digest"]
    assert [row["id"] for row in store.all("select id from daemons order by id")] == [f"life-{number}" for number in range(2, 7)]
    assert [row["host"] for row in store.all("select host from sites where robots is not null")] == ["b"]
    assert check_invariants(store) == ()


def test_a_large_rest_goes_bit_by_bit(store: Store) -> None:
    """More than one sweep takes is left for the next tick, not for the next day; then the day is done."""
    now = BEGAN + timedelta(days=100)
    with store.write():
        for _ in range(3):
            sql, values = rows_of(_EVENT, "(:at, 'k', 's', '')", [{"at": BEGAN}] * BATCH)
            store.run(sql, **values)
    assert sweep(store, KEEPING, now, most_batches=1)["events"] == BATCH
    assert sweep_when_due(store, KEEPING, now)["events"] == 2 * BATCH
    assert fact(store, "swept_at") == to_text(now)
    assert sweep_when_due(store, KEEPING, now + timedelta(hours=1)) == {}
    assert sweep_when_due(store, KEEPING, now + timedelta(days=1)) != {}
    assert sweep_when_due(store, KEEPING, BEGAN) != {}, "a day that a wrong clock wrote must not stop it for ever"


def pile(store: Store, rows: Rows, number: int) -> None:
    """Old articles in one poll, every fifth of them a hit, each with a text and two marks, and fifty old rows of the log for each."""
    for each in range(number):
        article = rows.article(f"Report {each}", "", "paper", "en", BEGAN)
        if each % 5 == 0:
            rows.hit(f"Report {each}", story=None, article=article)
        with store.write():
            store.run("insert into texts(article_id, text, folded) values (:id, 'A text', 'a text')", id=article)
            sql, values = rows_of(
                "insert into sketch_values(value, article_id) values {rows}", "(:n, :id)", [{"n": n, "id": article} for n in (1, 2)]
            )
            store.run(sql, **values)
            sql, values = rows_of(_EVENT, "(:at, 'k', 's', '')", [{"at": BEGAN}] * 50)
            store.run(sql, **values)


def test_a_tick_drops_a_bounded_part_of_a_large_rest(store: Store, tmp_path: Path) -> None:
    """However much is old, a tick takes a hundred texts, as many sketches and five batches of the log; the ticks together take all there is."""
    pile(store, Rows(store), 260)
    world = World(tmp_path)
    world.clock.at = BEGAN + timedelta(days=400)
    app = world.app(store)
    ticks = [asyncio.run(tidy(app)) for _ in range(7)]
    assert [each["dropped"] for each in ticks] == [100, 100, 8, 0, 0, 0, 0]
    assert [each["sketches"] for each in ticks][-1] == 0
    assert max(each["sketches"] for each in ticks) <= 100
    assert [each["log"] for each in ticks] == [5 * BATCH] * 5 + [500, 0]
    assert (count(store, "texts"), count(store, "sketch_values"), count(store, "events")) == (52, 0, 0)


@pytest.mark.engines("sqlite")
def test_every_table_is_accounted_for(store: SqliteStore) -> None:
    """Each table of the schema goes with time, stays with a reason, or is bounded with a reason."""
    made = {row["name"] for row in store.all("select name from sqlite_master where type = 'table'")}
    ours = {name for name in made if not name.startswith(("_", "sqlite_", "texts_fts"))}
    going = {"texts", "sketch_values", "events", "daemons", "alarms", "watchlist_versions"}
    assert ours == going | set(STAYS) | set(BOUNDED)
    assert len(RULES) == len({rule.name for rule in RULES})
    assert set(sizes(store)) == set(STAYS)


_MANY = "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < :most)"
_MANY_ARTICLES = (
    "insert into articles(id, url_key, url, first_seen_at, matched_rev) {many} select n, cast(n as text), 'u', :at, 1 from numbers"
)
_MANY_TEXTS = "insert into texts(article_id, text, folded) {many} select n, 'A text', 'a text' from numbers"


def test_a_sweep_looks_at_what_stays_once(tmp_path: Path) -> None:
    """However many texts go, no batch takes more work than another: none begins anew at the first article."""
    (rule,) = (rule for rule in RULES if rule.name == "texts")

    def most_work(batches: int) -> int:
        with heard() as found, closing(open_sqlite(tmp_path / f"{batches}.db")) as store:
            with store.write():
                store.run(_MANY_ARTICLES.replace("{many}", _MANY), most=BATCH * batches, at=BEGAN)
                store.run(_MANY_TEXTS.replace("{many}", _MANY), most=BATCH * batches)
            found.work.clear()
            assert sweep(store, KEEPING, BEGAN + timedelta(days=40), most_batches=100, rules=(rule,)) == {"texts": BATCH * batches}
            return max(steps for said, steps in found.work.items() if said.lstrip().startswith("select"))

    assert most_work(4) < 1.5 * most_work(1)
