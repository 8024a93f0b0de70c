"""A door that keeps its manners: one request at a time to a host, and a pause between two of them, over all feeds and pages of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from monitor.fetch.message import Request, Response
from monitor.urls import host

LEAST_PAUSES_S = {"api.gdeltproject.org": 5.0}
"""Pauses that hosts ask of everybody in their terms of use: kept however short the configured pause is."""


class Sender(Protocol):
    """Anything that carries a request out and brings the response back, or raises FetchError."""

    async def send(self, request: Request) -> Response: ...


class PoliteDoor:
    """Wraps a door: `send` waits for the host's turn first. `monotonic` and `sleep` are handed in so that tests need not wait."""

    def __init__(
        self,
        door: Sender,
        pause_s: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._door = door
        self._pause_s = pause_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._turns: dict[str, asyncio.Lock] = {}
        self._free_at: dict[str, float] = {}

    async def send(self, request: Request) -> Response:
        """Sends when the host is free and its pause is over. Raises FetchError."""
        name = host(request.url)
        async with self._turns.setdefault(name, asyncio.Lock()):
            wait_s = self._free_at.get(name, 0.0) - self._monotonic()
            if wait_s > 0:
                await self._sleep(wait_s)
            try:
                return await self._door.send(replace(request, before_hop=self._hop))
            finally:
                self._free_at[name] = max(self._free_at.get(name, 0.0), self._monotonic() + self._pause_of(name))
                self._forget()

    async def _hop(self, name: str) -> None:
        """Waits for the pause of a host that a redirect leads to. Its turn is not taken: two hosts that redirect to each other would wait for ever."""
        now = self._monotonic()
        at = max(now, self._free_at.get(name, 0.0))
        self._free_at[name] = at + self._pause_of(name)
        self._turns.setdefault(name, asyncio.Lock())
        if at > now:
            await self._sleep(at - now)

    def _pause_of(self, name: str) -> float:
        return max(self._pause_s, LEAST_PAUSES_S.get(name, 0.0))

    def _forget(self) -> None:
        """Drops hosts whose pause is over and that nobody waits for, so that memory does not grow with the hosts ever met."""
        if len(self._free_at) < 1000:
            return
        now = self._monotonic()
        for name in [name for name, free_at in self._free_at.items() if free_at <= now and not self._turns[name].locked()]:
            del self._free_at[name], self._turns[name]
