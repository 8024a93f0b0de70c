"""Near-duplicate sketches: the k smallest hashes of a text's word trigrams (bottom-k). Pure.

The share of common values estimates how much two texts overlap, whatever their order of paragraphs; unrelated texts share next to nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from zlib import crc32

K = 128
_WINDOW = 3


def sketch(words: Sequence[str], k: int = K) -> tuple[int, ...]:
    """The `k` smallest distinct crc32 values of the word trigrams, ascending. A text of fewer than three words is one gram."""
    if not words:
        return ()
    grams = [" ".join(words[start : start + _WINDOW]) for start in range(max(1, len(words) - _WINDOW + 1))]
    return tuple(sorted({crc32(gram.encode("utf-8", "replace")) for gram in grams})[:k])


def similarity(one: Sequence[int], other: Sequence[int], k: int = K) -> float:
    """Estimated Jaccard similarity of two texts, 0 to 1 (Cohen and Kaplan's bottom-k estimator over the union's k smallest)."""
    if not one or not other:
        return 0.0
    union = sorted({*one, *other})[:k]
    common = set(one) & set(other)
    return sum(1 for value in union if value in common) / len(union)


def containment(one: Sequence[int], one_size: int, other: Sequence[int], other_size: int) -> float:
    """Estimated share of the smaller text (sizes in words) that stands in the larger, 0 to 1: high for cuts and opening paragraphs."""
    if not one or not other or one_size <= 0 or other_size <= 0:
        return 0.0
    small, large = (one, other) if one_size <= other_size else (other, one)
    # Below the larger sketch's greatest value both sketches are complete, so membership there is exact.
    ceiling = large[-1] if len(large) >= K else 2**32
    within = [value for value in small if value <= ceiling]
    return len(set(within) & set(large)) / len(within) if within else 0.0


def to_bytes(values: Sequence[int]) -> bytes:
    """A sketch as stored: four bytes a value, big-endian."""
    return struct.pack(f">{len(values)}I", *values)


def from_bytes(stored: bytes) -> tuple[int, ...]:
    """The sketch that `to_bytes` stored."""
    return struct.unpack(f">{len(stored) // 4}I", stored)
