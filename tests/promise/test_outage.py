"""Mail and webhook down for seven days while digests go on being made: afterwards each has arrived, once per identity, oldest first (R4)."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.config import EmailChannel
from monitor.store.invariants import check_invariants
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import events
from tests.deliveries.smtp import Server, smtp_server
from tests.promise.world import MORNING, World

OUTAGE = timedelta(days=7)
TICK = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[World, SqliteStore]]:
    store = open_sqlite(tmp_path / "monitor.db")
    yield World(tmp_path), store
    store.close()


def add_mail(server: Server, world: World) -> None:
    """Adds a mail channel to both subscriptions, over a real SMTP connection to the scripted server, and asks for a digest at every slot."""
    settings = EmailChannel.model_construct(
        type="email",
        name="mail",
        host="127.0.0.1",
        port=server.port,
        security="none",
        username="",
        password=None,
        list_id="",
        sender="monitor@example.org",
        to=("a@example.org", "b@example.org"),
        timeout_s=5.0,
    )
    subscriptions = tuple(replace(each, channels=(*each.channels, "mail"), heartbeat=True) for each in world.config.subscription)
    world.config = replace(world.config, channel=(*world.config.channel, settings), subscription=subscriptions)


async def live(world: World, store: SqliteStore, until: datetime, items: Iterator[int]) -> None:
    """Ticks every step at its simulated times, with a new article every few hours."""
    app = world.app(store)
    ticks = 0
    while world.clock.at < until:
        if ticks % 5 == 0:
            world.web.items["one.example"] = [*world.web.items["one.example"], next(items)][-20:]
        for name in ("visit", "match", "group", "plan", "deliver"):
            if name in ("plan", "deliver") or ticks % 3 == 0:
                await pipeline.run_step(app, name)
        world.clock.at += TICK
        ticks += 1


def test_seven_days_without_mail_and_webhook(world: tuple[World, SqliteStore]) -> None:
    """Nothing is lost or doubled, each destination gets its digests in the order they were made, and the alarms were told once."""
    made, store = world
    made.web.items = {"one.example": [1, 2, 3], "two.example": [3, 4]}
    items = iter(range(5, 500))

    async def work() -> list[bytes]:
        async with smtp_server(greeting=["421 down for maintenance"]) as server:
            add_mail(server, made)
            made.web.answers = {"hook.example": ["down"], "other.example": [503]}
            await live(made, store, MORNING + OUTAGE, items)
            assert store.all("select id from deliveries where state = 'delivered' and destination not like 'file:%'") == []
            server.script = {}
            made.web.answers = {"hook.example": [200, "lost", 200]}
            await live(made, store, MORNING + OUTAGE + timedelta(days=2), items)
            return server.bodies

    bodies = asyncio.run(work())
    assert check_invariants(store) == ()
    assert store.all("select destination, state from deliveries where state <> 'delivered'") == []
    order = {row["uid"]: row["id"] for row in store.all("select id, uid from messages")}
    digests = store.one("select count(*) as n from digests where kind = 'digest'")
    assert digests is not None
    print(f"{digests['n']} digests, {len(made.web.accepted)} accepted posts, {len(bodies)} mails")
    assert digests["n"] >= 16
    _in_order([(each.host, order[each.id], each.body) for each in made.web.accepted], repeats=1)
    mails = [email.message_from_bytes(body) for body in bodies]
    named = [(str(mail["To"]), order[str(mail["Message-ID"]).strip(" \r\n<>").split(".")[0]], mail.as_bytes()) for mail in mails]
    _in_order(named, repeats=0)
    assert len({str(mail["Message-ID"]) for mail in mails}) == len(mails)
    told = [(event.kind, event.subject) for event in events(store, MORNING - timedelta(days=1), 1000)]
    for destination in ("mail:a@example.org", "webhook:hook", "webhook:other"):
        assert told.count(("delivery.failing", destination)) == 1
        assert told.count(("delivery.recovered", destination)) == 1


def _in_order(arrived: list[tuple[str, int, bytes]], repeats: int) -> None:
    """Within each destination the numbers grow; `repeats` at most come again, at once and with the same bytes."""
    seen = 0
    for destination in {each[0] for each in arrived}:
        numbers = [(number, body) for where, number, body in arrived if where == destination]
        first = list(dict.fromkeys(numbers))
        seen += len(numbers) - len(first)
        assert [number for number, _ in first] == sorted({number for number, _ in first})
    assert seen <= repeats
