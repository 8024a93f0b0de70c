"""What is wrong right now, as far as the operator should hear of it. Pure: what the store knows goes in, troubles come out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_FEEDS = 0.5
"""When a larger share of all feeds fails, it is told as one trouble: the cause is ours."""

LATE = {"visit": timedelta(hours=2), "regroup": timedelta(hours=3), "tidy": timedelta(hours=3)}
OVERDUE = timedelta(hours=2)
"""A feed that is due for so long, while a daemon runs, is not asked: visits hang, or cannot keep up."""

LATE_ELSE = timedelta(minutes=15)
"""A step that has not ended for so long is late: it hangs, or nobody runs it. A visit reads pages one after the other and may take long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that does not work. `subject` names it among all others, `channel` the way out that it concerns, `mend` a command that helps.

    `passing`: it is over by itself; that it ended is not told.
    """

    subject: str
    kind: str
    text: str
    since_at: datetime
    mend: str = ""
    channel: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSeen:
    """A feed that is polled, or gone for good. `due_at`: when it is to be asked, its site's block included.

    `held_at`: since when its newest entries wait, for they look like a flood or like another feed.
    """

    name: str
    state: str
    fail_count: int
    failing_since_at: datetime | None
    error: str
    silent_since_at: datetime | None = None
    due_at: datetime | None = None
    held_at: datetime | None = None
    held_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSeen:
    """A destination with deliveries that did not go through. `attempts`: of the one that waits; `lost`: refused or expired since the last success."""

    destination: str
    channel: str
    attempts: int
    parked: int
    lost: int
    since_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """The last run of a step."""

    name: str
    finished_at: datetime | None
    ok_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything looked at. `began_at`: start of the daemon that runs now; `died_at`: last sign of life of one before it that was not stopped.

    `lost`: workers, of several, that went silent, and when.
    """

    feeds: tuple[FeedSeen, ...] = ()
    destinations: tuple[DestinationSeen, ...] = ()
    steps: tuple[StepSeen, ...] = ()
    mode: str = ""
    mode_reason: str = ""
    mode_since_at: datetime | None = None
    config_problem: str = ""
    template_problem: str = ""
    intake_silent_since_at: datetime | None = None
    began_at: datetime | None = None
    died_at: datetime | None = None
    lost: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`failures` in a row before a feed or destination is told; `step` how long a step may fail; `death` how long nobody may run unmentioned."""

    failures: int = 3
    step: timedelta = timedelta(minutes=15)
    death: timedelta = timedelta(minutes=10)


def troubles(seen: Seen, patience: Patience, now: datetime) -> tuple[Trouble, ...]:
    """All troubles of this moment, each under a subject of its own."""
    return (
        *_daemon(seen, patience, now),
        *_lost(seen.lost),
        *_feeds(seen.feeds, patience, now),
        *_held(seen.feeds, now),
        *_overdue(seen, now),
        *_intake(seen),
        *_destinations(seen.destinations, patience),
        *_steps(seen, patience, now),
    )


def _daemon(seen: Seen, patience: Patience, now: datetime) -> Iterable[Trouble]:
    if seen.mode and seen.mode != "normal":
        text = f"the disk holds the daemon back ({seen.mode}): {seen.mode_reason}"
        yield Trouble(subject="disk", kind="disk", text=text, since_at=seen.mode_since_at or now, mend="monitor doctor")
    if seen.config_problem:
        text = f"a changed configuration was not taken up, the old one stays in force: {seen.config_problem}"
        yield Trouble(subject="config", kind="config", text=text, since_at=now, mend="monitor config check")
    if seen.template_problem:
        text = f"digests go out in the built-in look, for a template of yours failed: {seen.template_problem}"
        yield Trouble(subject="template", kind="template", text=text, since_at=now, mend="monitor digests preview")
    if seen.died_at and seen.began_at and seen.began_at - seen.died_at > patience.death and now - seen.began_at < timedelta(hours=1):
        text = f"the daemon was not running for {_span(seen.began_at - seen.died_at)}: it ended without being stopped (killed, or the machine went down)"
        subject = f"daemon {seen.began_at:%Y%m%dT%H%M%SZ}"
        yield Trouble(subject=subject, kind="daemon", text=text, since_at=seen.died_at, mend="monitor doctor", passing=True)


def _lost(workers: tuple[tuple[str, datetime], ...]) -> Iterable[Trouble]:
    for name, seen_at in workers:
        text = f"the worker {name} has gone silent; the others do what it did"
        mend = "start it again with `monitor run`; where it still runs, look at its way to the database"
        yield Trouble(subject=f"worker {name}", kind="daemon", text=text, since_at=seen_at, mend=mend)


def _feeds(feeds: tuple[FeedSeen, ...], patience: Patience, now: datetime) -> Iterable[Trouble]:
    polled = [feed for feed in feeds if feed.state == "active"]
    failing = [feed for feed in polled if feed.fail_count >= patience.failures]
    if len(failing) > 1 and len(failing) > MOST_FEEDS * len(polled):
        since = min((feed.failing_since_at for feed in failing if feed.failing_since_at), default=now)
        text = f"{len(failing)} of {len(polled)} feeds cannot be read ({failing[0].name}: {failing[0].error}): is this machine online?"
        yield Trouble(subject="feeds", kind="feeds.failing", text=text, since_at=since, mend="monitor status")
    else:
        for feed in failing:
            text = f"feed {feed.name} cannot be read, {feed.fail_count} times in a row: {feed.error}"
            since_at = feed.failing_since_at or now
            yield Trouble(
                subject=f"feed {feed.name}", kind="feed.failing", text=text, since_at=since_at, mend=f"monitor feeds check {feed.name}"
            )
    for feed in feeds:
        if feed.state == "gone":
            text = f"feed {feed.name} is gone for good (410): remove it or find its new address"
            since_at = feed.failing_since_at or now
            yield Trouble(
                subject=f"feed {feed.name}", kind="feed.gone", text=text, since_at=since_at, mend=f"monitor feeds remove {feed.name}"
            )
        elif feed.state == "active" and feed.silent_since_at is not None and feed.fail_count < patience.failures:
            text = (
                f"feed {feed.name} answers but has brought nothing new for {_span(now - feed.silent_since_at)}, longer than it is used to"
            )
            mend = f"monitor feeds check {feed.name}"
            yield Trouble(subject=f"silence {feed.name}", kind="feed.silent", text=text, since_at=feed.silent_since_at, mend=mend)


def _held(feeds: tuple[FeedSeen, ...], now: datetime) -> Iterable[Trouble]:
    for feed in feeds:
        if feed.state == "active" and feed.held_reason:
            text = f"feed {feed.name} is held back: {feed.held_reason}"
            mend = f"monitor feeds resume {feed.name}"
            yield Trouble(subject=f"held {feed.name}", kind="feed.held", text=text, since_at=feed.held_at or now, mend=mend)


def _overdue(seen: Seen, now: datetime) -> Iterable[Trouble]:
    late = overdue(seen.feeds, seen.began_at, now)
    if late:
        since_at = min(due_at for _, due_at in late)
        text = f"{len(late)} feeds are due and are not asked ({late[0][0]}): visits hang or cannot keep up"
        yield Trouble(subject="overdue", kind="feeds.overdue", text=text, since_at=since_at, mend="monitor status")


def overdue(feeds: Iterable[FeedSeen], began_at: datetime | None, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """Names of the feeds that a daemon running since `began_at` should have asked long ago, with when they were due."""
    if began_at is None:
        return ()
    due = ((feed.name, max(feed.due_at, began_at)) for feed in feeds if feed.state == "active" and feed.due_at is not None)
    return tuple((name, due_at) for name, due_at in due if now - due_at > OVERDUE)


def _intake(seen: Seen) -> Iterable[Trouble]:
    if seen.intake_silent_since_at is not None:
        text = "the feeds answer but nothing new has come from any of them for longer than usual"
        yield Trouble(subject="intake", kind="intake.silent", text=text, since_at=seen.intake_silent_since_at, mend="monitor feeds stats")


def _destinations(destinations: tuple[DestinationSeen, ...], patience: Patience) -> Iterable[Trouble]:
    for each in destinations:
        if each.lost:
            said, mend = f"{each.lost} refused or expired", "monitor deliveries retry --all-failed"
        elif each.parked:
            said, mend = "parked until it is mended", "monitor deliveries list --failed"
        elif each.attempts >= patience.failures:
            said, mend = f"{each.attempts} attempts failed", "monitor deliveries list --failed"
        else:
            continue
        yield Trouble(
            subject=f"delivery {each.destination}",
            kind="delivery.failing",
            text=f"deliveries to {each.destination} do not go through ({said}): {each.error}",
            since_at=each.since_at,
            mend=mend,
            channel=each.channel,
        )


def _steps(seen: Seen, patience: Patience, now: datetime) -> Iterable[Trouble]:
    for step in seen.steps:
        begun = step.ok_at or seen.began_at or step.finished_at or now
        if step.error and now - begun >= patience.step:
            yield Trouble(
                subject=f"step {step.name}",
                kind="step.failing",
                text=f"the step {step.name} fails: {step.error}",
                since_at=begun,
                mend="monitor status",
            )
        elif seen.began_at and step.finished_at and now - max(step.finished_at, seen.began_at) > LATE.get(step.name, LATE_ELSE):
            text = f"the step {step.name} has not ended since"
            yield Trouble(subject=f"step {step.name}", kind="step.late", text=text, since_at=step.finished_at, mend="monitor status")


def _span(length: timedelta) -> str:
    hours = int(length / timedelta(hours=1))
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours >= 2 else f"{int(length / timedelta(minutes=1))} minutes"
