"""A desk for command tests: a configuration, a small watchlist file and a database with stored articles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from monitor.hits import step
from monitor.hits.compile import compile_matcher
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.urls import url_key
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from tests.store.test_hits import article

WATCHLIST = """\
# The desk's watchlist.
version = 1

[watchlist.pair]
match = "north and south and works"

[side.north.entity.north]
names = ["Northland"]
type = "place"

# A firm of the north.
[side.north.entity.norco]
names = ["Norco"]
type = "company"

[side.south.entity.south]
names = ["Southland"]
type = "place"

[side.south.entity.card]
names = ["Card Inc"]
loose = ["Card"]   # a common word
type = "company"

[side.south.entity.lam]
names = ["To Lam", "Lam"]
type = "person"

[side.works.topic.dams]
weight = 3.0
en = ["dam*", "turbine*"]

[cue.deal]
points = 0.5
en = ["sign*", "build*"]
"""
CONFIG = """\
# The desk's configuration.
database = "monitor.db"
watchlists = ["pair.toml"]

[channel.desk]
type = "file"
folder = "outbox"

[subscription.morning]
watchlists = ["pair"]
channels = ["desk"]
at = ["07:00"]
timezone = "Asia/Ho_Chi_Minh"
"""
LONG = "It is one of the larger works of the year, and people of both lands will be asked what they think of it. "


class Desk:
    """A folder with `pair.toml`, `config.toml` and `monitor.db`; `now` is when its articles were first seen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(UTC) - timedelta(days=2)
        self.watchlist = folder / "pair.toml"
        self.watchlist.write_text(WATCHLIST, encoding="utf-8")
        (folder / "config.toml").write_text(CONFIG, encoding="utf-8")

    def open(self) -> SqliteStore:
        """The database, opened apart from the command's own use of it."""
        return open_sqlite(self.folder / "monitor.db")

    def store_articles(self, texts: Sequence[tuple[str, str]], now: datetime | None = None) -> list[int]:
        """Stores read articles as (title, text) pairs; their addresses are https://example.org/1, /2 ..."""
        store = self.open()
        known = store.all("select count(*) as n from articles")[0]["n"]
        with store.write():
            ids = [
                article(store, now or self.now, title, text, key=url_key(f"https://example.org/{known + number}"))
                for number, (title, text) in enumerate(texts, 1)
            ]
        store.close()
        return ids

    def match(self) -> None:
        """Brings the watchlist file into force and matches what is due, as the daemon does."""
        store = self.open()
        text = self.watchlist.read_text(encoding="utf-8")
        matcher = step.register(store, compile_matcher(parse_watchlists(text, "pair.toml", load())), self.now)
        with store.write():
            step.match_now(store, matcher, lambda: self.now, 10_000)
        store.close()

    def edit(self, old: str, new: str) -> None:
        """Replaces one place of the watchlist file."""
        text = self.watchlist.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.watchlist.write_text(text.replace(old, new), encoding="utf-8")


class PageSite:
    """A site on loopback that serves pages from another thread; unknown paths answer 404. Use as a context."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = pages.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def allow(self, folder: Path) -> None:
        """Lets the configuration of a folder reach this site."""
        path = folder / "config.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text + f'\n[fetch]\nallow_private = ["127.0.0.0/8"]\nports = [{self.port}]\nper_host_pause_s = 0\n', encoding="utf-8"
        )

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def page(title: str, paragraphs: Sequence[str], lang: str = "en") -> str:
    """An article page as outlets make them: navigation around the text."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!doctype html><html lang="{lang}"><head><title>{title}</title><meta property="og:title" content="{title}"></head><body>'
        f'<nav><a href="/">Home</a> <a href="/world">World</a></nav><article><h1>{title}</h1>{body}</article><footer>About us</footer></body></html>'
    )
