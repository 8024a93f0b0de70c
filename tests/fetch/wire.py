"""A server on loopback that says exactly the bytes a test wants, at the pace it wants."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Site:
    """Answers each path with its bytes or its function; remembers every request head. Unknown paths get 404."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self.scheme = scheme
        self.routes: dict[str, bytes | Say] = {}
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        return [head.split(" ")[1] for head in self.heads]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                size = next((int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0)
                self.bodies.append(await reader.readexactly(size))
                said = self.routes.get(head.split(" ")[1], answer(status=404))
                if isinstance(said, bytes):
                    writer.write(said)
                    await writer.drain()
                else:
                    await said(writer)
                if writer.is_closing():
                    break
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def site(tls: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> AsyncIterator[Site]:
    made = Site(0, "https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await made._serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, address, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def answer(body: bytes = b"", *, status: int = 200, length: bool = True, **headers: str) -> bytes:
    """A whole reply; header names are written with _ for -."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if length:
        fields.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode("latin-1") + body


def hang_up(said: bytes) -> Say:
    """Says something, then closes the connection."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    return say


def drip(said: bytes, pause_s: float) -> Say:
    """Says one byte at a time, for ever."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(pause_s)

    return say


def flood(said: bytes, chunk: bytes) -> Say:
    """Says the same chunk for ever."""

    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        while True:
            writer.write(chunk)
            await writer.drain()

    return say
