"""What a hostile or broken parse would do, as functions the sandbox can be asked to run."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time
from pathlib import Path

KEPT: list[bytes] = []


def echo(body: bytes, **args: object) -> dict[str, object]:
    return {"body": body.decode(), "args": args, "pid": os.getpid()}


def surrounding(body: bytes) -> dict[str, object]:
    return {"environment": sorted(os.environ), "secret": os.environ.get("MONITOR_SECRET", ""), "parent": os.getppid()}


def burn(body: bytes) -> None:
    while True:
        pass


def sleep(body: bytes) -> None:
    time.sleep(60)


def eat(body: bytes) -> int:
    return len(bytearray(8 * 1024**3))


def keep(body: bytes) -> int:
    KEPT.append(os.urandom(1024) * 1024 * 20)
    return os.getpid()


def crash(body: bytes) -> None:
    os.abort()


def segfault(body: bytes) -> None:
    ctypes.string_at(0)


def leave(body: bytes) -> None:
    os._exit(3)


def fail(body: bytes) -> None:
    raise ValueError("no root element")


def deep(body: bytes) -> None:
    deep(body)


def chatter(body: bytes) -> str:
    print("to the output")
    os.write(1, b"\xff\xff\xff\xff")
    sys.stderr.write("to the errors")
    return "quiet"


def garbage(body: bytes) -> None:
    for number in range(3, 32):
        try:
            os.write(number, b"\x00\x00\x00\x02{]")
        except OSError:
            continue


def unspeakable(body: bytes) -> object:
    return {1, 2}


def surrogate(body: bytes) -> str:
    return "a\ud800b"


def huge(body: bytes) -> str:
    return "x" * (40 * 1024 * 1024)


def write_file(body: bytes) -> str:
    target = Path(body.decode())
    try:
        target.write_bytes(b"x")
    except OSError:
        return "refused"
    return "written"


def open_many(body: bytes) -> int:
    held = []
    try:
        for _ in range(200):
            held.append(socket.socket())
    except OSError:
        pass
    finally:
        for each in held:
            each.close()
    return len(held)


def _hidden(body: bytes) -> str:
    return "seen"
