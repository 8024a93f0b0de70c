"""The Nth-failure loop on the real program: real sockets, a real database, and strace that kills it, or makes a system call fail, at the Nth call."""

from __future__ import annotations

import email
import email.policy
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Self

from monitor.config import load_config
from monitor.demo.sinks import Mail, Mailbox, WebhookSink
from monitor.store import subscriptions
from tests.background import Background
from tests.fetch.wire import answer, site
from tests.promise.engines import Database, Sqlite
from tests.promise.power import ROOT
from tests.promise.world import BEGAN, MORNING, SECRET, WATCHLIST, Accepted, Clock, Web, complaints, page
from tests.wire import wire_to

CONFIG = """\
database = "env:KILLS_DATABASE"
watchlists = ["pair.toml"]
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [{news}]
per_host_pause_s = 0.0
[articles]
robots = false
[feed.one]
url = "http://127.0.0.1:{news}/feed"
[channel.mail]
type = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "monitor@example.org"
to = ["a@example.org", "b@example.org"]
timeout_s = 5
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:{hook}/hook"
secret = "env:HOOK_SECRET"
allow_private = ["127.0.0.0/8"]
ports = [{hook}]
[subscription.morning]
watchlists = ["pair"]
channels = ["mail", "hook"]
at = ["07:00"]
"""
TOLD = (("morning", "a@example.org"), ("morning", "b@example.org"), ("morning", "hook"))
ARTICLES = (1, 2)
LIVES_MIN = (20, 24 * 60)
"""When the program is started again after the fault, in minutes after the first start; the last is the next day's slot."""

HANGS_S = 300.0
"""A life that lasts so long hangs, and is ended."""


@dataclass
class Tally:
    """What a loop saw: points at which a life was hit, runs with a loss or a double, runs in which an identity came twice."""

    points: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    repeats: int = 0


class Rig:
    """The world on loopback, a database of an engine, and a zygote that lives with both. Use as a context.

    wired: the lives reach the database by a wire that can break; `message:lost:when=N` then loses the Nth piece that a life sends there, and all
    its connections.
    """

    def __init__(self, folder: Path, engine: type[Database] = Sqlite, *, wired: bool = False) -> None:
        self.folder = folder
        self.database = engine(folder)
        self._wired = wired
        self._calls = 0
        self._background = Background()
        self.code = 0
        self.said = ""

    def __enter__(self) -> Self:
        self._background.__enter__()
        self.mailbox = self._background.enter(Mailbox())
        self.hook = self._background.enter(WebhookSink())
        news = self._background.enter(site())
        web = Web(Clock())
        web.items["news"] = list(ARTICLES)
        feed = web._feed("news").replace("https://news.example/", news.url("/"))
        news.routes["/feed"] = answer(feed.encode(), Content_Type="application/rss+xml", ETag='"1"')
        for number in ARTICLES:
            news.routes[f"/{number}"] = answer(page(number).encode(), Content_Type="text/html; charset=utf-8")
        (self.folder / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
        text = CONFIG.format(news=news.port, smtp=self.mailbox.port, hook=self.hook.port)
        (self.folder / "config.toml").write_text(text, encoding="utf-8")
        place = self.database.place
        if self._wired:
            self._wire = self._background.enter(wire_to(place))
            place = self._wire.address
        known = {"HOOK_SECRET": SECRET, "KILLS_DATABASE": place}
        config = load_config(self.folder / "config.toml", known)
        self.database.prepare(lambda store: subscriptions.sync(store, config.subscription, BEGAN))
        environment = {**os.environ, **known, "PYTHONPATH": str(ROOT)}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.promise.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        assert self._hear() == "ready"
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(timeout=30)
        self._zygote.stdout.close()
        self._background.__exit__(None, None, None)
        self.database.close()

    def _hear(self) -> str:
        assert self._zygote.stdout is not None
        return self._zygote.stdout.readline().strip()

    def _say(self, line: str) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(line + "\n")
        self._zygote.stdin.flush()

    def live(self, minutes: float, inject: str = "", bind: Callable[[int], None] = lambda pid: None) -> int:
        """One life; `inject` as strace takes it, `bind` limits the process before it begins. Its exit code, negative for a signal."""
        self._say(f"{self.folder} {minutes}")
        pid = int(self._hear())
        bind(pid)
        watchdog = Timer(HANGS_S, os.kill, (pid, signal.SIGKILL))
        watchdog.start()
        tracer = None
        call, _, when = inject.partition(":")
        if call == "message":
            self._wire.break_at(int(when.rpartition("=")[2]))
        elif inject:
            command = ["strace", "-qq", "-p", str(pid), "-o", str(self.folder / "calls"), "-e", f"trace={call}"]
            tracer = subprocess.Popen([*command, "-e", f"inject={inject}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
                assert tracer.poll() is None, "strace could not attach"
        self._say("go")
        code = int(self._hear())
        watchdog.cancel()
        if tracer is not None:
            tracer.wait(timeout=30)
            told = (self.folder / "calls").read_text(encoding="utf-8", errors="replace")
            self._calls = sum("(" in line for line in told.splitlines())
        elif inject:
            self._calls = self._wire.sent
        return code

    def calls(self) -> int:
        """How many calls, or pieces sent, were counted in the last life with a fault."""
        return self._calls

    def run(self, inject: str, bind: Callable[[int], None] = lambda pid: None) -> list[str]:
        """What is wrong after a life with the fault and the lives that follow it. `code` and `said` are how that life ended and what it told."""
        self.database.fresh()
        self.mailbox.messages.clear()
        self.hook.requests.clear()
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        self.code = self.live(0, inject, bind)
        self.said = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        for minutes in LIVES_MIN:
            if code := self.live(minutes):
                return [f"a life without a fault ended with {code}"]
        store = self.database.open()
        try:
            return complaints(store, self.accepted(), TOLD, ARTICLES)
        finally:
            store.close()

    def accepted(self) -> list[Accepted]:
        """What the mailbox and the endpoint took."""
        posted = [Accepted("hook", each.headers["webhook-id"], each.body, MORNING) for each in self.hook.requests]
        return [*(_accepted(mail) for mail in self.mailbox.messages), *posted]

    def loop(self, call: str, effect: str, points: Iterable[int]) -> Tally:
        """Hits the Nth `call` with `effect` (`signal=KILL`, `error=EIO`) for each N in `points`, until a life has fewer calls."""
        found = Tally()
        for at in points:
            wrong = self.run(f"{call}:{effect}:when={at}")
            if self.calls() < at:
                break
            found.points += 1
            taken = [(each.host, each.id) for each in self.accepted()]
            found.repeats += len(taken) > len(set(taken))
            if wrong:
                found.wrong[f"{call}:{effect}:when={at}"] = wrong
        return found


def _accepted(mail: Mail) -> Accepted:
    """A mail as an acceptance: its identity without the recipient's part, its bytes followed by its text as a person reads it."""
    read = email.message_from_bytes(mail.content, policy=email.policy.default)
    text = read.get_body(("plain",))  # type: ignore[attr-defined]
    identity = str(read["Message-ID"]).strip(" <>").split(".")[0]
    shown = "" if text is None else " ".join(text.get_content().split())
    return Accepted(mail.recipients[0], identity, mail.content + shown.encode(), MORNING)
