"""What never goes is counted once: the counts are those of the tables at any moment, whatever came in late, and history is not read for them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitor.store.counted import AT_A_TIME, COUNTED, MOST, SETTLED, count, count_apart, move_marks
from monitor.store.counted import counted as counted_so_far
from monitor.store.driver import Store
from monitor.store.retention import STAYS
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import fact
from tests.bench.statements import heard
from tests.digests.rows import SEVEN, Rows


def counted(store: Store) -> int:
    """How many articles the mark holds."""
    text = fact(store, "rows.articles") or '"upto": 0,'
    return int(text.partition('"upto": ')[2].partition(",")[0])


def true(store: Store, table: str) -> int:
    return int((store.one(f"select count(*) as n from {table}") or {"n": -1})["n"])


def test_counts_are_true_wherever_the_mark_stands(store: Store) -> None:
    """While rows come and the mark moves in small parts, every count is that of the table."""
    rows, others = Rows(store), Rows(store, watchlist="others")
    now, seen = SEVEN, set()
    for number in range(40):
        rows.hit(f"Report {number}", story=rows.story() if number % 3 == 0 else None)
        if number % 4 == 0:
            others.hit(f"Other {number}", story=None)
        now += timedelta(minutes=20)
        move_marks(store, now, least=5, at_a_time=3)
        seen.add(counted(store))
        assert {table: count(store, table) for table in COUNTED} == {table: true(store, table) for table in COUNTED}
        apart = store.all("select watchlist, count(*) as n from hits group by watchlist")
        assert count_apart(store, "hits") == {row["watchlist"]: row["n"] for row in apart}
    assert len(seen) > 3, "the mark moved many times"
    assert max(seen) > 10


def test_a_row_that_comes_in_late_is_counted(store: Store) -> None:
    """A transaction that was given a number before the largest and commits after it within the hour is behind no mark."""
    rows = Rows(store)
    for number in range(10):
        rows.article(f"Report {number}", "", "paper", "en", SEVEN)
    with store.write():
        store.run("update articles set id = id + 100 where id > 5")
    move_marks(store, SEVEN, least=5)
    assert not move_marks(store, SEVEN + SETTLED / 2, least=5)
    assert counted(store) == 0
    with store.write():
        store.run("update articles set id = 50 where id = 106")
    move_marks(store, SEVEN + SETTLED, least=5)
    assert (counted(store), count(store, "articles")) == (110, 10)


def test_a_clock_that_was_ahead_delays_the_mark_only(store: Store) -> None:
    """A mark prepared in the future waits an hour by the clock that is right again."""
    rows = Rows(store)
    for number in range(6):
        rows.article(f"Report {number}", "", "paper", "en", SEVEN)
    move_marks(store, SEVEN + timedelta(days=400), least=5)
    for hours in (0, 0.5):
        move_marks(store, SEVEN + timedelta(hours=hours), least=5)
        assert counted(store) == 0
    move_marks(store, SEVEN + SETTLED, least=5)
    assert counted(store) == 6


def test_a_large_history_is_counted_in_parts_and_not_again(tmp_path: Path) -> None:
    """One move counts a bounded part; afterwards a count reads only what is new, whatever lies behind the mark."""
    sql = """insert into stories(watchlist, title, lang, first_seen_at, last_seen_at, created_at)
    with recursive n(n) as (select 1 union all select n + 1 from n where n < :rows) select 'w', 't', 'en', '', '', '' from n"""
    with heard() as found:
        store = open_sqlite(tmp_path / "monitor.db")
        with store.write():
            store.run(sql, rows=2 * AT_A_TIME + 100)
        move_marks(store, SEVEN)
        assert [move_marks(store, SEVEN + SETTLED) for _ in range(4)] == [True, True, False, False]
        found.work.clear()
        assert count(store, "stories") == 2 * AT_A_TIME + 100
        assert found.costly(1) == {}
        store.close()


def test_a_mark_far_behind_is_no_help(store: Store) -> None:
    """While more rows lie behind the mark than an index counts in the same time, all are counted, and as truly."""
    rows = Rows(store)
    for number in range(8):
        rows.hit(f"Report {number}", story=rows.story())
    move_marks(store, SEVEN, least=1)
    move_marks(store, SEVEN + SETTLED, least=1)
    assert (counted_so_far(store, "stories"), counted_so_far(store, "hits")) == ((8, {"": 8}), (8, {"vn-us": 8}))
    with store.write():
        store.run("update stories set id = :far where id = 8", far=8 + MOST + 1)
    assert counted_so_far(store, "stories") == (0, {})
    assert count(store, "stories") == 8


def test_only_what_stays_is_counted_so() -> None:
    """A row that went would stay in the counts for ever."""
    assert set(COUNTED) <= STAYS.keys()


@pytest.mark.parametrize("table", COUNTED)
def test_an_empty_table_has_no_rows(store: Store, table: str) -> None:
    """Before anything came there is nothing, and no mark is made for it."""
    move_marks(store, SEVEN)
    assert (count(store, table), fact(store, f"rows.{table}")) == (0, None)
