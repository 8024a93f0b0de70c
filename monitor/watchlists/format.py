"""The watchlist file: TOML text to `Watchlist` values, or to every problem at once with its line.

The language is described in the README. Sides include parts, of the gazetteer or of the file's own; masks and cues of the gazetteer always apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast

from monitor import text as texts
from monitor.model import Cue, Entity, Side, Topic, Watchlist
from monitor.watchlists import blocks
from monitor.watchlists.blocks import Part, Parts
from monitor.watchlists.tables import Reading, Table, join, nearest

_TOP = ("version", "watchlist", "side", "part", "contrast", "mask", "cue")
_WATCHLIST = ("title", "expect", "match", "bond", "alert", "review")
_SIDE = ("title", "include", "entity", "topic")
_CONTRAST = ("include", "entity")
_Listed = TypeVar("_Listed", Entity, Topic)
CONTRAST = "others"
"""The side of gazetteer parts that always apply as contrast: other countries, their leaders and firms. Meetings of many countries are not contrast."""
_BONDS = ("sentence", "near", "article")

# Names in a match expression: all words but the language's own; hits/query.py reads its grammar.
_WORD = re.compile(r'"[^"]*"|[\w/:-]+')
_OWN_WORD = re.compile(r"(?:and|or|not|near|same-sentence|at-least|at-least-\d+|near/\d+|\d+)\Z", re.IGNORECASE)
_OPERATORS = ("near/5", "same-sentence", "at-least-2", "title:", "lead:")
_ZONE = re.compile(r"(?:title|lead):", re.IGNORECASE)


def parse_watchlists(text: str, file: str, parts: Parts) -> tuple[Watchlist, ...]:
    """The watchlists of one file, in its order. `file` names it in messages. Raises ConfigError with all problems."""
    reading = Reading(text, file)
    root = reading.root()
    reading.known(root, "", _TOP)
    if root.get("version", 1) != 1:
        reading.problem("version", f"version {root['version']!r} of the file format is not known", "this program reads version = 1")
    parts = _extended(reading, root, parts)
    sides = {name: _side(reading, table, path, parts) for name, path, table in reading.named(root, "", "side")}
    topics = {topic.id: topic for side in sides.values() for topic in side.topics}
    _check_entities(reading, root, topics)
    contrast = _contrast(reading, reading.table(root, "", "contrast"), parts)
    masks = tuple(dict.fromkeys((*parts.masks, *blocks.masks(reading, root))))
    cues = _cues(parts.cues, blocks.cues(reading, root))
    known = {name: _known_implies(side, topics) for name, side in sides.items()}
    found = [_watchlist(reading, table, path, known) for _, path, table in reading.named(root, "", "watchlist")]
    if not found and not reading.problems:
        reading.problem("", "no watchlist in this file", "begin with [watchlist.NAME] and its match")
    reading.finish()
    return tuple(_digested(replace(one, masks=masks, cues=cues, contrast=_against(contrast, one))) for one in found)


def _extended(reading: Reading, root: Table, parts: Parts) -> Parts:
    """The gazetteer with the parts that this file writes itself, which its sides include by name like any other."""
    own = blocks.parts(reading, root)
    for name in own:
        if name in parts.parts:
            reading.problem(
                f"part.{name}", "the gazetteer has a part of this name", "choose another name, or add to its entities in a side"
            )
    return replace(parts, parts={**parts.parts, **own})


def sides_named(match: str) -> tuple[str, ...]:
    """The side ids that a match expression names, each once, in order."""
    words = (_ZONE.sub("", word) for word in _WORD.findall(match) if not word.startswith('"'))
    return tuple(dict.fromkeys(word for word in words if word and not _OWN_WORD.match(word)))


def _included(reading: Reading, table: Table, path: str, parts: Parts) -> tuple[list[Part], bool]:
    """The parts that a table includes, and whether all of them exist."""
    names = reading.list(table, path, "include")
    for number, name in enumerate(names):
        if name not in parts.parts:
            reading.problem(f"{path}.include.{number}", f"the gazetteer has no part {name!r}", nearest(name, parts.parts))
    found = [parts.parts[name] for name in names if name in parts.parts]
    return found, len(found) == len(names)


def _contrast(reading: Reading, table: Table, parts: Parts) -> tuple[Entity, ...]:
    """What belongs to no side and speaks against a match: the gazetteer's contrast parts, the parts included and the entities written under [contrast]."""
    reading.known(table, "contrast", _CONTRAST)
    included, complete = _included(reading, table, "contrast", parts)
    always = [part for part in parts.parts.values() if part.side == CONTRAST and part not in included]
    known = {entity.id: entity for part in reversed([*always, *included]) for entity in part.entities if entity.type != "event"}
    own = blocks.entities(reading, table, "contrast", known, bare=not complete)
    return tuple((known | {entity.id: entity for entity in own}).values())


def _against(contrast: tuple[Entity, ...], watchlist: Watchlist) -> tuple[Entity, ...]:
    """The contrast of one watchlist: without what stands on its sides, by id or by name."""
    mine = {entity.id for side in watchlist.sides for entity in side.entities}
    names = {texts.fold(name) for side in watchlist.sides for entity in side.entities for name in entity.names}
    return tuple(one for one in contrast if one.id not in mine and not any(texts.fold(name) in names for name in one.names))


def _side(reading: Reading, table: Table, path: str, parts: Parts) -> Side:
    reading.known(table, path, _SIDE)
    included, complete = _included(reading, table, path, parts)
    known_entities = {entity.id: entity for part in reversed(included) for entity in part.entities}
    known_topics = {topic.id: topic for part in reversed(included) for topic in part.topics}
    own_entities = blocks.entities(reading, table, path, known_entities, bare=not complete)
    own_topics = blocks.topics(reading, table, path, known_topics)
    name = path.rsplit(".", 1)[-1]
    side = Side(
        id=name,
        title=reading.words(table, path, "title", name),
        entities=tuple((known_entities | {entity.id: entity for entity in own_entities}).values()),
        topics=tuple((known_topics | {topic.id: topic for topic in own_topics}).values()),
    )
    if not side.entities and not side.topics and "include" not in table:
        reading.problem(path, "has nothing to look for", "add an entity, a topic or include = [...]")
    return side


def _check_entities(reading: Reading, root: Table, topics: Mapping[str, Topic]) -> None:
    """Problems between blocks: one id twice, topics that are implied and do not exist."""
    seen: dict[str, str] = {}
    for side_id, side_path, side in reading.named(root, "", "side"):
        own_topics = {name for name, _, _ in reading.named(side, side_path, "topic")}
        for name, path, row in reading.named(side, side_path, "entity"):
            if name in seen:
                reading.problem(path, f"the id {name!r} stands on side {seen[name]!r} too", "one entity, one id, one side")
            if name in own_topics:
                reading.problem(path, f"the id {name!r} is a topic of this side too", "give one of them another id")
            seen[name] = side_id
            blocks.check_implies(reading, path, row, topics)


def _known_implies(side: Side, topics: Mapping[str, Topic]) -> Side:
    """The side without implied topics that no side of this file has (a part's firm may imply a topic that was not included)."""
    entities = (replace(entity, implies=tuple(topic for topic in entity.implies if topic in topics)) for entity in side.entities)
    return replace(side, entities=tuple(entities))


def _watchlist(reading: Reading, table: Table, path: str, sides: Mapping[str, Side]) -> Watchlist:
    reading.known(table, path, _WATCHLIST)
    match = reading.words(table, path, "match")
    if not match:
        reading.problem(join(path, "match"), "missing key" if "match" not in table else "empty", "names of sides joined by and, or, not")
    named = sides_named(match)
    for name in named:
        if name not in sides:
            column = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", match)
            where = f"column {column.start() + 1}: " if column else ""
            reading.problem(join(path, "match"), f"{where}there is no [side.{name}]", nearest(name, (*sides, *_OPERATORS)))
    alert = reading.number(table, path, "alert", 5.0)
    review = reading.number(table, path, "review", 3.0)
    if alert < review:
        reading.problem(join(path, "alert"), f"alert = {alert:g} is below review = {review:g}", "alert is the higher of the two bands")
    name = path.rsplit(".", 1)[-1]
    return Watchlist(
        id=name,
        title=reading.words(table, path, "title", name),
        match=match,
        bond=cast("Literal['sentence', 'near', 'article']", reading.choice(table, path, "bond", _BONDS, "sentence")),
        alert=alert,
        review=review,
        expect=reading.words(table, path, "expect"),
        sides=tuple(sides[name] for name in named if name in sides),
    )


def _cues(known: tuple[Cue, ...], own: tuple[Cue, ...]) -> tuple[Cue, ...]:
    """The gazetteer's cues; one of the same id in the file replaces its points and limit and adds its words."""
    found = {cue.id: cue for cue in known}
    for cue in own:
        words = dict(found[cue.id].words) if cue.id in found else {}
        for lang, more in cue.words:
            words[lang] = tuple(dict.fromkeys((*words.get(lang, ()), *more)))
        found[cue.id] = replace(cue, words=tuple(words.items()))
    return tuple(found.values())


def _digested(watchlist: Watchlist) -> Watchlist:
    """The watchlist with the hash of what decides its verdicts: not its comments, layout, provenance or expectation."""
    sides = tuple(replace(side, entities=_in_use(side.entities), topics=_in_use(side.topics)) for side in watchlist.sides)
    meaning = replace(watchlist, expect="", digest="", sides=sides, contrast=_in_use(watchlist.contrast))
    return replace(watchlist, digest=texts.digest("watchlist 1", json.dumps(meaning, ensure_ascii=False, sort_keys=True, default=_plain)))


def _in_use(listed: tuple[_Listed, ...]) -> tuple[_Listed, ...]:
    """Those that are switched on, without where they came from."""
    return tuple(replace(each, seeds=()) if each.seeds else each for each in listed if each.enabled)


def _plain(value: Any) -> object:
    """A dataclass as the object that JSON writes, one level at a time: asdict copies every text of a gazetteer that holds ten thousand."""
    return {field.name: getattr(value, field.name) for field in fields(value)} if is_dataclass(value) else str(value)
