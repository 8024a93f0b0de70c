"""An article's text with what was found in it: paragraphs in pieces, each piece with what it was taken for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.model import Mention, Rejected
from monitor.text import clean

SHOWN_CHARS = 30_000
_RANK = ("entity", "topic", "cue", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of text. kind: "" | entity | topic | cue | rejected; `about` says what it was taken for, or why it was not."""

    text: str
    kind: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    start: int
    end: int
    kind: str
    about: str


def marked(
    whole: str, mentions: Sequence[Mention], rejected: Sequence[tuple[Rejected, str]], most: int = SHOWN_CHARS
) -> tuple[tuple[Piece, ...], ...]:
    """The paragraphs of a text of which offsets count, its first line (the title) first; at most `most` characters.

    `rejected` comes with the reason in words. Of spans that overlap the first counts, and the longer of those that begin together.
    """
    spans = _joined([*_found(mentions), *(_Span(start=r.start, end=r.end, kind="rejected", about=why) for r, why in rejected)])
    text = whole[:most]
    paragraphs, at = [], 0
    for line in text.split("\n"):
        end = at + len(line)
        if pieces := _pieces(text, at, end, spans):
            paragraphs.append(pieces)
        at = end + 1
    return tuple(paragraphs)


def _found(mentions: Iterable[Mention]) -> Iterable[_Span]:
    for m in mentions:
        side = f" ({m.side})" if m.side else ""
        yield _Span(start=m.start, end=m.end, kind=m.kind, about=f"{m.title}{side}" if m.kind != "cue" else f"cue: {m.id}")


def _joined(spans: Sequence[_Span]) -> list[_Span]:
    """Spans in order, none overlapping; what stands for several things says all of them, in the kind that weighs most."""
    same: dict[tuple[int, int], list[_Span]] = {}
    for span in spans:
        same.setdefault((span.start, span.end), []).append(span)
    kept: list[_Span] = []
    taken = 0
    for (start, end), group in sorted(same.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start < taken or start >= end:
            continue
        best = min(group, key=lambda span: _RANK.index(span.kind))
        about = "; ".join(dict.fromkeys(span.about for span in group if best.kind == "rejected" or span.kind != "rejected"))
        kept.append(_Span(start=start, end=end, kind=best.kind, about=about))
        taken = end
    return kept


def _pieces(text: str, start: int, end: int, spans: Sequence[_Span]) -> tuple[Piece, ...]:
    found: list[Piece] = []
    at = start
    for span in spans:
        if span.end <= start or span.start >= end:
            continue
        left, right = max(span.start, start), min(span.end, end)
        found += [Piece(text=text[at:left]), Piece(text=text[left:right], kind=span.kind, about=span.about)]
        at = right
    found.append(Piece(text=text[at:end]))
    return tuple(piece for piece in found if clean(piece.text) or piece.text.isspace())
