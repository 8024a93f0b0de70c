"""Which candidate names are one: same key, a known name, an acronym in brackets, a short form of the one longer name, a spelling variant.

The only importer of rapidfuzz.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz.fuzz import ratio

from monitor import text as texts
from monitor.model import Entity
from monitor.watchlists.words import word_set

_SUFFIXES = word_set("inc corp corporation co company ltd llc plc sa ag gmbh nv group")
_ACRONYM = re.compile(r"[A-Z][A-Z&-]{1,9}\Z")
_LIKE = 92
_LIKE_CHARS = 9


def key_of(name: str) -> str:
    """The name without case, marks, dots, article, middle initials and company suffix: equal for forms of one name."""
    words = texts.fold(name).replace(".", "").replace("'", " ").split()
    words = words[1:] if len(words) > 1 and words[0] in {"the", "le", "la", "les"} else words
    if len(words) > 2:
        words = [words[0], *(word for word in words[1:-1] if len(word) > 1), words[-1]]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words = words[:-1]
    return " ".join(words)


def is_acronym_of(short: str, long: str) -> bool:
    """True where the capitals of `short` follow each other in `long`, both beginning alike: PVN of Petrovietnam, CSP of Comprehensive Strategic Partnership."""
    if not _ACRONYM.match(short) or len(long) <= len(short):
        return False
    letters = [char for char in texts.fold(short) if char.isalnum()]
    rest = iter(char for char in texts.fold(long) if char.isalnum())
    return texts.fold(long)[:1] == letters[0] and all(letter in rest for letter in letters)


class Merging:
    """Names that become one. A node is a key of candidate names or the id of a known entity (`#id`)."""

    def __init__(self, seen: Mapping[str, Sequence[str]], known: Iterable[Entity], linked: Mapping[str, Sequence[str]]) -> None:
        """`seen`: key of candidates to the seeds they stand in; `known`: the gazetteer; `linked`: entity id to its seeds."""
        self._seen = seen
        self._linked = linked
        self._known = {entity.id: entity for entity in known}
        self._into: dict[str, str] = {}
        self.short: set[str] = set()

    def root(self, node: str) -> str:
        """The node that stands for `node`."""
        while node in self._into:
            node = self._into[node]
        return node

    def join(self, node: str, into: str) -> None:
        """Makes `node` a form of `into`; two known entities are never joined, and a known one stays on top."""
        low, high = self.root(node), self.root(into)
        if low == high or (low.startswith("#") and high.startswith("#")):
            return
        if low.startswith("#"):
            low, high = high, low
        self._into[low] = high

    def run(self, brackets: Iterable[tuple[str, str]]) -> None:
        """Joins all that is one. `brackets`: (node, node) of a long name followed by a short one in brackets."""
        self._same_as_known()
        for long, short in brackets:
            self.join(short, long)
        self._variants()
        self._shorter()

    def _same_as_known(self) -> None:
        keys = {key_of(name): entity.id for entity in self._known.values() for name in (*entity.names, *entity.exact_names, *entity.loose)}
        for key in self._seen:
            if key in keys:
                self.join(key, f"#{keys[key]}")

    def _variants(self) -> None:
        """Spellings: two words and nine letters or more, the first word equal, hardly a letter different (Schwarzmann, Schwarzman)."""
        by_first: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for entity in self._known.values():
            for name in entity.names:
                key = key_of(name)
                by_first[key.split(" ", 1)[0]].append((key, f"#{entity.id}"))
        for key in sorted(self._seen):
            for other, node in by_first[key.split(" ", 1)[0]]:
                if key != other and min(len(key), len(other)) >= _LIKE_CHARS and " " in key and " " in other and ratio(key, other) >= _LIKE:
                    self.join(key, node)
                    break
            else:
                by_first[key.split(" ", 1)[0]].append((key, key))

    def _shorter(self) -> None:
        """A name that ends exactly one longer name of the same seed (else of all seeds) is its short form: Lam of To Lam."""
        for key in sorted(self._seen, key=lambda one: (-len(one.split()), one)):
            if self.root(key) != key:
                continue
            longer = {self.root(node): seeds for node, form, seeds in self._forms() if form != key and form.endswith(f" {key}")}
            near = [node for node, seeds in longer.items() if set(seeds) & set(self._seen[key])]
            chosen = near or list(longer)
            if len(set(chosen)) == 1:
                self.short.add(key)
                self.join(key, chosen[0])

    def _forms(self) -> Iterable[tuple[str, str, Sequence[str]]]:
        """(node, key, seeds) of every form that occurs in the seeds."""
        for key, seeds in self._seen.items():
            yield key, key, seeds
        for entity_id, seeds in self._linked.items():
            entity = self._known.get(entity_id)
            for name in entity.names if entity else ():
                yield f"#{entity_id}", key_of(name), seeds
