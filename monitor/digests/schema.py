"""The JSON Schema (draft 2020-12) of webhook bodies, for receivers: `monitor digests schema` prints it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_INSTANT: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$",
    "description": "An instant in UTC, ISO 8601 with microseconds.",
}


def _object(required: Schema, **more: Any) -> Schema:
    """An object with exactly these properties, all required."""
    return {"type": "object", "properties": required, "required": list(required), "additionalProperties": False, **more}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_LINE = {
    "headline": {**_TEXT, "description": "The outlet's own headline."},
    "lang": {**_TEXT, "description": "Language code of the headline, or empty."},
    "url": {**_TEXT, "description": "http(s) address of the article, or empty."},
    "outlet": _TEXT,
}
_ITEM = _object(
    {
        "kind": {"enum": ["new", "update", "review", "found"]},
        "story": {**_COUNT, "description": "The development; stable over digests."},
        "hit": {**_COUNT, "description": "The article shown, for `monitor hits show`."},
        **_LINE,
        "sentence": {**_TEXT, "description": "The sentence that matched, or empty where it is the headline."},
        "marked": {**_list(_TEXT), "description": "The names marked in the sentence."},
        "names": {**_list(_TEXT), "description": "The entities that matched."},
        "topics": _list(_TEXT),
        "brings": {**_list(_TEXT), "description": "What an update adds to a story already told."},
        "differs": {**_list(_TEXT), "description": "Sums of money on which its reports disagree, each with both sources."},
        "earlier": {"anyOf": [_object(_LINE), {"type": "null"}], "description": "The development that this one goes on from."},
        "first_outlet": {**_TEXT, "description": "The outlet that had it first, or empty."},
        "copies": {
            "type": "object",
            "additionalProperties": _COUNT,
            "description": "Reports that repeat another, by news agency; empty key: none.",
        },
        "outlets": _list(_object(_LINE)),
        "reports": _COUNT,
        "languages": {"type": "object", "additionalProperties": _COUNT, "description": "Reports by language code."},
        "first_seen_at": _INSTANT,
        "published_at": {"anyOf": [_INSTANT, {"type": "null"}]},
        "score": {"type": "number"},
    }
)
_SINCE = _object({"name": _TEXT, "at": _INSTANT})
_COVERAGE = _object(
    {
        "sources": _COUNT,
        "healthy": _COUNT,
        "failing": _list(_object({"name": _TEXT, "since_at": _TEXT, "kind": _TEXT, "gone": {"type": "boolean"}})),
        "articles": _COUNT,
        "pending": _COUNT,
        "silent": {**_list(_SINCE), "description": "Sources quiet for longer than is usual for them."},
        "gaps": {**_list(_SINCE), "description": "Sources of which items may have been missed, and when that was seen."},
        "unwatched": {**_list(_list(_INSTANT)), "description": "Spans (from, to) in which nothing ran."},
    }
)
_DIGEST = _object(
    {
        "id": {**_TEXT, "description": "The digest's identity; one delivered twice has the same."},
        "kind": {"enum": ["digest", "urgent"], "description": "urgent: told at once, outside the schedule; slot is empty then."},
        "subscription": _TEXT,
        "title": _TEXT,
        "lang": _TEXT,
        "subject": _TEXT,
        "slot": _TEXT,
        "due_at": _INSTANT,
        "covers": _object({"from": _INSTANT, "to": _INSTANT}),
        "late": {"type": "boolean"},
        "missed_slots": _COUNT,
        "counts": _object(dict.fromkeys(("new", "update", "review", "found", "overflow", "echo"), _COUNT)),
        "hits_per_day": {
            **_list(_object({"day": {**_TEXT, "pattern": r"^\d{4}-\d\d-\d\d$"}, "hits": _COUNT})),
            "description": "The latest days in the subscription's time zone, oldest first; the last one so far. Empty where they are too few.",
        },
        "items": _list(_ITEM),
        "also": _list(_object(_LINE)),
        "coverage": _COVERAGE,
    }
)


def webhook_schema(others: Sequence[Schema] = ()) -> Schema:
    """The schema of what a webhook can receive: digests and urgent messages, and the bodies of `others` (alarms), told apart by `type`."""
    digest = _object({"type": {"enum": ["digest.ready", "hit.created", "story.updated"]}, "timestamp": _INSTANT, "data": _DIGEST})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Monitor webhook",
        "description": "Sent as Standard Webhooks: `webhook-id` is the same at every attempt, `webhook-signature` covers id, timestamp and body.",
        "oneOf": [digest, *others],
    }
