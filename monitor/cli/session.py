"""What a command works with: the configuration, the store and the app, each opened when first asked for and closed at the end."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.config import Config
    from monitor.store.driver import Store


class Session:
    """One command's view of the program."""

    def __init__(self, config_path: str | None, database: str | None) -> None:
        self._config_path = config_path
        self._database = database

    @cached_property
    def config(self) -> Config:
        """The checked configuration. Raises ConfigError."""
        from monitor.config import find_config, load_config

        return load_config(find_config(self._config_path))

    @cached_property
    def store(self) -> Store:
        """The open database: --db, or the configured one."""
        from monitor.store.sqlite import open_sqlite

        return open_sqlite(Path(self._database).expanduser() if self._database else self.config.database_path)

    @cached_property
    def app(self) -> App:
        """The program composed from configuration and store."""
        from monitor.app import build_app

        return build_app(self.config, self.store)

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
