"""R6: no spelling of a private address gets a connection, whoever says it: a feed's address, a redirect, a page's address, an endpoint (cases 66-71, 141).

The doors are the real ones and so is the listener, at every address of this machine. Where a network namespace can be made (root on Linux), a second
run makes *every* IPv4 and IPv6 address one of this machine's, so that a connection to 10.0.0.1 or to a metadata service would be seen as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import html
import os
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from monitor import pipeline
from monitor.config import FeedSettings, Secret, WebhookChannel
from monitor.deliveries.webhook import WebhookSender
from monitor.feeds.polling import PollSettings
from monitor.fetch import Door, Request
from monitor.fetch.polite import PoliteDoor
from monitor.fetch.resolve import system_addresses
from monitor.store import feeds
from monitor.store.sqlite import open_sqlite
from monitor.urls import host
from tests.deliveries.rows import message
from tests.promise.spellings import HOSTS, NAMES, TRICKS, spellings
from tests.promise.world import MORNING, SECRET, World

PATHS = ("feed", "feed-redirect", "page", "page-redirect", "webhook", "webhook-redirect")
_NEWNET = 0x40000000


class Listener(asyncio.Protocol):
    """Takes every connection and remembers at which of our addresses it arrived."""

    def __init__(self, seen: Counter[str]) -> None:
        self.seen = seen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.seen[transport.get_extra_info("sockname")[0].removeprefix("::ffff:")] += 1
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")


class Publisher(asyncio.Protocol):
    """The one server that may be asked: says what its dictionary says, by path."""

    def __init__(self, says: dict[str, bytes]) -> None:
        self.says = says
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if b"\r\n\r\n" in self.received:
            path = self.received.split(b" ")[1].decode("ascii")
            self.transport.write(self.says.get(path, b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n"))
            self.transport.close()


@dataclass
class Place:
    """Where the table is run: the address that may be asked, the listener's port, what it saw, and what the publisher says."""

    public: str
    leave: tuple[str, ...]
    provable: tuple[str, ...]
    port: int = 0
    press: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    says: dict[str, bytes] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> dict[str, int]:
        """Connections at addresses that nobody may be led to."""
        return {address: count for address, count in self.seen.items() if address != self.public}

    async def look_up(self, name: str, port: int) -> list[str]:
        """The name server of the table; numbers and `localhost` are left to the system."""
        if name not in NAMES:
            if name == "localhost" or not any(char.isalpha() for char in name) or ":" in name:
                return await system_addresses(name, port)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = NAMES[name]
        said = answers[min(self.asked[name], len(answers) - 1)]
        self.asked[name] += 1
        return [self.public if address == "{public}" else address for address in said]

    def door(self, **more: Any) -> Door:
        """The fetch door, which may ask the publisher."""
        return Door(user_agent="x", allow_private=self.leave, ports=(self.port, self.press), resolver=self.look_up, **more)


@contextlib.asynccontextmanager
async def listening(place: Place) -> AsyncIterator[Place]:
    """A listener at all addresses, and the publisher at the one that may be asked."""
    loop = asyncio.get_running_loop()
    everywhere = await loop.create_server(lambda: Listener(place.seen), "0.0.0.0", 0)
    place.port = everywhere.sockets[0].getsockname()[1]
    six = None
    with contextlib.suppress(OSError):  # a machine without IPv6 needs no listener there
        six = await loop.create_server(lambda: Listener(place.seen), "::", place.port)
    press = await loop.create_server(lambda: Publisher(place.says), place.public, 0)
    place.press = press.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        for server in (everywhere, press, six):
            if server is not None:
                server.close()


def redirect(target: str) -> bytes:
    """A redirect to `target`, as a server would write it."""
    line = target.encode("utf-8").replace(b"\n", b"%0A").replace(b"\x00", b"%00")
    return b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: " + line + b"\r\n\r\n"


def feed(links: list[str]) -> bytes:
    """A feed with an item for each link."""
    items = "".join(
        f"<item><title>Item {n}</title><guid>{n}</guid><link>{html.escape(link)}</link></item>".replace("\x00", "")
        for n, link in enumerate(links)
    )
    body = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>".encode()
    return b"HTTP/1.1 200 X\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def configured(place: Place, table: tuple[str, ...]) -> tuple[FeedSettings, ...]:
    """Feeds at every spelling, feeds that redirect there, and one whose items and pages lead there."""
    press = f"http://{place.public}:{place.press}"
    for number, target in enumerate(table):
        place.says[f"/r/{number}"] = redirect(target)
    place.says["/items"] = feed([*table, *(f"{press}/r/{number}?page" for number in range(len(table)))])
    for number, target in enumerate(table):
        place.says[f"/r/{number}?page"] = redirect(target)
    direct = (FeedSettings.model_construct(name=f"feed-{n}", url=target, title="", lang="en") for n, target in enumerate(table))
    hopping = (FeedSettings(name=f"feed-redirect-{n}", url=f"{press}/r/{n}", lang="en") for n in range(len(table)))
    return (*direct, *hopping, FeedSettings(name="items", url=f"{press}/items", lang="en"))


async def poll_and_read(place: Place, folder: Path, table: tuple[str, ...]) -> Counter[str]:
    """Polls and reads all of it as the program does; how many feeds and pages ended without an answer, by path."""
    world = World(folder)
    wanted = configured(place, table)
    store = open_sqlite(folder / "monitor.db")
    try:
        feeds.sync(store, wanted, world.config.feeds, MORNING)
        async with place.door() as door:
            app = world.app(store)
            feeds.sync(store, wanted, world.config.feeds, MORNING)
            settings = PollSettings(feeds=wanted, defaults=world.config.feeds, agent="x", allow_private=(), ports=())
            app = replace(app, door=PoliteDoor(door, 0.0, lambda: 0.0), poll_settings=settings)
            await pipeline.visit(app)
        ended: Counter[str] = Counter()
        for row in store.all("select name, fail_count, polls from feeds where state <> 'removed' and name <> 'items'"):
            assert row["fail_count"] == 1, row
            ended["-".join(row["name"].split("-")[:-1])] += 1
        for row in store.all("select url, text_source, attempts from articles where url <> ''"):
            assert row["text_source"] == "feed", row
            ended["page-redirect" if f":{place.press}/r/" in row["url"] else "page"] += row["attempts"]
        return ended
    finally:
        store.close()


async def post(place: Place, table: tuple[str, ...]) -> Counter[str]:
    """Posts to endpoints at every spelling, and to those that redirect there."""
    ended: Counter[str] = Counter()
    async with place.door() as door:
        for path, targets in (
            ("webhook", table),
            ("webhook-redirect", tuple(f"http://{place.public}:{place.press}/r/{n}" for n in range(len(table)))),
        ):
            for target in targets:
                settings = WebhookChannel.model_construct(
                    type="webhook",
                    name="hook",
                    url=target,
                    secret=Secret(SECRET),
                    previous_secret=None,
                    timeout_s=2.0,
                    allow_private=(),
                    ports=(),
                )
                verdict = await WebhookSender(settings, door).send(message(b"{}", form="json"), "webhook:hook", MORNING)
                assert verdict.outcome == "again" or host(target).endswith(("rebinding.example", "mixed.example", "mixed6.example")), target
                ended[path] += 1
    return ended


async def run_table(place: Place, folder: Path) -> Counter[str]:
    """The whole table by all paths, then the proof that the listener would have seen a connection."""
    async with listening(place):
        table = spellings(place.port)
        ended = await poll_and_read(place, folder, table)
        ended += await post(place, table)
        assert place.wrong == {}
        await controls(place)
        return ended


async def controls(place: Place) -> None:
    """What may be reached is seen by the listener: its zero means something."""
    async with Door(user_agent="x", allow_private=place.provable, ports=(place.port,)) as door:
        for address in place.provable:
            host = f"[{address}]" if ":" in address else address
            assert (await door.send(Request(url=f"http://{host}:{place.port}/"))).body == b"secret"
    assert place.wrong == dict.fromkeys(place.provable, 1)


def test_r6_no_spelling_gets_a_connection(tmp_path: Path) -> None:
    """More than eighty spellings by each path: none arrives at any address of this machine but the one that may be asked."""
    assert len({*HOSTS, *NAMES, *TRICKS}) >= 80
    ended = asyncio.run(run_table(Place(public="127.0.0.2", leave=("127.0.0.2/32",), provable=("127.0.0.1",)), tmp_path))
    print(dict(ended))
    assert min(ended[path] for path in PATHS) >= 80


def in_a_world_of_its_own(place: Place, folder: Path) -> Counter[str] | None:
    """The table in a network namespace in which every address is this machine's; None where none can be made. Ends with the calling thread."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEWNET) != 0:
        return None
    for command in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"):
        if subprocess.run(["ip", *command.split()], check=False, capture_output=True).returncode:
            return None
    return asyncio.run(run_table(place, folder))


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="SKIPPED: a network namespace needs root and ip")
def test_r6_no_address_of_the_world_gets_a_connection(tmp_path: Path) -> None:
    """The same where 10.0.0.1, the metadata services and all other addresses lead to the listener, the public ones too."""
    place = Place(public="9.9.9.9", leave=(), provable=("127.0.0.1", "10.0.0.1", "8.8.8.8", "fd12::1", "2606:4700::1111"))
    ended: list[Counter[str] | BaseException | None] = []

    def work() -> None:
        try:
            ended.append(in_a_world_of_its_own(place, tmp_path))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    if ended[0] is None:
        pytest.skip("SKIPPED: no network namespace can be made here")
    print(dict(ended[0]))
    assert min(ended[0][path] for path in PATHS) >= 80
