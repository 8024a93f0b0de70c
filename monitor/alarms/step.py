"""The step: looks at what does not work, remembers it, and tells the operator once. Messages go through the outbox like every other.

Another way out than the one that failed is taken where there is one; where there is none, the message waits there until it works again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alarms.decide import AGAIN_WITHIN, Alarm, Decision, decide
from monitor.alarms.rhythm import WINDOW, silent_from, silent_since
from monitor.alarms.seen import DestinationSeen, FeedSeen, LifeSeen, Seen, StepSeen
from monitor.alarms.trouble import DAEMON_SILENT, Patience, Trouble, judge, ringing
from monitor.alarms.words import by_event, told
from monitor.config import AlarmSettings, ChannelSettings, destinations_of, form_of
from monitor.hours import to_text
from monitor.log import logger
from monitor.store import alarms as stored
from monitor.store.alarms import AlarmMessage, Heard, Learnt, StoredAlarm
from monitor.store.driver import Store
from monitor.store.steps import daemon_runs
from monitor.store.workers import FORGOTTEN_AFTER, LOST_AFTER, Worker, lost, take, turn, workers

LISTEN_EVERY = timedelta(minutes=15)
"""Silences are measured so often; nothing about them is urgent."""

MOST_LEARNT = 20
"""Silences that one look learns the length of, from six weeks of a feed each; the next look goes on."""

LEAST_SILENCE = timedelta(hours=6)
INTAKE_LEAST = timedelta(hours=3)
INTAKE_DAYS = 1
"""Until the rhythm of all feeds together is known, a day without anything new is a silence (RELIABILITY case 147)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCounts:
    """Alarms raised and called over in this run, the messages made of them, and the silences of which was learnt when they are too long."""

    raised: int = 0
    cleared: int = 0
    messages: int = 0
    learnt: int = 0


async def watch(
    *,
    store: Store,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    settings: AlarmSettings,
    channels: Sequence[ChannelSettings],
) -> AlarmCounts:
    """One look. Alarms are kept in the database also where nobody is to be told."""
    return await asyncio.to_thread(_watch, store, clock(), new_id, settings, channels)


def _watch(
    store: Store, now: datetime, new_id: Callable[[], str], settings: AlarmSettings, channels: Sequence[ChannelSettings]
) -> AlarmCounts:
    learnt = _listen(store, settings, now)
    patience = Patience(failures=settings.after_failures, step=timedelta(minutes=settings.step_after_min))
    seen_turn = turn(store, "alarms")
    standing = tuple(_alarm(row) for row in stored.standing(store))
    found = ringing(judge(look(store, now), patience, now))
    decision = decide(found, standing, stored.over_since(store, now - AGAIN_WITHIN), now)
    messages = tuple(_messages(decision, found, settings, channels, new_id, now))
    if (decision.kept, decision.over) != (standing, ()):
        with store.write():
            if not take(store, "alarms", seen_turn):
                return AlarmCounts(learnt=learnt)  # another process has just looked and told
            stored.record(store, tuple(map(_row, decision.kept)), tuple(map(_row, decision.over)), messages, now)
    for alarm in decision.raised:
        logger(subject=alarm.trouble.subject).error("alarm", text=alarm.trouble.text, mend=alarm.trouble.mend)
    for alarm in decision.cleared:
        logger(subject=alarm.trouble.subject).info("alarm over")
    return AlarmCounts(raised=len(decision.raised), cleared=len(decision.cleared), messages=len(messages), learnt=learnt)


def _messages(
    decision: Decision,
    found: Sequence[Trouble],
    settings: AlarmSettings,
    channels: Sequence[ChannelSettings],
    new_id: Callable[[], str],
    now: datetime,
) -> Iterator[AlarmMessage]:
    operators = [channel for channel in channels if channel.name in settings.channels]
    broken = {trouble.channel for trouble in found if trouble.channel}
    working = [channel for channel in operators if channel.name not in broken] or operators
    for alarms, over in ((decision.raised, False), (decision.cleared, True)):
        if not alarms:
            continue
        going: dict[str, list[tuple[str, str]]] = {}
        for channel in working:
            going.setdefault(form_of(channel), []).extend(destinations_of(channel))
        for form, destinations in going.items():
            for group in by_event(alarms) if form == "json" else (alarms,):
                uid = new_id()
                message = told(uid, group, over=over, now=now)
                yield AlarmMessage(uid=uid, form=form, subject=message.subject, body=message.bodies[form], destinations=tuple(destinations))


def _listen(store: Store, settings: AlarmSettings, now: datetime) -> int:
    """Measures the silence of each feed and of all together, and writes down what is too long. Returns of how many silences it learnt when they are."""
    if not stored.listening_due(store, now - LISTEN_EVERY, now):
        return 0
    heard = stored.heard(store)
    silent: dict[int, datetime | None] = {}
    learnt: list[Learnt] = []
    waiting = False
    for feed in heard:
        since = None
        silence = _silence(feed, settings, now)
        if silence:
            known = feed.silent_from_at if feed.silence_of == silence else None
            if known is None and len(learnt) == MOST_LEARNT:
                waiting = True
                continue
            if known is None:
                known = _learn(store, feed, settings, now)
                learnt.append(Learnt(feed=feed.id, silence_of=silence, silent_from_at=known))
            since = feed.last_new_at if now >= known else None
        if since != feed.silent_since_at:
            silent[feed.id] = since
    stored.save_silence(store, silent, learnt, _intake(store, heard, now), now - WINDOW, None if waiting else now)
    return len(learnt)


def _silence(feed: Heard, settings: AlarmSettings, now: datetime) -> str:
    """Names the silence of a feed by all that its allowed length follows from; "" where it is too short to count, or nobody asked the feed."""
    answers = feed.last_success_at is not None and now - feed.last_success_at <= 2 * feed.interval + timedelta(hours=1)
    if not answers or feed.last_new_at is None or now - feed.last_new_at < _least(feed):
        return ""
    return f"{to_text(feed.last_new_at)} {_least(feed)} {settings.silent_after_d}"


def _least(feed: Heard) -> timedelta:
    return max(LEAST_SILENCE, 3 * feed.interval)


def _learn(store: Store, feed: Heard, settings: AlarmSettings, now: datetime) -> datetime:
    """From when the silence of a feed is too long."""
    assert feed.baseline_at is not None
    assert feed.last_new_at is not None
    hours = stored.hours_of(store, feed.id, now - WINDOW)
    return silent_from(hours, feed.baseline_at, feed.last_new_at, _least(feed), settings.silent_after_d)


def _intake(store: Store, heard: Sequence[Heard], now: datetime) -> datetime | None:
    answering = [feed for feed in heard if feed.last_success_at is not None and now - feed.last_success_at <= 2 * feed.interval]
    news = [feed.last_new_at for feed in heard if feed.last_new_at is not None]
    begun = [feed.baseline_at for feed in heard if feed.baseline_at is not None]
    if not answering or not news or not begun or now - max(news) < INTAKE_LEAST:
        return None
    return silent_since(stored.hours_of_all(store, now - WINDOW), min(begun), max(news), INTAKE_LEAST, INTAKE_DAYS, now)


def look(store: Store, now: datetime) -> Seen:
    """Everything that troubles are judged by, as the database has it."""
    known = stored.seen(store)
    alive = workers(store, now - DAEMON_SILENT)
    return Seen(
        feeds=tuple(FeedSeen(**row) for row in known.feeds),
        destinations=tuple(DestinationSeen(**row) for row in known.destinations),
        steps=tuple(StepSeen(**row) for row in known.steps),
        lives=tuple(LifeSeen(name=run.name, seen_at=run.seen_at, stopped_at=run.stopped_at) for run in daemon_runs(store)),
        workers=tuple(map(_life, alive)),
        lost=tuple(map(_life, lost(store, now - LOST_AFTER, now - FORGOTTEN_AFTER))),
        mode=known.mode.get("name") or "",
        mode_reason=known.mode.get("reason") or "",
        mode_since_at=known.mode_since_at,
        config_problem=known.config_problem,
        template_problem=known.template_problem,
        output_problem=known.output_problem,
        output_since_at=known.output_since_at,
        web_problem=known.web_problem,
        intake_silent_since_at=known.intake_silent_since_at,
        began_at=alive[-1].started_at if alive else known.began_at,
        died_at=known.died_at,
    )


def _life(worker: Worker) -> LifeSeen:
    return LifeSeen(name=worker.name, roles=worker.roles, seen_at=worker.seen_at)


def _alarm(row: StoredAlarm) -> Alarm:
    trouble = Trouble(
        subject=row.subject,
        kind=row.kind,
        text=row.text,
        since_at=row.since_at,
        mend=row.mend,
        channel=row.channel,
        passing=row.passing,
    )
    return Alarm(trouble=trouble, seen_at=row.seen_at, raised_at=row.raised_at, away_at=row.away_at)


def _row(alarm: Alarm) -> StoredAlarm:
    trouble = alarm.trouble
    return StoredAlarm(
        subject=trouble.subject,
        kind=trouble.kind,
        text=trouble.text,
        since_at=alarm.since_at,
        mend=trouble.mend,
        channel=trouble.channel,
        passing=trouble.passing,
        seen_at=alarm.seen_at,
        raised_at=alarm.raised_at,
        away_at=alarm.away_at,
    )
