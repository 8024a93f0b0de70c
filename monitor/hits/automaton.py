"""All names of all watchlists in one automaton over folded text: every place where a name stands as a word of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from monitor.text import clean, fold, has_marks, marked

Kind = Literal["entity", "contrast", "topic", "cue", "mask"]
Mode = Literal["full", "exact", "short", "loose", "never", "word", "mask"]

_ACRONYM_LETTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of one thing in one watchlist.

    written   the name without its trailing *;  ending: the name had one
    type      the entity's type, or ""
    """

    watchlist: int
    kind: Kind
    id: str
    mode: Mode
    written: str
    folded: str
    lang: str
    ending: bool
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the acceptance rules need to know of a written name.

    caps      offsets of the words that begin with a capital;  acronym: capitals only, at most four letters
    marks     it has diacritics;  spelt: its letters and digits with them, for comparison
    """

    caps: tuple[int, ...]
    acronym: bool
    marks: bool
    spelt: str
    syllables: int
    letters: int


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the text where a name stands, with all that it may stand for."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


class Name(NamedTuple):
    """A name as a watchlist writes it, before anything is worked out; made by the thousand when watchlists are compiled."""

    watchlist: int
    kind: Kind
    id: str
    mode: Mode
    written: str
    lang: str = ""
    type: str = ""


def alias(name: Name) -> Alias:
    """The alias of a name; a trailing * allows endings."""
    written = _plain(name.written)
    return Alias(
        watchlist=name.watchlist,
        kind=name.kind,
        id=name.id,
        mode=name.mode,
        written=written,
        folded=_folded(written),
        lang=name.lang,
        ending=name.written.endswith("*"),
        type=name.type,
    )


def _plain(written: str) -> str:
    return written if _is_clean(written) else clean(written.rstrip("*"))


def _folded(name: str) -> str:
    return name.lower() if name.isascii() and "_" not in name and "`" not in name else fold(name)


def _is_clean(name: str) -> bool:
    return name.isascii() and name.isprintable() and "  " not in name and name.strip(" *") == name


@lru_cache(maxsize=50_000)
def shape(written: str) -> Shape:
    """The shape of a name; worked out when the name is first met in a text, for most names of a long list never are."""
    letters = [char for char in written if char.isalpha()]
    return Shape(
        caps=tuple(i for i, char in enumerate(written) if char.isupper() and (i == 0 or not written[i - 1].isalnum())),
        acronym=len(letters) <= _ACRONYM_LETTERS and all(char.isupper() for char in letters) and bool(letters),
        marks=has_marks(written),
        spelt=letters_of(written),
        syllables=len(fold(written).replace("-", " ").split()),
        letters=len(letters),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """What a pattern stands for, without and with endings, and whether its edges are letters that a neighbour would continue."""

    plain: tuple[Alias, ...]
    ending: tuple[Alias, ...]
    joins_before: bool
    joins_after: bool


def letters_of(name: str) -> str:
    """Letters and digits of a name, lower case, with their marks and the tone mark in one place; signs and spaces left out."""
    return "".join(char for char in marked(name) if char.isalnum())


class Automaton:
    """Finds names in folded text. Built once per set of watchlists; 10,000 names take some 40 ms."""

    def __init__(self, names: Iterable[Name]) -> None:
        grouped: dict[str, list[Name]] = {}
        for name in names:
            folded = _folded(_plain(name.written))
            if folded in grouped:
                grouped[folded].append(name)
            elif folded:
                grouped[folded] = [name]
        patterns = list(grouped)
        self._names = list(grouped.values())
        self._met: dict[int, _Met] = {}
        self._search = AhoCorasick(patterns, matchkind=MatchKind.Standard, store_patterns=False) if patterns else None

    def _meet(self, index: int) -> _Met:
        """What a pattern stands for, worked out when it is first met: most names of a long list never are."""
        aliases = tuple(alias(name) for name in self._names[index])
        folded = aliases[0].folded
        met = _Met(
            plain=tuple(one for one in aliases if not one.ending),
            ending=tuple(one for one in aliases if one.ending),
            joins_before=folded[0].isalnum() and not _unspaced(folded[0]),
            joins_after=folded[-1].isalnum() and not _unspaced(folded[-1]),
        )
        self._met[index] = met
        return met

    def find(self, folded: str) -> list[Found]:
        """Every place where a name is not continued by letters or digits, in order of its end.

        Scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer) have no such border.
        """
        if self._search is None:
            return []
        found = []
        size = len(folded)
        for index, start, end in self._search.find_matches_as_indexes(folded, overlapping=True):
            met = self._met.get(index) or self._meet(index)
            if start and met.joins_before and _joins(folded[start - 1]):
                continue
            if met.plain and not (end < size and met.joins_after and _joins(folded[end])):
                found.append(Found(start, end, met.plain))
            if met.ending:
                last = end
                while last < size and folded[last].isalpha() and not _unspaced(folded[last]):
                    last += 1
                if last == size or not _joins(folded[last]):
                    found.append(Found(start, last, met.ending))
        return found


def _joins(char: str) -> bool:
    if char.isascii():
        return char.isalnum()
    return (char.isalnum() or unicodedata.category(char) == "Mn") and not _unspaced(char)


def _unspaced(char: str) -> bool:
    code = ord(char)
    return code > 0x0E00 and (
        code <= 0x0EFF
        or 0x1780 <= code <= 0x17FF
        or 0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
    )
