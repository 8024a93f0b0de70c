"""The parse door under documents that mean harm (fault matrix E): bounded time and memory, the harmless item kept, clean text."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from monitor.sandbox import Sandbox
from tests.feeds.hostile import CORPUS, document

CPU_S = 8
"""Processor time that any one document may take; feedparser alone needs minutes for some."""

MEMORY = 600 * 1024 * 1024
"""Address space of the child, its modules included."""

WITHOUT_THE_ITEM = {
    "many_items",
    "many_unclosed_items",
    "odd_dates",
    "same_guids",
    "json_deep",
    "json_number",
    "links",
    "noise",
    "controls",
    "long_title",
}
"""Documents that hold no harmless item beside the harm."""


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[asyncio.Runner, Sandbox]]:
    """One loop and one parse process for all documents."""
    with asyncio.Runner() as runner:
        sandbox = Sandbox(size=1, memory_bytes=MEMORY)
        runner.run(sandbox.__aenter__())
        yield runner, sandbox
        runner.run(sandbox.__aexit__(None, None, None))


def parsed(door: tuple[asyncio.Runner, Sandbox], body: bytes) -> dict[str, Any]:
    runner, sandbox = door
    args = {"url": "http://feeds.example/f", "content_type": "application/xml"}
    found: dict[str, Any] = runner.run(sandbox.call("monitor.feeds.parse:parse_feed", args, body, wall_s=120, cpu_s=CPU_S))
    return found


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CORPUS)
def test_hostile_documents_stay_inside_their_budgets(door: tuple[asyncio.Runner, Sandbox], name: str, seed: int) -> None:
    """No document costs more than its share, none kills the process, and what is harmless in it is read."""
    found = parsed(door, document(name, seed))
    assert found["kind"] in {"feed", "not-feed"}
    assert len(found["entries"]) <= 1000
    if name not in WITHOUT_THE_ITEM:
        assert any(entry["title"].startswith("Plain") or entry["guid"] == "plain" for entry in found["entries"])
    for entry in found["entries"]:
        for text in (entry["title"], entry["guid"], entry["link"], entry["author"], entry["published"]):
            assert len(text) <= 2048
            assert not any(unicodedata.category(char) in {"Cc", "Cs", "Cf"} for char in text), repr(text)
    json.dumps(found).encode("utf-8")


def test_the_corpus_is_the_same_each_time() -> None:
    """A seed names its bytes."""
    assert all(document(name, 5) == document(name, 5) for name in ("noise", "controls", "laughs"))
    assert document("noise", 1) != document("noise", 2)


def test_damaged_utf8_is_utf8(door: tuple[asyncio.Runner, Sandbox]) -> None:
    """Bad sequences spoil themselves alone."""
    titles = [entry["title"] for entry in parsed(door, document("bad_utf8", 1))["entries"]]
    assert "Đà Nẵng đẹp" in titles


def test_all_entries_of_one_guid_are_kept(door: tuple[asyncio.Runner, Sandbox]) -> None:
    """Fifty items under one guid are fifty items."""
    assert len(parsed(door, document("same_guids", 1))["entries"]) == 50
