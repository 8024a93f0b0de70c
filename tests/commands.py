"""Runs the command line in this process, the way a shell would: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest.mock import patch

from monitor.cli import main


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


def run(*args: str) -> Outcome:
    """`monitor ARGS`, with piped output."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n", write_through=True), io.StringIO()
    code = 0
    with patch.object(sys, "argv", ["monitor", *args]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 1
    written = out.detach()
    assert isinstance(written, io.BytesIO)
    return Outcome(code, written.getvalue().decode(), err.getvalue())
