"""A server on loopback with feeds and pages, for benches and soaks: answers conditional requests by ETag, keeps connections, counts what it is asked.

`python -m tests.newsroom FEEDS ENTRIES HOSTS LATENCY_MS` runs one in a process of its own; it prints its port, and `/ctl/counts` gives its counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_WORDS = (
    "minister plant chips grid export talks capital power engineers supplier licence research network policy market growth province summit fund "
    "design model training energy customs tariff harbour bridge school energy satellite cloud bank Hanoi Nhật Bình đầu tư hợp tác sản xuất công nghệ"
)
WORDS = _WORDS.split()


@dataclass(slots=True)
class Answer:
    """What stands at a path. A changed body needs a changed etag."""

    body: bytes
    content_type: str
    etag: str = ""
    fields: str = ""
    packed: bytes = field(default=b"")


class Newsroom:
    """Paths with their answers; `make` answers paths where nothing was placed. `counts` holds requests by status."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.answers: dict[str, Answer] = {}
        self.make: Callable[[str], bytes | None] = lambda target: None
        self.counts: Counter[str] = Counter()
        self.latency_s = latency_s
        self.on_request: Callable[[str], None] = lambda target: None
        self.port = 0
        self.hosts: tuple[str, ...] = ("127.0.0.1",)

    def put(self, path: str, body: bytes, content_type: str = "text/html; charset=utf-8", etag: str = "", fields: str = "") -> None:
        """Places an answer at a path; `fields` are further header lines, each ended by CRLF."""
        self.answers[path] = Answer(body, content_type, etag, fields, gzip.compress(body, 5) if len(body) > 200 else b"")

    def url(self, path: str, host: int = 0) -> str:
        """The address of a path at one of the hosts."""
        return f"http://{self.hosts[host % len(self.hosts)]}:{self.port}{path}"

    def reply(self, target: str, fields: dict[str, str]) -> bytes:
        """The bytes of the answer to a request."""
        if target == "/ctl/counts":
            body = json.dumps(self.counts).encode()
            self.counts.clear()
            return _head(200, "application/json", f"Content-Length: {len(body)}\r\n") + body
        self.on_request(target)
        found = self.answers.get(target)
        if found is None and (made := self.make(target)) is not None:
            found = Answer(made, "text/html; charset=utf-8")
        if found is None:
            self.counts["404"] += 1
            return _head(404, "text/plain", "Content-Length: 0\r\n")
        etag = (f"ETag: {found.etag}\r\n" if found.etag else "") + found.fields
        self.counts["conditional"] += "if-none-match" in fields
        if found.etag and fields.get("if-none-match") == found.etag:
            self.counts["304"] += 1
            return _head(304, found.content_type, etag)
        self.counts["200"] += 1
        packed = bool(found.packed) and "gzip" in fields.get("accept-encoding", "")
        body = found.packed if packed else found.body
        coding = "Content-Encoding: gzip\r\n" if packed else ""
        return _head(200, found.content_type, f"{etag}{coding}Content-Length: {len(body)}\r\n") + body


def _head(status: int, content_type: str, fields: str) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n{fields}\r\n".encode()


class _Connection(asyncio.Protocol):
    def __init__(self, room: Newsroom) -> None:
        self.room = room
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            answer = (first.split(" ")[1], fields)
            if self.room.latency_s:
                asyncio.get_running_loop().call_later(self.room.latency_s, self._answer, *answer)
            else:
                self._answer(*answer)

    def _answer(self, target: str, fields: dict[str, str]) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.room.reply(target, fields))


@contextlib.asynccontextmanager
async def serving(room: Newsroom, hosts: int = 1) -> AsyncIterator[Newsroom]:
    """Serves a newsroom on `hosts` loopback addresses."""
    loop = asyncio.get_running_loop()
    room.hosts = tuple(f"127.0.{number // 250}.{1 + number % 250}" for number in range(hosts))
    servers = [await loop.create_server(lambda: _Connection(room), room.hosts[0], 0, backlog=512)]
    room.port = servers[0].sockets[0].getsockname()[1]
    try:
        for host in room.hosts[1:]:
            servers.append(await loop.create_server(lambda: _Connection(room), host, room.port, backlog=512))
        yield room
    finally:
        for server in servers:
            server.close()


def text(seed: str, count: int) -> str:
    """So many words, always the same for one seed."""
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(count))


def rss(title: str, items: list[tuple[str, str, str, datetime]]) -> bytes:
    """A feed of (title, link, description, date)."""
    entries = "".join(
        f"<item><title>{name}</title><link>{link}</link><guid isPermaLink='false'>{link}</guid><pubDate>{format_datetime(at, usegmt=True)}</pubDate>"
        f"<description><![CDATA[<p>{said}</p>]]></description></item>\n"
        for name, link, said, at in items
    )
    return f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{title}</title>{entries}</channel></rss>".encode()


def article(name: str, paragraphs: int = 8) -> bytes:
    """A page whose text no other page has."""
    told = "".join(f"<p>{text(f'{name} {number}', 60).capitalize()}.</p>" for number in range(paragraphs))
    menu = "".join(f"<li><a href='/{word}'>{word}</a></li>" for word in WORDS[:30])
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{name}</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<article><h1>{name}</h1>{told}</article><footer><ul>{menu}</ul></footer></body></html>"
    ).encode()


def fill(room: Newsroom, feeds: int, entries: int, now: datetime) -> None:
    """Feeds at /feed/N.xml with entries that lead to /a/N/K.html."""
    for feed in range(feeds):
        items = [
            (
                text(f"t{feed}/{place}", 10),
                room.url(f"/a/{feed}/{place}.html", feed),
                text(f"d{feed}/{place}", 60),
                now - timedelta(hours=place, seconds=feed),
            )
            for place in range(entries)
        ]
        room.put(f"/feed/{feed}.xml", rss(f"Feed {feed}", items), "application/rss+xml; charset=utf-8", f'"v1-{feed}"')


async def _main(feeds: int, entries: int, hosts: int, latency_ms: float) -> None:
    async with serving(Newsroom(latency_ms / 1000), hosts) as room:
        fill(room, feeds, entries, datetime.now(UTC))
        print(room.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
