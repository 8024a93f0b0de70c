"""`monitor watchlists export` as a person uses it."""

from __future__ import annotations

import json

import pytest

from monitor.config import load_config
from tests.cli.desk import Desk
from tests.commands import run


def test_queries_are_lines_to_copy(bare_desk: Desk) -> None:
    """One comment line and one query line each, nothing wrapped."""
    outcome = run("watchlists", "export", "--boolean")
    assert outcome.code == 0, outcome.err
    assert outcome.out == (
        '# pair, en, 1 of 1\n(Northland OR Norco) AND (Southland OR "Card Inc" OR "To Lam" OR Lam) AND (dam* OR turbine*)\n\n'
    )


@pytest.mark.parametrize("service", ["--google-news", "--bing-news", "--gdelt"])
def test_search_feeds_can_be_switched_on(bare_desk: Desk, service: str) -> None:
    """The printed blocks, added to config.toml, are feeds that the configuration takes."""
    outcome = run("watchlists", "export", service, "--feeds")
    assert outcome.code == 0, outcome.err
    path = bare_desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n" + outcome.out, encoding="utf-8")
    checked = run("config", "check")
    assert checked.code == 0, checked.err
    (feed,) = load_config(path).feed
    assert feed.name == f"{service[2:]}-pair-en"
    assert "Northland" in feed.url


def test_json_names_what_found_no_room(bare_desk: Desk) -> None:
    """The document holds every query with its terms, its address, and the names left out by language."""
    (found,) = json.loads(run("watchlists", "export", "pair.toml", "--google-news", "--json").out)["watchlists"]
    assert found["left_out"] == {"en": []}
    assert found["queries"][0]["url"].startswith("https://news.google.com/rss/search?q=")


def test_what_cannot_be_exported_is_told(bare_desk: Desk) -> None:
    """No service, a service without feeds and a language without words are refused with what to do."""
    assert run("watchlists", "export").code == 2
    assert run("watchlists", "export", "--boolean", "--feeds").code == 2
    assert run("watchlists", "export", "--boolean", "--lang", "vi").code == 3
