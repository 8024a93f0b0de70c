"""A small world for the proof of the promise: feeds, pages, endpoints, a clock, and the whole program around a store. No socket is opened.

Everything between the doors is the real program; only what lies behind them is made here. An endpoint remembers what it *accepted*, which may
differ from what the program *learnt*: that difference is the subject of the tests in this folder.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from monitor import pipeline
from monitor.app import load_watchlists
from monitor.articles.step import ReadSettings
from monitor.config import Config, WebhookChannel, load_config
from monitor.daemon import take_over
from monitor.errors import FetchError
from monitor.feeds.polling import PollSettings
from monitor.fetch import Request, Response
from monitor.hits.compile import compile_matcher
from monitor.hits.step import register
from monitor.pipeline import App
from monitor.store import feeds, subscriptions
from monitor.store.driver import Store
from monitor.store.invariants import check_invariants
from monitor.store.recorder import Recorder

FIRMS = (
    "Alder Works",
    "Birch Power",
    "Cedar Mills",
    "Damson Lines",
    "Elmfield",
    "Firstone",
    "Gorse Marine",
    "Hazelnet",
    "Ivybridge",
    "Juniper Air",
)
"""Article number n is about firm n % 10, so that each is a development of its own."""

THINGS = ("dam", "turbine", "harbour", "cable", "tunnel", "bridge", "reactor", "railway", "refinery", "satellite")
VERBS = ("builds", "orders", "repairs", "sells", "opens", "closes", "tests", "buys", "leases", "plans")
_PLACES = ("Quay", "Ford", "Moor", "Vale", "Ridge", "Cape", "Marsh", "Heath", "Cove", "Plain")

WATCHLIST = f"""
version = 1
[watchlist.pair]
match = "north and south and works"
alert = 3.0
review = 2.0
[side.north.entity.north]
names = ["Northland"]
type = "place"
{"".join(f'[side.north.entity.firm-{n}]{chr(10)}names = ["{firm}"]{chr(10)}type = "company"{chr(10)}' for n, firm in enumerate(FIRMS))}
[side.south.entity.south]
names = ["Southland"]
type = "place"
[side.works.topic.works]
weight = 3.0
en = [{", ".join(f'"{thing}*"' for thing in THINGS)}]
"""

BEGAN = datetime(2024, 9, 25, 20, 0, tzinfo=UTC)
"""When the subscriptions begin."""

MORNING = datetime(2024, 9, 26, 7, 5, tzinfo=UTC)
"""Five minutes after the slot."""

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()

CONFIG = """\
database = "monitor.db"
watchlists = ["pair.toml"]
[fetch]
per_host_pause_s = 0.0
[articles]
robots = false
[feed.one]
url = "https://one.example/feed"
[feed.two]
url = "https://two.example/feed"
[channel.hook]
type = "webhook"
url = "https://hook.example/in"
secret = "env:HOOK_SECRET"
[channel.other]
type = "webhook"
url = "https://other.example/in"
secret = "env:HOOK_SECRET"
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["pair"]
channels = ["hook", "desk"]
at = ["07:00"]
[subscription.noon]
watchlists = ["pair"]
channels = ["hook", "other"]
at = ["07:00", "12:00"]
"""


@dataclass
class Clock:
    """Stands until it is moved."""

    at: datetime = MORNING

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Accepted:
    """One request that an endpoint took, whether or not the program heard of it."""

    host: str
    id: str
    body: bytes
    at: datetime


class Web:
    """What lies behind the fetch door. `items` are the numbers a feed shows; `answers` say what an endpoint does, in turn (the last repeats):
    a status, "lost" (accepted, but the answer never arrives) or "down"."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[str, list[int]] = {"one.example": [1, 2, 3], "two.example": [3, 4]}
        self.answers: dict[str, list[int | str]] = {}
        self.accepted: list[Accepted] = []
        self.on_network: Callable[[str], None] = lambda what: None

    async def send(self, request: Request) -> Response:
        host, path = request.url.removeprefix("https://").split("/", 1)
        kind = "post" if request.method == "POST" else "feed" if path == "feed" else "page"
        self.on_network(f"before {kind}")
        found = self._post(host, request) if request.method == "POST" else self._get(host, path, request)
        self.on_network(f"after {kind}")
        return found

    def _get(self, host: str, path: str, request: Request) -> Response:
        if path == "feed":
            body = self._feed(host).encode()
            etag = f'"{len(body)}-{self.items[host][-1:]}"'
            if ("if-none-match", etag) in (*request.headers, *request.conditions):
                return Response(url=request.url, status=304)
            return Response(url=request.url, status=200, headers=(("content-type", "application/rss+xml"), ("etag", etag)), body=body)
        return Response(url=request.url, status=200, headers=(("content-type", "text/html"),), body=page(int(path)).encode())

    def _feed(self, host: str) -> str:
        at = format_datetime(self.clock.at - timedelta(hours=1))
        items = "".join(
            f"<item><title>{title(n)}</title><link>https://news.example/{n}</link><guid>{n}</guid><pubDate>{at}</pubDate></item>"
            for n in self.items[host]
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'

    def _post(self, host: str, request: Request) -> Response:
        answers = self.answers.get(host, [200])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == "down":
            raise FetchError("connect", f"{host} refuses the connection")
        if answer == "lost" or (isinstance(answer, int) and 200 <= answer < 300):
            identity = dict(request.headers)["webhook-id"]
            self.accepted.append(Accepted(host=host, id=identity, body=request.body, at=self.clock.at))
            self.on_network("accepted post")
        if answer == "lost":
            raise FetchError("timeout", f"{host} does not answer")
        return Response(url=request.url, status=int(answer))


def title(number: int) -> str:
    """A headline that is a hit of the watchlist; different enough from the others to be a story of its own."""
    n, more = number % 10, number // 10
    thing, place = THINGS[(n + 3 * more) % 10], _PLACES[(n + more) % 10]
    return f"{FIRMS[n]} of Northland {VERBS[(n + 7 * more) % 10]} a {thing} at {place} {number} in Southland"


def page(number: int) -> str:
    """The page of an article."""
    n, more = number % 10, number // 10
    thing, place = THINGS[(n + 3 * more) % 10], _PLACES[(n + more) % 10]
    lines = [f"The {thing} of {FIRMS[n]} {VERBS[(n + k) % 10]} {place} {_PLACES[(n * 3 + k) % 10]} in Southland. " for k in range(8)]
    body = f"<article><h1>{title(number)}</h1><p>{''.join(lines)}</p></article>"
    return f"<html><head><title>{title(number)}</title></head><body>{body}</body></html>"


class InProcess:
    """The parse door without its child process."""

    async def call(self, function: str, args: Mapping[str, object], body: bytes, **limits: float) -> Any:
        module, _, name = function.partition(":")
        return json.loads(json.dumps(getattr(import_module(module), name)(body, **args)))


@dataclass
class World:
    """A folder with a configuration, a clock, the web and the program; the store may be replaced to start the program anew."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    ids: int = 0

    def __post_init__(self) -> None:
        (self.folder / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
        (self.folder / "config.toml").write_text(CONFIG, encoding="utf-8")
        self.web = Web(self.clock)
        self.config: Config = load_config(self.folder / "config.toml", {"HOOK_SECRET": SECRET})
        self.matcher = compile_matcher(load_watchlists(self.config))

    def fresh(self) -> Web:
        """Begins anew: the clock and what lies outside."""
        self.clock.at = MORNING
        self.web = Web(self.clock)
        return self.web

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids:06}"

    def app(self, store: Store) -> App:
        """The program around a store, as app.py puts it together."""
        settings = self.config.fetch
        register(store, self.matcher, self.clock())
        feeds.sync(store, self.config.feed, self.config.feeds, self.clock())
        subscriptions.sync(store, self.config.subscription, min(self.clock(), BEGAN))
        return App(
            config=self.config,
            store=store,
            recorder=Recorder(store),
            watchlists=self.matcher.watchlists,
            matcher=self.matcher,
            door=self.web,
            direct_door=self.web,
            sandbox=InProcess(),  # type: ignore[arg-type]
            clock=self.clock,
            new_id=self.new_id,
            jitter=lambda: 0.5,
            poll_settings=PollSettings(feeds=self.config.feed, defaults=self.config.feeds, agent="x", allow_private=(), ports=()),
            read_settings=ReadSettings(
                agent="x",
                languages=("en",),
                robots=False,
                per_visit=50,
                timeout_s=30.0,
                alert_window=timedelta(hours=48),
                allow_private=(),
                ports=settings.ports,
            ),
            visits=1,
        )

    def cycle(self, store: Store) -> pipeline.Counts:
        """One life of the program: takes over what a dead one held, and runs every step until nothing is due."""
        take_over(store, self.clock())
        return asyncio.run(pipeline.once(self.app(store)))


def endpoints(config: Config) -> list[tuple[str, str]]:
    """(subscription, host) for every endpoint that a subscription tells."""
    hosts = {channel.name: channel.url.split("/")[2] for channel in config.channel if isinstance(channel, WebhookChannel)}
    return [(each.name, hosts[name]) for each in config.subscription for name in each.channels if name in hosts]


_OWNERS = """
select m.uid, s.name as subscription from messages m join digests d on d.id = m.digest_id join subscriptions s on s.id = d.subscription_id
"""


def complaints(store: Store, accepted: Sequence[Accepted], told: Iterable[tuple[str, str]], numbers: Iterable[int]) -> list[str]:
    """Everything that is wrong after the last life: broken rules, and what the endpoints accepted compared with what they should have.

    `told`: (subscription, host) pairs; `numbers`: the articles that each must have been told of, once. Lost: under no identity. Doubled:
    under two. Altered: one identity with two contents. Strange: an identity that the store does not know.
    """
    found = [f"{broken.rule}: {broken.examples}" for broken in check_invariants(store)]
    owners = {row["uid"]: row["subscription"] for row in store.all(_OWNERS)}
    wanted = sorted(numbers)
    for subscription, host in told:
        bodies: dict[str, set[bytes]] = {}
        for each in accepted:
            if each.host == host and owners.get(each.id, subscription) == subscription:
                bodies.setdefault(each.id, set()).add(each.body)
        found += [f"{host}: strange identity {identity}" for identity in bodies if identity not in owners]
        found += [f"{host}: {identity} was altered" for identity, contents in bodies.items() if len(contents) > 1]
        for number in wanted:
            under = [identity for identity, contents in bodies.items() if title(number).encode() in next(iter(contents))]
            if len(under) != 1:
                found.append(f"{subscription} at {host}: article {number} {'lost' if not under else f'doubled under {under}'}")
    return found
