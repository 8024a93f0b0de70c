"""Names, the addresses they lead to, and the certificates behind them."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from monitor.errors import FetchError
from monitor.fetch import Door, Limits, Request, resolve
from monitor.fetch.resolve import Resolver
from tests import certificates
from tests.fetch.wire import answer, site

LOOPBACK = ("127.0.0.0/8",)


def answers(*rounds: list[str]) -> tuple[Resolver, list[str]]:
    """A name server that gives these answers in turn, the last one for ever; and the names it was asked for."""
    asked: list[str] = []

    async def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return rounds[min(len(asked), len(rounds)) - 1]

    return look_up, asked


async def kind_of(door: Door, url: str, **request: object) -> str:
    with pytest.raises(FetchError) as found:
        await door.send(Request(url=url, **request))  # type: ignore[arg-type]
    return found.value.kind


def test_private_answers_are_skipped() -> None:
    """Of a mixed answer only the permitted address is dialled; an answer of private ones alone is refused."""

    async def work() -> None:
        resolver, _ = answers(["10.0.0.1", "169.254.169.254", "127.0.0.1", "::1"])
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port,), resolver=resolver) as door:
            server.routes["/"] = answer(b"here")
            assert (await door.send(Request(url=server.url("/", "news.example")))).body == b"here"
            assert f"Host: news.example:{server.port}" in server.heads[0]
        resolver, _ = answers(["10.0.0.1", "::1", "fe80::1%eth0"])
        async with Door(user_agent="x", resolver=resolver) as door:
            assert await kind_of(door, "http://news.example/") == "blocked"

    asyncio.run(work())


def test_rebinding_ends_at_the_door() -> None:
    """A name that answered well once is vetted again for the next connection."""

    async def work() -> None:
        resolver, asked = answers(["127.0.0.1"], ["10.0.0.1"])
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port,), resolver=resolver) as door:
            server.routes["/"] = answer(b"", status=302, Location=f"http://news.example:{server.port}/next", Connection="close")
            assert await kind_of(door, server.url("/", "news.example")) == "blocked"
            assert asked == ["news.example", "news.example"]

    asyncio.run(work())


def test_a_permission_is_not_inherited_through_the_pool() -> None:
    """A connection opened under one request's permission does not serve a request without it."""

    async def work() -> None:
        async with site() as server, Door(user_agent="x", ports=(server.port,)) as door:
            server.routes["/"] = answer(b"inside")
            assert (await door.send(Request(url=server.url("/"), allow_private=LOOPBACK))).body == b"inside"
            assert await kind_of(door, server.url("/")) == "blocked"
            assert await kind_of(door, server.url("/"), allow_private=("nonsense",)) == "bad-url"

    asyncio.run(work())


def test_ports_can_be_permitted_per_request() -> None:
    """An odd port is reached by the request that names it only."""

    async def work() -> None:
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK) as door:
            server.routes["/"] = answer(b"x")
            assert (await door.send(Request(url=server.url("/"), ports=(server.port,)))).status == 200
            assert await kind_of(door, server.url("/")) == "blocked"

    asyncio.run(work())


def test_names_that_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown names, empty answers and silent name servers are `dns`; the silence is bounded and does not block the loop."""

    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def work() -> None:
        for resolver in (unknown, silent, answers([])[0]):
            async with Door(user_agent="x", resolver=resolver) as door:
                assert await kind_of(door, "http://news.example/") == "dns"

    monkeypatch.setattr(resolve, "RESOLVE_S", 0.05)
    asyncio.run(work())


def test_a_second_address_is_tried() -> None:
    """Where the first address of a name refuses, the next one is dialled."""

    async def work() -> None:
        resolver, _ = answers(["127.0.0.9", "127.0.0.1"])
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port,), resolver=resolver) as door:
            server.routes["/"] = answer(b"here")
            assert (await door.send(Request(url=server.url("/", "news.example")))).body == b"here"

    asyncio.run(work())


def test_nobody_listens() -> None:
    """A refused connection is `connect`."""

    async def work() -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            async with Door(user_agent="x", allow_private=LOOPBACK, ports=(port,)) as door:
                assert await kind_of(door, f"http://127.0.0.1:{port}/") == "connect"

    asyncio.run(work())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for news.example, with its key in the same file."""
    return certificates.certificate(tmp_path_factory.mktemp("tls"), "news.example")


def test_certificates_are_checked(certificate: Path) -> None:
    """An unknown authority, a wrong name and a server without TLS are refused with a reason; a trusted one with its name is taken."""

    async def work() -> None:
        serving, trusting = certificates.shown(certificate), certificates.trusting(certificate)
        resolver, _ = answers(["127.0.0.1"])
        async with site(serving) as secure, site() as plain:
            secure.routes["/"] = answer(b"secret")
            options = {"user_agent": "x", "allow_private": LOOPBACK, "ports": (secure.port, plain.port), "resolver": resolver}
            async with Door(**options) as door:  # type: ignore[arg-type]
                assert await kind_of(door, secure.url("/", "news.example")) == "tls"
                assert await kind_of(door, f"https://news.example:{plain.port}/", limits=Limits(connect_s=0.2)) in {"tls", "timeout"}
            async with Door(**options, tls=trusting) as door:  # type: ignore[arg-type]
                assert (await door.send(Request(url=secure.url("/", "news.example")))).body == b"secret"
                with pytest.raises(FetchError, match="mismatch"):
                    await door.send(Request(url=secure.url("/", "other.example")))

    asyncio.run(work())


def test_a_step_down_to_http_drops_credentials(certificate: Path) -> None:
    """https to http is followed, without the secret headers, and the hop is told."""

    async def work() -> None:
        serving, trusting = certificates.shown(certificate), certificates.trusting(certificate)
        resolver, _ = answers(["127.0.0.1"])
        async with site(serving) as secure, site() as plain:
            secure.routes["/"] = answer(status=301, Location=plain.url("/", "news.example"))
            plain.routes["/"] = answer(b"open")
            ports = (secure.port, plain.port)
            async with Door(user_agent="x", allow_private=LOOPBACK, ports=ports, resolver=resolver, tls=trusting) as door:
                request = Request(url=secure.url("/", "news.example"), secret_headers=(("Authorization", "Basic abc"),))
                got = await door.send(request)
            assert (got.body, [hop.status for hop in got.hops]) == (b"open", [301])
            assert "Basic abc" in secure.heads[0]
            assert "Basic" not in plain.heads[0]

    asyncio.run(work())
