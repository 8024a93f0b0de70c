"""One event loop and one parse process for all cases of a run: starting them costs more than a case does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from monitor.sandbox import Sandbox
from tests.conformance.rig import Rig, rig

Work = Callable[[Rig], Awaitable[None]]
Case = Callable[..., None]


@pytest.fixture(scope="session")
def loop_and_sandbox() -> Iterator[tuple[asyncio.Runner, Sandbox]]:
    """The shared loop, and the shared parse processes on it."""
    with asyncio.Runner() as runner:
        sandbox = Sandbox(size=2)
        runner.run(sandbox.__aenter__())
        yield runner, sandbox
        runner.run(sandbox.__aexit__(None, None, None))


@pytest.fixture
def case(loop_and_sandbox: tuple[asyncio.Runner, Sandbox], tmp_path: Path) -> Case:
    """Runs one case to its end: `case(work)` with `async def work(rig)`."""
    runner, sandbox = loop_and_sandbox

    def run(work: Work, tls: ssl.SSLContext | None = None, trusting: ssl.SSLContext | None = None) -> None:
        async def inside() -> None:
            async with rig(tmp_path, sandbox, tls, trusting) as made:
                await work(made)

        runner.run(inside())

    return run
