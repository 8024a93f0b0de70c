"""What each chat service, and Apprise, takes: the payload of a few pieces, and whether it is within the service's limits. Pure.

Foreign text is escaped for each service's markup, so that no headline can make a link, mention anybody or break the layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

Json = dict[str, object]

SLACK_TEXT, SLACK_BYTES, SLACK_BLOCKS, SLACK_SECTION = 9_000, 14_000, 50, 3_000
"""Slack documents 50 blocks and 3,000 characters a section; it also refuses messages somewhere above 9,600 characters (slackapi/bolt-js#2867)."""

DISCORD_EMBEDS, DISCORD_TOTAL, DISCORD_TITLE, DISCORD_DESCRIPTION, DISCORD_CONTENT = 10, 6_000, 256, 4_096, 2_000
TELEGRAM_UNITS = 4_096
"""Telegram counts UTF-16 units of the text; counting them with the markup stays on the safe side."""

TEAMS_BYTES = 28_000
APPRISE_BYTES = 3_800
"""Of plain text: ntfy turns what is longer than 4,096 bytes into an attachment."""

_ROOM = 200
"""Left free in each part for the line that numbers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Something that must not be torn apart: an item, a line, the head or the foot. `section` opens a section; `sentence` has (text, marked) pairs."""

    section: str = ""
    headline: str = ""
    url: str = ""
    sentence: tuple[tuple[str, bool], ...] = ()
    notes: tuple[str, ...] = ()
    story: int = 0


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One chat service: `payload(pieces, subject)` is the JSON to post, `fits(pieces)` tells whether it is small enough."""

    payload: Callable[[Pieces, str], Json]
    fits: Callable[[Pieces], bool]


def _lines(
    piece: Piece, bold: Callable[[str], str], link: Callable[[str, str], str], quote: Callable[[str], str], plain: Callable[[str], str]
) -> str:
    """A piece as lines of some markup."""
    found = [bold(plain(piece.section))] if piece.section else []
    if piece.headline:
        found.append(link(plain(piece.headline), piece.url) if piece.url else bold(plain(piece.headline)))
    if piece.sentence:
        found.append(quote("".join(_marked(plain(text), bold) if marked else plain(text) for text, marked in piece.sentence)))
    return "\n".join((*found, *map(plain, piece.notes)))


def _marked(text: str, bold: Callable[[str], str]) -> str:
    """Markup around the word only: the services take no marks beside a space."""
    inner = text.strip()
    return text.replace(inner, bold(inner), 1) if inner else text


# --- Slack ----------------------------------------------------------------------------------------------------------------


def _slack_plain(text: str) -> str:
    """Slack escapes three signs; a mark of its own inside a word is broken by a word joiner, which nobody sees."""
    return re.sub(r"([*_~`])", "\u2060\\1\u2060", escape(text, quote=False))


def _slack_text(piece: Piece) -> str:
    return _lines(
        piece,
        bold=lambda text: f"*{text}*",
        link=lambda text, url: f"*<{escape(url, quote=False).replace('|', '%7C')}|{text}>*",
        quote=lambda text: f"> {text}",
        plain=_slack_plain,
    )


def _slack(pieces: Pieces, subject: str) -> Json:
    """`verbatim`: Slack makes no links of addresses and no mentions of names that stand in foreign text."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": _slack_text(piece), "verbatim": True}} for piece in pieces]
    return {"text": escape(subject, quote=False), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _slack_fits(pieces: Pieces) -> bool:
    texts = [_slack_text(piece) for piece in pieces]
    small = all(len(text) <= SLACK_SECTION - _ROOM for text in texts) and len(pieces) < SLACK_BLOCKS
    return small and sum(map(len, texts)) <= SLACK_TEXT - 2 * _ROOM and _size(_slack(pieces, "")) <= SLACK_BYTES - 5 * _ROOM


# --- Discord --------------------------------------------------------------------------------------------------------------


def _discord_plain(text: str) -> str:
    return re.sub(r"([\\*_~`|>\[\]()#])", r"\\\1", text)


def _discord_embed(piece: Piece) -> Json:
    quoted = "".join(
        _marked(_discord_plain(text), lambda word: f"**{word}**") if marked else _discord_plain(text) for text, marked in piece.sentence
    )
    description = "\n".join((*((f"> {quoted}",) if quoted else ()), *map(_discord_plain, piece.notes)))
    embed: Json = {"description": description} if description else {}
    if piece.headline:
        embed["title"] = _cut(_discord_plain(piece.headline), DISCORD_TITLE)
    if piece.url:
        embed["url"] = piece.url
    if piece.section:
        embed["author"] = {"name": _cut(piece.section, DISCORD_TITLE)}
    return embed


def _discord(pieces: Pieces, subject: str) -> Json:
    embeds = [_discord_embed(piece) for piece in pieces]
    return {"content": _discord_plain(subject)[: DISCORD_CONTENT - 1], "embeds": embeds, "allowed_mentions": {"parse": []}}


def _discord_fits(pieces: Pieces) -> bool:
    embeds = [_discord_embed(piece) for piece in pieces]
    total = sum(len(str(embed.get("title", ""))) + len(str(embed.get("description", ""))) + len(_author(embed)) for embed in embeds)
    small = all(len(str(embed.get("description", ""))) <= DISCORD_DESCRIPTION - _ROOM for embed in embeds)
    return small and len(embeds) < DISCORD_EMBEDS and total <= DISCORD_TOTAL - _ROOM


def _author(embed: Json) -> str:
    author = embed.get("author")
    return str(author["name"]) if isinstance(author, dict) else ""


# --- Telegram -------------------------------------------------------------------------------------------------------------


def _telegram_text(pieces: Pieces) -> str:
    return "\n\n".join(
        _lines(
            piece,
            bold=lambda text: f"<b>{text}</b>",
            link=lambda text, url: f'<a href="{escape(url)}">{text}</a>',
            quote=lambda text: f"<blockquote>{text}</blockquote>",
            plain=escape,
        )
        for piece in pieces
    )


def _telegram(pieces: Pieces, _subject: str) -> Json:
    return {"text": _telegram_text(pieces), "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _telegram_fits(pieces: Pieces) -> bool:
    return len(_telegram_text(pieces).encode("utf-16-le")) // 2 <= TELEGRAM_UNITS - _ROOM


# --- Microsoft Teams ------------------------------------------------------------------------------------------------------


def _run(text: str, **more: object) -> Json:
    return {"type": "TextRun", "text": text, **more}


def _teams_elements(piece: Piece) -> list[Json]:
    """Rich text runs: unlike text blocks they read no markdown, so a headline cannot make a link."""
    found: list[Json] = []
    if piece.section:
        found.append(_rich([_run(piece.section, weight="Bolder", color="Accent")], separator=True, spacing="Medium"))
    if piece.headline:
        action = {"selectAction": {"type": "Action.OpenUrl", "url": piece.url}} if piece.url else {}
        found.append(_rich([_run(piece.headline, weight="Bolder", **action)], spacing="Medium"))
    if piece.sentence:
        found.append(_rich([_run(text, **({"weight": "Bolder"} if marked else {})) for text, marked in piece.sentence], spacing="Small"))
    found += [_rich([_run(note, isSubtle=True, size="Small")], spacing="None") for note in piece.notes]
    return found


def _rich(runs: list[Json], **more: object) -> Json:
    return {"type": "RichTextBlock", "inlines": runs, **more}


def _teams(pieces: Pieces, subject: str) -> Json:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject,
        "msteams": {"width": "Full"},
        "body": [element for piece in pieces for element in _teams_elements(piece)],
    }
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}]}


def _teams_fits(pieces: Pieces) -> bool:
    return _size(_teams(pieces, "")) <= TEAMS_BYTES - 10 * _ROOM


# --- Apprise --------------------------------------------------------------------------------------------------------------


def _apprise_text(pieces: Pieces) -> str:
    """Plain text: most services behind an address know no markup."""
    return "\n\n".join(_apprise_piece(piece) for piece in pieces)


def _apprise_piece(piece: Piece) -> str:
    said = "".join(text for text, _ in piece.sentence)
    lines = (piece.section.upper(), piece.headline, piece.url, f"“{said}”" if said else "", *piece.notes)
    return "\n".join(line for line in lines if line)


def _apprise(pieces: Pieces, subject: str) -> Json:
    return {"title": subject, "body": _apprise_text(pieces)}


def _apprise_fits(pieces: Pieces) -> bool:
    return len(_apprise_text(pieces).encode("utf-8")) <= APPRISE_BYTES - _ROOM


def _size(payload: Json) -> int:
    return len(json.dumps(payload, ensure_ascii=False).encode("utf-8"))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


SLACK = Service(payload=_slack, fits=_slack_fits)
DISCORD = Service(payload=_discord, fits=_discord_fits)
TELEGRAM = Service(payload=_telegram, fits=_telegram_fits)
APPRISE = Service(payload=_apprise, fits=_apprise_fits)
TEAMS = Service(payload=_teams, fits=_teams_fits)
