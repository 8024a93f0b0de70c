"""A process that has everything imported and forks a life of the program on request, so that a thousand lives do not cost a thousand starts.

Speaks in lines on standard input and output: `FOLDER MINUTES` forks a child that waits; its number is answered; `go` lets it run; how it ended
is answered (its exit code, negative for a signal).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from monitor import pipeline
from monitor.app import open_app
from monitor.config import load_config
from monitor.daemon import take_over
from monitor.deliveries import step
from monitor.store.opening import open_store
from monitor.store.sqlite import open_sqlite
from tests.promise.world import MORNING, InProcess, World


class Inline(ThreadPoolExecutor):
    """Runs work at once in the calling thread: all system calls of a life come from one thread, in one order."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


async def life(folder: Path, minutes: float) -> None:
    """One life: opens the database, takes over what a dead one held, runs every step until nothing is due."""
    asyncio.get_running_loop().set_default_executor(Inline())
    at = MORNING + timedelta(minutes=minutes)
    config = load_config(folder / "config.toml")
    store = open_store(config.database)
    take_over(store, at)
    async with open_app(config, store, clock=lambda: at, jitter=lambda: 0.5) as opened:
        app = replace(opened, sandbox=InProcess(), visits=1)  # type: ignore[arg-type]
        await pipeline.once(app)
    store.close()


def child(folder: Path, minutes: float, gate: int) -> None:
    """The forked life. Never returns."""
    code = 1
    try:
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.read(gate, 1)
        asyncio.run(life(folder, minutes))
        code = 0
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
    finally:
        os._exit(code)


def warm_up() -> None:
    """One life in a world without sockets: everything that is imported or made at first use is there before the first fork."""
    with suppress(ImportError):
        import_module("monitor.store.postgres")
    with TemporaryDirectory() as folder:
        store = open_sqlite(Path(folder) / "monitor.db")
        World(Path(folder)).cycle(store)
        store.close()


def main() -> None:
    step._SETTLE_AGAIN_S = (0.0, 0.0)
    warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        folder, minutes = line.rsplit(" ", 1)
        gate, opener = os.pipe()
        pid = os.fork()
        if pid == 0:
            child(Path(folder), float(minutes), gate)
        print(pid, flush=True)
        sys.stdin.readline()
        os.write(opener, b"g")
        _, status = os.waitpid(pid, 0)
        os.close(gate)
        os.close(opener)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
