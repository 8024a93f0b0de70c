"""Watchlists compiled for matching: one automaton over all names, and per watchlist what its score needs to look up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from monitor.hits.automaton import Automaton, Kind, Mode, Name
from monitor.hits.query import Node, asked, needs_words, parse, required
from monitor.model import Cue, Entity, Side, Topic, Watchlist

# Changes with every change of matching or scoring: stored verdicts name the engine that gave them, and a new one matches history again, quietly.
ENGINE = "hits-3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One watchlist ready for use. `actors`: wanted sides that have entities; `subjects`: wanted sides that have only topics.

    `required`: the sides without which the rule cannot hold. `fields`: the topics that an entity implies, by its id; `reach`: the sides that an
    entity can stand for, by itself and by those topics.
    """

    watchlist: Watchlist
    index: int
    rule: Node
    wanted: tuple[str, ...]
    required: frozenset[str]
    actors: tuple[str, ...]
    subjects: tuple[str, ...]
    entities: dict[str, Entity]
    entity_sides: dict[str, tuple[str, ...]]
    fields: dict[str, tuple[str, ...]]
    reach: dict[str, tuple[str, ...]]
    topics: dict[str, Topic]
    topic_sides: dict[str, tuple[str, ...]]
    cues: dict[str, Cue]
    contrast: dict[str, Entity]
    words_needed: bool

    def is_actor(self, id_: str) -> bool:
        """True for a firm, a body or a person of its own, not for a country, a place or a head of state."""
        entity = self.entities[id_]
        return not entity.hub and entity.type != "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """All watchlists of a run with their one automaton."""

    automaton: Automaton
    plans: tuple[Plan, ...]


def compile_watchlists(watchlists: Iterable[Watchlist]) -> Compiled:
    """Plans and automaton for watchlists. Raises query.QueryError where a `match` line is wrong."""
    chosen = tuple(watchlists)
    names = (name for index, watchlist in enumerate(chosen) for name in _names(index, watchlist))
    return Compiled(automaton=Automaton(names), plans=tuple(_plan(index, watchlist) for index, watchlist in enumerate(chosen)))


def _plan(index: int, watchlist: Watchlist) -> Plan:
    rule = parse(watchlist.match, [side.id for side in watchlist.sides])
    wanted = asked(rule)
    by_id = {side.id: side for side in watchlist.sides}
    entity_sides, topic_sides = _sides_of(watchlist.sides, "entities"), _sides_of(watchlist.sides, "topics")
    fields = {entity.id: entity.implies for side in watchlist.sides for entity in side.entities if entity.implies}
    return Plan(
        watchlist=watchlist,
        index=index,
        rule=rule,
        wanted=wanted,
        required=required(rule),
        actors=tuple(side for side in wanted if by_id[side].entities),
        subjects=tuple(side for side in wanted if by_id[side].topics and not by_id[side].entities),
        entities={entity.id: entity for side in watchlist.sides for entity in side.entities},
        entity_sides=entity_sides,
        fields=fields,
        reach={
            id_: (*sides, *(side for topic in fields.get(id_, ()) for side in topic_sides.get(topic, ())))
            for id_, sides in entity_sides.items()
        },
        topics={topic.id: topic for side in watchlist.sides for topic in side.topics},
        topic_sides=topic_sides,
        cues={cue.id: cue for cue in watchlist.cues},
        contrast={entity.id: entity for entity in watchlist.contrast},
        words_needed=needs_words(rule),
    )


def _sides_of(sides: Iterable[Side], what: str) -> dict[str, tuple[str, ...]]:
    """Ids of entities or topics to the sides that list them: one name may stand for two sides."""
    found: dict[str, tuple[str, ...]] = {}
    for side in sides:
        for one in side.entities if what == "entities" else side.topics:
            if one.enabled:
                found[one.id] = (*found.get(one.id, ()), side.id)
    return found


def _names(index: int, watchlist: Watchlist) -> Iterator[Name]:
    """All names of a watchlist; what stands on two sides is named once."""
    entities = {entity.id: entity for side in watchlist.sides for entity in side.entities if entity.enabled}
    topics = {topic.id: topic for side in watchlist.sides for topic in side.topics if topic.enabled}
    for entity in entities.values():
        yield from _entity(index, "entity", entity)
    for topic in topics.values():
        yield from _phrases(index, "topic", topic.id, topic.words)
    for entity in watchlist.contrast:
        if entity.enabled and entity.id not in entities:
            yield from _entity(index, "contrast", entity)
    for cue in watchlist.cues:
        yield from _phrases(index, "cue", cue.id, cue.words)
    for name in watchlist.masks:
        yield Name(index, "mask", "", "mask", name)


def _entity(index: int, kind: Kind, entity: Entity) -> Iterator[Name]:
    full: Mode = "exact" if entity.exact else "full"
    groups: tuple[tuple[Mode, tuple[str, ...]], ...] = (
        (full, entity.names),
        ("exact", entity.exact_names),
        ("short", entity.short),
        ("loose", entity.loose),
        ("never", entity.never),
    )
    for mode, names in groups:
        for name in names:
            yield Name(index, kind, entity.id, mode, name, type=entity.type)


def _phrases(index: int, kind: Kind, id_: str, words: tuple[tuple[str, tuple[str, ...]], ...]) -> Iterator[Name]:
    for lang, phrases in words:
        for phrase in phrases:
            yield Name(index, kind, id_, "word", phrase, lang=lang)
