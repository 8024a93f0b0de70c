"""Foreign text and links made fit to be shown: no control or bidi signs, no stacks of marks, only http(s) links, no host that looks like another. Pure."""

from __future__ import annotations

import re
import unicodedata

from monitor.text import one_line
from monitor.urls import canonical, parse

HEADLINE_CHARS = 300
_MAX_LINK = 2000
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_SUBJECT_CHARS = 120
# What text.clean leaves and a layout does not: soft hyphens, Arabic letter mark, variation selectors in a row, interlinear signs.
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufff9-\ufffb\uffa0]")
_STACK = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)


def shown(text: str, limit: int = HEADLINE_CHARS) -> str:
    """One line of foreign text, NFC, at most `limit` characters."""
    return one_line(_STACK.sub(r"\1", _UNSEEN.sub("", text[: limit * 8])), limit)


def pieces(text: str, marks: tuple[tuple[int, int], ...]) -> tuple[tuple[str, bool], ...]:
    """A sentence in pieces (text, marked), each fit to be shown; marks that overlap or lie outside are left out."""
    found: list[tuple[str, bool]] = []
    at = 0
    for start, end in sorted(marks):
        if at <= start < end <= len(text):
            found += [(text[at:start], False), (text[start:end], True)]
            at = end
    found.append((text[at:], False))
    return tuple((safe, marked) for piece, marked in found if (safe := _inside(piece)))


def _inside(piece: str) -> str:
    """`shown` for a piece of a line: the spaces at its ends stay."""
    if not (safe := shown(piece, 1000)):
        return " " if piece else ""
    return (" " if piece[0].isspace() else "") + safe + (" " if piece[-1].isspace() else "")


def link(url: str) -> str:
    """The address to link to, ASCII, without trackers and user info; "" for anything but http(s) and for what is too long."""
    if parse(url) is None:
        return ""
    plain = canonical(url)
    return plain if len(plain) <= _MAX_LINK else ""


def language(tag: str) -> str:
    """A language tag as a feed or page gave it (`vi`, `en-US`); "" for what has not the form of one (RFC 5646)."""
    return tag if _TAG.fullmatch(tag) else ""


def outlet(publisher: str) -> str:
    """A publisher's name as shown. A host in punycode is shown decoded only where all its letters are Latin, so that none can pass for another."""
    return ".".join(_decoded(label) for label in shown(publisher, 60).split("."))


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        plain = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return plain if plain and all(char == "-" or (char.isalnum() and _is_latin(char)) for char in plain) else label


def _is_latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith("LATIN ")


def subject(prefix: str, counts: str, headlines: tuple[str, ...]) -> str:
    """`[VN-US tech] 3 new, 2 updates - best headline; next one`: as many headlines as fit, fit for a mail header (no controls, no `=?`)."""
    line = f"[{shown(prefix, 60)}] {counts}"
    for number, headline in enumerate(headlines):
        joined = f"{line}{' - ' if number == 0 else '; '}{headline}"
        if len(joined) > _SUBJECT_CHARS and number:
            break
        line = joined
    return one_line(line.replace("=?", "= ?"), _SUBJECT_CHARS + 40)
