"""A door that takes the time of each request, from its first byte sent to its last byte received, failures included."""

from __future__ import annotations

from collections.abc import Callable

from monitor.fetch.message import Request, Response
from monitor.fetch.polite import Sender


class TimedDoor:
    """Wraps a door: tells `took` the purpose of each request and the seconds it took. `monotonic` is handed in."""

    def __init__(self, door: Sender, took: Callable[[str, float], None], monotonic: Callable[[], float]) -> None:
        self._door = door
        self._took = took
        self._monotonic = monotonic

    async def send(self, request: Request) -> Response:
        """Sends the request. Raises FetchError."""
        began_s = self._monotonic()
        try:
            return await self._door.send(request)
        finally:
            self._took(request.purpose, self._monotonic() - began_s)
