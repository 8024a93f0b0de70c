"""Death at every point of a whole life of the program, and a refused write at every commit: nothing lost, nothing under a second identity."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.store.sqlite import open_sqlite
from tests.promise.engines import ENGINES
from tests.promise.faults import Faults, Mode
from tests.promise.loops import Runner

SLICE = 13
"""The normal run takes every 13th point; `-m slow` takes all."""


@pytest.mark.parametrize("mode", ["kill", "error"])
def test_a_slice_of_all_points(tmp_path: Path, mode: Mode, engine: str) -> None:
    """At every 13th point: one digest per hit and subscription, one identity per endpoint, every rule of the promise kept."""
    runner = Runner(tmp_path, engine=ENGINES[engine])
    found = runner.loop(mode, every=SLICE, first=1 + len(mode))
    runner.database.close()
    assert found.wrong == {}
    assert len(found.points) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["kill", "error"])
def test_all_points(tmp_path: Path, mode: Mode, engine: str) -> None:
    """At every single point."""
    runner = Runner(tmp_path, engine=ENGINES[engine])
    found = runner.loop(mode)
    runner.database.close()
    print(
        f"{engine} {mode}: {len(found.points)} points, {len(found.wrong)} with a loss or a double, {found.repeats} repeats of the same identity"
    )
    assert found.wrong == {}
    assert len(found.points) > (60 if mode == "error" else 150)


WINDOWS = {
    "W1 fetched, not stored": "before commit of articles entries feeds sites",
    "W2 stored, page not claimed": "after commit of articles entries feeds sites",
    "W3 page claimed, not read": "after commit of articles sites",
    "W3 page fetched, not stored": "after page",
    "W4 page stored, not matched": "after commit of articles sites sketch_values texts",
    "W5 matched, not grouped": "after commit of articles hits mentions meta",
    "W5 grouped, not planned": "after commit of hits meta stories",
    "W6 inside the plan": "before commit of deliveries digest_hits digests messages slots subscriptions",
    "W7 planned, not claimed": "after commit of deliveries digest_hits digests messages slots subscriptions",
    "W8 claimed, not sent": "before post",
    "W10 accepted, answer on its way": "accepted post",
    "W10 answered, not settled": "before commit of attempts deliveries",
    "W11 settled": "after commit of attempts deliveries",
}
"""The crash windows of RELIABILITY.md 2.4 that lie inside one process. W9 (a body sent in part) and W12 (the answer to a commit is lost) need a socket:
test_kill_points.py; W13 (a sender that wakes too late): test_step.py, test_mutants.py; W14 (a reload): test_daemon.py."""


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    faults = Faults()
    assert Runner(tmp_path_factory.mktemp("whole")).run(faults) == []
    return faults.points


@pytest.mark.parametrize("window", WINDOWS)
def test_crash_window(tmp_path: Path, points: list[str], window: str) -> None:
    """Death inside each named window is mended by the next life."""
    places = [number for number, point in enumerate(points, 1) if point == WINDOWS[window]]
    assert places, sorted(set(points))
    faults = Faults(places[len(places) // 2])
    assert Runner(tmp_path).run(faults) == []
    assert faults.dead


def test_urgent_messages_are_told_once_too(tmp_path: Path) -> None:
    """With urgent messages wanted, death around their making and sending neither loses nor doubles: the digest does not tell them again."""
    runner = Runner(tmp_path)
    morning, noon = runner.world.config.subscription
    urgent = replace(morning, urgent=1.0, urgent_after_min=0, at=("19:00",))
    runner.world.config = replace(runner.world.config, subscription=(urgent, noon))
    assert runner.hunt("commit of deliveries digest_hits|accepted post") == []
    store = open_sqlite(tmp_path / "monitor.db")
    kinds = {row["kind"] for row in store.all("select distinct kind from digests")}
    store.close()
    assert "urgent" in kinds
