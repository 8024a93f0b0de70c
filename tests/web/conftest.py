"""The database that three days of the demo leave, made once, and a copy of it for each module of tests."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitor.demo.run import run_demo
from tests.web.serving import Dashboard


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run for three days."""
    folder = tmp_path_factory.mktemp("demo") / "desk"
    asyncio.run(run_demo(folder, lambda *_: None, days=3))
    return folder


@pytest.fixture(scope="module")
def dashboard(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """An open dashboard over the module's own copy of the demo."""
    folder = tmp_path_factory.mktemp("web") / "desk"
    shutil.copytree(demo_folder, folder)
    with Dashboard(folder) as opened:
        yield opened


@pytest.fixture
def own_dashboard(demo_folder: Path, tmp_path: Path) -> Iterator[Dashboard]:
    """An open dashboard over a copy of the demo that the test alone changes."""
    shutil.copytree(demo_folder, tmp_path / "desk")
    with Dashboard(tmp_path / "desk") as opened:
        yield opened


@pytest.fixture(scope="module")
def person(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """Somebody who has logged in."""
    with dashboard.person() as client:
        yield client


@pytest.fixture
def stranger(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """Somebody who has not."""
    with dashboard.stranger() as client:
        yield client
