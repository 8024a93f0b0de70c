"""The browser of the tests: Chromium without a window, which asks nobody but us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def needed(what: str) -> None:
    """Skips with a line that says what was not looked at where there is no Chromium; under CI that is a failure."""
    if CHROMIUM.exists():
        return
    told = f"{CHROMIUM} is not installed: {what}"
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(f"SKIPPED: {told}")


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, opened and closed."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield opened
        opened.close()
