"""The world around the workers: newspapers on loopback, each a host with a pace of its own, and an endpoint that keeps what it is told.

One process, so that what is counted is counted over all workers: requests in flight at each host, answers at each address, bodies under each identity.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.newsroom import rss
from tests.promise.world import THINGS, VERBS

LATENCY_S = (0.05, 0.2)
HITS_EVERY = 16
"""One article of so many is a hit; the others say nothing of what is watched."""

_SINK = "127.0.0.1"
_TREES = ("Alder", "Birch", "Cedar", "Damson", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper")
_TRADES = ("Works", "Power", "Mills", "Lines", "Fields", "Marine", "Nets", "Bridges", "Air", "Rail")
FIRMS = tuple(f"{tree} {trade}" for tree in _TREES for trade in _TRADES)
MOST_ARTICLES = len(FIRMS) * HITS_EVERY
_SYLLABLES = tuple(first + second for first in "bdfgklmnprstvz" for second in "aeiou")
WATCHLIST = f"""
version = 1
[watchlist.pair]
match = "north and south and works"
alert = 3.0
review = 2.0
[side.north.entity.north]
names = ["Northland"]
type = "place"
hub = true
{"".join(f'[side.north.entity.firm-{n}]{chr(10)}names = ["{firm}"]{chr(10)}type = "company"{chr(10)}' for n, firm in enumerate(FIRMS))}
[side.south.entity.south]
names = ["Southland"]
type = "place"
hub = true
[side.works.topic.works]
weight = 3.0
en = [{", ".join(f'"{thing}*"' for thing in THINGS)}]
"""


@dataclass(frozen=True, slots=True)
class Paper:
    """One host with its feed."""

    host: str
    latency_s: float
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A body that the endpoint took, whether or not the worker heard of it."""

    identity: str
    worker: str
    body: bytes


@dataclass
class World:
    """What is published, and what was seen of those who came for it. A worker tells its name as its User-Agent.

    edition: how many of a paper's articles its feed shows. on_post: hears the worker of each POST; True: it gets no answer.
    """

    papers: Mapping[str, Paper]
    edition: int
    port: int = 0
    peak: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    feeds: Counter[str] = field(default_factory=Counter)
    conditional: int = 0
    answered_s: list[float] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    on_post: Callable[[str], bool] = lambda worker: False
    _now: Counter[str] = field(default_factory=Counter)
    _began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=1))

    def begins(self, host: str) -> None:
        """A request has arrived at a host."""
        self._now[host] += 1
        self.peak[host] = max(self.peak[host], self._now[host])

    def ends(self, host: str) -> None:
        """It was answered, or whoever asked has gone."""
        self._now[host] -= 1

    def url(self, paper: Paper, number: int) -> str:
        """The address of an article."""
        return f"http://{paper.host}:{self.port}/{number}.html"

    def published(self) -> dict[str, int]:
        """Every article that a feed shows: its address and its number."""
        return {self.url(paper, number): number for paper in self.papers.values() for number in paper.numbers[: self.edition]}

    def hits(self) -> dict[str, str]:
        """The address and the headline of every article that is a hit."""
        return {url: headline(number) for url, number in self.published().items() if number % HITS_EVERY == 0}

    def answer(self, host: str, path: str, fields: Mapping[str, str]) -> bytes:
        """What a host says to a GET."""
        paper = self.papers[host]
        if path == "/robots.txt":
            return _reply(404, b"")
        if path == "/feed.xml":
            return self._feed(paper, fields)
        number = int(path.strip("/").removesuffix(".html"))
        if not self.pages[self.url(paper, number)]:
            self.answered_s.append(time.monotonic())
        self.pages[self.url(paper, number)] += 1
        return _reply(200, page(number), "text/html; charset=utf-8")

    def _feed(self, paper: Paper, fields: Mapping[str, str]) -> bytes:
        self.feeds[paper.host] += 1
        etag = f'"edition-{self.edition}"'
        if fields.get("if-none-match") == etag:
            self.conditional += 1
            return _reply(304, b"", etag=etag)
        items = [
            (headline(number), self.url(paper, number), _invented(f"said {number}", 20), self._began + timedelta(seconds=number % 3000))
            for number in paper.numbers[: self.edition]
        ]
        return _reply(200, rss(paper.host, items), "application/rss+xml; charset=utf-8", etag)


def headline(number: int) -> str:
    """The headline of an article: each hit is about a firm and a place of its own, so that no two are one story."""
    hit, more = divmod(number, HITS_EVERY)
    if more:
        return _invented(f"title {number}", 8).capitalize()
    place = _invented(f"place {hit}", 1).capitalize()
    return f"{FIRMS[hit]} of Northland {VERBS[hit * 7 % 10]} a {THINGS[(hit // 10 + hit) % 10]} at {place} in Southland"


def page(number: int) -> bytes:
    """The page of an article."""
    told = "".join(f"<p>{_invented(f'{number} {part}', 50).capitalize()}.</p>" for part in range(3))
    name = headline(number)
    return f"<!doctype html><html lang='en'><head><title>{name}</title></head><body><article><p>{name}.</p>{told}</article></body></html>".encode()


def _invented(seed: str, count: int) -> str:
    """So many words of no language, which no two texts share."""
    chosen = random.Random(seed)
    return " ".join("".join(chosen.choice(_SYLLABLES) for _ in range(chosen.randint(2, 4))) for _ in range(count))


def _reply(status: int, body: bytes, content_type: str = "text/plain", etag: str = "") -> bytes:
    tag = f"ETag: {etag}\r\n" if etag else ""
    return f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n{tag}Content-Length: {len(body)}\r\n\r\n".encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, world: World) -> None:
        self._world = world
        self._received = b""
        self._asked = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._host: str = transport.get_extra_info("sockname")[0]

    def connection_lost(self, error: Exception | None) -> None:
        if self._asked:
            self._world.ends(self._asked)
            self._asked = ""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        size = int(fields.get("content-length", "0"))
        if len(rest) < size:
            return
        self._received = rest[size:]
        method, path, _ = first.split(" ")
        if method == "POST":
            self._post(fields, rest[:size])
            return
        self._asked = self._host
        self._world.begins(self._asked)
        asyncio.get_running_loop().call_later(self._world.papers[self._host].latency_s, self._answer, path, fields)

    def _answer(self, path: str, fields: Mapping[str, str]) -> None:
        if not self._asked:
            return
        self._world.ends(self._asked)
        self._asked = ""
        self._transport.write(self._world.answer(self._host, path, fields))

    def _post(self, fields: Mapping[str, str], body: bytes) -> None:
        worker = fields.get("user-agent", "")
        self._world.taken.append(Taken(fields.get("webhook-id", ""), worker, body))
        if not self._world.on_post(worker):
            self._transport.write(_reply(200, b""))


def world(hosts: int, articles: int, edition: int) -> World:
    """So many papers, each with so many articles, of which its feed shows the first `edition`."""
    pace = random.Random(7)
    papers = {}
    for place in range(hosts):
        host = f"127.1.{place // 250}.{1 + place % 250}"
        papers[host] = Paper(host, pace.uniform(*LATENCY_S), tuple(place * articles + number for number in range(articles)))
    return World(papers, edition)


@contextlib.asynccontextmanager
async def serving(found: World) -> AsyncIterator[World]:
    """Serves a world: every paper at its own address of loopback, the endpoint at 127.0.0.1, all at one port."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: _Connection(found), _SINK, 0, backlog=512)]
    found.port = servers[0].sockets[0].getsockname()[1]
    try:
        for host in found.papers:
            servers.append(await loop.create_server(lambda: _Connection(found), host, found.port, backlog=512))
        yield found
    finally:
        for server in servers:
            server.close()
