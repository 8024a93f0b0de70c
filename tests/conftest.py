"""Fixtures every room shares: a store in a folder of its own, a clock that stands still, and the material that lies beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from monitor.store.sqlite import SqliteStore, open_sqlite

settings.register_profile("house", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

NOW = datetime(2024, 9, 26, 0, 5, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty store in a file of its own."""
    opened = open_sqlite(tmp_path / "monitor.db")
    yield opened
    opened.close()


@pytest.fixture
def now() -> datetime:
    """The instant at which tests happen unless they say otherwise."""
    return NOW


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of material that others wrote; the test is skipped, with a line that says so, where it is absent."""
    folder = Path(__file__).resolve().parent.parent.parent / "shared"
    if not folder.is_dir():
        pytest.skip("SKIPPED: ../shared is not beside this checkout; the tests on foreign material did not run")
    return folder
