"""A history moves between the engines: whole, with its numbers, compared, and gone on with where it was broken off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.demo.run import run_demo
from monitor.errors import StoreError
from monitor.place import place_of
from monitor.store import copying
from monitor.store.copying import TABLES, copy
from monitor.store.driver import Store
from monitor.store.invariants import check_invariants
from monitor.store.opening import open_store
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import set_fact
from tests import postgres
from tests.commands import run


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the demo's one day in it."""
    folder = tmp_path_factory.mktemp("history")
    asyncio.run(run_demo(folder, lambda name, counts: None))
    return folder / "monitor.db"


@pytest.fixture
def source(history: Path) -> Iterator[Store]:
    opened = open_sqlite(history)
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[str]:
    with postgres.database(empty=True) as address:
        yield address


def test_every_table_is_copied(source: Store) -> None:
    """No table of the schema is left out, but for what an engine keeps for itself."""
    rows = source.all("select name from sqlite_master where type = 'table' and name not like 'texts_fts%' and name not like '%sqlite_%'")
    assert {row["name"] for row in rows} == {table.name for table in TABLES}


def test_there_and_back_again(history: Path, server: str, tmp_path: Path) -> None:
    """The command copies a file to a server and the server to another file: all three hold the same, sound, found by search, and numbered on."""
    there = json.loads(run("db", "copy", "--from", str(history), "--to", server, "--json").out)
    back = json.loads(run("db", "copy", "--from", server, "--to", str(tmp_path / "back.db"), "--json").out)
    sums = [{each["table"]: (each["rows"], each["checksum"]) for each in told["tables"]} for told in (there, back)]
    assert sums[0] == sums[1]
    assert sums[0]["articles"][0] > 10
    stores = [open_sqlite(history), open_store(place_of(server, tmp_path)), open_sqlite(tmp_path / "back.db")]
    found = [(sorted(store.search("vietnam", 100)), check_invariants(store), set_fact(store, "x", "y")) for store in stores]
    with stores[1].write():
        row = stores[1].one("insert into events(happened_at, kind, subject, detail) values ('', 'k', 's', 'd') returning id")
    newest = stores[0].one("select coalesce(max(id), 0) as id from events")
    for store in stores:
        store.close()
    assert found[0] == found[1] == found[2]
    assert found[0][0]
    assert row is not None
    assert newest is not None
    assert row["id"] == newest["id"] + 1


class Torn(Exception):
    """The copy is broken off here."""


def test_a_broken_copy_goes_on(source: Store, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off at every fifth batch, the copy goes on where it was each time, copies no row twice, and ends with the same sums."""
    monkeypatch.setattr(copying, "BATCH", 7)
    target = open_store(place_of(server, tmp_path))
    copied = 0

    def counted(rows: int) -> None:
        nonlocal copied
        copied += rows

    for _ in range(200):
        left = iter(range(5))

        def torn(rows: int, left: Iterator[int] = left) -> None:
            counted(rows)
            if next(left, None) is None:
                raise Torn

        try:
            done = copy(source, target, torn)
            break
        except Torn:
            continue
    small = {"meta", "steps", "daemons", "subscription_watchlists", "arrivals"}
    ordered = sum(each.rows for each in done if each.table not in small)
    assert ordered <= copied <= ordered + 200 * 20
    assert check_invariants(target) == ()
    target.close()


def test_another_history_is_left_alone(source: Store, server: str, tmp_path: Path) -> None:
    """A target that holds another history is refused, and so is one that differs in a row."""
    target = open_store(place_of(server, tmp_path))
    copy(source, target, lambda rows: None)
    with target.write():
        target.run("update articles set title = 'another' where id = (select min(id) from articles)")
    with pytest.raises(StoreError, match="articles differs"):
        copy(source, target, lambda rows: None)
    with target.write():
        target.run("insert into articles(id, url_key, url, first_seen_at) values (99999, 'k', 'u', '')")
    with pytest.raises(StoreError, match="another history"):
        copy(source, target, lambda rows: None)
    target.close()


def test_mistakes_of_the_command_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is not there, or one place twice, is a mistake and nothing is made of it."""
    monkeypatch.chdir(tmp_path)
    assert run("db", "copy", "--from", "no.db", "--to", "new.db").code == 2
    assert list(tmp_path.iterdir()) == []
    open_sqlite(tmp_path / "a.db").close()
    assert "two different" in run("db", "copy", "--from", "a.db", "--to", "a.db").err
