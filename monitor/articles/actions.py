"""What a person asks of pages: one page, fetched and extracted now, without a place in the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor import urls
from monitor.articles.step import ReadSettings
from monitor.errors import FetchError
from monitor.fetch import Limits, Request
from monitor.fetch.polite import Sender
from monitor.fetch.robots import allowed
from monitor.sandbox import Sandbox

_MIB = 1024 * 1024
_HTML = (("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"),)
_EXTRACT = "monitor.articles.extract:extract_page"


async def page_at(url: str, *, door: Sender, sandbox: Sandbox, settings: ReadSettings) -> Mapping[str, Any]:
    """The page at an address as `extract_page` gives it, with `url`, its final address.

    Raises FetchError where there is no answer, robots.txt asks not to read it, or it holds no article; SandboxError where its parse ended badly.
    """
    if settings.robots and not allowed(await _robots(url, door, settings), url, settings.agent):
        raise FetchError("blocked", f"{url}: robots.txt asks not to read this page")
    response = await door.send(_request(url, settings, 5 * _MIB))
    if response.status != 200:
        raise FetchError("protocol", f"{url} answers {response.status}")
    args = {"url": response.url, "content_type": response.header("content-type") or ""}
    page = await sandbox.call(_EXTRACT, args, response.body, wall_s=15, cpu_s=10)
    if page["kind"] != "article":
        raise FetchError("protocol", f"{url} holds no article that can be read ({page['kind']})")
    return {**page, "url": response.url}


async def _robots(url: str, door: Sender, settings: ReadSettings) -> str:
    address = urls.join(url, "/robots.txt")
    if not address:
        raise FetchError("bad-url", f"not an http(s) address: {urls.redact(url)[:200]}")
    response = await door.send(_request(address, settings, _MIB // 2))
    return response.body.decode("utf-8", "replace") if response.status == 200 else ""


def _request(url: str, settings: ReadSettings, size: int) -> Request:
    limits = Limits(total_s=settings.timeout_s, wire_bytes=size, decoded_bytes=2 * size)
    return Request(url=url, headers=_HTML, limits=limits, allow_private=settings.allow_private, ports=settings.ports)
