"""The door itself: checks every address, follows redirects by hand, unpacks with bounds, and holds one deadline over all of it."""

from __future__ import annotations

import asyncio
import ssl
import time
from types import TracebackType
from typing import Self

from monitor import urls
from monitor.errors import FetchError
from monitor.fetch.addresses import networks
from monitor.fetch.decode import decode
from monitor.fetch.message import Headers, Hop, Request, Response
from monitor.fetch.resolve import Resolver, system_addresses
from monitor.fetch.transport import Reply, Wire, tls_context

PORTS = frozenset({80, 443, 8080, 8443})
"""Where the web lives; other ports are services that must not be poked on a stranger's word."""

ERROR_BYTES = 64 * 1024
"""How much of the body of a refusal is kept."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Door:
    """Sends requests to strangers: `async with Door(user_agent=...) as door: await door.send(request)`.

    allow_private and ports widen what is reachable for all requests; in_flight bounds how many run at once, others wait (their deadline has
    not begun); most_idle bounds the connections kept for the next request to their host (more than hosts visited at once);
    resolver and tls replace the system's name lookup and certificate authorities.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: tuple[str, ...] = (),
        ports: tuple[int, ...] = (),
        in_flight: int = 20,
        most_idle: int = 128,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._allow_private = frozenset(allow_private)
        self._ports = PORTS | frozenset(ports)
        self._resolver = resolver or system_addresses
        self._tls = tls
        self._most_idle = most_idle
        self._slots = asyncio.Semaphore(in_flight)
        self._wires: dict[frozenset[str], Wire] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        wires, self._wires = self._wires, {}
        for wire in wires.values():
            await wire.close()

    async def send(self, request: Request) -> Response:
        """The answer to `request`, whatever its status. Raises FetchError where there is none."""
        async with self._slots:
            try:
                async with asyncio.timeout(request.limits.total_s):
                    return await self._follow(request, time.monotonic())
            except TimeoutError:
                raise FetchError("timeout", f"no complete answer within {request.limits.total_s:g} s") from None

    async def _follow(self, request: Request, started_s: float) -> Response:
        wire = self._wire(request.allow_private)
        url, method, body = request.url, request.method.upper(), request.body
        hops: list[Hop] = []
        while True:
            address = self._checked(url, request)
            headers = self._headers(request, address)
            reply = await wire.exchange(method, address.text(), headers, body, request.limits, ERROR_BYTES)
            target = _target(reply) if request.follow else None
            if target is None:
                return _response(address.text(), reply, request, tuple(hops), time.monotonic() - started_s)
            hops.append(Hop(url=address.text(), status=reply.status))
            url = _next_url(address, target, hops, request.limits.redirects)
            if request.before_hop is not None and urls.host(url) != address.host:
                await request.before_hop(urls.host(url))
            if reply.status == 303 or (reply.status in (301, 302) and method == "POST"):
                method, body = ("HEAD" if method == "HEAD" else "GET"), b""

    def _wire(self, allow_private: tuple[str, ...]) -> Wire:
        """The pool for one set of permitted ranges. Pools are apart: a connection opened under one permission is never used under another."""
        ranges = self._allow_private | frozenset(allow_private)
        if ranges not in self._wires:
            try:
                allowed = networks(tuple(ranges))
            except ValueError as error:
                raise FetchError("bad-url", f"allow_private: {error}") from None
            self._wires[ranges] = Wire(resolver=self._resolver, allowed=allowed, tls=self._context, most_idle=self._most_idle)
        return self._wires[ranges]

    def _context(self) -> ssl.SSLContext:
        self._tls = self._tls or tls_context()
        return self._tls

    def _checked(self, url: str, request: Request) -> urls.Address:
        address = urls.parse(url)
        if address is None:
            raise FetchError("bad-url", f"not an http(s) address: {urls.redact(url)[:200]}")
        if address.userinfo:
            raise FetchError("bad-url", f"user name or password inside the address: {urls.redact(url)[:200]}")
        if len(address.text()) > urls.MAX_URL:
            raise FetchError("bad-url", f"the address is longer than {urls.MAX_URL} characters")
        port = address.effective_port
        if port not in self._ports and port not in request.ports:
            raise FetchError("blocked", f"port {port} of {address.host} is not one of the web's (ports can permit it)")
        return address

    def _headers(self, request: Request, address: urls.Address) -> Headers:
        wanted = request.headers
        if urls.same_origin(request.secret_url or request.url, address.text()):
            wanted += request.secret_headers
        if request.conditions and _same_address(request.conditions_url, address):
            wanted += request.conditions
        given = {name.lower() for name, _ in wanted}
        ours = (("user-agent", self._user_agent), ("accept", "*/*"), ("accept-encoding", "gzip"))
        return tuple(field for field in ours if field[0] not in given) + wanted


def _same_address(url: str, address: urls.Address) -> bool:
    other = urls.parse(url)
    return other is not None and other.text() == address.text()


def _target(reply: Reply) -> str | None:
    """Where a redirect points, as the server wrote it; None for any other answer."""
    if reply.status not in _REDIRECTS:
        return None
    location = next((value for name, value in reply.headers if name == "location"), None)
    if not location:
        return None
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return location


def _next_url(address: urls.Address, target: str, hops: list[Hop], limit: int) -> str:
    if len(hops) > limit:
        raise FetchError("redirect", f"more than {limit} redirects, the last to {urls.redact(target)[:200]}")
    url = urls.join(address.text(), target)
    if not url:
        raise FetchError("redirect", f"redirected to {urls.redact(target)[:200]}, which is no http(s) address")
    if any(hop.url == url for hop in hops):
        raise FetchError("redirect", f"redirected in a circle, back to {urls.redact(url)[:200]}")
    return url


def _response(url: str, reply: Reply, request: Request, hops: tuple[Hop, ...], elapsed_s: float) -> Response:
    codings = ",".join(value for name, value in reply.headers if name == "content-encoding")
    lenient = reply.cut or reply.broken or not 200 <= reply.status < 300
    broken = reply.broken
    try:
        body = decode(reply.body, codings, request.limits.decoded_bytes, partial=lenient)
    except FetchError as error:
        body = decode(reply.body, codings, request.limits.decoded_bytes, partial=True) if request.limits.broken else b""
        if error.kind != "encoding" or not body:
            raise
        broken = True
    return Response(url=url, status=reply.status, headers=reply.headers, body=body, hops=hops, elapsed_s=elapsed_s, broken=broken)
