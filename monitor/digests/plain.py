"""The digest as plain text of 76 columns: readable in a terminal, in a mail and read aloud. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from monitor.digests.document import Document, Entry, Line
from monitor.digests.phrases import KINDS, Phrases

WIDTH = 76
_INDENT = "    "
_LONGEST_LINK = 900
"""A line of a mail has at most 998 bytes (RFC 5322 2.1.1), and an address must not be broken."""


def render_text(document: Document, entries: Sequence[Entry], number_from: int, part: int, parts: int) -> str:
    """The text of one part: `entries` are the document's in this part, numbered from `number_from`. The last part carries the rest and the foot."""
    return "\n".join(_lines(document, entries, number_from, part, parts)) + "\n"


def _lines(document: Document, entries: Sequence[Entry], number_from: int, part: int, parts: int) -> Iterator[str]:
    say = Phrases(document)
    title = document.title + (f" - {say.labels.word('part', n=part, k=parts)}" if parts > 1 else "")
    yield from wrapped(title, "")
    yield from wrapped(say.date(), "")
    yield from wrapped(f"{say.counts()}. {say.covers()}.", "")
    for notice in say.notices():
        yield from wrapped(f"! {notice}", "", "  ")
    if not document.entries:
        yield from ("", *wrapped(say.labels.word("nothing"), ""))
    number = number_from
    for kind in KINDS:
        here = [entry for entry in entries if entry.kind == kind]
        if here:
            yield from _heading(say.labels.word(kind))
        for entry in here:
            yield from _item(entry, number, say)
            number += 1
    if part == parts:
        yield from _also(document, say)
        yield from _foot(say)


def _heading(text: str) -> tuple[str, ...]:
    return "", text.upper(), "-" * WIDTH


def _item(entry: Entry, number: int, say: Phrases) -> Iterator[str]:
    yield ""
    yield from wrapped(entry.line.headline, f"{number}.".ljust(len(_INDENT)), _INDENT)
    if entry.line.url:
        yield _address(entry.line)
    if entry.sentence:
        opened, closed = say.labels.quotes
        yield from wrapped(opened + "".join(f"*{piece}*" if marked else piece for piece, marked in entry.sentence) + closed, _INDENT)
    labelled = (
        ("brings", say.brings(entry) if entry.kind == "update" or entry.told_at else ""),
        ("differs", say.differs(entry)),
        ("why", say.why(entry)),
        ("earlier", say.earlier(entry)),
    )
    for name, text in labelled:
        if text:
            yield from wrapped(f"{say.labels.word(name)}{say.labels.colon} {text}", _INDENT)
    yield from wrapped(f"{_outlets(entry, say)} · {say.meta(entry)}", _INDENT)


def _outlets(entry: Entry, say: Phrases) -> str:
    names = ", ".join(dict.fromkeys(line.outlet for line in entry.outlets if line.outlet))
    more = say.more_outlets(entry)
    return " ".join(part for part in (names, more, f"({say.reports(entry)})") if part)


def _also(document: Document, say: Phrases) -> Iterator[str]:
    if document.also or say.rest():
        yield from _heading(f"{say.labels.word('also')}")
    for line in document.also:
        yield from ("", *wrapped(f"{line.headline} ({line.outlet})" if line.outlet else line.headline, "-   ", _INDENT))
        if line.url:
            yield _address(line)
    if say.rest():
        yield from ("", *wrapped(say.labels.semicolon.join(say.rest()) + ".", ""))


def _foot(say: Phrases) -> Iterator[str]:
    yield from _heading(say.labels.word("coverage"))
    yield from wrapped(f"{say.coverage()}.", "")
    if say.days():
        yield from wrapped(f"{say.days()}.", "")
    for line in say.blind_spots():
        yield from wrapped(line, "-   ", _INDENT)
    yield ""
    for text in say.foot():
        yield from wrapped(text, "")


def _address(line: Line) -> str:
    return _INDENT + (line.url if len(line.url) <= _LONGEST_LINK else line.outlet)


def wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    """A text in lines of at most WIDTH columns: the first begins with `first`, the others with `rest` (None: with `first` too)."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_on_hyphens=False,
        break_long_words=True,
    )
