"""What every engine of the store owes the program above it: transactions, values, search, migrations. Both engines, the same tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import StoreError, StoreNewer
from monitor.place import Place
from monitor.store.driver import Store, bindable
from monitor.store.opening import open_store
from monitor.store.schema import MIGRATIONS
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import fact, set_fact
from monitor.text import fold
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent.parent
ARTICLE = "insert into articles(url_key, url, first_seen_at) values (:key, 'u', '') returning id"
TEXT = "insert into texts(article_id, text, folded) values (:id, :text, :folded)"

TEXTS = (
    "Ông Tô Lâm thăm Đà Nẵng và dự lễ khởi công nhà máy bán dẫn",
    "Thủ tướng tiếp đoàn kỹ sư Hàn Quốc tại Hà Nội",
    "To Lam meets engineers in Da Nang; the plant opens in 2027",
    "F-16 spare parts, A320neo wings and a 3.5-GHz licence (US$1.2bn)",
    "Écoles d'été à Đà Lạt : l'énergie solaire avance de 12 %",
    "Mail the desk at desk@example.org, or see https://example.org/da-nang/plant?id=7",
    "HÀ NỘI — “Trần Đại Quang” street; co-operation, R&D, C++ and 5G",
    "tô tô tô lâm lâm",
)
QUERIES = (
    "tô lâm",
    "to lam",
    "TÔ LÂM",
    "lam to",
    "đà nẵng",
    "da nang",
    "Da-Nang",
    "hà nội",
    "hanoi",
    "ha noi",
    "trần đại quang",
    "kỹ sư",
    "energie",
    "énergie solaire",
    "d'été",
    "ete da lat",
    "F-16",
    "f 16",
    "16",
    "a320neo",
    "3.5",
    "ghz",
    "us$1.2bn",
    "1",
    "desk@example.org",
    "example",
    "example.org/da-nang",
    "https",
    "co operation",
    "cooperation",
    "R&D",
    "C++",
    "5g",
    "plant opens",
    "nothing of this",
    "12 %",
)


def add_text(store: Store, key: str, text: str) -> int:
    with store.write():
        row = store.one(ARTICLE, key=key)
        assert row is not None
        store.run(TEXT, id=row["id"], text=text, folded=fold(text))
    return int(row["id"])


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    """An exception inside a transaction takes all of it back."""
    with pytest.raises(KeyError), store.write():
        set_fact(store, "a", "1")
        raise KeyError
    assert fact(store, "a") is None


def test_writing_needs_a_transaction(store: Store) -> None:
    """A write outside `write()` is a bug and is told so."""
    with pytest.raises(RuntimeError):
        store.run("delete from meta")
    with pytest.raises(StoreError):
        store.all("insert into meta(name, value) values ('a', 'b') returning name")
    set_fact(store, "a", "1")
    assert fact(store, "a") == "1"


def test_a_light_commit_is_a_commit(store: Store) -> None:
    """A transaction that need not wait for the disk is seen by all at once, and rolls back like any other."""
    with store.write(durable=False):
        set_fact(store, "a", "1")
    with pytest.raises(KeyError), store.write(durable=False):
        set_fact(store, "b", "1")
        raise KeyError
    assert (fact(store, "a"), fact(store, "b")) == ("1", None)


def test_what_a_transaction_wrote_it_can_read(store: Store) -> None:
    """Inside `write()` a query sees the transaction's own rows, a nested `write()` is part of it, and nobody else sees either before its end."""
    with store.write():
        set_fact(store, "a", "1")
        with store.write():
            set_fact(store, "b", "2")
        assert (fact(store, "a"), fact(store, "b")) == ("1", "2")


@pytest.mark.parametrize("query", ["tô lâm", "to lam", "TÔ LÂM", "da nang", "Đà Nẵng", "nang da", "đà-nẵng!"])
def test_search_ignores_marks(store: Store, query: str) -> None:
    """Search finds Vietnamese with or without marks, đ included."""
    found = add_text(store, "1", "Ông Tô Lâm thăm Đà Nẵng")
    add_text(store, "2", "Paris et Lyon")
    assert store.search(query, 10) == [found]


def test_search_follows_changes(store: Store) -> None:
    """Changed and deleted texts leave the index."""
    article = add_text(store, "1", "alpha")
    with store.write():
        store.run("update texts set folded = 'beta' where article_id = :id", id=article)
    assert (store.search("alpha", 10), store.search("beta", 10)) == ([], [article])
    with store.write():
        store.run("delete from texts")
    assert store.search("beta", 10) == []


def test_both_engines_find_the_same(tmp_path: Path) -> None:
    """Vietnamese, French and English queries, with signs, figures and addresses in them, find the same articles on both engines."""
    from monitor.store.postgres import open_postgres

    with postgres.database() as address:
        one, other = open_sqlite(tmp_path / "monitor.db"), open_postgres(address)
        for number, text in enumerate(TEXTS):
            assert add_text(one, str(number), text) == add_text(other, str(number), text)
        found = {query: (sorted(one.search(query, 50)), sorted(other.search(query, 50))) for query in QUERIES}
        one.close()
        other.close()
    assert {query: each for query, each in found.items() if each[0] != each[1]} == {}
    assert sum(bool(each[0]) for each in found.values()) > 25


def test_a_huge_text_is_searched(store: Store) -> None:
    """A text beyond what one index entry holds is stored, and found by what stands at its beginning."""
    words = " ".join(f"word{number}" for number in range(150_000))
    found = add_text(store, "1", f"beginning {'x' * 5000} {words}")
    assert store.search("beginning word7", 10) == [found]
    assert store.search("y" * 5000, 10) == []


@pytest.fixture(scope="module", params=postgres.ENGINES)
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for many examples."""
    if request.param == "sqlite":
        opened: Store = open_sqlite(tmp_path_factory.mktemp("shelf") / "monitor.db")
        add_text(opened, "1", TEXTS[0])
        yield opened
        opened.close()
        return
    from monitor.store.postgres import open_postgres

    with postgres.database() as address:
        opened = open_postgres(address)
        add_text(opened, "1", TEXTS[0])
        yield opened
        opened.close()


@given(st.text())
def test_any_query_is_safe(shelf: Store, text: str) -> None:
    """No search text is a syntax error."""
    assert shelf.search(text, 10) in ([], [1])


@given(st.text(), st.binary(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_values_come_back_as_they_went(shelf: Store, text: str, raw: bytes, whole: int, real: float, yes: bool) -> None:
    """Text, bytes, numbers and nothing survive the database; NUL and lone surrogates are taken out on the way in; signs in text are just text."""
    row = shelf.one(
        "select cast(:text as text) as text, :raw as raw, :whole as whole, cast(:real as double precision) as real, :yes as yes, :none as none, "
        "'it''s 100% :text' as said",
        text=text,
        raw=raw,
        whole=whole,
        real=real,
        yes=yes,
        none=None,
    )
    assert row is not None
    kept = "".join(each for each in text if each != "\x00" and not "\ud800" <= each <= "\udfff")
    assert (row["text"], bytes(row["raw"]), row["whole"], row["real"]) == (kept, raw, whole, real)
    assert (row["yes"], row["none"], row["said"]) == (int(yes), None, "it's 100% :text")


@pytest.mark.parametrize("query", ['"', "a AND", "NEAR(", "*", "-", "col:x", "'", "a & !b", "a <-> b", "\\"])
def test_query_syntax_is_plain_words(store: Store, query: str) -> None:
    """Signs of the engine's own query language are just text."""
    store.search(query, 10)


def test_nul_and_surrogates_never_arrive(store: Store) -> None:
    """What no engine can store is taken out on the way in."""
    set_fact(store, "a", "x\x00y\ud800z")
    assert fact(store, "a") == "xyz"


def test_instants_are_stored_in_one_width() -> None:
    """Instants are bound as fixed-width UTC text."""
    assert bindable({"at": datetime(2026, 1, 2, tzinfo=UTC)}) == {"at": "2026-01-02T00:00:00.000000Z"}


def test_sums_are_whole_numbers(store: Store) -> None:
    """Sums of whole numbers are whole, means are not."""
    assert store.one("select sum(n) as s, avg(n) as m from (select 1 as n union all select 2 as n) x") == {"s": 3, "m": 1.5}


def schema_of(store: Store) -> list[object]:
    """Tables, columns and indexes as the engine tells them."""
    if store.engine == "sqlite":
        return [(row["name"], row["sql"]) for row in store.all("select name, sql from sqlite_master order by name")]
    columns = store.all(
        "select table_name, column_name, data_type, is_nullable, column_default, collation_name, generation_expression "
        "from information_schema.columns where table_schema = 'public' order by 1, 2"
    )
    indexes = store.all("select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1")
    checks = store.all(
        "select conname, pg_get_constraintdef(oid) as text from pg_constraint where connamespace = 'public'::regnamespace order by 1"
    )
    return [*columns, *indexes, *checks]


def test_opening_again_changes_nothing(place: Place) -> None:
    """Migrations run once; a second start applies none."""
    open_store(place).close()
    again = open_store(place)
    assert again.migrate() == ()
    again.close()


@pytest.mark.parametrize("known", range(1, len(MIGRATIONS)))
def test_fresh_equals_migrated(place: Place, known: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database made by an older version and brought up to date has the schema of a new one, and keeps what it held."""
    with monkeypatch.context() as older:
        for module in ("monitor.store.sqlite", "monitor.store.postgres"):
            older.setattr(f"{module}.MIGRATIONS", MIGRATIONS[:known])
        old = open_store(place)
        set_fact(old, "a", "kept")
        old.close()
    migrated = open_store(place)
    assert fact(migrated, "a") == "kept"
    found = schema_of(migrated)
    migrated.close()
    if place.path is not None:
        fresh: Store = open_sqlite(tmp_path / "fresh" / "monitor.db")
        assert schema_of(fresh) == found
        fresh.close()
        return
    with postgres.database() as address:
        from monitor.store.postgres import open_postgres

        fresh = open_postgres(address)
        assert schema_of(fresh) == found
        fresh.close()


def test_many_processes_may_open_a_new_database_at_once(place: Place) -> None:
    """Four processes that open a database which is not there yet all get a sound one, and each migration is applied once."""
    code = (
        "import pathlib, sys; from monitor.place import place_of; from monitor.store.opening import open_store; "
        "open_store(place_of(sys.argv[1], pathlib.Path('/'))).close()"
    )
    given = str(place.path) if not place.address else place.address
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, given]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, cwd="/") for _ in range(4)]
    told = [process.communicate(timeout=120)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, told
    store = open_store(place)
    table = "_sqlite_migrations" if store.engine == "sqlite" else "_migrations"
    assert [row["name"] for row in store.all(f"select name from {table} order by name")] == [each.name for each in MIGRATIONS]
    store.close()


def test_case_21_a_newer_schema_is_refused(place: Place) -> None:
    """A database written by a newer version is left alone, with exit code 2."""
    store = open_store(place)
    with store.write():
        if store.engine == "sqlite":
            store.run("insert into _sqlite_migrations(migration_set, name, applied_at) values ('monitor', '999_later', '')")
        else:
            store.run("insert into _migrations(name, applied_at) values ('999_later', '')")
    store.close()
    with pytest.raises(StoreNewer, match="newer") as told:
        open_store(place)
    assert told.value.exit_code == 2
