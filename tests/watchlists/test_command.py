"""`monitor watchlists` as a person uses it."""

import json
from pathlib import Path

import pytest

from tests.commands import run

LITHIUM = str(Path(__file__).parent / "lithium")
GOOD = '[watchlist.w]\nmatch = "us"\n[side.us.entity.target]\nnames = ["Target", "Visa Inc"]\nshort = ["Visa"]\n[side.other.entity.x]\nnames = ["X-Fab"]\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_learn_and_check(tmp_path: Path) -> None:
    """The draft that learn writes passes check, and every seed alerts."""
    draft = tmp_path / "draft.toml"
    learnt = run("watchlists", "learn", LITHIUM, "--out", str(draft))
    assert (learnt.code, learnt.out.splitlines()[0]) == (0, "what\ttype\tside\tseen_in\tconfidence")
    assert "Codelco\tcompany\tchile\t02, 03\tlikely" in learnt.out
    checked = run("watchlists", "check", str(draft), "--seeds", LITHIUM)
    assert checked.code == 0, checked.err
    assert "seed 03" in checked.err


def test_learn_never_overwrites(file: Path) -> None:
    """An existing file stays as it is unless --force is given."""
    outcome = run("watchlists", "learn", LITHIUM, "--out", str(file))
    assert outcome.code == 2
    assert "exists" in outcome.err
    assert file.read_text(encoding="utf-8") == GOOD
    assert run("watchlists", "learn", LITHIUM, "--out", str(file), "--force").code == 0
    assert file.read_text(encoding="utf-8") != GOOD


def test_learn_to_standard_output() -> None:
    """`--out -` prints the draft and nothing else."""
    outcome = run("watchlists", "learn", LITHIUM, "--out", "-", "--no-gazetteer")
    assert outcome.out.startswith("# A draft learnt from 3 seeds.")
    assert "[side.chile.entity.codelco]" in outcome.out


def test_show_dropped() -> None:
    """What was taken for boilerplate is printed with its place."""
    outcome = run("watchlists", "learn", LITHIUM, "--show-dropped", "--json")
    texts = [row["text"] for row in json.loads(outcome.out)]
    assert {"Share", "Related news", "BRUSSELS —"} <= set(texts)


def test_learn_nothing(tmp_path: Path) -> None:
    """A folder without seeds is told as such."""
    outcome = run("watchlists", "learn", str(tmp_path))
    assert outcome.code == 3
    assert "no seed" in outcome.err


def test_check_tells_problems(file: Path) -> None:
    """A wrong file ends with 2 and every problem; a wrong rule too."""
    file.write_text(GOOD.replace("short", "shrot").replace('"us"', '"us and ("'), encoding="utf-8")
    outcome = run("watchlists", "check", str(file))
    assert outcome.code == 2
    assert f"{file}:5: side.us.entity.target.shrot: unknown key (did you mean 'short'?)" in outcome.err
    file.write_text(GOOD.replace('"us"', '"us and ("'), encoding="utf-8")
    outcome = run("watchlists", "check", str(file))
    assert outcome.code == 2
    assert f"{file}:2: watchlist.w.match: column" in outcome.err


def test_check_tells_risks(file: Path) -> None:
    """A right file tells its risky names and its idle sides, and ends with 0."""
    outcome = run("watchlists", "check", str(file))
    assert outcome.code == 0
    assert "side.us.entity.target\tTarget" in outcome.out
    assert "side.other" in outcome.out


def test_check_missed_seed(file: Path) -> None:
    """A seed that does not alert ends with 1 and is named."""
    outcome = run("watchlists", "check", str(file), "--seeds", LITHIUM)
    assert outcome.code == 1
    assert "01, 02, 03" in outcome.err


def test_show_and_names(file: Path) -> None:
    """A watchlist of a file is summed up, and its names are listed with what they stand for."""
    shown = json.loads(run("watchlists", "show", str(file), "--json").out)
    assert (shown["id"], shown["names"], shown["match"]) == ("w", 3, "us")
    rows = json.loads(run("watchlists", "names", str(file), "--like", "VISA", "--json").out)
    assert [(row["name"], row["kind"], row["id"], row["side"]) for row in rows] == [
        ("Visa Inc", "names", "target", "us"),
        ("Visa", "short", "target", "us"),
    ]
    assert run("watchlists", "names", str(file), "--like", "zzz").code == 3
