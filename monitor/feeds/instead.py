"""What stands at a feed's address where no feed stands: named in plain words, with the feeds it names itself. Pure; runs in a child process."""

from __future__ import annotations

import re
from typing import Any

from monitor.feeds.discover import find_feeds
from monitor.text import one_line

_ROBOTS = re.compile(
    rb"just a moment|captcha|verify (?:that )?you are (?:a )?human|checking your browser|attention required", re.IGNORECASE
)
_LOGIN = re.compile(rb"<input[^>]{0,200}\btype\s*=\s*[\"']?password", re.IGNORECASE)
_HEAD = 4096
_SENTENCE = 400


def instead_of_a_feed(body: bytes, url: str, content_type: str) -> dict[str, Any]:
    """why (empty | robots | login | page | message | data | unknown), reason (a sentence) and candidates (feeds that a page names)."""
    head = body[:_HEAD].lstrip().lower()
    if not head:
        return _said("empty", "the answer is empty")
    if _ROBOTS.search(head):
        return _said("robots", "the site shows a check for robots instead of the feed")
    if b"<" in head:
        page = find_feeds(body, url, content_type)
        if page["candidates"] or b"<html" in head or b"<!doctype html" in head:
            return _page(page, has_login=_LOGIN.search(body) is not None)
    if said := _sentence(body):
        return _said("message", f"the server answers with a sentence instead of a feed: {said!r}")
    if head.startswith((b"{", b"[")):
        return _said("data", "the answer is data for programs (JSON), not a feed")
    return _said("unknown", "the answer is not a feed in any known format")


def _page(page: dict[str, Any], *, has_login: bool) -> dict[str, Any]:
    title = f" ({one_line(page['title'], 80)})" if page["title"] else ""
    named = [candidate["url"] for candidate in page["candidates"] if candidate["source"] == "link"]
    if not named and has_login:
        return _said("login", f"the answer is a page{title} that asks for a password")
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    names = f"; it names the feed {named[0]}{more}" if named else ""
    return {"why": "page", "reason": f"the answer is a web page{title}, not a feed{names}", "candidates": page["candidates"]}


def _said(why: str, reason: str) -> dict[str, Any]:
    return {"why": why, "reason": reason, "candidates": []}


def _sentence(body: bytes) -> str:
    """A short answer without markup, as services send it when they refuse; "" for anything else."""
    if len(body) > _SENTENCE:
        return ""
    text = one_line(body.decode("utf-8", "replace"), 160)
    return text if " " in text and not re.search(r"[<>{}\ufffd]", text) else ""
