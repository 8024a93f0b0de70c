"""The table of names and words (names.txt): what is taken in a sentence for what, what is not, and why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.text import clean
from tests.hits.shipped import shipped

TABLE = Path(__file__).with_name("names.txt")


def cases() -> list[tuple[str, str, str]]:
    """Language, sentence and expectations of each row."""
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [(lang, sentence, wanted) for lang, sentence, wanted in (row.split(" | ") for row in rows)]


def fault(lang: str, sentence: str, wanted: str) -> list[str]:
    """The expectations that do not hold, with what was found instead."""
    title, _, text = sentence.rpartition(" // ")
    verdict = shipped().verdict_of("vietnam-us-tech", clean(title), clean(text), lang)
    found = {m.id for m in verdict.mentions if m.kind in {"entity", "contrast"}} | {
        f"#{m.id}" for m in verdict.mentions if m.kind == "topic"
    }
    refused = {(one.id, one.reason) for one in verdict.rejected}
    faults = []
    for want in wanted.split():
        id_, _, reason = want.lstrip("!").partition("=")
        if (want.startswith("!") and id_ in found) or (reason and (id_, reason) not in refused) or (want == id_ and id_ not in found):
            faults.append(f"{want} (found {sorted(found)}, refused {sorted(refused)})")
    return faults


@pytest.mark.parametrize(("lang", "sentence", "wanted"), cases())
def test_row(lang: str, sentence: str, wanted: str) -> None:
    """Each row of the table holds."""
    assert fault(lang, sentence, wanted) == []


def test_the_table_is_long_enough() -> None:
    """At least 250 rows are in Vietnamese or French."""
    assert sum(lang in {"vi", "fr"} for lang, _, _ in cases()) >= 250
