"""The real program on real sockets and a real file, killed or failed by strace at the Nth system call, then started again (RELIABILITY R1)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promise.kills import Rig
from tests.promise.loops import Runner
from tests.promise.power import strace_works

KILLS = ("pwrite64", "fdatasync", "sendto", "recvfrom", "connect")

LOOPS = (
    *((call, "signal=KILL", 1) for call in KILLS),
    ("pwrite64", "error=ENOSPC", 3),
    ("pwrite64", "error=EIO", 3),
    ("fdatasync", "error=EIO", 1),
    ("sendto", "error=ECONNRESET", 1),
    ("recvfrom", "error=ECONNRESET", 1),
)
"""(call, effect, step): with -m slow each call number from 1 on, or every third where there are hundreds."""

SLICE = (
    ("pwrite64", "signal=KILL", 131, 17),
    ("fdatasync", "signal=KILL", 23, 3),
    ("sendto", "signal=KILL", 31, 7),
    ("recvfrom", "signal=KILL", 61, 11),
    ("pwrite64", "error=ENOSPC", 310, 37),
    ("fdatasync", "error=EIO", 37, 9),
)
"""(call, effect, step, first) of the normal run."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path) as made:
        yield made


def test_a_slice_of_the_system_calls(tmp_path: Path) -> None:
    """Killed, or failed, at some calls of each kind: one digest, one identity per recipient and endpoint, nothing lost.

    Where strace cannot trace, the fail-points inside the process stand in: every 5th of them, and the line says so.
    """
    if not strace_works():
        found = Runner(tmp_path).loop("kill", every=5)
        print("strace does not work here: the fail-point variant ran instead")
        assert found.wrong == {}
        return
    points = 0
    with Rig(tmp_path) as rig:
        assert rig.run("") == []
        for call, effect, every, first in SLICE:
            tally = rig.loop(call, effect, every=every, first=first)
            points += tally.points
            assert tally.wrong == {}
    assert points >= 12


@pytest.mark.slow
@pytest.mark.parametrize(("call", "effect", "every"), LOOPS)
def test_every_system_call(rig: Rig, call: str, effect: str, every: int) -> None:
    """At every single call of a kind."""
    if not strace_works():
        pytest.skip("SKIPPED: strace does not work here; see test_crash_points.py for the fail-point variant")
    tally = rig.loop(call, effect, every=every)
    print(f"{call} {effect}: {tally.points} points, {len(tally.wrong)} with a loss or a double, {tally.repeats} runs with a repeat")
    assert tally.wrong == {}
    assert tally.points > 0
