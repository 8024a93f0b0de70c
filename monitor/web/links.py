"""Addresses that open by themselves: a key of their own in the query, good for that path alone, taken back without touching the login.

What counts how often a path's keys were taken back is a fact of the instance; the two formats of a feed share it.
"""

from __future__ import annotations

from urllib.parse import quote

from monitor.store.driver import Store
from monitor.store.steps import fact, set_fact
from monitor.web.desk import Asked
from monitor.web.keys import Keys

_TURN = "link_turn:"


def address(store: Store, keys: Keys, path: str) -> str:
    """A path of this site with its key; the path is quoted."""
    return f"{quote(path)}?key={keys.link(path, turn_of(store, path))}"


def opens_link(asked: Asked, key: str) -> bool:
    """True for the key in force of the path that is asked for."""
    return asked.keys.is_link(asked.path, key, turn_of(asked.desk.store, asked.path))


def turn_of(store: Store, path: str) -> int:
    """How often the keys of a path were taken back."""
    return int(fact(store, _TURN + _stem(path)) or "0")


def take_back(store: Store, path: str) -> None:
    """Makes the keys of a path, in every format, open nothing from now on; `address` gives the next ones."""
    with store.write():
        set_fact(store, _TURN + _stem(path), str(turn_of(store, path) + 1))


def _stem(path: str) -> str:
    return path.removesuffix(".atom").removesuffix(".json")
