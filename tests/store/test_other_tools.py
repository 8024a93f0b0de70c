"""The database in other tools: views that read without looking numbers up, full-text search and foreign keys in sqlite-utils, Datasette's metadata."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from monitor.store.driver import Store
from monitor.store.sqlite import SqliteStore
from monitor.text import fold
from tests.digests.rows import SEVEN, Rows

METADATA = Path(__file__).resolve().parents[2] / "deploy" / "datasette.yaml"
TEXT = "Ông Tô Lâm gặp Apple ở Đà Nẵng."


@pytest.fixture
def shelf(store: Store) -> Store:
    """A story of two hits in two languages, one of them marked, and the text of one; a story that was merged away."""
    rows = Rows(store)
    feed = rows.source("paper")
    story, merged = rows.story("A plant in Da Nang"), rows.story("The same plant")
    first = rows.article("A plant", "https://one.example/1", "one.example", "en", SEVEN)
    second = rows.article("Một nhà máy", "https://hai.example/2", "hai.example", "vi", SEVEN + timedelta(hours=1))
    hit = rows.hit("A plant", story=story, article=first, score=7.5)
    rows.hit("Một nhà máy", story=story, article=second, band="review", score=4.0, novelty="echo")
    with store.write():
        for kind, name in (("entity", "Nvidia"), ("entity", "FPT"), ("entity", "FPT"), ("topic", "chips")):
            store.run(
                "insert into mentions(hit_id, kind, name, side, title, alias, start_char, end_char, sentence, zone)"
                " values (:hit, :kind, :name, '', :name, '', 0, 1, 0, 'text')",
                hit=hit,
                kind=kind,
                name=name,
            )
        store.run("update stories set lead_hit_id = :hit, hit_count = 2 where id = :story", hit=hit, story=story)
        store.run("update stories set merged_into_id = :story where id = :merged", story=story, merged=merged)
        store.run("insert into texts(article_id, text, folded) values (:id, :text, :folded)", id=second, text=TEXT, folded=fold(TEXT))
        store.run("insert into labels(hit_id, verdict, reason, created_at) values (:hit, 'useless', '', :now)", hit=hit, now=SEVEN)
        store.run("insert into labels(hit_id, verdict, reason, created_at) values (:hit, 'useful', '', :now)", hit=hit, now=SEVEN)
        store.run(
            "insert into entries(feed_id, key, article_id, guid, url, url_key, title, summary, author, lang, published_raw, content_hash,"
            " first_seen_at) values (:feed, 'k', :article, '', '', '', '', '', '', '', '', '', :now)",
            feed=feed,
            article=first,
            now=SEVEN,
        )
    return store


def test_hits_read_without_looking_numbers_up(shelf: Store) -> None:
    """Each hit shows its title, outlet, feeds, names, story, score and newest mark, on both engines."""
    first, second = shelf.all("select * from hits_view order by id")
    told = ("title", "outlet", "lang", "feeds", "story", "band", "score", "mark", "watchlist")
    assert [first[name] for name in told] == [
        "A plant",
        "one.example",
        "en",
        "paper",
        "A plant in Da Nang",
        "alert",
        7.5,
        "useful",
        "vn-us",
    ]
    assert (second["outlet"], second["feeds"], second["novelty"], second["mark"]) == ("hai.example", None, "echo", None)
    assert (first["names"], first["topics"], second["names"]) == ("FPT, Nvidia", "chips", None)


def test_stories_read_without_looking_numbers_up(shelf: Store) -> None:
    """Each story shows its outlets, languages, best band and score, and its lead; one that was merged into another is not there."""
    (story,) = shelf.all("select * from stories_view")
    told = ("title", "band", "score", "hits", "outlets", "languages", "lead_outlet", "lead_url")
    assert [story[name] for name in told] == [
        "A plant in Da Nang",
        "alert",
        7.5,
        2,
        "hai.example, one.example",
        "en, vi",
        "one.example",
        "https://one.example/1",
    ]


@pytest.mark.engines("sqlite")
def test_sqlite_utils_finds_words_and_references(shelf: SqliteStore) -> None:
    """sqlite-utils sees the full-text index and every reference, and finds a text by words without marks, while the store is open."""
    database = Database(shelf.path)
    with closing(database.conn):
        assert database["texts"].detect_fts() == "texts_fts"
        assert [row["text"] for row in database["texts"].search("to lam da nang")] == [TEXT]
        references = {(key.column, key.other_table) for key in database["hits"].foreign_keys}
        assert {("article_id", "articles"), ("version_id", "watchlist_versions")} <= references
        assert {"hits_view", "stories_view"} <= set(database.view_names())


@pytest.mark.engines("sqlite")
def test_the_program_sqlite_utils_reads_views(shelf: SqliteStore) -> None:
    """The commands that the page on other tools shows print hits and search texts."""
    path = str(shelf.path)
    rows = called("rows", path, "hits_view", "-c", "title", "-c", "outlet")
    assert json.loads(rows) == [{"title": "A plant", "outlet": "one.example"}, {"title": "Một nhà máy", "outlet": "hai.example"}]
    assert [row["text"] for row in json.loads(called("search", path, "texts", "to lam"))] == [TEXT]


def called(*words: str) -> str:
    return subprocess.run([sys.executable, "-m", "sqlite_utils", *words], capture_output=True, text=True, check=True).stdout


def tables_of_the_metadata() -> Iterator[tuple[str, dict[str, str]]]:
    """Each table of datasette.yaml with its settings, read by indentation: the file has no other shape."""
    _, _, tables = METADATA.read_text(encoding="utf-8").partition("\n    tables:\n")
    for block in re.findall(r"^      (\w+):\n((?: {8,}.*\n)+)", tables, re.MULTILINE):
        yield (
            block[0],
            dict(re.findall(r"^ {8}(\w+): (.*)$", block[1], re.MULTILINE))
            | {f"column {name}": "" for name in re.findall(r"^ {10}(\w+): ", block[1], re.MULTILINE)},
        )


@pytest.mark.engines("sqlite")
def test_the_metadata_names_what_is_there(shelf: SqliteStore) -> None:
    """Every table and column that datasette.yaml names is in the database, and every question in it can be asked."""
    described = dict(tables_of_the_metadata())
    assert {"hits_view", "stories_view", "articles", "deliveries"} <= set(described)
    with closing(sqlite3.connect(f"file:{shelf.path}?mode=ro", uri=True)) as connection:
        for table, settings in described.items():
            columns = {row[1] for row in connection.execute(f"pragma table_info({table})")}
            assert columns, table
            named = [settings[key] for key in ("label_column", "sort_desc", "fts_pk") if key in settings]
            named += re.findall(r"\w+", settings.get("facets", "")) + [key[7:] for key in settings if key.startswith("column ")]
            assert set(named) <= columns, table
        questions = re.findall(r"sql: \|-\n((?: {10}.*\n)+)", METADATA.read_text(encoding="utf-8"))
        answers = [connection.execute(sql, {"words": "to lam"}).fetchall() for sql in questions]
    assert len(answers) == 3
    assert answers[0][0][1] == "Một nhà máy"
