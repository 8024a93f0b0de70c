"""A test of a channel on request: it arrives, it is signed, its schema is published, and a failure is told without secrets."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook

from monitor.config import ChatChannel, EmailChannel, FileChannel, Secret, TelegramChannel
from monitor.deliveries.actions import ping
from monitor.deliveries.ping import ping_message, ping_schema
from monitor.fetch import Door
from monitor.model import SendVerdict
from tests.cli.desk import WATCHLIST
from tests.commands import run
from tests.deliveries.test_webhook import SECRET, endpoint, headers
from tests.fetch.wire import Site, answer, site

NOW = datetime(2024, 9, 26, 0, 5, tzinfo=UTC)
CONFIG = """\
database = "monitor.db"
watchlists = ["pair.toml"]
[channel.desk]
type = "file"
folder = "{folder}"
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:9/x"
secret = "env:HOOK_SECRET"
[subscription.morning]
watchlists = ["pair"]
channels = ["desk", "hook"]
"""


def pinged(status: int) -> tuple[tuple[tuple[str, SendVerdict], ...], Site]:
    """A ping of a webhook that answers with a status."""

    async def work() -> tuple[tuple[tuple[str, SendVerdict], ...], Site]:
        async with site() as server, Door(user_agent="Monitor/test") as door:
            server.routes["/hook"] = answer(b"no " + SECRET.encode(), status=status)
            return await ping(endpoint(server.url("/hook"), server.port), door, lambda: "ping-1", datetime.now(UTC)), server

    return asyncio.run(work())


def test_a_webhook_gets_a_signed_ping() -> None:
    """One POST under an identity of its own, with a signature the standard's library verifies, as the schema says."""
    ((destination, verdict),), server = pinged(200)
    assert (destination, verdict.outcome) == ("webhook:hook", "sent")
    sent = headers(server.heads[0])
    assert sent["webhook-id"] == "ping-1"
    assert Webhook(SECRET).verify(server.bodies[0], dict(sent))
    body = json.loads(server.bodies[0])
    assert (body["type"], body["data"]["channel"]) == ("ping", "hook")
    Draft202012Validator(ping_schema()).validate(body)


def test_a_failure_is_told_without_the_secret() -> None:
    """What the endpoint answered is shown, but not the secret that it repeats."""
    ((_, verdict),), _ = pinged(500)
    assert verdict.outcome == "again"
    assert "whsec_" not in verdict.detail


@pytest.mark.parametrize(
    "channel",
    [
        EmailChannel(type="email", name="c", host="h", sender="m@example.org", to=("a@example.org",)),
        FileChannel.model_construct(type="file", name="c", folder=Path("x")),
        *(ChatChannel.model_construct(type=kind, name="c", url=Secret("https://x.example/y")) for kind in ("slack", "discord", "teams")),
        TelegramChannel.model_construct(type="telegram", name="c", token=Secret("t"), chat="1"),
    ],
    ids=lambda channel: channel.type,
)
def test_every_kind_of_channel_can_be_pinged(channel: EmailChannel | FileChannel | ChatChannel | TelegramChannel) -> None:
    """The message has the form that the channel takes, and says that nothing needs to be done."""
    message = ping_message(channel, "ping-1", NOW)
    assert "test of the channel c" in message.subject
    assert "nothing needs to be done" in message.body.decode("utf-8")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes into a folder, exits with 1 where nobody answers, names the channels there are, and shows without sending; no database is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path / "outbox"), encoding="utf-8")
    assert json.loads(run("deliveries", "ping", "hook", "--dry-run").out)["type"] == "ping"
    assert not (tmp_path / "outbox").exists()
    good = run("deliveries", "ping", "desk")
    assert (good.code, "sent" in good.out) == (0, True)
    assert {path.suffix for path in (tmp_path / "outbox").iterdir()} == {".html", ".txt", ".eml"}
    bad = run("deliveries", "ping", "hook")
    assert bad.code == 1
    assert SECRET not in bad.out + bad.err
    missing = run("deliveries", "ping", "hok")
    assert (missing.code, "there is desk, hook" in missing.err) == (3, True)
    assert not (tmp_path / "monitor.db").exists()
