"""Every feed document of feedparser's own tests, each as its own feed over HTTP: nothing lost, nothing added by a second look, whatever the order."""

from __future__ import annotations

import io
import re
import tarfile
import warnings
from collections import Counter
from pathlib import Path

import feedparser
import pytest

from tests.conformance.conftest import Case
from tests.conformance.rig import Rig
from tests.conformance.server import reply

SLICE = 14
"""The normal run takes every so many-th document."""

_HEADER = re.compile(rb"^\s*Header:[ \t]*([A-Za-z-]+):[ \t]*([^\r\n]*)", re.MULTILINE | re.IGNORECASE)


@pytest.fixture(scope="session")
def documents(shared: Path) -> dict[str, bytes]:
    """Name to bytes of every document, in the order of their names."""
    with tarfile.open(shared / "real" / "feedparser.tar.xz") as archive:
        files = [(member.name, archive.extractfile(member)) for member in archive if member.name.endswith(".xml")]
        return {name: file.read() for name, file in sorted(files, key=lambda pair: pair[0]) if file is not None}


def headers_of(body: bytes) -> dict[str, str]:
    """The response headers that a document asks for in its leading comment."""
    head = body[: body.find(b"-->")] if body.find(b"-->") > 0 else b""
    found = {name.decode().lower(): value.decode("latin-1").strip() for name, value in _HEADER.findall(head)}
    return {"content-type": "application/xml", **found}


def expected_count(body: bytes, url: str) -> int:
    """Entries that must be stored: feedparser's own less exact repetitions (same id and link; without id same link and title; else same text)."""
    headers = {"content-location": url, **headers_of(body)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        entries = feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False).entries
        return len({_identity(entry) for entry in entries})


def _identity(entry: feedparser.FeedParserDict) -> tuple[str, ...]:
    id_, link, title = (str(entry.get(name) or "") for name in ("id", "link", "title"))
    if id_:
        return ("id", id_, link)
    if link or title:
        return ("link", link, title)
    texts = [entry.get("summary", ""), *(content.get("value", "") for content in entry.get("content", ()))]
    return ("text", *map(str, texts), str(entry.get("published") or entry.get("updated") or ""))


async def served(rig: Rig, documents: dict[str, bytes], names: list[str]) -> dict[str, str]:
    """Serves each document as a feed on a host of its own and polls all once. Returns feed name to document name."""
    rig.articles = False
    places = {name: number for number, name in enumerate(documents)}
    feeds = {f"f{places[name]:04}": name for name in names}
    for feed, name in feeds.items():
        headers = {key.replace("-", "_"): value for key, value in headers_of(documents[name]).items()}
        again = documents[name] + (b"" if b"\0" in documents[name] else b"\n")
        rig.feed(feed, rig.server.say("/", reply(documents[name], **headers), reply(again, **headers), host=f"{feed}.example"))
    await rig.poll()
    return feeds


def stored(rig: Rig) -> Counter[str]:
    rows = rig.rows("select f.name, count(e.id) as n from feeds f left join entries e on e.feed_id = f.id group by f.name")
    return Counter({row["name"]: row["n"] for row in rows})


def check_nothing_lost(rig: Rig, documents: dict[str, bytes], feeds: dict[str, str]) -> None:
    states = rig.rows("select name, url, state, last_success_at, error_kind, error from feeds")
    unnamed = [row["name"] for row in states if not row["last_success_at"] and not (row["error_kind"] and row["error"])]
    assert unnamed == []
    assert {row["state"] for row in states} == {"active"}
    counts = stored(rig)
    urls = {row["name"]: row["url"] for row in states}
    wrong = {
        name: (counts[feed], expected)
        for feed, name in feeds.items()
        if counts[feed] != (expected := expected_count(documents[name], urls[feed]))
    }
    assert wrong == {}


async def check_all(rig: Rig, documents: dict[str, bytes], names: list[str]) -> set[tuple[str, str]]:
    """The four checks on these documents; returns what was stored, as pairs of document and content."""
    feeds = await served(rig, documents, names)
    check_nothing_lost(rig, documents, feeds)
    before = stored(rig)
    await rig.digest()
    counts = "select (select count(*) from hits) as hits, (select count(*) from deliveries) as deliveries, (select count(*) from articles) as articles"
    told = rig.rows(counts)
    asked = len(rig.server.log)
    await rig.poll(force=True)
    assert len(rig.server.log) == asked + len(names)
    await rig.digest()
    assert stored(rig) == before
    assert rig.rows(counts) == told
    assert (await rig.step("tidy")).get("failed") is None
    rows = rig.rows("select f.name, e.content_hash from entries e join feeds f on f.id = e.feed_id")
    return {(feeds[row["name"]], row["content_hash"]) for row in rows}


def test_foreign_feeds_slice(case: Case, documents: dict[str, bytes]) -> None:
    """A slice of the documents: all alive, nothing lost, nothing added by a second poll."""
    names = list(documents)[::SLICE]

    async def work(rig: Rig) -> None:
        assert len(await check_all(rig, documents, names)) > 50

    case(work)


@pytest.mark.slow
@pytest.mark.parametrize("backwards", [False, True])
def test_foreign_feeds(case: Case, documents: dict[str, bytes], backwards: bool, found: dict[bool, set[tuple[str, str]]]) -> None:
    """All documents, in both orders: all alive, nothing lost, nothing added by a second poll, the same set."""
    names = sorted(documents, reverse=backwards)

    async def work(rig: Rig) -> None:
        found[backwards] = await check_all(rig, documents, names)

    case(work)
    if len(found) == 2:
        assert found[True] == found[False]


@pytest.fixture(scope="module")
def found() -> dict[bool, set[tuple[str, str]]]:
    """What each order stored."""
    return {}


def test_header_comments(documents: dict[str, bytes]) -> None:
    """The documents that prescribe response headers are served with them."""
    asking = [name for name, body in documents.items() if _HEADER.search(body[: body.find(b"-->")] if body.find(b"-->") > 0 else b"")]
    assert len(asking) >= 100
