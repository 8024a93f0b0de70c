"""Markup as plain text. Pure."""

from __future__ import annotations

import html
import re

from monitor.text import clean

_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr)\b[^<>]*>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_MARKED_UP = re.compile(r"</?(?:a|b|i|p|br|em|img|div|span|strong|ul|li)\b[^<>]*>", re.IGNORECASE)


def plain_text(markup: str) -> str:
    """Markup as text: tags gone, blocks on lines, entities resolved (twice: some outlets encode them twice)."""
    if "<" not in markup and "&" not in markup:
        return clean(markup)
    for _ in range(2):
        markup = _untagged(markup) if "<" in markup else markup
        if "&" not in markup or not _ENTITY.search(markup):
            break
        markup = html.unescape(markup)
    return clean(_TAG.sub("", _BREAK.sub("\n", markup)) if "<" in markup and _MARKED_UP.search(markup) else markup)


def _untagged(markup: str) -> str:
    if "</s" in markup or "</S" in markup:
        markup = _UNSEEN.sub(" ", markup)
    return _TAG.sub("", _BREAK.sub("\n", markup))
