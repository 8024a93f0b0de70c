"""The whole job on a news site of our own: seeds, feeds, pages, hits, stories, a digest by file, mail and webhook. No network, no configuration.

The clock is the demo's: it stands where the feeds are read, two evenings and a morning as their articles are dated, then at the morning slot, when the
digest is cut.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor import pipeline
from monitor.app import load, open_app
from monitor.demo.server import NewsSite
from monitor.demo.sinks import Mailbox, WebhookSink
from monitor.pipeline import App, Counts
from monitor.starter import files
from monitor.store import digests as stored_digests
from monitor.store.driver import Store
from monitor.store.opening import open_store

BEFORE = datetime(2024, 9, 23, 23, 30, tzinfo=UTC)
EVENING = datetime(2024, 9, 25, 23, 45, tzinfo=UTC)
READ_AT = (datetime(2024, 9, 24, 15, tzinfo=UTC), datetime(2024, 9, 25, 15, tzinfo=UTC), EVENING)
"""When the feeds are read before the first digest: so its chart has three days. Each further day they are read once."""

MORNING = datetime(2024, 9, 26, 0, 5, tzinfo=UTC)
"""07:05 in Hanoi: five minutes after the digest's time."""

DAY = timedelta(days=1)
READING = ("visit", "match", "group")
SENDING = ("plan", "deliver")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the demo left: the folder with database, configuration and digest files, the last digest's subject and text, the texts of all days,
    and what arrived where."""

    folder: Path
    config: Path
    subject: str
    text: str
    texts: tuple[str, ...]
    written: tuple[Path, ...]
    mails: int
    webhooks: int
    counts: Counts


class _Clock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


async def run_demo(folder: Path, report: Callable[[str, Counts], None], days: int = 1, database: str = "monitor.db") -> DemoResult:
    """Runs the demo in an empty folder for so many days and returns what came of it; `report` hears of each step."""
    async with NewsSite(until=BEFORE) as site, Mailbox(folder=folder / "mailbox") as mailbox, WebhookSink() as hook:
        config_path = _write_files(folder, site, mailbox, hook, database)
        config, _ = load(config_path)
        store = open_store(config.database)
        try:
            clock = _Clock(BEFORE)
            async with open_app(config, store, clock=clock) as opened:
                app = replace(opened, visits=1)  # one visitor after the other: two runs meet the articles in the same order
                counts: Counter[str] = Counter()
                texts = []
                for day in range(days):
                    for clock.at in READ_AT if day == 0 else (EVENING + day * DAY,):
                        site.publish(clock.at)
                        counts.update(await _cycle(app, READING, report))
                    clock.at = MORNING + day * DAY
                    counts.update(await _cycle(app, SENDING, report))
                    texts.append(_text(store))
            return _result(folder, config_path, store, dict(counts), tuple(texts), len(mailbox.messages), len(hook.requests))
        finally:
            store.close()


async def _cycle(app: App, steps: tuple[str, ...], report: Callable[[str, Counts], None]) -> Counts:
    counts: Counts = {}
    for name in steps:
        counts |= await pipeline.once(app, only=name, report=report)
    return counts


def _text(store: Store) -> str:
    newest = stored_digests.newest(store, "morning")
    return stored_digests.text_of(store, newest.id) if newest else ""


def _result(folder: Path, config: Path, store: Store, counts: Counts, texts: tuple[str, ...], mails: int, webhooks: int) -> DemoResult:
    newest = stored_digests.newest(store, "morning")
    return DemoResult(
        folder=folder,
        config=config,
        subject=newest.subject if newest else "",
        text=texts[-1],
        texts=texts,
        written=tuple(sorted((folder / "outbox").glob("*"))),
        mails=mails,
        webhooks=webhooks,
        counts=counts,
    )


def _write_files(folder: Path, site: NewsSite, mailbox: Mailbox, hook: WebhookSink, database: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        if name.startswith("seeds/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    secret = folder / "hook.secret"
    secret.touch(mode=0o600)
    secret.write_text("whsec_" + base64.b64encode(b"a secret that only this demo knows").decode("ascii"), encoding="ascii")
    feeds = "".join(f'\n[feed.{name}]\nurl = "{url}"\nlang = "{lang}"\ntimezone = "Asia/Ho_Chi_Minh"\n' for name, url, lang in site.feeds)
    path = folder / "config.toml"
    path.write_text(
        _CONFIG.format(database=database, site=site.port, mail=mailbox.port, hook=hook.url, hook_port=hook.port) + feeds, encoding="utf-8"
    )
    return path


_CONFIG = """\
database = "{database}"
watchlists = ["seeds/vietnam-us-tech.toml"]

[fetch]
contact = "demo"
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{site}]

[channel.desk]
type = "file"
folder = "outbox"

[channel.mail]
type = "email"
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "monitor@example.org"
to = ["analyst@example.org"]

[channel.hook]
type = "webhook"
url = "{hook}"
secret = "file:hook.secret"
allow_private = ["127.0.0.0/8"]
ports = [{hook_port}]

[subscription.morning]
title = "VN-US tech"
watchlists = ["vietnam-us-tech"]
channels = ["desk", "mail", "hook"]
at = ["07:00"]
days = "thu-sat"
timezone = "Asia/Ho_Chi_Minh"
"""
