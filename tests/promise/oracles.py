"""Oracles of the injection fuzz (R7): grammars of what may stand in an output. They know nothing of how the renderers escape; each raises AssertionError."""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from monitor.deliveries.mime import HEADERS
from monitor.digests.render import Mail

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What stands in no output, but tab and newline, which some outputs have of their own."""

_TEXT = r"(?:[^<>&]|&(?:amp|lt|gt|quot|ensp|#34|#39|#x27);)*"
_VALUE = r'"(?:[^"<>&]|&(?:amp|lt|gt|quot|#34|#39|#x27);)*"'
_TAG = (
    r"</?(?:html|head|title|style|body|div|table|tr|td|h1|h2|h3|a|span|b|br|meta|pre)"
    rf"(?: (?:lang|class|style|dir|role|width|cellpadding|cellspacing|border|align|name|content|charset)={_VALUE}"
    r'| href="https?://[^"<>\s]*")*>'
)
HTML = re.compile(rf"<!doctype html>(?:{_TEXT}{_TAG})*{_TEXT}")
_SLACK_LINK = re.compile(r"\*<https?://[^<>|\s]+\|[^<>\n]*>\*")
_TELEGRAM = re.compile(rf'(?:{_TEXT}(?:</?(?:b|blockquote)>|<a href="https?://[^"<>\s]*">|</a>))*{_TEXT}')


def check_mail(mail: Mail) -> None:
    """Text without controls in short lines; HTML of known tags and attributes alone; a subject of one line."""
    assert not CONTROL.search(mail.text), "control in text"
    assert "\t" not in mail.text
    assert all(len(line.encode()) <= 998 for line in mail.text.split("\n"))
    assert mail.text.count("-" * 76) == sum(line == "-" * 76 for line in mail.text.split("\n"))
    assert HTML.fullmatch(mail.html), "HTML beyond the grammar"
    assert not CONTROL.search(mail.html), "control in HTML"
    assert not CONTROL.search(mail.subject)
    assert "\n" not in mail.subject


def check_bytes(content: bytes) -> None:
    """Exactly our headers, CRLF line ends, two parts, nothing that a lenient reader would take for more."""
    assert b"\x00" not in content
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n"), "a lone CR or LF"
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    head, _, rest = content.partition(b"\r\n\r\n")
    names = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert sorted(names) == sorted(HEADERS), names
    assert content.isascii()
    boundary = re.search(rb'boundary="([^"]+)"', head)
    assert boundary is not None
    assert rest.count(b"--" + boundary[1]) == 3
    read = email.message_from_bytes(content, policy=email.policy.default)
    for name in ("Subject", "From"):
        assert not CONTROL.search(str(read[name]))
        assert "\n" not in str(read[name])
    assert len(read["From"].addresses) == 1  # type: ignore[union-attr]
    assert read["From"].addresses[0].addr_spec == "monitor@example.org"  # type: ignore[union-attr]


def check_slack(payload: dict[str, Any]) -> None:
    """Every angle bracket is a link of ours or the mark of a quotation; no mention, no channel."""
    for block in payload.get("blocks", ()):
        text = block["text"]["text"]
        assert block["text"].get("verbatim") is True
        bare = re.sub(r"^> ", "", _SLACK_LINK.sub("", text), flags=re.MULTILINE)
        assert not re.search(r"[<>]", bare), bare
        assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", bare, re.DOTALL)
    assert not re.search(r"[<>]", payload["text"])


def check_discord(payload: dict[str, Any]) -> None:
    """No masked link, no mark that was not ours, no mention."""
    assert payload["allowed_mentions"] == {"parse": []}
    if not re.fullmatch(r"```\n[^`]*\n```", payload["content"]):  # a block of code, in which no mark is read
        assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]`|~]", payload["content"]), payload["content"]
    for embed in payload.get("embeds", ()):
        marked = embed.get("title", "") + "\n" + embed.get("description", "")
        assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]`|~#]", marked), marked
        assert re.fullmatch(r"https?://\S*", embed.get("url", "https://"))


def check_telegram(payload: dict[str, Any]) -> None:
    """Known tags, closed in order, or no markup at all."""
    if payload.get("parse_mode") == "HTML":
        assert _TELEGRAM.fullmatch(payload["text"]), payload["text"]
        depth = Counter(re.findall(r"</?(\w+)", payload["text"]))
        assert all(count % 2 == 0 for count in depth.values())
    else:
        assert "parse_mode" not in payload


def check_teams(payload: dict[str, Any]) -> None:
    """Text runs, which read no markup, or text in which all markup is escaped; actions that open web addresses."""
    card = payload["attachments"][0]["content"]
    for element in card["body"]:
        if element["type"] == "TextBlock":
            assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]`*_#]", element["text"])
            continue
        assert element["type"] == "RichTextBlock"
        for run in element["inlines"]:
            assert set(run) <= {"type", "text", "weight", "color", "selectAction", "isSubtle", "size"}
            assert re.fullmatch(r"https?://\S*", run.get("selectAction", {}).get("url", "https://"))


CHATS: dict[str, Callable[[dict[str, Any]], None]] = {
    "slack": check_slack,
    "discord": check_discord,
    "telegram": check_telegram,
    "teams": check_teams,
}


def leaves(value: object) -> Iterator[str]:
    """All strings of a JSON value, keys too."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value


def check_json(body: bytes) -> dict[str, Any]:
    """One line of UTF-8 JSON whose strings hold no controls."""
    assert b"\n" not in body
    value: dict[str, Any] = json.loads(body.decode("utf-8"))
    assert not any(CONTROL.search(text) for text in leaves(value))
    return value


def check_lines(body: bytes) -> dict[str, Any]:
    """As check_json; line ends are the alarm's own."""
    value: dict[str, Any] = json.loads(body.decode("utf-8"))
    assert not any(CONTROL.search(text) for text in leaves(value))
    return value
