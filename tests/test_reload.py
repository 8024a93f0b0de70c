"""A reload where the database refuses for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from monitor import daemon as daemon_module
from monitor.errors import StoreUnwritable


def test_a_reload_waits_for_a_database_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked or full at the moment of a reload, the database does not end the daemon: the new configuration is taken up when it gives way.

    At the first start it does: a person stands by, and is told at once.
    """
    tried: list[int] = []

    @asynccontextmanager
    async def opener() -> AsyncIterator[Any]:
        tried.append(1)
        if len(tried) < 3:
            raise StoreUnwritable("the disk is full", full=True)
        yield "app"

    async def scene() -> None:
        looks: list[int] = []

        async def look() -> None:
            looks.append(1)

        stop = asyncio.Event()
        async with AsyncExitStack() as things:
            with pytest.raises(StoreUnwritable):
                await daemon_module.taken_up(things, opener, stop, look, patient=False)
        async with AsyncExitStack() as things:
            tried.clear()
            assert await daemon_module.taken_up(things, opener, stop, look, patient=True) == "app"
        assert len(looks) == 2
        tried.clear()
        stop.set()
        async with AsyncExitStack() as things:
            assert await daemon_module.taken_up(things, opener, stop, look, patient=True) is None

    monkeypatch.setattr(daemon_module, "AGAIN_S", 0.01)
    asyncio.run(scene())
