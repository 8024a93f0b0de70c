"""A way to a PostgreSQL server that fails like a network: it hangs, with bytes on the way, goes on later, or breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlencode


class Wire:
    """Passes bytes between those who connect to `port` on loopback and a server. Its methods may be called from any thread.

    sent: how much arrived from those who connect since it was last told to break, in pieces as they send them.
    """

    def __init__(self, target: dict[str, str]) -> None:
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._break_at = 0
        self.sent = 0
        self.port = 0

    @property
    def address(self) -> str:
        """The address of the same database by way of this wire."""
        user = urlencode({name: self._target[name] for name in ("user", "password") if name in self._target})
        return f"postgresql://127.0.0.1:{self.port}/{self._target['dbname']}?{user}"

    def hang(self) -> None:
        """From now on nothing arrives, neither here nor there, and nobody is told; what was sent is kept, new connections wait."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def go_on(self) -> None:
        """Passes on what was kept, late as it is, and all that follows."""
        self._loop.call_soon_threadsafe(self._open.set)

    def drop(self) -> None:
        """What was kept is lost and every connection is broken, at both ends; new ones pass."""
        self._loop.call_soon_threadsafe(self._drop)

    def break_at(self, number: int) -> None:
        """Breaks every connection instead of passing on the piece of that number, counted from this moment; 0: none."""
        self.sent, self._break_at = 0, number

    def _drop(self) -> None:
        for writer in self._ends:
            writer.transport.abort()
        self._open.set()

    async def serve(self, near_reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """One connection."""
        await self._open.wait()
        host, port = self._target.get("host", "localhost"), self._target.get("port", "5432")
        by_file = host.startswith("/")
        far_reader, far = await (
            asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}") if by_file else asyncio.open_connection(host, int(port))
        )
        self._ends |= {near, far}
        try:
            await asyncio.gather(self._pass(near_reader, far, counted=True), self._pass(far_reader, near))
        finally:
            self._ends -= {near, far}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._open.wait()
                self.sent += counted
                if counted and self.sent == self._break_at:
                    self._drop()
                    return
                writer.write(data)
        await self._open.wait()
        writer.close()


@contextlib.asynccontextmanager
async def wire_to(address: str) -> AsyncIterator[Wire]:
    """A wire to the database of an address."""
    from psycopg.conninfo import conninfo_to_dict

    wire = Wire({name: str(value) for name, value in conninfo_to_dict(address).items()})
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire._drop()
