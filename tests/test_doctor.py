"""`monitor doctor`: each cause is named with the command that mends it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import new_id
from monitor.app import now as present
from monitor.hours import to_text
from monitor.store.marker import keep_marker
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import daemon_started, record_event, set_fact, step_ran
from monitor.watchlists.expect import Expectation, judge_rate, parse_expect
from tests.commands import run

CONFIG = """\
watchlists = ["seeds/vietnam-us-tech.toml"]
[fetch]
contact = "desk@example.org"
[storage]
min_free_mib = 0
min_free_percent = 0.0
[alarm]
channels = ["ops"]
[feed.one]
url = "http://127.0.0.1:9/one"
[channel.desk]
type = "file"
folder = "outbox"
[channel.ops]
type = "file"
folder = "ops"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
at = ["07:00"]
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sound configuration and a database in which a daemon runs."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    with_store(tmp_path, begin)
    return tmp_path


def with_store(folder: Path, act: Callable[[SqliteStore], object]) -> None:
    store = open_sqlite(folder / "monitor.db")
    act(store)
    store.close()


def begin(store: SqliteStore) -> None:
    """A daemon that just started, a feed that answered."""
    daemon_started(store, "life", os.getpid(), "host", "0", present())
    with store.write():
        store.run("insert into sites(id, host, created_at) values (1, '127.0.0.1', '')")
        store.run(
            """insert into feeds(site_id, name, url, interval_s, last_success_at, created_at)
            values (1, 'one', 'http://127.0.0.1:9/one', 3600, :now, :now)""",
            now=present(),
        )


def remarks(*args: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    outcome = run(*args, "doctor", "--json")
    by_area: dict[str, list[dict[str, str]]] = {}
    for remark in json.loads(outcome.out)["remarks"]:
        by_area.setdefault(remark["area"], []).append(remark)
    return outcome.code, by_area


def test_a_sound_house_is_0(desk: Path) -> None:
    """Nothing wrong: exit code 0, and each area says what was looked at."""
    run("db", "backup")
    code, found = remarks()
    problems = [remark for area in found.values() for remark in area if remark["level"] == "problem"]
    assert (code, problems) == (0, [])
    assert {"config", "disk", "clock", "database", "daemon", "feeds", "deliveries", "alarm"} <= set(found)


def break_config(desk: Path) -> None:
    (desk / "config.toml").write_text(CONFIG.replace("[fetch]", "[fetch]\nin_fligth = 3"), encoding="utf-8")


def fill_disk(desk: Path) -> None:
    (desk / "config.toml").write_text(CONFIG.replace("min_free_mib = 0", "min_free_mib = 999999999"), encoding="utf-8")


def damage(desk: Path) -> None:
    with (desk / "monitor.db").open("r+b") as file:
        file.seek(4096 * 6)
        file.write(b"\xff" * 4096 * 4)


def delete(desk: Path) -> None:
    with_store(desk, lambda store: keep_marker(store.path, store, new_id, present()))
    (desk / "monitor.db").unlink()


def kill_daemon(desk: Path) -> None:
    with_store(desk, lambda store: alter(store, "update daemons set seen_at = :at", at=present() - timedelta(hours=1)))


def fail_feed(desk: Path) -> None:
    sql = "update feeds set fail_count = 40, failing_since_at = :at, error = 'the name was not found'"
    with_store(desk, lambda store: alter(store, sql, at=present() - timedelta(days=3)))


def fail_delivery(desk: Path) -> None:
    message = "insert into messages(id, uid, form, subject, body, sha256, created_at) values (1, 'u', 'json', 's', x'7b7d', '', '')"
    delivery = """insert into deliveries(message_id, channel, destination, state, created_at, last_error)
        values (1, 'hook', 'webhook:hook', 'parked', :at, 'answered 410')"""
    with_store(desk, lambda store: (alter(store, message), alter(store, delivery, at=present() - timedelta(hours=2))))


def fail_step(desk: Path) -> None:
    with_store(desk, lambda store: step_ran(store, "match", present(), present(), {}, "ZeroDivisionError: a bug"))


def reject_config(desk: Path) -> None:
    with_store(desk, lambda store: set_fact(store, "config_problem", "config.toml:4: unknown key"))


def go_degraded(desk: Path) -> None:
    said = json.dumps({"name": "low-space", "reason": "3 MiB are free", "since_at": to_text(present())})
    with_store(desk, lambda store: set_fact(store, "mode", said))


def time_travel(desk: Path) -> None:
    with_store(desk, lambda store: record_event(store, present() + timedelta(days=10), "feed.failing", "one", ""))


def alter(store: SqliteStore, sql: str, **values: datetime) -> None:
    with store.write():
        store.run(sql, **values)


@pytest.mark.parametrize(
    ("fault", "area", "cause", "mend", "code"),
    [
        (break_config, "config", r"in_fligth.*did you mean 'in_flight'", r"edit .*config.toml", 2),
        (fill_disk, "disk", r"MiB are free", r"make room", 1),
        (damage, "database", r".", r"monitor db restore .*monitor-.*\.db", 74),
        (delete, "database", r"is gone", r"monitor db restore", 74),
        (kill_daemon, "daemon", r"gone silent", r"monitor run", 1),
        (fail_feed, "feeds", r"the name was not found", r"monitor feeds check one", 1),
        (fail_delivery, "deliveries", r"1 parked until it is mended\): answered 410", r"monitor deliveries list --failed", 1),
        (fail_step, "daemon", r"ZeroDivisionError", r"log", 1),
        (reject_config, "config", r"not taken up.*unknown key", r"monitor config check", 1),
        (go_degraded, "disk", r"3 MiB are free", r"make room", 1),
        (time_travel, "clock", r"still to come", r"timedatectl", 1),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_cause_is_named_with_what_mends_it(
    desk: Path, fault: Callable[[Path], None], area: str, cause: str, mend: str, code: int
) -> None:
    """Of eleven faults each is found under its area, with its cause, the command that mends it, and its exit code."""
    run("db", "backup")
    fault(desk)
    found_code, found = remarks()
    problems = [remark for remark in found[area] if remark["level"] == "problem"]
    assert any(re.search(cause, remark["text"]) and re.search(mend, remark["mend"]) for remark in problems), found
    assert found_code == code


def test_it_looks_at_the_database_of_a_broken_configuration(desk: Path) -> None:
    """A fault in one file does not hide the others: the database it names is looked at all the same."""
    break_config(desk)
    _, found = remarks()
    assert [remark["level"] for remark in found["database"]][:1] == ["ok"]


def test_without_anything_it_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder the first command is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    code, found = remarks()
    assert code == 2
    assert found["config"][0]["mend"] == "monitor init"
    assert list(tmp_path.iterdir()) == []


def test_text_for_people(desk: Path) -> None:
    """On a terminal each remark is a line, its remedy below it."""
    fail_feed(desk)
    outcome = run("doctor")
    assert outcome.code == 1
    assert re.search(r"(?m)^feeds +PROBLEM .*\n +-> monitor feeds check one$", outcome.out)


def test_expectation_against_reality(desk: Path) -> None:
    """A watchlist that expects alerts each day and brings none for ten days is told with both figures."""
    sql = """insert into watchlist_versions(watchlist, title, digest, engine, source_json, rev, created_at)
        values ('vietnam-us-tech', '', 'd', 'e', '{}', 1, :at)"""
    with_store(desk, lambda store: alter(store, sql, at=present() - timedelta(days=10)))
    _, found = remarks()
    assert "the last 10 days brought 0" in found["watchlists"][0]["text"]
    assert "monitor watchlists try vietnam-us-tech" in found["watchlists"][0]["mend"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 to 3 alerts a day, more while leaders travel", Expectation(low=1, high=3)),
        ("about 14 per week", Expectation(low=2, high=2)),
        ("2-4 hits each day", Expectation(low=2, high=4)),
        ("30 developments a month", Expectation(low=1, high=1)),
        ("a handful", None),
        ("", None),
    ],
)
def test_expectations_are_read_from_words(text: str, expected: Expectation | None) -> None:
    """A rate in plain words becomes alerts a day; words without one say nothing."""
    assert parse_expect(text) == expected


@pytest.mark.parametrize(
    ("alerts", "days", "verdict"), [(30, 10.0, ""), (91, 10.0, "many"), (3, 10.0, "few"), (4, 10.0, ""), (0, 2.0, ""), (0, 0.0, "")]
)
def test_only_what_is_far_off_is_told(alerts: int, days: float, verdict: str) -> None:
    """Three times too many or too few over enough days is told; less, or too short a time, is not."""
    assert judge_rate(Expectation(low=1, high=3), alerts, days) == verdict
