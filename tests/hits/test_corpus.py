"""The shared corpus of real texts: the bars of matching, read where it lies beside the checkout."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from tests.hits.shipped import corpus_texts, figures, judge


def lines(shared: Path) -> list[str]:
    return (shared / "corpus" / "dev.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("lang", "least"), [("", 0.95), ("en", 0.93), ("vi", 0.93)])
def test_figures(shared: Path, lang: str, least: float) -> None:
    """F1 over the labelled texts, all together and in English and Vietnamese."""
    found = figures(one for one in corpus_texts(lines(shared)) if lang in {"", one.lang})
    assert found.f1 >= least, found.wrong


def test_real_texts(shared: Path) -> None:
    """On real texts, those retold left out, precision and recall are both at least 0.95."""
    real = [line for line in lines(shared) if json.loads(line)["provenance"] != "retold"]
    found = figures(corpus_texts(real))
    assert min(found.precision, found.recall) >= 0.95, found.wrong


def test_what_is_borderline_never_alerts(shared: Path) -> None:
    """Prices, surveys, careers and mentions in passing are at most worth a look, and so is every negative."""
    alerts = [one.title for one in corpus_texts(lines(shared)) if one.label != "positive" and judge(one).band == "alert"]
    assert alerts == []


def test_ordinary_english_news_is_silent(shared: Path) -> None:
    """Of general English headlines, none of which is on the subject, not one is a hit."""
    with lzma.open(shared / "corpus" / "stream.jsonl.xz", "rt", encoding="utf-8") as stream:
        english = [line for line in stream if json.loads(line)["lang"] == "en"]
    assert len(english) > 14_000
    assert [one.title for one in corpus_texts(english) if judge(one).band is not None] == []
