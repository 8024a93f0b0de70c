"""Manners towards one host."""

from __future__ import annotations

import asyncio

from monitor.fetch import Request, Response
from monitor.fetch.polite import PoliteDoor


class Clock:
    """Monotonic time that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Door:
    """Counts how many requests are under way at each host."""

    def __init__(self) -> None:
        self.under_way: dict[str, int] = {}
        self.peak = 0
        self.sent: list[str] = []

    async def send(self, request: Request) -> Response:
        host = request.url.split("/")[2]
        self.under_way[host] = self.under_way.get(host, 0) + 1
        self.peak = max(self.peak, self.under_way[host])
        await asyncio.sleep(0)
        self.under_way[host] -= 1
        self.sent.append(request.url)
        return Response(url=request.url, status=200, headers=(), body=b"", hops=(), elapsed_s=0.0)


def send(urls: list[str], pause_s: float) -> tuple[Door, Clock]:
    door, clock = Door(), Clock()
    polite = PoliteDoor(door, pause_s, clock, clock.sleep)

    async def run() -> None:
        await asyncio.gather(*(polite.send(Request(url=url)) for url in urls))

    asyncio.run(run())
    return door, clock


def test_one_at_a_time_with_a_pause() -> None:
    """Requests to one host follow each other, each after the whole pause."""
    door, clock = send([f"http://a.example/{number}" for number in range(4)], 1.0)
    assert door.peak == 1
    assert clock.waits == [1.0, 1.0, 1.0]


def test_hosts_do_not_wait_for_each_other() -> None:
    """Different hosts need no pause between them."""
    _, clock = send([f"http://h{number}.example/" for number in range(5)], 1.0)
    assert clock.waits == []


def test_hosts_are_forgotten() -> None:
    """Memory does not grow with the number of hosts ever met."""
    door, clock = Door(), Clock()
    polite = PoliteDoor(door, 1.0, clock, clock.sleep)

    async def run() -> None:
        for number in range(3000):
            clock.now += 2.0
            await polite.send(Request(url=f"http://h{number}.example/"))

    asyncio.run(run())
    assert len(polite._turns) < 1001


def test_a_redirect_waits_for_the_pause_of_the_host_it_leads_to() -> None:
    """Requests that are sent on to one host from many do not arrive there all at once."""
    clock = Clock()

    class Redirecting(Door):
        async def send(self, request: Request) -> Response:
            assert request.before_hop is not None
            if "c.example" not in request.url:
                await request.before_hop("c.example")
            self.sent.append(f"{clock.now:g}")
            return await super().send(request)

    door = Redirecting()
    polite = PoliteDoor(door, 1.0, clock, clock.sleep)

    async def run() -> None:
        for host in ("a", "b", "d", "c"):
            await polite.send(Request(url=f"http://{host}.example/"))

    asyncio.run(run())
    assert door.sent == ["0", "http://a.example/", "1", "http://b.example/", "2", "http://d.example/", "3", "http://c.example/"]
