"""R10 and case 37 on PostgreSQL: what test_history.py asks, beside the same history on a server. The normal run reads the server's own record of plans."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from monitor.store.postgres import open_postgres
from tests import postgres
from tests.bench import plans
from tests.bench.history import History
from tests.bench.test_history import (
    COMMANDS,
    KNOWN,
    LIST_MS,
    START_S,
    WHOLE,
    Place,
    bar_ms,
    cycle,
    filled,
    first_ticks,
    measured,
    started,
    ticks,
)
from tests.promise.world import SECRET

ARTICLES = int(os.environ.get("HISTORY_ARTICLES", "1000000"))
SETTINGS = (
    *("shared_buffers=512MB", "maintenance_work_mem=512MB", "max_wal_size=4GB", "fsync=off", "full_page_writes=off", "autovacuum=off"),
    # All the work of a query is done by one process, so that its processor time can be told.
    *("max_parallel_workers_per_gather=0", "max_parallel_maintenance_workers=2"),
)
_INDEXES = """
select indexdef, indexname from pg_indexes where schemaname = 'public' and indexname not in (select conname from pg_constraint)
"""


def fill_postgres(address: str, history: History) -> None:
    """Loads a history into a database that the program has made and that nobody has open; the indexes are made anew at the end."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # references are not looked at: they hold
        made = connection.execute(_INDEXES).fetchall()
        for _, name in made:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
        for table in history.tables():
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
            with connection.cursor().copy(sql.SQL("copy {}({}) from stdin").format(sql.Identifier(table.name), columns)) as copied:
                for row in table.rows:
                    copied.write_row(row)
        settled, since = history.hits - history.stale, history.instants[0]
        connection.execute("update subscriptions set settled_hit_id = %s, since_at = %s", (settled, since))
        connection.execute("update subscription_watchlists set since_at = %s", (since,))
        connection.execute("update stories set lead_hit_id = (id - 1) / 2 * 5 + case when id %% 2 = 1 then 1 else 3 end", ())
        for definition, _ in made:
            connection.execute(definition)
        for (numbered,) in connection.execute(
            "select table_name from information_schema.columns where table_schema = 'public' and is_identity = 'YES' and column_name = 'id'"
        ).fetchall():
            known = connection.execute(sql.SQL("select max(id) from {}").format(sql.Identifier(numbered))).fetchone()
            if known and known[0]:
                connection.execute("select setval(pg_get_serial_sequence(%s, 'id'), %s)", (numbered, known[0]))
        connection.execute("vacuum analyze")


def spent_s(server: postgres.Server) -> Callable[[], float]:
    """Processor time of this process and of the server's, those that have ended included, to be compared by its differences (Linux)."""
    mother = (server.data / "postmaster.pid").read_text(encoding="ascii").split("\n")[0]

    def spent() -> float:
        ended = Path(f"/proc/{mother}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[13:15]
        found = time.process_time() + sum(map(int, ended)) / os.sysconf("SC_CLK_TCK")
        for child in Path(f"/proc/{mother}/task/{mother}/children").read_text(encoding="ascii").split():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += int(Path(f"/proc/{child}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        return found

    return spent


def _ticked(made: Place, address: str, counted: Callable[[], float]) -> dict[str, float]:
    """Rounds of all steps, with news and idle; what is slower than its bar."""
    slow: dict[str, float] = {}
    store = open_postgres(address)
    try:
        for number in range(6):
            first = 10 * (number // 2)
            made.world.web.items = {"one.example": [first + 1, first + 2], "two.example": [first + 2]}
            for name, cpu in ticks(made, store, counted).items():
                print(f"{cpu:8.1f} ms processor  step {name}, {'idle' if number % 2 else 'with news'}, round {number}")
                if cpu > bar_ms(name, number):
                    slow[f"step {name}, round {number}"] = cpu
            made.world.clock.at += timedelta(hours=6) if number % 2 else timedelta(minutes=5)
    finally:
        store.close()
    return slow


@dataclass
class Watched:
    """A place on a server that tells of every statement how it went."""

    made: Place
    address: str
    log: Path
    told: int = 0

    def costly(self, most: int) -> dict[str, tuple[str, int]]:
        """The statements since the last question that looked at more than so many rows of one large table, but for those that may."""
        text = self.log.read_bytes()[self.told :].decode()
        self.told += len(text.encode())
        assert plans.number(text) > 100
        return {said: what for said, what in plans.costly(text, most).items() if not any(piece in said for piece in KNOWN)}


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """20,000 articles on a server that uses an index wherever there is one."""
    postgres.server_address()
    try:
        server = postgres.Server((*postgres.QUICK, *plans.SETTINGS))
    except postgres.Missing as missing:
        pytest.skip(f"a server of its own is needed for its log: {missing}")
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="history-") as folder:
        patch.setenv("HOOK_SECRET", SECRET)
        address = server.address("postgres")
        patch.setenv("MONITOR_DATABASE", address)
        try:
            made = filled(Path(folder), 20_000, lambda: open_postgres(address), lambda history: fill_postgres(address, history))
            log = server.folder / "log"
            yield Watched(made, address, log, log.stat().st_size)
        finally:
            server.remove()


def test_case_37_no_tick_reads_much_on_a_server(watched: Watched) -> None:
    """Rounds of all steps, days apart, with new articles, hits and digests: no statement looks at more than a bounded part of a large table."""
    store = open_postgres(watched.address)
    try:
        for number in range(3):
            watched.made.world.web.items = {"one.example": [10 * number + 1, 10 * number + 2], "two.example": [10 * number + 2]}
            cycle(watched.made, store)
            watched.made.world.clock.at += timedelta(hours=30)
    finally:
        store.close()
    assert watched.costly(2000) == {}


def test_case_37_no_list_reads_much_on_a_server(watched: Watched) -> None:
    """Lists, searches and pages, each of which has twenty thousand articles to choose from, look at some thousands at most."""
    for words in COMMANDS:
        watched.made.command(*words)
    assert watched.costly(3000) == {}


@pytest.mark.slow
def test_r10_a_million_articles_on_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million articles with five million mentions: lists and searches <= 100 ms, ticks <= 50 ms, start to the end of the first cycle <= 2 s.

    As on SQLite the bars hold for processor time, here of the program and the server together.
    """
    postgres.server_address()
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    slow: dict[str, float] = {}
    server = postgres.Server(SETTINGS, tempfile.gettempdir())
    try:
        address = server.address("postgres")
        monkeypatch.setenv("MONITOR_DATABASE", address)
        with tempfile.TemporaryDirectory(prefix="history-") as folder:
            began = time.perf_counter()
            made = filled(Path(folder), ARTICLES, lambda: open_postgres(address), lambda history: fill_postgres(address, history))
            print(f"\nbuilt in {time.perf_counter() - began:.0f} s")
            counted = spent_s(server)
            for words in (*COMMANDS, *WHOLE):
                cpu, wall = measured(lambda words=words: made.command(*words), spent_s=counted)  # type: ignore[misc]
                print(f"{cpu:8.1f} ms processor {wall:8.1f} ms clock  {' '.join(words)}")
                if words in COMMANDS and cpu > LIST_MS:
                    slow[" ".join(words)] = cpu
            slow |= _ticked(made, address, counted)
            before = counted() - time.process_time()
            cpu, wall = started(made)
            cpu += counted() - time.process_time() - before
            print(f"start to the end of the first cycle: {cpu:.2f} s processor, {wall:.2f} s clock; load {os.getloadavg()[0]:.1f}")
            before = counted() - time.process_time()
            ticked, wall = first_ticks(made, lambda: open_postgres(address))
            ticked += counted() - time.process_time() - before
            print(f"start of the daemon to the first tick of each step: {ticked:.2f} s processor, {wall:.2f} s clock")
            assert slow == {}
            assert max(cpu, ticked) <= START_S
    finally:
        server.remove()
