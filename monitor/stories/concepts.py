"""What a text speaks of, in concepts that English, Vietnamese and French have in common (concepts.toml). Pure but for reading that file once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from monitor.text import fold, marked

Phrase = tuple[str, ...]
Book = Mapping[str, tuple[tuple[Phrase, str], ...]]
"""Phrases by their first word, the longest first, each with its concept. A last word that ends in * allows endings."""

_WORD = re.compile(r"[^\W_]+")
_STEM = 3
"""Stems are looked up by so many first letters."""


def concepts(text: str, lang: str) -> frozenset[str]:
    """The concepts of clean text (not folded) in a language; none for a language without words."""
    book = load().get(lang)
    if book is None:
        return frozenset()
    words = _words(text, lang)
    found: set[str] = set()
    at = 0
    while at < len(words):
        taken = _taken(book, words, at)
        if taken is not None:
            found.add(taken[1])
        at += taken[0] if taken is not None else 1
    return frozenset(found)


def _taken(book: Book, words: list[str], at: int) -> tuple[int, str] | None:
    """The longest phrase that begins at a word: how many words it has, and its concept."""
    word = words[at]
    phrases = (*book.get(word, ()), *book.get(word[:_STEM] + "*", ()))
    best: tuple[int, str] | None = None
    for phrase, concept in phrases:
        if (
            (best is None or len(phrase) > best[0])
            and all(map(_is, phrase, words[at : at + len(phrase)]))
            and at + len(phrase) <= len(words)
        ):
            best = len(phrase), concept
    return best


def _is(part: str, word: str) -> bool:
    return word == part or (part[-1] == "*" and word.startswith(part[:-1]))


@lru_cache(maxsize=1)
def load() -> Mapping[str, Book]:
    """The shipped concepts by language."""
    return read((files(__package__) / "concepts.toml").read_text(encoding="utf-8"))


def read(text: str) -> Mapping[str, Book]:
    """Concepts from TOML text, by language."""
    table: dict[str, dict[str, list[str]]] = tomllib.loads(text)["concepts"]
    langs = {lang for words in table.values() for lang in words}
    return MappingProxyType({lang: _book(((concept, words.get(lang, [])) for concept, words in table.items()), lang) for lang in langs})


def _book(entries: Iterable[tuple[str, list[str]]], lang: str) -> Book:
    book: dict[str, list[tuple[Phrase, str]]] = {}
    for concept, written in entries:
        for phrase in written:
            parts = tuple(_words(phrase.removesuffix("*"), lang))
            if phrase.endswith("*"):
                parts = (*parts[:-1], parts[-1] + "*")
            first = parts[0][:_STEM] + "*" if parts[0].endswith("*") else parts[0]
            book.setdefault(first, []).append((parts, concept))
    return {first: tuple(sorted(phrases, key=lambda each: (-len(each[0]), each))) for first, phrases in book.items()}


def _words(text: str, lang: str) -> list[str]:
    """Vietnamese words keep their marks: without them `cấp` (grant), `cáp` (cable) and `cặp` (pair) are one."""
    return _WORD.findall(marked(text) if lang == "vi" else fold(text))
