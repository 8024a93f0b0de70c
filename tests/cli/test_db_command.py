"""`monitor db`: check, backup, restore from the command line."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.store.marker import keep_marker
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import fact, set_fact
from tests.commands import run

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MESSAGE = """
insert into messages(uid, form, subject, body, sha256, created_at)
values (:uid, 'json', 's', x'7b7d', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a', '') returning id
"""
SENT = """
insert into deliveries(message_id, channel, destination, state, epoch, attempts, created_at, delivered_at)
values (:id, 'hook', 'webhook:hook', 'delivered', 1, 1, :at, :at)
"""
ATTEMPT = """
insert into attempts(delivery_id, epoch, started_at, ended_at, outcome)
select id, epoch, :at, :at, 'sent' from deliveries where message_id = :id
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database and the present moment's marker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DB", str(tmp_path / "monitor.db"))
    note(tmp_path, "one")
    return tmp_path


def send(store: SqliteStore, uid: str, at: datetime) -> None:
    """What a delivery that went through leaves behind."""
    with store.write():
        row = store.one(MESSAGE, uid=uid)
        assert row is not None
        store.run(SENT, id=row["id"], at=at)
        store.run(ATTEMPT, id=row["id"], at=at)


def note(folder: Path, text: str) -> None:
    store = open_sqlite(folder / "monitor.db")
    set_fact(store, "note", text)
    send(store, text, NOW)
    keep_marker(store.path, store, lambda: "instance", NOW)
    store.close()


def noted(folder: Path) -> str | None:
    store = open_sqlite(folder / "monitor.db")
    try:
        return fact(store, "note")
    finally:
        store.close()


def test_check_says_sound_or_what_is_wrong(desk: Path) -> None:
    """A sound file is 0; a damaged one is 74 with SQLite's words, in text and JSON; an emptied one is 74 too."""
    assert run("db", "check").code == 0
    with (desk / "monitor.db").open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096 * 4)
    broken = run("db", "check", "--json")
    assert broken.code == 74
    assert json.loads(broken.out)["faults"]
    (desk / "monitor.db").write_bytes(b"")
    assert run("db", "check").code == 74


def test_check_finds_a_reference_to_nothing(desk: Path) -> None:
    """Rows that point to rows which are gone are told."""
    with sqlite3.connect(desk / "monitor.db") as other:
        other.execute("pragma foreign_keys=OFF")
        other.execute("delete from messages")
    other.close()
    outcome = run("db", "check")
    assert outcome.code == 74
    assert "points to nothing in messages" in outcome.out


def test_check_before_the_first_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no database yet the check makes none and says so."""
    monkeypatch.setenv("MONITOR_DB", str(tmp_path / "none.db"))
    outcome = run("db", "check")
    assert (outcome.code, (tmp_path / "none.db").exists()) == (1, False)
    assert "does not exist yet" in outcome.err


def test_case_36_restore_says_what_may_be_sent_twice(desk: Path) -> None:
    """Going back to a backup needs --yes, names the deliveries made since, keeps the present file, and is taken for the truth afterwards."""
    assert run("db", "backup", "copy.db").code == 0
    assert run("db", "restore", "copy.db").err.startswith("nothing was sent after this backup")
    store = open_sqlite(desk / "monitor.db")
    send(store, "two", datetime(2026, 11, 26, tzinfo=UTC))
    set_fact(store, "note", "two")
    store.close()
    asked = run("db", "restore", "copy.db")
    assert asked.code == 2
    assert "1 deliveries were made after this backup, from 2026-11-25T00:00:00.000000Z to 2026-11-26" in asked.err
    assert noted(desk) == "two"
    done = run("db", "restore", "copy.db", "--yes", "--json")
    assert done.code == 0
    assert noted(desk) == "one"
    assert Path(json.loads(done.out)["kept"]).exists()


def test_restore_mends_a_lost_database(desk: Path) -> None:
    """After the database was deleted, restoring a backup is enough to start again."""
    run("db", "backup", "copy.db")
    for path in desk.glob("monitor.db*"):
        if path.suffix in (".db", ".db-wal", ".db-shm"):
            path.unlink()
    assert run("db", "migrate").code == 74
    assert run("db", "restore", "copy.db", "--yes").code == 0
    assert noted(desk) == "one"


def test_dated_backups(desk: Path) -> None:
    """Without a target the copy gets a date and lies in the folder of backups."""
    outcome = run("db", "backup", "--json")
    made = Path(json.loads(outcome.out)["file"])
    assert made.parent == desk / "backups"
    assert made.exists()


def test_restore_refuses_itself_and_what_is_no_backup(desk: Path) -> None:
    """The database itself, a missing file and a foreign one are refused, and nothing changes."""
    assert run("db", "restore", "monitor.db", "--yes").code == 2
    assert run("db", "restore", "none.db", "--yes").code == 1
    (desk / "noise.db").write_bytes(b"noise" * 1000)
    assert run("db", "restore", "noise.db", "--yes").code == 74
    assert noted(desk) == "one"


def test_tidy_tells_first_and_removes_then(desk: Path) -> None:
    """A dry run counts what would go and changes nothing; without it that goes, and what stays is listed with its reason."""
    store = open_sqlite(desk / "monitor.db")
    with store.write():
        store.run("insert into events(happened_at, kind, subject, detail) values (:at, 'k', 's', '')", at=datetime(2020, 1, 1, tzinfo=UTC))
    store.close()
    for args, rows in ((("--dry-run",), 1), ((), 1), ((), 0)):
        told = json.loads(run("db", "tidy", *args, "--json").out)
        assert told["dry_run"] is bool(args)
        assert {each["name"]: each["rows"] for each in told["goes"]}["events"] == rows
        assert {"table": "deliveries", "rows": 1, "why": "the ledger"} in told["stays"]
    assert "nothing was changed" in run("db", "tidy", "--dry-run").err
