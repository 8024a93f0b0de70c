"""`monitor subscriptions` and `monitor digests`: what they print, write and refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import now
from monitor.cli.digests import FORMS
from monitor.config import load_config
from monitor.store import subscriptions
from monitor.store.sqlite import open_sqlite
from tests.cli.desk import WATCHLIST
from tests.commands import run
from tests.digests.rows import Rows

CONFIG = """\
database = "monitor.db"
watchlists = ["pair.toml"]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
title = "Dams"
watchlists = ["pair"]
channels = ["desk"]
at = ["07:00", "05:00"]
quiet = "22:00-06:00"
timezone = "Asia/Ho_Chi_Minh"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration and a database in which one hit waits to be told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_DB", raising=False)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    store = open_sqlite(tmp_path / "monitor.db")
    subscriptions.sync(store, load_config(tmp_path / "config.toml").subscription, now() - timedelta(minutes=2))
    rows = Rows(store, watchlist="pair")
    rows.hit("Norco signs a \x1b[31mdam deal", story=rows.story(), seen=now() - timedelta(minutes=1))
    store.close()
    return tmp_path


def test_coming_times_respect_quiet_hours(desk: Path) -> None:
    """`next` lists the coming slots in order; one in quiet hours is sent at their end."""
    found = json.loads(run("subscriptions", "next", "morning", "--limit", "4", "--json").out)
    assert len(found) == 4
    for row in found:
        sent = datetime.fromisoformat(row["sent_at"]).astimezone(UTC)
        assert f"{sent:%H:%M}" == ("00:00" if "T07:00" in row["slot"] else "23:00")
    assert [row["sent_at"] for row in found] == sorted(row["sent_at"] for row in found)


def test_subscriptions_are_shown(desk: Path) -> None:
    """List and show name the schedule and what waits; an unknown name says which there are."""
    assert "05:00 mon-sun" not in run("subscriptions", "list").err
    (row,) = json.loads(run("subscriptions", "list", "--json").out)
    assert (row["name"], row["digests"], row["latest_at"]) == ("morning", 0, None)
    assert json.loads(run("subscriptions", "show", "morning", "--json").out)["waiting_hits"] == 1
    wrong = run("subscriptions", "show", "evening")
    assert wrong.code == 3
    assert "morning" in wrong.err


def test_preview_shows_and_writes_nothing(desk: Path) -> None:
    """A preview prints the text a terminal can bear, or writes the HTML, and records nothing."""
    found = run("digests", "preview")
    assert found.code == 0
    assert "Subject: [Dams] 1 new - Norco signs a" in found.out
    assert "\x1b" not in found.out
    assert run("digests", "preview", "morning", "--html", "page.html").code == 0
    assert (desk / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run("digests", "preview", "--eml", "page.eml").code == 0
    assert b"Subject: [Dams] 1 new" in (desk / "page.eml").read_bytes()
    for form in FORMS:
        payload = json.loads(run("digests", "preview", "--channel", form).out)
        assert "Norco signs a" in json.dumps(payload)
    assert run("digests", "send", "morning", "--dry-run").out == run("digests", "preview", "morning").out
    assert json.loads(run("digests", "list", "--empty", "--json").out) == []


def test_send_now_and_show(desk: Path) -> None:
    """`send` wants --now, then plans, delivers and reports; the digest is then listed and shown as it was sent; a second time nothing waits."""
    assert run("digests", "send", "morning").code == 2
    sent = run("digests", "send", "morning", "--now")
    assert sent.code == 0, sent.err
    assert "file:desk\tdelivered" in sent.out
    assert {path.suffix for path in (desk / "outbox").iterdir()} == {".html", ".txt", ".eml"}
    (row,) = json.loads(run("digests", "list", "--json").out)
    assert (row["hits"], row["delivered"], row["slot"][:7]) == (1, 1, "manual-")
    text = next((desk / "outbox").glob("*.txt")).read_text(encoding="utf-8")
    assert run("digests", "show", str(row["id"])).out == text
    assert run("digests", "show", row["uid"], "--html").out.startswith("<!doctype html>")
    found = json.loads(run("digests", "show", row["uid"], "--json").out)
    assert [hit["shown_as"] for hit in found["hits"]] == ["new"]
    again = run("digests", "send", "morning", "--now")
    assert again.code == 3
    assert run("digests", "show", "99").code == 3


def test_a_stored_digest_of_another_make_is_shown_or_told(desk: Path) -> None:
    """A payload that lacks what this version writes is shown without it; one that cannot be read is one line, and what was sent is still printed."""
    assert run("digests", "send", "morning", "--now").code == 0
    store = open_sqlite(desk / "monitor.db")
    with store.write():
        for table in ("attempts", "deliveries", "messages"):
            store.run(f"delete from {table}")
        store.run("update digests set payload = json_remove(payload, '$.coverage', '$.days', '$.entries[0].langs', '$.also')")
    assert "Norco signs a" in run("digests", "show", "1").out
    with store.write():
        store.run("update digests set payload = '{}'")
    for form in ("--text", "--html"):
        told = run("digests", "show", "1", form)
        assert (told.code, told.err.count("\n")) == (1, 1)
        assert "uid is missing" in told.err
    assert json.loads(run("digests", "show", "1", "--json").out)["document"] == {}
    store.close()
