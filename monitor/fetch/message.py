"""What goes into the fetch door and what comes out of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_MIB = 1024 * 1024

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one fetch, redirects included (RELIABILITY 4.2). Times in seconds, sizes in bytes.

    total_s runs from the first connection to the last byte.  cut: a body longer than wire_bytes is cut there instead of refused.
    broken: a body that ends before its end (the connection closed, the packed stream stops) comes back as far as it went, and says so.
    """

    connect_s: float = 5.0
    first_byte_s: float = 10.0
    idle_s: float = 10.0
    total_s: float = 30.0
    wire_bytes: int = 10 * _MIB
    decoded_bytes: int = 20 * _MIB
    redirects: int = 5
    cut: bool = False
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to ask of a stranger.

    allow_private   address ranges ("10.1.2.0/24") that may be reached besides the public ones, added to the door's
    ports           ports besides 80, 443, 8080 and 8443, added to the door's
    follow          False: a redirect is an answer like any other
    before_hop      waited for before a redirect to another host is followed, with the host's name
    secret_headers  credentials: sent to the origin of `secret_url` (`url` where it is empty) only, never elsewhere
    conditions      validators: sent to the address `conditions_url` only, for they are that address's own (RFC 9110 8.8)
    purpose         what it is for, where requests of a kind are timed: poll, page
    """

    url: str
    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    limits: Limits = Limits()
    allow_private: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    follow: bool = True
    secret_headers: Headers = ()
    secret_url: str = ""
    conditions: Headers = ()
    conditions_url: str = ""
    purpose: str = ""
    before_hop: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect on the way: the address that was asked and its status."""

    url: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer. `url` is the last address asked; `headers` have lower-case names and values as sent (latin-1); `body` is decoded.

    The body of a status other than 2xx is cut at 64 KiB: it is read by people only. broken: the body ended before its end.
    """

    url: str
    status: int
    headers: Headers = ()
    body: bytes = b""
    hops: tuple[Hop, ...] = ()
    elapsed_s: float = 0.0
    broken: bool = False

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        wanted = name.lower()
        return next((value for field, value in self.headers if field == wanted), None)
