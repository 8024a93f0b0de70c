"""An alarm as messages: a short mail, the webhook's JSON, a line of chat. Pure; always in English, for the operator."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from monitor.alarms.decide import Alarm
from monitor.hours import to_text
from monitor.text import one_line

TITLE = "Monitor"
_MOST_CHARS = 500
_CHAT_CHARS = 1900
"""Discord takes 2,000 characters; the others more."""


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
    html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head><body><pre>{escape(text)}</pre></body></html>'
    mail = {"subject": subject, "text": text, "html": html, "lang": "en", "title": TITLE, "preheader": subject}
    data = {"id": uid, "subject": subject, "alarms": [_json(alarm, over, now) for alarm in alarms]}
    body = {"type": "alarm.cleared" if over else "alarm.raised", "timestamp": to_text(now), "data": data}
    forms: dict[str, Mapping[str, object]] = {"mail": mail, "file": mail, "json": body, **_chats(f"{subject}\n\n{text}")}
    return Told(subject=subject, bodies={form: _bytes(value) for form, value in forms.items()})


def _chats(text: str) -> dict[str, Mapping[str, object]]:
    """Plain text for each chat service: nothing in it is taken for a link, a mention or layout."""
    block = {"type": "TextBlock", "text": re.sub(r"([\\`*_\[\]#])", r"\\\1", text[:_CHAT_CHARS]), "wrap": True}
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [block]}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {
        "slack": {"text": escape(text[:_CHAT_CHARS], quote=False), "mrkdwn": False, "unfurl_links": False, "unfurl_media": False},
        "discord": {"content": text[:_CHAT_CHARS], "allowed_mentions": {"parse": []}, "flags": 4},
        "telegram": {"text": text[:_CHAT_CHARS], "link_preview_options": {"is_disabled": True}},
        "teams": {"type": "message", "attachments": [attachment]},
    }


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
    since = f"since {trouble.since_at:%Y-%m-%d %H:%M} UTC"
    if over:
        return f"- {trouble.subject}; it did not {since} until {alarm.away_at or now:%Y-%m-%d %H:%M} UTC ({text})"
    mend = f"\n  next: {trouble.mend}" if trouble.mend else ""
    return f"- {text} ({since}){mend}"


def _json(alarm: Alarm, over: bool, now: datetime) -> dict[str, object]:
    trouble = alarm.trouble
    fields: dict[str, object] = {"kind": trouble.kind, "subject": trouble.subject, "text": one_line(trouble.text, _MOST_CHARS)}
    fields |= {"since_at": to_text(trouble.since_at), "mend": trouble.mend}
    return fields | ({"until_at": to_text(alarm.away_at or now)} if over else {})


def _bytes(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
