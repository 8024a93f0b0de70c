"""Alarms that stand, what they are judged by, and what silences and gaps a span of time holds. One transaction records an alarm and its message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from monitor.hours import from_text, from_text_or_none, to_text
from monitor.store.driver import Row, Store
from monitor.store.steps import fact, set_fact

_STANDING = """
select subject, kind, text, mend, channel, passing, since_at, seen_at, raised_at, away_at from alarms where over_at is null order by id
"""
_OVER = "select subject from alarms where over_at >= :since and raised_at is not null"
_KEEP = """
insert into alarms(subject, kind, text, mend, channel, passing, since_at, seen_at, raised_at, away_at)
values (:subject, :kind, :text, :mend, :channel, :passing, :since, :seen, :raised, :away)
on conflict(subject) where over_at is null do update set kind = excluded.kind, text = excluded.text, mend = excluded.mend,
  channel = excluded.channel, passing = excluded.passing, since_at = excluded.since_at, raised_at = excluded.raised_at, away_at = excluded.away_at
"""
_END = "update alarms set over_at = :now, away_at = :away where subject = :subject and over_at is null"
_MESSAGE = """
insert into messages(uid, kind, form, subject, body, sha256, created_at) values (:uid, 'alarm', :form, :subject, :body, :sha256, :now) returning id
"""
_DELIVERY = """
insert into deliveries(message_id, channel, destination, next_attempt_at, created_at) values (:message, :channel, :destination, :now, :now)
on conflict(message_id, destination) do nothing
"""

_FEEDS = """
select f.name, f.state, f.fail_count, f.failing_since_at, coalesce(f.error, f.error_kind, '') as error, f.last_success_at, f.silent_since_at,
  f.held_at, f.held_kind, f.held_reason, f.note,
  case when s.blocked_until_at > f.next_poll_at then s.blocked_until_at else f.next_poll_at end as due_at
from feeds f join sites s on s.id = f.site_id where f.state in ('active', 'gone') order by f.name
"""
_OPEN = """
select destination, max(channel) as channel, sum(case when state = 'parked' then 0 else 1 end) as waiting,
  min(case when state <> 'parked' then created_at end) as waiting_since_at,
  max(case when state <> 'parked' and last_error is not null then attempts else 0 end) as attempts,
  sum(case when state = 'parked' then 1 else 0 end) as parked, min(coalesce(first_attempt_at, created_at)) as since_at,
  coalesce(max(last_error), '') as error
from deliveries where state in ('pending', 'sending', 'parked') group by destination order by destination
"""
_REFUSED = """
select d.destination, max(d.channel) as channel, count(*) as refused, min(d.created_at) as since_at, coalesce(max(d.last_error), '') as error,
  sum(case when d.id > (select coalesce(max(x.id), 0) from deliveries x where x.destination = d.destination and x.state = 'delivered')
    then 1 else 0 end) as lost
from deliveries d where d.state in ('rejected', 'expired') group by d.destination order by d.destination
"""
_STEPS = "select name, finished_at, ok_at, coalesce(error, '') as error from steps order by name"
_LIVES = "select started_at, seen_at, stopped_at, shared from daemons order by started_at desc limit 2"

_HEARD = """
select id, interval_s, baseline_at, last_new_at, last_success_at, silent_since_at, silence_of, silent_from_at
from feeds where state = 'active' and baseline_at is not null order by id
"""
_HOURS = "select hour_at from arrivals where feed_id = :feed and hour_at >= :since order by hour_at"
# From each hour to the next one that the index holds: what many feeds said in one hour is not read.
_ALL_HOURS = """
with recursive told(hour_at) as (
  select min(hour_at) from arrivals where hour_at >= :since
  union all select (select min(a.hour_at) from arrivals a where a.hour_at > told.hour_at) from told where told.hour_at is not null)
select hour_at from told where exists (
  select 1 from arrivals a join feeds f on f.id = a.feed_id where a.hour_at = told.hour_at and f.state = 'active' and f.baseline_at is not null)
order by hour_at
"""
_ARRIVED = """
insert into arrivals(feed_id, hour_at, entries) values (:feed, :hour, :new)
on conflict(feed_id, hour_at) do update set entries = arrivals.entries + excluded.entries
"""
_FORGET = "delete from arrivals where hour_at < :before"
_SILENCE = "update feeds set silent_since_at = :since where id = :feed"
_LEARNT = "update feeds set silence_of = :of, silent_from_at = :from_at where id = :feed"

_SILENT = "select name, silent_since_at from feeds where state = 'active' and silent_since_at is not null order by name"
_GAPS = """
select subject, max(happened_at) as at, count(*) as n from events
where kind = 'feed.gap' and happened_at >= :since and happened_at < :until group by subject order by subject
"""
_ALL_LIVES = "select started_at, coalesce(stopped_at, seen_at) as ended_at from daemons where coalesce(stopped_at, seen_at) >= :since order by started_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlarm:
    """A trouble that stands (or stood): see alarms.trouble and alarms.decide for what the fields mean."""

    subject: str
    kind: str
    text: str
    mend: str
    channel: str
    passing: bool
    since_at: datetime
    seen_at: datetime
    raised_at: datetime | None
    away_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmMessage:
    """The frozen bytes of one alarm in one form, with where it goes as (channel, destination) pairs."""

    uid: str
    form: str
    subject: str
    body: bytes
    destinations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What troubles are judged by, as rows with instants: feeds, destinations with what is not delivered, steps; what the daemon noted of itself."""

    feeds: tuple[Row, ...]
    destinations: tuple[Row, ...]
    steps: tuple[Row, ...]
    mode: Mapping[str, Any]
    mode_since_at: datetime | None
    config_problem: str
    template_problem: str
    output_problem: str
    output_since_at: datetime | None
    web_problem: str
    intake_silent_since_at: datetime | None
    began_at: datetime | None
    died_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a feed's silence is judged by. `silent_from_at`: from when it is too long, as was learnt for the silence that `silence_of` names."""

    id: int
    interval: timedelta
    baseline_at: datetime | None
    last_new_at: datetime | None
    last_success_at: datetime | None
    silent_since_at: datetime | None
    silence_of: str
    silent_from_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """From when a feed's silence is too long; `silence_of` names the silence."""

    feed: int
    silence_of: str
    silent_from_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a reader should know of the watch over a span: feeds silent beyond their habit (name, since), feeds that may have lost items
    because their list ran through between two polls (name, when last, how often), and spans in which no daemon ran (from, to)."""

    silent: tuple[tuple[str, datetime], ...]
    gaps: tuple[tuple[str, datetime, int], ...]
    down: tuple[tuple[datetime, datetime], ...]


def standing(store: Store) -> tuple[StoredAlarm, ...]:
    """The alarms that are not over, told or not, in the order in which they were met."""
    return tuple(_stored(row) for row in store.all(_STANDING))


def over_since(store: Store, since: datetime) -> frozenset[str]:
    """Subjects of alarms that were told and have been over since an instant."""
    return frozenset(row["subject"] for row in store.all(_OVER, since=since))


def record(store: Store, kept: Sequence[StoredAlarm], over: Sequence[StoredAlarm], messages: Sequence[AlarmMessage], now: datetime) -> None:
    """Writes the alarms as they stand, ends those that are over, and makes the messages with their deliveries: all or nothing."""
    with store.write():
        for alarm in over:
            store.run(_END, subject=alarm.subject, away=alarm.away_at, now=now)
        for alarm in kept:
            fields = {"subject": alarm.subject, "kind": alarm.kind, "text": alarm.text, "mend": alarm.mend, "channel": alarm.channel}
            times = {"since": alarm.since_at, "seen": alarm.seen_at, "raised": alarm.raised_at, "away": alarm.away_at}
            store.run(_KEEP, passing=alarm.passing, **fields, **times)
        for message in messages:
            _record_message(store, message, now)


def _record_message(store: Store, message: AlarmMessage, now: datetime) -> None:
    digest = sha256(message.body).hexdigest()
    row = store.one(_MESSAGE, uid=message.uid, form=message.form, subject=message.subject, body=message.body, sha256=digest, now=now)
    assert row is not None
    for channel, destination in message.destinations:
        store.run(_DELIVERY, message=row["id"], channel=channel, destination=destination, now=now)


def seen(store: Store) -> Known:
    """What stands in the database about everything that may fail."""
    mode = json.loads(fact(store, "mode") or "{}")
    output_since, _, output_problem = (fact(store, "output_problem") or "").partition("|")
    lives = store.all(_LIVES)
    running = lives[0] if lives and lives[0]["stopped_at"] is None else None
    # Of several that share the work each lives for itself.
    alone = running is not None and len(lives) > 1 and not running["shared"]
    before = lives[1] if alone and lives[1]["stopped_at"] is None else None
    return Known(
        feeds=tuple(map(_instants, store.all(_FEEDS))),
        destinations=_destinations(store),
        steps=tuple(map(_instants, store.all(_STEPS))),
        mode=mode,
        mode_since_at=from_text_or_none(mode.get("since_at")),
        config_problem=fact(store, "config_problem") or "",
        template_problem=(fact(store, "template_problem") or "").partition("|")[2],
        output_problem=output_problem,
        output_since_at=from_text_or_none(output_since or None),
        web_problem=fact(store, "web_problem") or "",
        intake_silent_since_at=from_text_or_none(fact(store, "intake_silent_since_at") or None),
        began_at=None if running is None else from_text(running["started_at"]),
        died_at=None if before is None else from_text(before["seen_at"]),
    )


def _destinations(store: Store) -> tuple[Row, ...]:
    """One row a destination: what waits there and what was lost there."""
    rows: dict[str, Row] = {}
    for row in map(_instants, (*store.all(_OPEN), *store.all(_REFUSED))):
        known = rows.setdefault(row["destination"], row)
        if known is not row:
            known |= row | {"since_at": min(known["since_at"], row["since_at"]), "error": known["error"] or row["error"]}
    return tuple(rows.values())


def arrived(store: Store, feed_id: int, new: int, now: datetime) -> None:
    """Notes that a poll brought something new; joins the caller's transaction."""
    store.run(_ARRIVED, feed=feed_id, new=new, hour=now.replace(minute=0, second=0, microsecond=0))


def listening_due(store: Store, before: datetime, now: datetime) -> bool:
    """True where silences were last measured before an instant, or in the future by a wrong clock."""
    text = fact(store, "listened_at")
    return text is None or not to_text(before) < text <= to_text(now)


def heard(store: Store) -> tuple[Heard, ...]:
    """The active feeds whose first look is done."""
    rows = [_instants(row) for row in store.all(_HEARD)]
    return tuple(Heard(interval=timedelta(seconds=row.pop("interval_s")), **row) for row in rows)


def hours_of(store: Store, feed_id: int, since: datetime) -> list[datetime]:
    """The hours since an instant in which a feed had something new."""
    return [from_text(row["hour_at"]) for row in store.all(_HOURS, feed=feed_id, since=since)]


def hours_of_all(store: Store, since: datetime) -> list[datetime]:
    """The hours since an instant in which any feed had something new."""
    return [from_text(row["hour_at"]) for row in store.all(_ALL_HOURS, since=since)]


def save_silence(
    store: Store,
    silent: Mapping[int, datetime | None],
    learnt: Sequence[Learnt],
    intake: datetime | None,
    forget_before: datetime,
    listened_at: datetime | None,
) -> None:
    """Writes down since when feeds, and all together, are silent for too long (None: they are not), and what was learnt; forgets hours too old
    to matter. `listened_at` None: there is more to learn, so the next look goes on."""
    with store.write():
        for feed_id, since in silent.items():
            store.run(_SILENCE, feed=feed_id, since=since)
        for each in learnt:
            store.run(_LEARNT, feed=each.feed, of=each.silence_of, from_at=each.silent_from_at)
        set_fact(store, "intake_silent_since_at", "" if intake is None else to_text(intake))
        if listened_at is not None:
            set_fact(store, "listened_at", to_text(listened_at))
        store.run(_FORGET, before=forget_before)


def coverage(store: Store, since: datetime, until: datetime) -> Coverage:
    """What a digest that covers [since, until) should say about the watch itself."""
    return Coverage(
        silent=tuple((row["name"], from_text(row["silent_since_at"])) for row in store.all(_SILENT)),
        gaps=tuple((row["subject"], from_text(row["at"]), row["n"]) for row in store.all(_GAPS, since=since, until=until)),
        down=_down(store, since, until),
    )


def _down(store: Store, since: datetime, until: datetime) -> tuple[tuple[datetime, datetime], ...]:
    """Spans of at least ten minutes between two lives of the daemon; none where it is not run as one."""
    spans = []
    ended_at: datetime | None = None
    for row in store.all(_ALL_LIVES, since=since):
        started_at = from_text(row["started_at"])
        if ended_at is not None and started_at - ended_at >= timedelta(minutes=10):
            spans.append((max(since, ended_at), min(until, started_at)))
        ended_at = max(ended_at or started_at, from_text(row["ended_at"]))
    return tuple(span for span in spans if span[0] < span[1])


def _stored(row: Row) -> StoredAlarm:
    return StoredAlarm(**{**_instants(row), "passing": bool(row["passing"])})


def _instants(row: Row) -> Row:
    return {name: from_text_or_none(value) if name.endswith("_at") else value for name, value in row.items()}
