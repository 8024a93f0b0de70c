"""Amounts and days, one form for three languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.facts import amounts, days
from monitor.text import fold


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("200 triệu USD", "vi", "USD:200000000"),
        ("US$200m", "en", "USD:200000000"),
        ("US$200 million", "en", "USD:200000000"),
        ("200 millions de dollars", "fr", "USD:200000000"),
        ("un accord de 200 millions de dollars américains", "fr", "USD:200000000"),
        ("4.300 tỷ đồng", "vi", "VND:4300000000000"),
        ("8.000 tỉ đồng", "vi", "VND:8000000000000"),
        ("9 nghìn tỷ đồng", "vi", "VND:9000000000000"),
        ("$1.5 billion", "en", "USD:1500000000"),
        ("$1.5bn", "en", "USD:1500000000"),
        ("1,5 tỷ USD", "vi", "USD:1500000000"),
        ("1,5 milliard de dollars", "fr", "USD:1500000000"),
        ("US$1,500 million", "en", "USD:1500000000"),
        ("174 triệu đô la Mỹ", "vi", "USD:174000000"),
        ("€3 billion", "en", "EUR:3000000000"),
        ("3 milliards d’euros", "fr", "EUR:3000000000"),
        ("VND 500 billion", "en", "VND:500000000000"),
        ("1.200.000 đồng", "vi", "VND:1200000"),
        ("$1,299", "en", "USD:1299"),
        ("1.299 USD", "vi", "USD:1299"),
    ],
)
def test_amounts(text: str, lang: str, expected: str) -> None:
    """However written, the same money is the same fact."""
    assert amounts(fold(text), lang) == {expected}


@pytest.mark.parametrize("text", ["200 triệu người dùng", "5G", "12 tỉnh", "iPhone 16", "1,5 tỷ", "A100", "2024-09-25"])
def test_numbers_without_money_are_no_amounts(text: str) -> None:
    """Users, models and years are not money."""
    assert amounts(fold(text), "vi") == frozenset()


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("on September 23", "en", {"09-23"}),
        ("on 24 Sept 2024", "en", {"09-24"}),
        ("ngày 23/9", "vi", {"09-23"}),
        ("ngày 24-9-2024", "vi", {"09-24"}),
        ("le 23 septembre", "fr", {"09-23"}),
        ("le 1er octobre", "fr", {"10-01"}),
        ("tỷ lệ 45/60", "vi", set()),
    ],
)
def test_days(text: str, lang: str, expected: set[str]) -> None:
    """A named day is one fact in every language."""
    assert days(fold(text), lang) == expected


@given(st.text(), st.sampled_from(["en", "vi", "fr", ""]))
def test_any_text_can_be_read(text: str, lang: str) -> None:
    """No text makes fact reading fail."""
    amounts(fold(text), lang)
    days(fold(text), lang)
