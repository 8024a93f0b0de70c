"""What a person sees on a terminal: local times, lines broken between words, and a word where there is nothing to list."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from unittest.mock import patch

import click
import pytest

from monitor.cli import output
from monitor.hours import to_text
from tests.conftest import NOW


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def on_a_terminal() -> Iterator[Terminal]:
    """A terminal of 80 columns in the place of standard output."""
    with redirect_stdout(Terminal()) as made, patch.dict(os.environ, {"COLUMNS": "80"}):
        yield made


ROWS = [{"id": n, "created_at": to_text(NOW), "watchlist": "w", "title": "A title"} for n in (1, 2)]


def test_stored_instants_are_local_times() -> None:
    """A table shows an instant as the local time to the minute, and leaves out a spare column in which all rows agree."""
    with on_a_terminal() as terminal:
        output.emit(ROWS, ("id", "created_at", "watchlist", "title"), spare=("watchlist",))
    shown = terminal.getvalue()
    assert output.local_time(NOW) in shown
    assert ".000000Z" not in shown
    assert "watchlist" not in shown


def test_a_spare_column_that_tells_rows_apart_stays() -> None:
    """Two watchlists in one list are told apart."""
    with on_a_terminal() as terminal:
        output.emit([ROWS[0], {**ROWS[1], "watchlist": "other"}], ("id", "watchlist"), spare=("watchlist",))
    assert "other" in terminal.getvalue()


def test_short_values_stay_whole_and_empty_columns_are_left_out() -> None:
    """On 80 columns an instant, a state and an address of a channel are not broken, however long the title; what nobody says takes no room."""
    row = {
        "id": 1,
        "created_at": to_text(NOW),
        "destination": "webhook:hook",
        "state": "delivered",
        "next_at": None,
        "subject": "word " * 40,
    }
    with on_a_terminal() as terminal:
        output.emit([row], tuple(row))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert all(len(line) <= 80 for line in shown.splitlines())
    for whole in (output.local_time(NOW), "webhook:hook", "delivered"):
        assert whole in shown
    assert "next at" not in shown


def test_long_lines_are_broken_between_words() -> None:
    """A long remark stays within the terminal, its further lines under its first."""
    with on_a_terminal() as terminal:
        output.item("feeds  note  ", "every word of this remark stays whole, " * 6)
    lines = terminal.getvalue().splitlines()
    assert len(lines) > 2
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * 13) and not line[13].isspace() for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == f"feeds note {' '.join(('every word of this remark stays whole, ' * 6).split())}"


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list is told on standard error, with how to look further back where it shows a span of time; JSON stays JSON."""

    @click.command()
    @click.option("--since", default="7d")
    def listed(since: str) -> None:
        output.emit([], ("id",))

    listed.main([], standalone_mode=False)
    told = capsys.readouterr()
    assert told.out == "id\n"
    assert "nothing to list within 7d; look further back with --since" in told.err
    listed.main(["--since", "520w"], standalone_mode=False)
    assert capsys.readouterr().err == "nothing to list within 520w\n"
    output.emit([], ("id",), as_json=True)
    assert capsys.readouterr() == ("[]\n", "")


@pytest.mark.parametrize("value", ["2024-09-26", "x 2024-09-26T00:05:00.000000Z", None, datetime(2024, 9, 26, 0, 5, tzinfo=NOW.tzinfo)])
def test_other_values_stay_as_they_are(value: object) -> None:
    """Only what is an instant as stored is taken for one."""
    assert output._cell(value) == output.plain(value)


def test_what_has_no_room_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a list of many figures a narrow terminal shows the first columns with no word broken, and says which it leaves out."""
    row: dict[str, object] = (
        {"name": "vnexpress-business"} | {f"figure_{n}": n / 4 for n in range(6)} | {f"further_{n}": 1000 for n in range(6)}
    )
    with on_a_terminal() as terminal:
        output.emit([row], tuple(row), extra=6)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert shown.splitlines()[-1].split() == ["vnexpress-business", "0.0", "0.25", "0.5", "0.75", "1.0", "1.25", "1000"]
    said = capsys.readouterr().err
    assert said.startswith("left out on 80 columns: further 1, further 2,")


def test_figures_are_told_as_they_are() -> None:
    """A line of 2.75 points is not shown as 2.8; a whole number keeps one place."""
    assert [output.plain(value) for value in (2.75, 5.0, 7.3, 0.333)] == ["2.75", "5.0", "7.3", "0.33"]
