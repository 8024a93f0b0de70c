"""Case 19: a life of the program that meets a limit of memory, at whatever point, loses nothing, and says so; the lives that follow complete its work.

Where a control group can be made (root, memory controller), the kernel kills lives that grow beyond it as well.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.promise.kills import Rig

GROUPS = Path("/sys/fs/cgroup/memory")
KIB = 1024
WATCHDOG_S = 6.0


def room(kib: int) -> Callable[[int], None]:
    """Leaves a process so much address space beyond what it has.

    Python waits for ever for a thread that had no memory to begin: like the service manager's watchdog, a timer ends what hangs.
    """

    def bind(pid: int) -> None:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        has = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmSize"))
        resource.prlimit(pid, resource.RLIMIT_AS, ((has + kib) * KIB, resource.RLIM_INFINITY))
        watchdog = threading.Timer(WATCHDOG_S, end, (pid,))
        watchdog.daemon = True
        watchdog.start()

    return bind


def end(pid: int) -> None:
    """Kills a life that is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def starved(rig: Rig, rooms: list[int]) -> int:
    """Runs a life in each of these rooms; how many of them felt it. Fails where anything is lost or doubled, or a life felt it and did not say so."""
    felt = 0
    for kib in rooms:
        assert rig.run("", room(kib)) == [], f"{kib} KiB"
        short = any(word in rig.said for word in ("MemoryError", "out of memory", "Cannot allocate memory", "start new thread"))
        assert short or rig.code in (0, -signal.SIGKILL), f"{kib} KiB: ended with {rig.code} and said {rig.said[-300:]!r}"
        felt += short or rig.code != 0
    return felt


def test_case_19_little_memory_loses_nothing(tmp_path: Path) -> None:
    """With next to no room, whatever runs out of memory, every hit is told once in the end."""
    with Rig(tmp_path) as rig:
        assert starved(rig, [0, 100, 200]) >= 1


@pytest.mark.slow
def test_case_19_at_every_point(tmp_path: Path) -> None:
    """The same in steps of 16 KiB, until nothing is short any more."""
    with Rig(tmp_path) as rig:
        rooms = list(range(0, 1_600, 16))
        felt = starved(rig, rooms)
        print(f"memory: {len(rooms)} limits, {felt} felt, 0 lost or doubled")
        assert 0 < felt < len(rooms)


def bound(folder: Path, pid: int) -> None:
    """Puts a process into a control group."""
    (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")


@contextlib.contextmanager
def group(limit_kib: int) -> Iterator[Callable[[int], None]]:
    """A control group that may use so much; what is bound into it is killed by the kernel when it needs more."""
    if os.geteuid() != 0 or not (GROUPS / "memory.limit_in_bytes").exists():
        pytest.skip("SKIPPED: no control group for memory can be made here; the limit of address space stands in")
    folder = GROUPS / f"monitor-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "memory.limit_in_bytes").write_text(str(limit_kib * KIB), encoding="ascii")
    except OSError as error:
        pytest.skip(f"SKIPPED: no control group for memory can be made here: {error}")
    try:
        yield lambda pid: bound(folder, pid)
    finally:
        folder.rmdir()


def test_case_19_killed_by_the_kernel_for_its_memory(tmp_path: Path) -> None:
    """A control group kills the life somewhere on its way; the next ones complete its work."""
    killed = 0
    with Rig(tmp_path) as rig:
        for limit_kib in (400, 1600):
            with group(limit_kib) as bind:
                assert rig.run("", bind) == []
                killed += rig.code == -signal.SIGKILL
    assert killed
