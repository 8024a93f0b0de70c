"""A digest as chat messages for Slack, Discord, Telegram, Microsoft Teams and what Apprise reaches, split on item borders within each service's limits. Pure.

Chats know no identity: each part is a message of its own, and a repeat after a lost answer can be seen (DESIGN 6.3).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from monitor.digests import cards
from monitor.digests.cards import Piece, Service
from monitor.digests.document import Document, Entry, Line
from monitor.digests.phrases import KINDS, Phrases

SERVICES: Mapping[str, Service] = MappingProxyType(
    {"slack": cards.SLACK, "discord": cards.DISCORD, "telegram": cards.TELEGRAM, "teams": cards.TEAMS, "apprise": cards.APPRISE}
)
"""The chat services, and Apprise, by the name of their channel type, which is also the form of their messages."""

_CUT = 80
_LONGEST_LINK = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPart:
    """One message: the payload's bytes in JSON, and the stories it shows (numbers as in `stories show`)."""

    body: bytes
    stories: tuple[int, ...]


def render_chat(document: Document, service: str) -> tuple[ChatPart, ...]:
    """The messages of a document for one service; every entry stands in exactly one of them, in order."""
    shape, say = SERVICES[service], Phrases(document)
    groups = _packed(tuple(_pieces(document, say)), shape)
    return tuple(_part(group, number, len(groups), shape, say) for number, group in enumerate(groups, 1))


def _part(group: tuple[Piece, ...], number: int, parts: int, shape: Service, say: Phrases) -> ChatPart:
    if parts > 1:
        mark = Piece(notes=(say.labels.word("part", n=number, k=parts),))
        group = (replace(group[0], notes=(*group[0].notes, *mark.notes)), *group[1:]) if number == 1 else (mark, *group)
    payload = shape.payload(group, say.subject(number, parts))
    stories = tuple(piece.story for piece in group if piece.story)
    return ChatPart(body=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), stories=stories)


def _packed(pieces: tuple[Piece, ...], shape: Service) -> tuple[tuple[Piece, ...], ...]:
    """Pieces in as few groups as the limits allow, keeping their order; a piece too large on its own is shortened, never left out."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        fitting = next((each for each in _shorter(piece) if shape.fits((each,))), None)
        assert fitting is not None, "the shortest form of a piece is far below every limit"
        if groups[-1] and not shape.fits((*groups[-1], fitting)):
            groups.append([])
        groups[-1].append(fitting)
    return tuple(tuple(group) for group in groups)


def _shorter(piece: Piece) -> Iterator[Piece]:
    """A piece with less and less around its headline; one without a headline with fewer and fewer notes."""
    if not piece.headline:
        yield piece
        yield replace(piece, notes=piece.notes[:4])
        yield replace(piece, notes=tuple(note[:_CUT] for note in piece.notes[:4]))
        return
    linked = piece if len(piece.url) <= _LONGEST_LINK else replace(piece, url="")
    yield linked
    yield replace(linked, notes=linked.notes[-1:])
    yield replace(linked, notes=linked.notes[-1:], sentence=())
    bare = replace(linked, notes=(), sentence=())
    yield bare
    yield replace(bare, url="", headline=bare.headline[:_CUT])


def _pieces(document: Document, say: Phrases) -> Iterator[Piece]:
    yield Piece(section=document.title, notes=(say.date(), f"{say.counts()}. {say.covers()}.", *say.notices()))
    for kind in KINDS:
        for number, entry in enumerate(document.of(kind)):
            yield _entry(entry, say, say.labels.word(kind) if number == 0 else "")
    for number, line in enumerate(document.also):
        yield _also(line, say.labels.word("also") if number == 0 else "")
    if not document.entries:
        yield Piece(notes=(say.labels.word("nothing"),))
    yield Piece(section=say.labels.word("coverage"), notes=(*say.rest(), f"{say.coverage()}.", *say.blind_spots()))


def _entry(entry: Entry, say: Phrases, section: str) -> Piece:
    labelled = (
        ("brings", say.brings(entry) if entry.kind == "update" or entry.told_at else ""),
        ("differs", say.differs(entry)),
        ("why", say.why(entry)),
        ("earlier", say.earlier(entry)),
    )
    notes = tuple(f"{say.labels.word(name)}{say.labels.colon} {text}" for name, text in labelled if text)
    outlets = ", ".join(dict.fromkeys(line.outlet for line in entry.outlets if line.outlet))
    told = " ".join(part for part in (outlets, say.more_outlets(entry), f"({say.reports(entry)})") if part)
    return Piece(
        section=section,
        headline=entry.line.headline,
        url=entry.line.url,
        sentence=entry.sentence,
        notes=(*notes, f"{told} · {say.meta(entry)}"),
        story=entry.story,
    )


def _also(line: Line, section: str) -> Piece:
    return Piece(section=section, headline=line.headline, url=line.url, notes=(line.outlet,) if line.outlet else ())
