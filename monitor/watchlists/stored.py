"""A watchlist from its stored meaning: the JSON that a version in the store keeps, as `json.dumps(asdict(watchlist), default=str)` wrote it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitor.model import Cue, Entity, Role, Side, Topic, Watchlist

_LISTS = ("names", "exact_names", "short", "loose", "never", "implies", "seeds")


def watchlist_of(source: str) -> Watchlist:
    """The watchlist of a stored version: equal to the one that was stored."""
    fields: dict[str, Any] = json.loads(source)
    return Watchlist(
        **{
            **fields,
            "sides": tuple(_side(side) for side in fields["sides"]),
            "masks": tuple(fields["masks"]),
            "cues": tuple(Cue(**{**cue, "words": _words(cue["words"])}) for cue in fields["cues"]),
            "contrast": tuple(_entity(entity) for entity in fields["contrast"]),
        }
    )


def _side(fields: Mapping[str, Any]) -> Side:
    return Side(
        id=fields["id"],
        title=fields["title"],
        entities=tuple(_entity(entity) for entity in fields["entities"]),
        topics=tuple(Topic(**{**topic, "words": _words(topic["words"]), "seeds": tuple(topic["seeds"])}) for topic in fields["topics"]),
    )


def _entity(fields: Mapping[str, Any]) -> Entity:
    roles = tuple(Role(title=role["title"], since_on=_day(role["since_on"]), until_on=_day(role["until_on"])) for role in fields["roles"])
    return Entity(**{**fields, **{name: tuple(fields[name]) for name in _LISTS}, "roles": roles})


def _words(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((lang, tuple(words)) for lang, words in rows)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
