"""Each feature of a watchlist file, from its TOML to the verdict on a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app import watchlists_of
from monitor.errors import ConfigError
from monitor.hits.compile import compile_matcher
from monitor.model import Verdict
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load

FILE = """
version = 1
[watchlist.w]
title = "Lithium between Chile and the Union"
match = "chile and union and lithium"
bond = "sentence"
alert = 4.0
review = 1.0

[side.chile]
[side.chile.entity.chile]
type = "place"
names = ["Chile", "chilien*"]
hub = true
[side.chile.entity.boric]
type = "person"
names = ["Gabriel Boric"]
short = ["Boric"]
never = ["Boric acid"]
role = { "2022-03-11..2026-03-11" = "President of Chile" }
[side.chile.entity.codelco]
type = "company"
names = ["Codelco"]
[side.chile.entity.sal]
type = "company"
names = ["SAL"]
exact = true

[side.union]
[side.union.entity.union]
type = "place"
names = ["European Union"]
exact_names = ["EU"]
[side.union.entity.volt]
type = "company"
names = ["Volt Cells"]
loose = ["Volt"]
implies = ["lithium"]

[side.lithium]
[side.lithium.topic.lithium]
weight = 2.0
en = ["lithium", "brine*"]
fr = ["saumure*"]

[side.sport]
[side.sport.topic.sport]
weight = 2.0
en = ["rowing"]

[mask]
names = ["lithium grease"]

[cue.deal]
points = 0.5
en = ["sign*"]
[cue.praise]
points = -2.0
limit = 1
en = ["applause"]
"""


def verdict(title: str, text: str, lang: str = "en", *changes: tuple[str, str]) -> Verdict:
    """The verdict on a text by the file, some of its lines changed."""
    file = FILE
    for before, after in changes:
        assert before in file
        file = file.replace(before, after)
    return compile_matcher(parse_watchlists(file, "w.toml", load())).verdict_of("w", title, text, lang)


def rule(match: str) -> tuple[str, str]:
    return ("chile and union and lithium", match)


APART = "Chile spoke. The European Union listened. It rained. Lithium was the word."


@pytest.mark.parametrize(
    ("match", "text", "hit"),
    [
        ("chile and union and lithium", "Chile sells lithium to the EU.", True),
        ("chile and union and lithium", "Chile sells copper to the EU.", False),
        ("chile and (union or sport)", "Chile loves rowing.", True),
        ("chile and union and lithium and not sport", "Chile sells lithium to the EU. It rained. Then rowing.", False),
        ("(chile near/3 union) and lithium", "Chile meets the EU on lithium.", True),
        ("(chile near/1 union) and lithium", "Chile meets the EU on lithium.", False),
        ("(union near/3 chile) and lithium", "Chile meets the EU on lithium.", True),
        ("same-sentence(chile, lithium) and union", "Chile sells lithium. The EU buys.", True),
        ("same-sentence(chile, lithium, union)", "Chile sells lithium. The EU buys.", False),
        ("at-least-2(lithium) and chile and union", "Chile sells lithium to the EU.", False),
        ("at-least-2(lithium) and chile and union", "Chile sells lithium, brine lithium, to the EU.", True),
        ("title:chile and union and lithium", "Chile sells lithium to the EU.", False),
        ("lead:chile and union and lithium", "Chile sells lithium to the EU.", True),
    ],
)
def test_the_match_language(match: str, text: str, hit: bool) -> None:
    """Each operator decides a text as it reads."""
    assert (verdict("News", text, "en", rule(match)).band is not None) is hit


def test_title_and_lead() -> None:
    """`title:` looks at the title alone, `lead:` at the first lines alone."""
    assert (
        verdict("Chile sells lithium", "The EU buys lithium from Chile.", "en", rule("title:chile and union and lithium")).band is not None
    )
    late = "Words. " * 80 + "Chile sells lithium to the EU."
    assert verdict("News", late, "en", rule("lead:chile and union and lithium")).band is None


@pytest.mark.parametrize(
    ("bond", "text", "hit"),
    [
        ("sentence", "Chile sells lithium to the EU.", True),
        ("sentence", APART, False),
        ("near", "Chile sells lithium. The EU buys.", True),
        ("near", APART, False),
        ("article", APART, True),
    ],
)
def test_bonds(bond: str, text: str, hit: bool) -> None:
    """The sides stand in one sentence or beside it, or anywhere in the article."""
    assert (verdict("News", text, "en", ('bond = "sentence"', f'bond = "{bond}"')).band is not None) is hit


def test_a_neighbouring_sentence_counts_less_unless_the_bond_is_near() -> None:
    """`sentence` gives a neighbour 0.8 of a point, `near` the whole point."""
    text = "Chile sells lithium. The EU buys."
    nears = [verdict("News", text, "en", ('bond = "sentence"', f'bond = "{bond}"')).parts[0].points for bond in ("sentence", "near")]
    assert nears == [0.8, 1.0]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Gabriel Boric came. Boric spoke.", {"boric"}),
        ("Boric spoke.", set()),
        ("Boric acid kills ants.", set()),
        ("SAL digs.", {"sal"}),
        ("Sal digs.", set()),
        ("Volt fell.", set()),
        ("Volt and Codelco met.", {"volt", "codelco", "lithium"}),
        ("Volt works on brines.", {"volt", "lithium"}),
        ("Volt Cells grew. Volt fell.", {"volt", "lithium"}),
        ("Des firmes chiliennes.", {"chile"}),
        ("The EU, not the eu.", {"union"}),
        ("Use lithium grease.", set()),
        ("Use lithium.", {"lithium"}),
    ],
)
def test_names_and_masks(text: str, ids: set[str]) -> None:
    """short, never, exact, exact_names, loose, implies, endings and masks do what the file says."""
    assert {m.id for m in verdict("", text).mentions if m.kind in {"entity", "topic"}} == ids


def test_words_count_in_their_language() -> None:
    """French words count in French texts, English ones in all."""
    assert [m.id for m in verdict("", "La saumure.", "fr").mentions] == ["lithium"]
    assert verdict("", "La saumure.", "en").mentions == ()
    assert [m.id for m in verdict("", "Le lithium.", "fr").mentions] == ["lithium"]


def test_own_cues_and_bands() -> None:
    """A cue raises or lowers the score by its points, and the bands of the file decide."""
    plain, signed, praised = (
        verdict("Chile, EU and lithium", f"Chile {verb} lithium with the EU.") for verb in ("has", "signs on", "has applause for")
    )
    assert [part.points for part in signed.parts if part.name == "verbs"] == [0.5]
    assert round(praised.score - plain.score, 2) == -2.0
    assert (plain.band, praised.band) == ("alert", "review")
    assert verdict("Chile, EU and lithium", "", "en", ("alert = 4.0", "alert = 9.0")).band == "review"


def test_parts_of_the_gazetteer_are_included() -> None:
    """`include` adds a part's entities; a block of the same id replaces only what it says."""
    changed = ("[side.union]\n", '[side.union]\ninclude = ["us-firms"]\n')
    assert [m.id for m in verdict("", "Nvidia came.", "en", changed).mentions] == ["nvidia"]
    assert verdict("", "Nvidia came.").mentions == ()


def test_a_wrong_rule_is_told_with_its_path_and_column(tmp_path: Path) -> None:
    """The line, the dotted path, the column and the nearest right word."""
    told = {}
    for match in (
        "chile and unoin and lithium",
        "chile nearr/2 union and lithium",
        "chile and union at-least-2(lithium)",
        "chile and (union",
    ):
        file = tmp_path / "w.toml"
        file.write_text(FILE.replace("chile and union and lithium", match), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            watchlists_of(file)
        (problem,) = caught.value.problems
        assert (problem.path, problem.line) == ("watchlist.w.match", 5)
        told[match] = f"{problem.message} ({problem.hint})"
    assert list(told.values()) == [
        "column 11: there is no [side.unoin] (did you mean 'union'?)",
        "column 7: there is no [side.nearr/2] (did you mean 'near/5'?)",
        "column 17: 'at-least-2' does not fit here (did you mean 'at-least-2('?)",
        "column 17: the expression ends too early (a side or ')' is missing)",
    ]
