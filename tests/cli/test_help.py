"""The help of every command: each shows how it is called."""

from __future__ import annotations

import click
import pytest

from monitor.cli import monitor
from tests.cli.test_commands import walk
from tests.command_lines import parsed
from tests.commands import run

VERBS = [path for path, command in walk(monitor, ()) if path and not isinstance(command, click.Group)]


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_help_shows_an_example_that_parses(path: tuple[str, ...]) -> None:
    """`--help` has an example of the command itself, with options that the command knows."""
    outcome = run(*path, "--help")
    assert outcome.code == 0
    call = f"monitor {' '.join(path)}"
    shown, _, options = outcome.out.partition("\nOptions:")
    examples = [line.split(call, 1)[1].split(" | ")[0] for line in shown.splitlines()[1:] if call in line]
    assert examples, outcome.out
    for option in {word for line in examples for word in line.split() if word.startswith("--")}:
        assert option in options, option
    for line in examples:
        assert parsed(call + line) == " ".join(path)
