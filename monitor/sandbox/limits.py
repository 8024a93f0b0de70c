"""What a child may use. Set by the child on itself before it reads a stranger's byte; where a system knows a limit not, the others stand."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

MAX_FILES = 32
"""Open files: the pipes and the modules being imported."""


def confine(memory_bytes: int) -> None:
    """Bounds memory; forbids writing files, dumping core and gaining privileges."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_FILES)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_AS, memory_bytes)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def alone() -> None:
    """Forbids starting processes."""
    _limit(resource.RLIMIT_NPROC, 0)


def die_with_parent() -> None:
    """Ends this process when the one that started it ends (Linux); a fork does not inherit it."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def allow_cpu(seconds: int) -> None:
    """Grants `seconds` of processor time from now on; the kernel ends the process with SIGXCPU beyond them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def resident_bytes() -> int:
    """Memory in use by this process now (Linux), or at its peak (macOS)."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  pathlib is not loaded in the child yet
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _limit(what: int, most: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
