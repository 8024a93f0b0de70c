"""Pages that only send a browser on: where they lead. Pure; runs in a child process of the sandbox.

Search and alert services hide an article behind such a page; the fetch door follows HTTP redirects, and nothing but reading the page finds these.
"""

from __future__ import annotations

import re
from html import unescape

from monitor import urls

MAX_PAGE = 64 * 1024
"""Characters beyond which a page is one in its own right, whatever it sends on to."""

MAX_WORDS = 60
"""Words a reader would see on a page that only sends on ("You are being redirected to ...")."""

_REFRESH = re.compile(
    r"<meta\b(?=[^>]{0,300}http-equiv\s*=\s*[\"']?refresh\b)[^>]{0,300}?content\s*=\s*[\"']?\s*(\d{1,3})(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'>\s]+)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(
    r"(?:^|[^\w.])(?:window\.|document\.|top\.|self\.)?location(?:\.href)?\s*(?:=|\.replace\()\s*([\"'])(https?:(?:\\?/){2}[^\"'\s<>]+)\1",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\bdata-n-au\s*=\s*[\"'](https?://[^\"']+)[\"']")
_UNSEEN = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_MOST_WAIT_S = 10


def forward_target(text: str, url: str) -> str:
    """The address that a page at `url` sends its reader to, or "" where the page is there to be read.

    Taken: a refresh within ten seconds, an address that a script goes to at once, the address in Google News' own attribute.
    """
    if len(text) > MAX_PAGE:
        return ""
    found = _REFRESH.search(text)
    target = found[2] if found and int(found[1]) <= _MOST_WAIT_S else ""
    if not target and (named := _NAMED.search(text)):
        target = named[1]
    if not target and (script := _SCRIPT.search(text)):
        target = script[2].replace("\\/", "/")
    target = urls.join(url, unescape(target)).partition("#")[0] if target else ""
    if not target or not urls.is_fetchable(target) or urls.url_key(target) == urls.url_key(url):
        return ""
    return target if len(_TAG.sub(" ", _shown(text)).split()) <= MAX_WORDS else ""


def _shown(text: str) -> str:
    """The page without scripts, styles and head; what is never closed hides the rest, as in a browser."""
    lower = text.lower()
    kept, at = [], 0
    while found := _UNSEEN.search(lower, at):
        kept.append(text[at : found.start()])
        end = lower.find(f"</{found[1]}", found.end())
        at = len(text) if end < 0 else end
        if end < 0:
            break
    return "".join([*kept, text[at:]])
