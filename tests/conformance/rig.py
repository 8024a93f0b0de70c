"""The daemon's steps over a scripted server, a name server of ours and a clock that moves only when told. Verdicts come from its store and the server's log."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import EAI_NONAME, gaierror
from typing import Any

from monitor import pipeline
from monitor.app import open_app
from monitor.config import load_config
from monitor.fetch import Door
from monitor.fetch.polite import PoliteDoor
from monitor.health import troubles
from monitor.hours import from_text
from monitor.pipeline import App
from monitor.sandbox import Sandbox
from monitor.store import feeds
from monitor.store.driver import Row
from monitor.store.sqlite import SqliteStore, open_sqlite
from tests.conformance.server import Asked, Server, reply, serving

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TICK = timedelta(seconds=5)

WATCHLIST = """\
version = 1
[watchlist.chips]
title = "Chips"
match = "firm"
alert = 1
review = 0.5
[side.firm]
[side.firm.entity.hoa]
names = ["Nhà máy Hoà Phát", "Hoa Phat factory"]
[side.firm.topic.chips]
en = ["semiconductor*"]
"""

CONFIG = """\
database = "monitor.db"
watchlists = ["watchlist.toml"]
[fetch]
contact = "https://monitor.example/about"
allow_private = ["127.0.0.0/8"]
ports = [{ports}]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.daily]
watchlists = ["chips"]
channels = ["desk"]
at = ["07:00"]
"""


_FEEDS = """
select min(max(f.next_poll_at, coalesce(s.blocked_until_at, f.next_poll_at))) as due from feeds f join sites s on s.id = f.site_id
where f.state = 'active' and f.next_poll_at is not null
"""
_PAGES_TOO = "select min(due_at) as due from sites where due_at is not null"


class Clock:
    """Wall clock, monotonic clock and sleep in one: time passes only when somebody waits or the case says so."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        until = self.at + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.at = max(self.at, until)


class Rig:
    """A folder with a configuration, and the program opened on it."""

    def __init__(self, folder: Path, server: Server, clock: Clock, sandbox: Sandbox, tls: ssl.SSLContext | None) -> None:
        self.folder = folder
        self.server = server
        self.clock = clock
        self.names: dict[str, list[str]] = {}
        self.settings: dict[str, dict[str, object]] = {}
        self.defaults: dict[str, object] = {}
        self.articles = False
        self.app: App | None = None
        self.store: SqliteStore
        self._tls = tls
        self._sandbox = sandbox
        self._open = AsyncExitStack()

    def feed(self, name: str, url: str, **settings: object) -> None:
        """Configures a feed; it counts from the next start."""
        self.settings[name] = {"url": url, **settings}

    async def start(self) -> None:
        """Starts the program, as a new process would: on the files and the store as they are."""
        if self.app is not None:
            await self.stop()
        self._write_files()
        config = load_config(self.folder / "config.toml")
        self._open = AsyncExitStack()
        self.store = open_sqlite(config.database_path)
        self._open.callback(self.store.close)
        app = await self._open.enter_async_context(open_app(config, self.store, clock=self.clock, read_articles=self.articles))
        fetch = config.fetch
        door = Door(
            user_agent=fetch.agent,
            allow_private=fetch.allow_private,
            ports=fetch.ports,
            in_flight=fetch.in_flight,
            resolver=self._resolve,
            tls=self._tls,
        )
        await self._open.enter_async_context(door)
        polite = PoliteDoor(door, fetch.per_host_pause_s, self.clock.monotonic, self.clock.sleep)
        self.app = replace(app, door=polite, direct_door=door, sandbox=self._sandbox)

    async def stop(self) -> None:
        await self._open.aclose()
        self.app = None

    async def step(self, name: str = "visit") -> dict[str, int]:
        """One tick of a step."""
        if self.app is None:
            await self.start()
        assert self.app is not None
        return await pipeline.run_step(self.app, name)

    async def poll(self, *, force: bool = False, after: timedelta | None = None) -> dict[str, int]:
        """A tick that visits what is due, `after` a while; with `force` everything a person may force."""
        if self.app is None:
            await self.start()
        if after is not None:
            self.clock.at += after
        if force:
            feeds.make_due(self.store, self.clock())
        return await self.step()

    async def again(self, times: int = 1) -> None:
        """Polls at the next due time, so many times."""
        for _ in range(times):
            due = self._next_due()
            assert due is not None, "nothing will ever be due again"
            self.clock.at = max(self.clock.at, due)
            await self.step()

    async def pass_time(self, span: timedelta) -> None:
        """Lets the daemon run for a while: ticks whenever something is due."""
        if self.app is None:
            await self.start()
        until = self.clock.at + span
        while self.clock.at < until:
            await self.step()
            due = self._next_due()
            self.clock.at = until if due is None else min(until, max(due, self.clock.at + TICK))

    async def digest(self) -> None:
        """Matches, groups, plans and delivers what is stored."""
        for name in ("match", "group", "plan", "deliver"):
            await self.step(name)

    def state(self, name: str = "one") -> Row:
        """A feed's row."""
        row = self.store.one("select * from feeds where name = :name", name=name)
        assert row is not None
        return row

    def next_poll(self, name: str = "one") -> timedelta:
        """How long a feed waits from this instant."""
        return from_text(self.state(name)["next_poll_at"]) - self.clock()

    def entries(self, name: str = "one") -> list[Row]:
        return self.store.all(
            "select e.* from entries e join feeds f on f.id = e.feed_id where f.name = :name order by e.id",
            name=name,
        )

    def titles(self, name: str = "one") -> list[str]:
        return [row["title"] for row in self.entries(name)]

    def rows(self, sql: str, **values: Any) -> list[Row]:
        return self.store.all(sql, **values)

    def alerts(self) -> list[Row]:
        """Hits that are or will be told."""
        return self.rows("select h.id, a.title from hits h join articles a on a.id = h.article_id where h.quiet = 0 order by h.id")

    def events(self, kind: str) -> list[str]:
        return [row["detail"] for row in self.rows("select detail from events where kind = :kind order by id", kind=kind)]

    def findings(self) -> list[tuple[bool, str]]:
        """What `monitor status` tells of feeds: whether somebody must act, and the text."""
        found = troubles(self.store, self.clock())
        return [(trouble.problem, trouble.text) for trouble in found if trouble.text.startswith("feed ")]

    def asked(self, path: str | None = None, host: str | None = None) -> list[Asked]:
        return self.server.asked(path, host)

    def _next_due(self) -> datetime | None:
        row = self.store.one(_PAGES_TOO if self.articles else _FEEDS)
        return from_text(row["due"]) if row and row["due"] else None

    async def _resolve(self, host: str, port: int) -> list[str]:
        if not host[-1].isalpha() or host.startswith("["):
            return [host.strip("[]")]
        if host.endswith(".invalid"):
            raise gaierror(EAI_NONAME, "Name or service not known")
        return self.names.get(host, ["127.0.0.1"])

    def _write_files(self) -> None:
        (self.folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
        ports = ", ".join(str(port) for port in (self.server.port, self.server.tls_port) if port)
        text = CONFIG.format(ports=ports)
        tables = {"feeds": self.defaults, **{f"feed.{name}": table for name, table in self.settings.items()}}
        for name, table in tables.items():
            text += f"[{name}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())
        (self.folder / "config.toml").write_text(text, encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


@asynccontextmanager
async def rig(
    folder: Path, sandbox: Sandbox, tls: ssl.SSLContext | None = None, trusting: ssl.SSLContext | None = None
) -> AsyncIterator[Rig]:
    """A rig with its server; `tls` is what the server shows, `trusting` what the program trusts."""
    clock = Clock(START)
    async with serving(clock, tls) as server:
        made = Rig(folder, server, clock, sandbox, trusting)
        try:
            yield made
        finally:
            await made.stop()


async def polled(rig: Rig, *documents: str, **settings: object) -> list[str]:
    """Polls a feed once for each document; returns the titles stored."""
    rig.feed("one", rig.server.say("/f", *(reply(document) for document in documents)), **settings)
    await rig.poll()
    if len(documents) > 1:
        await rig.again(len(documents) - 1)
    return rig.titles()
