"""The parent's side: a few child processes, each given one call at a time, replaced when they die or hang. Tired workers they replace themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from monitor.errors import SandboxError
from monitor.sandbox.frames import LENGTH_BYTES, frame, frame_length, pack, unpack

_MIB = 1024 * 1024
_PACKAGE = "monitor"


@dataclass(frozen=True, slots=True)
class _Child:
    process: Process
    modules: tuple[str, ...]


class Sandbox:
    """`async with Sandbox() as sandbox: await sandbox.call("monitor.feeds.parse:parse_feed", args, body)`.

    size           children at most, started when first needed
    recycle_calls  calls after which a child replaces its worker (C libraries creep)
    growth_bytes   growth of the worker's memory after which it does
    memory_bytes   address space of a child (Linux)
    packages       top-level packages whose functions may be named
    """

    def __init__(
        self,
        size: int = 2,
        *,
        recycle_calls: int = 200,
        growth_bytes: int = 64 * _MIB,
        memory_bytes: int = 1024 * _MIB,
        packages: tuple[str, ...] = (_PACKAGE,),
    ) -> None:
        self._limits = (memory_bytes, recycle_calls, growth_bytes)
        self._packages = packages
        self._slots = asyncio.Semaphore(size)
        self._modules: dict[str, None] = {}
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*(self._end(child) for child in tuple(self._all)))
        self._idle.clear()

    async def call(self, function: str, args: Mapping[str, object], body: bytes, *, wall_s: float = 30, cpu_s: int = 30) -> Any:
        """What `module:function(body, **args)` returns in a child process, as JSON knows it.

        Raises SandboxError: timeout (wall or processor time), memory, died (crash or garbage), failed (the function raised; its words),
        unstarted (the system gives no further process or file).
        """
        if function.partition(":")[0].partition(".")[0] not in self._packages:
            raise SandboxError("failed", f"{function} may not be called in the parse process")
        module = function.partition(":")[0]
        asked = frame(pack({"function": function, "args": dict(args), "cpu_s": max(1, int(cpu_s))})) + _framed(body)
        async with self._slots:
            child = await self._child(module)
            try:
                async with asyncio.timeout(wall_s):
                    reply = await _exchange(child.process, asked)
            except TimeoutError:
                raise SandboxError("timeout", f"the parse took longer than {wall_s:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
                raise await _death(child.process, error) from None
            else:
                self._idle.append(child)
            finally:
                if child not in self._idle:
                    await self._end(child)
        if "ok" in reply:
            return reply["ok"]
        kind = "memory" if reply.get("kind") == "memory" else "failed"
        raise SandboxError(kind, str(reply.get("error", "no reason given")))

    async def _child(self, module: str) -> _Child:
        """An idle child that has imported the module, or a fresh one with all that were ever asked for: each of its workers begins with them."""
        self._modules[module] = None
        while self._idle:
            child = self._idle.pop()
            if child.process.returncode is None and module in child.modules:
                return child
            await self._end(child)
        modules = tuple(self._modules)
        names = (",".join(self._packages), ",".join(modules))
        command = ("-P", "-B", "-W", "ignore", "-m", "monitor.sandbox.child", str(os.getpid()), *map(str, self._limits), *names)
        # An empty environment but for the places where the parent finds its modules.
        environment = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}  # noqa: PTH109
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, process_group=0
            )
        except OSError as error:
            raise SandboxError("unstarted", f"no parse process could be started ({error.strerror})") from error
        child = _Child(process, modules)
        self._all.add(child)
        return child

    async def _end(self, child: _Child) -> None:
        """Kills the child with its worker and waits until it is gone; shielded, for a cancelled caller must not leave it running."""
        self._all.discard(child)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        await asyncio.shield(_reap(child.process))


def _framed(body: bytes) -> bytes:
    try:
        return frame(body)
    except ValueError as error:
        raise SandboxError("failed", f"too large to be parsed: {error}") from None


async def _exchange(child: Process, asked: bytes) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(asked)
    await child.stdin.drain()
    length = frame_length(await child.stdout.readexactly(LENGTH_BYTES))
    reply = unpack(await child.stdout.readexactly(length))
    if not isinstance(reply, dict):
        raise ValueError("the answer is no object")
    return reply


async def _death(child: Process, error: Exception) -> SandboxError:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await child.wait()
    code = child.returncode
    if code == -signal.SIGXCPU:
        return SandboxError("timeout", "the parse used more processor time than allowed")
    if code is None:
        return SandboxError("died", f"the parse process answered garbage: {error}")
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return SandboxError("died", f"the parse process ended with {how}")


async def _reap(child: Process) -> None:
    """Waits for the child, and for the end of its output, which its worker holds too."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    with contextlib.suppress(ConnectionError):
        await child.stdin.wait_closed()
    await child.wait()
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(1):
            while await child.stdout.read(65536):
                pass
