"""What is late, failing or stuck: read from the store, judged by one pure function, told in plain words with the time since when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.alarms.trouble import LATE, LATE_ELSE, FeedSeen, overdue
from monitor.hours import from_text, from_text_or_none
from monitor.store.alarms import seen
from monitor.store.driver import Store
from monitor.store.steps import DaemonRun, StepRun, daemon_runs, fact, step_runs
from monitor.store.workers import FORGOTTEN_AFTER, LOST_AFTER, Worker, lost, workers

DAEMON_SILENT = timedelta(minutes=3)
"""The daemon writes once a minute that it lives."""

DELIVERY_LATE = timedelta(hours=1)
FEED_FAILING = timedelta(hours=24)

_FEEDS = """
select name, state, failing_since_at, error_kind, error, fail_count, last_success_at, silent_since_at, note, held_at, held_kind, held_reason
from feeds where state in ('active', 'gone')
"""
_DELIVERIES = """
select channel, destination, state, count(*) as n, min(created_at) as oldest_at, max(last_error) as error from deliveries
where state in ('pending', 'sending', 'rejected', 'parked', 'expired') group by channel, destination, state order by channel, destination, state
"""
_COUNTS = """
select (select count(*) from feeds where state = 'active') as feeds, (select count(*) from entries) as entries,
  (select count(*) from articles) as articles, (select count(*) from articles where state = 'pending' and state <> 'done') as pending,
  (select count(*) from articles where state = 'dead' and state <> 'done') as dead,
  (select count(*) from hits) as hits, (select count(*) from stories) as stories,
  (select count(*) from digests where kind <> 'none') as digests, (select count(*) from deliveries where state = 'delivered') as delivered
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """One feed that is polled: failing since when and why, or fine. What is held of it, and what its last poll remarked."""

    name: str
    state: str
    failing_since_at: datetime | None
    error: str
    fail_count: int
    last_success_at: datetime | None
    note: str = ""
    held_at: datetime | None = None
    held_kind: str = ""
    held_reason: str = ""
    silent_since_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryHealth:
    """Deliveries to one destination that are not delivered."""

    channel: str
    destination: str
    state: str
    count: int
    oldest_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know. `problem`: somebody must act (exit code 1); otherwise worth knowing. `mend`: the command that helps."""

    area: str
    problem: bool
    text: str
    since_at: datetime | None = None
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What the daemon wrote down about itself: the mode it works in and why, what is wrong with a changed configuration, since when nothing new
    came, why the dashboard is not open, and the feeds that are due and not asked, with when they were due."""

    mode: str = ""
    mode_reason: str = ""
    mode_since_at: datetime | None = None
    config_problem: str = ""
    template_problem: str = ""
    intake_silent_since_at: datetime | None = None
    web_problem: str = ""
    overdue: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the whole: what is known, and what follows from it."""

    feeds: tuple[FeedHealth, ...]
    deliveries: tuple[DeliveryHealth, ...]
    steps: tuple[StepRun, ...]
    daemons: tuple[DaemonRun, ...]
    counts: dict[str, int]
    notes: Notes = Notes()
    findings: tuple[Finding, ...] = ()
    workers: tuple[Worker, ...] = ()
    lost: tuple[Worker, ...] = ()

    @property
    def ok(self) -> bool:
        """True where nobody needs to act."""
        return not any(finding.problem for finding in self.findings)


def read_health(store: Store, now: datetime, *, counted: bool = True) -> Health:
    """The health of the instance behind a store at an instant; `counted`: with how many rows there are, which takes a second after years."""
    feeds = tuple(
        FeedHealth(
            name=row["name"],
            state=row["state"],
            failing_since_at=from_text_or_none(row["failing_since_at"]),
            error=row["error"] or row["error_kind"] or "",
            fail_count=row["fail_count"],
            last_success_at=from_text_or_none(row["last_success_at"]),
            note=row["note"],
            held_at=from_text_or_none(row["held_at"]),
            held_kind=row["held_kind"],
            held_reason=row["held_reason"],
            silent_since_at=from_text_or_none(row["silent_since_at"]),
        )
        for row in store.all(_FEEDS)
    )
    deliveries = tuple(
        DeliveryHealth(
            channel=row["channel"],
            destination=row["destination"],
            state=row["state"],
            count=row["n"],
            oldest_at=from_text(row["oldest_at"]),
            error=row["error"] or "",
        )
        for row in store.all(_DELIVERIES)
    )
    counts = (store.one(_COUNTS) or {}) if counted else {}
    known = Health(
        feeds=feeds,
        deliveries=deliveries,
        steps=step_runs(store),
        daemons=daemon_runs(store),
        counts=counts,
        notes=_notes(store, now),
        workers=workers(store, now - DAEMON_SILENT),
        lost=lost(store, now - LOST_AFTER, now - FORGOTTEN_AFTER),
    )
    return replace(known, findings=judge(known, now))


def _notes(store: Store, now: datetime) -> Notes:
    known = seen(store)
    return Notes(
        mode=known.mode.get("name") or "",
        mode_reason=known.mode.get("reason") or "",
        mode_since_at=known.mode_since_at,
        config_problem=known.config_problem,
        template_problem=known.template_problem,
        intake_silent_since_at=known.intake_silent_since_at,
        web_problem=fact(store, "web_problem") or "",
        overdue=overdue([FeedSeen(**row) for row in known.feeds], known.began_at, now),
    )


def is_alive(store: Store, now: datetime, host: str) -> bool:
    """True where a daemon runs and wrote to the database within the last three minutes; of several machines, one on `host`."""
    return any(store.path is not None or worker.host == host for worker in workers(store, now - DAEMON_SILENT))


def judge(health: Health, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong or worth knowing, problems first. Pure."""
    findings = (*_daemon(health, now), *_noted(health), *_steps(health, now), *_feeds(health, now), *_deliveries(health, now))
    return tuple(sorted(findings, key=lambda finding: not finding.problem))


def _daemon(health: Health, now: datetime) -> list[Finding]:
    if health.workers:
        return [*_lost(health.lost), *_unmanned(health.workers)]
    if not health.daemons:
        text = "no daemon has run yet: start one with `monitor run`, or run `monitor once` from cron"
        return [Finding(area="daemon", problem=False, text=text, mend="monitor run")]
    last = health.daemons[0]
    if last.stopped_at is not None:
        return [Finding(area="daemon", problem=False, text="the daemon is stopped", since_at=last.stopped_at, mend="monitor run")]
    if now - last.seen_at > DAEMON_SILENT:
        text = (
            f"the daemon (process {last.pid} on {last.host}) has gone silent without stopping: where it is gone, start it again with "
            f"`monitor run`; where it still runs, it cannot write: `monitor doctor`"
        )
        return [Finding(area="daemon", problem=True, text=text, since_at=last.seen_at, mend="monitor run")]
    return []


def _lost(workers: tuple[Worker, ...]) -> list[Finding]:
    mend = "monitor run"
    return [
        Finding(
            area="daemon",
            problem=True,
            text=f"the worker {each.name} ({', '.join(each.roles)}) has gone silent without stopping; the others go on",
            since_at=each.seen_at,
            mend=mend,
        )
        for each in workers
    ]


def _unmanned(workers: tuple[Worker, ...]) -> list[Finding]:
    """Roles that no worker has."""
    manned = {role for worker in workers for role in worker.roles}
    return [
        Finding(area="daemon", problem=True, text=f"no worker has the role {role}", mend=f"monitor run --roles {role}")
        for role in ("visit", "think", "deliver")
        if role not in manned
    ]


def _noted(health: Health) -> list[Finding]:
    notes, findings = health.notes, []
    if notes.mode and notes.mode != "normal":
        text = f"the disk holds the daemon back ({notes.mode}): {notes.mode_reason}"
        findings.append(
            Finding(area="disk", problem=True, text=text, since_at=notes.mode_since_at, mend="make room on the disk of the database")
        )
    if notes.config_problem:
        text = f"a changed configuration was not taken up, the old one stays in force: {notes.config_problem}"
        findings.append(Finding(area="config", problem=True, text=text, mend="monitor config check"))
    if notes.template_problem:
        text = f"digests go out in the built-in look, for a template of yours failed: {notes.template_problem}"
        findings.append(Finding(area="digests", problem=True, text=text, mend="monitor digests preview"))
    if notes.web_problem:
        findings.append(Finding(area="web", problem=True, text=notes.web_problem, mend="change web.listen in config.toml"))
    if notes.overdue:
        text = f"{len(notes.overdue)} feeds are due and are not asked ({notes.overdue[0][0]}): visits hang or cannot keep up"
        since_at = min(due_at for _, due_at in notes.overdue)
        findings.append(
            Finding(area="feeds", problem=True, text=text, since_at=since_at, mend="look for `visit failed` in the daemon's log")
        )
    if notes.intake_silent_since_at is not None:
        text = "the feeds answer, but nothing new has come from any of them for longer than usual"
        mend = "monitor feeds stats"
        findings.append(Finding(area="feeds", problem=True, text=text, since_at=notes.intake_silent_since_at, mend=mend))
    return findings


def _steps(health: Health, now: datetime) -> list[Finding]:
    findings = []
    newest = health.daemons[0] if health.daemons and health.daemons[0].stopped_at is None else None
    running = health.workers[-1] if health.workers else newest
    for step in health.steps:
        if step.error:
            text = f"the step {step.name} fails: {step.error}"
            mend = "look for `step failed` in the daemon's log"
            findings.append(Finding(area="daemon", problem=True, text=text, since_at=step.ok_at or step.started_at, mend=mend))
        elif running is not None and step.finished_at is not None:
            ended_at = max(step.finished_at, running.started_at)
            if now - ended_at > LATE.get(step.name, LATE_ELSE):
                text = f"the step {step.name} has not ended for a long time"
                mend = "restart the daemon: that is safe at any time"
                findings.append(Finding(area="daemon", problem=True, text=text, since_at=step.finished_at, mend=mend))
    return findings


def _feeds(health: Health, now: datetime) -> list[Finding]:
    polled = [feed for feed in health.feeds if feed.state == "active"]
    failing = [feed for feed in polled if feed.failing_since_at is not None]
    gone = "is gone for good (410): remove it or find its new address"
    findings = [
        Finding(area="feeds", problem=True, text=f"feed {feed.name} {gone}", mend=f"monitor feeds remove {feed.name}")
        for feed in health.feeds
        if feed.state == "gone"
    ]
    if not polled:
        text = "no feed is active: add some with `monitor feeds add` or `monitor feeds import`"
        return [*findings, Finding(area="feeds", problem=True, text=text, mend="monitor feeds add URL")]
    since = min((feed.failing_since_at for feed in failing if feed.failing_since_at), default=None)
    most = len(failing) * 2 > len(polled)
    if failing and len(failing) == len(polled):
        text = f"not one of the {len(polled)} feeds can be reached: is this machine online?"
        findings.append(Finding(area="feeds", problem=True, text=text, since_at=since, mend=f"monitor feeds check {failing[0].name}"))
    elif most:
        text = f"{len(failing)} of {len(polled)} feeds fail"
        findings.append(Finding(area="feeds", problem=True, text=text, since_at=since, mend="monitor feeds list"))
    for feed in failing:
        at = feed.failing_since_at
        long = at is not None and now - at > FEED_FAILING
        text = f"feed {feed.name} fails ({feed.fail_count}x): {feed.error}"
        findings.append(Finding(area="feeds", problem=long, text=text, since_at=at, mend=f"monitor feeds check {feed.name}"))
    return [*findings, *(finding for feed in polled for finding in _remarks(feed))]


def _remarks(feed: FeedHealth) -> list[Finding]:
    """What a feed that can be read does oddly: another feed stands at its address, its items wait, ran through between two polls, or fail to come."""
    if feed.held_kind == "other-feed":
        mend = f"monitor feeds resume {feed.name}"
        text = f"feed {feed.name} {feed.held_reason}: look at it, then remove it or let it go on with `{mend}`"
        return [Finding(area="feeds", problem=True, text=text, since_at=feed.held_at, mend=mend)]
    if feed.held_kind:
        text = f"feed {feed.name}: {feed.held_reason}"
        return [Finding(area="feeds", problem=False, text=text, since_at=feed.held_at, mend=f"monitor feeds resume {feed.name}")]
    if "may have missed" in feed.note:
        return [Finding(area="feeds", problem=False, text=f"feed {feed.name} {feed.note}", mend=f"monitor feeds show {feed.name}")]
    if feed.silent_since_at is not None and feed.failing_since_at is None:
        text = f"feed {feed.name} answers but has brought nothing new for longer than it is used to"
        return [Finding(area="feeds", problem=False, text=text, since_at=feed.silent_since_at, mend=f"monitor feeds check {feed.name}")]
    return []


def _deliveries(health: Health, now: datetime) -> list[Finding]:
    findings = []
    for each in health.deliveries:
        what = f"{each.count} {'delivery' if each.count == 1 else 'deliveries'} to {each.destination}"
        why = f": {each.error}" if each.error else ""
        waits = each.state in ("pending", "sending")
        problem = not waits or now - each.oldest_at > DELIVERY_LATE
        text = f"{what} waiting{why}" if waits else f"{what} {each.state}{why}; mend the cause, then `monitor deliveries retry`"
        mend = "monitor deliveries list --failed"
        findings.append(Finding(area="deliveries", problem=problem, text=text, since_at=each.oldest_at, mend=mend))
    return findings
