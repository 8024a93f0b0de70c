"""Connections to permitted addresses only.

Every name is resolved here, every address vetted, and the vetted address is the one dialled: DNS rebinding, redirects and tricks with
literals all end here. TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from dataclasses import dataclass

from monitor.errors import FetchError
from monitor.fetch.addresses import Network, is_permitted
from monitor.fetch.resolve import Resolver, resolve

_MAX_DIALS = 4
_LEAST_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a connection leads: requests of one origin may share it. `host` in the letters of the wire (IDNA)."""

    secure: bool
    host: str
    port: int


async def dial(origin: Origin, resolver: Resolver, allowed: tuple[Network, ...], limit_s: float) -> socket.socket:
    """A connected socket to one of the origin's permitted addresses, tried in turn for `limit_s` seconds.

    Raises FetchError: dns, blocked, connect or timeout.
    """
    addresses = await resolve(resolver, origin.host, origin.port)
    permitted = [address for address in addresses if is_permitted(address, allowed)][:_MAX_DIALS]
    if not permitted:
        raise FetchError("blocked", f"{origin.host} leads to {addresses[0]}, which is no public address (allow_private can permit a range)")
    ends_s = time.monotonic() + limit_s
    failed: OSError | None = None
    for left in range(len(permitted), 0, -1):
        try:
            async with asyncio.timeout(max(_LEAST_S, (ends_s - time.monotonic()) / left)):
                return await _connected(permitted[-left], origin.port)
        except OSError as error:
            failed = error
    if isinstance(failed, TimeoutError) and failed.errno is None:
        raise FetchError("timeout", f"no connection within {limit_s:g} s") from failed
    raise FetchError("connect", f"no connection: {plainly(failed)}") from failed


async def _connected(address: str, port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except BaseException:
        opened.close()
        raise
    return opened


def plainly(error: BaseException | None) -> str:
    """What the operating system says of an error, in its own words."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else str(error or "").lower()


def tls_reason(error: BaseException) -> str:
    """Why there was no secure connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error).replace("_", " ").lower()
    return "the server hung up during the handshake"
