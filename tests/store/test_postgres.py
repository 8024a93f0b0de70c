"""What only the PostgreSQL engine can meet: a crash of the server, a standby that takes no writes, deadlocks, swallowed errors."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import StoreBusy, StoreDamaged, StoreError, StoreUnwritable
from monitor.store import hits, watchlists
from monitor.store.postgres import PostgresStore, open_postgres
from monitor.store.steps import fact, set_fact
from monitor.store.watchlists import WatchlistVersion
from tests import postgres
from tests.background import Background
from tests.conftest import NOW
from tests.store.test_hits import article, verdict
from tests.wire import wire_to


@pytest.fixture
def address() -> Iterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
def two(address: str) -> Iterator[tuple[PostgresStore, PostgresStore]]:
    """Two processes' views of one database."""
    stores = open_postgres(address), open_postgres(address)
    yield stores
    for store in stores:
        store.close()


def test_case_40_a_deadlock_is_busy_and_the_other_goes_on(two: tuple[PostgresStore, PostgresStore]) -> None:
    """Of two transactions that wait for each other one is ended as StoreBusy with nothing written, and the other commits."""
    one, other = two
    for name in ("a", "b"):
        set_fact(one, name, "0")
    met = threading.Barrier(2, timeout=30)
    ended: list[str] = []

    def both(store: PostgresStore, first: str, second: str) -> None:
        try:
            with store.write():
                set_fact(store, first, "1")
                met.wait()
                set_fact(store, second, "1")
            ended.append("committed")
        except StoreBusy:
            ended.append("busy")

    threads = [threading.Thread(target=both, args=args) for args in ((one, "a", "b"), (other, "b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == ["busy", "committed"]
    assert (fact(one, "a"), fact(one, "b")) == ("1", "1")


def test_hits_become_visible_in_the_order_of_their_numbers(two: tuple[PostgresStore, PostgresStore]) -> None:
    """While a worker stands still between making a hit and its commit, nobody makes one with a higher number that is seen before it: the mark up to
    which all hits were told would pass over the lower one.
    """
    one, other = two
    versions = watchlists.register(
        one, [WatchlistVersion(watchlist="a", title="a", digest="1", engine="e", source=lambda: "{}")], NOW
    ).version_ids
    for title in ("first", "second"):
        article(one, NOW, title)
    first, second = hits.due(one, 1, 10)

    def make(store: PostgresStore, due: hits.DueArticle) -> None:
        hits.save(store, due, [verdict()], 1, versions, NOW)

    making = threading.Thread(target=make, args=(other, second))
    with one.write():
        make(one, first)
        making.start()
        waiting = "select 1 as yes from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        while making.is_alive() and not one.all(waiting):
            pass
        assert making.is_alive()
        assert one.one("select count(*) as n from hits") == {"n": 1}
    making.join(30)
    assert [row["article_id"] for row in one.all("select article_id from hits order by id")] == [first.id, second.id]


def test_a_swallowed_error_does_not_end_in_silence(two: tuple[PostgresStore, PostgresStore]) -> None:
    """Whoever goes on after a failed statement is told that nothing of the transaction was kept."""
    store, _ = two
    with pytest.raises(StoreError, match="rolled back"), store.write():
        set_fact(store, "a", "1")
        try:
            store.run("insert into meta(name, value) values ('a', '2')")
        except Exception as error:
            assert "duplicate" in str(error)
    assert fact(store, "a") is None


def test_another_program_s_database_is_refused(address: str) -> None:
    """Tables of somebody else are left alone."""
    with postgres.database(empty=True) as foreign:
        postgres._do(foreign, "create table theirs(a int)")
        with pytest.raises(StoreDamaged, match="another program"):
            open_postgres(foreign)


def test_a_server_set_to_forget_is_refused(address: str) -> None:
    """With synchronous_commit off, what was told as sent could be forgotten: nothing starts on it."""
    with postgres.database() as careless:
        name = careless.partition("?")[0].rpartition("/")[2]
        postgres._do(careless, f"alter database {name} set synchronous_commit = off")
        with pytest.raises(StoreError, match="synchronous_commit"):
            open_postgres(careless)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="SKIPPED: this system does not end connections by what is unanswered")
def test_a_network_that_swallows_what_is_sent_is_noticed(address: str) -> None:
    """What is sent and not answered for by the other machine ends the connection after half a minute, where keepalives are not sent (RFC 5482)."""
    with Background() as background:
        store = open_postgres(background.enter(wire_to(address)).address)
        with store._pool.connection() as connection, socket.socket(fileno=os.dup(connection.fileno())) as wire:
            assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        store.close()


def test_cases_38_and_39_a_crash_and_a_standby(tmp_path: Path) -> None:
    """After a crash the same store goes on by itself; while the server is a standby that takes no writes it says so, reads, and writes again later."""
    server = postgres.Server()
    try:
        store = open_postgres(server.address("postgres"))
        set_fact(store, "a", "1")
        with pytest.raises(StoreUnwritable), store.write():
            set_fact(store, "a", "2")
            server.stop()
        server.start()
        assert fact(store, "a") == "1"
        server.stop()
        (server.data / "standby.signal").touch()
        server.start()
        assert fact(store, "a") == "1"
        with pytest.raises(StoreUnwritable, match="recovery"), store.write():
            pass
        (server.data / "standby.signal").unlink()
        server.stop()
        server.start()
        set_fact(store, "a", "3")
        assert fact(store, "a") == "3"
        store.close()
    finally:
        server.remove()
