"""Titles and texts as sentences and zones."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.hits.sentences import lay_out
from monitor.text import clean


def sentences(text: str, title: str = "") -> list[str]:
    layout = lay_out(title, text)
    return [layout.text[s.start : s.end] for s in layout.sentences if s.number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("One… Two", ["One…", "Two"]),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("It ended (at last). It began.", ["It ended (at last).", "It began."]),
        ("A line\nAnother line\n\nA third", ["A line", "Another line", "A third"]),
        ("Mr. Huang met Dr. Le.", ["Mr. Huang met Dr. Le."]),
        ("Visa Inc. Chief Ann spoke.", ["Visa Inc. Chief Ann spoke."]),
        ("The U.S. Embassy spoke.", ["The U.S. Embassy spoke."]),
        ("Joseph R. Biden spoke.", ["Joseph R. Biden spoke."]),
        ("It cost 1.5 billion. It rose 3.2%. Done.", ["It cost 1.5 billion.", "It rose 3.2%.", "Done."]),
        ("It uses .NET and e.g. Java.", ["It uses .NET and e.g. Java."]),
        ("Giá 3.000 đồng. Ông nói.", ["Giá 3.000 đồng.", "Ông nói."]),
        ("TP. Hồ Chí Minh mưa. Hà Nội nắng.", ["TP. Hồ Chí Minh mưa.", "Hà Nội nắng."]),
        ("TS. Nguyễn nói. PGS. Trần nghe.", ["TS. Nguyễn nói.", "PGS. Trần nghe."]),
        ("M. Dupont parle. Mme. Durand écoute.", ["M. Dupont parle.", "Mme. Durand écoute."]),
        ("Bán dẫn... và AI. Hết.", ["Bán dẫn... và AI.", "Hết."]),
        ("Plant No. 5 opened. He told me. She said no. They left.", ["Plant No. 5 opened.", "He told me.", "She said no.", "They left."]),
        ("First. 10 firms came.", ["First.", "10 firms came."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_splitting(text: str, expected: list[str]) -> None:
    """Sentences end at full stops before a capital or digit and at line ends, not after initials, titles and abbreviations."""
    assert sentences(text) == expected


def test_zones_and_numbers() -> None:
    """The title is sentence 0; the first lines are the lead; the rest is body."""
    layout = lay_out("A title", "First sentence. " + "Filler words here. " * 30 + "Last one.")
    assert (layout.sentences[0].number, layout.sentences[0].zone) == (0, "title")
    zones = [s.zone for s in layout.sentences[1:]]
    assert zones == sorted(zones, key=["lead", "body"].index)
    assert zones[0] == "lead"
    assert zones[-1] == "body"
    assert layout.at(3).number == 0
    assert layout.at(len(layout.text) - 1).number == len(layout.sentences) - 1


def test_a_text_that_repeats_its_title_says_it_once() -> None:
    """A page's first line is often its headline again: it counts as the title."""
    layout = lay_out("Chip deal signed", "CHIP DEAL SIGNED.\nHanoi spoke.")
    assert [s.number for s in layout.sentences] == [0, 0, 1]


@pytest.mark.parametrize("title", ["Điểm tin 6h: Mưa lớn | Giá vàng", "Bản tin tối: Mưa; nắng", "Tin tức sáng 3-4: Mưa; nắng"])
def test_roundups_fall_apart(title: str) -> None:
    """The items of a roundup have nothing to do with each other and there is no title."""
    layout = lay_out(title, "Bão số 3; Amazon mở cửa | Hết")
    assert layout.roundup
    assert all(s.alone and s.zone == "body" for s in layout.sentences)
    numbers = [s.number for s in layout.sentences]
    assert len(numbers) == 5
    assert all(b - a > 1 for a, b in pairwise(numbers))


def test_a_title_with_a_bar_alone_is_no_roundup() -> None:
    """Outlets put their name behind a bar."""
    assert not lay_out("Chip deal signed | The Paper", "Text; more.").roundup


@given(st.text(max_size=60), st.text(max_size=300))
def test_every_character_but_white_space_is_in_one_sentence(title: str, text: str) -> None:
    """Sentences do not overlap, stay in order and leave nothing out."""
    layout = lay_out(clean(title).replace("\n", " "), clean(text))
    ends = 0
    for s in layout.sentences:
        assert s.start >= ends
        assert not layout.text[ends : s.start].strip(" \n|;")
        ends = s.end
        assert layout.at(s.start).start == s.start or s.start == s.end
    assert not layout.text[ends:].strip(" \n|;")
