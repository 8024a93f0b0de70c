"""The demo's news site: every outlet of `content` on a loopback address of its own (or under a path, where the system has only one address)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import Self

from monitor.demo.content import DemoArticle, Outlet, outlets
from monitor.demo.pages import feed, page

_REASONS = {200: "OK", 304: "Not Modified", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error"}
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in."""

    address: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    status: int


class NewsSite:
    """Serves what was published up to `until`. Use as an async context manager; `feeds` and `port` are known inside it."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._places: list[tuple[Outlet, str, str, str]] = []
        self._servers: list[asyncio.Server] = []
        self._routes: dict[tuple[str, str], tuple[int, bytes, str]] = {}
        self.feeds: tuple[tuple[str, str, str], ...] = ()
        self.requests: list[Asked] = []
        self.port = 0

    @staticmethod
    def articles() -> tuple[DemoArticle, ...]:
        """Every article of every outlet."""
        return tuple(article for outlet in outlets() for article in outlet.articles)

    async def __aenter__(self) -> Self:
        first = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._servers.append(first)
        self.port = first.sockets[0].getsockname()[1]
        feeds = []
        for number, outlet in enumerate(outlets(), 2):
            address, prefix = await self._place(f"127.0.0.{number}", outlet)
            base = f"http://{address}:{self.port}{prefix}"
            self._places.append((outlet, address, prefix, base))
            feeds.append((outlet.key, f"{base}/feed", outlet.lang))
        self.feeds = tuple(feeds)
        self.publish(self._until)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for server in self._servers:
            server.close()
        for server in self._servers:
            await server.wait_closed()

    def publish(self, until: datetime) -> None:
        """Lets the outlets publish what they have up to an instant."""
        self._until = until
        for outlet, address, prefix, base in self._places:
            self._publish(outlet, address, prefix, base)

    async def _place(self, address: str, outlet: Outlet) -> tuple[str, str]:
        """An address of the outlet's own and no prefix, or the shared address and a prefix."""
        try:
            self._servers.append(await asyncio.start_server(self._serve, address, self.port))
        except OSError:
            return "127.0.0.1", f"/{outlet.key}"
        return address, ""

    def _publish(self, outlet: Outlet, address: str, prefix: str, base: str) -> None:
        shown = [article for article in outlet.articles if article.published_at <= self._until]
        shown.sort(key=lambda article: (article.published_at, article.slug), reverse=True)
        body, kind = feed(outlet, shown, base)
        self._routes[address, f"{prefix}/feed"] = (500, b"database error", "text/plain") if "dead" in outlet.quirks else (200, body, kind)
        for number, article in enumerate(shown):
            others = [*shown[number + 1 :], *shown[:number]][:4]
            self._routes[address, f"{prefix}{article.path}"] = (200, page(outlet, article, base, others), "text/html; charset=utf-8")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        try:
            while head := await _head(reader):
                writer.write(self._answer(address, head))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, address: str, head: str) -> bytes:
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        target = rest.partition(" ")[0]
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:] if line))
        path = target.partition("?")[0]
        status, body, kind = self._routes.get((address, path), (404, b"not found", "text/plain"))
        if method != "GET":
            status, body = 405, b""
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        if status == 200 and dict(headers).get("if-none-match") == etag:
            status, body = 304, b""
        self.requests.append(Asked(address=address, method=method, path=path, headers=headers, status=status))
        fields = (
            f"content-type: {kind}\r\netag: {etag}\r\ncontent-length: {len(body)}\r\n"
            if status == 200
            else f"content-length: {len(body)}\r\n"
        )
        return f"HTTP/1.1 {status} {_REASONS[status]}\r\n{fields}\r\n".encode() + body


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return ""
    return raw[:_HEAD_BYTES].decode("latin-1").removesuffix("\r\n\r\n")
