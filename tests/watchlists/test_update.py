"""New seeds into a reviewed file: forms, entries and topics are added where their like stand; what a person did is left alone."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import NothingSelected
from monitor.model import Seed
from monitor.watchlists.blocks import Parts
from monitor.watchlists.compose import compose
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from monitor.watchlists.learn import learn
from monitor.watchlists.update import Updated, update
from tests.watchlists.test_learn import PIECES

FILE = """\
[watchlist.w]
match = "andes and europe and metal"   # my rule

[side.andes]
[side.andes.entity.chile]
names = ["Chile*"]
seeds = ["old"]
[side.andes.entity.sqm]
exact_names = ["SQM"]
never = ["Albemarle"]   # a rival
seeds = ["old"]

[side.europe]
[side.europe.entity.european-union]
names = ["European Union"]
seeds = ["old"]

# --- the subject
[side.metal.topic.lithium]
en = ["lithium"]
seeds = ["old"]
"""
OLD = Seed(
    id="old",
    title="Lithium for the European Union",
    lang="en",
    text="SQM of Chile sells lithium to the European Union. Chairman Pedro Prado of SQM signed in Chile. The European Union pays SQM for the lithium.",
)
NEW = Seed(
    id="new",
    title="More lithium for the European Union",
    lang="en",
    text="Sociedad Química y Minera (SQM) of Chile and the miner Codelco sell lithium to the European Union. "
    "President Ana Rojas of Chile met Sociedad Química y Minera and Codelco in Chile. The European Union wants lithium from Chile.",
)


def updated(*seeds: Seed, text: str = FILE, gazetteer: bool = False) -> Updated:
    learnt, _ = learn(seeds, load() if gazetteer else None)
    return update(learnt, text, parse_watchlists(text, "w.toml", Parts()))


def test_forms_and_entries_of_new_seeds_are_added() -> None:
    """A new form goes to its entry, a new person with an office becomes an entry of the side where her country stands, seeds grow."""
    found = updated(OLD, NEW)
    andes = tomllib.loads(found.text)["side"]["andes"]["entity"]
    assert andes["sqm"] == {"exact_names": ["SQM"], "never": ["Albemarle"], "seeds": ["old", "new"], "names": ["Sociedad Química y Minera"]}
    assert andes["ana-rojas"]["type"] == "person"
    assert andes["chile"] == {"names": ["Chile*"], "seeds": ["old", "new"]}
    assert {"# my rule", "# a rival", "# --- the subject"} <= {line[line.index("#") :] for line in found.text.splitlines() if "#" in line}
    kinds = {(one.kind, one.what) for one in found.additions}
    assert {("form", "SQM"), ("entity", "Ana Rojas")} <= kinds


def test_a_new_block_stands_on_its_side() -> None:
    """Blocks go behind the last one of their side, before the next side's comment."""
    text = updated(OLD, NEW).text
    assert text.index("[side.andes.entity.sqm]") < text.index("[side.andes.entity.ana-rojas]") < text.index("[side.europe]")
    parse_watchlists(text, "w.toml", Parts())


def test_reviewed_seeds_bring_nothing_back() -> None:
    """Who stood in a reviewed seed and is not in the file was taken out by hand: Pedro Prado is told as left out, and not added."""
    found = updated(OLD, NEW)
    assert "pedro-prado" not in found.text
    assert ("left out", "Pedro Prado") in {(one.kind, one.what) for one in found.additions}


def test_twice_is_once() -> None:
    """Updating the updated file with the same seeds changes nothing."""
    once = updated(OLD, NEW).text
    assert updated(OLD, NEW, text=once).text == once


def test_what_covers_a_form_is_left_as_it_is() -> None:
    """`Chile*` finds Chilean: no form is added that a name with an ending finds."""
    seed = Seed(
        id="new",
        title="",
        lang="en",
        text="Chilean lithium goes to the European Union. The Chilean state and the European Union agree on lithium.",
    )
    andes = tomllib.loads(updated(OLD, seed, gazetteer=True).text)["side"]["andes"]["entity"]
    assert andes["chile"] == {"names": ["Chile*"], "seeds": ["old", "new"]}


texts = st.lists(st.sampled_from(PIECES), min_size=5, max_size=30).map(" ".join)


@given(st.lists(texts, min_size=1, max_size=2), st.lists(texts, min_size=1, max_size=2))
def test_whatever_the_seeds_nothing_is_lost(old: list[str], new: list[str]) -> None:
    """Any draft with any new seeds: the result parses, holds every line of the draft (lists may have grown), and the same update again adds nothing."""
    known = [Seed(id=f"old{n}", title="", text=text, lang="en") for n, text in enumerate(old)]
    more = [*known, *(Seed(id=f"new{n}", title="", text=text, lang="en") for n, text in enumerate(new))]
    try:
        draft = compose(learn(known, None)[0])
        learnt = learn(more, None)[0]
    except NothingSelected:
        return
    once = update(learnt, draft, parse_watchlists(draft, "w.toml", Parts()))
    after = parse_watchlists(once.text, "w.toml", Parts())
    rest = iter(once.text.splitlines())
    for line in draft.splitlines():
        begins = line.rstrip("]").rstrip().rstrip(",")
        assert any(later.startswith(begins) for later in rest), line
    assert update(learnt, once.text, after).text == once.text
