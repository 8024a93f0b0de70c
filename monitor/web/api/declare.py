"""What operations are declared with: parameters, and the shapes of what is answered. The same declaration checks a request, makes an answer of a row,
and becomes the OpenAPI document (JSON Schema 2020-12). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from types import MappingProxyType
from typing import Any

from monitor.hours import to_text
from monitor.store.driver import Row, Store, Value

Schema = Mapping[str, Any]

TEXT: Schema = MappingProxyType({"type": "string"})
NUMBER: Schema = MappingProxyType({"type": "number"})
WHOLE: Schema = MappingProxyType({"type": "integer"})
FLAG: Schema = MappingProxyType({"type": "boolean"})
INSTANT: Schema = MappingProxyType({"type": "string", "format": "date-time"})
OBJECT: Schema = MappingProxyType({"type": "object"})
TEXTS: Schema = MappingProxyType({"type": "array", "items": {"type": "string"}})
WHOLES: Schema = MappingProxyType({"type": "array", "items": {"type": "integer"}})

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
_MOST_CHARS = 200
_DIGITS = 36
_CURSOR_CHARS = 10
MOST_A_PAGE = 200


def maybe(schema: Schema) -> Schema:
    """The same, or null where nothing is known."""
    if "enum" in schema:
        return {"type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(words)}


class BadValue(Exception):
    """A parameter's value that cannot be used; carries why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An object that is answered. `fields`: all of them are there in each answer, and no other."""

    name: str
    said: str
    fields: tuple[Field, ...]

    def of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row in this shape. Raises KeyError where a field is missing."""
        return {each.name: each.of(row[each.name]) for each in self.fields}

    def example(self) -> dict[str, Any]:
        """An example of it."""
        return {each.name: each.shown() for each in self.fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a shape: a value by `schema`, or objects of a `shape` (several of them)."""

    name: str
    said: str
    schema: Schema = field(default_factory=lambda: TEXT)
    example: Any = None
    shape: Shape | None = None

    def of(self, value: Any) -> Any:
        """A value of a row as JSON has it."""
        if self.shape is not None:
            return [self.shape.of(row) for row in value]
        if isinstance(value, datetime):
            return to_text(value)
        if self.schema["type"] == "boolean":
            return bool(value)
        return list(value) if isinstance(value, tuple) else value

    def shown(self) -> Any:
        """The example."""
        return [self.shape.example()] if self.shape is not None else self.example


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a query: what it means, what it may be, how its text is read (`read` raises BadValue)."""

    name: str
    said: str
    schema: Schema
    example: Any

    def read(self, text: str) -> Value:
        """The value of a text. Raises BadValue."""
        kinds = self.schema
        if "anyOf" in kinds:
            return _instant(text)
        if kinds["type"] == "boolean":
            if text not in {"true", "false"}:
                raise BadValue("is true or false")
            return text == "true"
        if kinds["type"] == "integer":
            return _whole(text, kinds)
        if "enum" in kinds and text not in kinds["enum"]:
            raise BadValue(f"is one of {', '.join(kinds['enum'])}")
        if not 1 <= len(text) <= _MOST_CHARS:
            raise BadValue(f"has 1 to {_MOST_CHARS} characters")
        return text


def _whole(text: str, schema: Schema) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16 and schema["minimum"] <= int(text) <= schema["maximum"]):
        raise BadValue(f"is a whole number from {schema['minimum']} to {schema['maximum']}")
    return int(text)


def _instant(text: str) -> datetime:
    """An instant by RFC 3339, or a day, which begins at 00:00 UTC."""
    try:
        if len(text) == 10:
            return max(_EARLIEST, min(_LATEST, datetime.combine(datetime.fromisoformat(text).date(), time(), UTC)))
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        raise BadValue("is an instant such as 2024-09-26T07:00:00Z, or a day such as 2024-09-26") from None
    if found.tzinfo is None or "T" not in text.upper():
        raise BadValue("is an instant with its zone, such as 2024-09-26T07:00:00Z")
    return _EARLIEST if found < _EARLIEST else min(found, _LATEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object by the last step of its path, which `key` describes. `read` gives the row of such a step; it may raise NothingSelected."""

    path: str
    said: str
    shape: Shape
    key: Parameter
    read: Callable[[Store, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A list, page by page. `listing`: its name in store/reading.py; `row` makes of a stored row one of the shape.

    Filters are those of the listing by their names, and `since`, `until` and `q`, which every listing with a time and with articles knows.
    """

    path: str
    said: str
    shape: Shape
    listing: str
    filters: tuple[Parameter, ...]
    row: Callable[[Row], Mapping[str, Any]] = dict

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The list's own filters and those of every list."""
        return (*self.filters, LIMIT, CURSOR)


def word(name: str, said: str, example: str) -> Parameter:
    """A parameter that takes a text."""
    return Parameter(name=name, said=said, schema={"type": "string", "minLength": 1, "maxLength": _MOST_CHARS}, example=example)


def choice(name: str, said: str, words: Sequence[str]) -> Parameter:
    """A parameter that takes one of some words."""
    return Parameter(name=name, said=said, schema=one_of(*words), example=words[0])


def number(name: str, said: str, most: int = 10**15 - 1) -> Parameter:
    """A parameter that takes a whole number from 1 on."""
    return Parameter(name=name, said=said, schema={"type": "integer", "minimum": 1, "maximum": most}, example=1)


def since_and_until(what: str) -> tuple[Parameter, Parameter]:
    """The two ends of a span of time, the later one not within it."""
    schema = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    return (
        Parameter(name="since", said=f"Only those {what} at this instant or later.", schema=schema, example="2024-09-26T00:00:00Z"),
        Parameter(name="until", said=f"Only those {what} before this instant.", schema=schema, example="2024-09-28"),
    )


LIMIT = Parameter(
    name="limit",
    said="At most so many items a page.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_A_PAGE, "default": 50},
    example=50,
)
CURSOR = Parameter(
    name="cursor",
    said="Where the page begins: `next` of the page before it. Without it: the newest.",
    schema={"type": "string", "pattern": f"^[0-9a-z]{{1,{_CURSOR_CHARS}}}$"},
    example="4f",
)


def cursor(before: int) -> str:
    """A place in a list as an opaque word."""
    word, rest = "", before
    while rest or not word:
        rest, digit = divmod(rest, _DIGITS)
        word = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + word
    return word


def place(text: str) -> int:
    """The place that a cursor stands for. Raises BadValue."""
    if not (text.isascii() and text.isalnum() and text == text.lower() and len(text) <= _CURSOR_CHARS):
        raise BadValue("is `next` of the page before, as it was given")
    return int(text, _DIGITS)
