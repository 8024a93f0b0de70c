"""A site on loopback in a thread of its own, for commands that run their own event loop: each path says exactly the bytes a test wants."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.fetch.wire import answer

__all__ = ["Loopback", "answer", "loopback", "rss"]

Say = Callable[[socket.socket], None]


class Loopback:
    """Answers each path with its bytes or its function and closes; remembers the paths asked. Unknown paths get 404."""

    def __init__(self) -> None:
        self.routes: dict[str, bytes | Say] = {}
        self.paths: list[str] = []
        self.heads: list[str] = []
        self.closing = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            path = head.split(b" ")[1].decode("latin-1")
            self.paths.append(path)
            self.heads.append(head.decode("latin-1"))
            said = self.routes.get(path, answer(status=404, Connection="close"))
            if isinstance(said, bytes):
                connection.sendall(said)
            else:
                said(connection)


@contextmanager
def loopback() -> Iterator[Loopback]:
    """A running site; stopped at the end."""
    site = Loopback()
    try:
        yield site
    finally:
        site.close()


def rss(title: str, *items: str, lang: str = "en") -> bytes:
    """A reply with an RSS feed; an item is the inside of its element."""
    inside = "".join(f"<item>{item}</item>" for item in items)
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><language>{lang}</language>{inside}</channel></rss>'
    return answer(body.encode(), Content_Type="application/rss+xml", Connection="close")
