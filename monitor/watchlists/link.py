"""Finds known names in a seed: longest name first, capitals and diacritics as the matcher asks for them.

Marks may be missing as a whole and are never different; `short` counts after a full name, `loose` beside another organisation; masks and `never` consume.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from monitor import text as texts
from monitor.model import Entity

Mode = Literal["full", "exact", "short", "loose", "mask"]

_TOKEN = re.compile(r"[^\W_]+")
_GAP = re.compile(r"(?:\.? ?[-–—&'’./]? ?)\Z")
_ORGANISATIONS = {"company", "body"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A known name at [start, end) of one line of text."""

    start: int
    end: int
    entity: str
    mode: Mode


@dataclass(frozen=True, slots=True)
class _Name:
    entity: str
    mode: Mode
    text: str
    words: tuple[str, ...]
    star: bool
    marked: bool


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    folded: str


class Linker:
    """The names of many entities, ready to be found."""

    def __init__(self, entities: Iterable[Entity], masks: Iterable[str]) -> None:
        self.entities = {entity.id: entity for entity in entities}
        self._whole: dict[str, list[_Name]] = defaultdict(list)
        self._stems: dict[str, list[_Name]] = defaultdict(list)
        for entity in self.entities.values():
            full: Mode = "exact" if entity.exact else "full"
            groups: tuple[tuple[Mode, tuple[str, ...]], ...] = (
                (full, entity.names),
                ("exact", entity.exact_names),
                ("short", entity.short),
                ("loose", entity.loose),
                ("mask", entity.never),
            )
            for mode, names in groups:
                self._add(entity.id, mode, names)
        self._add("", "mask", masks)

    def _add(self, entity: str, mode: Mode, names: Iterable[str]) -> None:
        for name in names:
            stem = name.removesuffix("*")
            words = tuple(texts.words(stem))
            if not words:
                continue
            made = _Name(entity if mode != "mask" else "", mode, stem, words, stem != name, texts.has_marks(stem))
            if made.star and len(words) == 1:
                self._stems[words[0][:2]].append(made)
            else:
                self._whole[words[0]].append(made)

    def links(self, lines: Iterable[str]) -> tuple[tuple[Link, ...], ...]:
        """The names in each line of one article, in order and without overlap."""
        raw = [self._scan(line) for line in lines]
        organisations = {
            link.entity
            for found in raw
            for link in found
            if link.entity and self.entities[link.entity].type in _ORGANISATIONS and link.mode != "short"
        }
        full = {link.entity for found in raw for link in found if link.mode in {"full", "exact"}}
        loose = {entity for entity in organisations if organisations - {entity}} | full
        return tuple(
            tuple(
                link
                for link in found
                if link.mode in {"full", "exact"}
                or (link.mode == "short" and link.entity in full)
                or (link.mode == "loose" and link.entity in loose)
            )
            for found in raw
        )

    def knows(self, form: str) -> bool:
        """True where a known name, of whatever kind, stands in `form`."""
        return any(link.entity for link in self._scan(form))

    def _scan(self, line: str) -> list[Link]:
        words = [_Word(found.start(), found.end(), texts.fold(found.group())) for found in _TOKEN.finditer(line)]
        links: list[Link] = []
        number = 0
        while number < len(words):
            best: tuple[int, _Name] | None = None
            folded = words[number].folded
            for name in (*self._whole.get(folded, ()), *self._stems.get(folded[:2], ())):
                count = len(name.words)
                if (best is None or count > best[0] or (count == best[0] and best[1].mode in {"short", "loose"})) and self._fits(
                    line, words, number, name
                ):
                    best = (count, name)
            if best is None:
                number += 1
                continue
            count, name = best
            links.append(Link(start=words[number].start, end=words[number + count - 1].end, entity=name.entity, mode=name.mode))
            number += count
        return links

    def _fits(self, line: str, words: list[_Word], number: int, name: _Name) -> bool:
        here = words[number : number + len(name.words)]
        if len(here) < len(name.words):
            return False
        last = len(here) - 1
        for place, (word, wanted) in enumerate(zip(here, name.words, strict=True)):
            same = word.folded.startswith(wanted) if name.star and place == last else word.folded == wanted
            if not same or (place and not _GAP.match(line[here[place - 1].end : word.start])):
                return False
        return _same_case(line, here, name) and _same_marks(line, here, name) and not _inside_name(line, words, number, name)


def _same_case(line: str, here: list[_Word], name: _Name) -> bool:
    """A capital asks for a capital (or the word all in capitals); an exact name for the same letters."""
    wanted = [found.group() for found in _TOKEN.finditer(name.text)]
    for word, form in zip(here, wanted, strict=True):
        seen = line[word.start : word.end]
        if name.mode == "exact":
            if not seen.startswith(form):
                return False
        elif form[0].isupper() and not seen[0].isupper():
            return False
    return True


def _same_marks(line: str, here: list[_Word], name: _Name) -> bool:
    seen = line[here[0].start : here[-1].end]
    if name.star:
        seen = seen[: len(seen) - (len(here[-1].folded) - len(name.words[-1]))]
    if not texts.has_marks(seen):
        return not name.marked or len(name.words) > 1 or len(name.text) > 6
    joined = [texts.marked(found.group()) for found in _TOKEN.finditer(seen)]
    return joined == [texts.marked(found.group()) for found in _TOKEN.finditer(name.text)]


def _inside_name(line: str, words: list[_Word], number: int, name: _Name) -> bool:
    """True for a one-syllable name with marks (Mỹ, Pháp) that stands inside a longer Vietnamese name (Phú Mỹ, Mỹ Thuận)."""
    if len(name.words) > 1 or not name.marked or len(name.text) > 5 or name.star:
        return False
    here = words[number]
    if number and line[words[number - 1].end : here.start] == " ":
        before = line[words[number - 1].start : words[number - 1].end]
        if before[0].isupper() and number > 1:
            return True
    if number + 1 < len(words) and line[here.end : words[number + 1].start] == " ":
        after = line[words[number + 1].start : words[number + 1].end]
        return after[0].isupper() and texts.has_marks(after)
    return False
