"""`monitor hits review`: judging hits from a pipe, and edits of the watchlist that the marks suggest with their measured cost."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from tests.cli.desk import LONG, Desk
from tests.commands import run

USEFUL = [
    (f"To Lam signs a dam deal with Northland, part {number}", f"Lam met Norco in Northland on day {number}. " + LONG)
    for number in range(1, 6)
]
USELESS = [
    (f"Lam Beach of Northland: dam number {number} is closed", f"Bathers of Lam Beach wait, said report {number}. " + LONG)
    for number in range(1, 29)
]


@pytest.fixture
def desk(bare_desk: Desk) -> Desk:
    """Five hits of To Lam and 28 of a beach called Lam, nobody has judged any."""
    bare_desk.store_articles([*USEFUL, *USELESS])
    bare_desk.match()
    return bare_desk


def rows(*args: str) -> list[dict[str, object]]:
    found = json.loads(run("hits", "list", "--since", "9w", "--limit", "100", "--json", *args).out)
    return [dict(row) for row in found]


def mark_all() -> None:
    for row in rows():
        run("hits", "mark", str(row["id"]), "useful" if str(row["title"]).startswith("To Lam") else "useless", "--because", "a beach")


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def labels(hit: object) -> list[tuple[str, str]]:
    return [(one["verdict"], one["reason"]) for one in json.loads(run("hits", "show", str(hit), "--json").out)["labels"]]


def test_answers_from_a_pipe_become_marks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """y, n, never this name, another reason, skip and stop do what they say; an unknown answer is asked again; what is judged does not come again."""
    typed(monkeypatch, "y\nwhat\nn\nv\n1\no\nold news\n\nq\n")
    outcome = run("hits", "review", "--since", "9w", "--band", "all")
    assert outcome.code == 0, outcome.err
    newest = [row["id"] for row in rows()]
    assert [labels(hit) for hit in newest[:6]] == [
        [("useful", "")],
        [("useless", "")],
        [("useless", "never lam: To Lam")],
        [("useless", "old news")],
        [],
        [],
    ]
    assert "1 of 33: hit" in outcome.out
    assert "[Lam]" in outcome.out
    assert "1 useful, 3 useless, 1 skipped" in outcome.err
    typed(monkeypatch, "")
    assert "1 of 29: hit" in run("hits", "review", "--since", "9w", "--band", "all").out


def test_nothing_to_review_is_nothing_selected(bare_desk: Desk) -> None:
    """Without hits, or without marks, exit code 3."""
    assert run("hits", "review").code == 3
    assert run("hits", "review", "--propose").code == 3


def test_the_measured_cost_of_an_edit(desk: Desk) -> None:
    """The marks suggest what an analyst would do: drops and losses are counted by matching again with the edited file."""
    mark_all()
    found = json.loads(run("hits", "review", "--propose", "--json").out)["proposals"]
    told = {one["change"]: (one["drops"], one["loses"]) for one in found}
    assert told["require a full name beside Lam"] == (28, 0)
    assert told["mask 'Lam Beach'"][1] == 0
    first = found[0]
    assert (first["change"], first["drops"], first["loses"], first["unmarked"]) == ("never take 'Lam Beach' for lam", 28, 0, 0)
    assert not any("Northland" in one["change"] for one in found)
    assert len(first["dropped_hits"]) == 28
    listed = run("hits", "review", "--propose")
    assert "require a full name beside Lam\t28\t0" in listed.out
    assert desk.watchlist.read_text(encoding="utf-8").count('"Lam"') == 1


def test_the_diff_does_what_it_says(desk: Desk) -> None:
    """--diff prints what `patch -p1` applies; tried on history it loses those hits and no useful one; the file is never written by the tool."""
    mark_all()
    before = desk.watchlist.read_text(encoding="utf-8")
    found = json.loads(run("hits", "review", "--propose", "--json").out)["proposals"]
    number = next(one["n"] for one in found if one["change"].startswith("require a full name"))
    outcome = run("hits", "review", "--propose", "--diff", str(number))
    assert desk.watchlist.read_text(encoding="utf-8") == before
    assert "drops 28, loses 0" in outcome.err
    subprocess.run(["patch", "-p1"], input=outcome.out, text=True, check=True, cwd=desk.folder, capture_output=True)
    assert 'short = ["Lam"]' in desk.watchlist.read_text(encoding="utf-8")
    tried = run("watchlists", "try", "pair.toml", "--fail-if-lost", "useful", "--json")
    assert tried.code == 0, tried.err
    assert len(json.loads(tried.out)["watchlists"][0]["lost"]) == 28
    together = run("hits", "review", "--propose", "--diff", "all")
    assert together.code in (0, 3)
    assert run("hits", "review", "--propose", "--diff", "99").code in (2, 3)


def test_a_name_taken_back_by_a_reader_is_proposed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`v` on a hit leads to `never` for that name, with what it costs told: five useful hits are not lost, for they have the full name."""
    mark_all()
    beach = next(row["id"] for row in rows() if "Beach" in str(row["title"]))
    run("hits", "mark", str(beach), "useless", "--because", "never lam: Lam")
    found = json.loads(run("hits", "review", "--propose", "--json").out)["proposals"]
    (never,) = [one for one in found if one["change"] == "never take 'Lam' for lam"]
    assert (never["drops"], never["loses"]) == (28, 0)


def test_a_band_is_raised_only_as_far_as_useful_hits_allow(bare_desk: Desk) -> None:
    """Where useful hits score higher than useless ones, the review band between them is proposed."""
    weak = [(f"Weather report {n}", f"Northland is dry. Its dam is low, as number {n} is. Southland is wet. " + LONG) for n in range(1, 5)]
    strong = [
        (f"Northland and Southland sign dam deal {n}", f"Norco of Northland builds turbines for Southland, part {n}. " + LONG)
        for n in range(1, 4)
    ]
    bare_desk.edit('match = "north and south and works"', 'match = "north and south and works"\nbond = "article"\nreview = 1.0')
    bare_desk.store_articles([*weak, *strong])
    bare_desk.match()
    for row in rows():
        run("hits", "mark", str(row["id"]), "useless" if "Weather" in str(row["title"]) else "useful")
    found = json.loads(run("hits", "review", "--propose", "--json").out)["proposals"]
    (band,) = [one for one in found if one["change"].startswith("review = ")]
    assert (band["drops"], band["loses"]) == (4, 0)
