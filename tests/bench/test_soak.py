"""Days of schedule in minutes: the schedule's clock runs 600 times as fast as the world's, time-outs do not."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from monitor import pipeline
from monitor.app import open_app
from monitor.articles import step as articles_step
from monitor.config import load_config
from monitor.feeds import step as feeds_step
from monitor.pipeline import App, once, run_step
from monitor.sandbox.limits import resident_bytes
from monitor.store.feeds import make_due
from monitor.store.sqlite import open_sqlite
from tests.articles.test_real_pages import WATCHLIST
from tests.conftest import NOW
from tests.newsroom import Newsroom, article, rss, serving

SPEED = 600
WINDOW = 6
PERIOD = timedelta(hours=3)
LEAST = timedelta(minutes=15)
ASKED = timedelta(hours=2)
"""Every third feed asks by max-age to be left alone so long."""

CONFIG = """
database = "monitor.db"
watchlists = ["watchlist.toml"]

[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]
"""


@dataclass(slots=True)
class Soak:
    """The newsroom's side of the story: what was published, when each feed was asked, how memory went."""

    room: Newsroom
    feeds: int
    began_s: float = field(default_factory=time.monotonic)
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    unseen: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    newest: dict[int, deque[tuple[str, str, str, datetime]]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=WINDOW)))
    polls: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    memory: list[tuple[int, float]] = field(default_factory=list)

    def clock(self) -> datetime:
        """The schedule's instant."""
        return NOW + timedelta(seconds=(time.monotonic() - self.began_s) * SPEED)

    def asked(self, target: str) -> None:
        """Remembers when a feed was asked."""
        if target.startswith("/feed/"):
            self.polls[target].append(self.clock())
            self.unseen[int(target.removeprefix("/feed/").removesuffix(".xml"))] = 0

    def publish(self, now: datetime) -> None:
        """Every feed publishes an item each PERIOD, all at different times; the first WINDOW items stand there from the beginning.

        A feed that nobody has asked for so long waits: what runs out of a window unseen is no fault of the reader.
        """
        for feed in range(self.feeds):
            due = WINDOW + int((now - NOW) / PERIOD + feed / self.feeds)
            if self.counts[feed] < due and self.unseen[feed] < WINDOW:
                while self.counts[feed] < due and self.unseen[feed] < WINDOW:
                    self._publish_one(feed, now)
                fields = f"Cache-Control: max-age={int(ASKED.total_seconds())}\r\n" if feed % 3 == 0 else ""
                self.room.put(
                    f"/feed/{feed}.xml",
                    rss(f"Feed {feed}", [*reversed(self.newest[feed])]),
                    "application/rss+xml",
                    f'"{self.counts[feed]}"',
                    fields,
                )

    def _publish_one(self, feed: int, now: datetime) -> None:
        number = self.counts[feed]
        link = self.room.url(f"/a/{feed}/{number}.html", feed)
        self.newest[feed].append((f"Item {number} of feed {feed}", link, f"Summary of item {number} of feed {feed}.", now))
        self.counts[feed] += 1
        self.unseen[feed] += 1

    @staticmethod
    def page(target: str) -> bytes | None:
        """The page of an item, made when it is asked for: this side's memory must not grow with what is published."""
        parts = target.removesuffix(".html").split("/")
        return article(f"Item {parts[3]} of feed {parts[2]}", 4) if len(parts) == 4 and parts[1] == "a" else None

    @property
    def published(self) -> int:
        """Items published so far."""
        return sum(self.counts.values())


async def soak(folder: Path, feeds: int, hosts: int, lasting: timedelta) -> tuple[Soak, dict[str, int]]:
    """Runs the steps against changing feeds until the schedule's clock has gone so far; the newsroom's side and the counts of the store."""
    (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    async with serving(Newsroom(), hosts) as room:
        told = Soak(room, feeds)
        room.on_request, room.make = told.asked, told.page
        told.publish(NOW)
        listed = "".join(f'\n[feed.f{feed}]\nurl = "{room.url(f"/feed/{feed}.xml", feed)}"\n' for feed in range(feeds))
        (folder / "config.toml").write_text(CONFIG.format(port=room.port) + listed, encoding="utf-8")
        config = load_config(folder / "config.toml")
        store = open_sqlite(config.database_path)
        try:
            async with open_app(config, store, clock=told.clock) as app:
                await _live(app, told, NOW + lasting)
                polls = {path: list(times) for path, times in told.polls.items()}
                make_due(store, app.clock())  # what was published after the last poll of each feed
                await once(app)
                told.polls = polls
            counts = "select (select count(*) from entries) as entries, (select count(*) from articles where text_source = 'page') as read"
            return told, store.one(counts) or {}
        finally:
            store.close()


async def _live(app: App, told: Soak, until: datetime) -> None:
    async def world() -> None:
        while told.clock() < until:
            told.publish(told.clock())
            read = app.store.one("select count(*) as n from articles where text_source = 'page'")
            told.memory.append((read["n"] if read else 0, resident_bytes() / 1024 / 1024))
            await asyncio.sleep(0.1)

    async def daemon() -> None:
        while told.clock() < until:
            for name in ("visit", "match", "group"):
                await run_step(app, name)
            await asyncio.sleep(0.02)

    await asyncio.gather(world(), daemon())


def check(told: Soak, counts: dict[str, int]) -> None:
    """Everything published is stored and read, and nobody was asked sooner than they wished."""
    assert counts["entries"] == told.published
    assert counts["read"] == told.published
    for path, times in told.polls.items():
        least = ASKED if int(path.split("/")[2].split(".")[0]) % 3 == 0 else LEAST
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert all(gap >= least for gap in gaps), (path, min(gaps))
    assert len(told.polls) == told.feeds


@pytest.fixture
def leases_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease is a time-out: five minutes of the world's clock, whatever the schedule's does."""
    for module, name in ((pipeline, "LEASE"), (feeds_step, "_LEASE"), (articles_step, "_LEASE")):
        monkeypatch.setattr(module, name, timedelta(minutes=5) * SPEED)


@pytest.mark.usefixtures("leases_in_real_time")
def test_an_hour_and_a_half(tmp_path: Path) -> None:
    """A short soak: a dozen feeds, nothing lost, nobody asked too often."""
    told, counts = asyncio.run(soak(tmp_path, 12, 4, timedelta(minutes=90)))
    check(told, counts)
    assert told.published > 12 * WINDOW


@pytest.mark.slow
@pytest.mark.usefixtures("leases_in_real_time")
def test_a_day_of_two_hundred_feeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty-four hours of 200 feeds: entries stored are entries published, memory stays flat, and no feed is asked more often than it asked for."""
    told, counts = asyncio.run(soak(tmp_path, 200, 20, timedelta(hours=24)))
    polls = sum(map(len, told.polls.values()))
    slope = growth_mib(told.memory)
    with capsys.disabled():
        print(f"\n{polls} polls, {told.published} entries published, {counts['entries']} stored, {counts['read']} pages read")
        print(f"memory {told.memory[0][1]:.0f} to {told.memory[-1][1]:.0f} MiB, {slope:+.2f} MiB per 1,000 articles in the last third")
    check(told, counts)
    assert slope < 1


def growth_mib(memory: list[tuple[int, float]]) -> float:
    """MiB per 1,000 articles: the least-squares slope over the last third of the articles, when the caches of the database are full."""
    late = [(read, mib) for read, mib in memory if read >= memory[-1][0] * 2 / 3]
    mean_read, mean_mib = (sum(point[side] for point in late) / len(late) for side in (0, 1))
    spread = sum((read - mean_read) ** 2 for read, _ in late)
    return 1000 * sum((read - mean_read) * (mib - mean_mib) for read, mib in late) / spread if spread else 0.0
