"""Pages of the extraction benchmark through the whole path: served, fetched, extracted in the sandbox, stored, and read back from the store."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import resource
import tarfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import trafilatura

from monitor.app import open_app
from monitor.config import load_config
from monitor.pipeline import once
from monitor.store.articles import by_url_key
from monitor.store.sqlite import open_sqlite
from monitor.urls import url_key
from tests.conftest import NOW
from tests.newsroom import Newsroom, rss, serving

CONFIG = """
database = "monitor.db"
watchlists = ["watchlist.toml"]

[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]

[feed.pages]
url = "http://127.0.0.1:{port}/feed.xml"
"""
WATCHLIST = """
[watchlist.any]
title = "Any"
match = "one"

[side.one]
title = "One"

[side.one.entity.fpt]
title = "FPT"
names = ["FPT Corporation"]
"""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the benchmark with the text its makers found on it."""

    name: str
    body: bytes
    truth: str


def pages(archive: Path, every: int) -> list[Page]:
    """Each `every`th page, in the order of the names."""
    with tarfile.open(archive) as packed:
        files = {Path(member.name).name: packed.extractfile(member) for member in packed.getmembers() if member.isfile()}
        truth = json.loads(files["ground-truth.json"].read())  # type: ignore[union-attr]
        return [
            Page(name, gzip.decompress(files[f"{name}.html.gz"].read()), truth[name]["articleBody"])  # type: ignore[union-attr]
            for name in sorted(truth)[::every]
        ]


def grams(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3))) if words else Counter()


def agreement(found: str, truth: str) -> tuple[float, float, float]:
    """Precision, recall and F1 over the bags of word four-grams."""
    ours, theirs = grams(found), grams(truth)
    common = sum((ours & theirs).values())
    precision, recall = common / max(1, sum(ours.values())), common / max(1, sum(theirs.values()))
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


async def read_all(folder: Path, wanted: list[Page]) -> dict[str, str]:
    """The stored text of every page, by name, after one visit step; '' where it is not the page's."""
    (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    async with serving(Newsroom()) as room:
        items = [
            (f"Page {place}", room.url(f"/p/{page.name}.html"), "", NOW - timedelta(minutes=place)) for place, page in enumerate(wanted)
        ]
        room.put("/feed.xml", rss("Pages", items), "application/rss+xml")
        for page in wanted:
            room.put(f"/p/{page.name}.html", page.body, "text/html")
        (folder / "config.toml").write_text(CONFIG.format(port=room.port), encoding="utf-8")
        config = load_config(folder / "config.toml")
        store = open_sqlite(config.database_path)
        try:
            async with open_app(config, store, clock=lambda: NOW) as app:
                await once(app, only="visit")
            stored = {page.name: by_url_key(store, url_key(room.url(f"/p/{page.name}.html"))) for page in wanted}
            return {name: article.text if article and article.text_source.startswith("page") else "" for name, article in stored.items()}
        finally:
            store.close()


def cpu_s() -> float:
    """Processor time of this process and of the children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def check(folder: Path, wanted: list[Page]) -> tuple[float, float, float]:
    """Reads the pages through the whole path; mean precision, recall and F1. Fails where a page is lost."""
    texts = asyncio.run(read_all(folder, wanted))
    assert [page.name for page in wanted if not texts[page.name]] == []
    scores = [agreement(texts[page.name], page.truth) for page in wanted]
    return tuple(sum(score[side] for score in scores) / len(scores) for side in range(3))  # type: ignore[return-value]


def test_every_eighth_page(shared: Path, tmp_path: Path) -> None:
    """No page is lost on its way into the store, and its text is as near to the benchmark's as the bar asks."""
    _, _, f1 = check(tmp_path, pages(shared / "real" / "articles.tar.xz", 8))
    assert f1 >= 0.962


@pytest.mark.slow
def test_every_page(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All pages: mean F1 at least 0.962, none lost, and the whole path costs at most 1.8 times what the extractor alone does."""
    wanted = pages(shared / "real" / "articles.tar.xz", 1)
    began = cpu_s()
    precision, recall, f1 = check(tmp_path, wanted)
    whole = cpu_s() - began
    began = time.process_time()
    for page in wanted:
        trafilatura.bare_extraction(page.body, fast=True, include_comments=False, with_metadata=True)
    alone = time.process_time() - began
    with capsys.disabled():
        print(f"\n{len(wanted)} pages: precision {precision:.4f}, recall {recall:.4f}, mean F1 {f1:.4f}")
        print(f"processor time a page: whole path {whole / len(wanted) * 1000:.1f} ms, extractor alone {alone / len(wanted) * 1000:.1f} ms")
    assert f1 >= 0.962
    assert whole <= 1.8 * alone
