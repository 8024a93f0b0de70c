"""An alarm as messages: a short mail, the webhook's JSON, a line of chat. Pure; always in English, for the operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.alarms.decide import Alarm
from monitor.hours import to_text
from monitor.notice import TITLE, bodies
from monitor.text import one_line

_MOST_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message in every form: its subject, and its bytes by the form that channels ask for."""

    subject: str
    bodies: Mapping[str, bytes]


def told(uid: str, alarms: Sequence[Alarm], *, over: bool, now: datetime) -> Told:
    """The message that says what has stopped working, or (`over`) what works again."""
    subject = _subject(alarms, over)
    lines = [_line(alarm, over, now) for alarm in alarms]
    text = "\n\n".join([_head(len(alarms), over), *lines, "What stands now: monitor status"]) + "\n"
    data = {"id": uid, "subject": subject, "alarms": [_json(alarm, over, now) for alarm in alarms]}
    event = {"type": event_type(alarms, over), "timestamp": to_text(now), "data": data}
    return Told(subject=subject, bodies=bodies(subject, text, event))


def event_type(alarms: Sequence[Alarm], over: bool) -> str:
    """The webhook's word for alarms: feeds have their own."""
    if all(map(_is_of_feeds, alarms)):
        return "feed.recovered" if over else "feed.unhealthy"
    return "alarm.cleared" if over else "alarm.raised"


def by_event(alarms: Sequence[Alarm]) -> tuple[tuple[Alarm, ...], ...]:
    """Alarms apart by what a webhook calls them, each group a message of its own; empty groups are left out."""
    groups = (tuple(filter(_is_of_feeds, alarms)), tuple(alarm for alarm in alarms if not _is_of_feeds(alarm)))
    return tuple(group for group in groups if group)


def _is_of_feeds(alarm: Alarm) -> bool:
    return alarm.trouble.kind.startswith(("feed.", "feeds."))


def _subject(alarms: Sequence[Alarm], over: bool) -> str:
    if len(alarms) == 1:
        text = alarms[0].trouble.text.partition(":")[0]
        return one_line(f"{TITLE}: works again: {alarms[0].trouble.subject}" if over else f"{TITLE}: {text}", 120)
    return f"{TITLE}: {len(alarms)} things work again" if over else f"{TITLE}: {len(alarms)} things do not work"


def _head(count: int, over: bool) -> str:
    if over:
        return "This works again:" if count == 1 else "These work again:"
    return "This needs a look:" if count == 1 else "These need a look:"


def _line(alarm: Alarm, over: bool, now: datetime) -> str:
    trouble = alarm.trouble
    text = one_line(trouble.text, _MOST_CHARS)
    since = f"since {alarm.since_at:%Y-%m-%d %H:%M} UTC"
    if over:
        return f"- {one_line(trouble.subject, _MOST_CHARS)}; it did not {since} until {alarm.away_at or now:%Y-%m-%d %H:%M} UTC ({text})"
    mend = f"\n  next: {one_line(trouble.command)}"
    return f"- {text} ({since}){mend}"


def _json(alarm: Alarm, over: bool, now: datetime) -> dict[str, object]:
    trouble = alarm.trouble
    subject, text = one_line(trouble.subject, _MOST_CHARS), one_line(trouble.text, _MOST_CHARS)
    feed = subject.partition(" ")[2] if trouble.kind.startswith("feed.") else ""
    fields: dict[str, object] = {"kind": trouble.kind, "subject": subject, "feed": feed, "text": text}
    fields |= {"since_at": to_text(alarm.since_at), "mend": one_line(trouble.command)}
    return fields | ({"until_at": to_text(alarm.away_at or now)} if over else {})
