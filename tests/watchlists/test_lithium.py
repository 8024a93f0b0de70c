"""Another subject: three short texts of our own about the European Union, Chile and lithium."""

from functools import cache
from pathlib import Path

import pytest

from monitor.hits.compile import compile_matcher
from monitor.model import Verdict
from monitor.text import one_line
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


def verdict(gazetteer: bool, title: str, text: str, lang: str) -> Verdict:
    (watchlist,) = parse_watchlists(compose(learnt(gazetteer)), "draft.toml", load())
    return compile_matcher([watchlist]).verdict_of(watchlist.id, title, text, lang)


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
@pytest.mark.parametrize(
    ("title", "text", "lang", "hit"),
    [
        ("Brussels backs lithium plant", "The European Union will help Chile to refine lithium for batteries in Antofagasta.", "en", True),
        ("Codelco cherche des partenaires", "Codelco propose aux entreprises de l'Union européenne du lithium du Chili.", "fr", True),
        ("Chile wins at football", "Chile beat a European side in Santiago. Gabriel Boric was there.", "en", False),
        ("Lithium price falls", "Lithium from Australia costs less, traders in London said.", "en", False),
        ("SQM names a chairman", "SQM of Chile has a new chairman.", "en", False),
    ],
)
def test_the_draft_reports_new_texts(gazetteer: bool, title: str, text: str, lang: str, hit: bool) -> None:
    """What the draft has never seen is reported where it is of the subject, in English and French, and not where it only shares its words."""
    assert (verdict(gazetteer, title, text, lang).band is not None) == hit


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_the_draft_reports_its_seeds(gazetteer: bool) -> None:
    """Every seed is an alert of the untouched draft."""
    for seed in learnt(gazetteer).seeds:
        assert verdict(gazetteer, seed.title, seed.text, seed.lang).band == "alert", seed.id


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_every_entry_has_a_correct_quote(gazetteer: bool) -> None:
    """Each entry quotes one of its seeds, with one of its names in the quote."""
    texts = {seed.id: one_line(seed.text, 10**6) for seed in learnt(gazetteer).seeds}
    for one in learnt(gazetteer).proposals.entities:
        assert all(piece.strip() in texts[one.quote_seed] for piece in one.quote.split("…")), one.quote
        assert any(form in one.quote for form in (*one.names, *one.short)), one.id
