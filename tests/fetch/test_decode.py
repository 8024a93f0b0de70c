"""Unpacking with bounds."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import FetchError
from monitor.fetch.decode import decode

TEXT = b"Vietnam and the United States " * 100


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "codings"),
    [
        (gzip.compress(TEXT, mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0), "X-GZIP"),
        (zlib.compress(TEXT), "deflate"),
        (raw_deflate(TEXT), "deflate"),
        (gzip.compress(zlib.compress(TEXT), mtime=0), "deflate, gzip"),
        (TEXT, "gzip"),
        (TEXT, ""),
        (TEXT, "identity"),
        (gzip.compress(TEXT[:50], mtime=0) + gzip.compress(TEXT[50:], mtime=0), "gzip"),
        (gzip.compress(TEXT, mtime=0) + b"\x00" * 20, "gzip"),
    ],
)
def test_codings(packed: bytes, codings: str) -> None:
    """Both kinds of deflate, stacked codings, several members, padding and wrong labels."""
    assert decode(packed, codings, 10_000) == TEXT


@pytest.mark.parametrize(
    ("packed", "codings", "kind"),
    [
        (b"x", "br", "encoding"),
        (b"x", "zstd", "encoding"),
        (b"x", "gzip, gzip, gzip", "encoding"),
        (gzip.compress(TEXT, mtime=0)[:-10], "gzip", "encoding"),
        (gzip.compress(TEXT, mtime=0)[:20] + b"\xff\xff\xff\xff", "gzip", "encoding"),
        (b"\x78\x9cgarbage", "deflate", "encoding"),
        (gzip.compress(b"x" * 20_000, mtime=0), "gzip", "too-large"),
    ],
)
def test_refusals(packed: bytes, codings: str, kind: str) -> None:
    """Unknown, stacked, broken or oversized bodies are refused by kind; a cut body gives what it can."""
    with pytest.raises(FetchError) as found:
        decode(packed, codings, 10_000)
    assert found.value.kind == kind
    decode(packed, codings, 10_000, partial=True)


def test_a_cut_body_gives_its_beginning() -> None:
    """What arrived of a packed body before the cut is readable."""
    noise = b"".join(str(number).encode() for number in range(5000))
    assert noise.startswith(decode(gzip.compress(noise)[:2000], "gzip", 100_000, partial=True)[:500])
    assert len(decode(gzip.compress(noise)[:2000], "gzip", 100_000, partial=True)) > 1000


def test_ratio() -> None:
    """A body that grows more than two hundredfold is no text."""
    with pytest.raises(FetchError, match="200 times"):
        decode(gzip.compress(b"\x00" * 5_000_000), "gzip", 20_000_000)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "gzip, deflate", "br", " ,", "identity,gzip"]))
def test_only_fetch_errors(body: bytes, codings: str) -> None:
    """Whatever the bytes, the answer is bytes within the bound or a FetchError."""
    for packed in (body, b"\x1f\x8b\x08\x00" + body, gzip.compress(body)):
        try:
            assert len(decode(packed, codings, 1000)) <= max(1000, len(packed))
        except FetchError:
            continue
