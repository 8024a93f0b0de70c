"""The child process: `python -m monitor.sandbox.child PARENT MEMORY CALLS GROWTH PACKAGES MODULES` answers calls on its output.

A call is two frames, a JSON object (function, args, cpu_s) and the body; the answer is one JSON frame: {"ok": value} or {"error", "kind"}.
The child itself sees no stranger's byte: it imports MODULES once and forks a worker, which serves calls until it is tired; then it forks the next.
A worker that ends badly takes the child with it, in the same way. Both end when their input ends or the parent is gone.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from monitor.sandbox.frames import LENGTH_BYTES, frame, frame_length, pack, unpack
from monitor.sandbox.limits import allow_cpu, alone, confine, die_with_parent, resident_bytes

_MAX_MESSAGE = 500
_TIRED = 75
"""Exit code of a worker that asks to be replaced (EX_TEMPFAIL of sysexits)."""


def main() -> None:
    """Keeps one worker at a time until the input ends."""
    parent, memory_bytes, max_calls, growth_bytes = map(int, sys.argv[1:5])
    packages, modules = (tuple(filter(None, given.split(","))) for given in sys.argv[5:7])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    source, sink = _pipes()
    confine(memory_bytes)
    die_with_parent()
    if os.getppid() != parent:
        return
    logging.disable()  # the parsers' warnings concern strangers' pages, not the operator
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every page that parent and worker share
    own = os.getpid()
    while True:
        worker = os.fork()
        if worker == 0:
            _serve(_Worker(packages, max_calls, growth_bytes), own, source, sink)
        _follow(worker)


def _follow(worker: int) -> None:
    """Waits for the worker; returns where it was tired, else ends as it ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if code == _TIRED:
        return
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _serve(worker: _Worker, parent: int, source: BinaryIO, sink: BinaryIO) -> NoReturn:
    alone()
    die_with_parent()
    if os.getppid() != parent:
        os._exit(0)
    while (call := _read(source)) is not None and (body := _read(source)) is not None:
        sink.write(worker.answer(call, body))
        sink.flush()
        if worker.tired:
            os._exit(_TIRED)
    os._exit(0)


class _Worker:
    """What answers calls. tired: it asks to be replaced."""

    def __init__(self, packages: tuple[str, ...], max_calls: int, growth_bytes: int) -> None:
        self.tired = False
        self._packages = packages
        self._max_calls = max_calls
        self._growth_bytes = growth_bytes
        self._functions: dict[str, Callable[..., Any]] = {}
        self._calls = 0
        self._start_bytes = resident_bytes()

    def answer(self, call: bytes, body: bytes) -> bytes:
        """The answer frame to one call; what the function raises becomes an answer too."""
        self._calls += 1
        try:
            asked = unpack(call)
            allow_cpu(int(asked["cpu_s"]))
            reply = frame(pack({"ok": self._function(asked["function"])(body, **asked["args"])}))
        except MemoryError:
            self.tired = True
            return frame(pack({"error": "more memory than allowed", "kind": "memory"}))
        except Exception as error:  # noqa: BLE001  the function ran on a stranger's bytes: whatever it raises is its answer
            message = f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]
            reply = frame(pack({"error": message, "kind": "failed"}))
        self.tired = self._calls >= self._max_calls or resident_bytes() - self._start_bytes > self._growth_bytes
        return reply

    def _function(self, name: str) -> Callable[..., Any]:
        found = self._functions.get(name)
        if found is None:
            module, _, attribute = name.partition(":")
            if module.partition(".")[0] not in self._packages or attribute.startswith("_"):
                raise ValueError(f"{name} may not be called here")
            before = resident_bytes()
            found = getattr(importlib.import_module(module), attribute)
            self._start_bytes += resident_bytes() - before
            self._functions[name] = found
        return found


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes to the parent; what a library prints goes nowhere."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return source, sink


def _read(source: BinaryIO) -> bytes | None:
    prefix = source.read(LENGTH_BYTES)
    if len(prefix) < LENGTH_BYTES:
        return None
    length = frame_length(prefix)
    payload = source.read(length)
    return payload if len(payload) == length else None


if __name__ == "__main__":
    main()
