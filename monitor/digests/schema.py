"""The JSON Schema (draft 2020-12) of webhook bodies, for receivers: `monitor digests schema` prints it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.json_schema import COUNT, INSTANT, TEXT, Schema, event_of, list_of, object_of

_LINE = {
    "headline": {**TEXT, "description": "The outlet's own headline."},
    "lang": {**TEXT, "description": "Language code of the headline, or empty."},
    "url": {**TEXT, "description": "http(s) address of the article, or empty."},
    "outlet": TEXT,
}
_ITEM = object_of(
    {
        "kind": {"enum": ["new", "update", "review", "found"]},
        "story": {**COUNT, "description": "The development; stable over digests."},
        "hit": {**COUNT, "description": "The article shown, for `monitor hits show`."},
        **_LINE,
        "sentence": {**TEXT, "description": "The sentence that matched, or empty where it is the headline."},
        "marked": {**list_of(TEXT), "description": "The names marked in the sentence."},
        "names": {**list_of(TEXT), "description": "The entities that matched."},
        "topics": list_of(TEXT),
        "brings": {**list_of(TEXT), "description": "What an update adds to a story already told."},
        "differs": {**list_of(TEXT), "description": "Sums of money on which its reports disagree, each with both sources."},
        "earlier": {"anyOf": [object_of(_LINE), {"type": "null"}], "description": "The development that this one goes on from."},
        "first_outlet": {**TEXT, "description": "The outlet that had it first, or empty."},
        "copies": {
            "type": "object",
            "additionalProperties": COUNT,
            "description": "Reports that repeat another, by news agency; empty key: none.",
        },
        "outlets": list_of(object_of(_LINE)),
        "reports": COUNT,
        "languages": {"type": "object", "additionalProperties": COUNT, "description": "Reports by language code."},
        "first_seen_at": INSTANT,
        "published_at": {"anyOf": [INSTANT, {"type": "null"}]},
        "score": {"type": "number"},
    }
)
_SINCE = object_of({"name": TEXT, "at": INSTANT})
_COVERAGE = object_of(
    {
        "sources": COUNT,
        "healthy": COUNT,
        "failing": list_of(object_of({"name": TEXT, "since_at": TEXT, "kind": TEXT, "gone": {"type": "boolean"}})),
        "articles": COUNT,
        "pending": COUNT,
        "silent": {**list_of(_SINCE), "description": "Sources quiet for longer than is usual for them."},
        "gaps": {**list_of(_SINCE), "description": "Sources of which items may have been missed, and when that was seen."},
        "unwatched": {**list_of(list_of(INSTANT)), "description": "Spans (from, to) in which nothing ran."},
    }
)
_DIGEST = {
    "id": {**TEXT, "description": "With the type the identity of what is told: delivered twice, both are the same."},
    "kind": TEXT,
    "subscription": TEXT,
    "title": TEXT,
    "lang": TEXT,
    "subject": TEXT,
    "slot": TEXT,
    "due_at": INSTANT,
    "covers": object_of({"from": INSTANT, "to": INSTANT}),
    "late": {"type": "boolean"},
    "missed_slots": COUNT,
    "counts": object_of(dict.fromkeys(("new", "update", "review", "found", "overflow", "echo"), COUNT)),
    "hits_per_day": {
        **list_of(object_of({"day": {**TEXT, "pattern": r"^\d{4}-\d\d-\d\d$"}, "hits": COUNT})),
        "description": "The latest days in the subscription's time zone, oldest first; the last one so far. Empty where they are too few.",
    },
    "items": list_of(_ITEM),
    "also": list_of(object_of(_LINE)),
    "coverage": _COVERAGE,
}


def _digest(kind: str) -> Schema:
    return object_of({**_DIGEST, "kind": {"const": kind, "description": "urgent: told at once, outside the schedule; slot is empty then."}})


def webhook_schema(others: Sequence[Schema] = ()) -> Schema:
    """The schema of what a webhook can receive: digests, what is told at once, and the bodies of `others` (alarms, pings), told apart by `type`."""
    ready = event_of(("digest.ready",), _digest("digest"), "A digest, made for its slot or on request.")
    at_once = event_of(
        ("hit.created", "story.updated"), _digest("urgent"), "What is told at once: new developments, or what is new in one told before."
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Monitor webhook",
        "description": "Sent as Standard Webhooks: `webhook-id` is the same at every attempt, `webhook-signature` covers id, timestamp and body.",
        "oneOf": [ready, at_once, *others],
    }
