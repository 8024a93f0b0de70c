"""The child process: `python -m monitor.sandbox.child PARENT MEMORY CALLS GROWTH PACKAGE...` reads calls from its input, answers on its output.

A call is two frames, a JSON object (function, args, cpu_s) and the body; the answer is one JSON frame: {"ok": value} or {"error", "kind"},
with "tired": true when the process should be replaced. It ends when its input ends.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from monitor.sandbox.frames import LENGTH_BYTES, frame, frame_length, pack, unpack
from monitor.sandbox.limits import allow_cpu, confine, resident_bytes

_MAX_MESSAGE = 500


def main() -> None:
    """Serves calls until the input ends or the parent is gone."""
    parent, memory_bytes, max_calls, growth_bytes = map(int, sys.argv[1:5])
    packages = tuple(sys.argv[5:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    source, sink = _pipes()
    confine(memory_bytes)
    if os.getppid() != parent:
        return
    logging.disable()  # the parsers' warnings concern strangers' pages, not the operator
    worker = _Worker(packages, max_calls, growth_bytes)
    while (call := _read(source)) is not None and (body := _read(source)) is not None:
        sink.write(worker.answer(call, body))
        sink.flush()


class _Worker:
    def __init__(self, packages: tuple[str, ...], max_calls: int, growth_bytes: int) -> None:
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
            reply = {"ok": self._function(asked["function"])(body, **asked["args"]), "tired": self._tired()}
            return frame(pack(reply))
        except MemoryError:
            return frame(pack({"error": "more memory than allowed", "kind": "memory", "tired": True}))
        except Exception as error:  # noqa: BLE001  the function ran on a stranger's bytes: whatever it raises is its answer
            message = f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]
            return frame(pack({"error": message, "kind": "failed", "tired": self._tired()}))

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

    def _tired(self) -> bool:
        return self._calls >= self._max_calls or resident_bytes() - self._start_bytes > self._growth_bytes


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
