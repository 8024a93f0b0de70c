"""The shipped watchlist, compiled once, and texts to judge with it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from monitor.hits.compile import compile_matcher
from monitor.hits.match import Matcher
from monitor.model import Verdict
from monitor.text import clean
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "tests" / "texts"
WATCHLIST = ROOT / "seeds" / "vietnam-us-tech.toml"


@cache
def shipped() -> Matcher:
    """A matcher of the watchlist that the program ships with."""
    return compile_matcher(parse_watchlists(WATCHLIST.read_text(encoding="utf-8"), WATCHLIST.name, load()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text with its label (positive, trap, or a label of the corpus)."""

    id: str
    lang: str
    title: str
    text: str
    label: str


def own_texts(name: str, lang: str) -> list[Labelled]:
    """The texts of one of our own files; where a file mixes languages each text names its own."""
    rows = tomllib.loads((TEXTS / f"{name}.toml").read_text(encoding="utf-8"))["text"]
    return [
        Labelled(id=f"{name} {row['id']}", lang=row.get("lang", lang), title=row["title"], text=row["text"], label=row["label"])
        for row in rows
    ]


def corpus_texts(lines: Iterable[str]) -> Iterator[Labelled]:
    """Texts of the shared corpus; their text begins with their title."""
    for line in lines:
        row = json.loads(line)
        body = row["text"].removeprefix(row["title"]).strip()
        yield Labelled(id=row["id"], lang=row["lang"], title=row["title"], text=body, label=row.get("label", ""))


def judge(one: Labelled) -> Verdict:
    """The verdict of the shipped watchlist."""
    return shipped().verdict_of("vietnam-us-tech", clean(one.title), clean(one.text), one.lang)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Precision, recall and F1 of hits in either band against the label `positive`, with what was wrong for the reader of a failure."""

    precision: float
    recall: float
    f1: float
    wrong: tuple[str, ...]


def figures(texts: Iterable[Labelled]) -> Figures:
    """The figures over texts, those labelled borderline left out."""
    found = missed = false = 0
    wrong = []
    for one in texts:
        hit, positive = judge(one).band is not None, one.label == "positive"
        if one.label == "borderline":
            continue
        found += hit and positive
        missed += positive and not hit
        false += hit and not positive
        if hit != positive:
            wrong.append(f"{'missed' if positive else 'false'} {one.id}: {one.title}")
    precision, recall = found / max(1, found + false), found / max(1, found + missed)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return Figures(precision=precision, recall=recall, f1=f1, wrong=tuple(wrong))
