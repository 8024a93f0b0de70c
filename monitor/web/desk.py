"""What pages work with and what they answer: the desk, what was asked, the answer. Plain values, apart from any web framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitor.config import Config
from monitor.model import Watchlist
from monitor.pipeline import App
from monitor.store.driver import Store
from monitor.tally import Tally
from monitor.web.keys import Keys

Access = Literal["open", "probe", "login", "link"]
"""Who may come in. open: whoever reaches the port; login: a session or `Authorization: Bearer TOKEN`; link: these, or the key of that path, as
`?key=` or as bearer; probe: whoever asks from this machine, else as login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every page sees: the configuration, the store, the watchlists in force, the clock, new identities, and what this process counted."""

    config: Config
    store: Store
    watchlists: tuple[Watchlist, ...]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `parts` are the variables of the path; of `query` and `form` the last value of each name counts; header names are in lower case.

    base: scheme and host as the browser knows them, e.g. `http://127.0.0.1:8765`; secure: the browser speaks https.
    """

    desk: Desk
    keys: Keys
    now: datetime
    method: str = "GET"
    path: str = "/"
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    secure: bool = False

    def number(self, name: str = "id") -> int:
        """A whole number of the path; -1, which nothing has, where it is none."""
        text = self.parts.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response: bytes of a type, with further headers as (name, value) pairs."""

    body: bytes
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the table of routes. `answer` runs in a thread, one request at a time in it: it may read the store.

    It may raise NothingSelected (404), UsageError (400), StoreError (503) and any other MonitorError (500); `path` is in Starlette's form (`/hits/{id}`).
    trouble: how refusals are told, as (asked, status, what, why); None: by a page. at_once: in the event loop, for what asks nothing of the store.
    """

    path: str
    answer: Callable[[Asked], Answer]
    methods: tuple[str, ...] = ("GET",)
    access: Access = "login"
    trouble: Callable[[Asked, int, str, str], Answer] | None = None
    at_once: bool = False


def desk_of(app: App) -> Desk:
    """The desk of an open app."""
    return Desk(config=app.config, store=app.store, watchlists=app.watchlists, clock=app.clock, new_id=app.new_id, tally=app.tally)


def text(body: str, status: int = 200) -> Answer:
    """A plain text."""
    return Answer(body=body.encode("utf-8"), status=status, type="text/plain; charset=utf-8")


def see_other(place: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Sends the browser to a place of this site after a change (303)."""
    return Answer(body=b"", status=303, headers=(("location", place), *headers))


def local_place(text: str) -> str:
    """A place of this site as a browser cannot misread it; `/` for anything else (`//host`, `https:`, back slashes, controls)."""
    plain = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isascii() and text.isprintable()
    return text if plain and len(text) <= 2000 else "/"
