"""The read API against its own document: what it declares is what it does, for requests that are made up by the hundred."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from monitor.web.api.operations import ITEMS, LISTS, PREFIX
from tests.web.serving import TOKEN, Dashboard

BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATHS = [PREFIX + each.path for each in (*LISTS, *ITEMS)]
ALLOWED, FORBIDDEN = 40, 20
DEEP = 400


@pytest.fixture(scope="module")
def api(dashboard: Dashboard) -> Any:
    """The API as its document describes it, served on loopback over the demo's database."""
    with dashboard.stranger() as client:
        served = client.get(f"{PREFIX}/openapi.json", headers=BEARER).json()
    schema = schemathesis.openapi.from_dict(served)
    schema.config.update(base_url=dashboard.address)
    return schema


def hold(api: Any, path: str, mode: GenerationMode, most: int) -> None:
    """Asks so many requests of a kind, and holds every answer to the document."""

    @settings(max_examples=most, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case: Case = data.draw(api[path]["GET"].as_strategy(generation_mode=mode))
        case.call_and_validate(headers=BEARER)

    ask()


@pytest.mark.parametrize("path", PATHS)
def test_what_is_allowed_is_answered_as_declared(api: Any, path: str) -> None:
    """Status, type, headers and body of each answer are declared; other methods are refused; without the token there is no answer."""
    hold(api, path, GenerationMode.POSITIVE, ALLOWED)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_allowed_is_refused_as_declared(api: Any, path: str) -> None:
    """Values that the document does not allow are answered with a problem, never with a fault."""
    hold(api, path, GenerationMode.NEGATIVE, FORBIDDEN)


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_hundreds_of_requests(api: Any, path: str, mode: GenerationMode) -> None:
    """The same with many more requests."""
    hold(api, path, mode, DEEP)
