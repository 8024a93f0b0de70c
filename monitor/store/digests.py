"""Digests: which slots are recorded, which hits wait to be told, what was seen meanwhile, and the one transaction that freezes a plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.errors import MonitorError
from monitor.hours import from_text, from_text_or_none
from monitor.model import Digest, Slot
from monitor.store.among import rows_among
from monitor.store.driver import Row, Store

_PLANNED = "select 1 as yes from slots where subscription_id = :subscription and label = :label and missed = 0"
_BEFORE = """
select label, due_at, covers_to_at from slots
where subscription_id = :subscription and missed = 0 and covers_to_at <= :now order by covers_to_at desc, id desc limit 1
"""
_LAST_URGENT = "select max(created_at) as made_at from digests where subscription_id = :subscription and kind = 'urgent'"
_LABELS = "select label from slots where subscription_id = :subscription and due_at > :after and due_at <= :until"
# Watchlists by their own since: one that a subscription took up later does not bring its old hits. Hits up to settled_hit_id were all told;
# the cross join keeps SQLite on that range of ids, and PostgreSQL sees how short it is where it is given as a number.
_UNTOLD = """
from hits h cross join subscription_watchlists w left join digest_hits d on d.subscription_id = :subscription and d.hit_id = h.id
where h.id > :settled and w.subscription_id = :subscription and w.watchlist = h.watchlist and h.created_at >= w.since_at and d.hit_id is null
"""
_SETTLED = "select settled_hit_id as settled from subscriptions where id = :subscription"
_GROUPED = f"{_UNTOLD} and h.story_id is not null"
_UNSETTLED = f"select coalesce((select min(h.id) {_UNTOLD}), (select max(h.id) + 1 from hits h), 1) as first"
_SETTLE = "update subscriptions set settled_hit_id = :settled where id = :subscription and settled_hit_id < :settled"
_WAITING = f"""
select h.id as hit, h.watchlist, h.story_id as story, h.band, h.score, h.novelty, h.delta_json, h.joined_json, h.created_at, h.article_id as article,
  a.title, a.url, a.publisher, a.lang, a.published_at, a.first_seen_at, a.copy_of, h.backfill from articles a join (
    select h.* {_GROUPED} and (h.quiet = 0 or h.backfill = 1)) h on h.article_id = a.id
order by h.id
"""
_QUIET = f"""
insert into digest_hits(subscription_id, hit_id, digest_id, story_id, shown_as, position, created_at)
select :subscription, h.id, :digest, h.story_id, 'quiet', 0, :now {_GROUPED} and h.quiet = 1 and h.backfill = 0
"""
# What a story was told as is what the item was that its hits stood in: where two watchlists share it, one of them leads.
_TOLD = """
with mine as (
  select h.story_id as story, h.band, d.shown_as, d.position, d.digest_id, d.created_at from hits h cross join digest_hits d
  where h.story_id in ({numbers}) and d.subscription_id = :subscription and d.hit_id = h.id and d.shown_as <> 'quiet'),
led as (
  select story, band, shown_as, position, created_at, shown_as as led_as from mine
  union all select m.story, m.band, m.shown_as, m.position, m.created_at, l.shown_as from mine m cross join digest_hits l
  where m.position > 0 and l.digest_id = m.digest_id and l.position = m.position and l.subscription_id = :subscription and l.shown_as <> 'echo')
select story, max(case when position > 0 or shown_as = 'overflow' then created_at end) as told_at,
  max(case when led_as in ('new', 'update', 'urgent') or (led_as = 'overflow' and band = 'alert') then 2
    when led_as in ('review', 'overflow') then 1 else 0 end) as told
from led group by story
"""
_TOLD_TITLES = """
select distinct h.story_id as story, a.title from hits h cross join digest_hits d join articles a on a.id = h.article_id
where h.story_id in ({numbers}) and d.subscription_id = :subscription and d.hit_id = h.id and d.position > 0
"""
_SOURCES = (
    "select name, title, state, failing_since_at, error_kind, last_success_at from feeds where state in ('active', 'gone') order by name"
)
_READ = """
select count(*) as articles, coalesce(sum(case when state = 'pending' then 1 else 0 end), 0) as pending
from articles where first_seen_at >= :since and first_seen_at < :until
"""
_BY_MINUTE = """
select substr(h.created_at, 1, 16) as minute, count(*) as hits from hits h
where h.created_at >= :since and h.created_at < :until and h.quiet = 0
  and exists (select 1 from subscription_watchlists w where w.subscription_id = :subscription and w.watchlist = h.watchlist)
group by 1
"""
_RECORD_SLOT = """
insert into slots(subscription_id, label, due_at, planned_at, covers_from_at, covers_to_at, missed, hit_count)
values (:subscription, :label, :due, :now, :covers_from, :now, 0, :hits)
on conflict(subscription_id, label) do update set planned_at = excluded.planned_at, covers_from_at = excluded.covers_from_at,
  covers_to_at = excluded.covers_to_at, missed = 0, hit_count = excluded.hit_count where slots.missed = 1
returning id
"""
_RECORD_MISSED = """
insert into slots(subscription_id, label, due_at, planned_at, covers_to_at, missed) values (:subscription, :label, :due, :now, :now, 1)
on conflict(subscription_id, label) do nothing
"""
_DIGEST = """
insert into digests(uid, subscription_id, slot_id, kind, subject, payload, sha256, covers_from_at, covers_to_at, hit_count, created_at)
values (:uid, :subscription, :slot, :kind, :subject, :payload, :sha256, :covers_from, :now, :hits, :now) returning id
"""
_MEMBER = """
insert into digest_hits(subscription_id, hit_id, digest_id, story_id, shown_as, position, created_at)
values (:subscription, :hit, :digest, :story, :shown_as, :position, :now) on conflict(subscription_id, hit_id) do nothing
"""
_MESSAGE = """
insert into messages(uid, digest_id, form, part, parts, subject, body, sha256, created_at)
values (:uid, :digest, :form, :part, :parts, :subject, :body, :sha256, :now) returning id
"""
_DELIVERY = """
insert into deliveries(message_id, channel, destination, next_attempt_at, created_at) values (:message, :channel, :destination, :now, :now)
on conflict(message_id, destination) do nothing
"""
_DIGESTS = """
select d.id, d.uid, s.name as subscription, coalesce(l.label, '') as slot_label, d.subject, d.payload, d.sha256, d.created_at,
  d.covers_from_at, d.covers_to_at, d.hit_count
from digests d join subscriptions s on s.id = d.subscription_id left join slots l on l.id = d.slot_id
"""
_BY_ID = f"{_DIGESTS} where d.id = :id"
_BY_UID = f"{_DIGESTS} where d.uid = :uid"
_NEWEST = f"{_DIGESTS} where s.name = :name and d.kind <> 'none' order by d.created_at desc, d.id desc limit 1"
_LIST = """
with page as (
  select d.* from digests d where d.created_at >= :since and (:empty = 1 or d.kind <> 'none')
    and (cast(:name as text) is null or d.subscription_id = (select s.id from subscriptions s where s.name = :name))
  order by d.created_at desc, d.id desc limit :limit)
select d.id, d.uid, s.name as subscription, l.label as slot, d.kind, d.subject, d.hit_count as hits, d.created_at,
  (select count(*) from slots m where m.subscription_id = d.subscription_id and m.missed = 1 and m.planned_at = d.created_at) as missed_slots,
  (select count(*) from messages g cross join deliveries v where g.digest_id = d.id and v.message_id = g.id) as deliveries,
  (select count(*) from messages g cross join deliveries v where g.digest_id = d.id and v.message_id = g.id and v.state = 'delivered') as delivered
from page d join subscriptions s on s.id = d.subscription_id left join slots l on l.id = d.slot_id order by d.created_at desc, d.id desc
"""
_BODIES = "select form, body from messages where digest_id = :id and form in ('mail', 'file') order by form, part"
_MEMBERS = """
select d.hit_id as hit, d.story_id as story, d.shown_as, d.position, h.band, h.score, a.title, a.url, a.publisher, a.lang
from digest_hits d join hits h on h.id = d.hit_id join articles a on a.id = h.article_id
where d.digest_id = :id order by case when d.position = 0 then 1 else 0 end, d.position, d.shown_as, d.hit_id
"""
_TOLD_IN = """
select g.id, g.subject, g.created_at, s.name as subscription, d.shown_as, d.position from digest_hits d join digests g on g.id = d.digest_id
join subscriptions s on s.id = d.subscription_id where d.hit_id = :hit order by g.created_at, g.id
"""
_SENT_TO = """
select v.channel, v.destination, v.state, v.attempts, v.delivered_at, v.last_error, g.part
from deliveries v join messages g on g.id = v.message_id where g.digest_id = :id order by v.channel, v.destination, g.part
"""


class Superseded(MonitorError):
    """Another planner recorded the slot, or told one of the hits, meanwhile: nothing was written; the next tick looks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The place of one hit in a digest. shown_as: new, update, review, found, urgent, echo, overflow; position counts items from 1, 0: not an item."""

    hit: int
    story: int
    shown_as: str
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMessage:
    """The bytes of one part in one form, with where it goes as (channel, destination) pairs."""

    uid: str
    form: str
    part: int
    parts: int
    subject: str
    body: bytes
    destinations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything one slot leaves behind. kind: digest | none (recorded, nothing to send) | urgent (outside the schedule: no slot).
    `missed`: older slots that this digest stands in for."""

    subscription: int
    uid: str
    slot: Slot | None
    missed: tuple[Slot, ...]
    kind: str
    subject: str
    payload: str
    covers_from_at: datetime
    planned_at: datetime
    members: tuple[Member, ...]
    messages: tuple[FrozenMessage, ...]


def is_planned(store: Store, subscription: int, label: str) -> bool:
    """True where a digest was planned for the label. A label recorded as missed only is not: the clock may have been wrong then."""
    return store.one(_PLANNED, subscription=subscription, label=label) is not None


def slot_before(store: Store, subscription: int, now: datetime) -> Row | None:
    """The slot planned last (label, due_at, covers_to_at as stored text), leaving out what a clock ahead of `now` planned."""
    return store.one(_BEFORE, subscription=subscription, now=now)


def last_urgent_at(store: Store, subscription: int) -> datetime | None:
    """When the last urgent message of a subscription was made; None where there was none."""
    row = store.one(_LAST_URGENT, subscription=subscription)
    return None if row is None else from_text_or_none(row["made_at"])


def recorded_labels(store: Store, subscription: int, after: datetime, until: datetime) -> frozenset[str]:
    """Labels of the slots recorded, planned or missed, that were due in (after, until]."""
    return frozenset(row["label"] for row in store.all(_LABELS, subscription=subscription, after=after, until=until))


def waiting(store: Store, subscription: int) -> list[Row]:
    """Grouped hits that no digest of the subscription tells and that are not quiet, with their article and what was told of their story.

    Quiet ones that a changed watchlist found in history are among them where that was asked for (`backfill`).

    `told`: 0 nothing, 1 worth a look, 2 as news; `told_at` the latest time. Times are instants, `delta` a tuple.
    """
    rows = store.all(_WAITING, subscription=subscription, settled=_settled(store, subscription))
    stories = {int(row["story"]) for row in rows}
    known = {row["story"]: row for row in rows_among(store, _TOLD, stories, subscription=subscription)}
    titles: dict[int, list[str]] = {}
    for row in rows_among(store, _TOLD_TITLES, stories, subscription=subscription):
        titles.setdefault(row["story"], []).append(row["title"])
    return [{**_waiting(row, known.get(row["story"])), "told_titles": tuple(titles.get(row["story"], ()))} for row in rows]


def _waiting(row: Row, told: Row | None) -> Row:
    delta, joined = row.pop("delta_json"), json.loads(row.pop("joined_json") or "{}")
    times = {name: from_text_or_none(row[name]) for name in ("created_at", "published_at", "first_seen_at")}
    before = {"told": told["told"] if told else 0, "told_at": from_text_or_none(told["told_at"]) if told else None}
    source = {"credit": joined.get("credit", ""), "copy": bool(joined.get("copy"))}
    return {**row, **times, **before, **source, "backfill": bool(row["backfill"]), "delta": tuple(json.loads(delta or "[]"))}


def sources(store: Store) -> list[Row]:
    """The feeds that are polled or gone: name, title, state, since when and how they fail (stored text or None)."""
    return store.all(_SOURCES)


def articles_seen(store: Store, since: datetime, until: datetime) -> Row:
    """How many articles were first seen in [since, until), and how many of them are still to be read (`pending`)."""
    row = store.one(_READ, since=since, until=until)
    assert row is not None
    return row


def hits_by_minute(store: Store, subscription: int, since: datetime, until: datetime) -> dict[str, int]:
    """How many hits of a subscription's watchlists were found in each minute of [since, until) (`2024-09-26T00:01`, UTC); quiet ones are left out."""
    return {row["minute"]: row["hits"] for row in store.all(_BY_MINUTE, subscription=subscription, since=since, until=until)}


def commit(store: Store, plan: Plan) -> int:
    """Writes slot, digest, memberships, messages and deliveries in one transaction and returns the digest's id.

    Quiet hits that wait become members too, shown as quiet. Raises Superseded, with nothing written, where another planner came first.
    """
    with store.write():
        slot_id = None if plan.slot is None else _record_slots(store, plan, plan.slot)
        row = store.one(
            _DIGEST,
            uid=plan.uid,
            subscription=plan.subscription,
            slot=slot_id,
            kind=plan.kind,
            subject=plan.subject,
            payload=plan.payload,
            sha256=hashlib.sha256(plan.payload.encode()).hexdigest(),
            covers_from=plan.covers_from_at,
            hits=len(plan.members),
            now=plan.planned_at,
        )
        assert row is not None
        digest_id = int(row["id"])
        _record_members(store, plan, digest_id)
        for message in plan.messages:
            _record_message(store, message, digest_id, plan.planned_at)
    return digest_id


def _record_slots(store: Store, plan: Plan, slot: Slot) -> int:
    row = store.one(
        _RECORD_SLOT,
        subscription=plan.subscription,
        label=slot.label,
        due=slot.due_at,
        covers_from=plan.covers_from_at,
        hits=len(plan.members),
        now=plan.planned_at,
    )
    if row is None:
        raise Superseded(f"slot {slot.label} is planned already")
    for earlier in plan.missed:
        store.run(_RECORD_MISSED, subscription=plan.subscription, label=earlier.label, due=earlier.due_at, now=plan.planned_at)
    return int(row["id"])


def _record_members(store: Store, plan: Plan, digest_id: int) -> None:
    for member in plan.members:
        made = store.run(
            _MEMBER,
            subscription=plan.subscription,
            hit=member.hit,
            digest=digest_id,
            story=member.story,
            shown_as=member.shown_as,
            position=member.position,
            now=plan.planned_at,
        )
        if not made:
            raise Superseded(f"hit {member.hit} is told already")
    if plan.kind != "urgent":
        settled = _settled(store, plan.subscription)
        store.run(_QUIET, subscription=plan.subscription, settled=settled, digest=digest_id, now=plan.planned_at)
    _settle(store, plan.subscription)


def _settled(store: Store, subscription: int) -> int:
    """The hit up to which all were told."""
    row = store.one(_SETTLED, subscription=subscription)
    return 0 if row is None else int(row["settled"])


def _settle(store: Store, subscription: int) -> None:
    """Moves the mark up to which every hit has its place, so that the next look at what waits does not read all history.

    A hit of a transaction under way cannot lie below it: whoever makes hits holds them for itself until its commit (`hits.save`), so a number not yet
    visible is higher than all that are.
    """
    row = store.one(_UNSETTLED, subscription=subscription, settled=_settled(store, subscription))
    assert row is not None
    store.run(_SETTLE, subscription=subscription, settled=row["first"] - 1)


def _record_message(store: Store, message: FrozenMessage, digest_id: int, now: datetime) -> None:
    row = store.one(
        _MESSAGE,
        uid=message.uid,
        digest=digest_id,
        form=message.form,
        part=message.part,
        parts=message.parts,
        subject=message.subject,
        body=message.body,
        sha256=hashlib.sha256(message.body).hexdigest(),
        now=now,
    )
    assert row is not None
    for channel, destination in message.destinations:
        store.run(_DELIVERY, message=row["id"], channel=channel, destination=destination, now=now)


def get(store: Store, key: str) -> Digest | None:
    """A digest by its number or its uid, or None."""
    row = store.one(_BY_ID, id=int(key)) if key.isascii() and key.isdigit() and len(key) < 18 else store.one(_BY_UID, uid=key)
    return None if row is None else _digest(row)


def newest(store: Store, subscription: str) -> Digest | None:
    """The newest digest of a subscription that was sent, or None."""
    row = store.one(_NEWEST, name=subscription)
    return None if row is None else _digest(row)


def listed(store: Store, since: datetime, limit: int, subscription: str | None = None, empty: bool = False) -> list[Row]:
    """Rows for a list, newest first; `empty` adds the slots in which nothing was to be sent."""
    return store.all(_LIST, since=since, limit=limit, name=subscription, empty=empty)


def text_of(store: Store, digest_id: int) -> str:
    """The text part as it was sent, all parts; "" where no channel took text."""
    return "\n".join(_bodies(store, digest_id, "text"))


def html_of(store: Store, digest_id: int) -> str:
    """The HTML part as it was sent, the first of several; "" where no channel took HTML."""
    return next(iter(_bodies(store, digest_id, "html")), "")


def _bodies(store: Store, digest_id: int, field: str) -> Iterable[str]:
    rows = store.all(_BODIES, id=digest_id)
    return [str(json.loads(row["body"])[field]) for row in rows if row["form"] == rows[0]["form"]]


def members(store: Store, digest_id: int) -> list[Row]:
    """The digest's hits with their articles, items first, then what was folded into them."""
    return store.all(_MEMBERS, id=digest_id)


def told_in(store: Store, hit_id: int) -> list[Row]:
    """The digests that hold a hit, oldest first, and as what (`shown_as`) in which place."""
    return store.all(_TOLD_IN, hit=hit_id)


def sent_to(store: Store, digest_id: int) -> list[Row]:
    """The digest's deliveries with their states."""
    return store.all(_SENT_TO, id=digest_id)


def _digest(row: Row) -> Digest:
    times = {name: from_text(row[name]) for name in ("created_at", "covers_to_at")}
    return Digest(**{**row, **times, "covers_from_at": from_text_or_none(row["covers_from_at"])})
