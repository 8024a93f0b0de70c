"""Stories over the labelled corpus beside the checkout, through `monitor match`, with the setting that the daemon has."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.commands import run
from tests.stories.stream_walk import b_cubed


@pytest.fixture(scope="module")
def labelled(shared: Path) -> list[tuple[dict[str, object], dict[str, object]]]:
    """(gold, prediction) pairs of the positive texts that carry a story label."""
    corpus = shared / "corpus" / "dev.jsonl"
    gold = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    done = run("match", str(corpus))
    assert done.code == 0
    found = {row["id"]: row for row in map(json.loads, done.out.splitlines())}
    return [(each, found[each["id"]]) for each in gold if each["story_id"] and each["label"] == "positive"]


def _labels(labelled: list[tuple[dict[str, object], dict[str, object]]]) -> list[tuple[object, object]]:
    """(true, found) story labels; what did not match is a story of its own, as score.py has it."""
    return [(gold["story_id"], row["story"] if row["matched"] else f"alone-{gold['id']}") for gold, row in labelled]


def test_stories_of_the_corpus(labelled: list[tuple[dict[str, object], dict[str, object]]]) -> None:
    """B-cubed F1 at least 0.92 and pairwise F1 at least 0.90."""

    def pairs(labels: list[object]) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(labels).values())

    labels = _labels(labelled)
    both = pairs([pair for pair in labels])  # noqa: C416 - tuples as labels
    f1 = 2 * both / (pairs([true for true, _ in labels]) + pairs([found for _, found in labels]))
    assert b_cubed(labels)[2] >= 0.92
    assert f1 >= 0.90


def test_matching_texts_of_one_story_join_across_languages(labelled: list[tuple[dict[str, object], dict[str, object]]]) -> None:
    """Every two matching reports of one development in two languages share a story."""
    met = [(gold, row) for gold, row in labelled if row["matched"]]
    across = [
        (one, other)
        for n, (gold, one) in enumerate(met)
        for other_gold, other in met[:n]
        if gold["story_id"] == other_gold["story_id"] and gold["lang"] != other_gold["lang"]
    ]
    assert len(across) >= 6
    assert all(one["story"] == other["story"] for one, other in across)
