"""The JSON Schema (draft 2020-12) of the alarms that webhooks receive. Pure."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_INSTANT: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"}


def alarm_schemas() -> list[Schema]:
    """One schema for `alarm.raised` (something does not work) and one for `alarm.cleared` (it works again, with `until_at`)."""
    trouble = {
        "kind": _TEXT,
        "subject": {**_TEXT, "description": "What does not work; the same when it is raised and cleared."},
        "text": _TEXT,
        "since_at": _INSTANT,
        "mend": {**_TEXT, "description": "A command that helps, or empty."},
    }
    return [_body("alarm.raised", trouble), _body("alarm.cleared", {**trouble, "until_at": _INSTANT})]


def _body(type_: str, trouble: Schema) -> Schema:
    data = _object({"id": _TEXT, "subject": _TEXT, "alarms": {"type": "array", "minItems": 1, "items": _object(trouble)}})
    return _object({"type": {"const": type_}, "timestamp": _INSTANT, "data": data})


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
