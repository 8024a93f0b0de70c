"""One address of Apprise: any of the services that the package knows. An extra: nothing else needs the package.

The package makes its own connections, with its own time-outs, and tells no more than whether the service took the message: one address at a time,
so that it is known which one failed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import warnings
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from monitor.backoff import WEBHOOK, WEBHOOK_PATIENCE
from monitor.config import AppriseChannel
from monitor.config.present import masked, secret_values
from monitor.model import Message, SendVerdict
from monitor.text import one_line

if TYPE_CHECKING:
    from types import ModuleType

    from apprise import AppriseAsset

INSTALL = "pip install 'monitor-news[apprise]'"
_PROBE_S = 3600
_LEASE = timedelta(minutes=10)
"""A message that its service takes in pieces only may need many requests."""


class AppriseSender:
    """A configured address. It is a secret: no verdict repeats it."""

    schedule = WEBHOOK
    patience = WEBHOOK_PATIENCE
    lease = _LEASE

    def __init__(self, settings: AppriseChannel) -> None:
        self._settings = settings

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Offers the message once. Sent: the service took it; parked: the package is missing, or the address is none that it knows."""
        return await asyncio.to_thread(self._send, message)

    def _send(self, message: Message) -> SendVerdict:
        problem = address_problem(self._settings)
        if problem:
            return SendVerdict(outcome="parked", code="address", detail=problem, retry_after_s=_PROBE_S)
        content = json.loads(message.body)
        apprise = _package()
        service = apprise.Apprise.instantiate(self._settings.url.reveal(), asset=_asset())
        if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
            service.overflow_mode = apprise.OverflowMode.SPLIT  # a service that takes less than our parts gets them in pieces, never cut
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
            try:
                taken = service.notify(title=content["title"], body=content["body"], body_format=apprise.NotifyFormat.TEXT)
            except (OSError, TypeError, ValueError) as error:
                return SendVerdict(outcome="again", code=type(error).__name__, detail="the service could not be asked")
            words = masked(one_line(said.getvalue(), 300), secret_values((self._settings,)))
        if taken:
            return SendVerdict(outcome="sent", code="taken")
        return SendVerdict(outcome="again", code="not taken", detail=words or "the service did not take it")


def address_problem(settings: AppriseChannel) -> str:
    """Why an address cannot be used, without repeating it; empty where it can."""
    try:
        apprise = _package()
    except ImportError:
        return f"the package apprise is not installed: {INSTALL}"
    with apprise.LogCapture(level=logging.CRITICAL):
        known = apprise.Apprise.instantiate(settings.url.reveal(), asset=_asset()) is not None
    return "" if known else "Apprise knows no service by this address; see https://appriseit.com/services"


@cache
def _package() -> ModuleType:
    """The package, kept from the log: its warnings may quote addresses. Raises ImportError."""
    import apprise

    logging.getLogger("apprise").propagate = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it loads modules of the standard library that newer Pythons drop
        apprise.Apprise.instantiate("json://localhost", asset=_asset())
    return apprise


@cache
def _asset() -> AppriseAsset:
    """How the package behaves here: nothing is stored, no further plug-ins, no address in its log, no redirect followed."""
    import apprise

    return apprise.AppriseAsset(
        app_id="Monitor",
        app_desc="Monitor",
        app_url="",
        secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
    )
