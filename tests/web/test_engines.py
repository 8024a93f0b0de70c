"""The same pages from both engines: what the demo left in SQLite is put into PostgreSQL, and every page must be the same to the letter."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store.driver import Store
from monitor.store.sqlite import open_sqlite
from tests import postgres
from tests.web.serving import Dashboard
from tests.web.test_pages import PAGES

SEARCHES = (
    "/search?q=to+lam",
    "/search?name=apple&with=nick-ammann&topic=electronics-supply-chain",
    "/search?feed=redriver&lang=en&band=alert&watchlist=vietnam-us-tech",
    "/search?mark=useful",
    "/search?from=2020-01-01&to=2024-09-27",
    "/search?before=20",
    "/stories?q=nvidia&watchlist=vietnam-us-tech",
    "/stories?before=2024-09-26T00:00:00.000000Z,7",
    "/deliveries?failed=1",
    "/feeds/dead",
)


def copied(source: Store, target: Store) -> None:
    """Puts every row of one store into another that has none; references are looked at by neither while it runs."""
    names = [
        row["name"] for row in source.all("select name from sqlite_master where type = 'table' and sql like '%strict%' order by rowid")
    ]
    with target.write():
        target.run("set session_replication_role = replica")
        for name in names:
            for row in source.all(f"select * from {name}"):
                columns = ", ".join(row)
                target.run(f"insert into {name}({columns}) values ({', '.join(f':{column}' for column in row)})", **row)
        target.run("set session_replication_role = default")
        target.all("select setval(pg_get_serial_sequence('labels', 'id'), (select max(id) from labels))")


@pytest.fixture
def other(demo_folder: Path, tmp_path: Path) -> Iterator[Store]:
    """A PostgreSQL store with the demo's rows and some marks."""
    from monitor.store.postgres import open_postgres

    with postgres.database() as address:
        opened = open_postgres(address)
        source = open_sqlite(tmp_path / "desk" / "monitor.db")
        with source.write():
            for hit, verdict in ((3, "useful"), (4, "useless"), (4, "useful"), (9, "useless")):
                source.run(
                    "insert into labels(hit_id, verdict, reason, created_at) values (:hit, :verdict, '', '2024-09-27T01:00:00.000000Z')",
                    hit=hit,
                    verdict=verdict,
                )
        copied(source, opened)
        source.close()
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def desk(demo_folder: Path, tmp_path: Path) -> Path:
    """A copy of the demo that the test alone changes."""
    shutil.copytree(demo_folder, tmp_path / "desk")
    return tmp_path / "desk"


def test_both_engines_give_the_same_pages(desk: Path, other: Store) -> None:
    """Each page and search is the same from SQLite and from PostgreSQL; what is marked, paused and sent again there is kept."""
    with Dashboard(desk) as one, Dashboard(desk, store=other) as two, one.person() as reader, two.person() as second:
        for path in (*(path for path, _ in PAGES), *SEARCHES):
            ours, theirs = reader.get(path), second.get(path)
            assert (path, theirs.status_code) == (path, 200)
            assert steady(theirs.text) == steady(ours.text), path
        assert second.post("/hits/5/marks", data={"verdict": "useful"}).status_code == 303
        assert second.post("/feeds/saigon/state", data={"state": "paused"}).status_code == 303
        assert "paused by a person" in second.get("/feeds/saigon").text
        assert "marked <b>useful</b>" in second.get("/hits/5").text


def steady(html: str) -> str:
    """A page without the port of the dashboard that made it."""
    return re.sub(r"127\.0\.0\.1:\d+", "HERE", html)
