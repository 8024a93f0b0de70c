"""The JSON Schema of the alarms that webhooks receive. Pure."""

from __future__ import annotations

from monitor.json_schema import INSTANT, TEXT, Schema, event_of, list_of, object_of


def alarm_schemas() -> list[Schema]:
    """Bodies of what does not work (feed.unhealthy, alarm.raised), and of what works again (feed.recovered, alarm.cleared; with `until_at`)."""
    trouble = {
        "kind": TEXT,
        "subject": {**TEXT, "description": "What does not work; the same when it is raised and cleared."},
        "feed": {**TEXT, "description": "The feed's name; empty where it is not about one feed."},
        "text": TEXT,
        "since_at": INSTANT,
        "mend": {**TEXT, "description": "A command that helps, or empty."},
    }
    return [
        _body(("feed.unhealthy", "alarm.raised"), trouble, "Feeds, or other parts, that do not work."),
        _body(("feed.recovered", "alarm.cleared"), {**trouble, "until_at": INSTANT}, "Feeds, or other parts, that work again."),
    ]


def _body(types: tuple[str, ...], trouble: Schema, description: str) -> Schema:
    alarms = list_of(object_of(trouble), minItems=1)
    return event_of(types, object_of({"id": TEXT, "subject": TEXT, "alarms": alarms}), description)
