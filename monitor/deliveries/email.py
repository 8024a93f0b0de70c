"""Mail by SMTP: one recipient per message, one connection per attempt, the server's answer for that recipient as the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import datetime, timedelta

import aiosmtplib

from monitor.backoff import SMTP, SMTP_PATIENCE
from monitor.config import EmailChannel
from monitor.deliveries.mime import mail_bytes
from monitor.model import Message, SendVerdict
from monitor.text import one_line

FINAL_ANSWER_S = 600.0
"""How long to wait for the answer to the final dot before calling the attempt unanswered (RFC 5321 4.5.3.2.6)."""

_QUIT_S = 1.0
"""How long to wait for the answer to QUIT (RFC 5321 4.1.1.10 asks for it); the mail is accepted or not by then."""

_PROBE_S = 3600
"""A parked transport is probed so often."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class EmailSender:
    """A configured SMTP account."""

    schedule = SMTP
    patience = SMTP_PATIENCE

    def __init__(self, settings: EmailChannel, final_answer_s: float = FINAL_ANSWER_S) -> None:
        self._settings = settings
        self._final_answer_s = final_answer_s
        self._whole_s = final_answer_s + 5 * settings.timeout_s
        self.lease = timedelta(seconds=self._whole_s + 60)

    async def send(self, message: Message, destination: str, now: datetime) -> SendVerdict:
        """Offers the mail once. 4xx and broken connections: again; a refused recipient or text: refused; login or TLS failure: the transport is parked."""
        recipient = destination.removeprefix("mail:")
        settings = self._settings
        if settings.password is not None and settings.security == "none" and settings.host not in _LOOPBACK:
            return _parked("tls", "the password is not sent without TLS: set security to starttls or tls")
        try:
            body = mail_bytes(message, sender=settings.sender, recipient=recipient, list_id=settings.list_id)
        except ValueError as error:
            return SendVerdict(outcome="refused", code="message", detail=one_line(str(error)))
        try:
            async with asyncio.timeout(self._whole_s):
                return await self._offer(body, recipient)
        except TimeoutError:
            return SendVerdict(outcome="again", code="timeout", detail="the whole attempt took too long")

    async def _offer(self, body: bytes, recipient: str) -> SendVerdict:
        client = self._client()
        try:
            await client.connect()
            if self._settings.password is not None:
                await client.login(self._settings.username, self._settings.password.reveal())
            await client.mail(self._settings.sender)
            await client.rcpt(recipient)
            response = await client.data(body, timeout=self._final_answer_s)
            return SendVerdict(outcome="sent", code=str(response.code), detail=one_line(response.message, 300))
        except aiosmtplib.SMTPAuthenticationError as error:
            return _parked(error.code, error.message) if error.code >= 500 else _again(error.code, error.message)
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
            if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError) or "STARTTLS" in str(error):
                return _parked("tls", str(error))
            return _again(type(error).__name__, str(error))
        finally:
            await _leave(client)

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            timeout=settings.timeout_s,
        )


async def _leave(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        if client.is_connected:
            await client.quit(timeout=_QUIT_S)
    client.close()


def _answered(error: aiosmtplib.SMTPResponseException) -> SendVerdict:
    if 400 <= error.code < 500 or error.code < 0:
        return _again(error.code, error.message)
    if isinstance(error, (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)):
        return SendVerdict(outcome="refused", code=str(error.code), detail=one_line(str(error.message), 300))
    if isinstance(error, aiosmtplib.SMTPSenderRefused):
        return _parked(error.code, error.message)
    return _again(error.code, error.message)


def _again(code: object, detail: object) -> SendVerdict:
    return SendVerdict(outcome="again", code=str(code), detail=one_line(str(detail), 300))


def _parked(code: object, detail: object) -> SendVerdict:
    return SendVerdict(outcome="parked", code=str(code), detail=one_line(str(detail), 300), retry_after_s=_PROBE_S)
