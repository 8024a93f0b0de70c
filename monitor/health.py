"""What is late, failing or stuck: read from the store, judged by one pure function, told in plain words with the time since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.hours import from_text, from_text_or_none
from monitor.store.driver import Store
from monitor.store.steps import DaemonRun, StepRun, daemon_runs, step_runs

DAEMON_SILENT = timedelta(minutes=2)
DELIVERY_LATE = timedelta(hours=1)
FEED_FAILING = timedelta(hours=24)

_FEEDS = """
select name, state, failing_since_at, error_kind, error, fail_count, last_success_at, note, held_at, held_kind, held_reason
from feeds where state in ('active', 'gone')
"""
_DELIVERIES = """
select channel, destination, state, count(*) as n, min(created_at) as oldest_at, max(last_error) as error from deliveries
where state in ('pending', 'sending', 'rejected', 'parked', 'expired') group by channel, destination, state order by channel, destination, state
"""
_COUNTS = """
select (select count(*) from feeds where state = 'active') as feeds, (select count(*) from entries) as entries,
  (select count(*) from articles) as articles, (select count(*) from articles where state = 'pending') as pending,
  (select count(*) from articles where state = 'dead') as dead, (select count(*) from hits) as hits, (select count(*) from stories) as stories,
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
    """One thing to know. `problem`: somebody must act (exit code 1); otherwise worth knowing."""

    problem: bool
    text: str
    since_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state of the whole: what is known, and what follows from it."""

    feeds: tuple[FeedHealth, ...]
    deliveries: tuple[DeliveryHealth, ...]
    steps: tuple[StepRun, ...]
    daemons: tuple[DaemonRun, ...]
    counts: dict[str, int]
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """True where nobody needs to act."""
        return not any(finding.problem for finding in self.findings)


def read_health(store: Store, now: datetime) -> Health:
    """The health of the instance behind a store at an instant."""
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
    counts = store.one(_COUNTS) or {}
    known = Health(feeds=feeds, deliveries=deliveries, steps=step_runs(store), daemons=daemon_runs(store), counts=counts)
    return Health(feeds=feeds, deliveries=deliveries, steps=known.steps, daemons=known.daemons, counts=counts, findings=judge(known, now))


def is_alive(store: Store, now: datetime) -> bool:
    """True where a daemon runs and wrote to the database within the last two minutes."""
    newest = daemon_runs(store)[:1]
    return any(life.stopped_at is None and now - life.seen_at <= DAEMON_SILENT for life in newest)


def judge(health: Health, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong or worth knowing, problems first. Pure."""
    findings = (*_daemon(health, now), *_steps(health), *_feeds(health, now), *_deliveries(health, now))
    return tuple(sorted(findings, key=lambda finding: not finding.problem))


def _daemon(health: Health, now: datetime) -> list[Finding]:
    if not health.daemons:
        return [Finding(problem=False, text="no daemon has run yet: start one with `monitor run`, or run `monitor once` from cron")]
    last = health.daemons[0]
    if last.stopped_at is not None:
        return [Finding(problem=False, text="the daemon is stopped", since_at=last.stopped_at)]
    if now - last.seen_at > DAEMON_SILENT:
        text = f"the daemon (process {last.pid} on {last.host}) has gone silent without stopping: start it again with `monitor run`"
        return [Finding(problem=True, text=text, since_at=last.seen_at)]
    return []


def _steps(health: Health) -> list[Finding]:
    return [
        Finding(problem=True, text=f"the step {step.name} fails: {step.error}", since_at=step.ok_at or step.started_at)
        for step in health.steps
        if step.error
    ]


def _feeds(health: Health, now: datetime) -> list[Finding]:
    polled = [feed for feed in health.feeds if feed.state == "active"]
    failing = [feed for feed in polled if feed.failing_since_at is not None]
    gone = "is gone for good (410): remove it or find its new address"
    findings = [Finding(problem=True, text=f"feed {feed.name} {gone}") for feed in health.feeds if feed.state == "gone"]
    if not polled:
        return [*findings, Finding(problem=True, text="no feed is active: add some with `monitor feeds add` or `monitor feeds import`")]
    since = min((feed.failing_since_at for feed in failing if feed.failing_since_at), default=None)
    most = len(failing) * 2 > len(polled)
    if failing and len(failing) == len(polled):
        findings.append(
            Finding(problem=True, text=f"not one of the {len(polled)} feeds can be reached: is this machine online?", since_at=since)
        )
    elif most:
        findings.append(Finding(problem=True, text=f"{len(failing)} of {len(polled)} feeds fail", since_at=since))
    for feed in failing:
        at = feed.failing_since_at
        long = at is not None and now - at > FEED_FAILING
        findings.append(Finding(problem=long, text=f"feed {feed.name} fails ({feed.fail_count}x): {feed.error}", since_at=at))
    return [*findings, *(finding for feed in polled for finding in _remarks(feed))]


def _remarks(feed: FeedHealth) -> list[Finding]:
    """What a feed that can be read does oddly: another feed stands at its address, its items wait, or ran through between two polls."""
    if feed.held_kind == "other-feed":
        text = f"feed {feed.name} {feed.held_reason}: look at it, then remove it or let it go on with `monitor feeds resume {feed.name}`"
        return [Finding(problem=True, text=text, since_at=feed.held_at)]
    if feed.held_kind:
        return [Finding(problem=False, text=f"feed {feed.name}: {feed.held_reason}", since_at=feed.held_at)]
    if "may have missed" in feed.note:
        return [Finding(problem=False, text=f"feed {feed.name} {feed.note}")]
    return []


def _deliveries(health: Health, now: datetime) -> list[Finding]:
    findings = []
    for each in health.deliveries:
        what = f"{each.count} {'delivery' if each.count == 1 else 'deliveries'} to {each.destination}"
        why = f": {each.error}" if each.error else ""
        if each.state in ("pending", "sending"):
            late = now - each.oldest_at > DELIVERY_LATE
            findings.append(Finding(problem=late, text=f"{what} waiting{why}", since_at=each.oldest_at))
        else:
            again = "; mend the cause, then `monitor deliveries retry`"
            findings.append(Finding(problem=True, text=f"{what} {each.state}{why}{again}", since_at=each.oldest_at))
    return findings
