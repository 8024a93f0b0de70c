"""The same agency text in ten papers: ten articles, one text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import open_app
from monitor.config import Config, load_config
from monitor.pipeline import once
from monitor.store.articles import drop_old_texts, get
from monitor.store.sqlite import SqliteStore, open_sqlite
from tests.conftest import NOW
from tests.newsroom import Newsroom, rss, serving, text

PAPERS = 10
AGENCY = [f"FPT Corporation tells of line {number}: {text(f'agency {number}', 50)}." for number in range(6)]
WATCHLIST = """
[watchlist.any]
title = "Any"
match = "one"
alert = 1
review = 0.1

[side.one]
title = "One"

[side.one.entity.fpt]
title = "FPT"
names = ["FPT Corporation"]
"""
CONFIG = """
database = "monitor.db"
watchlists = ["watchlist.toml"]

[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]
"""


def page(title: str, paragraphs: list[str], site: str) -> bytes:
    told = "".join(f"<p>{each}</p>" for each in paragraphs)
    menu = "".join(f"<li><a href='/{word}'>{site} {word} of the day</a></li>" for word in ("sport", "money", "weather", "people"))
    return f"<html lang='en'><head><title>{title}</title></head><body><ul>{menu}</ul><article><h1>{title}</h1>{told}</article></body></html>".encode()


async def read_papers(folder: Path, *turns: Sequence[int]) -> None:
    """Each paper has a feed of its own on a host of its own; the last one has edited the text. Those of one turn are read side by side."""
    (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    async with serving(Newsroom(), PAPERS + 1) as room:
        feeds = ""
        for papers in turns:
            for paper in papers:
                feeds += put_paper(room, paper)
            (folder / "config.toml").write_text(CONFIG.format(port=room.port) + feeds, encoding="utf-8")
            await read(load_config(folder / "config.toml"))


def put_paper(room: Newsroom, paper: int) -> str:
    """Serves one paper's feed and page and returns its part of the configuration."""
    title = f"Paper {paper} has news of the agency"
    paragraphs = (
        AGENCY if paper < PAPERS else [*AGENCY[:-1], "The desk of this paper wrote another ending to it all, with words of its own."]
    )
    link = room.url(f"/story-{paper}.html", paper)
    room.put(f"/story-{paper}.html", page(title, paragraphs, f"Paper {paper}"))
    room.put(f"/feed-{paper}.xml", rss(f"Paper {paper}", [(title, link, "", NOW - timedelta(minutes=paper))]), "application/rss+xml")
    return f'\n[feed.paper-{paper}]\nurl = "{room.url(f"/feed-{paper}.xml", paper)}"\n'


async def read(config: Config) -> None:
    """Visits all feeds that are due and matches what they brought."""
    opened = open_sqlite(config.database_path)
    try:
        async with open_app(config, opened, clock=lambda: NOW) as app:
            for name in ("visit", "match"):
                await once(app, only=name)
    finally:
        opened.close()


EDITED_LAST = (range(PAPERS), range(PAPERS, PAPERS + 1))
EDITED_FIRST = (range(PAPERS, PAPERS + 1), range(PAPERS))


@pytest.fixture(params=[EDITED_LAST, EDITED_FIRST], ids=["edited last", "edited first"])
def papers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    """The store after all papers were read and matched."""
    asyncio.run(read_papers(tmp_path, *request.param))
    opened = open_sqlite(tmp_path / "monitor.db")
    yield opened
    opened.close()


def one(store: SqliteStore, sql: str) -> object:
    return (store.one(sql) or {}).get("n")


def test_one_text_ten_sightings(papers: SqliteStore) -> None:
    """Every paper keeps its entry and its article; the text is kept once, and an edited copy keeps its own."""
    ids = [row["id"] for row in papers.all("select id from articles order by id")]
    assert one(papers, "select count(*) as n from entries") == len(ids) == PAPERS + 1
    assert one(papers, "select count(*) as n from articles where copy_of is null") == 1
    assert one(papers, "select count(*) as n from texts") == 2
    texts = [article.text for id_ in ids if (article := get(papers, id_)) is not None]
    assert len(texts) == PAPERS + 1
    assert sorted(map(texts.count, set(texts))) == [1, PAPERS]


def test_copies_are_matched_found_and_kept(papers: SqliteStore) -> None:
    """Every paper's article is a hit with its own evidence, is found by the words of the shared text, and keeps that text while a hit needs it."""
    ids = {row["id"] for row in papers.all("select id from articles")}
    assert {row["article_id"] for row in papers.all("select article_id from hits")} == ids
    assert set(papers.search("tells of line", 50)) == ids
    with papers.write():
        papers.run("delete from mentions")
        papers.run("delete from hits where article_id = (select text_of from articles where text_of is not null limit 1)")
    assert drop_old_texts(papers, NOW + timedelta(days=1), 100) == 0
    with papers.write():
        papers.run("delete from hits")
        papers.run("delete from meta where name = 'texts_dropped_to'")  # hits never go in life, and what was passed is not looked at again
    assert drop_old_texts(papers, NOW + timedelta(days=1), 100) == 2
