"""From a TOML file (and MONITOR_* variables) to a `Config`, or to every problem at once.

Lookup order: the path given, MONITOR_CONFIG, ./config.toml, the XDG folder. Relative paths in the file are relative to the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from monitor.config.channels import CHANNELS, ChannelSettings
from monitor.config.settings import (
    AlarmSettings,
    ArticlesSettings,
    DigestSettings,
    FeedSettings,
    FeedsSettings,
    FetchSettings,
    LogSettings,
    OutputSettings,
    RootSettings,
    StorageSettings,
    SubscriptionSettings,
    WebSettings,
)
from monitor.config.values import Table
from monitor.errors import ConfigError, Problem, UsageError
from monitor.hours import nearest_zone, parse_schedule
from monitor.model import Subscription
from monitor.place import Place
from monitor.toml_lines import line_of

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$")
_PREFIX = "MONITOR_"
_NOT_SETTINGS = {"MONITOR_CONFIG", "MONITOR_DB", "MONITOR_DATABASE", "MONITOR_TEST_PG", "MONITOR_REQUIRE_PG"}
_NAMED = ("feed", "channel", "subscription")

Row = TypeVar("Row", bound=Table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything the operator decided. `source` is the file it came from."""

    source: Path
    database: Place
    watchlists: tuple[Path, ...]
    fetch: FetchSettings
    feeds: FeedsSettings
    articles: ArticlesSettings
    storage: StorageSettings
    alarm: AlarmSettings
    digest: DigestSettings
    output: OutputSettings
    log: LogSettings
    web: WebSettings
    feed: tuple[FeedSettings, ...]
    channel: tuple[ChannelSettings, ...]
    subscription: tuple[Subscription, ...]

    @property
    def beside(self) -> Path:
        """Files of this instance lie beside this one: the database where it is a file, else a name in the folder of the configuration."""
        return self.database.path or self.source.parent / "monitor.db"

    @property
    def database_path(self) -> Path:
        """The SQLite file. Raises UsageError where the database is on a server."""
        if self.database.path is None:
            raise UsageError(f"the database is on a server ({self.database}); this needs a SQLite file")
        return self.database.path


def find_config(given: str | None, environment: Mapping[str, str] | None = None) -> Path:
    """The configuration file to use. Raises ConfigError that names the places looked at when there is none."""
    env = os.environ if environment is None else environment
    if chosen := given or env.get("MONITOR_CONFIG"):
        return Path(chosen).expanduser()
    xdg = Path(env.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "monitor" / "config.toml"
    places = (Path("config.toml"), xdg)
    for place in places:
        if place.is_file():
            return place
    looked = " or ".join(str(place) for place in places)
    raise ConfigError(
        (Problem(file="config.toml", path="", message=f"no configuration found (looked for {looked})", hint="run: monitor init"),)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file gave: the `config`, or None and every problem in it.

    `watchlists` (files) and `wanted` (by subscription, the watchlists it names) hold as much as could be read, so that the watchlist files
    of a wrong configuration can be checked in the same breath.
    """

    config: Config | None
    problems: tuple[Problem, ...] = ()
    source: Path
    watchlists: tuple[Path, ...] = ()
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_config(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Reads and checks one file. Raises ConfigError with all its problems."""
    return _or_raise(read_config(path, environment))


def read_config(path: Path, environment: Mapping[str, str] | None = None) -> Reading:
    """Reads and checks one file; its problems are returned, not raised. Raises ConfigError only where it cannot be read at all."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError((Problem(file=str(path), path="", message=f"cannot be read: {reason}", hint="run: monitor init"),)) from error
    env = os.environ if environment is None else environment
    return _FileReader(text, path, env).read()


def parse_config(text: str, path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """The Config of a file's text. `path` names the file in messages and anchors its relative paths. Raises ConfigError with all problems."""
    env = os.environ if environment is None else environment
    return _or_raise(_FileReader(text, path, env).read())


def listening(config: Config, listen: str) -> Config:
    """The configuration with another address for the dashboard, by the rules of the file. Raises ConfigError."""
    try:
        web = WebSettings.model_validate({**dict(config.web), "listen": listen})
    except ValidationError as error:
        told = (fault["msg"].removeprefix("Value error, ") for fault in error.errors(include_url=False))
        raise ConfigError(tuple(Problem(file="--listen", path="web.listen", message=message) for message in told)) from None
    return replace(config, web=web)


def _or_raise(reading: Reading) -> Config:
    if reading.config is None:
        raise ConfigError(reading.problems)
    return reading.config


class _FileReader:
    """One pass over one file that keeps every problem it meets."""

    def __init__(self, text: str, path: Path, environment: Mapping[str, str]) -> None:
        self.text = text
        self.path = path
        self.environment = environment
        self.problems: list[Problem] = []
        self.from_environment: dict[str, str] = {}

    def read(self) -> Reading:
        tables = self._tables()
        named = {kind: self._named(tables, kind) for kind in _NAMED}
        root = self._row(RootSettings, tables, "")
        feeds = tuple(row for name, table in named["feed"].items() if (row := self._row(FeedSettings, table, f"feed.{name}", name)))
        channels = tuple(channel for name, table in named["channel"].items() if (channel := self._channel(table, name)))
        subscriptions = tuple(
            each for name, table in named["subscription"].items() if (each := self._subscription(table, name, tuple(named["channel"])))
        )
        for name in _texts(tables.get("alarm", {}).get("channels")) if isinstance(tables.get("alarm"), dict) else ():
            if name not in named["channel"]:
                self._problem("alarm.channels", f"there is no [channel.{name}]", _nearest(name, tuple(named["channel"])))
        config = None
        if not self.problems and root is not None:
            plain = {name: getattr(root, name) for name in RootSettings.model_fields}
            config = Config(source=self.path, feed=feeds, channel=channels, subscription=subscriptions, **plain)
        return Reading(
            config=config,
            problems=tuple(self.problems),
            source=self.path,
            watchlists=tuple(self.path.parent / Path(name).expanduser() for name in _texts(tables.get("watchlists"))),
            wanted={name: _texts(table.get("watchlists")) for name, table in named["subscription"].items()},
        )

    def _tables(self) -> dict[str, Any]:
        try:
            tables = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = int(found[1]) if found else None
            raise ConfigError((Problem(file=str(self.path), path="", message=f"not valid TOML: {error}", line=line),)) from error
        for variable, value in sorted(self.environment.items()):
            if variable.startswith(_PREFIX) and variable not in _NOT_SETTINGS and "__" in variable:
                self._override(tables, variable, value)
        return tables

    def _override(self, tables: dict[str, Any], variable: str, value: str) -> None:
        steps = [step.lower() for step in variable.removeprefix(_PREFIX).split("__")]
        table = tables
        for step in steps[:-1]:
            existing = next((key for key in table if key.replace("-", "_") == step), step)
            if not isinstance(table.setdefault(existing, {}), dict):
                return
            table = table[existing]
        table[steps[-1]] = _value(value)
        self.from_environment[".".join(steps)] = variable

    def _named(self, tables: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
        rows = tables.pop(kind, {})
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            self._problem(kind, f"should be tables named [{kind}.NAME]")
            return {}
        for name in rows:
            if not _NAME.match(name):
                self._problem(f"{kind}.{name}", "a name has lower-case letters, digits and hyphens only")
        return rows

    def _row(self, model: type[Row], table: dict[str, Any], path: str, name: str = "") -> Row | None:
        context = {"folder": self.path.parent, "environment": self.environment}
        if name and "name" in table:
            self._problem(f"{path}.name", "unknown key", f"the name is the table's: [{path}]; for a longer one use title")
            return None
        try:
            row = model.model_validate(table, context=context)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            places = [fault["loc"] for fault in faults]
            for fault in faults:
                # A list that is too short only because its entries are wrong is told by its entries.
                if fault["type"] != "too_short" or not any(
                    place != fault["loc"] and place[: len(fault["loc"])] == fault["loc"] for place in places
                ):
                    self._fault(model, path, fault["loc"], fault["type"], fault["msg"])
            return None
        return row.model_copy(update={"name": name}) if name else row

    def _channel(self, table: dict[str, Any], name: str) -> ChannelSettings | None:
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in CHANNELS:
            hint = _nearest(str(kind), CHANNELS) if kind else f"one of {', '.join(CHANNELS)}"
            self._problem(f"channel.{name}.type", "missing key" if kind is None else f"unknown channel type {kind!r}", hint)
            return None
        row: ChannelSettings | None = self._row(CHANNELS[kind], table, f"channel.{name}", name)
        return row

    def _subscription(self, table: dict[str, Any], name: str, channels: tuple[str, ...]) -> Subscription | None:
        path = f"subscription.{name}"
        row = self._row(SubscriptionSettings, table, path)
        for channel in _texts(table.get("channels")):
            if channel not in channels:
                self._problem(f"{path}.channels", f"there is no [channel.{channel}]", _nearest(channel, channels))
        if row is None:
            self._schedule(path, table)
            return None
        subscription = Subscription(name=name, **{**row.model_dump(), "title": row.title or name})
        self._told(path, subscription)
        return subscription

    def _schedule(self, path: str, table: dict[str, Any]) -> None:
        """Checks the schedule of a table with other faults, as far as its keys have the right types."""
        times = _texts(table.get("at", ("07:00",)))
        words = {"days": "mon-sun", "quiet": ""} | {key: value for key in ("days", "quiet") if isinstance(value := table.get(key), str)}
        none: tuple[str, ...] = ()
        at, days, quiet = times or ("07:00",), words["days"], words["quiet"]
        self._told(path, Subscription(name="", title="", watchlists=none, channels=none, at=at, days=days, quiet=quiet, timezone="UTC"))

    def _told(self, path: str, subscription: Subscription) -> None:
        for key, message in parse_schedule(subscription):
            self._problem(f"{path}.{key}", message)

    def _fault(self, model: type[Table], path: str, loc: tuple[int | str, ...], kind: str, message: str) -> None:
        dotted = ".".join((path, *map(str, loc))) if path else ".".join(map(str, loc))
        if kind == "extra_forbidden":
            self._problem(dotted, "unknown key", _nearest(str(loc[-1]), _keys(model, loc[:-1])))
        elif kind == "missing":
            self._problem(dotted, "missing key")
        elif kind == "too_short":
            self._problem(dotted, "is empty: name at least one")
        else:
            text = message.removeprefix("Value error, ")
            self._problem(dotted, text[0].lower() + text[1:], _zone_hint(text))

    def _problem(self, path: str, message: str, hint: str = "") -> None:
        variable = self.from_environment.get(path.replace("-", "_"))
        if variable:
            self.problems.append(Problem(file=f"environment variable {variable}", path=path, message=message, hint=hint))
        else:
            self.problems.append(Problem(file=str(self.path), path=path, message=message, line=line_of(self.text, path), hint=hint))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, (list, tuple)) else ()


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _keys(model: type[Table], loc: tuple[int | str, ...]) -> list[str]:
    fields = model
    for step in loc:
        field = fields.model_fields.get(str(step))
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, Table)):
            return []
        fields = kind
    names = [name for name in fields.model_fields if name != "name"]
    return [*names, *_NAMED] if fields is RootSettings else names


def _nearest(word: str, words: object) -> str:
    choices = [str(choice) for choice in words] if isinstance(words, (list, tuple, dict)) else []
    close = get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of {', '.join(sorted(choices))}" if 0 < len(choices) <= 24 else ""


def _zone_hint(message: str) -> str:
    found = re.match(r"unknown time zone '(.*)'$", message, re.IGNORECASE)
    return nearest_zone(found[1]) if found else ""
