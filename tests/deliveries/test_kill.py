"""The real program killed with SIGKILL in the middle of a send, and started again: nothing lost, nothing doubled under a second identity."""

from __future__ import annotations

import asyncio
import base64
import email
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from monitor.app import now
from monitor.config import load_config
from monitor.store import subscriptions
from monitor.store.sqlite import open_sqlite
from tests.background import Background
from tests.cli.test_hits_command import WATCHLIST
from tests.deliveries.smtp import GOOD, Act, Server, smtp_server
from tests.fetch.wire import Site, answer, site

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
PATIENCE_S = 60

CONFIG = """\
database = "monitor.db"
watchlists = ["pair.toml"]
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [{news}]
[articles]
fetch = "none"
[feed.one]
url = "http://127.0.0.1:{news}/feed"
[channel.mail]
type = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "monitor@example.org"
to = ["a@example.org"]
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:{hook}/hook"
secret = "env:HOOK_SECRET"
allow_private = ["127.0.0.0/8"]
ports = [{hook}]
[subscription.morning]
watchlists = ["pair"]
channels = ["{channel}"]
at = ["00:00", "06:00", "12:00", "18:00"]
"""
ITEM = "<item><title>Norco of Northland signs dam deal {n} with Southland</title><link>{url}/{n}</link><guid>{n}</guid><pubDate>{at}</pubDate></item>"


class Outside:
    """The world around the daemon: a feed, a mail server and an endpoint, any of which may kill it at a point of the conversation."""

    def __init__(self, folder: Path, background: Background) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.news: Site = background.enter(site())
        self.hook: Site = background.enter(site())
        self.smtp: Server = background.enter(smtp_server())
        at = format_datetime(now() - timedelta(minutes=5))
        items = "".join(ITEM.format(n=n, url=self.news.url(""), at=at) for n in range(3))
        feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
        self.news.routes["/feed"] = answer(feed.encode(), Content_Type="application/rss+xml")
        self.hook.routes["/hook"] = answer()

    def prepare(self, channel: str) -> None:
        """Writes the configuration, with a subscription that began two days ago and so has a slot due."""
        (self.folder / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
        text = CONFIG.format(news=self.news.port, smtp=self.smtp.port, hook=self.hook.port, channel=channel)
        (self.folder / "config.toml").write_text(text, encoding="utf-8")
        store = open_sqlite(self.folder / "monitor.db")
        subscriptions.sync(store, load_config(self.folder / "config.toml").subscription, now() - timedelta(days=2))
        store.close()

    def live(self, command: str = "once") -> int:
        """One life of the program: its exit code, negative where a signal ended it."""
        line = [sys.executable, "-m", "monitor", "--config", str(self.folder / "config.toml"), command]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(line, cwd=self.folder, stdout=log, stderr=log, env=environment)
            return self.process.wait(timeout=PATIENCE_S)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)

    def killing(self, before: str = "") -> Act:
        """Says something, then kills the program."""

        async def act(writer: asyncio.StreamWriter) -> None:
            if before:
                writer.write(before.encode() + b"\r\n")
                await writer.drain()
            self.kill()

        return act

    def rows(self, sql: str) -> list[dict[str, object]]:
        store = open_sqlite(self.folder / "monitor.db")
        try:
            return store.all(sql)
        finally:
            store.close()


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with Background() as background:
        made = Outside(tmp_path, background)
        yield made
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def check(outside: Outside, lives: int) -> None:
    """After the last life: one digest with the three hits, one delivery, delivered, and an attempt logged for every life."""
    assert outside.rows("select count(*) as n from digests where kind <> 'none'") == [{"n": 1}]
    assert outside.rows("select count(*) as n from hits h join digest_hits d on d.hit_id = h.id") == [{"n": 3}]
    assert outside.rows("select state, attempts from deliveries") == [{"state": "delivered", "attempts": lives}]
    unseen = outside.rows("select count(*) as n from attempts where ended_at is null")
    assert unseen == [{"n": lives - 1}]


MAIL_POINTS = ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot", "answered")


def mail_point(outside: Outside, point: str) -> dict[str, Act]:
    match point:
        case "body":
            return {"DATA": outside.killing(str(GOOD["DATA"]))}
        case "answered":
            return {".": outside.killing(str(GOOD["."]))}
        case "dot":
            return {".": outside.killing()}
        case _:
            return {point: outside.killing()}


@pytest.mark.parametrize("points", [("RCPT", "dot"), pytest.param(MAIL_POINTS, marks=pytest.mark.slow)], ids=["slice", "all"])
def test_killed_while_mailing(outside: Outside, points: tuple[str, ...]) -> None:
    """Killed at each point of the SMTP conversation in turn: the mail arrives, always with the same Message-ID and the same bytes."""
    outside.prepare("mail")
    for point in points:
        outside.smtp.script = dict(mail_point(outside, point))
        outside.live()
        assert outside.process is not None
        assert outside.process.returncode == -signal.SIGKILL or point == "answered", point
    outside.smtp.script = {}
    assert outside.live() == 0
    assert len(outside.smtp.bodies) >= 2
    assert len(set(outside.smtp.bodies)) == 1
    assert len({email.message_from_bytes(body)["Message-ID"] for body in outside.smtp.bodies}) == 1
    delivered = outside.rows("select attempts from deliveries")[0]["attempts"]
    assert isinstance(delivered, int)
    check(outside, delivered)


def test_killed_while_posting(outside: Outside) -> None:
    """Killed when the endpoint has the whole request, before it answers or in the middle of its answer: one webhook-id and the same bytes at every attempt."""
    outside.prepare("hook")
    for said in ("", "HTTP/1.1 204 No Content"):
        outside.hook.routes["/hook"] = outside.killing(said)
        assert outside.live() == -signal.SIGKILL
    outside.hook.routes["/hook"] = answer()
    assert outside.live() == 0
    assert len(outside.hook.bodies) == 3
    assert len(set(outside.hook.bodies)) == 1
    ids = {line for head in outside.hook.heads for line in head.lower().split("\r\n") if line.startswith("webhook-id:")}
    assert len(ids) == 1
    delivered = outside.rows("select attempts from deliveries")[0]["attempts"]
    assert isinstance(delivered, int)
    check(outside, delivered)


def test_a_killed_daemon_goes_on(outside: Outside) -> None:
    """The daemon itself, killed behind the final dot, sends the same mail again in its next life and ends in order when asked."""
    outside.prepare("mail")
    outside.smtp.script = {".": outside.killing()}
    assert outside.live("once") == -signal.SIGKILL
    assert outside.live("run") == -signal.SIGKILL

    async def stop(writer: asyncio.StreamWriter) -> None:
        writer.write(b"221 bye\r\n")
        await writer.drain()
        assert outside.process is not None
        outside.process.send_signal(signal.SIGTERM)

    outside.smtp.script = {"QUIT": stop}
    assert outside.live("run") == 0
    assert len(outside.smtp.bodies) == 3
    assert len(set(outside.smtp.bodies)) == 1
    check(outside, 3)
