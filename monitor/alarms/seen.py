"""What troubles are judged by: feeds, destinations, steps, lives of daemons, and what the daemon wrote down about itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSeen:
    """A feed that is polled, or gone for good. `due_at`: when it is to be asked, its site's block included; `note`: what its last poll remarked.

    `held_at`: since when its newest entries wait, for they look like a flood or like another feed (`held_kind`: flood, other-feed).
    """

    name: str
    state: str
    fail_count: int = 0
    failing_since_at: datetime | None = None
    error: str = ""
    last_success_at: datetime | None = None
    silent_since_at: datetime | None = None
    due_at: datetime | None = None
    held_at: datetime | None = None
    held_kind: str = ""
    held_reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSeen:
    """A destination with deliveries that are not delivered: how many wait (the first since `waiting_since_at`), are parked, or were refused or expired.

    `attempts`: failed ones of the delivery that waits; `lost`: refused or expired since the last success; `since_at`: since when it does not work.
    """

    destination: str
    channel: str
    waiting: int = 0
    waiting_since_at: datetime | None = None
    attempts: int = 0
    parked: int = 0
    refused: int = 0
    lost: int = 0
    since_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """The last run of a step."""

    name: str
    finished_at: datetime | None
    ok_at: datetime | None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSeen:
    """One life of a daemon, named by its process and machine. `stopped_at` is None while it runs, and for ever where it was killed."""

    name: str
    roles: tuple[str, ...] = ()
    seen_at: datetime
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything looked at. `lives`: of daemons, newest first; `workers`: those alive; `lost`: those, of several, that went silent.

    `began_at`: start of the daemon that runs; `died_at`: last sign of life of one before it that was not stopped. Each `*_problem` is what the
    daemon wrote down about itself.
    """

    feeds: tuple[FeedSeen, ...] = ()
    destinations: tuple[DestinationSeen, ...] = ()
    steps: tuple[StepSeen, ...] = ()
    lives: tuple[LifeSeen, ...] = ()
    workers: tuple[LifeSeen, ...] = ()
    lost: tuple[LifeSeen, ...] = ()
    mode: str = ""
    mode_reason: str = ""
    mode_since_at: datetime | None = None
    config_problem: str = ""
    template_problem: str = ""
    output_problem: str = ""
    output_since_at: datetime | None = None
    web_problem: str = ""
    intake_silent_since_at: datetime | None = None
    began_at: datetime | None = None
    died_at: datetime | None = None
