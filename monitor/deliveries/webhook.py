"""A signed POST to one endpoint, as Standard Webhooks says: one identity for all attempts, a timestamp and signature for each."""

from __future__ import annotations

import binascii
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from monitor.backoff import WEBHOOK, WEBHOOK_PATIENCE, retry_after_s
from monitor.config import WebhookChannel
from monitor.errors import FetchError
from monitor.fetch import Limits, Request, Response
from monitor.fetch.polite import Sender
from monitor.model import Message, SendVerdict
from monitor.text import one_line

_READ_BYTES = 4096

_TOLERANCE = timedelta(minutes=5)
"""How old a timestamp receivers accept (Standard Webhooks)."""

MARGIN = timedelta(seconds=60)
"""How much longer than an attempt its lease lasts: time to record the verdict."""

_PROBE_S = 3600
"""A wrong secret is looked at again so often: the operator mends it in the configuration, not here."""


class WebhookSender:
    """A configured endpoint."""

    schedule = WEBHOOK
    patience = WEBHOOK_PATIENCE

    def __init__(self, settings: WebhookChannel, door: Sender) -> None:
        self._settings = settings
        self._door = door
        self.lease = timedelta(seconds=settings.timeout_s) + MARGIN

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Posts once. 2xx: sent; 410: the endpoint is parked; everything else, a redirect included: again, not before Retry-After."""
        try:
            request = self._request(message, now)
        except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
            return SendVerdict(outcome="parked", code="secret", detail=f"the webhook secret is not valid: {error}", retry_after_s=_PROBE_S)
        try:
            response = await self._door.send(request)
        except FetchError as error:
            return SendVerdict(outcome="again", code=error.kind, detail=one_line(str(error), 300))
        return _verdict(response, now)

    def _request(self, message: Message, now: datetime) -> Request:
        settings = self._settings
        body = message.body.decode("utf-8")
        secrets = (settings.secret, *((settings.previous_secret,) if settings.previous_secret else ()))
        signatures = " ".join(Webhook(secret.reveal()).sign(message.uid, now, body) for secret in secrets)
        headers = (
            ("content-type", "application/json; charset=utf-8"),
            ("webhook-id", message.uid),
            ("webhook-timestamp", str(int(now.timestamp()))),
            ("webhook-signature", signatures),
        )
        limits = Limits(
            total_s=settings.timeout_s, first_byte_s=settings.timeout_s, wire_bytes=_READ_BYTES, decoded_bytes=_READ_BYTES, cut=True
        )
        return Request(
            url=settings.url,
            method="POST",
            headers=headers,
            body=message.body,
            limits=limits,
            allow_private=settings.allow_private,
            ports=settings.ports,
            follow=False,
        )


def _verdict(response: Response, now: datetime) -> SendVerdict:
    status = response.status
    said = one_line(response.body.decode("utf-8", "replace"), 200)
    detail = f"answered {status}" + (f": {said}" if said and status >= 400 else "")
    if 200 <= status < 300:
        return SendVerdict(outcome="sent", code=str(status), detail=detail)
    if status == 410:
        return SendVerdict(outcome="parked", code="410", detail="the endpoint says it is gone for good (410)")
    if 300 <= status < 400:
        location = one_line(response.header("location") or "", 200)
        return SendVerdict(
            outcome="again", code=str(status), detail=f"redirects to {location}; redirects are not followed: correct the address"
        )
    wait = retry_after_s(response.header("retry-after"), now) if status in (429, 503) else None
    apart = _clocks_apart(response.header("date"), now) if status in (400, 401, 403) else ""
    return SendVerdict(outcome="again", code=str(status), detail=one_line(detail + apart, 300), retry_after_s=wait)


def _clocks_apart(date: str | None, now: datetime) -> str:
    """A remark where the endpoint's clock and ours differ by more than receivers tolerate: it would refuse our timestamps."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    apart = (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - now
    if abs(apart) <= _TOLERANCE:
        return ""
    return f" (its clock is {round(abs(apart).total_seconds() / 60)} minutes {'ahead of' if apart > timedelta(0) else 'behind'} ours)"
