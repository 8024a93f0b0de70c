"""Names that will catch more than is meant: common words, very short names, names of two entities. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from monitor import text as texts
from monitor.model import Entity, Watchlist
from monitor.watchlists.format import sides_named
from monitor.watchlists.words import GENERAL, is_stop

_SHORT_LETTERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One thing worth a look: where it stands (`side.us.entity.visa`), the name, what may go wrong and what to do."""

    path: str
    name: str
    message: str


def risks(watchlist: Watchlist) -> tuple[Risk, ...]:
    """Risky names of the enabled entities of a watchlist, in the order of its sides."""
    found: list[Risk] = []
    owners: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for side in watchlist.sides:
        for entity in side.entities:
            if entity.enabled:
                path = f"side.{side.id}.entity.{entity.id}"
                found += _of_names(path, entity)
                for name in dict.fromkeys(texts.marked(name) for name in (*entity.names, *entity.exact_names)):
                    owners[name].append((path, entity.id))
    for name, places in owners.items():
        others = {entity for _, entity in places}
        if len(others) > 1:
            found.append(
                Risk(
                    path=places[1][0],
                    name=name,
                    message=f"also a name of {', '.join(sorted(others - {places[1][1]}))}: keep it at one of them",
                )
            )
    return tuple(found)


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
        elif sum(char.isalnum() for char in stem) <= _SHORT_LETTERS:
            yield Risk(path=path, name=name, message="very short: move it to exact_names, or to loose")
