"""Tells the service manager how the daemon is: sd_notify(3) datagrams to $NOTIFY_SOCKET, without a library. Silent where nobody listens."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping


class Notifier:
    """The socket named by the environment, or none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with @ and begins with a NUL byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_s = _seconds(environment.get("WATCHDOG_USEC", ""))

    @property
    def watchdog_s(self) -> float | None:
        """After so many seconds without `alive` the manager ends the process; None: it does not watch."""
        return self._watchdog_s

    def ready(self, status: str) -> None:
        """Everything is open and the first steps run."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self) -> None:
        """The configuration is read again; `ready` follows."""
        microseconds = time.monotonic_ns() // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def alive(self, status: str) -> None:
        """The process does its work: the database answered a write, with success or with a fault that is dealt with."""
        self._send(f"WATCHDOG=1\nSTATUS={_line(status)}")

    def stopping(self) -> None:
        """The process is on its way out."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0)) as out:
                out.setblocking(False)
                out.sendto(text.encode("utf-8", "replace"), self._address)
        except OSError:
            return


def _seconds(microseconds: str) -> float | None:
    return int(microseconds) / 1_000_000 if microseconds.isascii() and microseconds.isdigit() and int(microseconds) > 0 else None


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
