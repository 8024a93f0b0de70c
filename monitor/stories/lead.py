"""The head of a report in sentences, and which of them tell the news: background further down belongs to older stories. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model import Mention

LEAD_CHARS = 700
"""Facts are read from the title and so many characters of text."""

MAX_NEWS = 4
"""Title and so many more sentences can tell the news."""

_END = re.compile(r"(?<=[.!?…])[\"”»’')\]]*\s+(?=[\"“«(]?[^\W\d_a-zà-ỹ]|\d)|\n+")
_ABBREVIATED = re.compile(
    r"\b(?:U\.S|Mr|Mrs|Ms|Dr|St|No|vs|TP|PGS|TS|GS|Th\.?S|M|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|sept|Inc|Co|Corp|Ltd)\.$"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_CLAUSE = re.compile(r"[,;:–—] |, ")
_PAST_WORDS = (
    *("previously", "earlier this year", "last year", "in recent years", "formerly", "rival", "rivals", "market value", "capitalisation"),
    *("capitalization", "currently operates", "currently operate", "has operated"),
    *("l'an dernier", "auparavant", "concurrent", "exploite déjà", "trước đó", "trước đây", "năm ngoái", "năm trước", "vốn hóa", "từng"),
    *("đối thủ", "đang vận hành"),
)
_PAST = re.compile(rf"\b(?:{'|'.join(map(re.escape, _PAST_WORDS))})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of title or lead with its place in the matched text and the entities named in it."""

    start: int
    end: int
    text: str
    entities: frozenset[str]


def sentences(title: str, lead: str, mentions: Sequence[Mention]) -> tuple[Sentence, ...]:
    """The title, then the sentences of the lead. Offsets are those of mentions: in the title, a line break and the text."""
    spots = [(0, len(title), title)]
    shift = len(title) + 1
    start = 0
    for end, after in [*((found.start(), found.end()) for found in _END.finditer(lead)), (len(lead), len(lead))]:
        if _ABBREVIATED.search(lead[start:end]) and end != len(lead):
            continue
        if lead[start:end].strip():
            spots.append((shift + start, shift + end, lead[start:end]))
        start = after
    named = [(mention.start, mention.id) for mention in mentions if mention.kind == "entity"]
    return tuple(
        Sentence(start=first, end=last, text=text, entities=frozenset(name for at, name in named if first <= at < last))
        for first, last, text in spots
    )


def news_of(found: tuple[Sentence, ...], at: datetime, hubs: frozenset[str]) -> tuple[Sentence, ...]:
    """The sentences that tell the news of a report of the instant `at`: title and first sentence, and those after that name nothing else.

    A clause with an earlier year, or with words of background (rivals, formerly), is cut out of its sentence.
    """
    opening = found[:2]
    known = frozenset().union(*(sentence.entities for sentence in opening)) | hubs
    following = [sentence for sentence in found[2 : MAX_NEWS + 1] if sentence.entities <= known]
    return tuple(part for sentence in (*opening, *following) for part in _without_background(sentence, at.year))


def _without_background(sentence: Sentence, year: int) -> list[Sentence]:
    """A sentence as its clauses, those of background left out; in one piece where there is none."""
    if not _is_background(sentence.text, year):
        return [sentence]
    parts: list[Sentence] = []
    at = 0
    for found in [*_CLAUSE.finditer(sentence.text), None]:
        end = found.start() if found else len(sentence.text)
        text = sentence.text[at:end]
        if text.strip() and not _is_background(text, year):
            start = sentence.start + at
            parts.append(Sentence(start=start, end=sentence.start + end, text=text, entities=sentence.entities))
        at = found.end() if found else end
    return parts


def _is_background(text: str, year: int) -> bool:
    if any(int(found[0]) < year for found in _YEAR.finditer(text)):
        return True
    lower = text.lower()
    return any(word in lower for word in _PAST_WORDS) and _PAST.search(lower) is not None
