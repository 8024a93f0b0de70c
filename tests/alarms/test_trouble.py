"""What counts as trouble, and when a trouble becomes an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alarms.decide import AGAIN_AFTER, CLEAR_AFTER, Alarm, decide
from monitor.alarms.seen import DestinationSeen, FeedSeen, LifeSeen, Seen, StepSeen
from monitor.alarms.trouble import Patience, Trouble, judge, ringing

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
AGO = NOW - timedelta(hours=5)
ROLES = ("visit", "think", "deliver")


def feed(name: str, fails: int = 0, **more: object) -> FeedSeen:
    since = AGO if fails else None
    fields = {"state": "active", "fail_count": fails, "failing_since_at": since, "error": "no answer" if fails else "", **more}
    return FeedSeen(name=name, **fields)  # type: ignore[arg-type]


def destination(**more: object) -> DestinationSeen:
    fields = {
        "destination": "webhook:hook",
        "channel": "hook",
        "since_at": AGO,
        "error": "503",
        **more,
    }
    return DestinationSeen(**fields)  # type: ignore[arg-type]


def kinds(seen: Seen) -> list[str]:
    return [trouble.kind for trouble in ringing(judge(seen, Patience(), NOW))]


def test_nothing_wrong_is_no_trouble() -> None:
    """Working feeds, steps and destinations give no trouble."""
    steps = (StepSeen(name="match", finished_at=NOW, ok_at=NOW, error=""),)
    assert (
        kinds(Seen(feeds=(feed("a"), feed("b", 2)), destinations=(destination(attempts=2),), steps=steps, mode="normal", began_at=AGO))
        == []
    )


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (Seen(feeds=(feed("a", 3), feed("b"))), "feed.failing"),
        (Seen(feeds=(feed("a", 3), feed("b", 9), feed("c"))), "feeds.failing"),
        (Seen(feeds=(feed("a", state="gone"), feed("b"))), "feed.gone"),
        (Seen(feeds=(feed("a", silent_since_at=AGO), feed("b"))), "feed.silent"),
        (Seen(feeds=(feed("a", held_at=AGO, held_reason="40 of 40 items look new"), feed("b"))), "feed.held"),
        (Seen(intake_silent_since_at=AGO), "intake.silent"),
        (Seen(feeds=(feed("a", due_at=AGO), feed("b", due_at=NOW)), began_at=AGO), "feeds.overdue"),
        (Seen(destinations=(destination(attempts=3),)), "delivery.failing"),
        (Seen(destinations=(destination(parked=1),)), "delivery.failing"),
        (Seen(destinations=(destination(lost=1),)), "delivery.failing"),
        (Seen(steps=(StepSeen(name="match", finished_at=NOW, ok_at=NOW - timedelta(minutes=15), error="bug"),)), "step.failing"),
        (Seen(steps=(StepSeen(name="match", finished_at=AGO, ok_at=AGO, error=""),), began_at=AGO), "step.late"),
        (Seen(mode="low-space", mode_reason="3 MiB are free", mode_since_at=AGO), "disk"),
        (Seen(config_problem="config.toml:4: unknown key"), "config"),
        (Seen(output_problem="/srv/feeds: Permission denied", output_since_at=AGO), "output"),
        (Seen(began_at=NOW - timedelta(minutes=1), died_at=AGO), "daemon"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_trouble_is_told_by_kind_and_cause(seen: Seen, kind: str) -> None:
    """Whatever stops working gives exactly one trouble with its cause and the time since when."""
    found = ringing(judge(seen, Patience(), NOW))
    assert [trouble.kind for trouble in found] == [kind]
    assert found[0].since_at is None or found[0].since_at <= NOW
    assert found[0].text


@pytest.mark.parametrize(
    "seen",
    [
        Seen(steps=(StepSeen(name="match", finished_at=NOW, ok_at=NOW - timedelta(minutes=14), error="bug"),)),
        Seen(steps=(StepSeen(name="visit", finished_at=NOW - timedelta(hours=1), ok_at=AGO, error=""),), began_at=AGO),
        Seen(steps=(StepSeen(name="match", finished_at=AGO, ok_at=AGO, error=""),), began_at=NOW - timedelta(minutes=1)),
        Seen(steps=(StepSeen(name="match", finished_at=AGO, ok_at=AGO, error=""),)),
        Seen(began_at=NOW - timedelta(minutes=1), died_at=NOW - timedelta(minutes=3)),
        Seen(began_at=NOW - timedelta(hours=3), died_at=AGO),
        Seen(feeds=(feed("a", 9, silent_since_at=AGO, state="paused"), feed("b"))),
        Seen(feeds=(feed("a", due_at=AGO),), began_at=NOW - timedelta(minutes=5)),
        Seen(feeds=(feed("a", due_at=AGO),)),
        Seen(output_problem="/srv/feeds: Permission denied", output_since_at=NOW - timedelta(minutes=14)),
        Seen(destinations=(destination(waiting=3, waiting_since_at=AGO),)),
    ],
)
def test_patience(seen: Seen) -> None:
    """Short faults, long visits, what a restart explains, and what a person paused are no trouble."""
    assert kinds(seen) == []


@pytest.mark.parametrize(
    ("seen", "level", "rings"),
    [
        (Seen(feeds=(feed("a", 1), feed("b"))), "note", False),
        (Seen(feeds=(feed("a", 3), feed("b"))), "note", True),
        (Seen(feeds=(feed("a", 1, failing_since_at=NOW - timedelta(days=2)), feed("b"))), "problem", False),
        (Seen(feeds=(feed("a", held_kind="flood", held_reason="40 of 40 items look new"), feed("b"))), "note", True),
        (Seen(feeds=(feed("a", held_kind="other-feed", held_reason="shows another title"), feed("b"))), "problem", True),
        (Seen(feeds=(feed("a", note="may have missed items"), feed("b"))), "note", False),
        (Seen(feeds=(feed("a", silent_since_at=AGO), feed("b"))), "note", True),
        (Seen(destinations=(destination(waiting=1, waiting_since_at=NOW),)), "note", False),
        (Seen(destinations=(destination(waiting=1, waiting_since_at=AGO),)), "problem", False),
        (Seen(destinations=(destination(refused=1),)), "problem", False),
        (Seen(destinations=(destination(refused=1, lost=1),)), "problem", True),
        (Seen(steps=(StepSeen(name="match", finished_at=NOW, ok_at=NOW, error="bug"),)), "problem", False),
        (Seen(output_problem="/srv/feeds: Permission denied", output_since_at=NOW), "problem", False),
        (Seen(web_problem="the port is taken"), "problem", False),
        (Seen(began_at=NOW - timedelta(minutes=1), died_at=AGO), "hidden", True),
    ],
)
def test_what_status_makes_of_it_and_what_rings(seen: Seen, level: str, rings: bool) -> None:
    """One judgement says both: whether somebody must act, which status tells at once, and whether it is worth a message."""
    seen = replace(seen, lives=(LifeSeen(name="1 on desk", seen_at=NOW),), feeds=seen.feeds or (feed("x"),))
    (found,) = judge(seen, Patience(), NOW)
    assert (found.level, found.rings) == (level, rings)


@pytest.mark.parametrize(
    ("seen", "kinds"),
    [
        (Seen(), ["daemon.none"]),
        (Seen(lives=(LifeSeen(name="1 on desk", seen_at=AGO, stopped_at=AGO),)), ["daemon.stopped"]),
        (Seen(lives=(LifeSeen(name="1 on desk", seen_at=AGO),)), ["daemon.silent"]),
        (Seen(workers=(LifeSeen(name="1 on desk", roles=("visit", "think"), seen_at=NOW),)), ["role"]),
        (
            Seen(workers=(LifeSeen(name="1 on desk", roles=ROLES, seen_at=NOW),), lost=(LifeSeen(name="2 on b", seen_at=AGO),)),
            ["worker.lost"],
        ),
        (Seen(lost=(LifeSeen(name="2 on b", seen_at=AGO),), lives=(LifeSeen(name="2 on b", seen_at=AGO),)), ["worker.lost"]),
    ],
)
def test_who_works(seen: Seen, kinds: list[str]) -> None:
    """No daemon, a stopped one, a silent one, a role that nobody has and a worker that is lost are told apart, each once."""
    assert [trouble.kind for trouble in judge(replace(seen, feeds=(feed("x"),)), Patience(), NOW)] == kinds


def trouble(subject: str = "feed a") -> Trouble:
    return Trouble(subject=subject, kind="feed.failing", text="feed a cannot be read", since_at=AGO)


class Bell:
    """Looks at a changing world and counts what is told."""

    def __init__(self) -> None:
        self.now = NOW
        self.alarms: tuple[Alarm, ...] = ()
        self.over: dict[str, datetime] = {}
        self.told: list[tuple[str, datetime]] = []

    def look(self, *found: Trouble, after: timedelta = timedelta(minutes=1)) -> None:
        self.now += after
        lately = frozenset(subject for subject, at in self.over.items() if self.now - at < timedelta(hours=24))
        decision = decide(found, self.alarms, lately, self.now)
        self.alarms = decision.kept
        self.over |= {alarm.trouble.subject: self.now for alarm in decision.over if alarm.raised_at}
        self.told += [("raised", self.now) for _ in decision.raised] + [("cleared", self.now) for _ in decision.cleared]

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.told]


def test_told_once_and_once_when_it_is_over() -> None:
    """A trouble that lasts for days rings once; after ten minutes without it, its end is told once."""
    bell = Bell()
    for _ in range(500):
        bell.look(trouble(), after=timedelta(minutes=10))
    assert bell.words == ["raised"]
    bell.look()
    assert bell.words == ["raised"]
    bell.look(after=CLEAR_AFTER)
    bell.look(after=timedelta(hours=1))
    assert bell.words == ["raised", "cleared"]


def test_a_short_pause_is_not_the_end() -> None:
    """What is back before the ten minutes are over was never away."""
    bell = Bell()
    for _ in range(20):
        bell.look(trouble(), after=timedelta(minutes=5))
        bell.look(after=timedelta(minutes=1))
    assert bell.words == ["raised"]


def test_what_flaps_rings_less() -> None:
    """What comes back within a day must stay for an hour before it rings again."""
    bell = Bell()
    bell.look(trouble())
    bell.look(after=timedelta(minutes=1))
    bell.look(after=CLEAR_AFTER)
    for _ in range(10):
        bell.look(trouble(), after=timedelta(minutes=20))
        bell.look(after=timedelta(minutes=20))
    assert bell.words == ["raised", "cleared"]
    for _ in range(8):
        bell.look(trouble(), after=AGAIN_AFTER / 6)
    assert bell.words == ["raised", "cleared", "raised"]


def test_what_passes_by_itself_is_not_called_over() -> None:
    """That the daemon was dead is told; that this is no longer news is not."""
    bell = Bell()
    bell.look(replace(trouble(), passing=True))
    bell.look()
    bell.look(after=timedelta(hours=2))
    assert bell.words == ["raised"]
    assert bell.alarms == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 90)), max_size=200))
def test_raised_and_cleared_alternate(looks: list[tuple[bool, int]]) -> None:
    """However a trouble comes and goes: raised, cleared, raised ... never twice the same, and at most one ring in an hour."""
    bell = Bell()
    for there, minutes in looks:
        bell.look(*([trouble()] if there else []), after=timedelta(minutes=minutes))
    assert bell.words == ["raised", "cleared"] * (len(bell.words) // 2) + ["raised"] * (len(bell.words) % 2)
    rings = [at for word, at in bell.told if word == "raised"]
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(rings))
