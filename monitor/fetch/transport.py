"""One exchange with one server: the only module that knows httpx. What lies below its API is ours: `connection.py`, `dial.py`."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from monitor.errors import FetchError
from monitor.fetch.addresses import Network
from monitor.fetch.connection import BrokeOff, Connection
from monitor.fetch.dial import Origin, dial
from monitor.fetch.message import Headers, Limits
from monitor.fetch.resolve import Resolver
from monitor.lean import hidden

# httpx would load the command line it brings along, with rich and pygments: 40 ms.
with hidden("httpx._main"):
    import httpx

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADER_FIELDS = 100

_KEEPALIVE_S = 30.0
_OWN_FIELDS = {"host", "content-length", "transfer-encoding", "connection"}
_REPEATABLE = {"GET", "HEAD"}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one server sent: body as on the wire. `cut`: it was longer than asked for; `broken`: it ended before its end."""

    status: int
    headers: Headers
    body: bytes
    cut: bool
    broken: bool = False


def tls_context() -> ssl.SSLContext:
    """Certificate checks against the well-known authorities and those this machine trusts. Costs 30-70 ms: make it once."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Wire:
    """Connections to permitted addresses only. `tls` is asked for when the first https address is."""

    def __init__(self, *, resolver: Resolver, allowed: tuple[Network, ...], tls: Callable[[], ssl.SSLContext], most_idle: int) -> None:
        self._transport = _Transport(resolver, allowed, tls, most_idle)

    async def close(self) -> None:
        """Closes all connections."""
        await self._transport.aclose()

    async def exchange(self, method: str, url: str, headers: Headers, body: bytes, limits: Limits, error_bytes: int) -> Reply:
        """Sends one request, reads one reply; the body of a status other than 2xx is cut at `error_bytes`, that of a redirect not read.

        Raises FetchError.
        """
        try:
            request = httpx.Request(method, url, headers=_encoded(headers), content=body or None, extensions={"limits": limits})
            answer = await self._transport.handle_async_request(request)
            try:
                return await _read(answer, limits, error_bytes)
            finally:
                await answer.aclose()
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchError("bad-url", f"not an address: {error}") from error


class _Transport(httpx.AsyncBaseTransport):
    """httpx's transport over connections of our own: dialled by permission only, and kept in a plain list while they are idle.

    httpcore's pool looks at the socket of every connection it holds at every request, and its connections lock, trace and shield each step:
    1.8 ms of processor time a request with 50 hosts. How many run at once is the door's business.
    """

    def __init__(self, resolver: Resolver, allowed: tuple[Network, ...], tls: Callable[[], ssl.SSLContext], most_idle: int) -> None:
        self._resolver = resolver
        self._allowed = allowed
        self._tls = tls
        self._most_idle = most_idle
        self._idle: list[tuple[float, Connection]] = []  # monotonic time of the last use, oldest first

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        origin = Origin(secure=url.scheme == "https", host=url.raw_host.decode("ascii"), port=url.port or _PORTS[url.scheme])
        limits: Limits = request.extensions["limits"]
        if kept := await self._kept(origin):
            try:
                return await self._ask(kept, request, limits)
            except BrokeOff:
                # A kept connection that the server closed just now says nothing about the server: ask once more.
                if request.method not in _REPEATABLE:
                    raise
        return await self._ask(await self._opened(origin, limits), request, limits)

    async def aclose(self) -> None:
        idle, self._idle = self._idle, []
        for _, connection in idle:
            await connection.close()

    async def _ask(self, connection: Connection, request: httpx.Request, limits: Limits) -> httpx.Response:
        method, target = request.method.encode("ascii"), request.url.raw_path
        try:
            status, headers = await connection.ask(
                method, target, request.headers.raw, request.content, write_s=limits.idle_s, answer_s=limits.first_byte_s
            )
        except BaseException:
            await connection.close()
            raise
        return httpx.Response(status, headers=headers, stream=_Body(connection, limits.idle_s, self._keep), request=request)

    async def _opened(self, origin: Origin, limits: Limits) -> Connection:
        opened = await dial(origin, self._resolver, self._allowed, limits.connect_s)
        return await Connection.over(opened, origin, self._tls() if origin.secure else None, limits.connect_s)

    async def _kept(self, origin: Origin) -> Connection | None:
        """The idle connection used last that still serves; those met on the way that no longer do are closed."""
        while place := next((place for place in range(len(self._idle), 0, -1) if self._idle[place - 1][1].origin == origin), 0):
            used_s, connection = self._idle.pop(place - 1)
            if connection.rested and time.monotonic() - used_s <= _KEEPALIVE_S:
                return connection
            await connection.close()
        return None

    async def _keep(self, connection: Connection) -> None:
        """Takes a connection back after its answer was read or left, and closes those that were idle for too long."""
        now_s = time.monotonic()
        if connection.rest():
            self._idle.append((now_s, connection))
        else:
            await connection.close()
        while self._idle and (len(self._idle) > self._most_idle or now_s - self._idle[0][0] > _KEEPALIVE_S):
            await self._idle.pop(0)[1].close()


class _Body(httpx.AsyncByteStream):
    """The body of an answer; closing it gives its connection back."""

    def __init__(self, connection: Connection, idle_s: float, give_back: Callable[[Connection], Awaitable[None]]) -> None:
        self._connection = connection
        self._idle_s = idle_s
        self._give_back = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._connection.piece(self._idle_s):
            yield piece

    async def aclose(self) -> None:
        await self._give_back(self._connection)


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Header fields as bytes. Values go out as they came in (latin-1), so that a strange ETag survives the round trip."""
    fields = []
    for name, value in headers:
        if name.lower() not in _OWN_FIELDS:
            fields.append((name.encode("ascii"), _raw(value)))
    return fields


def _raw(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8")


async def _read(answer: httpx.Response, limits: Limits, error_bytes: int) -> Reply:
    raw = answer.headers.raw
    if len(raw) > MAX_HEADER_FIELDS or sum(len(name) + len(value) for name, value in raw) > MAX_HEADER_BYTES:
        raise FetchError(
            "protocol", f"the answer has more than {MAX_HEADER_FIELDS} header fields or {MAX_HEADER_BYTES // 1024} KiB of them"
        )
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)
    if answer.has_redirect_location:
        return Reply(status=answer.status_code, headers=headers, body=b"", cut=True)
    ok = 200 <= answer.status_code < 300
    may_cut = limits.cut or not ok
    limit = limits.wire_bytes if ok else min(error_bytes, limits.wire_bytes)
    body = bytearray()
    cut = broken = False
    try:
        cut = await _read_body(answer, body, limit, may_cut)
    except BrokeOff:
        if not limits.broken or not body:
            raise
        broken = True
    return Reply(status=answer.status_code, headers=headers, body=bytes(body), cut=cut, broken=broken)


async def _read_body(answer: httpx.Response, body: bytearray, limit: int, may_cut: bool) -> bool:
    """Appends to `body` what comes; True where it was cut at the limit."""
    announced = answer.headers.get("content-length", "")
    # isdecimal is true for digits beyond ASCII, and Python refuses numbers of 4,300 digits
    size = int(announced[:18]) if announced.isascii() and announced.isdecimal() else 0
    if size > limit and not may_cut:
        raise _too_large(limit)
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > limit:
            if not may_cut:
                raise _too_large(limit)
            del body[limit:]
            return True
    return False


def _too_large(limit: int) -> FetchError:
    return FetchError("too-large", f"the answer is larger than {limit // 1024} KiB")
