"""Figures and days, one form for three languages."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.days import ahead, days
from monitor.stories.facts import amounts, figures, value_of
from monitor.text import fold

TABLE = tomllib.loads((Path(__file__).parent / "facts.toml").read_text(encoding="utf-8"))
WEDNESDAY = date(2031, 3, 12)


@pytest.mark.parametrize(("lang", "text", "expected"), TABLE["figures"])
def test_figures(lang: str, text: str, expected: str) -> None:
    """However written, the same figure is the same fact."""
    assert figures(fold(text), lang) == set(expected.split())


@pytest.mark.parametrize(("lang", "text", "expected"), TABLE["figures"])
def test_figures_in_a_sentence(lang: str, text: str, expected: str) -> None:
    """A figure is found inside a sentence as it is alone."""
    assert figures(fold(f"Xin: {text}, ok."), lang) == set(expected.split())


@pytest.mark.parametrize(("lang", "text", "expected"), TABLE["days"])
def test_days(lang: str, text: str, expected: str) -> None:
    """A named day is one fact in every language; weekdays count from the day of publication."""
    assert days(fold(text), lang, WEDNESDAY) == set(expected.split())


def test_the_table_is_long_enough() -> None:
    """At least 150 cases, in three languages."""
    cases = TABLE["figures"] + TABLE["days"]
    assert len(cases) >= 150
    assert {lang for lang, _, _ in cases} == {"en", "vi", "fr"}


def test_weekdays_need_a_day_of_publication() -> None:
    """Without the day of publication only written-out days are read."""
    assert days(fold("on Monday, September 23"), "en") == {"09-23"}


def test_days_ahead() -> None:
    """Announced days lie ahead, also over the turn of the year; today, yesterday and last month do not."""
    assert ahead("03-20", WEDNESDAY)
    assert ahead("09-15", WEDNESDAY)
    assert ahead("01-20", date(2031, 12, 20))
    assert not any(ahead(day, WEDNESDAY) for day in ("03-12", "03-11", "02-10", "03-13"))


@given(st.text(), st.sampled_from(["en", "vi", "fr", ""]))
def test_any_text_can_be_read(text: str, lang: str) -> None:
    """No text makes the reading of facts fail, and every figure has a number."""
    found = figures(fold(text), lang)
    assert amounts(fold(text), lang) <= found
    assert all(value_of(figure) >= 0 for figure in found)
    days(fold(text), lang, WEDNESDAY)
