"""One HTTP/1.1 connection: h11 speaks the protocol, asyncio moves the bytes.

It stands in for httpcore's connection, whose locks and streams cost a poll of unchanged feeds half of its processor time
(`monitor/docs/scaling.md` has the measurement).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Self

import h11

from monitor.errors import FetchError
from monitor.fetch.dial import Origin, plainly, tls_reason

RawHeaders = list[tuple[bytes, bytes]]

MAX_HEAD_BYTES = 100 * 1024
"""How long the head of an answer may be before its reading is given up."""

_MOST_UNREAD = 256 * 1024


class BrokeOff(FetchError):
    """The server, or the line, ended an exchange before its end, or did not keep to HTTP."""


class Connection:
    """Carries one request after another to one origin; never two at once."""

    def __init__(self, origin: Origin, pipe: _Pipe) -> None:
        self.origin = origin
        self._pipe = pipe
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    @classmethod
    async def over(cls, opened: socket.socket, origin: Origin, tls: ssl.SSLContext | None, limit_s: float) -> Self:
        """The connection over a connected socket, after the TLS handshake where there is to be one. Raises FetchError tls or timeout."""
        name = origin.host if tls else None
        try:
            async with asyncio.timeout(limit_s):
                _, pipe = await asyncio.get_running_loop().create_connection(_Pipe, sock=opened, ssl=tls, server_hostname=name)
        except TimeoutError:
            raise FetchError("timeout", f"no TLS session within {limit_s:g} s") from None
        except OSError as error:
            raise FetchError("tls", f"no secure connection: {tls_reason(error)}") from error
        return cls(origin, pipe)

    @property
    def rested(self) -> bool:
        """Whether another request may be sent: the last answer came whole, and the server has neither hung up nor said anything since."""
        return self._state.our_state is h11.IDLE and not self._state.trailing_data[0] and self._pipe.silent

    async def ask(
        self, method: bytes, target: bytes, headers: RawHeaders, body: bytes, *, write_s: float, answer_s: float
    ) -> tuple[int, RawHeaders]:
        """Sends a request and returns status and header fields of the answer. Raises FetchError timeout, and BrokeOff."""
        try:
            sent = self._state.send(h11.Request(method=method, target=target, headers=headers)) or b""
            sent += (self._state.send(h11.Data(data=body)) or b"") if body else b""
            sent += self._state.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as error:
            raise FetchError("protocol", f"not HTTP as agreed: {error}") from None
        await self._pipe.write(sent, write_s)
        while isinstance(event := await self._event(answer_s, "no answer"), h11.InformationalResponse):
            pass
        assert isinstance(event, h11.Response)
        return event.status_code, event.headers.raw_items()

    async def piece(self, idle_s: float) -> bytes:
        """The next bytes of the answer's body, content codings as on the wire; none at its end. Raises as `ask`."""
        event = await self._event(idle_s, "no further byte")
        return bytes(event.data) if isinstance(event, h11.Data) else b""

    def rest(self) -> bool:
        """Ends the exchange; True where the connection may be kept for another."""
        if self._state.our_state is h11.DONE and self._state.their_state is h11.DONE:
            self._state.start_next_cycle()
        return self.rested

    async def close(self) -> None:
        """Lets go of the connection at once, whatever is under way."""
        await self._pipe.close()

    async def _event(self, limit_s: float, missed: str) -> h11.Event | type[h11.PAUSED]:
        while True:
            try:
                event = self._state.next_event()
                if event is not h11.NEED_DATA:
                    return event  # type: ignore[return-value]  # the type of h11's sentinels is their own class
                data = await self._pipe.read(limit_s, missed)
                if not data and self._state.their_state is h11.SEND_RESPONSE:
                    raise BrokeOff("protocol", "not HTTP as agreed: the server hung up without an answer")
                self._state.receive_data(data)
            except h11.RemoteProtocolError as error:
                raise BrokeOff("protocol", f"not HTTP as agreed: {error}") from None


class _Pipe(asyncio.Protocol):
    """What came and was not read yet, and whether more may come."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._ended = False
        self._full = False
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _MOST_UNREAD:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._ended, self._full, self._error = True, False, error
        self._wake()
        if not self._lost.done():
            self._lost.set_result(None)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    @property
    def silent(self) -> bool:
        return not self._received and not self._ended

    async def read(self, limit_s: float, missed: str) -> bytes:
        """What came, or nothing once the server has ended it. Raises BrokeOff, and FetchError timeout where nothing comes for `limit_s` seconds."""
        while self.silent:
            await self._wait(limit_s, missed)
        if self._received:
            data = bytes(self._received)
            self._received.clear()
            self._transport.resume_reading()
            return data
        if isinstance(self._error, ssl.SSLError):
            raise BrokeOff("tls", f"the secure connection broke: {tls_reason(self._error)}")
        if self._error is not None:
            raise BrokeOff("connect", f"the connection broke: {plainly(self._error)}")
        return b""

    async def write(self, data: bytes, limit_s: float) -> None:
        """Sends, and waits until most is gone. A server that hangs up meanwhile may have answered: reading tells."""
        if not self._ended:
            self._transport.write(data)
        while self._full:
            await self._wait(limit_s, "the request was not taken")

    async def close(self) -> None:
        self._transport.abort()
        await asyncio.shield(self._lost)

    async def _wait(self, limit_s: float, missed: str) -> None:
        self._waiting = self._loop.create_future()
        try:
            async with asyncio.timeout(limit_s):
                await self._waiting
        except TimeoutError:
            raise FetchError("timeout", f"{missed} within {limit_s:g} s") from None
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
