"""Names to addresses, off the event loop. Each lookup has a thread of its own, so that a dead name server delays nobody else's work or exit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable

from monitor.errors import FetchError
from monitor.fetch.addresses import is_address

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) to addresses as text, best first. Raises OSError where there is none."""

RESOLVE_S = 5.0


async def system_addresses(host: str, port: int) -> list[str]:
    """The addresses the operating system knows for `host`; one that is an address itself is asked of nobody. Raises OSError."""
    if is_address(host):
        return [host]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: Exception | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def look_up() -> None:
        addresses: list[str] = []
        problem: Exception | None = None
        try:
            addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            problem = OSError(str(error)) if isinstance(error, UnicodeError) else error
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses, problem)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await answer


async def resolve(resolver: Resolver, host: str, port: int) -> list[str]:
    """The addresses of `host`, without repeats. Raises FetchError `dns` when there is none within RESOLVE_S seconds."""
    try:
        async with asyncio.timeout(RESOLVE_S):
            addresses = await resolver(host, port)
    except TimeoutError:
        raise FetchError("dns", f"no name server answered for {host} within {RESOLVE_S:g} s") from None
    except OSError as error:
        raise FetchError("dns", f"the name {host} was not found: {error.strerror or error}") from None
    if not addresses:
        raise FetchError("dns", f"the name {host} has no address")
    return list(dict.fromkeys(addresses))
