"""What is wrong right now, or worth knowing: one judgement for `status`, `doctor`, the dashboard and alarms. Pure: what the store knows goes in.

A trouble says for itself who hears of it: `level` is what `status` makes of it, `rings` whether the operator is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from monitor.alarms.seen import DestinationSeen, FeedSeen, Seen

LATE = {"visit": timedelta(hours=2), "regroup": timedelta(hours=3), "tidy": timedelta(hours=3)}
LATE_ELSE = timedelta(minutes=15)
"""A step that has not ended for so long is late: it hangs, or nobody runs it. A visit reads pages one after the other and may take long."""

OVERDUE = timedelta(hours=2)
"""A feed that is due for so long, while a daemon runs, is not asked: visits hang, or cannot keep up."""

DAEMON_SILENT = timedelta(minutes=3)
"""The daemon writes once a minute that it lives."""

DELIVERY_LATE = timedelta(hours=1)
FEED_FAILING = timedelta(hours=24)
"""How long a delivery may wait, and a feed fail, before somebody must act."""

Level = Literal["problem", "note", "hidden"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that does not work. `subject` names it among all others, `channel` the way out that it concerns, `mend` the command or the act that helps.

    area: the part of the program it belongs to. level: problem (somebody must act: `status` exits with 1), note, or hidden there. rings: the
    operator is told, when it begins and when it is over; `passing`: it is over by itself, and that it ended is not told.
    """

    subject: str
    kind: str
    text: str
    since_at: datetime | None = None
    mend: str = ""
    channel: str = ""
    passing: bool = False
    area: str = ""
    level: Level = "problem"
    rings: bool = True

    @property
    def command(self) -> str:
        """What to run next: `mend` where that is a command, else the one that looks at everything."""
        return self.mend if self.mend.startswith("monitor ") else "monitor doctor"

    @property
    def problem(self) -> bool:
        """True where somebody must act."""
        return self.level == "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """`failures` in a row before a feed or destination is told; `step` how long a step may fail; `death` how long nobody may run unmentioned."""

    failures: int = 3
    step: timedelta = timedelta(minutes=15)
    death: timedelta = timedelta(minutes=10)


def judge(seen: Seen, patience: Patience, now: datetime) -> tuple[Trouble, ...]:
    """All troubles of this moment, each under a subject of its own, those that need somebody first."""
    found = (
        *_daemon(seen, now),
        *_death(seen, patience, now),
        *_notes(seen, patience, now),
        *_steps(seen, patience, now),
        *_failing(seen.feeds, patience, now),
        *_odd(seen.feeds, patience, now),
        *_intake(seen, now),
        *_destinations(seen.destinations, patience, now),
    )
    return tuple(sorted(found, key=lambda trouble: not trouble.problem))


def ringing(found: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Those that the operator is told of."""
    return tuple(trouble for trouble in found if trouble.rings)


def _daemon(seen: Seen, now: datetime) -> Iterator[Trouble]:
    for life in seen.lost:
        text = f"the worker {life.name} ({', '.join(life.roles)}) has gone silent without stopping; the others do what it did: "
        text += "start it again; where it still runs, look at its way to the database"
        yield Trouble(
            subject=f"worker {life.name}", kind="worker.lost", area="daemon", text=text, since_at=life.seen_at, mend="monitor run"
        )
    newest = seen.lives[0] if seen.lives else None
    if seen.workers:
        for role in sorted({"visit", "think", "deliver"} - {role for life in seen.workers for role in life.roles}):
            text = f"no worker has the role {role}"
            yield Trouble(subject=f"role {role}", kind="role", area="daemon", text=text, mend=f"monitor run --roles {role}", rings=False)
    elif newest is None:
        text = "no daemon has run yet: start one with `monitor run`, or run `monitor once` from cron"
        yield Trouble(subject="daemon", kind="daemon.none", area="daemon", text=text, mend="monitor run", level="note", rings=False)
    elif newest.stopped_at is not None:
        text, since_at = "the daemon is stopped", newest.stopped_at
        yield Trouble(
            subject="daemon",
            kind="daemon.stopped",
            area="daemon",
            text=text,
            since_at=since_at,
            mend="monitor run",
            level="note",
            rings=False,
        )
    elif not seen.lost and now - newest.seen_at > DAEMON_SILENT:
        text = f"the daemon (process {newest.name}) has gone silent without stopping: where it is gone, start it again with `monitor run`; "
        text += "where it still runs, it cannot write: `monitor doctor`"
        yield Trouble(
            subject="daemon", kind="daemon.silent", area="daemon", text=text, since_at=newest.seen_at, mend="monitor run", rings=False
        )


def _death(seen: Seen, patience: Patience, now: datetime) -> Iterator[Trouble]:
    if seen.died_at and seen.began_at and seen.began_at - seen.died_at > patience.death and now - seen.began_at < timedelta(hours=1):
        text = f"the daemon was not running for {_span(seen.began_at - seen.died_at)}: it ended without being stopped (killed, or the machine went down)"
        subject = f"daemon {seen.began_at:%Y%m%dT%H%M%SZ}"
        yield Trouble(
            subject=subject,
            kind="daemon",
            area="daemon",
            text=text,
            since_at=seen.died_at,
            mend="monitor doctor",
            passing=True,
            level="hidden",
        )


def _notes(seen: Seen, patience: Patience, now: datetime) -> Iterator[Trouble]:
    """What the daemon wrote down about itself."""
    if seen.mode and seen.mode != "normal":
        text = f"the disk holds the daemon back ({seen.mode}): {seen.mode_reason}"
        mend = "make room on the disk of the database"
        yield Trouble(subject="disk", kind="disk", area="disk", text=text, since_at=seen.mode_since_at, mend=mend)
    if seen.config_problem:
        text = f"a changed configuration was not taken up, the old one stays in force: {seen.config_problem}"
        yield Trouble(subject="config", kind="config", area="config", text=text, mend="monitor config check")
    if seen.template_problem:
        text = f"digests go out in the built-in look, for a template of yours failed: {seen.template_problem}"
        yield Trouble(subject="template", kind="template", area="digests", text=text, mend="monitor digests preview")
    if seen.output_problem:
        text = f"the feeds of [output] cannot be written, readers see old ones: {seen.output_problem}"
        rings = seen.output_since_at is None or now - seen.output_since_at >= patience.step
        yield Trouble(
            subject="output",
            kind="output",
            area="output",
            text=text,
            since_at=seen.output_since_at,
            mend="monitor once --only publish",
            rings=rings,
        )
    if seen.web_problem:
        text, mend = seen.web_problem, "change web.listen in config.toml"
        yield Trouble(subject="web", kind="web", area="web", text=text, mend=mend, rings=False)


def _steps(seen: Seen, patience: Patience, now: datetime) -> Iterator[Trouble]:
    for step in seen.steps:
        subject = f"step {step.name}"
        if step.error:
            rings = now - (step.ok_at or seen.began_at or step.finished_at or now) >= patience.step
            text = f"the step {step.name} fails: {step.error}"
            mend = "look for `step failed` in the daemon's log"
            since_at = step.ok_at or step.finished_at
            yield Trouble(subject=subject, kind="step.failing", area="daemon", text=text, since_at=since_at, mend=mend, rings=rings)
        elif seen.began_at and step.finished_at and now - max(step.finished_at, seen.began_at) > LATE.get(step.name, LATE_ELSE):
            text = f"the step {step.name} has not ended for a long time"
            mend = "restart the daemon: that is safe at any time"
            yield Trouble(subject=subject, kind="step.late", area="daemon", text=text, since_at=step.finished_at, mend=mend)


def _failing(feeds: tuple[FeedSeen, ...], patience: Patience, now: datetime) -> Iterator[Trouble]:
    """Feeds that cannot be read. Where most cannot, the cause is ours: that is told once, not by feed."""
    polled = [feed for feed in feeds if feed.state == "active"]
    failing = [feed for feed in polled if feed.failing_since_at is not None]
    tired = [feed for feed in failing if feed.fail_count >= patience.failures]
    most = len(tired) > 1 and 2 * len(tired) > len(polled)
    if not polled:
        text = "no feed is active: add some with `monitor feeds add` or `monitor feeds import`"
        yield Trouble(subject="feeds", kind="feeds.none", area="feeds", text=text, mend="monitor feeds add URL", rings=False)
    elif 2 * len(failing) > len(polled):
        first, all_of_them = failing[0], len(failing) == len(polled)
        said = f"not one of the {len(polled)} feeds can be reached" if all_of_them else f"{len(failing)} of {len(polled)} feeds fail"
        text = f"{said} ({first.name}: {first.error}): is this machine online?"
        since_at = min(feed.failing_since_at for feed in failing if feed.failing_since_at)
        mend = f"monitor feeds check {first.name}"
        yield Trouble(subject="feeds", kind="feeds.failing", area="feeds", text=text, since_at=since_at, mend=mend, rings=most)
    for feed in failing:
        text = f"feed {feed.name} fails ({feed.fail_count}x): {feed.error}"
        level: Level = "problem" if feed.failing_since_at and now - feed.failing_since_at > FEED_FAILING else "note"
        yield _of(
            feed,
            "feed",
            text,
            feed.failing_since_at,
            kind="feed.failing",
            level=level,
            rings=feed.fail_count >= patience.failures and not most,
        )


def _odd(feeds: tuple[FeedSeen, ...], patience: Patience, now: datetime) -> Iterator[Trouble]:
    """Feeds that are gone for good, and what a feed that can be read does oddly: its items wait, ran through between two polls, or fail to come."""
    for feed in feeds:
        if feed.state == "gone":
            text = f"feed {feed.name} is gone for good (410): remove it or find its new address"
            yield _of(feed, "feed", text, feed.failing_since_at, kind="feed.gone", mend=f"monitor feeds remove {feed.name}")
        if feed.state != "active":
            continue
        if feed.held_reason:
            text = f"feed {feed.name} is held back: {feed.held_reason}"
            held: Level = "problem" if feed.held_kind == "other-feed" else "note"
            yield _of(feed, "held", text, feed.held_at, kind="feed.held", mend=f"monitor feeds resume {feed.name}", level=held)
        elif "may have missed" in feed.note:
            text = f"feed {feed.name} {feed.note}"
            yield _of(feed, "gap", text, kind="feed.gap", mend=f"monitor feeds show {feed.name}", level="note", rings=False)
        if feed.silent_since_at is not None and feed.fail_count < patience.failures:
            text = (
                f"feed {feed.name} answers but has brought nothing new for {_span(now - feed.silent_since_at)}, longer than it is used to"
            )
            yield _of(feed, "silence", text, feed.silent_since_at, kind="feed.silent", level="note")


def _of(
    feed: FeedSeen,
    what: str,
    text: str,
    since_at: datetime | None = None,
    *,
    kind: str,
    mend: str = "",
    level: Level = "problem",
    rings: bool = True,
) -> Trouble:
    """A trouble of one feed under the subject `what NAME`."""
    mend = mend or f"monitor feeds check {feed.name}"
    return Trouble(
        subject=f"{what} {feed.name}", kind=kind, area="feeds", text=text, since_at=since_at, mend=mend, level=level, rings=rings
    )


def _intake(seen: Seen, now: datetime) -> Iterator[Trouble]:
    begun = seen.began_at or now
    due = ((feed.name, max(feed.due_at, begun)) for feed in seen.feeds if feed.state == "active" and feed.due_at is not None)
    late = [(name, due_at) for name, due_at in due if now - due_at > OVERDUE]
    if late:
        text = f"{len(late)} feeds are due and are not asked ({late[0][0]}): visits hang or cannot keep up"
        since_at, mend = min(due_at for _, due_at in late), "look for `visit failed` in the daemon's log"
        yield Trouble(subject="overdue", kind="feeds.overdue", area="feeds", text=text, since_at=since_at, mend=mend)
    if seen.intake_silent_since_at is not None:
        text, since_at = "the feeds answer but nothing new has come from any of them for longer than usual", seen.intake_silent_since_at
        yield Trouble(subject="intake", kind="intake.silent", area="feeds", text=text, since_at=since_at, mend="monitor feeds stats")


def _destinations(destinations: tuple[DestinationSeen, ...], patience: Patience, now: datetime) -> Iterator[Trouble]:
    for each in destinations:
        tried = f"waiting after {each.attempts} attempts" if each.attempts else "waiting"
        counts = ((each.waiting, tried), (each.parked, "parked until it is mended"), (each.refused, "refused or expired"))
        said = ", ".join(f"{count} {what}" for count, what in counts if count)
        how = "do not go through" if each.attempts or each.parked or each.refused else "are on their way"
        rings = bool(each.lost or each.parked or each.attempts >= patience.failures)
        late = each.waiting_since_at is not None and now - each.waiting_since_at > DELIVERY_LATE
        yield Trouble(
            subject=f"delivery {each.destination}",
            kind="delivery.failing",
            area="deliveries",
            text=f"deliveries to {each.destination} {how} ({said})" + (f": {each.error}" if each.error else ""),
            since_at=each.since_at,
            mend="monitor deliveries retry --all-failed" if each.refused else "monitor deliveries list --failed",
            channel=each.channel,
            level="problem" if rings or each.refused or late else "note",
            rings=rings,
        )


def _span(length: timedelta) -> str:
    hours = int(length / timedelta(hours=1))
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours >= 2 else f"{int(length / timedelta(minutes=1))} minutes"
