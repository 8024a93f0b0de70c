"""A server on loopback that says exactly the bytes a case wants, under as many names as the case needs, and keeps a full log of what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Say
Script = Answer | Callable[["Asked"], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in. `at` is the case's clock; `host` has no port."""

    at: datetime
    scheme: str
    host: str
    path: str
    method: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        return next((value for field, value in self.headers if field.lower() == name), None)


class Server:
    """Answers (host, path) with its script: answers in turn, the last one for ever. Whatever has no script gets 404."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.port = 0
        self.tls_port = 0
        self.log: list[Asked] = []
        self.open_now: dict[str, int] = {}
        self.most_open: dict[str, int] = {}
        self._scripts: dict[tuple[str, str], list[Script]] = {}

    def url(self, path: str, host: str = "feeds.example", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.tls_port if scheme == 'https' else self.port}{path}"

    def say(self, path: str, *answers: Script, host: str = "feeds.example") -> str:
        """Sets the script of an address and returns its URL."""
        self._scripts[host, path] = list(answers)
        return self.url(path, host)

    def asked(self, path: str | None = None, host: str | None = None) -> list[Asked]:
        return [one for one in self.log if path in (None, one.path) and host in (None, one.host)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = self._asked((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"), writer)
            self.log.append(asked)
            self.open_now[asked.host] = self.open_now.get(asked.host, 0) + 1
            self.most_open[asked.host] = max(self.open_now[asked.host], self.most_open.get(asked.host, 0))
            try:
                await self._answer(asked, writer)
            finally:
                self.open_now[asked.host] -= 1
            if writer.is_closing():
                return

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        said: object = self._next(asked)
        if callable(said) and not asyncio.iscoroutinefunction(said):
            said = said(asked)
        if isinstance(said, bytes):
            writer.write(said)
            await writer.drain()
        else:
            await said(writer)  # type: ignore[operator]

    def _next(self, asked: Asked) -> Script:
        script = self._scripts.get((asked.host, asked.path))
        if script is None:
            return reply(status=404)
        return script.pop(0) if len(script) > 1 else script[0]

    def _asked(self, head: str, writer: asyncio.StreamWriter) -> Asked:
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines if line))
        host = next(value for name, value in headers if name.lower() == "host").rsplit(":", 1)[0]
        scheme = "https" if writer.get_extra_info("ssl_object") else "http"
        return Asked(at=self.clock(), scheme=scheme, host=host, path=path, method=method, headers=headers)


@contextlib.asynccontextmanager
async def serving(clock: Callable[[], datetime], tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """The server, listening on loopback: plain, and under TLS too where a context is given."""
    made = Server(clock)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await made.serve(reader, writer)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    servers = [await asyncio.start_server(serve, "127.0.0.1", 0)]
    made.port = servers[0].sockets[0].getsockname()[1]
    if tls is not None:
        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls))
        made.tls_port = servers[1].sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        for server in servers:
            server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers:
            await server.wait_closed()


def reply(body: bytes | str = b"", *, status: int = 200, length: bool = True, **headers: str) -> bytes:
    """A whole answer; header names are written with _ for -."""
    content = body.encode() if isinstance(body, str) else body
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if length:
        fields.setdefault("Content-Length", str(len(content)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n".encode() + lines.encode("utf-8") + b"\r\n" + content


def hang_up(said: bytes) -> Say:
    """Says something, then closes the connection."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    return say


def reset() -> Say:
    """Breaks the connection off without a word."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return say


def drip(said: bytes, pause_s: float) -> Say:
    """Says one byte after the other, for ever; or nothing more where `pause_s` is 0."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        while True:
            await asyncio.sleep(pause_s or 3600)
            writer.write(b"x")
            await writer.drain()

    return say


def flood(said: bytes, chunk: bytes) -> Say:
    """Says the same chunk for ever."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        while True:
            writer.write(chunk)
            await writer.drain()

    return say


def http_date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


def rss(*items: str, head: str = "<title>The Feed</title><link>http://feeds.example/</link>", attributes: str = "") -> str:
    """An RSS 2.0 document."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"{attributes}><channel>{head}{"".join(items)}</channel></rss>'


def item(name: str, at: datetime | None = None, **fields: str) -> str:
    """An RSS item with guid, link, title and date made from its name; a field given as '' is left out, another one replaces or adds."""
    given = {
        "guid": f"id-{name}",
        "link": f"http://news.example/{name}",
        "title": f"Title of {name}",
        "description": f"What {name} says.",
        "pubDate": http_date(at) if at else "",
        **fields,
    }
    return "<item>" + "".join(f"<{tag}>{value}</{tag}>" for tag, value in given.items() if value) + "</item>"
