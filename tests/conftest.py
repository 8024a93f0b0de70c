"""Fixtures every room shares: a store in a folder of its own, a clock that stands still, and the material that lies beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from monitor.place import Place, place_of
from monitor.store.driver import Store
from monitor.store.sqlite import open_sqlite
from tests import postgres

settings.register_profile("house", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

NOW = datetime(2024, 9, 26, 0, 5, tzinfo=UTC)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `store` or `engine` runs on both engines, or on those that its mark `engines` names."""
    if "engine" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("engines")
        metafunc.parametrize("engine", mark.args if mark else postgres.ENGINES)


@pytest.fixture
def store(engine: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store of an engine: a file of its own, or a database of its own on a server of this test worker."""
    if engine == "sqlite":
        opened: Store = open_sqlite(tmp_path / "monitor.db")
        yield opened
        opened.close()
        return
    with postgres.database() as address:
        from monitor.store.postgres import open_postgres

        opened = open_postgres(address)
        yield opened
        opened.close()


@pytest.fixture
def place(engine: str, tmp_path: Path) -> Iterator[Place]:
    """Where a store of an engine may be made: a file that is not there yet, or a database without a table."""
    if engine == "sqlite":
        yield Place(shown="monitor.db", path=tmp_path / "monitor.db")
        return
    with postgres.database(empty=True) as address:
        yield place_of(address, tmp_path)


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
