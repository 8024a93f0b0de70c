"""All names of all watchlists in one automaton over folded text: every place where a name stands as a word of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from monitor.text import clean, fold, has_marks, marked

Kind = Literal["entity", "contrast", "topic", "cue", "mask"]
Mode = Literal["full", "exact", "short", "loose", "never", "word", "mask"]

_ACRONYM_LETTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of one thing in one watchlist.

    written     the name without its trailing *;  ending: the name had one
    type        the entity's type, or ""
    typed_bare  of several words and written without marks, where none of its fellows has them
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
    typed_bare: bool = False


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


def alias(
    watchlist: int, kind: Kind, id_: str, mode: Mode, written: str, lang: str = "", type_: str = "", typed_bare: bool = False
) -> Alias:
    """An alias from a name as a watchlist writes it; a trailing * allows endings."""
    ending = written.endswith("*")
    name = clean(written.rstrip("*")) if ending or not _is_clean(written) else written
    return Alias(
        watchlist=watchlist,
        kind=kind,
        id=id_,
        mode=mode,
        written=name,
        folded=name.lower() if name.isascii() and "_" not in name and "`" not in name else fold(name),
        lang=lang,
        ending=ending,
        type=type_,
        typed_bare=typed_bare,
    )


def _is_clean(name: str) -> bool:
    return name.isascii() and name.isprintable() and "  " not in name and name.strip() == name


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


def letters_of(name: str) -> str:
    """Letters and digits of a name, lower case, with their marks and the tone mark in one place; signs and spaces left out."""
    return "".join(char for char in marked(name) if char.isalnum())


class Automaton:
    """Finds aliases in folded text. Built once per set of watchlists; a build of 10,000 names takes some 50 ms."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        plain: dict[str, list[Alias]] = {}
        ending: dict[str, list[Alias]] = {}
        for one in aliases:
            if one.folded.strip():
                (ending if one.ending else plain).setdefault(one.folded, []).append(one)
        folded = list(plain | ending)
        self._plain = [tuple(plain.get(name, ())) for name in folded]
        self._ending = [tuple(ending.get(name, ())) for name in folded]
        self._open = [(_unspaced(name[0]), _unspaced(name[-1])) for name in folded]
        self._search = AhoCorasick(folded, matchkind=MatchKind.Standard, store_patterns=False) if folded else None

    def find(self, folded: str) -> list[Found]:
        """Every place where a name is not continued by letters or digits, in order of its end.

        Scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer) have no such border.
        """
        if self._search is None:
            return []
        found = []
        size = len(folded)
        for index, start, end in self._search.find_matches_as_indexes(folded, overlapping=True):
            open_start, open_end = self._open[index]
            if start and not open_start and folded[start].isalnum() and _joins(folded[start - 1]):
                continue
            continued = end < size and not open_end and folded[end - 1].isalnum() and _joins(folded[end])
            if not continued and self._plain[index]:
                found.append(Found(start, end, self._plain[index]))
            if self._ending[index]:
                last = end
                while last < size and folded[last].isalpha() and not _unspaced(folded[last]):
                    last += 1
                if last == size or not _joins(folded[last]):
                    found.append(Found(start, last, self._ending[index]))
        return found


def _joins(char: str) -> bool:
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
