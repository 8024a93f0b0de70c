"""Apprise against a real HTTP endpoint: one address at a time, whole texts, a plain word where the package is missing, no address in any answer."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.app import load
from monitor.config import AppriseChannel, Secret, destinations_of, form_of, parse_config
from monitor.config.present import effective, masked, secret_values
from monitor.deliveries import apprise as ours
from monitor.deliveries.apprise import AppriseSender, address_problem
from monitor.deliveries.ping import ping_message
from monitor.digests.chat import render_chat
from monitor.errors import ConfigError
from monitor.model import Message, SendVerdict
from tests.cli.desk import CONFIG, WATCHLIST
from tests.deliveries.rows import message
from tests.digests.test_render import made
from tests.digests.test_select import hit
from tests.fetch.wire import Site, answer, site

NOW = datetime(2024, 9, 26, 0, 5, tzinfo=UTC)
CHANNEL = '\n[channel.push]\ntype = "apprise"\nurl = "env:PUSH_URL"\n'


def channel(url: str) -> AppriseChannel:
    """A channel with an address."""
    return AppriseChannel.model_construct(type="apprise", name="push", url=Secret(url))


def sent(text: Message, status: int = 200, path: str = "/hook", query: str = "") -> tuple[SendVerdict, Site]:
    """One attempt at a server that answers with a status."""

    async def work() -> tuple[SendVerdict, Site]:
        async with site() as server:
            server.routes[path] = answer(b"{}", status=status)
            sender = AppriseSender(channel(f"json://desk:very-secret-word@127.0.0.1:{server.port}{path}{query}"))
            return await asyncio.wait_for(sender.send(text, "apprise:push", NOW), 20), server

    return asyncio.run(work())


def digest() -> Message:
    """A short digest in the form of this channel."""
    (part,) = render_chat(made(hit(1, title="FPT & Nvidia <b>build</b>")), "apprise")
    return message(part.body, form="apprise")


def test_a_digest_arrives_whole() -> None:
    """Title and text as plain text, nothing escaped or taken for markup."""
    verdict, server = sent(digest())
    assert (verdict.outcome, verdict.code) == ("sent", "taken")
    (body,) = [json.loads(found) for found in server.bodies]
    assert body["title"] == "[VN-US tech] 1 new - FPT & Nvidia <b>build</b>"
    assert "FPT & Nvidia <b>build</b>\nhttps://news.example/1" in body["message"]
    assert "COVERAGE" in body["message"]


@pytest.mark.parametrize("status", [400, 500, 301])
def test_a_refusal_is_tried_again_and_names_no_secret(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """The package says only that it failed, and why in words; neither the answer nor the log has the address. A redirect is not followed."""
    with caplog.at_level(logging.DEBUG):
        verdict, server = sent(digest(), status=status)
    assert verdict.outcome == "again"
    assert str(status) in verdict.detail
    assert len(server.bodies) == 1
    for text in (verdict.detail, caplog.text):
        assert "very-secret-word" not in text


def test_nobody_answers() -> None:
    """A closed port is a failed attempt."""
    verdict = asyncio.run(AppriseSender(channel("json://127.0.0.1:9/x")).send(digest(), "apprise:push", NOW))
    assert verdict.outcome == "again"


def test_every_message_of_this_form_is_taken() -> None:
    """A test of the channel goes the same way."""
    verdict, server = sent(ping_message(channel("json://x"), "ping-1", NOW))
    assert verdict.outcome == "sent"
    assert "nothing needs to be done" in json.loads(server.bodies[0])["message"]


def test_a_service_that_takes_less_gets_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is cut: what a service takes in small pieces only comes in several requests."""
    from apprise.plugins.custom_json import NotifyJSON

    monkeypatch.setattr(NotifyJSON, "body_maxlen", 120)
    verdict, server = sent(digest())
    assert verdict.outcome == "sent"
    assert len(server.bodies) > 1
    told = "".join(json.loads(body)["message"] for body in server.bodies)
    assert "https://news.example/1" in told.replace("\n", "")


def test_an_unknown_address_is_told_without_repeating_it() -> None:
    """It is parked: the operator mends the configuration."""
    wrong = channel("nonsense://very-secret-word@host")
    verdict = asyncio.run(AppriseSender(wrong).send(digest(), "apprise:push", NOW))
    assert (verdict.outcome, verdict.code) == ("parked", "address")
    assert "very-secret-word" not in verdict.detail


def test_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is given by reference, is shown as such, and is checked at start with its line."""
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + CHANNEL, encoding="utf-8")
    monkeypatch.setenv("PUSH_URL", "ntfy://a-very-secret-topic")
    found = load(path)[0]
    push = next(each for each in found.channel if each.name == "push")
    assert (form_of(push), destinations_of(push)) == ("apprise", (("push", "apprise:push"),))
    assert effective(found)["channel"]["push"]["url"] == "env:PUSH_URL"
    monkeypatch.setenv("PUSH_URL", "nonsense://a-very-secret-topic")
    with pytest.raises(ConfigError, match=r"config.toml:17: channel.push.url: Apprise knows no service") as told:
        load(path)
    assert "a-very-secret-topic" not in str(told.value)
    with pytest.raises(ConfigError, match="by reference"):
        parse_config((CONFIG + CHANNEL).replace("env:PUSH_URL", "ntfy://topic"), path, {})


def test_a_missing_package_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """At start with the way to install it; where it went missing later the delivery waits."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "apprise" else find(name, *rest))
    with pytest.raises(ConfigError, match=r"channel.push.url: .*pip install 'monitor-news\[apprise\]'"):
        parse_config(CONFIG + CHANNEL, Path("config.toml"), {"PUSH_URL": "ntfy://topic"})
    ours._package.cache_clear()
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert "pip install 'monitor-news[apprise]'" in address_problem(channel("json://x"))
    ours._package.cache_clear()


@pytest.mark.parametrize(
    ("url", "secrets"),
    [
        ("json://desk:very-secret@host.example/token-of-mine", ["very-secret", "token-of-mine"]),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV", ["4174216298", "JHMHI8qBe7bk2ZwO5U711o3dV"]),
        ("ntfy://a-secret-topic", ["a-secret-topic"]),
        ("x://[broken/very", ["x://[broken/very"]),
    ],
)
def test_parts_of_an_address_are_secrets_too(url: str, secrets: list[str]) -> None:
    """Whoever was told an address may quote a part of it: user, password, host or path may be the key."""
    for secret in secrets:
        assert secret not in masked(f"cannot reach {secret} now", secret_values((channel(url),)))


def test_whoever_chooses_it_reads_that_it_connects_by_itself() -> None:
    """The fetch door does not guard this channel: the shipped configuration says so beside its keys, and the page on channels where it lists them."""
    root = Path(ours.__file__).resolve().parent.parent
    shipped = (root.parent / "config.toml").read_text(encoding="utf-8").partition("[channel.push]")[2].partition("\n# ---")[0]
    page = (root / "docs" / "digests.md").read_text(encoding="utf-8").partition("## Ways out")[2].partition("\n## ")[0]
    assert "Apprise connects by itself" in shipped
    assert "make connections of its own" in page
