"""A digest's payload: its document as JSON, and back. Fields that an earlier version did not write get their defaults. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields, is_dataclass
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from monitor.digests.document import Document
from monitor.errors import DigestUnreadable
from monitor.hours import from_text, is_zone

_SCALARS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def to_json(found: Document) -> str:
    """The document as its stored payload."""
    return json.dumps(asdict(found), ensure_ascii=False, separators=(",", ":"))


def plain(text: str) -> dict[str, Any]:
    """The payload as plain values. Raises DigestUnreadable where it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DigestUnreadable(str(error)) from None
    if not isinstance(found, dict):
        raise DigestUnreadable("it is not an object")
    return found


def from_json(text: str) -> Document:
    """The document of a stored payload; what nobody here knows is left out. Raises DigestUnreadable, with the place, where it cannot be shown."""
    try:
        found = cast("Document", _read(Document, plain(text), ""))
    except ValueError as error:
        raise DigestUnreadable(str(error)) from None
    for fault in _faults(found):
        raise DigestUnreadable(fault)
    return found


def _faults(found: Document) -> Iterator[str]:
    """What no type tells and no sentence can be made without."""
    if not is_zone(found.zone):
        yield "zone is none that this machine knows"
    if any(source.since_at == "" and not source.gone for source in found.coverage.failing):
        yield "coverage.failing.since_at is missing"
    if any(entry.earlier is not None and not entry.earlier_at for entry in found.entries):
        yield "entries.earlier_at is missing"
    for day, _ in found.days:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield "days holds what is no day"


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, place: str) -> Any:
    """A plain value as `kind`: a dataclass, a tuple, one of two, or a scalar. Raises ValueError with the place."""
    if is_dataclass(kind):
        return _object(cast("type", kind), value, place)
    origin, inside = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(value, list) or (inside[-1] is not ... and len(inside) != len(value)):
            raise ValueError(f"{place} is not a list as it should be")
        kinds = inside[:1] * len(value) if inside[-1] is ... else inside
        return tuple(_read(each, part, f"{place}.{number}") for number, (each, part) in enumerate(zip(kinds, value, strict=True)))
    if origin is UnionType:
        return None if value is None else _read(inside[0], value, place)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"{place} is not {_SCALARS[kind]}")
    if kind is str:
        value.encode("utf-8")
    return value


def _object(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{place or 'it'} is not an object")
    inside = f"{place}." if place else ""
    given = {name: _read(each, value[name], inside + name) for name, each in _types(kind).items() if name in value}
    for field in fields(kind):
        if field.name not in given and field.default is MISSING:
            raise ValueError(f"{inside}{field.name} is missing")
        if field.name.endswith("at") and (text := given.get(field.name, "")) != field.default:
            _instant(text, inside + field.name)
    return kind(**given)


def _instant(text: str, place: str) -> None:
    try:
        from_text(text)
    except ValueError:
        raise ValueError(f"{place} is not an instant") from None
