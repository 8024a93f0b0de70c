"""A Config as plain values for people and JSON: every key in force, secrets by reference only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.config.load import Config
from monitor.config.secrets import Secret
from monitor.config.settings import Table


def effective(config: Config) -> dict[str, Any]:
    """All values in force, in the shape of config.toml. A secret appears as its reference (env:NAME), never as its value."""
    values: dict[str, Any] = {
        "file": str(config.source),
        "database": config.database,
        "watchlists": [str(path) for path in config.watchlists],
    }
    for name in ("fetch", "feeds", "articles", "log"):
        values[name] = _plain(getattr(config, name))
    values["channel"] = {channel.name: _plain(channel) for channel in config.channel}
    values["subscription"] = {each.name: {key: _plain(value) for key, value in asdict(each).items()} for each in config.subscription}
    values["feed"] = {feed.name: _plain(feed) for feed in config.feed}
    return values


def secrets_in(config: Config) -> tuple[str, ...]:
    """The values of all secrets, which nothing may print: for the log's filter."""
    return tuple(secret.reveal() for row in (*config.feed, *config.channel) for secret in _secrets(row))


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
