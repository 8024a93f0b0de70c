"""`monitor deliveries`: what it lists, shows and makes due again."""

from __future__ import annotations

import email
import json
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import now
from monitor.model import SendVerdict
from monitor.store import deliveries as stored
from monitor.store.sqlite import SqliteStore, open_sqlite
from tests.cli.desk import WATCHLIST
from tests.commands import run
from tests.deliveries.rows import add_message

CONFIG = """\
database = "monitor.db"
watchlists = ["pair.toml"]
[channel.mail]
type = "email"
host = "127.0.0.1"
sender = "monitor@example.org"
to = ["a@example.org", "b@example.org", "c@example.org"]
[channel.hook]
type = "webhook"
url = "https://hooks.example.org/x"
secret = "env:HOOK_SECRET"
[subscription.morning]
watchlists = ["pair"]
channels = ["mail", "hook"]
"""
STATES = ("delivered", "rejected", "parked", "pending")


def end(store: SqliteStore, state: str) -> None:
    """Makes one attempt of the oldest open delivery end in a state."""
    at = now()
    (claimed,) = stored.claim(store, at, at + timedelta(minutes=1), "test", 1)
    outcome = "sent" if state == "delivered" else "refused"
    verdict = SendVerdict(outcome=outcome, code="250" if state == "delivered" else "550", detail="no \x1b[31msuch user")  # type: ignore[arg-type]
    stored.settle(store, claimed, verdict, state, None, at)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and four deliveries: delivered, rejected, parked, and one nobody has tried."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_DB", raising=False)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + "a" * 32)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    store = open_sqlite(tmp_path / "monitor.db")
    for letter in "abc":
        add_message(store, f"m-{letter}", ("mail", f"mail:{letter}@example.org"))
    add_message(store, "m-hook", ("hook", "webhook:hook"), body=b"{}", form="json")
    with store.write():
        store.run("update deliveries set created_at = :now", now=now())
        store.run("update messages set created_at = :now", now=now())
    for state in STATES[:3]:
        end(store, state)
    store.close()
    return tmp_path


def states(desk: Path) -> list[str]:
    store = open_sqlite(desk / "monitor.db")
    try:
        return [row["state"] for row in store.all("select state from deliveries order by id")]
    finally:
        store.close()


def test_list(desk: Path) -> None:
    """All deliveries newest first, or only those that did not go through; as a document and as lines."""
    found = json.loads(run("deliveries", "list", "--json").out)
    assert [row["state"] for row in found] == list(reversed(STATES))
    lines = run("deliveries", "list", "--jsonl", "--failed").out.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["parked", "rejected"]
    shown = run("deliveries", "list").out
    assert "mail:b@example.org" in shown
    assert "\x1b" not in shown
    assert json.loads(run("deliveries", "list", "--json", "--limit", "1").out)[0]["destination"] == "webhook:hook"


def test_show(desk: Path) -> None:
    """One delivery with its identity and every attempt; a number that is none is told with exit code 3."""
    found = json.loads(run("deliveries", "show", "2", "--json").out)
    assert (found["uid"], found["state"], found["last_code"]) == ("m-b", "rejected", "550")
    assert [attempt["outcome"] for attempt in found["log"]] == ["refused"]
    shown = run("deliveries", "show", "2").out
    assert "attempt 1 at" in shown
    assert "\x1b" not in shown
    assert run("deliveries", "show", "99").code == 3


def test_show_an_open_attempt(desk: Path) -> None:
    """An attempt whose outcome nobody saw says so."""
    store = open_sqlite(desk / "monitor.db")
    assert stored.claim(store, now(), now() + timedelta(minutes=1), "dead", 1)
    store.close()
    assert "outcome unknown" in run("deliveries", "show", "4").out


def test_show_the_mail(desk: Path) -> None:
    """`--eml` writes the mail as it is sent; what is no mail is refused."""
    mail = email.message_from_string(run("deliveries", "show", "1", "--eml").out)
    assert mail["To"] == "a@example.org"
    assert mail["X-Monitor-Digest"] == "m-a"
    refused = run("deliveries", "show", "4", "--eml")
    assert refused.code == 2
    assert "webhook:hook" in refused.err


def test_retry_one(desk: Path) -> None:
    """A rejected delivery is due again under its old identity; a delivered one is not touched."""
    assert "due now" in run("deliveries", "retry", "2").err
    assert states(desk) == ["delivered", "pending", "parked", "pending"]
    assert "nothing changed" in run("deliveries", "retry", "1").err
    assert states(desk)[0] == "delivered"
    found = json.loads(run("deliveries", "show", "2", "--json").out)
    assert (found["uid"], found["attempts"]) == ("m-b", 0)


def test_retry_all_failed(desk: Path) -> None:
    """`--all-failed` takes everything that ended without success; then there is nothing more to retry and the exit code says so."""
    assert run("deliveries", "retry", "--all-failed", "--dry-run").code == 0
    assert states(desk) == list(STATES)
    assert run("deliveries", "retry", "--all-failed").code == 0
    assert states(desk) == ["delivered", "pending", "pending", "pending"]
    assert run("deliveries", "retry", "--all-failed").code == 3


def test_retry_names_what_is_missing(desk: Path) -> None:
    """An unknown number changes nothing, not even for the known ones beside it."""
    assert run("deliveries", "retry", "2", "99").code == 3
    assert states(desk) == list(STATES)
    assert run("deliveries", "retry").code == 3


def test_retry_says_that_quiet_hours_hold_it(desk: Path) -> None:
    """Within quiet hours a digest made due again waits for their end, and the command says so; an alarm, which they do not hold, is due now."""
    store = open_sqlite(desk / "monitor.db")
    with store.write():
        store.run("insert into subscriptions(name, since_at, created_at) values ('morning', '2024', '2024')")
        store.run(
            "insert into digests(uid, subscription_id, subject, payload, sha256, covers_to_at, hit_count, created_at)"
            " values ('d', 1, 's', '{}', '', '2024', 0, '2024')"
        )
        store.run("update messages set digest_id = 1 where uid = 'm-b'")
    store.close()
    hour = now().hour
    quiet = f'timezone = "UTC"\nquiet = "{hour:02}:00-{(hour + 2) % 24:02}:00"\n'
    (desk / "config.toml").write_text(CONFIG + quiet, encoding="utf-8")
    said = run("deliveries", "retry", "2", "3").err
    assert "delivery 2 is due when the quiet hours of morning are over" in said
    assert "delivery 3 is due now" in said
