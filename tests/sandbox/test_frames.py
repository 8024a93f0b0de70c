"""Frames between parent and child."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sandbox.frames import LENGTH_BYTES, MAX_FRAME, frame, frame_length, pack, unpack

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists, max_leaves=20
)


@given(_VALUES)
def test_values_survive(value: object) -> None:
    """What JSON can say arrives as it was."""
    framed = frame(pack(value))
    assert frame_length(framed[:LENGTH_BYTES]) == len(framed) - LENGTH_BYTES
    assert unpack(framed[LENGTH_BYTES:]) == value


@given(st.binary(max_size=60))
def test_garbage_is_an_error_of_value(payload: bytes) -> None:
    """No frame makes the parent raise anything but ValueError."""
    try:
        unpack(payload)
    except ValueError:
        return


def test_bounds() -> None:
    """Deep nesting and over-long frames are refused."""
    with pytest.raises(ValueError, match="deep"):
        unpack(b"[" * 200_000)
    with pytest.raises(ValueError, match="announced"):
        frame_length(b"\xff\xff\xff\xff")
    with pytest.raises(ValueError, match="frame"):
        frame(bytes(MAX_FRAME + 1))
