"""What a request carries where, and what comes back of a body that breaks off."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from monitor.errors import FetchError
from monitor.fetch import Door, Limits, Request, Response
from tests.fetch.wire import Site, answer, hang_up, site

LOOPBACK = ("127.0.0.0/8",)
TEXT = b"<rss>" + b"some words and more " * 200


def asked(routes: dict[str, Any], path: str, limits: Limits | None = None, **further: Any) -> tuple[Response, Site]:
    """The answer to a request for a path of a site with these routes. In values of `further`, BASE stands for the site's address."""

    async def work() -> tuple[Response, Site]:
        async with site() as server, Door(user_agent="x", allow_private=LOOPBACK, ports=(server.port,)) as door:
            server.routes.update({name: said(server) if callable(said) else said for name, said in routes.items()})
            base = server.url("")
            fields = {name: value.replace("BASE", base) if isinstance(value, str) else value for name, value in further.items()}
            request = Request(url=server.url(path), limits=limits or Limits(total_s=5), **fields)
            return await door.send(request), server

    return asyncio.run(work())


def to(path: str) -> Any:
    return lambda server: answer(status=302, Location=server.url(path))


def test_conditions_go_to_their_address_alone() -> None:
    """Validators are sent on that hop of a redirect which gave them, on no other."""
    routes = {"/a": to("/b"), "/b": answer(b"x")}
    conditions = (("If-None-Match", '"b"'),)
    for target, sent in (("/b", [False, True]), ("/a", [True, False]), ("/c", [False, False])):
        _, server = asked(routes, "/a", conditions=conditions, conditions_url=f"BASE{target}")
        assert ['"b"' in head for head in server.heads] == sent
    _, server = asked(routes, "/a", conditions=conditions)
    assert '"b"' not in "".join(server.heads)


def test_secrets_belong_to_the_address_they_were_configured_for() -> None:
    """A request to where a feed has moved carries its credentials only if that is the same origin."""
    secrets = (("Authorization", "Basic abc"),)
    _, server = asked({"/new": answer(b"x")}, "/new", secret_headers=secrets, secret_url="BASE/old")
    assert "Basic abc" in server.heads[0]
    _, server = asked({"/new": answer(b"x")}, "/new", secret_headers=secrets, secret_url="http://old.example/feed")
    assert "Basic" not in server.heads[0]


BROKEN = {
    "length": hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + TEXT),
    "chunks": hang_up(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n" + TEXT),
    "gzip": hang_up(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99999\r\n\r\n" + gzip.compress(TEXT)[:-12]),
    "gzip-alone": answer(gzip.compress(TEXT)[:-12], Content_Encoding="gzip"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_breaks_off(name: str) -> None:
    """Refused, unless the request takes broken bodies: then what came is there, and marked."""
    said = BROKEN[name]
    route = {"/": said if isinstance(said, bytes) else lambda server: said}
    with pytest.raises(FetchError) as refused:
        asked(route, "/")
    assert refused.value.kind in {"protocol", "encoding"}
    got, _ = asked(route, "/", Limits(total_s=5, broken=True))
    assert got.broken
    assert got.body
    assert TEXT.startswith(got.body)


def test_a_whole_body_is_not_broken() -> None:
    """Nothing is marked that came to its end; a body of which nothing came is an error either way."""
    assert not asked({"/": answer(TEXT)}, "/", Limits(broken=True))[0].broken
    nothing = hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    with pytest.raises(FetchError):
        asked({"/": lambda server: nothing}, "/", Limits(total_s=5, broken=True))


def test_a_broken_bomb_is_still_a_bomb() -> None:
    """Taking broken bodies does not lift the bound on what they unpack to."""
    bomb = answer(gzip.compress(b"a" * 3_000_000)[:-8], Content_Encoding="gzip")
    with pytest.raises(FetchError) as refused:
        asked({"/": bomb}, "/", Limits(total_s=5, broken=True, decoded_bytes=1_000_000))
    assert refused.value.kind == "too-large"


@pytest.mark.parametrize("codings", ["", "gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b"<?xml version='1.0'?><rss/>", b'\xef\xbb\xbf{"version": 1}', b"\n <!DOCTYPE html><html>"])
def test_text_under_a_wrong_label(codings: str, body: bytes) -> None:
    """Plain text is text, whatever coding its label names."""
    labels = {"Content_Encoding": codings} if codings else {}
    assert asked({"/": answer(body, **labels)}, "/")[0].body == body


def test_gzip_without_a_label() -> None:
    """A packed file served as a file is unpacked, within the same bounds."""
    assert asked({"/": answer(gzip.compress(TEXT))}, "/")[0].body == TEXT
