"""Title, lead and body as numbered sentences. The matched text is the title, a newline, and the text; the title is sentence 0."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from monitor.text import fold

ZoneName = Literal["title", "lead", "body"]

_LEAD_CHARS = 350
MOST_CHARS = 60_000
_ROUNDUP = re.compile(
    r"^\W*(?:diem tin|ban tin|tin tuc (?:sang|trua|chieu|toi|24h|the gioi)|tin nong|tin nhanh|diem bao|news (?:in brief|roundup)|morning brief)"
)
_PIECE = re.compile(r"[|;\n]+")
_END = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s+["'“‘«(\[]*[^\W_])|\n+""")
_SHORTENED = (
    "mr mrs ms dr prof sen rep gov gen lt col sgt st jr sr inc corp co ltd llc cos bros vs fig etc approx dept est "
    "jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n e.g i.e p.m a.m d.c u.s.a "
    "m mm mme mlle av env cf art ts ths pgs gs tp tx ks bs ths.s tt"
)
_ABBREVIATIONS = frozenset(_SHORTENED.split())
_LAST_WORD = re.compile(r"[\w.]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence by its offsets in the matched text. `alone`: it has nothing to do with its neighbours (an item of a roundup)."""

    number: int
    start: int
    end: int
    zone: ZoneName
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The matched text, its folded form and its sentences in order of place. A lead that repeats the title counts as the title."""

    text: str
    folded: str
    sentences: tuple[Sentence, ...]
    starts: tuple[int, ...]
    roundup: bool

    def at(self, offset: int) -> Sentence:
        """The sentence that holds an offset."""
        return self.sentences[max(0, bisect_right(self.starts, offset) - 1)]


def matched_text(title: str, text: str) -> str:
    """The one text that offsets count in."""
    return f"{title}\n{text}"


def lay_out(title: str, text: str) -> Layout:
    """Splits a title and a text (both cleaned) into sentences. Of a text beyond 60,000 characters only those are looked at: no article is longer."""
    whole = matched_text(title, text)[:MOST_CHARS]
    folded = fold(whole)
    roundup = bool(_ROUNDUP.match(folded)) and bool(re.search(r"[|;]", whole))
    sentences = _pieces(whole) if roundup else _sentences(title, whole, folded)
    return Layout(text=whole, folded=folded, sentences=sentences, starts=tuple(s.start for s in sentences), roundup=roundup)


def _pieces(whole: str) -> tuple[Sentence, ...]:
    spans = _cut(whole, 0, [(m.start(), m.end()) for m in _PIECE.finditer(whole)])
    # Numbers two apart: no item is another's neighbour.
    return tuple(Sentence(number=2 * n + 2, start=start, end=end, zone="body", alone=True) for n, (start, end) in enumerate(spans))


def _sentences(title: str, whole: str, folded: str) -> tuple[Sentence, ...]:
    head = Sentence(number=0, start=0, end=min(len(title), len(whole)), zone="title")
    first = len(title) + 1
    bare_title = folded[: len(title)].strip(" .")
    found = [head]
    number = 0
    for start, end in _cut(whole, first, _breaks(whole, first)):
        if bare_title and folded[start:end].strip(" .") == bare_title:
            found.append(Sentence(number=0, start=start, end=end, zone="title"))
            continue
        number += 1
        found.append(Sentence(number=number, start=start, end=end, zone="lead" if start - first < _LEAD_CHARS else "body"))
    return tuple(found)


def _breaks(whole: str, first: int) -> list[tuple[int, int]]:
    return [(m.start(), m.end()) for m in _END.finditer(whole, first) if m[0].startswith("\n") or _ends(whole, m.start(), m.end())]


def _ends(whole: str, start: int, end: int) -> bool:
    """True where a full stop ends a sentence: a capital, digit or caseless letter follows, and no initial or abbreviation comes before."""
    following = next((char for char in whole[end : end + 8] if char.isalnum()), "")
    if following.islower():
        return False
    if whole[start] != ".":
        return True
    before = _LAST_WORD.search(whole[max(0, start - 24) : start])
    if before is None:
        return True
    word = before[0]
    if word.lower() == "no" and following.isdigit():
        return False
    return not (len(word) == 1 and word.isupper()) and word.lower() not in _ABBREVIATIONS


def _cut(whole: str, first: int, breaks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    spans = []
    start = first
    for stop, after in [*breaks, (len(whole), len(whole))]:
        piece = whole[start:after]
        if piece.strip():
            left = start + len(piece) - len(piece.lstrip())
            spans.append((left, stop if whole[stop:after].isspace() or stop == after else after))
        start = after
    return spans
