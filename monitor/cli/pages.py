"""Pages that a command asks for by their address: fetched through the fetch door, extracted in the parse door, with or without a configuration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.cli.output import progress
from monitor.cli.session import Session

if TYPE_CHECKING:
    from monitor.articles.step import ReadSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its text with what it says of itself, or the error that stood in the way."""

    url: str
    title: str = ""
    text: str = ""
    lang: str = ""
    date: str = ""
    site_name: str = ""
    error: str = ""


def is_address(text: str) -> bool:
    """True for an http(s) address."""
    return text.startswith(("http://", "https://"))


def fetch_pages(session: Session, addresses: Sequence[str]) -> tuple[Page, ...]:
    """The pages in the order of their addresses, one request at a time per host."""
    return asyncio.run(_fetch(session, addresses))


async def _fetch(session: Session, addresses: Sequence[str]) -> tuple[Page, ...]:
    from monitor.config import ArticlesSettings, FetchSettings
    from monitor.fetch import Door
    from monitor.fetch.polite import PoliteDoor
    from monitor.sandbox import Sandbox

    fetch = session.config.fetch if session.configured else FetchSettings()
    articles = session.config.articles if session.configured else ArticlesSettings()
    settings = _settings(fetch, articles)
    direct = Door(user_agent=fetch.agent, allow_private=fetch.allow_private, ports=fetch.ports, in_flight=fetch.in_flight)
    async with direct as door, Sandbox(size=2) as sandbox:
        polite = PoliteDoor(door, fetch.per_host_pause_s, time.monotonic)
        with progress(len(addresses), "fetching") as advance:

            async def one(url: str) -> Page:
                page = await _page(url, polite, sandbox, settings)
                advance(1)
                return page

            return tuple(await asyncio.gather(*(one(url) for url in addresses)))


def _settings(fetch: Any, articles: Any) -> ReadSettings:
    from monitor.articles.step import ReadSettings

    return ReadSettings(
        agent=fetch.agent,
        languages=articles.languages,
        robots=articles.robots,
        timeout_s=articles.timeout_s,
        allow_private=fetch.allow_private,
        ports=fetch.ports,
    )


async def _page(url: str, door: Any, sandbox: Any, settings: ReadSettings) -> Page:
    from monitor.articles.actions import page_at
    from monitor.errors import FetchError, SandboxError

    try:
        found = await page_at(url, door=door, sandbox=sandbox, settings=settings)
    except (FetchError, SandboxError) as error:
        return Page(url=url, error=str(error))
    return Page(url=url, **{name: str(found[name] or "") for name in ("title", "text", "lang", "date", "site_name")})
