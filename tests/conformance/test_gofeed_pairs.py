"""gofeed's pairs of a feed and its expected reading: title, link and date of every item, as our store holds them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import urls
from monitor.feeds.plain import plain_text
from monitor.hours import from_text_or_none
from monitor.text import one_line
from tests.conformance.conftest import Case
from tests.conformance.rig import Rig
from tests.conformance.server import reply

SLICE = 9
"""The normal run takes every so many-th pair."""

OURS = {
    "parser/rss/issue_217_enclosure_children.xml": "feedparser takes the media title inside an enclosure for the item's own; gofeed leaves the item without",
    "parser/rss/rss_channel_item_uri_at_protocol.xml": "feedparser prefers the link's uri attribute (at:) to its text; the item is kept without a page",
}
"""Pairs read otherwise than gofeed reads them, and why."""


@pytest.fixture(scope="session")
def pairs(shared: Path) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """Name to (document, expected reading); readings that are a list of errors have no items."""
    with tarfile.open(shared / "real" / "gofeed.tar.xz") as archive:
        files = {member.name.split("testdata/")[-1]: archive.extractfile(member) for member in archive if member.isfile()}
        contents = {name: file.read() for name, file in files.items() if file is not None}
    found = {}
    for name, body in sorted(contents.items()):
        stem, _, ending = name.rpartition(".")
        expected = contents.get(f"{stem}.json" if ending == "xml" else f"{stem}_expected.json")
        if expected is not None and isinstance(reading := json.loads(expected), dict):
            found[name] = (body, reading)
    return found


def expected(reading: Mapping[str, Any], base: str) -> list[tuple[str, str, datetime | None]]:
    """Title, link and date of each item as gofeed has them. Titles without markup; published before updated; alternate links only."""
    return [(_title(item), _link(item, base), _date(item)) for item in reading.get("items") or reading.get("entries") or ()]


def _title(item: Mapping[str, Any]) -> str:
    return one_line(plain_text(item.get("title", "")))


def _link(item: Mapping[str, Any], base: str) -> str:
    links = [link for link in item.get("links", ()) if isinstance(link, dict) and link.get("rel", "") in ("", "alternate")]
    link = item.get("link") or item.get("url") or next((link.get("href", "") for link in links), "")
    return urls.join(base, link)


def _date(item: Mapping[str, Any]) -> datetime | None:
    text = next((item[name] for name in ("publishedParsed", "pubDateParsed", "updatedParsed", "date_published") if item.get(name)), "")
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0) if text else None


async def readings(rig: Rig, pairs: Mapping[str, tuple[bytes, dict[str, Any]]]) -> dict[str, list[tuple[str, str, datetime | None]]]:
    """What the store holds of each document after one poll of all."""
    names = {f"g{number:04}": name for number, name in enumerate(pairs)}
    for feed, name in names.items():
        kind = "application/json" if name.endswith(".json") else "application/xml"
        rig.feed(feed, rig.server.say("/", reply(pairs[name][0], Content_Type=kind), host=f"{feed}.example"))
    await rig.poll()
    return {
        name: [
            (row["title"], row["url"], at.replace(microsecond=0) if (at := from_text_or_none(row["published_at"])) else None)
            for row in rig.entries(feed)
        ]
        for feed, name in names.items()
    }


async def different(rig: Rig, pairs: Mapping[str, tuple[bytes, dict[str, Any]]]) -> set[str]:
    got = await readings(rig, pairs)
    base = {name: rig.server.url("/", f"g{number:04}.example") for number, name in enumerate(pairs)}
    return {name for name, (_, reading) in pairs.items() if got[name] != expected(reading, base[name])}


def test_gofeed_slice(case: Case, pairs: dict[str, tuple[bytes, dict[str, Any]]]) -> None:
    """A slice of the pairs is read as gofeed reads it."""
    some = dict(list(pairs.items())[::SLICE])

    async def work(rig: Rig) -> None:
        assert await different(rig, some) - OURS.keys() == set()

    case(work)


@pytest.mark.slow
def test_gofeed_pairs(case: Case, pairs: dict[str, tuple[bytes, dict[str, Any]]]) -> None:
    """Title, link and date are gofeed's in at least 99 % of the pairs; the others are named, with their reason."""

    async def work(rig: Rig) -> None:
        wrong = await different(rig, pairs)
        assert wrong == OURS.keys()
        assert len(wrong) <= len(pairs) * 0.01
        assert len(pairs) > 500

    case(work)
