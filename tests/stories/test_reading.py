"""Sentences of a report, its concepts, and figures that contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.model import Mention
from monitor.stories.concepts import concepts, load
from monitor.stories.disagree import Claim, Said, disagreements
from monitor.stories.lead import news_of, sentences

AT = datetime(2031, 3, 12, tzinfo=UTC)


def named(name: str, at: int) -> Mention:
    return Mention(kind="entity", id=name, side="s", title=name, alias=name, start=at, end=at + 1, sentence=0, zone="lead")


def test_sentences_keep_their_places() -> None:
    """Title and sentences stand where they stand in the matched text; abbreviations end none."""
    title, text = "Intel opens line", "The U.S. firm said so. It opened on Sept. 23 in Hanoi.\nA new paragraph"
    found = sentences(title, text, [named("intel", 0), named("hanoi", len(title) + 1 + text.index("Hanoi"))])
    whole = f"{title}\n{text}"
    assert [whole[sentence.start : sentence.end] for sentence in found] == [sentence.text for sentence in found]
    assert [sentence.text for sentence in found] == [title, "The U.S. firm said so.", "It opened on Sept. 23 in Hanoi.", "A new paragraph"]
    assert [sorted(sentence.entities) for sentence in found] == [["intel"], [], ["hanoi"], []]


def test_news_and_background() -> None:
    """A later sentence about somebody else and a clause with an earlier year are background; the rest is the news."""
    title = "Amkor expands"
    text = "Amkor, which put $1.6 billion into the plant in 2021, adds $620 million. Intel has a plant too. Work starts in May."
    found = news_of(sentences(title, text, [named("amkor", 0), named("intel", len(title) + 1 + text.index("Intel"))]), AT, frozenset())
    assert [sentence.text for sentence in found] == [title, "Amkor", "adds $620 million.", "Work starts in May."]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "A new data centre and a research laboratory", {"data-centre", "laboratory"}),
        ("vi", "Trung tâm dữ liệu và phòng thí nghiệm mới", {"data-centre", "laboratory"}),
        ("fr", "Un centre de données et un laboratoire", {"data-centre", "laboratory"}),
        ("vi", "cấp phép cho tuyến cáp quang biển", {"licence", "submarine-cable"}),
        ("fr", "l'IA et le vice-Premier ministre", {"ai", "deputy-pm"}),
        ("en", "the deputy prime minister", {"deputy-pm"}),
        ("ko", "data centre", set()),
        ("en", "", set()),
    ],
)
def test_concepts(lang: str, text: str, expected: set[str]) -> None:
    """What a text speaks of is one in three languages; the longer phrase wins; Vietnamese keeps its marks."""
    assert concepts(text, lang) == expected


def test_every_concept_has_words_in_three_languages() -> None:
    """No concept is mute in a language."""
    spoken = {lang: {concept for phrases in book.values() for _, concept in phrases} for lang, book in load().items()}
    assert spoken["en"] == spoken["vi"] == spoken["fr"]
    assert len(spoken["en"]) > 120


def test_figures_that_differ_are_named_with_both_sources() -> None:
    """Two sums near each other from two sources contradict; rounded, far apart or given together they do not."""
    claims = [
        Claim(source="a", figures=("USD:200000000", "MW:40")),
        Claim(source="b", figures=("USD:174000000", "MW:50")),
        Claim(source="c", figures=("USD:201000000", "USD:3000000000", "VND:200000000")),
    ]
    pairs = disagreements(claims)
    assert (Said(figure="USD:200000000", source="a"), Said(figure="USD:174000000", source="b")) in pairs
    assert all({"USD:174000000"} & {one.figure, other.figure} for one, other in pairs)
    both = [Claim(source="a", figures=("USD:200",)), Claim(source="b", figures=("USD:200", "USD:180"))]
    assert disagreements(both) == ()
