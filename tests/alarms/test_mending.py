"""Every kind of trouble that rings names a command that exists, and `monitor doctor` tells the same cause with what mends it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alarms import trouble
from monitor.alarms.step import look
from monitor.alarms.trouble import Patience, Trouble, judge
from monitor.app import now as present
from monitor.hours import to_text
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import daemon_started, set_fact, step_ran
from tests.command_lines import parsed
from tests.test_doctor import alter, desk, fail_delivery, fail_step, go_degraded, reject_config, remarks, with_store

__all__ = ["desk"]

LONG_AGO = timedelta(days=3)


def feed(folder: Path, sql: str) -> None:
    with_store(folder, lambda store: alter(store, f"update feeds set {sql}", at=present() - LONG_AGO))


def fail_all_feeds(folder: Path) -> None:
    def act(store: SqliteStore) -> None:
        alter(
            store,
            "insert into feeds(site_id, name, url, interval_s, created_at) values (1, 'two', 'http://127.0.0.1:9/two', 3600, :at)",
            at=present(),
        )
        alter(store, "update feeds set fail_count = 40, failing_since_at = :at, error = 'no route'", at=present() - LONG_AGO)

    with_store(folder, act)


def fail_template(folder: Path) -> None:
    with_store(folder, lambda store: set_fact(store, "template_problem", "x|looks/digest.html:1: an entry is missing"))


def fail_output(folder: Path) -> None:
    text = f"{to_text(present() - LONG_AGO)}|/srv/feeds: Permission denied"
    with_store(folder, lambda store: set_fact(store, "output_problem", text))


def fail_web(folder: Path) -> None:
    with_store(folder, lambda store: set_fact(store, "web_problem", "the dashboard is not open: the port is taken"))


def lives(folder: Path, sql: str) -> None:
    with_store(folder, lambda store: alter(store, f"update daemons set {sql}", at=present() - timedelta(hours=1)))


def lose_a_worker(folder: Path) -> None:
    def act(store: SqliteStore) -> None:
        daemon_started(store, "other", 7, "elsewhere", "0", present() - timedelta(hours=2), shared=True)
        alter(store, "update daemons set seen_at = :at where id = 'other'", at=present() - timedelta(hours=1))

    with_store(folder, act)


def silence_all(folder: Path) -> None:
    with_store(folder, lambda store: set_fact(store, "intake_silent_since_at", to_text(present() - LONG_AGO)))


def die(folder: Path) -> None:
    def act(store: SqliteStore) -> None:
        alter(store, "update daemons set started_at = :at, seen_at = :at", at=present() - LONG_AGO)
        daemon_started(store, "next", 1, "host", "0", present())

    with_store(folder, act)


def run_for_days(store: SqliteStore) -> None:
    alter(store, "update daemons set started_at = :at", at=present() - LONG_AGO)


def hang(folder: Path) -> None:
    def act(store: SqliteStore) -> None:
        run_for_days(store)
        step_ran(store, "match", present() - LONG_AGO, present() - LONG_AGO, {}, None)

    with_store(folder, act)


def fail_for_long(folder: Path) -> None:
    fail_step(folder)
    with_store(folder, run_for_days)


def leave_due(folder: Path) -> None:
    def act(store: SqliteStore) -> None:
        run_for_days(store)
        alter(store, "update feeds set next_poll_at = :at", at=present() - LONG_AGO)

    with_store(folder, act)


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "disk": (go_degraded, "disk"),
    "config": (reject_config, "config"),
    "template": (fail_template, "digests"),
    "output": (fail_output, "output"),
    "web": (fail_web, "web"),
    "daemon": (die, "daemon"),
    "daemon.none": (lambda folder: with_store(folder, lambda store: alter(store, "delete from daemons")), "daemon"),
    "daemon.stopped": (lambda folder: lives(folder, "stopped_at = :at"), "daemon"),
    "daemon.silent": (lambda folder: lives(folder, "seen_at = :at"), "daemon"),
    "worker.lost": (lose_a_worker, "daemon"),
    "role": (lambda folder: lives(folder, "roles = 'think'"), "daemon"),
    "feeds.none": (lambda folder: feed(folder, "state = 'paused'"), "feeds"),
    "feed.gap": (lambda folder: feed(folder, "note = 'may have missed items'"), "feeds"),
    "feeds.failing": (fail_all_feeds, "feeds"),
    "feed.failing": (lambda folder: feed(folder, "fail_count = 40, failing_since_at = :at, error = 'no route'"), "feeds"),
    "feed.gone": (lambda folder: feed(folder, "state = 'gone', failing_since_at = :at"), "feeds"),
    "feed.silent": (lambda folder: feed(folder, "silent_since_at = :at"), "feeds"),
    "feed.held": (
        lambda folder: feed(folder, "held_at = :at, held_kind = 'other-feed', held_reason = 'shows another title'"),
        "feeds",
    ),
    "feeds.overdue": (leave_due, "feeds"),
    "intake.silent": (silence_all, "feeds"),
    "delivery.failing": (fail_delivery, "deliveries"),
    "step.failing": (fail_for_long, "daemon"),
    "step.late": (hang, "daemon"),
}


def raised(folder: Path, kind: str) -> Trouble:
    found: list[Trouble] = []
    with_store(folder, lambda store: found.extend(judge(look(store, present()), Patience(), present())))
    return next(each for each in found if each.kind == kind)


def test_every_kind_of_alarm_is_here() -> None:
    """The table names exactly the kinds that the code can tell of."""
    source = Path(trouble.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'kind="([a-z.]+)"', source)) == set(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_an_alarm_has_a_cause_and_a_mending_command(desk: Path, kind: str) -> None:
    """The trouble says what is wrong; one that rings names a command that parses; doctor shows the same area with something to do."""
    fault, area = FAULTS[kind]
    fault(desk)
    alarm = raised(desk, kind)
    assert len(alarm.text) > 20
    assert alarm.area == area
    assert alarm.mend
    if alarm.rings:
        assert parsed(alarm.command)
    _, found = remarks()
    told = [remark for remark in found[area] if remark["level"] != "ok"]
    if kind == "daemon":
        # The life before this one ended badly; this one runs, and nothing is left to mend.
        assert alarm.passing
        assert told == []
        return
    assert told, json.dumps(found, indent=1)
    assert all(remark["mend"] for remark in told)
