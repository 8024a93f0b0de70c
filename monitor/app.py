"""The composition root: a Config and a Store become an App. The only place that asks the clock or makes anything random."""

from __future__ import annotations

import os
import random
import secrets
import time
import tomllib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

from monitor.articles.step import ReadSettings
from monitor.config import AppriseChannel, Config, read_config
from monitor.deliveries.apprise import address_problem
from monitor.digests.render import check_templates
from monitor.digests.step import accept
from monitor.digests.template import BUILT_IN, SUFFIXES, Templates
from monitor.errors import ConfigError, Problem
from monitor.feeds.polling import PollSettings
from monitor.fetch import Door
from monitor.fetch.polite import PoliteDoor
from monitor.fetch.timed import TimedDoor
from monitor.hits.compile import compile_matcher
from monitor.hits.query import QueryError, parse
from monitor.hits.step import register
from monitor.model import Watchlist
from monitor.pipeline import App
from monitor.sandbox import Sandbox
from monitor.store import feeds, subscriptions
from monitor.store.driver import Store
from monitor.store.recorder import Recorder
from monitor.tally import Tally
from monitor.toml_lines import line_of
from monitor.watchlists.blocks import Parts
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load as load_knowledge

CANDIDATE_SCORE = 1.5
"""Feed text from this score on is worth fetching when `articles.fetch = "candidates"` (MATCHING 4)."""


_VISITS_PER_REQUEST = 2
"""Sites visited at once for each request that may be under way: while one visit parses and stores, another asks."""


def now() -> datetime:
    """This instant, aware UTC."""
    return datetime.now(UTC)


class ServerClock:
    """The clock of the database server, which all its workers share: looked at now and then, carried on in between by time that no setting moves."""

    def __init__(self, running: Callable[[], float], at: datetime) -> None:
        self._running = running
        self.set(at)

    def set(self, at: datetime) -> None:
        """What the server's clock says at this moment."""
        self._seen = at, self._running()

    def __call__(self) -> datetime:
        at, running = self._seen
        return at + timedelta(seconds=self._running() - running)


def clock_of(store: Store) -> Callable[[], datetime]:
    """The clock that decides about leases and due times: the server's where the database is on one, else this machine's."""
    at = store.now()
    return now if at is None else ServerClock(running_s, at)


def running_s() -> float:
    """Seconds that nobody can set, sleep included where this machine tells it (Linux)."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def new_id() -> str:
    """A random identity that no other row, machine or restored backup can share."""
    return str(uuid.uuid4())


def jitter() -> float:
    """A random number in [0, 1), to spread retries."""
    return random.random()  # noqa: S311 - spreads load, guards nothing


def new_token() -> str:
    """A secret of 32 random bytes that nobody can guess."""
    return secrets.token_urlsafe(32)


def load(path: Path) -> tuple[Config, tuple[Watchlist, ...]]:
    """The configuration file with its watchlists. Raises ConfigError with every problem of all the files it names."""
    reading = read_config(path)
    problems = list(reading.problems)
    watchlists = _read_watchlists(reading.source, reading.watchlists, reading.wanted, problems)
    if reading.config is not None:
        _read_templates(reading.config, problems)
        problems.extend(_addresses(reading.config))
    if reading.config is None or problems:
        raise ConfigError(tuple(problems))
    return reading.config, watchlists


def load_watchlists(config: Config) -> tuple[Watchlist, ...]:
    """The configured watchlist files, checked against each other and against the subscriptions. Raises ConfigError with all problems."""
    problems: list[Problem] = []
    wanted = {subscription.name: subscription.watchlists for subscription in config.subscription}
    watchlists = _read_watchlists(config.source, config.watchlists, wanted, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return watchlists


def _addresses(config: Config) -> Iterator[Problem]:
    """Addresses that Apprise cannot use, where there are any."""
    for channel in config.channel:
        if isinstance(channel, AppriseChannel) and (problem := address_problem(channel)):
            where = f"channel.{channel.name}.url"
            yield Problem(file=str(config.source), path=where, message=problem, line=_line(config.source, where))


def load_templates(config: Config) -> Templates:
    """The operator's templates, checked; the built-in ones where no folder is named. Raises ConfigError with all problems."""
    problems: list[Problem] = []
    found = _read_templates(config, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return found


def template_files(config: Config) -> tuple[Path, ...]:
    """The files of the folder of templates; none where no folder is named or it cannot be looked at."""
    folder = config.digest.templates
    try:
        return () if folder is None else tuple(sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES))
    except OSError:
        return ()


def _read_templates(config: Config, problems: list[Problem]) -> Templates:
    folder = config.digest.templates
    if folder is None:
        return BUILT_IN
    sources = []
    for path in template_files(config):
        try:
            sources.append((path.name, path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            problems.append(Problem(file=str(path), path="", message=f"cannot be read: {reason}"))
            return BUILT_IN
    found = Templates(folder=str(folder), sources=tuple(sources))
    if not (found.overrides("html") or found.overrides("text")):
        message = f"{folder} holds neither digest.html nor digest.txt"
        where = "digest.templates"
        line = _line(config.source, where)
        problems.append(Problem(file=str(config.source), path=where, message=message, line=line, hint="see: monitor help templates"))
        return BUILT_IN
    problems.extend(check_templates(found))
    return found


def _read_watchlists(
    source: Path, paths: tuple[Path, ...], wanted: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> tuple[Watchlist, ...]:
    found: dict[str, Watchlist] = {}
    named: set[str] = set()
    parts = load_knowledge()
    for path in paths:
        named |= _names_in(path)
        for watchlist in _parse_file(path, parts, problems):
            if watchlist.id in found:
                problems.append(
                    Problem(file=str(path), path=f"watchlist.{watchlist.id}", message="this name is taken by another watchlist file")
                )
            found.setdefault(watchlist.id, watchlist)
    problems.extend(
        Problem(
            file=str(source),
            path=f"subscription.{subscription}.watchlists",
            message=f"no watchlist file defines {name!r}",
            line=_line(source, f"subscription.{subscription}.watchlists"),
            hint=_nearest(name, named),
        )
        for subscription, names in wanted.items()
        for name in names
        if name not in named
    )
    return tuple(found.values())


def _names_in(path: Path) -> set[str]:
    """The watchlists that a file defines, also where it has other faults; empty where it cannot be read."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("watchlist", {})
    except (OSError, ValueError):
        return set()
    return set(tables) if isinstance(tables, dict) else set()


def _nearest(name: str, names: set[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(sorted(names))}" if names else ""


def _line(path: Path, dotted: str) -> int | None:
    try:
        return line_of(path.read_text(encoding="utf-8"), dotted)
    except (OSError, ValueError):
        return None


def watchlists_of(path: Path) -> tuple[Watchlist, ...]:
    """The watchlists of one file, their rules read too. Raises ConfigError with all its problems."""
    problems: list[Problem] = []
    found = _parse_file(path, load_knowledge(), problems)
    if problems:
        raise ConfigError(tuple(problems))
    return found


def _parse_file(path: Path, parts: Parts, problems: list[Problem]) -> tuple[Watchlist, ...]:
    try:
        text = path.read_text(encoding="utf-8")
        watchlists = parse_watchlists(text, str(path), parts)
    except OSError as error:
        problems.append(Problem(file=str(path), path="", message=f"the watchlist file cannot be read: {error.strerror}"))
        return ()
    except ConfigError as error:
        problems.extend(error.problems)
        return ()
    for watchlist in watchlists:
        try:
            parse(watchlist.match, tuple(side.id for side in watchlist.sides))
        except QueryError as error:
            where = f"watchlist.{watchlist.id}.match"
            message = f"column {error.column}: {error.message}"
            problems.append(Problem(file=str(path), path=where, message=message, line=line_of(text, where), hint=error.hint))
    return watchlists


@asynccontextmanager
async def open_app(
    config: Config,
    store: Store,
    *,
    clock: Callable[[], datetime] = now,
    new_id: Callable[[], str] = new_id,
    jitter: Callable[[], float] = jitter,
    watchlists: tuple[Watchlist, ...] | None = None,
    read_articles: bool = True,
    force_plan: str | None = None,
    tally: Tally | None = None,
    worker: str = "",
) -> AsyncIterator[App]:
    """Opens both doors and yields the App; closes them at the end. Raises ConfigError before anything is touched.

    watchlists: those of the configuration, where they are loaded already. tally: what counts on from an App before this one.
    """
    tally = tally or Tally()
    watchlists = load_watchlists(config) if watchlists is None else watchlists
    templates = load_templates(config)
    matcher = register(store, compile_matcher(watchlists), clock())
    feeds.sync(store, config.feed, config.feeds, clock())
    subscriptions.sync(store, config.subscription, clock())
    accept(store, templates)
    async with open_doors(config, tally.took) as (polite_door, direct_door, sandbox):
        app = App(
            config=config,
            store=store,
            recorder=Recorder(store),
            watchlists=watchlists,
            templates=templates,
            matcher=matcher,
            door=polite_door,
            direct_door=direct_door,
            sandbox=sandbox,
            clock=clock,
            new_id=new_id,
            jitter=jitter,
            poll_settings=poll_settings(config),
            read_settings=_read_settings(config),
            visits=_VISITS_PER_REQUEST * config.fetch.in_flight,
            read_articles=read_articles,
            force_plan=force_plan,
            tally=tally,
            worker=worker or new_id(),
        )
        yield replace(app, read_settings=replace(app.read_settings, wanted=_wanted(app)))


@asynccontextmanager
async def open_doors(
    config: Config, took: Callable[[str, float], None] = lambda _purpose, _seconds: None
) -> AsyncIterator[tuple[PoliteDoor, Door, Sandbox]]:
    """Opens the fetch door and the parse door alone, for commands that ask strangers and need no watchlists; closes them at the end.

    took: hears what each request through the polite door was for, and the seconds it took.
    """
    settings = config.fetch
    door = Door(user_agent=settings.agent, allow_private=settings.allow_private, ports=settings.ports, in_flight=settings.in_flight)
    async with door as direct_door, Sandbox(size=max(2, os.cpu_count() or 2)) as sandbox:
        timed_door = TimedDoor(direct_door, took, time.monotonic)
        yield PoliteDoor(timed_door, settings.per_host_pause_s, time.monotonic), direct_door, sandbox


def poll_settings(config: Config) -> PollSettings:
    """How the configured feeds are polled."""
    return PollSettings(
        feeds=config.feed,
        defaults=config.feeds,
        agent=config.fetch.agent,
        allow_private=config.fetch.allow_private,
        ports=config.fetch.ports,
    )


def _read_settings(config: Config) -> ReadSettings:
    return ReadSettings(
        agent=config.fetch.agent,
        languages=config.articles.languages,
        robots=config.articles.robots,
        per_visit=config.articles.per_visit,
        timeout_s=config.articles.timeout_s,
        alert_window=timedelta(hours=config.feeds.alert_window_h),
        allow_private=config.fetch.allow_private,
        ports=config.fetch.ports,
    )


def _wanted(app: App) -> Callable[[str, str, str], bool]:
    mode = app.config.articles.fetch

    def wanted(title: str, summary: str, lang: str) -> bool:
        return mode == "all" or (mode == "candidates" and app.matcher.best_score(title, summary, lang) >= CANDIDATE_SCORE)

    return wanted
