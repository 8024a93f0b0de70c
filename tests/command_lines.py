"""Command lines as documentation shows them, held against the real command line without running them."""

from __future__ import annotations

import shlex
from itertools import takewhile

import click

from monitor.cli import monitor

_SHELL = {"|", "||", "&&", "&", ">", ">>", "<", ";"}
_ABSENT = ("does not exist", "No such file")


def parsed(line: str) -> str:
    """The noun and verb of a line that begins with `monitor`. Raises click.UsageError where a noun, verb, option or argument is not known.

    Files that a line names need not be there; what a shell does with the command is left out.
    """
    words = list(takewhile(lambda word: word not in _SHELL, shlex.split(line, comments=True)))
    assert words[0] == "monitor", line
    command: click.Command = monitor
    context = None
    path: list[str] = []
    rest = words[1:]
    while True:
        try:
            context = command.make_context(path[-1] if path else "monitor", rest, parent=context)
        except click.exceptions.Exit:  # --help and the like have said what they say
            return " ".join(path)
        except click.BadParameter as error:
            if any(word in error.message for word in _ABSENT):
                return " ".join(path)
            raise
        if not isinstance(command, click.Group):
            return " ".join(path)
        rest = [*context._protected_args, *context.args]
        if not rest and command.invoke_without_command:
            return " ".join(path)
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None, line
        command = found
        path.append(name or "")
