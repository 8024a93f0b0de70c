"""The table of faults in tests/README.md: every number once, and every test it names is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
CASES = 152
WITHOUT_A_TEST = {110, 131}
"""PostgreSQL under several workers and in trouble; expressions, which the language of watchlists has not; old mail servers."""
_ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`([a-z0-9_/]+\.py)(?:::(test_\w+))?`")


@cache
def rows() -> dict[int, str]:
    """What the table says of each case."""
    found = _ROW.findall((TESTS / "README.md").read_text(encoding="utf-8"))
    numbers = [int(number) for number, _, _ in found]
    assert numbers == list(range(1, CASES + 1))
    return {int(number): answer for number, _, answer in found}


@pytest.mark.parametrize("case", range(1, CASES + 1))
def test_case_is_answered(case: int) -> None:
    """The case names tests that exist, or says in words why there is none."""
    answer = rows()[case]
    named = _NAMED.findall(answer)
    assert named or re.search(r"\w{4,}", answer)
    for path, name in named:
        text = (TESTS / path).read_text(encoding="utf-8")
        assert not name or re.search(rf"^\s*(?:async )?def {name}\(", text, re.MULTILINE), f"{path} has no {name}"


def test_all_other_cases_are_tests() -> None:
    """Only these have no test; why is said in the table."""
    without = {number for number, answer in rows().items() if not _NAMED.search(answer)}
    assert without <= WITHOUT_A_TEST
    assert not any(answer.startswith("open") for answer in rows().values())
