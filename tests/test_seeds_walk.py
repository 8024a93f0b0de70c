"""The five original seeds as pages of a feed, each polled on its own day: all become hits in the alert band, and one meeting is one story."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.app import open_app
from monitor.config import load_config
from monitor.store.sqlite import open_sqlite
from tests.commands import run

# Seed number, day of publication, words of its title (all seeds but the fourth begin with it; one has none at all).
DAYS = {
    "001": datetime(2024, 9, 18, 1, tzinfo=UTC),
    "003": datetime(2024, 9, 24, 1, tzinfo=UTC),
    "000": datetime(2024, 9, 25, 2, tzinfo=UTC),
    "002": datetime(2024, 9, 25, 9, tzinfo=UTC),
    "004": datetime(2025, 9, 30, 1, tzinfo=UTC),
}
TITLES = {"002": "Meta bets on Vietnam", "004": "US urged to support Vietnam’s access to high technology"}

CONFIG = """\
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[feed.seeds]
url = "http://127.0.0.1:{port}/feed"
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
at = ["07:00"]
timezone = "Asia/Ho_Chi_Minh"
"""


class Press:
    """A news site that has published the seeds up to a day."""

    def __init__(self, seeds: dict[str, str]) -> None:
        self.seeds = seeds
        self.until = datetime(2024, 9, 17, tzinfo=UTC)
        press = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = press.answer(self.path)
                self.send_response(200 if body else 404)
                self.send_header("content-length", str(len(body)))
                self.send_header("content-type", "application/rss+xml" if self.path == "/feed" else "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def title(self, name: str) -> str:
        return TITLES.get(name) or self.seeds[name].split("\n", 1)[0].strip()

    def answer(self, path: str) -> bytes:
        if path == "/feed":
            shown = [name for name, day in DAYS.items() if day <= self.until]
            items = "".join(
                f"<item><title>{escape(self.title(name))}</title><link>http://127.0.0.1:{self.port}/{name}</link>"
                f"<pubDate>{DAYS[name]:%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
                for name in shown
            )
            return f"<rss version='2.0'><channel><title>Seeds</title>{items}</channel></rss>".encode()
        name = path.strip("/")
        if name not in self.seeds:
            return b""
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in self.seeds[name].split("\n") if line.strip())
        title = escape(self.title(name))
        return f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>".encode()


@pytest.fixture
def press(shared: Path) -> Iterator[Press]:
    """The site, stopped at the end."""
    seeds = {path.name[:3]: path.read_text(encoding="utf-8") for path in (shared / "seeds").glob("*.txt")}
    site = Press(seeds)
    yield site
    site.server.shutdown()
    site.server.server_close()


async def live(folder: Path, press: Press) -> list[str]:
    """Runs one cycle on each day, planning at the next morning's slot; returns the digests' subjects."""
    config = load_config(folder / "config.toml")
    store = open_sqlite(config.database_path)
    at = press.until
    try:
        async with open_app(config, store, clock=lambda: at) as opened:
            app = replace(opened, visits=1)
            await pipeline.once(app)
            for day in sorted(DAYS.values()):
                press.until = day
                at = day + timedelta(hours=6)
                for step in ("visit", "match", "group"):
                    await pipeline.once(app, only=step)
            at = at.replace(day=30, hour=23)
            await pipeline.once(app)
        return [row["subject"] for row in store.all("select subject from digests where hit_count > 0 order by id")]
    finally:
        store.close()


def test_all_seeds_are_alerts_with_evidence(press: Press, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each seed is a hit in the alert band with its evidence; the reports of the New York meeting are fewer stories than reports."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG.format(port=press.port), encoding="utf-8")
    subjects = asyncio.run(live(tmp_path, press))
    store = open_sqlite(tmp_path / "monitor.db")
    rows = store.all(
        "select a.url, h.band, h.quiet, h.verdict_json, h.story_id from hits h join articles a on a.id = h.article_id order by a.url"
    )
    store.close()
    assert [(row["url"][-3:], row["band"], row["quiet"]) for row in rows] == [(name, "alert", 0) for name in sorted(DAYS)]
    for row in rows:
        verdict = json.loads(row["verdict_json"])
        assert verdict["snippet"]["text"]
        assert verdict["parts"]
        assert verdict["reasons"]
    story = {row["url"][-3:]: row["story_id"] for row in rows}
    assert story["000"] == story["002"] == story["003"]
    assert story["004"] != story["000"]
    assert len(subjects) == 1
    told = next((tmp_path / "outbox").glob("*.txt")).read_text(encoding="utf-8")
    assert told.count("Walk The Street") == 0
    assert "3 reports" in told
