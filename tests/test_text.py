"""Cleaning, folding and marks."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import clean, digest, fold, has_marks, marked, one_line, words

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đà Nẵng", "da nang"),
        ("Tô Lâm", "to lam"),
        ("Nguyễn Phú Trọng", "nguyen phu trong"),
        ("semi‑conducteur", "semi-conducteur"),
        ("l’Assemblée", "l'assemblee"),
        ("Vietnam–US", "vietnam-us"),
        ("a\u00a0b\nc", "a b c"),
        ("Ðà Nẵng", "da nang"),
        ("東京", "東京"),
    ],
)
def test_fold_table(text: str, folded: str) -> None:
    """Marks, case, dashes, quotes and spaces do not matter in the folded form."""
    assert fold(text) == folded


@pytest.mark.parametrize("letter", [*VIETNAMESE, *VIETNAMESE.upper()])
def test_every_vietnamese_letter_folds_to_ascii(letter: str) -> None:
    """No Vietnamese letter survives folding with a mark, in either normal form."""
    assert fold(letter).isascii()
    assert fold(clean(unicodedata.normalize("NFD", letter))) == fold(letter)


@given(st.text())
def test_fold_keeps_every_offset(text: str) -> None:
    """Folding is one character in, one character out, and doing it twice changes nothing."""
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters()))
def test_clean_gives_storable_text(text: str) -> None:
    """Cleaned text is NFC, encodes to UTF-8, holds no control characters and stays as it is when cleaned again."""
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(char) == "Cc" and char != "\n" for char in cleaned)


@pytest.mark.parametrize(("one", "other"), [("hoà", "hòa"), ("thuý", "thúy"), ("Hoà Bình", "Hòa Bình"), ("khoẻ", "khỏe"), ("HOÀ", "hòa")])
def test_tone_placement_does_not_matter(one: str, other: str) -> None:
    """The two ways to place a tone mark are one word."""
    assert marked(one) == marked(other)


@pytest.mark.parametrize(("one", "other"), [("tô", "tố"), ("Lâm", "Lam"), ("hoàn", "hoan"), ("ma", "má")])
def test_different_marks_stay_different(one: str, other: str) -> None:
    """Marks tell words apart."""
    assert marked(one) != marked(other)


@pytest.mark.parametrize(("text", "expected"), [("To Lam", False), ("Tô Lâm", True), ("Vietnam’s", False), ("ĐH", True), ("naïve", True)])
def test_has_marks(text: str, expected: bool) -> None:
    """A typographic apostrophe is no mark; a diacritic or đ is."""
    assert has_marks(text) is expected


def test_one_line_cuts_at_a_word() -> None:
    """A long line is cut at a word and says so."""
    assert one_line("alpha beta\ngamma", 12) == "alpha beta…"
    assert len(one_line("x" * 1000, 100)) == 100


def test_words_are_folded() -> None:
    """Words come folded and without punctuation."""
    assert words("Đầu tư, 200 triệu USD!") == ["dau", "tu", "200", "trieu", "usd"]


def test_digest_frames_its_parts() -> None:
    """Moving a border between parts changes the digest."""
    assert digest("ab", "c") != digest("a", "bc")


@given(st.text(alphabet=st.sampled_from("aé1 \n\r\t\u00a0\u200b\u2028e\u0301đ.")))
def test_clean_is_one_answer_whatever_the_way(text: str) -> None:
    """Texts that are clean at first sight are answered at once, and by the same rules: a text that is not clean anywhere else shows it."""
    dirty = clean(f"{text}\u200b")
    assert clean(text) == dirty
