"""What a command works with: the configuration, the store and the app, each opened when first asked for and closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from monitor.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from monitor.config import ChannelSettings, Config
    from monitor.digests.template import Templates
    from monitor.feeds.actions import Asking
    from monitor.model import SendVerdict, Watchlist
    from monitor.pipeline import App
    from monitor.place import Place
    from monitor.store.driver import Store

Answer = TypeVar("Answer")


class Session:
    """One command's view of the program."""

    def __init__(self, config_path: str | None, database: str | None) -> None:
        self._config_path = config_path
        self._database = database

    @cached_property
    def config(self) -> Config:
        """The checked configuration. Raises ConfigError with every problem, those of its watchlist files among them."""
        from monitor.config import find_config, read_config

        path = find_config(self._config_path)
        if (config := read_config(path).config) is not None:
            return config
        from monitor.app import load

        return load(path)[0]

    @property
    def configured(self) -> bool:
        """True where a configuration file was named or is found."""
        from monitor.config import find_config

        if self._config_path:
            return True
        try:
            return find_config(None).is_file()
        except ConfigError:
            return False

    @cached_property
    def place(self) -> Place:
        """Where the database is: --db, or the configured place. Raises UsageError."""
        from monitor.place import place_of

        if not self._database:
            return self.config.database
        try:
            return place_of(self._database, Path())
        except ValueError as error:
            raise UsageError(f"--db: {error}") from error

    @property
    def store_path(self) -> Path:
        """The database file. Raises UsageError where the database is on a server."""
        if self.place.path is None:
            raise UsageError(f"the database is on a server ({self.place}); this needs a SQLite file")
        return self.place.path

    @property
    def beside(self) -> Path:
        """Files of this instance lie beside this one."""
        return self.place.path or self.config.beside

    @cached_property
    def store(self) -> Store:
        """The open database."""
        from monitor.store.opening import open_store

        return open_store(self.place)

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be printed."""
        from monitor.config.present import secrets_in

        return secrets_in(self.config)

    @cached_property
    def watchlists(self) -> tuple[Watchlist, ...]:
        """The configured watchlists, checked. Raises ConfigError."""
        from monitor.app import load_watchlists

        return load_watchlists(self.config)

    @cached_property
    def templates(self) -> Templates:
        """The operator's templates, checked. Raises ConfigError."""
        from monitor.app import load_templates

        return load_templates(self.config)

    def run(self, work: Callable[[App], Awaitable[Answer]]) -> Answer:
        """Opens the app (fetch door and parse door included), does asynchronous work with it and closes it."""
        from monitor.app import clock_of, open_app

        async def opened() -> Answer:
            async with open_app(self.config, self.store, clock=clock_of(self.store), watchlists=self.watchlists) as app:
                return await work(app)

        return asyncio.run(opened())

    def ask(self, work: Callable[[Asking], Awaitable[Answer]]) -> Answer:
        """Opens the doors alone and does asynchronous work that asks about feeds; nothing is polled, and no watchlist is read."""
        from monitor.app import open_doors, poll_settings
        from monitor.feeds.actions import Asking

        async def opened() -> Answer:
            async with open_doors(self.config) as (door, _, sandbox):
                return await work(Asking(door=door, sandbox=sandbox, settings=poll_settings(self.config), now=self.now()))

        return asyncio.run(opened())

    def ping(self, channel: ChannelSettings) -> tuple[tuple[str, SendVerdict], ...]:
        """Sends a test to each destination of a channel; opens no database."""
        from monitor.app import new_id, open_doors
        from monitor.deliveries.actions import ping

        async def opened() -> tuple[tuple[str, SendVerdict], ...]:
            async with open_doors(self.config) as (_, door, _):
                return await ping(channel, door, new_id, self.now())

        return asyncio.run(opened())

    def now(self) -> datetime:
        """The instant this command speaks of."""
        from monitor.app import now

        return now()

    def close(self) -> None:
        """Closes what was opened."""
        if "store" in self.__dict__:
            self.store.close()


def open_session(ctx: click.Context) -> Session:
    """The session of a command; closed when the command ends."""
    settings = ctx.find_root().obj or {}
    session = Session(settings.get("config_path"), settings.get("database"))
    ctx.call_on_close(session.close)
    return session
