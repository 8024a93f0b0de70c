"""Building blocks of a JSON Schema (draft 2020-12), for the schema of what webhooks receive. Pure."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INSTANT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
    "description": "An instant in UTC, ISO 8601 with microseconds.",
}


def object_of(properties: Schema, **more: Any) -> Schema:
    """An object with exactly these properties, all required."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False, **more}


def list_of(items: Schema, **more: Any) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": items, **more}


def event_of(types: tuple[str, ...], data: Schema, description: str) -> Schema:
    """A webhook's body as Standard Webhooks has it: `type` is one of these, `timestamp`, and the data."""
    return object_of({"type": {"enum": list(types)}, "timestamp": INSTANT, "data": data}, description=description)
