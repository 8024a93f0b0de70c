"""A plain token-dictionary matcher, written for comparison: finds what the automaton should find, in the slow and obvious way."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from monitor.hits.automaton import Alias, Found, Name, alias


def is_unspaced(char: str) -> bool:
    """True for letters of scripts written without spaces: Thai, Lao, Khmer, kana, Han, Hangul."""
    if ord(char) <= 0x0E00:
        return False
    name = unicodedata.name(char, "")
    return name.startswith(
        ("THAI ", "LAO ", "KHMER ", "HIRAGANA ", "KATAKANA ", "CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")
    )


def is_letter(char: str) -> bool:
    """True where a character continues a word beside it."""
    return (char.isalnum() or unicodedata.category(char) == "Mn") and not is_unspaced(char)


def tokens(text: str) -> list[tuple[int, int]]:
    """Words as (start, end); each sign, space and unspaced letter is a token of its own."""
    found = []
    start = 0
    while start < len(text):
        end = start + 1
        if is_letter(text[start]):
            while end < len(text) and is_letter(text[end]):
                end += 1
        found.append((start, end))
        start = end
    return found


class TokenDictionary:
    """Names by their first token; each token of a text is looked up, and what follows is compared."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._by_first: dict[str, dict[str, list[Alias]]] = {}
        for name in names:
            made = alias(name)
            if made.folded:
                start, end = tokens(made.folded)[0]
                self._by_first.setdefault(made.folded[start:end], {}).setdefault(made.folded, []).append(made)
        # A name of one word with endings may begin in the middle of its only token.
        self._lengths = sorted({len(first) for first in self._by_first})

    def find(self, folded: str) -> list[Found]:
        """What `Automaton.find` gives, in its order."""
        borders = {border for span in tokens(folded) for border in span}
        found: list[tuple[int, int, Found]] = []
        for start, end in tokens(folded):
            for length in self._lengths:
                if start + length > end:
                    break
                for name, aliases in self._by_first.get(folded[start : start + length], {}).items():
                    stop = start + len(name)
                    if folded.startswith(name, start):
                        found += [(stop, start, place) for place in _places(folded, start, stop, aliases, borders)]
        return [place for _, _, place in sorted(found, key=lambda item: item[:2])]


def _places(folded: str, start: int, stop: int, aliases: list[Alias], borders: set[int]) -> list[Found]:
    plain = tuple(one for one in aliases if not one.ending)
    ending = tuple(one for one in aliases if one.ending)
    places = []
    if plain and stop in borders:
        places.append(Found(start, stop, plain))
    if ending:
        last = stop
        while last < len(folded) and folded[last].isalpha() and not is_unspaced(folded[last]):
            last += 1
        if last in borders:
            places.append(Found(start, last, ending))
    return places
