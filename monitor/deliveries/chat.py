"""One POST to a chat service: Slack, Discord, Microsoft Teams or Telegram. What each of them answers becomes a verdict."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from monitor.backoff import WEBHOOK, WEBHOOK_PATIENCE, retry_after_s
from monitor.config import ChatChannel, TelegramChannel
from monitor.errors import FetchError
from monitor.fetch import Limits, Request, Response
from monitor.fetch.polite import Sender
from monitor.model import Message, SendVerdict
from monitor.text import one_line

_READ_BYTES = 16 * 1024
_WRONG_MESSAGE = frozenset({400, 413, 422})
_WRONG_ADDRESS = frozenset({401, 403, 404, 410})


class ChatSender:
    """A configured chat. Its address and token are secrets: no verdict repeats them."""

    schedule = WEBHOOK
    patience = WEBHOOK_PATIENCE

    def __init__(self, settings: ChatChannel | TelegramChannel, door: Sender) -> None:
        self._settings = settings
        self._door = door
        self.lease = timedelta(seconds=settings.timeout_s + 60)

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Posts once. Refused: the service will never take this message; parked: the chat, its address or its token is wrong."""
        try:
            response = await self._door.send(self._request(message))
        except FetchError as error:
            return SendVerdict(outcome="again", code=error.kind, detail=f"no answer from {self._settings.type} ({error.kind})")
        return verdict_of(self._settings.type, response, now)

    def _request(self, message: Message) -> Request:
        settings, body = self._settings, message.body
        if isinstance(settings, TelegramChannel):
            url = f"{settings.server.rstrip('/')}/bot{settings.token.reveal()}/sendMessage"
            body = json.dumps({"chat_id": settings.chat, **json.loads(body)}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        else:
            url = settings.url.reveal()
        time_s = settings.timeout_s
        return Request(
            url=url,
            method="POST",
            headers=(("content-type", "application/json; charset=utf-8"),),
            body=body,
            limits=Limits(total_s=time_s, first_byte_s=time_s, wire_bytes=_READ_BYTES, decoded_bytes=_READ_BYTES, cut=True),
            allow_private=settings.allow_private,
            ports=settings.ports,
            follow=False,
        )


def verdict_of(service: str, response: Response, now: datetime) -> SendVerdict:
    """The verdict on an answer. Pure. Telegram tells in JSON what others tell by status; waits come in the header or in the body."""
    status, said = response.status, _said(response)
    detail = f"{service} answered {status}" + (f": {_reason(said)}" if _reason(said) else "")
    told = said.get("ok") is not False if service == "telegram" else True
    if 200 <= status < 300 and told:
        return SendVerdict(outcome="sent", code=str(status), detail=detail)
    if status == 429 or status == 503:
        return SendVerdict(outcome="again", code=str(status), detail=detail, retry_after_s=_wait_s(response, said, now))
    if status in _WRONG_ADDRESS or (service == "telegram" and "chat not found" in _reason(said).lower()):
        return SendVerdict(outcome="parked", code=str(status), detail=f"{detail}; correct the address, the token or the chat's rights")
    if status in _WRONG_MESSAGE:
        return SendVerdict(outcome="refused", code=str(status), detail=detail)
    return SendVerdict(outcome="again", code=str(status), detail=detail)


def _said(response: Response) -> dict[str, Any]:
    text = response.body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"message": text}


def _reason(said: dict[str, Any]) -> str:
    """The service's own words: Slack's plain text, Discord's message, Telegram's description, Teams' error."""
    error = said.get("error")
    words = said.get("description") or said.get("message") or (error.get("message") if isinstance(error, dict) else error) or ""
    return one_line(str(words), 200)


def _wait_s(response: Response, said: dict[str, Any], now: datetime) -> int | None:
    """Seconds to wait: Retry-After, Discord's retry_after (a fraction), Telegram's parameters.retry_after. None where nobody says."""
    parameters = said.get("parameters")
    asked = said.get("retry_after", parameters.get("retry_after") if isinstance(parameters, dict) else None)
    in_body = int(asked) + 1 if isinstance(asked, (int, float)) and not isinstance(asked, bool) and 0 <= asked < 10**9 else None
    in_header = retry_after_s(response.header("retry-after"), now)
    return max((wait for wait in (in_body, in_header) if wait is not None), default=None)
