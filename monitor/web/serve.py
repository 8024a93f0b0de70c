"""The listening side: a socket bound to the configured address, and the server that runs a site on it until it is asked to stop.

The only module that imports uvicorn. It handles no signals: the daemon, or the command, does.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.config import WebSettings
from monitor.errors import MonitorError

GRACE_S = 2
KEEP_ALIVE_S = 15
HEAD_TIMEOUT_S = 10.0
"""How long a request's first lines may take."""

MAX_CONNECTIONS = 64
MAX_HEAD_BYTES = 32 * 1024


class CannotListen(MonitorError):
    """The address is taken, not of this machine, or not allowed to this user."""


class _Prompt(H11Protocol):
    """Closes connections that do not come to the point: nobody may hold all of them by sending nothing, or a request letter by letter."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _give_up(self) -> None:
        self._late = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Quiet(Server):
    """Leaves signals to whoever runs the loop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(settings: WebSettings) -> socket.socket:
    """A socket that listens on the configured address. Raises CannotListen.

    Its protocol is named, not left to the system: only then does asyncio switch off the waiting for more to send (TCP_NODELAY), which would add
    40 ms to every page.
    """
    try:
        ((family, _, _, _, place), *_) = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _cannot(settings, error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(place)
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise _cannot(settings, error) from error
    return listening


def _cannot(settings: WebSettings, error: OSError) -> CannotListen:
    reason = error.strerror or str(error)
    return CannotListen(f"the dashboard cannot listen on {settings.listen}: {reason}; name another address with web.listen")


def address_of(listening: socket.socket) -> str:
    """The address of a listening socket as a person opens it."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


async def serve(application: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serves until `stop`; requests under way have two seconds to end. Closes the socket."""
    config = Config(
        application,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        forwarded_allow_ips="127.0.0.1",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        http=_Prompt,
        loop="none",
    )
    server = _Quiet(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving
        listening.close()
