"""The smallest changes that make a hit of a miss: what is short and by how much, worked out and proved by matching again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.hits.changes import changes
from monitor.hits.compile import compile_matcher
from monitor.hits.sentences import lay_out
from monitor.hits.shortfall import shortfall
from monitor.model import Cue, Entity, Side, Topic, Watchlist
from monitor.text import clean
from monitor.toml_edit import edited
from monitor.watchlists.blocks import Parts
from monitor.watchlists.format import parse_watchlists

FILE = """\
[watchlist.pair]
match = "north and south and works"
[side.north.entity.north]
names = ["Northland"]
type = "place"
[side.south.entity.south]
names = ["Southland"]
type = "place"
[side.south.entity.card]
names = ["Card Inc"]
loose = ["Card"]
type = "company"
[side.south.entity.quarry]
names = ["Quarry Ltd"]
enabled = false
[side.works.topic.dams]
weight = 3.0
en = ["dam*", "turbine*"]
[side.works.topic.ports]
weight = 0.5
en = ["port*"]
[mask]
names = ["Southland Street"]
[cue.price]
points = -2.0
en = ["price*"]
"""
FAR = "One. Two words. Three words here. And four words here."


def pair(text: str = FILE) -> Watchlist:
    (one,) = parse_watchlists(text, "pair.toml", Parts())
    return one


CASES = [
    ("Northland signs a dam deal with Card", "", "exact_names of card: add 'Card'"),
    ("Northland signs a dam deal with Quarry Ltd", "", "switch on quarry of side south"),
    ("Northland gets a dam on Southland Street", "", "take out the mask 'Southland Street'"),
    ("Northland signs a dam deal with Harbour Works", "", "side south: add the name 'Harbour Works'"),
    ("Northland and Southland plan irrigation", "", "side works: add the word 'irrigation'"),
    (
        "Harbour Works builds irrigation in Northland",
        "",
        "side south: add the name 'Harbour Works', and side works: add the word 'irrigation'",
    ),
    ("Northland and Southland news", "A port opens.", "weight of the topic ports: "),
    ("Northland news", f"A dam is built. {FAR} Southland is glad.", 'bond = "article"'),
    ("Dam price of Northland and Southland: a price list", "", "weight of the topic dams: "),
]


@pytest.mark.parametrize(("title", "text", "first"), CASES, ids=[case[2][:30] for case in CASES])
def test_the_smallest_change_is_found_and_holds_in_the_file(title: str, text: str, first: str) -> None:
    """The first change is the expected one; each of the changes, made in the file, gives the very verdict it promises."""
    watchlist = pair()
    assert compile_matcher([watchlist]).verdict_of("pair", title, text, "en").band is None
    found = changes(watchlist, title, text, "en")
    assert found[0].text.startswith(first)
    for change in found:
        changed = pair(edited(FILE, change.edits))
        verdict = compile_matcher([changed]).verdict_of("pair", title, text, "en")
        assert (verdict.band, verdict.score) == (change.verdict.band, change.verdict.score), change.text
        assert verdict.band is not None


def test_a_weight_is_no_heavier_than_it_must_be() -> None:
    """A tenth less than the proposed weight is still a miss."""
    text = ("Northland and Southland news", "A port opens.", "en")
    (change, *_) = changes(pair(), *text)
    weight = change.edits[0].value
    assert isinstance(weight, float)
    less = pair(FILE.replace("weight = 0.5", f"weight = {weight - 0.1:.1f}"))
    assert compile_matcher([less]).verdict_of("pair", *text).band is None


def test_near_is_widened_by_as_many_words_as_are_between() -> None:
    """For a rule with near/n the least n that holds is worked out."""
    watchlist = replace(pair(), match="(north near/1 south) and works")
    found = changes(watchlist, "Northland has for years now told Southland of a dam", "", "en")
    assert [one.text for one in found][:1] == ['match = "(north near/5 south) and works"']


def test_what_the_gazetteer_knows_is_offered_under_its_name() -> None:
    """A name of the text that the gazetteer knows for the side comes before names that nobody knows."""
    known = {"south": [Entity(id="harbour", title="Harbour Works", names=("Harbour Works", "HW Corp"))]}
    found = changes(pair(), "Northland signs a dam deal with Harbour Works", "", "en", known=known)
    assert found[0].text == "side south: add 'Harbour Works', which the gazetteer knows"
    assert found[0].edits[0].add == ("Harbour Works", "HW Corp")


def test_two_sides_get_two_names() -> None:
    """Where two sides are lacking each gets a name of its own; where all three are, no change is small."""
    found = changes(pair(), "Harbour Works signs with Quay Works to build a dam", "", "en")
    assert found
    for change in found:
        assert len({edit.table[1] for edit in change.edits}) == len({edit.add for edit in change.edits}) == 2
        pair(edited(FILE, change.edits))
    assert changes(pair(), "Harbour Works and Quay Works plan irrigation", "", "en") == ()


def test_a_new_block_never_takes_an_id_that_is_there() -> None:
    """A name whose id is taken gets another one."""
    text = FILE.replace("[side.south.entity.quarry]", "[side.south.entity.harbour-works]")
    (change, *_) = changes(pair(text), "Northland signs a dam deal with Harbour Works", "", "en")
    assert change.edits[0].table == ("side", "south", "entity", "harbour-works-2")
    pair(edited(text, change.edits))


def test_a_hit_needs_no_change() -> None:
    """Nothing is proposed for a text that is a hit."""
    assert changes(pair(), "Northland and Southland build a dam", "", "en") == ()


def short(title: str, text: str = "") -> tuple[str, float]:
    watchlist = pair()
    verdict = compile_matcher([watchlist]).verdict_of("pair", title, text, "en")
    (line,) = shortfall(verdict, watchlist, lay_out(clean(title), clean(text)))
    return line, verdict.score


def test_the_shortfall_is_told_in_figures() -> None:
    """Which side, bond or band is short, and by how much."""
    assert short("Rain in Northland", "A dam overflows.")[0] == "side south: nothing names south"
    line, score = short("Northland and Southland news", "A port opens.")
    assert line == f"{3.0 - score:.1f} points below the review band ({score:.1f} of 3.0)"
    line, score = short("Northland and Southland plan a dam")
    assert line == f"{5.0 - score:.1f} points below an alert ({score:.1f} of 5.0)"
    reach = "bond = sentence reaches one sentence, a neighbour of it or the title"
    line, _ = short("Northland news", f"A dam is built. {FAR} Southland is glad.")
    assert line == f"bond: the sides come no nearer than 6 sentences (sentences the title, 1, 6); {reach}"


def test_cues_can_be_what_stands_against_it() -> None:
    """Where cues alone keep a text out, switching one off is among the changes, or a lower band is."""
    side = Side(id="works", title="works", topics=(Topic(id="dams", title="dams", weight=10.0, words=(("en", ("dam*",)),)),))
    cue = Cue(id="price", points=-3.0, limit=3, words=(("en", ("price*",)),))
    watchlist = replace(pair(), match="works", sides=(side,), cues=(cue,), review=4.0, alert=4.0)
    found = changes(watchlist, "Dam price and prices", "", "en")
    assert "without the cue price (price, prices)" in [one.text for one in found]
