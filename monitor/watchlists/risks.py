"""Names that will catch more than is meant: common words, very short names, names of two entities or topics, names that a mask hides. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor import text as texts
from monitor.model import Entity, Watchlist
from monitor.watchlists.format import sides_named
from monitor.watchlists.words import GENERAL, is_stop

_SHORT_LETTERS = 3
_FIRST_UNSPACED = 0x0E00


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One thing worth a look: where it stands (`side.us.entity.visa`), the name, what may go wrong and what to do."""

    path: str
    name: str
    message: str


def risks(watchlist: Watchlist) -> tuple[Risk, ...]:
    """Risky names of the enabled entities and topics of a watchlist, in the order of its sides."""
    found: list[Risk] = []
    owners: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    apart: set[tuple[str, str]] = set()
    for side in watchlist.sides:
        for entity in side.entities:
            if entity.enabled:
                path = f"side.{side.id}.entity.{entity.id}"
                found += _of_names(path, entity)
                for name in (*entity.names, *entity.exact_names):
                    owners[texts.fold(name.rstrip("*"))].setdefault(entity.id, (path, name))
                apart.update((entity.id, texts.fold(name)) for name in entity.never)
    for folded, places in owners.items():
        if not any((entity_id, folded) in apart for entity_id in places):
            found += _shared(tuple(places.values()))
    return (*found, *_hidden(watchlist, owners), *_words_of_two_topics(watchlist))


def _shared(places: tuple[tuple[str, str], ...]) -> Iterator[Risk]:
    """One name of several entities, marks counted, and names that are one when their marks are missing."""
    (first, name), *others = places
    for path, other in others:
        owner = first.rsplit(".", 1)[-1]
        if texts.marked(other) == texts.marked(name):
            yield Risk(path=path, name=texts.marked(other), message=f"also a name of {owner}: keep it at one of them")
        else:
            yield Risk(
                path=path, name=other, message=f"without its marks it reads like {name} of {owner}: see that a `never` tells them apart"
            )


def _hidden(watchlist: Watchlist, owners: Mapping[str, dict[str, tuple[str, str]]]) -> Iterator[Risk]:
    for mask in watchlist.masks:
        for path, name in owners.get(texts.fold(mask.rstrip("*")), {}).values():
            yield Risk(path=path, name=name, message=f"the mask {mask!r} hides it: take out one of them")


def _words_of_two_topics(watchlist: Watchlist) -> Iterator[Risk]:
    seen: dict[tuple[str, str], str] = {}
    for side in watchlist.sides:
        for topic in side.topics:
            for lang, words in topic.words if topic.enabled else ():
                for word in words:
                    other = seen.setdefault((lang, texts.marked(word)), topic.id)
                    if other != topic.id:
                        yield Risk(
                            path=f"side.{side.id}.topic.{topic.id}", name=word, message=f"also a word of the topic {other}: it counts twice"
                        )


def unused_sides(watchlists: tuple[Watchlist, ...], sides: tuple[str, ...]) -> tuple[str, ...]:
    """The sides of a file that no watchlist's match names."""
    named = {name for watchlist in watchlists for name in sides_named(watchlist.match)}
    return tuple(side for side in sides if side not in named)


def _of_names(path: str, entity: Entity) -> Iterator[Risk]:
    if entity.exact:
        return
    for name in entity.names:
        stem = name.rstrip("*")
        folded = texts.fold(stem)
        words = texts.words(stem)
        if len(words) != 1:
            continue
        if stem == stem.lower() and (is_stop(folded) or folded in GENERAL):
            yield Risk(path=path, name=name, message="a common word: delete it, or write it as part of a longer name")
        elif folded in GENERAL and not texts.has_marks(stem):
            yield Risk(path=path, name=name, message="a common word that begins sentences and titles: move it to loose or exact_names")
        elif sum(char.isalnum() for char in stem) <= _SHORT_LETTERS and not _unspaced(stem):
            yield Risk(path=path, name=name, message="very short: move it to exact_names, or to loose")


def _unspaced(name: str) -> bool:
    """True of scripts in which two signs are a name (Chinese, Japanese, Korean, Thai)."""
    return all(ord(char) > _FIRST_UNSPACED for char in name)
