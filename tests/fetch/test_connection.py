"""One connection carries one exchange after the other: whole answers however they come, nothing left over, nothing left open."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import FetchError
from monitor.fetch import Door, Limits, Request, Response
from tests import certificates
from tests.fetch.wire import Say, Site, answer, hang_up, site

LOOPBACK = ("127.0.0.0/8",)
MIB = 1024 * 1024
BODY = bytes(random.Random(7).randbytes(4 * MIB))
"""More than any buffer on the way holds."""


def visiting(work: Callable[[Site, Door], Awaitable[None]]) -> None:
    """Runs work with a site and a door that may reach it."""

    async def inside() -> None:
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port,)) as door:
            await work(server, door)

    asyncio.run(inside())


def port_of(url: str) -> int:
    """The port of an address."""
    return int(url.rstrip("/").rpartition(":")[2])


@contextlib.asynccontextmanager
async def serving(serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server of raw streams and its address; it ends when its visitors have been seen off."""
    visits: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.add(asyncio.create_task(visit(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0, limit=1024)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await asyncio.gather(*visits)


def in_pieces(said: bytes, cuts: list[int]) -> Say:
    """Says the bytes in pieces cut at these places, each in a packet of its own, then hangs up."""

    async def say(writer: asyncio.StreamWriter) -> None:
        for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True):
            writer.write(said[start:end])
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    return say


FRAMED = (
    answer(b"hello"),
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(b"hello"),
    b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
    b"HTTP/1.1 200 X\r\n\r\nhello",
    b"HTTP/1.0 200 X\r\n\r\nhello",
    b"HTTP/1.0 200 X\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
)


@settings(max_examples=60, deadline=None)
@given(said=st.sampled_from(FRAMED), data=st.data())
def test_an_answer_is_the_same_however_it_is_cut(said: bytes, data: st.DataObject) -> None:
    """By length, by chunks or by the end of the connection, after hints or not, in any pieces: the same body."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(said) - 1), max_size=8)))

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = in_pieces(said, cuts)
        assert (await door.send(Request(url=server.url("/")))).body == b"hello"

    visiting(work)


@pytest.mark.parametrize(
    ("said", "method"),
    [
        (answer(status=204, length=False), "GET"),
        (answer(status=304, length=False), "GET"),
        (answer(Content_Length="5"), "HEAD"),
        (answer(b""), "GET"),
    ],
    ids=["no content", "not modified", "head", "empty"],
)
def test_answers_without_a_body_keep_their_connection(said: bytes, method: str) -> None:
    """No body is waited for where there is none, and the next request goes the same way."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = said
        for _ in range(3):
            assert (await door.send(Request(url=server.url("/"), method=method, limits=Limits(total_s=2)))).body == b""
        assert server.connections == 1

    visiting(work)


def test_what_is_said_unasked_is_no_answer() -> None:
    """A server that appends a second answer to the first does not answer the next request with it."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/first"] = answer(b"first") + answer(b"forged")
        server.routes["/second"] = answer(b"second")
        assert (await door.send(Request(url=server.url("/first")))).body == b"first"
        assert (await door.send(Request(url=server.url("/second")))).body == b"second"
        assert server.connections == 2

    visiting(work)


def test_what_is_said_later_is_no_answer() -> None:
    """Nor where the second answer comes after the exchange has ended."""

    async def work(server: Site, door: Door) -> None:
        later = asyncio.Event()

        async def twice(writer: asyncio.StreamWriter) -> None:
            writer.write(answer(b"first"))
            await later.wait()
            writer.write(answer(b"forged"))
            await writer.drain()

        server.routes["/first"] = twice
        server.routes["/second"] = answer(b"second")
        assert (await door.send(Request(url=server.url("/first")))).body == b"first"
        later.set()
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert (await door.send(Request(url=server.url("/second")))).body == b"second"
        assert server.connections == 2

    visiting(work)


def test_an_answer_to_nothing_is_none() -> None:
    """A server that changes to another protocol is refused."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
        with pytest.raises(FetchError, match="not HTTP as agreed"):
            await door.send(Request(url=server.url("/"), limits=Limits(total_s=2)))

    visiting(work)


def test_large_bodies_both_ways() -> None:
    """Four mebibytes out to a server that takes its time, and four back, whole."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = answer(BODY)
        got = await door.send(Request(url=server.url("/"), method="POST", body=BODY))
        assert got.body == BODY
        assert server.bodies == [BODY]

    visiting(work)


def test_a_server_that_does_not_take_the_request() -> None:
    """The wait for a server that reads nothing ends, and says what was waited for."""

    async def work() -> None:
        parked = asyncio.Event()

        async def park(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await parked.wait()
            writer.transport.abort()

        async with serving(park) as url, Door(user_agent="x", allow_private=LOOPBACK) as door:
            limits = Limits(idle_s=0.2, total_s=5)
            with pytest.raises(FetchError, match="the request was not taken within"):
                await door.send(Request(url=url, method="POST", body=BODY * 8, limits=limits, ports=(port_of(url),)))
            parked.set()

    asyncio.run(work())


def test_a_refusal_before_the_whole_request_is_heard() -> None:
    """A server that answers and hangs up while a large body is still on its way is understood."""

    async def work() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b"too much", status=413, Connection="close"))
            await writer.drain()
            with contextlib.suppress(ConnectionError):
                while await reader.read(65536):
                    pass

        async with serving(refuse) as url, Door(user_agent="x", allow_private=LOOPBACK) as door:
            got = await door.send(Request(url=url, method="POST", body=BODY, ports=(port_of(url),)))
        assert (got.status, got.body) == (413, b"too much")

    asyncio.run(work())


def test_giving_up_hangs_up() -> None:
    """A request that is cancelled in the middle of an answer leaves no connection open, and none that the next one would take."""

    async def work(server: Site, door: Door) -> None:
        begun, gone = asyncio.Event(), asyncio.Event()

        async def half(writer: asyncio.StreamWriter) -> None:
            writer.write(answer(b"half", Content_Length="100"))
            await writer.drain()
            begun.set()
            try:
                while True:
                    await asyncio.sleep(0.01)
                    writer.write(b"x")
                    await writer.drain()
            except ConnectionError:
                gone.set()
                raise

        server.routes["/half"] = half
        server.routes["/"] = answer(b"whole")
        asking: asyncio.Task[Response] = asyncio.create_task(door.send(Request(url=server.url("/half"))))
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(gone.wait(), 2)
        assert (await door.send(Request(url=server.url("/")))).body == b"whole"

    visiting(work)


def test_a_reset_in_the_middle_is_told() -> None:
    """A line that breaks is said to have broken, in the words of the operating system."""

    async def work(server: Site, door: Door) -> None:
        async def reset(writer: asyncio.StreamWriter) -> None:
            writer.write(answer(b"half", Content_Length="100"))
            await writer.drain()
            await asyncio.sleep(0.05)
            opened = writer.get_extra_info("socket")
            opened.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER, zero seconds: closing sends a reset
            writer.transport.abort()

        server.routes["/"] = reset
        with pytest.raises(FetchError, match="the connection broke: connection reset by peer") as found:
            await door.send(Request(url=server.url("/")))
        assert found.value.kind == "connect"

    visiting(work)


def test_nobody_there_is_told() -> None:
    """A port without a server is refused in plain words."""

    async def work(server: Site, door: Door) -> None:
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = probe.sockets[0].getsockname()[1]
        probe.close()
        await probe.wait_closed()
        with pytest.raises(FetchError, match="no connection: connection refused"):
            await door.send(Request(url=f"http://127.0.0.1:{port}/", ports=(port,)))

    visiting(work)


def test_addresses_are_tried_in_turn() -> None:
    """A host with addresses of both families, one of which nobody serves, is reached by the other; an address may be the host."""

    async def work() -> None:
        async def both(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1", "::1"]

        async with site(address="::1") as server:
            server.routes["/"] = answer(b"six")
            options = {"allow_private": (*LOOPBACK, "::1/128"), "ports": (server.port,)}
            async with Door(user_agent="x", resolver=both, **options) as door:  # type: ignore[arg-type]
                assert (await door.send(Request(url=server.url("/", "news.example")))).body == b"six"
            async with Door(user_agent="x", **options) as door:  # type: ignore[arg-type]
                assert (await door.send(Request(url=server.url("/", "[::1]")))).body == b"six"

    asyncio.run(work())


def test_exchanges_over_tls(tmp_path: Path) -> None:
    """Large bodies go whole over one kept connection; one that ends early is not taken for whole; the server learns that we speak HTTP/1.1."""

    async def work() -> None:
        certificate = certificates.certificate(tmp_path, "news.example")
        serving, trusting = certificates.shown(certificate), certificates.trusting(certificate)

        async def loopback(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        async with site(serving) as server:
            options = {"allow_private": LOOPBACK, "ports": (server.port,), "resolver": loopback, "tls": trusting}
            async with Door(user_agent="x", **options) as door:  # type: ignore[arg-type]
                server.routes["/"] = answer(BODY)
                for _ in range(2):
                    assert (await door.send(Request(url=server.url("/", "news.example"), method="POST", body=BODY))).body == BODY
                assert server.connections == 1
                server.routes["/short"] = hang_up(answer(b"half", Content_Length="100"))
                with pytest.raises(FetchError) as found:
                    await door.send(Request(url=server.url("/short", "news.example")))
                assert found.value.kind == "protocol"

    asyncio.run(work())


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 200 X\r\n\r\nhello", answer(b"hello"), answer(b"hello", Connection="close")],
    ids=["until closed", "by length", "closing"],
)
def test_a_server_that_leaves_tls_without_a_word(tmp_path: Path, said: bytes) -> None:
    """Many servers close the line without closing TLS: what they said counts, and the next request goes over a new connection."""

    async def work() -> None:
        certificate = certificates.certificate(tmp_path, "news.example")
        serving_, trusting = certificates.shown(certificate), certificates.trusting(certificate)

        async def loopback(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        async def leave(writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.transport.abort()

        async with site(serving_) as server:
            server.routes["/"] = leave
            options = {"allow_private": LOOPBACK, "ports": (server.port,), "resolver": loopback, "tls": trusting}
            async with Door(user_agent="x", **options) as door:  # type: ignore[arg-type]
                for number in (1, 2):
                    assert (await door.send(Request(url=server.url("/", "news.example")))).body == b"hello"
                    assert server.connections == number
                    await asyncio.sleep(0.1)

    asyncio.run(work())
