"""Links of search feeds and alert services that hide the page's address inside their own: unwrapped without asking anybody. Pure.

What hides it out of reach (newer links of Google News) comes back as it was; the fetch door follows where it leads.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import parse_qsl, unquote

from monitor import urls

# Host (and all below it), path, and the parameter that holds the address.
_PARAMETERS = (
    (r"(?:www\.)?bing\.com", r"/(?:news/apiclick\.aspx|ck/a)", ("url",)),
    (r"(?:www\.)?google\.[a-z.]{2,6}", r"/url", ("url", "q")),
    (r"news\.url\.google\.com", r"/url", ("url",)),
    (r"(?:l|lm)\.facebook\.com", r"/l\.php", ("u",)),
    (r"(?:www\.)?duckduckgo\.com", r"/l/?", ("uddg",)),
    (r"news\.yahoo\.co\.jp|t\.umblr\.com", r"/redirect", ("z", "url")),
)
_YAHOO = re.compile(r"/RU=([^/]+)/")
_GOOGLE_NEWS = re.compile(r"/(?:rss/|__i/rss/rd/)?articles/([A-Za-z0-9_-]{20,4000})")
_INSIDE = re.compile(rb"https?://[\x21-\x7e]+")
_DEPTH = 3


def unwrap(url: str) -> str:
    """The page's own address where `url` is a redirector's link that says it; else `url` as it was."""
    for _ in range(_DEPTH):
        inner = _inner(url)
        if not inner:
            return url
        url = inner
    return url


def is_hidden(url: str) -> bool:
    """True for a link of Google News that does not say where it leads."""
    address = urls.parse(url)
    return address is not None and address.host == "news.google.com" and _GOOGLE_NEWS.fullmatch(address.path) is not None


def _inner(url: str) -> str:
    address = urls.parse(url)
    if address is None:
        return ""
    if address.host == "news.google.com":
        return _google_news(address.path)
    if address.host == "r.search.yahoo.com" and (found := _YAHOO.search(address.path)):
        return _fit(unquote(found[1]))
    for host, path, names in _PARAMETERS:
        if re.fullmatch(host, address.host) and re.fullmatch(path, address.path):
            given = dict(reversed(parse_qsl(address.query, max_num_fields=50)))
            return next((inner for name in names if (inner := _fit(given.get(name, "")))), "")
    return ""


def _google_news(path: str) -> str:
    """Older links are base64 of a message with the address in it: one length byte (or two), then the address; an AMP twin may follow."""
    found = _GOOGLE_NEWS.fullmatch(path)
    if not found:
        return ""
    try:
        message = base64.urlsafe_b64decode(found[1] + "=" * (-len(found[1]) % 4))
    except (binascii.Error, ValueError):
        return ""
    inside = _INSIDE.search(message)
    if not inside:
        return ""
    length = _length_before(message, inside.start())
    raw = message[inside.start() : inside.start() + length] if length else inside.group()
    return _fit(raw.decode("ascii", "replace"))


def _length_before(message: bytes, start: int) -> int:
    """The length written before a field of a protocol buffer (seven bits a byte, low first), or 0 where it cannot be one."""
    if start and message[start - 1] < 0x80 and (start < 2 or message[start - 2] < 0x80):
        return message[start - 1]
    if start > 1 and message[start - 2] >= 0x80:
        return (message[start - 2] & 0x7F) | (message[start - 1] << 7)
    return 0


def _fit(text: str) -> str:
    return urls.join(text, text) if urls.is_fetchable(text) else ""
