"""A dashboard on loopback for tests: the real server in a thread of its own, over the database that three days of the demo left."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import httpx

from monitor.app import load
from monitor.config import listening
from monitor.store.driver import Store
from monitor.store.sqlite import open_sqlite
from monitor.web.desk import Desk
from monitor.web.front import page_threads, run_site
from monitor.web.keys import keys_of, token_file

NOW = datetime(2024, 9, 28, 0, 20, tzinfo=UTC)
"""A quarter of an hour after the demo's third digest."""

TOKEN = "a-token-that-only-these-tests-know"


class Dashboard:
    """The dashboard of a demo's folder, open while the context lasts. `store` is the one it reads from: another than the folder's where it is given."""

    def __init__(self, folder: Path, now: datetime = NOW, hosts: tuple[str, ...] = (), store: Store | None = None) -> None:
        config, watchlists = load(folder / "config.toml")
        config = listening(config, "127.0.0.1:0")
        self.config = replace(config, web=config.web.model_copy(update={"hosts": hosts}))
        self.store: Store = open_sqlite(config.database_path) if store is None else store
        self.desk = Desk(config=self.config, store=self.store, watchlists=watchlists, clock=lambda: now, new_id=lambda: "an-identity")
        self.keys = keys_of(None, token_file(self.store, self.config), lambda: TOKEN)
        self.address = ""
        self._pool: ThreadPoolExecutor = page_threads()
        self._open = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()

        def opened(address: str) -> None:
            self.address = address.rstrip("/")
            self._open.set()

        await run_site(self.desk, self._pool, lambda: TOKEN, self._stop, opened)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._open.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._pool.shutdown()
        self.store.close()

    def stranger(self) -> httpx.Client:
        """A client without a session."""
        return httpx.Client(base_url=self.address, trust_env=False, timeout=30)

    @contextmanager
    def person(self) -> Iterator[httpx.Client]:
        """A client with a session, that sends what a browser sends with its forms."""
        with self.stranger() as client:
            client.headers.update({"sec-fetch-site": "same-origin", "accept": "text/html"})
            answer = client.post("/login", data={"token": TOKEN})
            assert answer.status_code == 303, answer.text
            yield client


def shown(html: str) -> str:
    """The words of a page without its tags, spaces folded."""
    text = re.sub(r"<[^>]+>", " ", html)
    for name, char in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(name, char)
    return re.sub(r"\s+", " ", text)
