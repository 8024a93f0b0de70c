"""Edits of TOML text: what was asked for changes, everything else stays byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.toml_edit import Edit, block, edited, unified

TEXT = """\
# Head.
version = 1

[side.us]
title = "US"   # the party

[side.us.entity.visa]
names = ["Visa Inc"]   # the firm
loose = [
  "Visa",   # a common word
  "VISA"
]
exact = false

# --- the subject
[side.tech.topic.chips]
weight = 2.0
en = []
"""
VISA = ("side", "us", "entity", "visa")
CHIPS = ("side", "tech", "topic", "chips")


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (Edit(table=VISA, key="names", add=("Visa", "Visa Inc")), '["Visa Inc"]', '["Visa Inc", "Visa"]'),
        (Edit(table=VISA, key="loose", add=("vi sa",)), '  "VISA"\n', '  "VISA", "vi sa"\n'),
        (
            Edit(table=VISA, key="loose", remove=("VISA", "none")),
            '  "VISA"\n',
            "",
        ),
        (Edit(table=VISA, key="loose", remove=("Visa",)), '"Visa",   # a', "# a"),
        (Edit(table=VISA, key="exact", value=True), "exact = false", "exact = true"),
        (Edit(table=CHIPS, key="weight", value=3.5), "weight = 2.0", "weight = 3.5"),
        (Edit(table=CHIPS, key="en", add=("chip*",)), "en = []", 'en = ["chip*"]'),
        (Edit(table=VISA, key="never", add=("Visa card",)), "exact = false\n", 'exact = false\nnever = ["Visa card"]\n'),
        (
            Edit(table=("side", "us", "entity", "ge"), key="names", add=("GE",), note="why"),
            "exact = false\n",
            'exact = false\n\n# why\n[side.us.entity.ge]\nnames = ["GE"]\n',
        ),
        (Edit(table=("mask",), key="names", add=("visa fee",)), "en = []\n", 'en = []\n\n[mask]\nnames = ["visa fee"]\n'),
        (Edit(table=(), key="version", value=2.0), "version = 1", "version = 2.0"),
        (Edit(table=VISA, key="short", remove=("x",)), "", ""),
    ],
)
def test_one_place_changes(edit: Edit, old: str, new: str) -> None:
    """Each edit changes its own place and nothing else, also in a file with Windows line ends."""
    wanted = TEXT.replace(old, new, 1) if old else TEXT
    found = edited(TEXT, [edit])
    assert [line.rstrip() for line in found.splitlines()] == [line.rstrip() for line in wanted.splitlines()]
    tomllib.loads(found)
    assert edited(TEXT.replace("\n", "\r\n"), [edit]) == found.replace("\n", "\r\n")


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)


@given(
    st.lists(names, max_size=6, unique=True), st.lists(names, max_size=6, unique=True), st.sampled_from((", ", ",\n  ", " , # note ] [\n"))
)
def test_lists_become_what_was_asked(before: list[str], wanted: list[str], comma: str) -> None:
    """From any list to any other by removing and adding: the values are right whatever the layout, and the keys around are untouched."""
    import json

    items = comma.join(json.dumps(name, ensure_ascii=False) for name in before)
    text = f"a = 1 # one\n[t]\nx = [{items}]\ny = 'z'\n"
    remove = tuple(name for name in before if name not in wanted)
    found = tomllib.loads(edited(text, [Edit(table=("t",), key="x", add=tuple(wanted), remove=remove)]))
    assert found["a"] == 1
    assert found["t"]["y"] == "z"
    assert set(found["t"]["x"]) == set(wanted)
    assert len(found["t"]["x"]) == len(wanted)


def test_a_block_with_its_line() -> None:
    """A table is shown as it is written, with the line it begins on."""
    assert block(TEXT, CHIPS) == (16, "[side.tech.topic.chips]\nweight = 2.0\nen = []\n")
    assert block(TEXT, ("side", "none")) is None


def test_a_diff_that_patch_takes() -> None:
    """The difference names the file on both sides; no difference is no text."""
    diff = unified("w.toml", TEXT, edited(TEXT, [Edit(table=VISA, key="exact", value=True)]))
    assert diff.startswith("--- a/w.toml\n+++ b/w.toml\n@@")
    assert "-exact = false\n+exact = true\n" in diff
    assert unified("w.toml", TEXT, TEXT) == ""
