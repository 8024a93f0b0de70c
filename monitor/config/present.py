"""A Config as plain values for people and JSON: every key in force, secrets by reference only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.config.load import Config
from monitor.config.secrets import MASK, Secret
from monitor.config.values import Table
from monitor.place import passwords_in

_LEAST_CHARS = 4
_LEAST_SEGMENT = 10
"""Shorter parts of a path (`services`, `hooks`) are words, not secrets."""


def effective(config: Config) -> dict[str, Any]:
    """All values in force, in the shape of config.toml. A secret appears as its reference (env:NAME), never as its value."""
    values: dict[str, Any] = {
        "file": str(config.source),
        "database": str(config.database),
        "watchlists": [str(path) for path in config.watchlists],
    }
    for name in ("fetch", "feeds", "articles", "storage", "alarm", "digest", "output", "log", "web"):
        values[name] = _plain(getattr(config, name))
    values["channel"] = {channel.name: _plain(channel) for channel in config.channel}
    values["subscription"] = {each.name: {key: _plain(value) for key, value in asdict(each).items()} for each in config.subscription}
    values["feed"] = {feed.name: _plain(feed) for feed in config.feed}
    return values


def secrets_in(config: Config) -> tuple[str, ...]:
    """The values of all secrets, which nothing may print: for the log's filter."""
    address = [part for part in passwords_in(config.database.address) if len(part) >= _LEAST_CHARS]
    return (*address, *secret_values((*config.feed, *config.channel, config.alarm, config.web)))


def secret_values(rows: Iterable[Table]) -> tuple[str, ...]:
    """The values of the secrets of some tables, and of each what a server may quote of it: the key behind its prefix, the path of an address."""
    found = {part for row in rows for secret in _secrets(row) for part in _parts(secret.reveal())}
    return tuple(sorted((part for part in found if len(part) >= _LEAST_CHARS), key=len, reverse=True))


def masked(text: str, values: Iterable[str]) -> str:
    """A stranger's words without our secrets: whoever was told one may say it back."""
    for value in values:
        text = text.replace(value, MASK)
    return text


def _parts(value: str) -> Iterator[str]:
    yield value
    yield value.removeprefix("whsec_")
    try:
        address = urlsplit(value)
        names = (address.netloc, address.username or "", address.hostname or "")
    except ValueError:
        return
    if address.scheme and "://" in value:
        # Addresses of Apprise: many services have a key where others have a host.
        keys = () if address.scheme in ("http", "https") else names
        yield from (address.query, address.password or "")
        yield from (part for part in (*keys, address.path, *address.path.split("/")) if len(part) >= _LEAST_SEGMENT)


def _secrets(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case Table():
            for name in type(value).model_fields:
                yield from _secrets(getattr(value, name))
        case dict():
            for item in value.values():
                yield from _secrets(item)


def _plain(value: object) -> Any:
    match value:
        case Secret():
            return value.reference or str(value)
        case Table():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields if name != "name"}
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case Path():
            return str(value)
        case _:
            return value
