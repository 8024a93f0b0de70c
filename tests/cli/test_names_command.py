"""`monitor watchlists names --unknown` over stored hits."""

from __future__ import annotations

import json

from tests.cli.desk import LONG, Desk
from tests.commands import run


def test_names_that_keep_turning_up(bare_desk: Desk) -> None:
    """A firm that two hits name and no list has is told with its quote and with what the gazetteer knows of it; names of misses are not."""
    texts = [
        (f"Northland and Southland sign dam deal {n}", f"The turbines come from MongoDB and Harbour Works, part {n}. " + LONG)
        for n in (1, 2)
    ]
    bare_desk.store_articles([*texts, ("Rain", "It rained on Quarry Ltd. " + LONG), ("Rain again", "It rained on Quarry Ltd. " + LONG)])
    bare_desk.match()
    found = json.loads(run("watchlists", "names", "--unknown", "--json").out)
    assert [(row["name"], row["hits"]) for row in found] == [("Harbour Works", 2), ("MongoDB", 2)]
    assert "Harbour Works" in found[0]["quote"]
    assert (found[0]["gazetteer"], found[0]["hit_ids"]) == ("", [1, 2])
    bare_desk.edit(
        "[side.south.entity.card]", '[side.south.entity.harbour]\nnames = ["Harbour Works"]\nenabled = false\n\n[side.south.entity.card]'
    )
    assert [row["name"] for row in json.loads(run("watchlists", "names", "--unknown", "--json").out)] == ["MongoDB"]
    assert run("watchlists", "names", "--unknown", "--least", "3").code == 3
    assert "MongoDB" in run("watchlists", "names", "--unknown", "--like", "mongo").out


def test_what_the_gazetteer_knows_is_said(bare_desk: Desk) -> None:
    """A name that a part of the gazetteer has is told with that part: it can be included."""
    bare_desk.store_articles(
        [(f"Northland and Southland sign dam deal {n}", f"The chips come from Nvidia, part {n}. " + LONG) for n in (1, 2)]
    )
    bare_desk.match()
    (row,) = json.loads(run("watchlists", "names", "--unknown", "--json").out)
    assert (row["name"], row["gazetteer"]) == ("Nvidia", "Nvidia in us-firms")
