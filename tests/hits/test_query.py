"""The match language: what it means, and what it says of a line it cannot read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.hits.query import Node, QueryError, Spot, asked, holds, missing, parse, required

SIDES = ("us", "vietnam", "tech", "sport", "order", "north")


def spots(*places: str) -> list[Spot]:
    """Spots from `side sentence first last` words; sentence 0 is the title, 1 the lead."""
    found = []
    for place in places:
        side, sentence, first, last = place.split()
        zone = {"0": "title", "1": "lead"}.get(sentence, "body")
        found.append(Spot(side=side, sentence=int(sentence), zone=zone, first_word=int(first), last_word=int(last)))
    return found


TEXT = spots("vietnam 0 1 2", "us 1 9 9", "tech 1 12 12", "us 4 40 41", "sport 5 50 50")


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("vietnam", True),
        ("north", False),
        ("vietnam and us and tech", True),
        ("vietnam and north", False),
        ("north or us", True),
        ("NORTH OR US", None),
        ("north OR us AND tech", True),
        ("north and us or tech", True),
        ("north and (us or tech)", False),
        ("vietnam and not sport", False),
        ("vietnam and not north", True),
        ("vietnam near/6 us", True),
        ("us near/6 vietnam", True),
        ("vietnam near/5 us", False),
        ("(north or vietnam) near/6 us", True),
        ("us near/2 tech", True),
        ("us near/1 tech", False),
        ("same-sentence(us, tech)", True),
        ("same-sentence(us and tech)", True),
        ("same-sentence(vietnam, tech)", False),
        ("Same-Sentence(us, tech)", True),
        ("at-least-2(us)", True),
        ("at-least-3(us)", False),
        ("at-least-3(us or vietnam)", True),
        ("title:vietnam", True),
        ("title:us", False),
        ("title: (us or vietnam)", True),
        ("lead:us and lead:tech", True),
        ("not title:us and vietnam", True),
        ("order or vietnam", True),
        ("not not vietnam and us", True),
    ],
)
def test_meaning(expression: str, true: bool | None) -> None:
    """Each form means what its words say; ids are as written, the language's own words in either case."""
    if true is None:
        with pytest.raises(QueryError):
            parse(expression, SIDES)
    else:
        assert holds(parse(expression, SIDES), TEXT) is true


@pytest.mark.parametrize(
    ("expression", "column", "words"),
    [
        ("vietnan and us", 1, "did you mean 'vietnam'"),
        ("vietnam and uss", 13, "did you mean 'us'"),
        ("vietnam adn us", 9, "did you mean 'and'"),
        ("vietnam us", 9, "does not fit"),
        ("vietnam and", 12, "ends too early"),
        ("", 1, "empty"),
        ("  ", 1, "empty"),
        ("(vietnam and us", 16, "ends too early"),
        ("vietnam and us)", 15, "does not fit"),
        ("vietnam & us", 9, "no meaning"),
        ("vietnam near/5 (us and tech)", 9, "near/5 takes a side"),
        ("vietnam near us", 9, "does not fit"),
        ("at-least-0(us)", 1, "counts from 1"),
        ("at-least-2(us and tech)", 1, "at-least-2 takes a side"),
        ("not sport", 1, "nothing is asked for"),
        ("body:us", 5, "no meaning"),
    ],
)
def test_a_wrong_line_is_told_with_its_column(expression: str, column: int, words: str) -> None:
    """The error names the column, what is wrong and, where there is one, the nearest right word."""
    with pytest.raises(QueryError) as caught:
        parse(expression, SIDES)
    assert caught.value.column == column
    assert words in str(caught.value)


def test_a_part_of_an_article_is_judged_with_the_article_in_view() -> None:
    """`not`, at-least and title: speak of the whole article when a single sentence is judged."""
    lead = [spot for spot in TEXT if spot.sentence == 1]
    assert holds(parse("us and tech and title:vietnam and at-least-2(us)", SIDES), lead, TEXT)
    assert not holds(parse("us and tech and not sport", SIDES), lead, TEXT)
    assert not holds(parse("us and vietnam", SIDES), lead, TEXT)


def test_what_is_asked_and_what_is_missing() -> None:
    """Sides under `not` are not asked for; of alternatives the one that lacks least is named."""
    tree = parse("(north or vietnam and order) and us and not sport", SIDES)
    assert asked(tree) == ("north", "vietnam", "order", "us")
    assert missing(tree, TEXT) == ("north",)
    assert missing(parse("vietnam near/1 tech", SIDES), TEXT) == ()


_expressions = st.recursive(
    st.sampled_from(SIDES),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("same-sentence({})".format, inner),
        st.builds("title:{}".format, inner.map("({})".format)),
        st.builds("{} and not {}".format, inner, st.sampled_from(SIDES)).map("({})".format),
    ),
    max_leaves=8,
)


@given(_expressions)
def test_every_well_formed_expression_is_read(expression: str) -> None:
    """What the grammar can write, the parser reads, and the answer is a truth value."""
    tree: Node = parse(expression, SIDES)
    assert holds(tree, TEXT) in {True, False}
    assert set(asked(tree)) <= set(SIDES)


@given(_expressions, st.sets(st.sampled_from(SIDES)))
def test_no_expression_holds_without_what_it_requires(expression: str, named: set[str]) -> None:
    """Where a required side is not mentioned the expression is false, wherever the others stand."""
    tree = parse(expression, SIDES)
    here = [spot for spot in spots(*(f"{side} 0 {n} {n}" for n, side in enumerate(sorted(named)))) if spot.side in named]
    assert not holds(tree, here) or required(tree) <= named


@pytest.mark.parametrize(
    ("expression", "sides"),
    [
        ("vietnam and us and tech", {"vietnam", "us", "tech"}),
        ("vietnam and (us or north)", {"vietnam"}),
        ("(us and tech) or (us and sport)", {"us"}),
        ("us near/3 tech and not sport", {"us", "tech"}),
        ("title:us and at-least-2(tech or sport)", {"us"}),
    ],
)
def test_required_sides(expression: str, sides: set[str]) -> None:
    """What every way of fulfilling an expression needs."""
    assert required(parse(expression, SIDES)) == sides


@given(st.text(alphabet="abn ot()/5:,-ru", max_size=24))
def test_no_line_breaks_the_parser(expression: str) -> None:
    """Any other line is a QueryError, never another exception."""
    try:
        parse(expression, ("a", "b", "nato"))
    except QueryError as error:
        assert error.column >= 1
