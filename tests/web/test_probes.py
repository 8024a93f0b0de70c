"""Probes: does the process live, does it do its work, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest

from monitor.store.steps import daemon_started, step_ran
from monitor.web.front import page_threads
from monitor.web.site import site
from tests.web.serving import NOW, TOKEN, Dashboard


@pytest.mark.parametrize("path", ["/healthz", "/liveness"])
def test_a_living_process_says_so(own_dashboard: Dashboard, path: str) -> None:
    """Without a token, from this machine, and without a database."""
    own_dashboard.store.close()
    with own_dashboard.stranger() as client:
        answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, "ok\n")


@pytest.mark.parametrize("path", ["/readyz", "/readiness"])
def test_ready_where_the_database_answers(dashboard: Dashboard, path: str) -> None:
    """200 with no reasons."""
    with dashboard.stranger() as client:
        answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "reasons": []}
    assert answer.headers["content-type"] == "application/json"


def test_a_late_step_is_a_reason(own_dashboard: Dashboard) -> None:
    """A daemon that runs and whose step has not ended for long is not ready; the step is named."""
    store = own_dashboard.store
    daemon_started(store, "life", 4711, "desk", "0", NOW - timedelta(minutes=1))
    with store.write():
        store.run("update daemons set started_at = :began where id = 'life'", began=NOW - timedelta(hours=5))
    step_ran(store, "match", NOW - timedelta(hours=4), NOW - timedelta(hours=4), {})
    with own_dashboard.stranger() as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert not answer.json()["ready"]
    assert any("match has not ended" in reason for reason in answer.json()["reasons"])


def test_a_failing_step_is_a_reason(own_dashboard: Dashboard) -> None:
    """The last run of a step ended with an error: not ready, and why."""
    step_ran(own_dashboard.store, "plan", NOW, NOW, {}, "ValueError: no such zone")
    with own_dashboard.stranger() as client:
        assert "no such zone" in client.get("/readyz").json()["reasons"][0]


def test_a_database_that_does_not_answer_is_a_reason(own_dashboard: Dashboard) -> None:
    """503 with the reason in JSON, not a page."""
    with own_dashboard.store.write():
        own_dashboard.store.run("drop table steps")
    with own_dashboard.stranger() as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "the database does not answer" in answer.json()["reasons"][0]


def asked_from(dashboard: Dashboard, address: str, path: str, *headers: tuple[str, str]) -> int:
    """The status that a peer at an address gets, through the application itself."""
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def ask() -> None:
        with page_threads() as pool:
            scope = {
                "type": "http",
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "root_path": "",
                "headers": [(name.encode(), value.encode()) for name, value in (("host", "localhost"), *headers)],
                "client": (address, 40000),
                "server": ("127.0.0.1", 80),
            }
            await site(dashboard.desk, dashboard.keys, pool)(scope, receive, send)

    asyncio.run(ask())
    return statuses[0]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_from_elsewhere_need_the_token(dashboard: Dashboard, path: str) -> None:
    """Another machine is asked for the token; this one, by any spelling of loopback, is not."""
    for near in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"):
        assert asked_from(dashboard, near, path) == 200
    for far in ("192.0.2.7", "2001:db8::1", "unknown"):
        assert asked_from(dashboard, far, path) == 401
        assert asked_from(dashboard, far, path, ("authorization", f"Bearer {TOKEN}")) == 200
