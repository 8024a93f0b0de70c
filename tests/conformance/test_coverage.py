"""The list of cases is complete."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance.conftest import CASES, NAME


def test_every_case_has_a_test() -> None:
    """Each number from 1 to 75 is the name of at least one test."""
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_?_*.py"))
    named = {int(number) for found in NAME.finditer(text) for number in found.groups()[:2] if number}
    assert named == set(range(1, CASES + 1))


def test_the_cases_are_those_of_the_list(shared: Path) -> None:
    """The list beside the checkout has as many cases as are tested here."""
    numbers = re.findall(r"^\| (\d+) \|", (shared / "CONFORMANCE.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, CASES + 1))
