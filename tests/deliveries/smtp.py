"""A raw SMTP server on loopback that follows a script: what it says at each point of the conversation, whole, cut, late or never."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]
Say = str | Act

GOOD: Mapping[str, Say] = {
    "greeting": "220 ready",
    "EHLO": "250-here\r\n250-8BITMIME\r\n250 SIZE 33554432",
    "HELO": "250 here",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "QUIT": "221 bye",
    "AUTH": "235 welcome",
    "STARTTLS": "220 go ahead",
    "RSET": "250 ok",
}


@dataclass
class Server:
    """`script` overrides what is said at a point (a verb, "greeting", or "." for the final dot); a list is said in turn, the last repeats."""

    script: dict[str, Say | list[Say]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    port: int = 0
    commands: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    def _next(self, point: str) -> Say:
        said = self.script.get(point, GOOD.get(point, "502 what?"))
        if isinstance(said, list):
            return said.pop(0) if len(said) > 1 else said[0]
        return said

    async def _say(self, point: str, writer: asyncio.StreamWriter) -> None:
        said = self._next(point)
        if isinstance(said, str):
            writer.write(said.encode() + b"\r\n")
            await writer.drain()
        else:
            await said(writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._say("greeting", writer)
        while line := await reader.readline():
            command = line.decode("latin-1").strip()
            self.commands.append(command)
            verb = command.split(" ")[0].upper()
            await self._say(verb, writer)
            if verb == "STARTTLS" and self.tls is not None:
                await writer.start_tls(self.tls)
            if verb == "DATA" and not writer.is_closing():
                self.bodies.append(await reader.readuntil(b"\r\n.\r\n"))
                await self._say(".", writer)
            if verb == "QUIT":
                return


@contextlib.asynccontextmanager
async def smtp_server(tls: ssl.SSLContext | None = None, **script: Say | list[Say]) -> AsyncIterator[Server]:
    """A running server; `dot` in the script is what follows the final dot."""
    made = Server(script={{"dot": "."}.get(point, point): said for point, said in script.items()}, tls=tls)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
                await made.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        await end(server)


async def end(server: asyncio.Server) -> None:
    """Closes a server and everything that still talks to it; nothing else may run in this loop."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await server.wait_closed()
    for _ in range(5):  # transports report their end in the next rounds of the loop
        await asyncio.sleep(0)


async def drop(writer: asyncio.StreamWriter) -> None:
    """Breaks the connection instead of an answer."""
    writer.transport.abort()


async def silence(writer: asyncio.StreamWriter) -> None:
    """Says nothing for longer than any test waits."""
    await asyncio.sleep(60)


async def drip(writer: asyncio.StreamWriter) -> None:
    """An answer that comes byte by byte and never ends."""
    while True:
        writer.write(b"2")
        await writer.drain()
        await asyncio.sleep(0.02)


def saying(text: bytes) -> Act:
    """Says exactly these bytes."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()

    return act
