"""The blocks that watchlist files and the gazetteer share: entities, topics, cues, masks and parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar, cast, get_args

from monitor.model import Cue, Entity, EntityType, Role, Topic
from monitor.watchlists.tables import Reading, Table, join, nearest

Item = TypeVar("Item")

_LISTS = ("names", "exact_names", "short", "loose", "never")
_ENTITY = ("title", "type", *_LISTS, "exact", "hub", "implies", "role", "seeds", "enabled")
_TOPIC = ("title", "weight", "seeds", "enabled")
_TYPES: tuple[str, ...] = get_args(EntityType)
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})?\.\.(\d{4}-\d{2}-\d{2})?\Z")
_LANG = re.compile(r"[a-z]{2}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A named set of entities and topics that a side may include. `side`: the side it usually stands on."""

    name: str
    title: str
    side: str
    entities: tuple[Entity, ...] = ()
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is known before any watchlist: the gazetteer's parts by name, its masks and its cues."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    masks: tuple[str, ...] = ()
    cues: tuple[Cue, ...] = ()


def entities(reading: Reading, table: Table, path: str, known: Mapping[str, Entity], *, bare: bool = False) -> tuple[Entity, ...]:
    """The entities written under `table`; one whose id is in `known` extends it: lists grow, single values replace.

    `bare`: an entity without names is let pass (it may extend one of a part that was not found).
    """
    found: list[Entity] = []
    for name, place, row in reading.named(table, path, "entity"):
        entity = _entity(reading, row, place, name, known.get(name))
        if not (bare or entity.names or entity.exact_names or entity.loose) and not any(
            key in row for key in ("names", "exact_names", "loose")
        ):
            reading.problem(place, "has no name to look for", 'add names = ["..."]')
        found.append(entity)
    return tuple(found)


def topics(reading: Reading, table: Table, path: str, known: Mapping[str, Topic]) -> tuple[Topic, ...]:
    """The topics written under `table`; one whose id is in `known` extends it."""
    return tuple(_topic(reading, row, place, name, known.get(name)) for name, place, row in reading.named(table, path, "topic"))


def cues(reading: Reading, table: Table, path: str = "") -> tuple[Cue, ...]:
    """The cues written under `table`."""
    found: list[Cue] = []
    for name, place, row in reading.named(table, path, "cue"):
        reading.known(row, place, ("points", "limit"), languages=True)
        limit = reading.whole(row, place, "limit", 2)
        if limit < 1:
            reading.problem(join(place, "limit"), "should be at least 1")
        if "points" not in row:
            reading.problem(join(place, "points"), "missing key", "points that each of its words adds, such as 0.5 or -1.0")
        found.append(
            Cue(id=name, points=reading.number(row, place, "points", 0.0), limit=limit, words=_by_language(reading, row, place, ()))
        )
    return tuple(found)


def masks(reading: Reading, table: Table) -> tuple[str, ...]:
    """The names under [mask]."""
    mask = reading.table(table, "", "mask")
    reading.known(mask, "mask", ("names",))
    return _names(reading, mask, "mask", "names")


def parts(reading: Reading, table: Table) -> dict[str, Part]:
    """The parts written under [part.NAME]."""
    found: dict[str, Part] = {}
    for name, place, row in reading.named(table, "", "part"):
        reading.known(row, place, ("title", "side", "entity", "topic"))
        found[name] = Part(
            name=name,
            title=reading.words(row, place, "title", name),
            side=reading.words(row, place, "side", name.split("-", 1)[0]),
            entities=entities(reading, row, place, {}),
            topics=topics(reading, row, place, {}),
        )
    return found


def _entity(reading: Reading, row: Table, place: str, name: str, known: Entity | None) -> Entity:
    reading.known(row, place, _ENTITY)
    lists = {key: _names(reading, row, place, key) for key in _LISTS}
    before = known or Entity(id=name, title="")
    merged = {key: _joined(getattr(before, key), lists[key]) for key in _LISTS}
    first = next((text for key in ("names", "exact_names", "loose", "short") for text in lists[key]), name)
    return Entity(
        id=name,
        title=reading.words(row, place, "title", before.title or first.rstrip("*")),
        type=cast("EntityType", reading.choice(row, place, "type", _TYPES, before.type)),
        **merged,
        exact=reading.flag(row, place, "exact", before.exact),
        hub=reading.flag(row, place, "hub", before.hub),
        implies=_joined(before.implies, reading.list(row, place, "implies")),
        roles=_joined(before.roles, _roles(reading, row, place)),
        seeds=_joined(before.seeds, reading.list(row, place, "seeds")),
        enabled=reading.flag(row, place, "enabled", True),
    )


def _topic(reading: Reading, row: Table, place: str, name: str, known: Topic | None) -> Topic:
    reading.known(row, place, _TOPIC, languages=True)
    before = known or Topic(id=name, title="")
    words = _by_language(reading, row, place, before.words)
    if not words:
        reading.problem(place, "has no words to look for", 'add en = ["..."], vi = ["..."] or fr = ["..."]')
    weight = reading.number(row, place, "weight", before.weight)
    if not 0 < weight <= 10:
        reading.problem(join(place, "weight"), f"should be above 0 and at most 10, not {weight:g}")
    first = next((texts[0] for _, texts in words if texts), name)
    return Topic(
        id=name,
        title=reading.words(row, place, "title", before.title or first.rstrip("*")),
        weight=weight,
        words=words,
        seeds=_joined(before.seeds, reading.list(row, place, "seeds")),
        enabled=reading.flag(row, place, "enabled", True),
    )


def _by_language(
    reading: Reading, row: Table, place: str, before: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    words = dict(before)
    for key in row:
        if _LANG.match(key):
            words[key] = _joined(words.get(key, ()), _names(reading, row, place, key))
    return tuple((lang, texts) for lang, texts in words.items() if texts)


def _names(reading: Reading, row: Table, place: str, key: str) -> tuple[str, ...]:
    """The texts under `key`, each with a letter or digit and a `*` only at its end."""
    good: list[str] = []
    for text in reading.list(row, place, key):
        stem = text.removesuffix("*")
        if "*" not in stem and stem == stem.rstrip() and any(char.isalnum() for char in stem):
            good.append(text)
            continue
        where = f"{place}.{key}.{_index(row, key, text)}"
        if "*" in stem:
            reading.problem(where, f"{text!r}: * stands only at the end of a name", f"did you mean {stem.replace('*', '')!r}?")
        elif stem != stem.rstrip():
            reading.problem(where, f"{text!r}: * follows a letter, not a blank", f"did you mean {stem.rstrip()!r}?")
        else:
            reading.problem(where, f"{text!r} has no letter or digit")
    return tuple(good)


def _index(row: Table, key: str, text: str) -> int:
    value = row.get(key)
    items = value if isinstance(value, list) else []
    return next((number for number, item in enumerate(items) if isinstance(item, str) and " ".join(item.split()) == text), 0)


def _roles(reading: Reading, row: Table, place: str) -> tuple[Role, ...]:
    value = row.get("role", {})
    where = join(place, "role")
    if isinstance(value, str):
        return (Role(title=value),)
    if not isinstance(value, dict):
        reading.problem(where, 'should be { "2024-05-22..2024-10-21" = "President" } or text in quotes')
        return ()
    return tuple(role for days, title in value.items() if (role := _role(reading, where, days, title)))


def _role(reading: Reading, where: str, days: str, title: object) -> Role | None:
    place = join(where, days)
    found = _DAYS.match(days)
    if not isinstance(title, str) or not title.strip():
        reading.problem(place, "the office should be text in quotes")
        return None
    if not found:
        reading.problem(place, f"{days!r} is not a span of days", 'such as "2024-08-03.." or "2024-05-22..2024-10-21"')
        return None
    try:
        since, until = (date.fromisoformat(day) if day else None for day in found.groups())
    except ValueError:
        reading.problem(place, f"{days!r} holds a day that does not exist")
        return None
    if since and until and until < since:
        reading.problem(place, f"{days!r} ends before it begins", f'did you mean "{until}..{since}"?')
        return None
    return Role(title=title, since_on=since, until_on=until)


def check_implies(reading: Reading, path: str, row: Table, known: Mapping[str, Topic]) -> None:
    """Notes each topic that the entity written in `row` implies and that no side has."""
    for topic in reading.list(row, path, "implies"):
        if topic not in known:
            reading.problem(join(path, "implies"), f"no side has a topic {topic!r}", nearest(topic, known))


def _joined(before: tuple[Item, ...], own: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys((*before, *own)))
