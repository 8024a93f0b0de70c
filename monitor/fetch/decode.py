"""Content codings undone with a bounded output. Pure.

The HTTP library inflates without a limit: 822 bytes labelled `gzip, gzip` became 400 MiB before any cap could act (RELIABILITY 1).
"""

from __future__ import annotations

import re
import zlib

from monitor.errors import FetchError

MAX_CODINGS = 2
MAX_RATIO = 200
"""Times the size on the wire, once more than 1 MiB came out: no text of value packs better."""

_STEP = 64 * 1024
_RATIO_FROM = 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = {"gzip", "x-gzip"}
_PLAIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<rss|<feed|<rdf|<!doctype|<html|\{\s*\")", re.IGNORECASE)
"""Text that a misconfigured server labels as packed; browsers show it."""


def decode(body: bytes, codings: str, max_bytes: int, *, partial: bool = False) -> bytes:
    """`body` with the codings of a Content-Encoding header value undone, at most `max_bytes` long.

    partial: the body was cut on the way; what can be decoded comes back, whatever stands in the way.
    Raises FetchError `encoding` (unknown, too many, broken, cut short) or `too-large`.
    """
    names = [name for part in codings.lower().split(",") if (name := part.strip()) and name != "identity"]
    if not names and body.startswith(_GZIP_MAGIC):
        names = ["gzip"]
    try:
        if len(names) > MAX_CODINGS:
            raise FetchError(
                "encoding", f"the answer is packed {len(names)} times ({', '.join(names)[:80]}); at most {MAX_CODINGS} are undone"
            )
        for name in reversed(names):
            body = _undo(name, body, max_bytes, partial)
    except FetchError:
        if partial:
            return b""
        raise
    return body


def _undo(name: str, body: bytes, max_bytes: int, partial: bool) -> bytes:
    if not body:
        return body
    if name in _GZIP:
        return _inflate(body, 31, max_bytes, partial) if body.startswith(_GZIP_MAGIC) else body
    if _PLAIN.match(body):
        return body
    if name == "deflate":
        return _inflate(body, 15 if _is_zlib(body) else -15, max_bytes, partial)
    raise FetchError("encoding", f"the answer is packed as {name[:40]!r}, which was not asked for")


def _is_zlib(body: bytes) -> bool:
    """True for a zlib header (RFC 1950); many servers send raw deflate (RFC 1951) under the same name."""
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _inflate(body: bytes, window_bits: int, max_bytes: int, partial: bool) -> bytes:
    out = bytearray()
    rest = body
    while rest:
        member = zlib.decompressobj(window_bits)
        try:
            while not member.eof:
                piece = member.decompress(rest, _STEP)
                rest = member.unconsumed_tail
                out += piece
                _check_size(len(out), len(body), max_bytes)
                if not piece and not rest:
                    break
        except zlib.error as error:
            if not partial:
                raise FetchError("encoding", f"the packed answer is broken: {error}") from None
            return bytes(out)
        if not member.eof:
            if not partial:
                raise FetchError("encoding", "the packed answer ends in the middle")
            return bytes(out)
        # A gzip body may be several members (RFC 1952 2.2); anything else after the end is padding.
        rest = member.unused_data if member.unused_data.startswith(_GZIP_MAGIC) else b""
    return bytes(out)


def _check_size(size: int, wire_size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchError("too-large", f"the answer unpacks to more than {max_bytes // 1024} KiB")
    if size > _RATIO_FROM and size > MAX_RATIO * wire_size:
        raise FetchError("too-large", f"the answer unpacks to more than {MAX_RATIO} times its size")
