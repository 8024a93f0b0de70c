"""The fetch door against servers that misbehave (fault matrix D)."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from monitor.errors import FetchError
from monitor.fetch import Door, Limits, Request, Response
from tests.fetch.wire import Site, answer, drip, flood, hang_up, site

LOOPBACK = ("127.0.0.0/8",)
SHORT = Limits(connect_s=1, first_byte_s=0.3, idle_s=0.3, total_s=1.0, wire_bytes=200_000, decoded_bytes=400_000)


def run(work: Callable[[Site, Door], Awaitable[Any]], **options: Any) -> Any:
    async def inside() -> Any:
        async with site() as server:
            settings = {"user_agent": "Monitor/test", "allow_private": LOOPBACK, "ports": (server.port,), **options}
            async with Door(**settings) as door:
                return await work(server, door)

    return asyncio.run(inside())


def fetched(said: Any, limits: Limits = SHORT, **request: Any) -> Response:
    async def work(server: Site, door: Door) -> Response:
        server.routes["/"] = said
        return await door.send(Request(url=server.url("/"), limits=limits, **request))

    got: Response = run(work)
    return got


def refused(said: Any, limits: Limits = SHORT, **request: Any) -> FetchError:
    with pytest.raises(FetchError) as found:
        fetched(said, limits, **request)
    assert "\n" not in str(found.value)
    return found.value


def test_an_answer() -> None:
    """Status, final address, headers (lower-case names, values verbatim) and body come back."""
    got = fetched(answer(b"hello", ETag='W/"\xe9"', X_Twice="1"))
    assert (got.status, got.body, got.hops) == (200, b"hello", ())
    assert got.header("ETag") == 'W/"\xe9"'
    assert got.header("absent") is None
    assert 0 < got.elapsed_s < 1


def test_what_a_stranger_is_told() -> None:
    """Our name and gzip only: no cookies, no referrer, nothing from the environment; own headers replace ours."""

    async def work(server: Site, door: Door) -> str:
        server.routes["/"] = answer(b"", Set_Cookie="id=1", Content_Length="0")
        await door.send(Request(url=server.url("/")))
        headers = (("If-None-Match", 'W/"\xe9"'), ("User-Agent", "Special/1"), ("Host", "evil.example"), ("Connection", "close"))
        await door.send(Request(url=server.url("/"), headers=headers))
        first, second = server.heads
        assert "user-agent: Monitor/test\r\n" in first
        assert "accept-encoding: gzip\r\n" in first
        assert f"Host: 127.0.0.1:{server.port}\r\n" in second
        assert 'If-None-Match: W/"\xe9"\r\n' in second
        assert "Special/1" in second
        assert server.connections == 1
        return first + second

    heads = run(work).lower()
    for word in ("cookie", "referer", "evil.example", "authorization", "close"):
        assert word not in heads


def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not get our requests."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetched(answer(b"direct")).body == b"direct"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(b"x" * 300_000), "too-large"),
        (flood(b"HTTP/1.1 200 X\r\n\r\n", b"x" * 65536), "too-large"),
        (hang_up(answer(b"short", Content_Length="100")), "protocol"),
        (hang_up(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "protocol"),
        (answer(b"x", Content_Length="-1"), "protocol"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "protocol"),
        (hang_up(b""), "protocol"),
        (hang_up(b"SSH-2.0-OpenSSH_9.6\r\n"), "protocol"),
        (drip(b"HTTP/1.1 200 X\r\n\r\n", 0.1), "timeout"),
        (drip(b"HTTP/1.1 200 X\r\nX-Slow: ", 0.1), "timeout"),
        (drip(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n", 5), "timeout"),
        (drip(b"", 5), "timeout"),
        (flood(b"HTTP/1.1 200 X\r\n", b"X-More: 1\r\n" * 1000), "protocol"),
        (flood(b"HTTP/1.1 200 X\r\nX-Long: ", b"x" * 65536), "protocol"),
        (b"HTTP/1.1 200 X\r\n" + b"X-Many: 1\r\n" * 150 + b"Content-Length: 0\r\n\r\n", "protocol"),
        (flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "timeout"),
    ],
    ids=[
        "announced-large",
        "endless-body",
        "shorter-than-announced",
        "unfinished-chunks",
        "negative-length",
        "two-lengths",
        "closed-at-once",
        "not-http",
        "slow-body",
        "slow-header",
        "stalled-body",
        "silent",
        "endless-headers",
        "endless-header-line",
        "many-headers",
        "endless-continue",
    ],
)
def test_servers_that_misbehave_are_cut(said: Any, kind: str) -> None:
    """Too much, too slow or not as agreed: each ends within its bounds, with a kind."""
    assert refused(said).kind == kind


def test_a_body_may_be_cut_instead() -> None:
    """Where the caller says so, what is beyond the limit is left unread."""
    limits = Limits(wire_bytes=1000, cut=True)
    assert fetched(answer(b"x" * 5000), limits).body == b"x" * 1000
    assert fetched(flood(b"HTTP/1.1 200 X\r\n\r\n", b"x" * 65536), limits).body == b"x" * 1000


def test_refusals_keep_their_status() -> None:
    """The status of an error page comes through however its body is packed or large."""
    assert fetched(answer(b"x" * 300_000, status=500)).status == 500
    got = fetched(answer(b"\x00", status=404, Content_Encoding="br"))
    assert (got.status, got.body) == (404, b"")
    assert fetched(answer(b"", status=304, length=False, ETag='"a"')).header("etag") == '"a"'


def test_a_bomb_stops_at_the_bound() -> None:
    """Nested gzip is unpacked in bounded steps and given up."""
    bomb = gzip.compress(gzip.compress(b"\x00" * 50_000_000))
    assert refused(answer(bomb, Content_Encoding="gzip, gzip")).kind == "too-large"
    assert refused(answer(gzip.compress(bomb), Content_Encoding="gzip, gzip, gzip")).kind == "encoding"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress(b"text", mtime=0)), ("deflate", zlib.compress(b"text")), ("GZIP", b"text"), ("identity", b"text")],
)
def test_codings_are_undone(coding: str, packed: bytes) -> None:
    """gzip, deflate and plain bodies under a wrong label arrive as text."""
    assert fetched(answer(packed, Content_Encoding=coding)).body == b"text"


def test_redirects_are_followed_and_told() -> None:
    """Each hop is told with its status; the last address is the answer's."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/a"] = answer(status=301, Location="/b?x=1#top")
        server.routes["/b?x=1"] = answer(status=302, Location=f"//127.0.0.2:{server.port}/c")
        server.routes["/c"] = answer(b"end")
        with pytest.raises(FetchError) as found:  # nobody listens on 127.0.0.2
            await door.send(Request(url=server.url("/a")))
        assert found.value.kind == "connect"
        server.routes["/b?x=1"] = answer(status=307, Location="c")
        got = await door.send(Request(url=server.url("/a")))
        assert (got.body, got.url) == (b"end", server.url("/c"))
        assert [(hop.url, hop.status) for hop in got.hops] == [(server.url("/a"), 301), (server.url("/b?x=1"), 307)]
        assert (await door.send(Request(url=server.url("/a"), follow=False))).status == 301

    run(work)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("file:///etc/passwd", "redirect"),
        ("ftp://example.com/x", "redirect"),
        ("data:text/html,x", "redirect"),
        ("javascript:alert(1)", "redirect"),
        ("/", "redirect"),
        ("http://169.254.169.254/latest/", "blocked"),
        ("http://[::1]/", "blocked"),
        ("http://[fd00:ec2::254]/", "blocked"),
        ("http://10.0.0.1/", "blocked"),
        ("http://2886729729/", "blocked"),
        ("http://127.0.0.1:22/", "blocked"),
        ("https://127.0.0.1:6379/", "blocked"),
    ],
)
def test_redirects_to_where_nobody_should_go(target: str, kind: str) -> None:
    """A redirect passes through every check again."""
    assert refused(answer(status=302, Location=target)).kind == kind


def test_a_chain_has_an_end() -> None:
    """Five redirects are followed, a sixth is not."""

    async def work(server: Site, door: Door) -> None:
        server.routes.update({f"/{n}": answer(status=302, Location=f"/{n + 1}") for n in range(6)})
        assert len((await door.send(Request(url=server.url("/1")))).hops) == 5
        with pytest.raises(FetchError, match="more than 5"):
            await door.send(Request(url=server.url("/0")))

    run(work)


def test_credentials_stay_with_their_origin() -> None:
    """Secret headers reach the origin they were given for and no other, not even for the way back."""

    async def work(server: Site, door: Door) -> None:
        async with site() as other, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port, other.port)) as wide:
            server.routes["/a"] = answer(status=302, Location="/b")
            server.routes["/b"] = answer(status=302, Location=other.url("/c"))
            other.routes["/c"] = answer(b"end")
            secret = (("Authorization", "Basic abc"),)
            await wide.send(Request(url=server.url("/a"), secret_headers=secret, headers=(("X-Open", "1"),)))
            assert all("Basic abc" in head for head in server.heads)
            assert "Basic" not in other.heads[0]
            assert "X-Open: 1" in other.heads[0]

    run(work)


def test_posts_are_sent_once() -> None:
    """A POST carries its body, is not repeated on a broken connection, and is not followed when told so."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/hook"] = answer(status=302, Location="/elsewhere")
        got = await door.send(Request(url=server.url("/hook"), method="POST", body=b'{"a":1}', follow=False))
        assert (got.status, server.bodies) == (302, [b'{"a":1}'])
        server.routes["/hook"] = hang_up(b"")
        with pytest.raises(FetchError):
            await door.send(Request(url=server.url("/hook"), method="POST", body=b"x", follow=False))
        assert server.paths == ["/hook", "/hook"]

    run(work)


def test_a_stale_connection_is_tried_once_more() -> None:
    """A kept connection that the server closes under a GET costs a second try, not the poll."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = answer(b"one")
        await door.send(Request(url=server.url("/")))

        async def once(writer: asyncio.StreamWriter) -> None:
            server.routes["/"] = answer(b"two")
            writer.close()

        server.routes["/"] = once
        assert (await door.send(Request(url=server.url("/")))).body == b"two"
        assert server.connections == 2

    run(work)


def test_connections_that_went_stale_together_disturb_nobody() -> None:
    """Many requests at once that each find kept connections closed by the server all get their answer over new ones."""

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = hang_up(answer(b"x"))
        for _ in range(4):
            said = await asyncio.gather(*(door.send(Request(url=server.url("/"))) for _ in range(30)))
            assert {each.body for each in said} == {b"x"}

    run(work)


def test_connections_are_kept_within_bounds() -> None:
    """A kept connection is used again; beyond as many as may be kept the one idle for longest is closed."""

    async def work(server: Site, door: Door) -> None:
        async with site() as second, site() as third:
            sites = (server, second, third)
            for each in sites:
                each.routes["/"] = answer(b"x")
            async with Door(user_agent="x", allow_private=LOOPBACK, ports=tuple(each.port for each in sites), most_idle=2) as narrow:
                for each in (server, second, server, third, server, second):
                    await narrow.send(Request(url=each.url("/")))
            assert [each.connections for each in sites] == [1, 2, 1]

    run(work)


def test_requests_wait_for_their_turn() -> None:
    """No more requests than agreed run at once, and waiting does not count against the deadline."""
    under_way, peak = 0, 0

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0.2)
        under_way -= 1
        writer.write(answer(b"x"))

    async def work(server: Site, door: Door) -> None:
        server.routes["/"] = slow
        await asyncio.gather(*(door.send(Request(url=server.url("/"), limits=SHORT)) for _ in range(16)))

    run(work, in_flight=2)
    assert peak == 2


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("ftp://example.com/", "bad-url"),
        ("not an address", "bad-url"),
        ("", "bad-url"),
        ("http://user:pw@example.com/", "bad-url"),
        ("http://example.com/" + "x" * 5000, "bad-url"),
        ("http://" + "a." * 200 + "example/", "bad-url"),
        ("http://example.com:25/", "blocked"),
        ("http://0x7f.1/", "blocked"),
        ("http://2130706433/", "blocked"),
        ("http://127.1/", "blocked"),
        ("http://0177.0.0.1/", "blocked"),
        ("http://[::ffff:127.0.0.1]/", "blocked"),
        ("http://localhost/", "blocked"),
        ("http://localhost./", "blocked"),
        ("http://１２７.0.0.1/", "blocked"),
        ("http:\\\\127.0.0.1\\", "blocked"),
    ],
)
def test_addresses_that_are_not_asked(url: str, kind: str) -> None:
    """What is no plain web address, or leads inside, is refused before a byte is sent."""

    async def work() -> None:
        async with Door(user_agent="x") as door:
            with pytest.raises(FetchError) as found:
                await door.send(Request(url=url))
            assert found.value.kind == kind
            assert "pw" not in str(found.value)

    asyncio.run(work())
