"""What parent and child say to each other over pipes: frames of four length bytes and as many bytes of JSON or raw body. Pure.

Never pickle: the child has read strangers' bytes, and what it says is judged like theirs.
"""

from __future__ import annotations

import json
import struct
from typing import Any

LENGTH_BYTES = 4
MAX_FRAME = 32 * 1024 * 1024
"""Bytes of one frame; the largest honest answer is a feed of 1,000 entries with long summaries."""


def frame(payload: bytes) -> bytes:
    """`payload` with its length in front. Raises ValueError beyond MAX_FRAME."""
    if len(payload) > MAX_FRAME:
        raise ValueError(f"{len(payload)} bytes are more than a frame holds")
    return struct.pack(">I", len(payload)) + payload


def frame_length(prefix: bytes) -> int:
    """The length a frame announces. Raises ValueError beyond MAX_FRAME."""
    length = int(struct.unpack(">I", prefix)[0])
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length} bytes is announced")
    return length


def pack(value: object) -> bytes:
    """`value` as UTF-8 JSON; lone surrogates become question marks. Raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def unpack(payload: bytes) -> Any:
    """The value of a JSON frame. Raises ValueError for garbage."""
    try:
        return json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None
