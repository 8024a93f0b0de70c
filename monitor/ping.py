"""The dead-man's ping: a request to an address of the operator's after each good cycle. Who watches that address hears of a dead daemon by its silence.

It stands for the whole flow from feeds to deliveries: a step that fails withholds it. A single feed, destination or output folder that does not work
does not; that is told by an alarm of its own, and a missing ping must go on to mean a daemon that does not do its work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from monitor.config import AlarmSettings
from monitor.errors import FetchError
from monitor.fetch import Limits, Request
from monitor.fetch.polite import Sender
from monitor.log import logger

_LIMITS = Limits(total_s=10.0, wire_bytes=4096, decoded_bytes=4096, cut=True)


class DeadMan:
    """Remembers how the steps ended. A cycle is good when every step has ended well since the last ping and none has failed since it did."""

    def __init__(self, steps: Collection[str], settings: AlarmSettings, running: Callable[[], float]) -> None:
        self._wanted = frozenset(steps)
        self._settings = settings
        self._running = running
        self._good: set[str] = set()
        self._pinged_at: float | None = None

    def ended(self, step: str, good: bool) -> None:
        """Notes the end of a step."""
        if good:
            self._good.add(step)
        else:
            self._good.discard(step)

    @property
    def due(self) -> bool:
        """True where a good cycle is complete and the last ping is long enough ago."""
        waited = self._pinged_at is None or self._running() - self._pinged_at >= self._settings.ping_every_min * 60
        return self._settings.ping_url is not None and waited and self._good >= self._wanted

    async def ping(self, door: Sender) -> bool:
        """Pings once where it is due. What becomes of it changes nothing here (RELIABILITY case 146)."""
        if not self.due:
            return False
        self._pinged_at = self._running()
        self._good.clear()
        return await ping(door, self._settings)


async def ping(door: Sender, settings: AlarmSettings) -> bool:
    """One request to the configured address; True where it was answered with 2xx."""
    if settings.ping_url is None:
        return False
    request = Request(
        url=settings.ping_url.reveal(),
        method=settings.ping_method,
        limits=_LIMITS,
        allow_private=settings.allow_private,
        ports=settings.ports,
        follow=False,
    )
    try:
        answer = await door.send(request)
    except FetchError as error:
        logger().warning("ping failed", kind=error.kind)
        return False
    if not 200 <= answer.status < 300:
        logger().warning("ping refused", status=answer.status)
    return 200 <= answer.status < 300
