"""Webhooks against a real HTTP endpoint that answers as a test wants (fault matrix I)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from monitor.backoff import MAX_RETRY_AFTER_S
from monitor.config import Secret, WebhookChannel
from monitor.deliveries.webhook import WebhookSender
from monitor.fetch import Door
from monitor.model import SendVerdict
from tests.deliveries.rows import message
from tests.fetch.wire import Site, answer, drip, flood, hang_up, site

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = '{"type":"digest.ready","data":{"title":"Hãng chip"}}'.encode()
TO = "webhook:hook"


def endpoint(url: str, port: int, **fields: Any) -> WebhookChannel:
    defaults = {"type": "webhook", "name": "hook", "url": url, "secret": Secret(SECRET), "previous_secret": None, "timeout_s": 0.5}
    private = {"allow_private": ("127.0.0.0/8",), "ports": (port,)}
    return WebhookChannel.model_construct(**{**defaults, **private, **fields})


def now() -> datetime:
    return datetime.now(UTC)


def posted(*answers: Any, path: str = "/hook", **fields: Any) -> tuple[list[SendVerdict], Site]:
    """One attempt for each answer, all of the same message."""

    async def work() -> tuple[list[SendVerdict], Site]:
        async with site() as server, Door(user_agent="Monitor/test") as door:
            sender = WebhookSender(endpoint(server.url(path), server.port, **fields), door)
            verdicts = []
            for said in answers:
                server.routes["/hook"] = said
                verdicts.append(await asyncio.wait_for(sender.send(message(BODY, form="json"), TO, now()), 10))
            return verdicts, server

    return asyncio.run(work())


def headers(head: str) -> Mapping[str, str]:
    lines = [line.partition(":") for line in head.split("\r\n")[1:] if line]
    return {name.strip().lower(): value.strip() for name, _, value in lines}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_taken(status: int) -> None:
    """Every 2xx is an acceptance; the endpoint got the frozen bytes, one identity, a time, and a signature that the standard's library verifies."""
    (verdict,), server = posted(answer(status=status))
    assert (verdict.outcome, verdict.code) == ("sent", str(status))
    (body,) = server.bodies
    assert body == BODY
    sent = headers(server.heads[0])
    assert sent["webhook-id"] == message().uid
    assert sent["content-type"] == "application/json; charset=utf-8"
    assert Webhook(SECRET).verify(body, dict(sent))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"chip", b"ship"), dict(sent))
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(body, dict(sent))


def test_two_signatures_while_the_secret_changes() -> None:
    """With the previous secret configured a receiver that knows either verifies (case 143)."""
    _, server = posted(answer(), previous_secret=Secret(OLD_SECRET))
    sent = dict(headers(server.heads[0]))
    assert len(sent["webhook-signature"].split(" ")) == 2
    assert Webhook(SECRET).verify(server.bodies[0], sent)
    assert Webhook(OLD_SECRET).verify(server.bodies[0], sent)


def test_every_attempt_has_the_same_identity() -> None:
    """Three failures and a success carry one webhook-id and the same bytes, each with a signature of its own that verifies (case 135)."""
    verdicts, server = posted(*[answer(status=500)] * 3, answer())
    assert [verdict.outcome for verdict in verdicts] == ["again", "again", "again", "sent"]
    assert {headers(head)["webhook-id"] for head in server.heads} == {message().uid}
    assert set(server.bodies) == {BODY}
    for head, body in zip(server.heads, server.bodies, strict=True):
        assert Webhook(SECRET).verify(body, dict(headers(head)))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 422, 451, 500, 502, 503, 504])
def test_refusals_are_tried_again(status: int) -> None:
    """An endpoint's operator mends configuration: 4xx and 5xx are tried again, with the status and what was said kept short."""
    (verdict,), _ = posted(answer(b"<h1>no\x1b[31m</h1>\r\n" + b"x" * 5000, status=status))
    assert (verdict.outcome, verdict.code, verdict.retry_after_s) == ("again", str(status), None)
    assert len(verdict.detail) <= 300
    assert "\x1b" not in verdict.detail
    assert "\n" not in verdict.detail


@pytest.mark.parametrize(
    ("minutes", "says"),
    [(12, "its clock is 12 minutes ahead of ours"), (-90, "its clock is 90 minutes behind ours"), (4, ""), (-4, "")],
)
def test_clocks_that_differ_are_told(minutes: int, says: str) -> None:
    """A refusal from an endpoint whose clock is far from ours says so: it may be our timestamp that it refuses (case 53)."""
    date = (now() + timedelta(minutes=minutes)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    (verdict,), _ = posted(answer(status=401, Date=date))
    assert ("clock" in verdict.detail) == bool(says)
    assert says in verdict.detail


@pytest.mark.parametrize("date", ["", "soon", "Mon, 99 Foo 2024", "Thu, 01 Jan 99999 00:00:00 GMT"])
def test_a_date_that_is_none_is_ignored(date: str) -> None:
    """Nonsense in the Date header is not there."""
    (verdict,), _ = posted(answer(status=401, Date=date))
    assert verdict.detail == "answered 401"


def test_gone() -> None:
    """410 parks the endpoint at once and for as long as nobody acts (case 137)."""
    (verdict,), _ = posted(answer(status=410))
    assert (verdict.outcome, verdict.code, verdict.retry_after_s) == ("parked", "410", None)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [("3600", 3600), ("0", 0), ("999999999999", MAX_RETRY_AFTER_S), ("-5", None), ("soon", None), ("", None), ("1.5", None)],
)
def test_retry_after(status: int, value: str, wait: int | None) -> None:
    """Seconds are honoured and capped at seven days; nonsense is not there (cases 73, 136)."""
    (verdict,), _ = posted(answer(status=status, Retry_After=value))
    assert (verdict.outcome, verdict.retry_after_s) == ("again", wait)


def test_retry_after_as_a_date() -> None:
    """An HTTP date is honoured too; one that lies behind is not there."""
    ahead = (now() + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    (verdict, past), _ = posted(answer(status=429, Retry_After=ahead), answer(status=429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"))
    assert verdict.retry_after_s is not None
    assert 7100 < verdict.retry_after_s <= 7200
    assert past.retry_after_s is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """A redirect is a failure that names the place; neither body nor signature goes there (case 138)."""
    (verdict,), server = posted(answer(status=status, Location="/elsewhere"))
    assert (verdict.outcome, verdict.code) == ("again", str(status))
    assert "/elsewhere" in verdict.detail
    assert server.paths == ["/hook"]


@pytest.mark.parametrize(
    "said",
    [
        hang_up(b""),
        hang_up(b"HTTP/1.1 200"),
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Len"),
        hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        drip(b"HTTP/1.1 200 OK\r\nX-", 0.05),
        hang_up(b"220 this is a mail server\r\n"),
    ],
)
def test_cut_answers_are_tried_again(said: Any) -> None:
    """An answer cut at any point, dripping or no HTTP at all is not an acceptance (case 139)."""
    (verdict,), _ = posted(said)
    assert verdict.outcome == "again"
    assert verdict.detail


def test_an_endless_answer_is_not_read() -> None:
    """A gigabyte behind an acceptance is left there: four kilobytes are read and the message counts as taken (case 139)."""
    (verdict,), _ = posted(flood(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"x" * 65536))
    assert verdict.outcome == "sent"


def test_private_addresses_need_leave() -> None:
    """Without `allow_private` on the endpoint itself nothing connects to this machine (case 141)."""
    (verdict,), server = posted(answer(), allow_private=())
    assert (verdict.outcome, verdict.code) == ("again", "blocked")
    assert server.connections == 0


@pytest.mark.parametrize("secret", ["whsec_not base64!", "", "whsec_"])
def test_a_wrong_secret_parks(secret: str) -> None:
    """A secret that is none is the operator's to mend: parked, looked at again within the hour, its value in no message."""
    (verdict,), server = posted(answer(), secret=Secret(secret))
    assert (verdict.outcome, verdict.code, verdict.retry_after_s) == ("parked", "secret", 3600)
    assert "not base64" not in verdict.detail
    assert server.connections == 0
