"""The step: keeps one file of each format for every watchlist, written whole, and only where its bytes change; those of former watchlists go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from monitor.config import OutputSettings
from monitor.digests.publish.feed import Feed, Report, item_of, lead_of, permanent_id
from monitor.digests.publish.formats import FORMATS
from monitor.files import PARTIAL, keep_names, write_whole
from monitor.hours import from_text, to_text
from monitor.model import Watchlist
from monitor.store import hits
from monitor.store import published as stored
from monitor.store.driver import Row, Store
from monitor.store.marker import instance_of
from monitor.store.steps import fact, set_fact

_LEFT = timedelta(hours=1)
"""A file that is still being written after so long was left by a writer that was killed."""

_NEVER = from_text("1970-01-01T00:00:00.000000Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCounts:
    """Files written and removed in this run. `skipped`: 1 where the folder cannot be written, which is noted for status and alarms."""

    files: int = 0
    removed: int = 0
    skipped: int = 0


async def publish(
    *, store: Store, clock: Callable[[], datetime], watchlists: Sequence[Watchlist], settings: OutputSettings, new_id: Callable[[], str]
) -> PublishCounts:
    """Brings the files up to date. A folder that cannot be written is a fact in the store and no error: all else works, and the next run tries again."""
    return await asyncio.to_thread(_publish, store, clock(), watchlists, settings, new_id)


def _publish(
    store: Store, now: datetime, watchlists: Sequence[Watchlist], settings: OutputSettings, new_id: Callable[[], str]
) -> PublishCounts:
    counts, problem = PublishCounts(), ""
    if settings.folder is not None:
        files = dict(_files(store, watchlists, settings, new_id))
        try:
            manifest = f".monitor-{permanent_id(instance_of(store, new_id))[-12:]}.json"
            counts = _keep(settings.folder, manifest, files, new_id(), now - _LEFT)
        except OSError as error:
            counts, problem = PublishCounts(skipped=1), f"{settings.folder}: {error.strerror or error}"
    since, _, noted = (fact(store, "output_problem") or "").partition("|")
    if noted != problem:
        set_fact(store, "output_problem", f"{since or to_text(now)}|{problem}" if problem else "")
    return counts


def _files(
    store: Store, watchlists: Sequence[Watchlist], settings: OutputSettings, new_id: Callable[[], str]
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file there should be."""
    for watchlist in watchlists:
        for form in settings.formats:
            name = f"{watchlist.id}.{form}"
            url = f"{settings.base_url.rstrip('/')}/{name}" if settings.base_url else ""
            yield name, FORMATS[form](feed_of(store, watchlist, settings, url, new_id))


def _keep(folder: Path, manifest: str, files: Mapping[str, bytes], mark: str, before: datetime) -> PublishCounts:
    """Writes what changed and removes what is wanted no more. `manifest` names the file that remembers which files are ours, by the hash of what we
    wrote: one that somebody else changed or put there is left alone. Several workers may write at a time: each the same bytes, under its `mark`.
    """
    kept = _read(folder / manifest)
    ours = {name: sha256(content).hexdigest() for name, content in files.items()}
    gone = [name for name in kept.keys() - ours.keys() if _holds(folder / name, kept[name])]
    changed = [name for name, content in files.items() if not _holds(folder / name, ours[name])]
    if ours != kept or changed:
        folder.mkdir(parents=True, exist_ok=True)
        for name in changed:
            write_whole(folder / name, files[name], mark)
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        write_whole(folder / manifest, json.dumps(ours, indent=1).encode("utf-8"), mark)
        _clear(folder, (*ours, manifest), before)
        keep_names(folder)
    return PublishCounts(files=len(changed), removed=len(gone))


def _read(manifest: Path) -> dict[str, str]:
    """Names and hashes of the files that we wrote; empty where nothing readable says so. Names that are a path are not ours."""
    try:
        found = json.loads(manifest.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    known = found if isinstance(found, dict) else {}
    return {name: digest for name, digest in known.items() if Path(name).name == name and name.rpartition(".")[2] in FORMATS}


def _holds(path: Path, digest: str) -> bool:
    """True where the file is there and has this hash."""
    try:
        return sha256(path.read_bytes()).hexdigest() == digest
    except FileNotFoundError:
        return False


def _clear(folder: Path, names: Iterable[str], before: datetime) -> None:
    """Removes what a writer that was killed left of these files."""
    for name in names:
        for left in folder.glob(f"{escape(name)}*{PARTIAL}"):
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < before.timestamp():
                    left.unlink()


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
