"""Three parses that end badly make a page poison; one that ended well never counts against it, whatever becomes of what it gave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from monitor.articles import step
from monitor.articles.step import MAX_STRIKES, ReadSettings
from monitor.errors import SandboxError, StoreError
from monitor.fetch import Request, Response
from monitor.store import articles, sites
from monitor.store.driver import Store
from monitor.store.sites import LeaseLost
from tests.articles.test_forward import PAGE, pending
from tests.promise.faults import Faults, FaultyStore
from tests.promise.world import InProcess, page

LEASE = timedelta(minutes=5)
SETTINGS = ReadSettings(agent="x", languages=("en",), robots=False)


class Answers:
    """A door behind which every address has the same answer."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def send(self, request: Request) -> Response:
        return Response(url=request.url, status=200, headers=(("content-type", "text/html"),), body=self.body)


class Parses(InProcess):
    """The parse door; `then` happens when a parse has ended well."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.then = then

    async def call(self, function: str, args: Mapping[str, object], body: bytes, **limits: float) -> Any:
        found = await super().call(function, args, body, **limits)
        self.then()
        return found


class Crashes(InProcess):
    """A parse door whose child dies over every page."""

    async def call(self, function: str, args: Mapping[str, object], body: bytes, **limits: float) -> Any:
        raise SandboxError("died", "killed by a signal")


def visit(store: Store, at: datetime, sandbox: InProcess, body: bytes = b"") -> None:
    """One visit to the site that is due."""
    (site,) = sites.claim(store, at, at + LEASE, 1, f"visitor at {at}")
    door = Answers(body or page(1).encode())
    asyncio.run(step.read(site, store=store, door=door, sandbox=sandbox, clock=lambda: at, settings=SETTINGS))
    assert site.owner is not None
    sites.release(store, site.id, site.owner)


def article(store: Store) -> tuple[str, int]:
    """The state and the strikes of the one article."""
    row = store.one("select state, strikes from articles")
    assert row is not None
    return row["state"], row["strikes"]


def test_a_lost_lease_is_no_strike(store: Store, now: datetime) -> None:
    """A visitor that loses its site between parse and save, as often as it may, does not make the page poison; the next one reads it."""
    pending(store, PAGE, now)
    for hour in range(MAX_STRIKES + 1):
        at = now + timedelta(days=hour)
        taken: list[bool] = []

        def taken_over(at: datetime = at, taken: list[bool] = taken) -> None:
            taken.append(bool(sites.claim(store, at + LEASE, at, 1, f"another at {at}")))

        with pytest.raises(LeaseLost):
            visit(store, at, Parses(taken_over))
        assert taken == [True]
        assert article(store) == ("pending", 0)
        sites.free_all(store, at)
    visit(store, now + timedelta(days=9), Parses())
    assert article(store) == ("done", 0)


def test_a_store_that_refuses_is_no_strike(store: Store, now: datetime) -> None:
    """What was read well and could not be stored leaves no strike."""
    pending(store, PAGE, now)
    refusing = FaultyStore(store, faults := Faults(mode="error"))

    def refuse_the_next() -> None:
        faults.at = len(faults.points) + 1

    with pytest.raises(StoreError):
        visit(refusing, now, Parses(refuse_the_next))
    assert article(store) == ("pending", 0)


def test_a_check_for_robots_is_no_strike(store: Store, now: datetime) -> None:
    """A site that shows its check again and again is asked until the schedule runs out, and the reason told is the check."""
    pending(store, PAGE, now)
    check = b"<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing paper.example.</p></body></html>"
    for day in range(MAX_STRIKES + 1):
        visit(store, now + timedelta(days=2 * day), Parses(), check)
        assert article(store) == ("pending", 0)
    for day in range(5, 9):
        if article(store)[0] == "pending":
            visit(store, now + timedelta(days=2 * day), Parses(), check)
    assert store.all("select state, error_kind from articles") == [{"state": "failed", "error_kind": "bot-check"}]
    assert articles.count_by_state(store) == {"failed": 1}


def test_parses_that_end_badly_are(store: Store, now: datetime) -> None:
    """Three of them, and the page is not parsed again: its feed text stands for it."""
    pending(store, PAGE, now)
    for day in range(MAX_STRIKES):
        visit(store, now + timedelta(days=2 * day), Crashes())
    assert article(store) == ("dead", MAX_STRIKES)
