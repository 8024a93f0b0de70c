"""What the daemon says: no secret in it, no status line torn by it, and nothing that can stop it."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from monitor.log import configure, logger


class Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError


def test_secrets_are_masked() -> None:
    """A known secret appears in no event, whatever value carries it."""
    said = io.StringIO()
    configure("info", "json", ("canary-42",), said)
    logger(feed="a").warning("failed", url="https://x.example/?token=canary-42")
    assert "canary-42" not in said.getvalue()
    assert "***" in said.getvalue()


def test_a_status_line_that_takes_the_place_of_standard_error_hears_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines go to whatever standard error is when they are said, so that a status line can make room for them."""
    configure("info", "text")
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)
    logger().info("started")
    assert "started" in later.getvalue()


def test_a_broken_pipe_stops_nothing() -> None:
    """A reader that went away is not the daemon's business."""
    configure("info", "text", stream=Broken())
    logger().error("nobody hears")


UNCONFIGURED = """
import structlog  # loaded by somebody else first, with whatever draws tracebacks at hand
from monitor.log import logger
def work():
    password = "canary-" + "local"
    try:
        raise ValueError("a\\x1b[31mb")
    except ValueError:
        logger().exception("failed")
work()
"""


def test_an_unconfigured_log_shows_no_values_of_variables() -> None:
    """A traceback before logging is set up names lines, not what variables held, and its message commands no terminal."""
    done = subprocess.run([sys.executable, "-c", UNCONFIGURED], capture_output=True, text=True, check=True)
    said = done.stdout + done.stderr
    assert "ValueError" in said
    assert "canary-local" not in said
    assert "\x1b[31mb" not in said
