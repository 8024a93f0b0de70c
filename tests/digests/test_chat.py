"""A digest in chats: within each service's documented limits, the same stories everywhere, foreign text powerless."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from monitor.digests.chat import SERVICES, render_chat
from monitor.digests.document import Document
from monitor.digests.render import render_json
from monitor.digests.schema import webhook_schema
from tests.digests.rows import evidence
from tests.digests.test_render import HOSTILE, made
from tests.digests.test_select import hit

TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z")), max_size=400) | st.sampled_from(HOSTILE)
URLS = st.sampled_from(
    ("https://news.example/1", "https://news.example/" + "x" * 1500, "javascript:alert(1)", "https://n.example/a|b>c&d=(1)")
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Digests of up to sixty stories with any headlines, sentences and addresses."""
    count = draw(st.integers(0, 40))
    title, sentence = draw(TEXTS), draw(TEXTS)
    kinds = draw(st.lists(st.sampled_from(("alert", "review")), min_size=count, max_size=count))
    titles = draw(st.lists(TEXTS, min_size=1, max_size=5))
    hits = [hit(n, band=band, title=f"{n} {titles[n % len(titles)]}", url=draw(URLS)) for n, band in enumerate(kinds, 1)]
    verdict = evidence("vn-us", "alert", 7.0, sentence, (("vietnam", title, sentence[:4]), ("us", "NVIDIA", sentence[5:9])), (title,))
    return made(*hits, verdict=verdict, max_items=draw(st.integers(1, 60)), lang=draw(st.sampled_from(("en", "vi", "fr"))))


def payloads(document: Document, service: str) -> list[dict[str, Any]]:
    return [json.loads(part.body) for part in render_chat(document, service)]


def slack_holds(payload: dict[str, Any]) -> bool:
    texts = [block["text"]["text"] for block in payload["blocks"]]
    small = len(json.dumps(payload, ensure_ascii=False)) <= 15_000 and sum(map(len, texts)) <= 9_000
    return small and len(texts) <= 50 and all(0 < len(text) <= 3_000 for text in texts) and len(payload["text"]) <= 4_000


def discord_holds(payload: dict[str, Any]) -> bool:
    embeds = payload["embeds"]
    parts = [(e.get("title", ""), e.get("description", ""), e.get("author", {}).get("name", "")) for e in embeds]
    each = all(len(title) <= 256 and len(text) <= 4_096 and len(author) <= 256 for title, text, author in parts)
    total = sum(len(field) for fields in parts for field in fields)
    return each and len(payload["content"]) <= 2_000 and 0 < len(embeds) <= 10 and total <= 6_000


HOLDS = {
    "slack": slack_holds,
    "discord": discord_holds,
    "telegram": lambda payload: 0 < len(payload["text"].encode("utf-16-le")) // 2 <= 4_096,
    "apprise": lambda payload: 0 < len(payload["body"].encode("utf-8")) <= 3_800 and len(payload["title"]) <= 250,
    "teams": lambda payload: len(json.dumps(payload, ensure_ascii=False).encode("utf-8")) <= 28_000,
}


@given(documents())
@settings(max_examples=40)
def test_the_webhook_keeps_its_published_schema(document: Document) -> None:
    """Whatever the digest, the body is what `monitor digests schema` says, and a body with anything missing is not."""
    schema = Draft202012Validator(webhook_schema())
    body = json.loads(render_json(document))
    schema.validate(body)
    del body["data"]["coverage"]["pending"]
    assert not schema.is_valid(body)


@given(documents())
@settings(max_examples=40)
def test_limits_hold_and_no_story_is_lost(document: Document) -> None:
    """Whatever the digest, every part keeps its service's limits and all services show the same stories in the same order, each once."""
    stories = [entry.story for kind in ("new", "update", "review") for entry in document.of(kind)]
    for service, holds in HOLDS.items():
        parts = render_chat(document, service)
        assert all(holds(json.loads(part.body)) for part in parts), service
        assert [story for part in parts for story in part.stories] == stories, service


def test_every_service_is_checked() -> None:
    """The limits of every chat service the program knows are tested here."""
    assert set(HOLDS) == set(SERVICES)


class TelegramTags(HTMLParser):
    """Collects tags and links; fails on anything Telegram does not take."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"b", "a", "blockquote"}
        self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """A headline cannot mention everybody, make a link or open a tag in any chat."""
    verdict = evidence("vn-us", "alert", 7.0, text, (("us", text, text[:3]),), ())
    document = made(hit(1, title=f"{text} <@U1> <!channel> [x](https://evil.example) @everyone"), verdict=verdict)
    (telegram,) = payloads(document, "telegram")
    tags = TelegramTags(telegram["text"])
    assert tags.open == []
    assert tags.links == ["https://news.example/1"]
    (slack,) = payloads(document, "slack")
    links = re.findall(r"<[^>]*>", " ".join(block["text"]["text"] for block in slack["blocks"]))
    assert all(link.startswith("<https://news.example/1|") for link in links)
    (discord,) = payloads(document, "discord")
    assert discord["allowed_mentions"] == {"parse": []}
    marked = discord["content"] + "".join(e.get("title", "") + e.get("description", "") for e in discord["embeds"])
    assert not re.search(r"(?<!\\)[\[\]]", marked)
    (teams,) = payloads(document, "teams")
    card = teams["attachments"][0]["content"]
    assert {element["type"] for element in card["body"]} == {"RichTextBlock"}


def test_a_chat_says_what_a_mail_says() -> None:
    """Headline, sentence with its names marked, reason and outlets stand in each chat's own markup; parts are numbered."""
    verdict = evidence("vn-us", "alert", 7.0, "FPT and Nvidia sign.", (("vn", "FPT", "FPT"), ("us", "NVIDIA", "Nvidia")), ("chips",))
    document = made(hit(1, title="A plant in Da Nang"), verdict=verdict)
    (slack,) = payloads(document, "slack")
    told = slack["blocks"][1]["text"]["text"]
    assert "*<https://news.example/1|A plant in Da Nang>*" in told
    assert "> *FPT* and *Nvidia* sign." in told
    assert "Why: FPT + NVIDIA" in told
    (telegram,) = payloads(document, "telegram")
    assert "<blockquote><b>FPT</b> and <b>Nvidia</b> sign.</blockquote>" in telegram["text"]
    many = made(*(hit(n, title=f"Headline {n} " + "word " * 40) for n in range(1, 31)), verdict=verdict, max_items=30)
    parts = payloads(many, "telegram")
    assert len(parts) > 1
    assert all(f"part {n} of {len(parts)}" in part["text"] for n, part in enumerate(parts, 1))
