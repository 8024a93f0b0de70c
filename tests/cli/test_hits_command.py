"""`monitor hits`, `match` and `explain`: what they print, as documents and as lines."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.hits import step
from monitor.hits.compile import compile_matcher
from monitor.store.sqlite import open_sqlite
from monitor.urls import url_key
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from tests.cli.desk import WATCHLIST
from tests.commands import run
from tests.conftest import NOW
from tests.store.test_hits import article

TITLE = "Northland and Southland sign a dam deal"
TEXT = "Norco of Northland will build turbines for Southland."


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a watchlist and a database with one hit and one miss."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DB", str(tmp_path / "monitor.db"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    store = open_sqlite(tmp_path / "monitor.db")
    article(store, NOW, TITLE, TEXT)
    article(store, NOW, "=2+3 Northland", "Southland and dams. Norco signs.")
    article(store, NOW, "Rain", "It rained.", key=url_key("https://example.org/rain"))
    matcher = step.register(store, compile_matcher(parse_watchlists(WATCHLIST, "pair.toml", load())), NOW)
    asyncio.run(step.match(store=store, matcher=matcher, clock=lambda: NOW, limit=10))
    store.close()
    return tmp_path


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_match_judges_json_lines(desk: Path) -> None:
    """One line for each text in order, with offsets that count in the field they name, and one story for one development."""
    texts: list[dict[str, object]] = [
        {"id": "a", "title": TITLE, "text": f"{TITLE}\n\n{TEXT}", "lang": "en", "date": "2024-09-24"},
        {"id": "b", "title": "Rain", "text": "Rain\n\nIt rained.", "lang": "en"},
        {"id": 7, "title": TITLE, "text": TEXT, "lang": "en", "date": "2024-09-24T10:00:00+07:00"},
    ]
    (desk / "in.jsonl").write_text("\n".join(json.dumps(text) for text in texts), encoding="utf-8")
    outcome = run("match", "--watchlist", "pair.toml", "in.jsonl")
    assert outcome.code == 0, outcome.err
    first, second, third = lines(outcome.out)
    assert list(first) == ["id", "matched", "band", "score", "watchlist", "story", "mentions", "reasons"]
    assert (first["id"], first["matched"], first["band"], first["watchlist"]) == ("a", True, "alert", "pair")
    assert (second["id"], second["matched"], second["band"], second["story"], second["score"]) == ("b", False, None, None, 0.0)
    assert (third["id"], third["score"], third["story"]) == ("7", first["score"], first["story"])
    mentions: Any = first["mentions"]
    assert {m["field"] for m in mentions} == {"title", "text"}
    assert all(str(texts[0][str(m["field"])])[m["start"] : m["end"]] == m["alias"] for m in mentions)


def test_match_takes_text_files(desk: Path) -> None:
    """A text file is a title line and a text; its name is its id."""
    (desk / "one.txt").write_text(f"{TITLE}\n\n{TEXT}\n", encoding="utf-8")
    outcome = run("match", "--watchlist", "pair.toml", "--json", "one.txt")
    assert [(row["id"], row["band"]) for row in json.loads(outcome.out)] == [("one.txt", "alert")]


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"id": 1}\n', "in.jsonl:1"), ('{"title": "a"}\n[]\n', "in.jsonl:2"), ('{"title": "a"}\nnot json\n', "in.jsonl:2")],
)
def test_a_bad_line_is_told_with_its_number(desk: Path, content: str, message: str) -> None:
    """Input that cannot be judged stops the command with exit code 2 and its place."""
    (desk / "in.jsonl").write_text(content, encoding="utf-8")
    outcome = run("match", "--watchlist", "pair.toml", "in.jsonl")
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.out == ""


def test_an_empty_input_is_nothing_selected(desk: Path) -> None:
    """No text in, exit code 3."""
    (desk / "in.jsonl").write_text("\n", encoding="utf-8")
    assert run("match", "--watchlist", "pair.toml", "in.jsonl").code == 3


def test_list_search_and_show(desk: Path) -> None:
    """A hit is found by list, by its words whatever their case, and shown with its reasons."""
    everything = ("--since", "520w")
    rows = json.loads(run("hits", "list", *everything, "--json").out)
    assert {row["title"] for row in rows} == {TITLE, "=2+3 Northland"}
    assert [row["band"] for row in json.loads(run("hits", "list", *everything, "--band", "alert", "--json").out)] == ["alert"]
    (found,) = lines(run("hits", "search", "TURBINES", "--jsonl").out)
    assert found["title"] == TITLE
    shown = run("hits", "show", str(found["id"]))
    assert "because" in shown.out
    assert "[Northland]" in shown.out
    assert json.loads(run("hits", "show", str(found["id"]), "--json").out)["verdict"]["band"] == "alert"
    assert run("hits", "show", "99").code == 3


def test_export_cannot_run_in_a_spreadsheet(desk: Path) -> None:
    """A title that begins like a formula becomes text in CSV, and stays itself in JSON lines."""
    rows = list(csv.DictReader(io.StringIO(run("hits", "export").out)))
    assert {row["title"] for row in rows} == {TITLE, "'=2+3 Northland"}
    assert {row["title"] for row in lines(run("hits", "export", "--format", "jsonl").out)} == {TITLE, "=2+3 Northland"}


def test_mark_keeps_what_people_think(desk: Path) -> None:
    """A mark is stored with its reason and shown with the hit."""
    outcome = run("hits", "mark", "1", "useless", "--because", "homonym", "--json")
    assert [(mark["verdict"], mark["reason"]) for mark in json.loads(outcome.out)["labels"]] == [("useless", "homonym")]
    assert "marked useless" in run("hits", "show", "1").out
    assert run("hits", "mark", "99", "useful").code == 3


def test_explain_a_hit_gives_the_stored_verdict_again(desk: Path) -> None:
    """The same text, watchlist and program give the same verdict."""
    outcome = run("explain", "1", "--watchlist", "pair.toml")
    assert outcome.code == 0, outcome.err
    assert "HIT pair" in outcome.out
    assert "with this same verdict" in outcome.out
    (desk / "pair.toml").write_text(WATCHLIST.replace("weight = 3.0", "weight = 1.0"), encoding="utf-8")
    changed = run("explain", "1", "--watchlist", "pair.toml").out
    assert "since then changed: the watchlist" in changed
    assert "the watchlist of then gives that same verdict" in changed


def test_explain_a_miss_says_what_would_make_it_a_hit(desk: Path) -> None:
    """A miss names the side that is lacking, what was refused, and a change that was tried and works."""
    (desk / "miss.txt").write_text("Northland signs a dam deal with Card\nTurbines will be built.\n", encoding="utf-8")
    outcome = run("explain", "miss.txt", "--watchlist", "pair.toml")
    assert outcome.code == 0, outcome.err
    assert "nothing names south" in outcome.out
    assert "counts only beside another organisation" in outcome.out
    assert "would match with: exact_names of card: add 'Card': alert" in outcome.out
    told = json.loads(run("explain", "miss.txt", "--watchlist", "pair.toml", "--json").out)
    assert told["verdicts"][0]["band"] is None
    assert told["verdicts"][0]["changes"]


def test_explain_a_stored_address_and_an_unknown_one(desk: Path) -> None:
    """Any stored article can be explained by its address, also one that never matched."""
    assert "MISS pair" in run("explain", "https://example.org/rain", "--watchlist", "pair.toml").out
    assert run("explain", "https://example.org/none", "--watchlist", "pair.toml").code == 3
    assert run("explain", "99", "--watchlist", "pair.toml").code == 3
