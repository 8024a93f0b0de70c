"""Near-duplicate sketches."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.sketch import K, containment, from_bytes, similarity, sketch, to_bytes

RANDOM = random.Random(7)
WORDS = [f"w{number}" for number in range(3000)]


def text(seed: int, size: int = 600) -> list[str]:
    return random.Random(seed).choices(WORDS, k=size)


def test_a_reprint_is_found() -> None:
    """The same text, its paragraphs moved, is nearly the same sketch."""
    one = text(1)
    assert similarity(sketch(one), sketch(one)) == 1.0
    assert similarity(sketch(one), sketch(one[300:] + one[:300])) > 0.9


def test_light_edits_are_found() -> None:
    """Fifteen words in a hundred changed still leave the similarity above the limit of near-duplicates."""
    one = text(2)
    edited = [word if RANDOM.random() > 0.10 else "changed" for word in one]
    assert similarity(sketch(one), sketch(edited)) > 0.30


def test_an_opening_is_contained() -> None:
    """A text cut to its opening paragraph is contained in the whole."""
    one = text(3)
    cut = one[:90]
    assert containment(sketch(cut), len(cut), sketch(one), len(one)) > 0.8


def test_unrelated_texts_share_nothing() -> None:
    """Different texts look different both ways."""
    pairs = [(text(number), text(number + 100)) for number in range(10, 20)]
    assert max(similarity(sketch(a), sketch(b)) for a, b in pairs) < 0.05
    assert max(containment(sketch(a), len(a), sketch(b), len(b)) for a, b in pairs) < 0.1


@given(st.lists(st.text()), st.lists(st.text()))
def test_bounds(one: list[str], other: list[str]) -> None:
    """Estimates stay between 0 and 1, are symmetric, and a sketch survives storage."""
    a, b = sketch(one), sketch(other)
    assert len(a) <= K
    assert 0.0 <= similarity(a, b) == similarity(b, a) <= 1.0
    assert 0.0 <= containment(a, len(one), b, len(other)) <= 1.0
    assert from_bytes(to_bytes(a)) == a
