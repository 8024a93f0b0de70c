"""The step: keeps one file of each format for every watchlist, written whole, and only where its bytes change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from monitor.config import OutputSettings
from monitor.digests.publish.feed import Feed, Report, item_of, lead_of, permanent_id
from monitor.digests.publish.formats import FORMATS
from monitor.files import keep_names, write_whole
from monitor.hours import from_text
from monitor.model import Watchlist
from monitor.store import hits
from monitor.store import published as stored
from monitor.store.driver import Row, Store
from monitor.store.marker import instance_of

_NEVER = from_text("1970-01-01T00:00:00.000000Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCounts:
    """Files written in this run."""

    files: int = 0


async def publish(*, store: Store, watchlists: Sequence[Watchlist], settings: OutputSettings, new_id: Callable[[], str]) -> PublishCounts:
    """Brings the files up to date. Raises OSError where the folder cannot be written; the next run tries again."""
    return await asyncio.to_thread(_publish, store, watchlists, settings, new_id) if settings.folder else PublishCounts()


def _publish(store: Store, watchlists: Sequence[Watchlist], settings: OutputSettings, new_id: Callable[[], str]) -> PublishCounts:
    assert settings.folder is not None
    written = 0
    for watchlist in watchlists:
        for form in settings.formats:
            name = f"{watchlist.id}.{form}"
            url = f"{settings.base_url.rstrip('/')}/{name}" if settings.base_url else ""
            path, content = settings.folder / name, FORMATS[form](feed_of(store, watchlist, settings, url, new_id))
            if not path.is_file() or path.read_bytes() != content:
                settings.folder.mkdir(parents=True, exist_ok=True)
                write_whole(path, content)
                written += 1
    if written:
        keep_names(settings.folder)
    return PublishCounts(files=written)


def feed_of(store: Store, watchlist: Watchlist, settings: OutputSettings, url: str, new_id: Callable[[], str]) -> Feed:
    """The newest stories of a watchlist as a feed served at `url` ("" where it is a file only)."""
    rows = stored.reports(store, watchlist.id, settings.items, review=settings.review)
    return _feed(store, ("watchlist", watchlist.id), watchlist.title or watchlist.id, rows, settings, url, new_id)


def feed_of_stories(
    store: Store, name: str, title: str, stories: Sequence[int], settings: OutputSettings, url: str, new_id: Callable[[], str]
) -> Feed:
    """Some stories as the feed of a search of this name."""
    return _feed(store, ("search", name), title, stored.reports_of(store, stories), settings, url, new_id)


def _feed(
    store: Store, identity: tuple[str, str], title: str, rows: Sequence[Row], settings: OutputSettings, url: str, new_id: Callable[[], str]
) -> Feed:
    instance = instance_of(store, new_id)
    items = []
    for _, found in groupby((Report(**row) for row in rows), key=lambda row: row.story):
        reports = tuple(found)
        lead = lead_of(reports, settings.lang)
        hit = hits.get(store, lead.hit)
        if hit is not None:
            items.append(item_of(instance, reports, {lead.hit: hit.verdict}, settings.lang))
    items.sort(key=lambda item: (item.updated_at, item.story), reverse=True)
    return Feed(
        id=permanent_id(instance, *identity),
        title=title,
        lang=settings.lang,
        url=url,
        updated_at=max((item.updated_at for item in items), default=_NEVER),
        items=tuple(items),
        changed_at=max((row["found_at"] for row in rows), default=_NEVER),
    )
