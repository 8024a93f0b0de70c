"""Chat services answer in their own ways; each answer becomes the right verdict, and no address or token is ever repeated."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from monitor.config import ChatChannel, Secret, TelegramChannel
from monitor.deliveries.chat import ChatSender
from monitor.fetch import Door
from monitor.model import Message, SendVerdict
from tests.fetch.wire import answer, hang_up, site

NOW = datetime(2024, 9, 26, tzinfo=UTC)
MESSAGE = Message(
    id=1, uid="m-1", digest_id=1, form="x", part=1, parts=1, subject="s", body=b'{"text":"ch\xc3\xa0o"}', sha256="", created_at=NOW
)
CANARY = "canary-7788"


def send(service: str, said: object) -> tuple[SendVerdict, list[str], list[bytes]]:
    """Posts to a server that answers `said`; gives the verdict, the request heads and the bodies."""

    async def sent() -> tuple[SendVerdict, list[str], list[bytes]]:
        async with site() as server, Door(user_agent="t") as door:
            common = {"allow_private": ("127.0.0.0/8",), "ports": (server.port,), "timeout_s": 2.0}
            if service == "telegram":
                settings = TelegramChannel.model_construct(
                    type="telegram", name="c", token=Secret(CANARY), chat="-1001", server=server.url(""), **common
                )
                server.routes[f"/bot{CANARY}/sendMessage"] = said  # type: ignore[assignment]
            else:
                settings = ChatChannel.model_construct(type=service, name="c", url=Secret(server.url(f"/{CANARY}")), **common)  # type: ignore[assignment]
                server.routes[f"/{CANARY}"] = said  # type: ignore[assignment]
            verdict = await ChatSender(settings, door).send(MESSAGE, f"{service}:c", NOW)
            return verdict, server.heads, server.bodies

    return asyncio.run(sent())


@pytest.mark.parametrize(
    ("service", "said", "outcome", "wait_s"),
    [
        ("slack", answer(b"ok"), "sent", None),
        ("slack", answer(b"invalid_payload", status=400), "refused", None),
        ("slack", answer(b"channel_is_archived", status=410), "parked", None),
        ("slack", answer(b"no_service", status=404), "parked", None),
        ("slack", answer(b"rate_limited", status=429, Retry_After="30"), "again", 30),
        ("slack", answer(b"oops", status=500), "again", None),
        ("slack", answer(status=302, Location="https://elsewhere.example/"), "again", None),
        ("discord", answer(status=204), "sent", None),
        ("discord", answer(b'{"message": "You are being rate limited.", "retry_after": 1.2}', status=429), "again", 2),
        ("discord", answer(b'{"message": "Unknown Webhook", "code": 10015}', status=404), "parked", None),
        ("telegram", answer(b'{"ok":true,"result":{}}'), "sent", None),
        ("telegram", answer(b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', status=400), "parked", None),
        ("telegram", answer(b'{"ok":false,"description":"Bad Request: can\'t parse entities"}', status=400), "refused", None),
        ("telegram", answer(b'{"ok":false,"parameters":{"retry_after":7}}', status=429), "again", 8),
        ("telegram", answer(b'{"ok":false,"description":"Forbidden: bot was blocked by the user"}', status=403), "parked", None),
        ("teams", answer(status=202), "sent", None),
        ("teams", answer(b'{"error":{"message":"The trigger is disabled."}}', status=400), "refused", None),
        ("teams", answer(b"x", status=413), "refused", None),
    ],
)
def test_answers_become_verdicts(service: str, said: bytes, outcome: str, wait_s: int | None) -> None:
    """What each service says of success, of a wrong message, of a wrong address and of too many messages is understood."""
    verdict, _, _ = send(service, said)
    assert (verdict.outcome, verdict.retry_after_s) == (outcome, wait_s), verdict
    assert CANARY not in repr(verdict)


@pytest.mark.parametrize("service", ["slack", "discord", "telegram", "teams"])
def test_no_answer_is_tried_again_and_names_no_secret(service: str) -> None:
    """A connection that breaks gives a verdict without the address."""
    verdict, _, _ = send(service, hang_up(b""))
    assert verdict.outcome == "again"
    assert CANARY not in repr(verdict)


def test_the_frozen_bytes_go_out() -> None:
    """Slack gets the very bytes that were frozen; Telegram gets them with the chat's number."""
    _, heads, bodies = send("slack", answer(b"ok"))
    assert bodies == [MESSAGE.body]
    assert "content-type: application/json; charset=utf-8" in heads[0].lower()
    _, _, bodies = send("telegram", answer(b'{"ok":true}'))
    assert json.loads(bodies[0]) == {"chat_id": "-1001", "text": "chào"}
