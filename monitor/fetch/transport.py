"""One exchange with one server: the only module that knows the HTTP library.

The connection pool dials through `_GuardedBackend`, so that every name is resolved here, every address vetted, and the vetted address is the
one dialled (DNS rebinding, redirects and literal tricks all end there). TLS and the Host header keep the name.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import httpcore

from monitor.errors import FetchError
from monitor.fetch.addresses import Network, is_permitted
from monitor.fetch.message import Headers, Limits
from monitor.fetch.resolve import Resolver, resolve
from monitor.lean import hidden

# httpx would load the command line it brings along, with rich and pygments: 40 ms.
with hidden("httpx._main"):
    import httpx

MAX_HEADER_BYTES = 64 * 1024
MAX_HEADER_FIELDS = 100

_KEEPALIVE_S = 30.0
_MAX_DIALS = 4
_OWN_FIELDS = {"host", "content-length", "transfer-encoding", "connection"}
_REPEATABLE = {"GET", "HEAD"}
_PORTS = {"http": 80, "https": 443}
_LIBRARY_ERRORS = (
    httpx.InvalidURL,
    httpx.StreamError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


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
    return context


class Wire:
    """Connections to permitted addresses only. `tls` is asked for when the first https address is."""

    def __init__(self, *, resolver: Resolver, allowed: tuple[Network, ...], tls: Callable[[], ssl.SSLContext], most_idle: int) -> None:
        self._transport = _Transport(_GuardedBackend(resolver, allowed), tls, most_idle)

    async def close(self) -> None:
        """Closes all connections."""
        await self._transport.aclose()

    async def exchange(self, method: str, url: str, headers: Headers, body: bytes, limits: Limits, error_bytes: int) -> Reply:
        """Sends one request, reads one reply; the body of a status other than 2xx is cut at `error_bytes`, that of a redirect not read.

        Raises FetchError.
        """
        phases = {"connect": limits.connect_s, "read": limits.first_byte_s, "write": limits.idle_s, "pool": None}
        trace = _Trace()
        try:
            answer = await self._open(method, url, headers, body, phases, trace)
            phases["read"] = limits.idle_s  # the pool reads this dict anew for the body
            try:
                return await _read(answer, limits, error_bytes)
            finally:
                await answer.aclose()
        except (*_LIBRARY_ERRORS, OSError, ValueError) as error:
            raise _plain_error(error, trace.phase, phases) from error

    async def _open(
        self, method: str, url: str, headers: Headers, body: bytes, phases: Mapping[str, float | None], trace: _Trace
    ) -> httpx.Response:
        request = httpx.Request(
            method, url, headers=_encoded(headers), content=body or None, extensions={"timeout": phases, "trace": trace}
        )
        try:
            return await self._transport.handle_async_request(request)
        except (httpcore.RemoteProtocolError, httpcore.ReadError, httpcore.WriteError):
            # A kept connection that the server closed just now says nothing about the server: ask once more.
            if not trace.reused or method not in _REPEATABLE:
                raise
        return await self._transport.handle_async_request(request)


class _Transport(httpx.AsyncBaseTransport):
    """httpx's transport over httpcore's connections, with our network backend and a plain list of idle connections.

    httpcore's own pool looks at the socket of every connection it holds at every request: 1.8 ms of processor time a request with 50 hosts,
    against 0.5 ms here. How many run at once is the door's business.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend, tls: Callable[[], ssl.SSLContext], most_idle: int) -> None:
        self._backend = backend
        self._tls = tls
        self._most_idle = most_idle
        self._idle: list[tuple[float, httpcore.AsyncHTTPConnection]] = []  # monotonic time of the last use, oldest first

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        connection = await self._connection(httpcore.Origin(url.raw_scheme, url.raw_host, url.port or _PORTS[url.scheme]))
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        try:
            answer = await connection.handle_async_request(
                httpcore.Request(request.method, target, headers=request.headers.raw, content=request.stream, extensions=request.extensions)
            )
        except BaseException:
            await connection.aclose()
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, connection, self._keep), request=request)

    async def aclose(self) -> None:
        idle, self._idle = self._idle, []
        for _, connection in idle:
            await connection.aclose()

    async def _connection(self, origin: httpcore.Origin) -> httpcore.AsyncHTTPConnection:
        kept, stale = self._kept(origin)
        for connection in stale:
            await connection.aclose()
        return kept or httpcore.AsyncHTTPConnection(
            origin=origin,
            ssl_context=self._tls() if origin.scheme == b"https" else None,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=self._backend,
        )

    def _kept(self, origin: httpcore.Origin) -> tuple[httpcore.AsyncHTTPConnection | None, list[httpcore.AsyncHTTPConnection]]:
        """The idle connection used last that still serves, and those met on the way that no longer do. Others change the list while anybody waits."""
        stale: list[httpcore.AsyncHTTPConnection] = []
        for place in range(len(self._idle) - 1, -1, -1):
            if self._idle[place][1].can_handle_request(origin):
                _, connection = self._idle.pop(place)
                if connection.is_idle() and not connection.has_expired():
                    return connection, stale
                stale.append(connection)
        return None, stale

    async def _keep(self, connection: httpcore.AsyncHTTPConnection) -> None:
        """Takes a connection back after its answer was read or left, and closes those that were idle for too long."""
        now_s = time.monotonic()
        if connection.is_idle():
            self._idle.append((now_s, connection))
        else:
            await connection.aclose()
        while self._idle and (len(self._idle) > self._most_idle or now_s - self._idle[0][0] > _KEEPALIVE_S):
            await self._idle.pop(0)[1].aclose()


class _Body(httpx.AsyncByteStream):
    """The body of an answer; closing it gives its connection back."""

    def __init__(
        self,
        answer: httpcore.Response,
        connection: httpcore.AsyncHTTPConnection,
        give_back: Callable[[httpcore.AsyncHTTPConnection], Awaitable[None]],
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._give_back = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()
        await self._give_back(self._connection)


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, resolver: Resolver, allowed: tuple[Network, ...]) -> None:
        self._resolver = resolver
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Dials the permitted addresses of `host` in turn. Raises FetchError `dns` or `blocked`, or the library's connection errors."""
        addresses = await resolve(self._resolver, host, port)
        permitted = [address for address in addresses if is_permitted(address, self._allowed)][:_MAX_DIALS]
        if not permitted:
            raise FetchError("blocked", f"{host} leads to {addresses[0]}, which is no public address (allow_private can permit a range)")
        ends_s = time.monotonic() + (timeout or 0)
        for left in range(len(permitted), 1, -1):
            share_s = None if timeout is None else max(0.1, (ends_s - time.monotonic()) / left)
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(permitted[-left], port, share_s, local_address, socket_options)
        share_s = None if timeout is None else max(0.1, ends_s - time.monotonic())
        return await self._inner.connect_tcp(permitted[-1], port, share_s, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Waits between connection attempts of the pool."""
        await self._inner.sleep(seconds)


class _Trace:
    """Remembers how far a request came, and whether it went over a kept connection."""

    __slots__ = ("phase", "reused")

    def __init__(self) -> None:
        self.phase = ""
        self.reused = True

    async def __call__(self, name: str, _details: object) -> None:
        """Called by the pool at each stage (httpcore's `trace` extension)."""
        if name.endswith(".started"):
            self.phase = name.split(".")[1]
            if self.phase == "connect_tcp":
                self.reused = False


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Header fields as bytes. Values go out as they came in (latin-1), so that a strange ETag survives the round trip."""
    fields = []
    for name, value in headers:
        if name.lower() not in _OWN_FIELDS:
            raw = value.encode("latin-1") if all(ord(char) < 256 for char in value) else value.encode("utf-8")
            fields.append((name.encode("ascii"), raw))
    return fields


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
    except (httpcore.RemoteProtocolError, httpcore.ReadError):
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


def _plain_error(error: Exception, phase: str, phases: Mapping[str, float | None]) -> FetchError:
    """The library's exception as ours, said plainly."""
    tls = _tls_reason(error)
    if isinstance(error, httpcore.TimeoutException):
        limit_s = phases["connect"] if isinstance(error, httpcore.ConnectTimeout) else phases["read"]
        what = {"connect_tcp": "no connection", "start_tls": "no TLS session", "receive_response_body": "no further byte"}
        return FetchError("timeout", f"{what.get(phase, 'no answer')} within {limit_s:g} s")
    if tls is not None or phase == "start_tls":
        return FetchError("tls", f"no secure connection: {tls or 'the server hung up during the handshake'}")
    if isinstance(error, httpcore.ConnectError):
        return FetchError("connect", f"no connection: {error}")
    if isinstance(error, httpcore.NetworkError | OSError):
        return FetchError("connect", f"the connection broke: {error}" if str(error) else "the connection broke")
    if isinstance(error, httpx.InvalidURL):
        return FetchError("bad-url", f"not an address: {error}")
    return FetchError("protocol", f"not HTTP as agreed: {error}")


def _tls_reason(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError):
            return str(error.reason or error).replace("_", " ").lower()
        error = error.__cause__ or error.__context__
    return None
