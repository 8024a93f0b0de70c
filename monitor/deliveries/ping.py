"""A message that says nothing but that it came: its words, its event and the event's schema. Pure."""

from __future__ import annotations

from datetime import datetime

from monitor.config import ChannelSettings, form_of
from monitor.hours import to_text
from monitor.json_schema import TEXT, Schema, event_of, object_of
from monitor.model import Message
from monitor.notice import TITLE, bodies


def ping_message(channel: ChannelSettings, uid: str, now: datetime) -> Message:
    """The message for one channel, in the form it takes."""
    subject = f"{TITLE}: a test of the channel {channel.name}"
    text = f"This channel works: what {TITLE} sends arrives here.\nSent on request at {now:%Y-%m-%d %H:%M} UTC; nothing needs to be done.\n"
    event = {"type": "ping", "timestamp": to_text(now), "data": {"id": uid, "channel": channel.name, "text": subject}}
    form = form_of(channel)
    fields = {"id": 0, "digest_id": None, "part": 1, "parts": 1, "sha256": ""}
    return Message(uid=uid, form=form, subject=subject, body=bodies(subject, text, event)[form], created_at=now, **fields)  # type: ignore[arg-type]


def ping_schema() -> Schema:
    """The schema of a ping's body."""
    return event_of(("ping",), object_of({"id": TEXT, "channel": TEXT, "text": TEXT}), "A test of the channel, sent on request.")
