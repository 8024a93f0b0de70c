"""Is this text a copy of one we have? Reprints, cuts and light edits are; two reports of one event are not. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.sketch import containment, similarity

SIMILAR = 0.30
"""Jaccard similarity of word trigrams from which two texts are one (LIBRARIES 6: 15 % edits keep 0.38, unrelated texts reach 0.02)."""

CONTAINED = 0.80
"""Share of the shorter text from which it is a cut of the longer."""

SHORT = 40
"""Below so many words a text is too short to be called a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stored text: its article id, sketch and size in words."""

    id: int
    sketch: tuple[int, ...]
    size: int


def is_copy(sketch: tuple[int, ...], size: int, candidate: Candidate) -> bool:
    """True where a text (sketch, size in words) and the candidate are the same text, cut or lightly edited."""
    if min(size, candidate.size) < SHORT:
        return False
    if similarity(sketch, candidate.sketch) >= SIMILAR:
        return True
    return containment(sketch, size, candidate.sketch, candidate.size) >= CONTAINED
