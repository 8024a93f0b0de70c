"""The real program on real sockets and a real database, killed or failed by strace at the Nth system call, then started again (RELIABILITY R1)."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from tests.promise.engines import ENGINES
from tests.promise.kills import Rig
from tests.promise.loops import Runner
from tests.promise.power import strace_works

KILL, RESET, FULL, BROKEN = "signal=KILL", "error=ECONNRESET", "error=ENOSPC", "error=EIO"

LOOPS = {
    "sqlite": (
        ("pwrite64", KILL, 1),
        ("fdatasync", KILL, 1),
        ("sendto", KILL, 1),
        ("recvfrom", KILL, 1),
        ("connect", KILL, 1),
        ("pwrite64", FULL, 3),
        ("pwrite64", BROKEN, 3),
        ("fdatasync", BROKEN, 1),
        ("sendto", RESET, 1),
        ("recvfrom", RESET, 1),
    ),
    "postgres": (
        ("sendto", KILL, 1),
        ("recvfrom", KILL, 1),
        ("connect", KILL, 1),
        ("recvfrom", RESET, 3),
        ("message", "lost", 3),
    ),
}
"""(call, effect, step) by engine: with -m slow each call number from 1 on, or every third where there are hundreds.

On PostgreSQL the calls on the wire are those to the server as well: what libpq sends is one `sendto`, what it hears one `recvfrom`. Of a send that fails
libpq hears by reading, which a socket that was only said to be broken never lets it: a wire loses the message and breaks instead.
"""

SLICE = {
    "sqlite": (
        ("pwrite64", KILL, (17, 148, 279, 410)),
        ("fdatasync", KILL, (3, 24)),
        ("sendto", KILL, (7, 38)),
        ("recvfrom", KILL, (11, 72)),
        ("pwrite64", FULL, (37, 347)),
        ("fdatasync", BROKEN, (9,)),
    ),
    "postgres": (
        ("sendto", KILL, (131, 461)),
        ("recvfrom", KILL, (97, 307, 517)),
        ("recvfrom", RESET, (437,)),
        ("message", "lost", (201, 402)),
    ),
}
"""(call, effect, call numbers) of the normal run, by engine."""


def test_a_slice_of_the_system_calls(tmp_path: Path, engine: str) -> None:
    """Killed, or failed, at some calls of each kind: one digest, one identity per recipient and endpoint, nothing lost.

    Where strace cannot trace, the fail-points inside the process stand in: every 5th of them, and the line says so.
    """
    if not strace_works():
        runner = Runner(tmp_path, engine=ENGINES[engine])
        found = runner.loop("kill", every=5)
        runner.database.close()
        print("strace does not work here: the fail-point variant ran instead")
        assert found.wrong == {}
        return
    with Rig(tmp_path, ENGINES[engine], wired=engine == "postgres") as rig:
        for call, effect, points in SLICE[engine]:
            tally = rig.loop(call, effect, points)
            assert tally.wrong == {}
            assert tally.points == len(points), f"a life has fewer {call} than that"


@pytest.mark.slow
@pytest.mark.parametrize(("on", "call", "effect", "every"), [(on, *loop) for on, loops in LOOPS.items() for loop in loops])
def test_every_system_call(tmp_path: Path, on: str, call: str, effect: str, every: int) -> None:
    """At every single call of a kind."""
    if not strace_works():
        pytest.skip("SKIPPED: strace does not work here; see test_crash_points.py for the fail-point variant")
    with Rig(tmp_path, ENGINES[on], wired=call == "message") as rig:
        tally = rig.loop(call, effect, count(1, every))
    print(f"{on}: {call} {effect}: {tally.points} points, {len(tally.wrong)} with a loss or a double, {tally.repeats} runs with a repeat")
    assert tally.wrong == {}
    assert tally.points > 0
