"""`monitor match` as a stream: never more than a window held, stories that last over windows, texts of every shape."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest

from tests.cli.desk import Desk
from tests.commands import run


def line(number: int, day: int = 1, title: str = "Northland and Southland sign a dam deal") -> str:
    fields = {"id": str(number), "title": title, "text": f"Norco of Northland builds turbines for Southland, {number}.", "lang": "en"}
    return json.dumps({**fields, "date": f"2024-09-{day:02}"}) + "\n"


class Lines:
    """Standard input that makes its lines as they are asked for, and remembers how far the reader was ahead of the writer."""

    def __init__(self, count: int, written: io.StringIO) -> None:
        self.count = count
        self.written = written
        self.ahead = 0
        self.asked = 0

    def __iter__(self) -> Iterator[str]:
        for number in range(self.count):
            self.asked = number + 1
            self.ahead = max(self.ahead, self.asked - self.written.getvalue().count("\n"))
            yield line(number)


@pytest.mark.parametrize("window", [1, 10])
def test_no_more_than_a_window_is_held(bare_desk: Desk, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    """However long the input: the reader is never further ahead of the writer than the window."""
    written = io.StringIO()
    source = Lines(300, written)
    monkeypatch.setattr(sys, "stdin", source)
    monkeypatch.setattr(sys, "argv", ["monitor", "match", "-", "--window", str(window)])
    monkeypatch.setattr(sys, "stdout", written)
    from monitor.cli import monitor

    monitor(standalone_mode=False)
    rows = [json.loads(row) for row in written.getvalue().splitlines()]
    assert [row["id"] for row in rows] == [str(number) for number in range(300)]
    assert source.ahead <= window + 1


def test_stories_last_over_windows(bare_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same input in small windows or in one gives the same stories; watchlists and developments have labels of their own."""
    other = "Card Inc sells Northland a turbine"
    text = "".join(
        line(number, 1 + number // 4, other if number % 4 == 3 else "Northland and Southland sign a dam deal") for number in range(16)
    )
    labels = []
    for window in ("1", "3", "5000"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        rows = [json.loads(row) for row in run("match", "-", "--window", window).out.splitlines()]
        labels.append([row["story"] for row in rows])
    assert labels[0] == labels[1] == labels[2]
    assert len({*labels[0]}) >= 1
    assert all(label.startswith("pair:s") for label in labels[0])


def test_json_is_one_document(bare_desk: Desk) -> None:
    """--json writes a list that parses, also for one text; an empty input writes nothing."""
    (bare_desk.folder / "in.jsonl").write_text(line(1) + "\n" + line(2), encoding="utf-8")
    assert [row["id"] for row in json.loads(run("match", "in.jsonl", "--json").out)] == ["1", "2"]
    (bare_desk.folder / "none.jsonl").write_text("\n\n", encoding="utf-8")
    outcome = run("match", "none.jsonl", "--json")
    assert (outcome.code, outcome.out) == (3, "")


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (b"\xef\xbb\xbfNorthland\n\nA dam.\n", "Northland"),
        (b"\n\n  Northland\nA dam.", "Northland"),
        (b'\xef\xbb\xbf{"id": "x", "title": "Northland"}\r\n', "Northland"),
        (b'\n{"id": "x", "text": "Northland\\nA dam."}', "Northland"),
    ],
)
def test_texts_of_every_shape(bare_desk: Desk, raw: bytes, title: str) -> None:
    """Byte order marks, blank lines, Windows line ends, a text without a title: the title is found."""
    (bare_desk.folder / "one").write_bytes(raw)
    (row,) = [json.loads(found) for found in run("match", "one").out.splitlines()]
    assert [(m["alias"], m["field"]) for m in row["mentions"]][:1] == [(title, "title")]


def test_what_is_not_utf8_is_told_with_its_line(bare_desk: Desk) -> None:
    """A line in another encoding stops the command with its number."""
    (bare_desk.folder / "in.jsonl").write_bytes(line(1).encode() + b'{"title": "caf\xe9"}\n')
    outcome = run("match", "in.jsonl")
    assert (outcome.code, "in.jsonl:2: not UTF-8" in outcome.err) == (2, True)
