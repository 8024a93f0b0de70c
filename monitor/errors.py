"""Everything that may reach the operator, grouped by what the operator must do about it.

    MonitorError                     exit 1  something failed; the message says what, where and what to do
      UsageError                     exit 2  correct the command
        ConfigError                  exit 2  correct a file: carries every problem found, not the first
      NothingSelected                exit 3  the selection was empty
      StoreError                     exit 1  the database could not do it now: wait, or free the lock
        StoreBusy                    exit 1  others hold the same rows, or lost a race for them: the next try may succeed
        StoreUnwritable              exit 1  its disk is full, read-only or failing: make room or mend it; the daemon waits and tries again
        StoreNewer                   exit 2  a newer version wrote it: upgrade this one
        StoreDamaged                 exit 74 the database is damaged or was replaced: run `monitor doctor`
        AlreadyRunning               exit 75 another daemon holds the database
      DigestUnreadable               exit 1  what is stored of a digest cannot be shown: see what was sent of it
      FetchError                     exit 1  a remote place did not give what was asked; `kind` says how
      SandboxError                   exit 1  a parse was stopped or died in its child process; `kind` says how

Failures of one feed, page or delivery do not travel as exceptions: they become rows in the store.
"""

from __future__ import annotations

from dataclasses import dataclass


class MonitorError(Exception):
    """Base of all errors that carry a message for the operator."""

    exit_code = 1


class UsageError(MonitorError):
    """The command line asked for something that cannot be done as asked."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in one file: where it stands, what is wrong, and the nearest right word if there is one."""

    file: str
    path: str
    message: str
    line: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        dotted = f" {self.path}:" if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}:{dotted} {self.message}{hint}"


class ConfigError(UsageError):
    """One or more files are wrong. `problems` holds all of them; nothing was changed."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join((f"{count} found, nothing was changed:", *(f"  {p}" for p in problems))))


class NothingSelected(MonitorError):
    """What was asked for does not exist or the filter left nothing."""

    exit_code = 3


class StoreError(MonitorError):
    """The database refused: locked for too long, full disk, read-only."""


class StoreBusy(StoreError):
    """Others hold the same rows for too long, or this process lost a race for them. Nothing was written; the next try may succeed."""


class StoreUnwritable(StoreError):
    """The disk refuses: full, read-only, failing, or not allowed to this user; or the server cannot be reached. `full`: making room would help."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        self.full = full
        super().__init__(message)


class StoreNewer(StoreError):
    """A newer version of this program wrote the database. It is left alone."""

    exit_code = 2


class StoreDamaged(StoreError):
    """The database file is damaged, emptied or not ours. It is never repaired or replaced without being asked."""

    exit_code = 74


class AlreadyRunning(StoreError):
    """Another daemon holds this database."""

    exit_code = 75


class DigestUnreadable(MonitorError):
    """The stored payload of a digest is not what this version can show. Carries what is wrong with it, and where."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"the stored content of a digest cannot be shown: {fault}; `monitor digests show NUMBER` prints what was sent of it"
        )


class FetchError(MonitorError):
    """A fetch that gave no usable answer.

    `kind` is one of: bad-url, blocked, dns, connect, tls, timeout, too-large, encoding, redirect, protocol.
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class SandboxError(MonitorError):
    """A function in a child process that gave no answer.

    `kind` is one of: timeout, memory, died, failed, unstarted (no child could be made: nothing is said about what was to be parsed).
    """

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)
