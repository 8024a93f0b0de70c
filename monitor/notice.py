"""A few lines of plain text, with the event they stand for, as a message in every form that channels take. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape

TITLE = "Monitor"
_CHAT_CHARS = 1900
"""Discord takes 2,000 characters; the others more."""


def bodies(subject: str, text: str, event: Mapping[str, object]) -> dict[str, bytes]:
    """The bytes of a message by form; `event` is the webhook's body. Always in English, for the operator."""
    html = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head><body><pre>{escape(text)}</pre></body></html>'
    mail = {"subject": subject, "text": text, "html": html, "lang": "en", "title": TITLE, "preheader": subject}
    forms: dict[str, Mapping[str, object]] = {
        "mail": mail,
        "file": mail,
        "json": event,
        "apprise": {"title": subject, "body": text},
        **_chats(f"{subject}\n\n{text}"),
    }
    return {form: _bytes(value) for form, value in forms.items()}


def _chats(text: str) -> dict[str, Mapping[str, object]]:
    """Plain text for each chat service: nothing in it is taken for a link, a mention or layout."""
    block = {"type": "TextBlock", "text": re.sub(r"([\\`*_\[\]#])", r"\\\1", text[:_CHAT_CHARS]), "wrap": True}
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": [block]}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {
        "slack": {"text": escape(text[:_CHAT_CHARS], quote=False), "mrkdwn": False, "unfurl_links": False, "unfurl_media": False},
        # A block of code is the one place where Discord reads no marks; a backtick would end it.
        "discord": {"content": f"```\n{text[:_CHAT_CHARS].replace('`', 'ˋ')}\n```", "allowed_mentions": {"parse": []}, "flags": 4},
        "telegram": {"text": text[:_CHAT_CHARS], "link_preview_options": {"is_disabled": True}},
        "teams": {"type": "message", "attachments": [attachment]},
    }


def _bytes(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
