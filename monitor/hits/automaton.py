"""All names of all watchlists in one automaton over folded text: every place where a name stands as a word of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ahocorasick_rs import AhoCorasick, MatchKind

from monitor.text import clean, fold, has_marks, marked

Kind = Literal["entity", "contrast", "topic", "cue", "mask"]
Mode = Literal["full", "exact", "short", "loose", "never", "word", "mask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One name of one thing in one watchlist, with what the acceptance rules need to know of it.

    written   the name without its trailing *;  ending: the name had one
    caps      offsets of the words that begin with a capital;  acronym: capitals only, at most four letters
    spelt     its letters with their marks, for comparison;  typed_bare: written without marks where none of its fellows has them
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
    caps: tuple[int, ...]
    acronym: bool
    marks: bool
    spelt: str
    syllables: int
    letters: int
    typed_bare: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A place in the text where a name stands, with all that it may stand for."""

    start: int
    end: int
    aliases: tuple[Alias, ...]


def alias(watchlist: int, kind: Kind, id_: str, mode: Mode, written: str, lang: str = "", type_: str = "") -> Alias:
    """An alias from a name as a watchlist writes it; a trailing * allows endings."""
    ending = written.endswith("*")
    name = clean(written.rstrip("*"))
    folded = fold(name)
    parts = folded.replace("-", " ").split()
    letters = [char for char in name if char.isalpha()]
    return Alias(
        watchlist=watchlist,
        kind=kind,
        id=id_,
        mode=mode,
        written=name,
        folded=folded,
        lang=lang,
        ending=ending,
        type=type_,
        caps=tuple(i for i, char in enumerate(name) if char.isupper() and (i == 0 or not name[i - 1].isalnum())),
        acronym=len(letters) <= 4 and all(char.isupper() for char in letters) and bool(letters),
        marks=has_marks(name),
        spelt=letters_of(name),
        syllables=len(parts),
        letters=len(letters),
    )


def letters_of(name: str) -> str:
    """Letters and digits of a name, lower case, with their marks and the tone mark in one place; signs and spaces left out."""
    return "".join(char for char in marked(name) if char.isalnum())


class Automaton:
    """Finds aliases in folded text. Built once per set of watchlists; a build of 10,000 names takes some 50 ms."""

    def __init__(self, aliases: Iterable[Alias]) -> None:
        whole: dict[str, list[Alias]] = {}
        for one in aliases:
            if one.folded.strip():
                whole.setdefault(one.folded, []).append(one)
        self._plain = [tuple(one for one in group if not one.ending) for group in whole.values()]
        self._ending = [tuple(one for one in group if one.ending) for group in whole.values()]
        self._open = [(_unspaced(folded[0]), _unspaced(folded[-1])) for folded in whole]
        self._search = AhoCorasick(list(whole), matchkind=MatchKind.Standard, store_patterns=False) if whole else None

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
