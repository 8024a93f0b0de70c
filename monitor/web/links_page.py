"""The page of addresses that open by themselves: the feeds of watchlists and saved searches, and the metrics; saving, forgetting, taking back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.config.load import Config
from monitor.digests.publish.formats import FORMATS
from monitor.errors import NothingSelected, UsageError
from monitor.model import Watchlist
from monitor.store import saved as stored
from monitor.store.driver import Store
from monitor.text import clean, fold, one_line
from monitor.web.desk import Answer, Asked, Route, see_other
from monitor.web.keys import Keys
from monitor.web.links import address, take_back
from monitor.web.outlets import SEARCH_PATH, WATCHLIST_PATH
from monitor.web.render import page
from monitor.web.search import FIELDS

MOST_SEARCHES = 200
MOST_TITLE_CHARS = 80
_MOST_FIELD_CHARS = 200
METRICS = "metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Addresses of one thing. kind: watchlist | search | metrics; `addresses` are (format, address with key) pairs; `about`: what a search asks for."""

    kind: str
    name: str
    title: str
    addresses: tuple[tuple[str, str], ...]
    about: tuple[tuple[str, str], ...] = ()


def links(store: Store, keys: Keys, watchlists: tuple[Watchlist, ...], base: str) -> Iterator[Link]:
    """Every address that opens by itself, under `base`: of the watchlists, of the saved searches, of the metrics."""
    for one in watchlists:
        yield Link(
            kind="watchlist", name=one.id, title=one.title or one.id, addresses=_addresses(store, keys, base, WATCHLIST_PATH, one.id)
        )
    for saved in stored.every(store):
        found = _addresses(store, keys, base, SEARCH_PATH, saved.name)
        yield Link(kind="search", name=saved.name, title=saved.title, addresses=found, about=tuple(saved.fields.items()))
    yield Link(kind=METRICS, name=METRICS, title="Metrics", addresses=(("prometheus", base + address(store, keys, "/metrics")),))


def base_of(config: Config) -> str:
    """How the site is reached where nobody said so: its first configured name, else where it listens."""
    web = config.web
    return f"https://{web.hosts[0]}" if web.hosts else f"http://{web.listen}"


def revoke(store: Store, watchlists: tuple[Watchlist, ...], name: str) -> None:
    """Takes back the key of a watchlist's or a saved search's feed, or of the metrics. Raises NothingSelected."""
    if name == METRICS:
        take_back(store, "/metrics")
    elif any(one.id == name for one in watchlists):
        take_back(store, _path(WATCHLIST_PATH, name) + "atom")
    elif stored.get(store, name) is not None:
        take_back(store, _path(SEARCH_PATH, name) + "atom")
    else:
        raise NothingSelected(f"there is no watchlist and no saved search {name!r}; see `monitor web links`")


def _addresses(store: Store, keys: Keys, base: str, path: str, name: str) -> tuple[tuple[str, str], ...]:
    return tuple((form, base + address(store, keys, _path(path, name) + form)) for form in FORMATS)


def _path(path: str, name: str) -> str:
    return path.replace("{name}", name)


def links_page(asked: Asked) -> Answer:
    """The page."""
    desk = asked.desk
    return page(asked, "links.html", "Feeds for other readers", links=list(links(desk.store, asked.keys, desk.watchlists, asked.base)))


def save_search(asked: Asked) -> Answer:
    """Keeps a search under a name made from its title."""
    title = one_line(asked.form.get("title", ""), MOST_TITLE_CHARS)
    name = re.sub(r"[^a-z0-9]+", "-", fold(clean(title)).lower()).strip("-")[:60].strip("-")
    if not name:
        raise UsageError("a search is kept under a name with at least one letter or figure")
    fields = {field: value for field in FIELDS if (value := one_line(asked.form.get(field, ""), _MOST_FIELD_CHARS))}
    if not fields:
        raise UsageError("a search that asks for nothing is every hit: take the feed of a watchlist instead")
    taken = {one.id for one in asked.desk.watchlists} | {METRICS}
    if name in taken:
        raise UsageError(f"{name} is the name of a watchlist or of something of ours; choose another")
    if len(stored.every(asked.desk.store)) >= MOST_SEARCHES:
        raise UsageError(f"{MOST_SEARCHES} searches are kept already; forget some first")
    if not stored.save(asked.desk.store, name, title, fields, asked.now):
        raise UsageError(f"a search named {name} is kept already; choose another name, or forget that one first")
    return see_other("/links")


def forget_search(asked: Asked) -> Answer:
    """Forgets a saved search. Its addresses end for good: a later search of the same name gets other keys."""
    name = asked.parts["name"]
    store = asked.desk.store
    with store.write():
        if not stored.forget(store, name):
            raise NothingSelected("there is no such saved search")
        take_back(store, _path(SEARCH_PATH, name) + "atom")
    return see_other("/links")


def revoke_link(asked: Asked) -> Answer:
    """Takes back the key of one thing; its addresses are other ones from then on."""
    revoke(asked.desk.store, asked.desk.watchlists, asked.parts["name"])
    return see_other("/links")


ROUTES = (
    Route(path="/links", answer=links_page),
    Route(path="/links/searches", answer=save_search, methods=("POST",)),
    Route(path="/links/searches/{name}/forget", answer=forget_search, methods=("POST",)),
    Route(path="/links/{name}/revoke", answer=revoke_link, methods=("POST",)),
)
