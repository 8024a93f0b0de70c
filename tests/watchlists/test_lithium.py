"""Another subject: three short texts of our own about the European Union, Chile and lithium."""

from functools import cache
from pathlib import Path

import pytest

from monitor.watchlists.compose import Learnt, compose
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from monitor.watchlists.learn import learn
from monitor.watchlists.read import read_seeds

FOLDER = Path(__file__).parent / "lithium"


@cache
def learnt(gazetteer: bool) -> Learnt:
    return learn(read_seeds([FOLDER], lambda body: {}), load() if gazetteer else None)[0]


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_usable_watchlist(gazetteer: bool) -> None:
    """The seeds of another subject give its two parties, its people, its firms and its topic, with the gazetteer in the way or not."""
    text = compose(learnt(gazetteer))
    (watchlist,) = parse_watchlists(text, "draft.toml", load())
    sides = {side.id: {entity.id for entity in side.entities if entity.enabled} for side in watchlist.sides}
    assert {"chile", "gabriel-boric", "codelco", "sqm", "maximo-pacheco"} <= sides["chile"]
    assert {"european-union", "ursula-von-der-leyen"} <= sides["european-union"]
    topics = {word for side in watchlist.sides for topic in side.topics if topic.enabled for _, words in topic.words for word in words}
    assert "lithium" in topics
    assert not any(side.startswith(("vietnam", "us")) for side in sides)


def test_head_and_languages() -> None:
    """The head of a Markdown seed gives title, date and language; the title is not repeated as text."""
    seeds = learnt(gazetteer=False).seeds
    assert [(seed.id, seed.lang, str(seed.published_on)) for seed in seeds] == [
        ("01", "en", "2023-07-18"),
        ("02", "en", "2024-06-01"),
        ("03", "fr", "2025-02-01"),
    ]
    assert all(seed.title and seed.title not in seed.text for seed in seeds)


def test_tail_is_dropped() -> None:
    """What stands below "Related news" is not learnt from."""
    found = learnt(gazetteer=False)
    assert "Copper climbed in London" not in found.seeds[1].text
    assert "united-kingdom" not in {one.id for one in found.proposals.entities}


def test_other_parties_are_named() -> None:
    """Names of other countries are told as a remark, not written on a side."""
    assert "Albemarle (02)" in compose(learnt(gazetteer=False)).replace("\n# ", " ")
