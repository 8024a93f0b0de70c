"""`monitor watchlists learn` from addresses and into a reviewed file, and `show --coverage`."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from tests.cli.desk import Desk, PageSite, page
from tests.commands import run

LITHIUM = Path(__file__).parents[1] / "watchlists" / "lithium"


def body(name: str) -> tuple[str, list[str]]:
    """Title and paragraphs of a seed of our own."""
    text = (LITHIUM / name).read_text(encoding="utf-8").split("---\n")[2].strip()
    title, *rest = [part.strip("# \n") for part in text.split("\n\n")]
    return title, rest


@pytest.fixture
def site(bare_desk: Desk) -> PageSite:
    pages = {f"/{number}.html": page(*body(path.name)) for number, path in enumerate(sorted(LITHIUM.glob("*.md")), 1)}
    made = PageSite(pages)
    made.allow(bare_desk.folder)
    return made


def test_learn_from_addresses(bare_desk: Desk, site: PageSite) -> None:
    """Pages are fetched through the fetch door after their robots.txt, and give the draft that the files give."""
    with site:
        outcome = run("watchlists", "learn", *(site.url(f"/{n}.html") for n in (1, 2, 3)), "--out", "draft.toml")
    assert outcome.code == 0, outcome.err
    assert sorted(site.asked) == ["/1.html", "/2.html", "/3.html", "/robots.txt", "/robots.txt", "/robots.txt"]
    sides = tomllib.loads((bare_desk.folder / "draft.toml").read_text(encoding="utf-8"))["side"]
    assert {"codelco", "sqm", "gabriel-boric"} <= set(sides["chile"]["entity"])
    assert sides["chile"]["entity"]["codelco"]["seeds"] == ["2", "3"]
    assert run("watchlists", "check", "draft.toml", "--seeds", str(LITHIUM)).code == 0


def test_learn_from_a_list_of_addresses(bare_desk: Desk, site: PageSite) -> None:
    """A text file of addresses is read as such; what cannot be fetched is told and left out, and nothing at all ends with 3."""
    listed = bare_desk.folder / "list.txt"
    with site:
        listed.write_text(f"# seeds\n{site.url('/1.html')}\n\n{site.url('/2.html')}\n{site.url('/none.html')}\n", encoding="utf-8")
        outcome = run("watchlists", "learn", "list.txt", "--json")
        assert outcome.code == 0, outcome.err
        assert "left out: " in outcome.err
        assert "none.html answers 404" in outcome.err
        assert {seed for row in json.loads(outcome.out) for seed in row["seen_in"]} == {"1", "2"}
        listed.write_text(f"{site.url('/none.html')}\n", encoding="utf-8")
        assert run("watchlists", "learn", "list.txt").code == 3


@pytest.fixture
def reviewed(bare_desk: Desk) -> Path:
    """A file learnt from the first two seeds and edited by hand: a side renamed, an entry taken out, a name added, a comment written."""
    seeds = bare_desk.folder / "old"
    seeds.mkdir()
    for name in ("01-raw-materials.md", "02-state-and-miner.md"):
        shutil.copy(LITHIUM / name, seeds)
    assert run("watchlists", "learn", "old", "--out", "mine.toml").code == 0
    path = bare_desk.folder / "mine.toml"
    text = path.read_text(encoding="utf-8").replace("side.chile", "side.andes").replace('"chile and', '"andes and')
    text = text.replace('names = ["Gabriel Boric"]', 'names = ["Gabriel Boric", "Presidente Boric"]   # as papers there write')
    cut = text.index("[side.andes.entity.maximo-pacheco]")
    begin = text.rindex("\n\n", 0, cut)
    end = text.index("\n\n", cut)
    path.write_text(text[:begin] + text[end:], encoding="utf-8")
    assert run("watchlists", "check", "mine.toml").code == 0
    return path


def test_update_adds_and_never_takes_away(reviewed: Path) -> None:
    """The diff applies; every line of the old file is still there, at most with items added to its list; the new seed's names have come."""
    before = reviewed.read_text(encoding="utf-8")
    outcome = run("watchlists", "learn", str(LITHIUM), "--update", "mine.toml")
    assert outcome.code == 0, outcome.err
    assert reviewed.read_text(encoding="utf-8") == before
    subprocess.run(["patch", "-p1"], input=outcome.out, text=True, check=True, cwd=reviewed.parent, capture_output=True)
    after = reviewed.read_text(encoding="utf-8")
    assert run("watchlists", "check", "mine.toml", "--seeds", str(LITHIUM)).code == 0
    old, new = before.splitlines(), after.splitlines()
    for tag, i, j, k, _ in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        assert tag in {"equal", "insert", "replace"}
        if tag == "replace":
            assert all(mine.rstrip("]").rstrip() in theirs for mine, theirs in zip(old[i:j], new[k:], strict=False))
    entities = tomllib.loads(after)["side"]["andes"]["entity"]
    assert entities["gabriel-boric"]["names"] == ["Gabriel Boric", "Presidente Boric"]
    assert entities["codelco"]["seeds"] == ["02", "03"]
    assert "# as papers there write" in after


def test_what_was_taken_out_stays_out(reviewed: Path) -> None:
    """An entry that reviewed seeds named and the file lacks is not proposed again, and is told as left out."""
    outcome = run("watchlists", "learn", str(LITHIUM), "--update", "mine.toml")
    assert "maximo-pacheco" not in outcome.out
    assert "Máximo Pacheco (its seeds were reviewed before)" in outcome.err


def test_an_update_is_made_once(reviewed: Path) -> None:
    """With the update applied the same seeds add nothing more; --out writes the new text and leaves the file alone."""
    before = reviewed.read_text(encoding="utf-8")
    assert run("watchlists", "learn", str(LITHIUM), "--update", "mine.toml", "--out", "next.toml").code == 0
    assert reviewed.read_text(encoding="utf-8") == before
    again = run("watchlists", "learn", str(LITHIUM), "--update", "next.toml")
    assert again.out == ""
    assert "has all of it" in again.err


def test_coverage_proves_every_seed(bare_desk: Desk) -> None:
    """Each seed's band, score and margin, with and without what only it taught; a seed that is no alert ends with 1."""
    assert run("watchlists", "learn", str(LITHIUM), "--out", "draft.toml").code == 0
    outcome = run("watchlists", "show", "draft.toml", "--coverage", "--seeds", str(LITHIUM), "--json")
    assert outcome.code == 0, outcome.err
    told = json.loads(outcome.out)
    assert (told["seeds"], told["alerts"], told["left_out_recall"]) == (3, 3, 1.0)
    assert all(row["margin"] == round(row["score"] - 5.0, 2) and row["left_out_score"] <= row["score"] for row in told["rows"])
    text = (bare_desk.folder / "draft.toml").read_text(encoding="utf-8")
    (bare_desk.folder / "draft.toml").write_text(text.replace("alert  = 5.0", "alert  = 5.9"), encoding="utf-8")
    outcome = run("watchlists", "show", "draft.toml", "--coverage", "--seeds", str(LITHIUM))
    assert outcome.code == 1
    assert "below the alert band: 03" in outcome.err


def test_leaving_a_seed_out_takes_what_only_it_taught(bare_desk: Desk) -> None:
    """An entry whose `seeds` name one seed alone is not there when that seed is judged as left out."""
    folder = bare_desk.folder / "s"
    folder.mkdir()
    (folder / "one.md").write_text(
        "Northland and Southland build a dam\n\nNorco of Northland builds turbines for Southland.\n", encoding="utf-8"
    )
    bare_desk.edit('names = ["Southland"]', 'names = ["Southland"]\nseeds = ["one"]')
    (row,) = json.loads(run("watchlists", "show", "pair.toml", "--coverage", "--seeds", "s", "--json").out)["rows"]
    assert (row["band"], row["left_out_band"], row["left_out_score"]) == ("alert", None, 0.0)
