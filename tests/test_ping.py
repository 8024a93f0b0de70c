"""The dead-man's ping."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from monitor.config import AlarmSettings, Secret
from monitor.errors import FetchError
from monitor.fetch import Request, Response
from monitor.ping import DeadMan

URL = "https://watch.example/one-secret"
SETTINGS = AlarmSettings(ping_url=Secret(URL), ping_every_min=5)


@dataclass
class Door:
    """A fetch door that answers with a status, or fails."""

    status: int = 200
    fails: bool = False
    asked: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        if self.fails:
            raise FetchError("connect", "refused")
        return Response(url=request.url, status=self.status)


class Watch:
    """A ping over two steps, with a clock moved by hand."""

    def __init__(self, settings: AlarmSettings = SETTINGS) -> None:
        self.at = 0.0
        self.man = DeadMan(("visit", "deliver"), settings, lambda: self.at)

    def cycle(self, door: Door, *good: str, bad: str = "", seconds: float = 301) -> int:
        """Passes time, ends steps, pings; returns the requests so far."""
        self.at += seconds
        for step in good:
            self.man.ended(step, good=True)
        if bad:
            self.man.ended(bad, good=False)
        asyncio.run(self.man.ping(door))
        return len(door.asked)


def test_one_ping_for_each_good_cycle() -> None:
    """A ping needs every step to have ended well since the last one, and the pause between two pings."""
    watch, door = Watch(), Door()
    assert watch.cycle(door, "visit") == 0
    assert watch.cycle(door, "deliver") == 1
    assert watch.cycle(door, "deliver") == 1
    assert watch.cycle(door, "visit", "deliver") == 2
    assert watch.cycle(door, "visit", "deliver", seconds=10) == 2
    assert watch.cycle(door, seconds=300) == 3
    assert (door.asked[0].url, door.asked[0].method) == (URL, "GET")


def test_no_ping_while_a_step_fails() -> None:
    """A step that fails holds the ping back until it ends well again."""
    watch, door = Watch(), Door()
    assert watch.cycle(door, "visit", "deliver", bad="visit") == 0
    assert watch.cycle(door, "visit") == 1


@pytest.mark.parametrize("door", [Door(fails=True), Door(status=500)])
def test_case_146_an_address_that_is_down_changes_nothing(door: Door) -> None:
    """The ping fails quietly and is tried at the next good cycle."""
    watch = Watch()
    assert watch.cycle(door, "visit", "deliver") == 1
    assert watch.cycle(door, "visit", "deliver") == 2


def test_without_an_address_nothing_is_asked() -> None:
    """No ping_url: no request."""
    door = Door()
    assert Watch(AlarmSettings()).cycle(door, "visit", "deliver") == 0
