"""Mail against real SMTP servers: one that follows the rules (aiosmtpd) and one that breaks them on purpose (fault matrix H)."""

from __future__ import annotations

import asyncio
import email
import email.policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from monitor.config import EmailChannel, Secret
from monitor.deliveries.email import EmailSender
from monitor.model import SendVerdict
from tests import certificates
from tests.deliveries.rows import BEGAN, TEXT, message
from tests.deliveries.smtp import Server, drip, drop, end, saying, silence, smtp_server

TO = "mail:analyst@example.org"


def account(port: int, **fields: Any) -> EmailChannel:
    defaults = {"type": "email", "name": "mail", "host": "127.0.0.1", "port": port, "security": "none", "timeout_s": 0.25}
    return EmailChannel.model_construct(
        **{"username": "", "password": None, "list_id": "", "sender": "monitor@example.org", "to": ("a@b.example",), **defaults, **fields}
    )


def offered(**script: Any) -> tuple[SendVerdict, Server]:
    """One attempt against a scripted server."""

    async def work() -> tuple[SendVerdict, Server]:
        async with smtp_server(**script) as server:
            sender = EmailSender(account(server.port), final_answer_s=0.3)
            return await asyncio.wait_for(sender.send(message(), TO, BEGAN), 10), server

    return asyncio.run(work())


class Taker:
    """Takes every mail of an aiosmtpd server but for the addresses it refuses."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 taken"


async def to_aiosmtpd(sender_fields: dict[str, Any], destinations: list[str], **options: Any) -> tuple[list[SendVerdict], Taker]:
    taker = Taker()
    controller = UnthreadedController(taker, hostname="127.0.0.1", port=0, loop=asyncio.get_running_loop(), **options)
    server = await controller._create_server()
    try:
        sender = EmailSender(account(server.sockets[0].getsockname()[1], **{"timeout_s": 5, **sender_fields}), final_answer_s=5)
        return [await sender.send(message(), each, BEGAN) for each in destinations], taker
    finally:
        await end(server)


def test_a_mail_arrives_as_it_was_frozen() -> None:
    """A real server gets one mail for one recipient with the text unharmed: dots, line ends and Vietnamese letters (case 133)."""
    (verdict,), taker = asyncio.run(to_aiosmtpd({}, [TO]))
    assert (verdict.outcome, verdict.code) == ("sent", "250")
    (envelope,) = taker.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("monitor@example.org", ["analyst@example.org"])
    assert isinstance(envelope.content, bytes)
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").rstrip("\n") == TEXT.replace("\r\n", "\n")
    assert b"\r" not in envelope.content.replace(b"\r\n", b"")


def test_each_recipient_has_its_own_answer() -> None:
    """Of three recipients the unknown one is refused for good and the others get the mail (case 124)."""
    verdicts, taker = asyncio.run(to_aiosmtpd({}, [TO, "mail:nobody@example.org", "mail:desk@example.org"]))
    assert [verdict.outcome for verdict in verdicts] == ["sent", "refused", "sent"]
    assert verdicts[1].code == "550"
    assert [envelope.rcpt_tos for envelope in taker.envelopes] == [["analyst@example.org"], ["desk@example.org"]]


@pytest.mark.parametrize(
    ("script", "outcome", "code"),
    [
        ({"greeting": "421 too busy"}, "again", "421"),
        ({"greeting": "554 go away"}, "again", "554"),
        ({"EHLO": "421 shutting down"}, "again", "421"),
        ({"MAIL": "451 later"}, "again", "451"),
        ({"MAIL": "550 you may not send"}, "parked", "550"),
        ({"RCPT": "450 greylisted"}, "again", "450"),
        ({"RCPT": "452 too many"}, "again", "452"),
        ({"RCPT": "550 no such user"}, "refused", "550"),
        ({"DATA": "451 later"}, "again", "451"),
        ({"dot": "452 disk full"}, "again", "452"),
        ({"dot": "554 spam"}, "refused", "554"),
    ],
)
def test_answers_become_verdicts(script: dict[str, str], outcome: str, code: str) -> None:
    """4xx: again; 5xx to the recipient or the text: refused; 5xx to the sender: the transport waits (cases 123, 125, 126)."""
    verdict, server = offered(**script)
    assert (verdict.outcome, verdict.code) == (outcome, code)
    assert len(server.bodies) == (1 if "dot" in script else 0)


@pytest.mark.parametrize("point", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot"])
@pytest.mark.parametrize("act", [drop, silence, drip])
def test_broken_conversations_are_tried_again(point: str, act: Any) -> None:
    """A connection that is cut, silent or dripping at any point is tried again, never counted as sent (cases 127, 128)."""
    verdict, server = offered(**{point: act})
    assert verdict.outcome == "again"
    assert verdict.detail
    assert len(server.bodies) == (1 if point == "dot" else 0)


def test_the_second_try_sends_the_same_bytes() -> None:
    """After a cut behind the final dot the next attempt carries the same Message-ID and the same bytes (case 127)."""

    async def work() -> Server:
        async with smtp_server(dot=[drop, "250 ok"]) as server:
            sender = EmailSender(account(server.port), final_answer_s=0.3)
            first, second = [await sender.send(message(), TO, BEGAN) for _ in range(2)]
            assert (first.outcome, second.outcome) == ("again", "sent")
            return server

    first, second = asyncio.run(work()).bodies
    assert first == second


@pytest.mark.parametrize(
    "said", [b"250 " + b"x" * 1_000_000 + b"\r\n", b"250-more\r\n" * 10_000 + b"250 end\r\n", b"two fifty\r\n", b"\r\n" * 9]
)
def test_absurd_answers_are_cut(said: bytes) -> None:
    """A megabyte of one line, ten thousand lines or no number at all end the attempt, and what is kept of them is short (case 132)."""
    verdict, _ = offered(RCPT=saying(said))
    assert verdict.outcome == "again"
    assert len(verdict.detail) <= 300


def test_it_takes_its_leave() -> None:
    """QUIT ends a conversation (RFC 5321 4.1.1.10), and a server that never answers it changes nothing."""
    verdict, server = offered(QUIT=silence)
    assert verdict.outcome == "sent"
    assert server.commands[-1] == "QUIT"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificates.certificate(tmp_path_factory.mktemp("tls"), "localhost")


class Door:
    """Lets one user in."""

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.login == b"monitor" and data.password == b"right", handled=False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_tls_and_login(certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    """STARTTLS and TLS from the start both work with a certificate that is trusted; the right password lets in, a wrong one parks."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = (
        {"tls_context": certificates.shown(certificate)} if security == "starttls" else {"ssl_context": certificates.shown(certificate)}
    )

    async def work(password: str) -> tuple[list[SendVerdict], Taker]:
        fields = {"host": "localhost", "security": security, "username": "monitor", "password": Secret(password)}
        return await to_aiosmtpd(fields, [TO], authenticator=Door(), auth_require_tls=security == "starttls", **context)

    (good,), taker = asyncio.run(work("right"))
    assert good.outcome == "sent"
    assert len(taker.envelopes) == 1
    (bad,), taker = asyncio.run(work("wrong"))
    assert (bad.outcome, bad.code, bad.retry_after_s) == ("parked", "535", 3600)
    assert taker.envelopes == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_stranger_s_certificate_gets_nothing(certificate: Path, security: str) -> None:
    """A certificate nobody vouches for parks the transport, and neither password nor mail has left (case 129)."""

    async def work() -> tuple[SendVerdict, Server]:
        async with smtp_server(certificates.shown(certificate), EHLO="250-here\r\n250-AUTH PLAIN\r\n250 STARTTLS") as server:
            settings = account(server.port, security=security, username="monitor", password=Secret("right"), timeout_s=1)
            return await EmailSender(settings, final_answer_s=0.3).send(message(), TO, BEGAN), server

    verdict, server = asyncio.run(work())
    assert (verdict.outcome, verdict.code) == ("parked", "tls")
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_stripped_starttls_gets_nothing() -> None:
    """A server that does not offer the STARTTLS we are told to use parks the transport; no credentials are sent (case 129)."""

    async def work() -> tuple[SendVerdict, Server]:
        async with smtp_server() as server:
            settings = account(server.port, security="starttls", username="monitor", password=Secret("right"))
            return await EmailSender(settings, final_answer_s=0.3).send(message(), TO, BEGAN), server

    verdict, server = asyncio.run(work())
    assert (verdict.outcome, verdict.code) == ("parked", "tls")
    assert not any(command.startswith("AUTH") for command in server.commands)


def test_a_password_needs_tls() -> None:
    """Without TLS the password goes to this machine only."""
    settings = account(9, host="mail.example.org", password=Secret("right"))
    verdict = asyncio.run(EmailSender(settings).send(message(), TO, BEGAN))
    assert (verdict.outcome, verdict.code, verdict.retry_after_s) == ("parked", "tls", 3600)


def test_an_attempt_ends_before_its_lease() -> None:
    """However slow the server, the attempt's own limit is shorter than its lease, and waits ten minutes for the final dot's answer."""
    sender = EmailSender(account(9, timeout_s=60))
    assert sender.lease.total_seconds() == 600 + 5 * 60 + 60


def test_nobody_listens() -> None:
    """A port where nobody listens is tried again."""
    verdict = asyncio.run(EmailSender(account(9)).send(message(), TO, BEGAN))
    assert verdict.outcome == "again"
