"""The step: for every subscription whose newest slot is not recorded, chooses what to tell, renders it and freezes it with its deliveries.

Reading and rendering happen outside the transaction. The commit fails as a whole, and the next tick looks again, where another planner was quicker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.config import ChannelSettings, destinations_of, form_of
from monitor.digests.chat import SERVICES, render_chat
from monitor.digests.coverage import Blind, coverage_of
from monitor.digests.days import days_of, since_at
from monitor.digests.document import Document, Occasion, document
from monitor.digests.payload import to_json
from monitor.digests.phrases import Phrases
from monitor.digests.render import Mail, render_events, render_mails
from monitor.digests.select import Candidate, Place, Selection, select
from monitor.digests.template import BUILT_IN, TemplateFault, Templates
from monitor.digests.urgent import is_due, may_be_urgent, named
from monitor.hours import Schedule, from_text, release_at, released_slot, schedule_of, slots_between, to_text
from monitor.log import logger
from monitor.model import Slot, Subscription
from monitor.store import alarms, hits, stories, subscriptions
from monitor.store import digests as stored
from monitor.store.backlog import behind
from monitor.store.digests import FrozenMessage, Member, Plan, Superseded
from monitor.store.driver import Store
from monitor.store.steps import fact, record_event, set_fact
from monitor.store.subscriptions import StoredSubscription

LATE = timedelta(minutes=30)
"""A digest made so long after it could have been says that it is late."""

CATCH_UP = timedelta(minutes=15)
"""So long a late digest waits at most for feeds and pages that came due meanwhile."""

MAX_MISSED = 1000
_FACT = "template_problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCounts:
    """Digests frozen, slots recorded with nothing to send, hits told, deliveries made, older slots recorded as missed; skipped: another planner was quicker."""

    digests: int = 0
    empty: int = 0
    hits: int = 0
    deliveries: int = 0
    missed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How digests go out: the channels, the look of mails, and the maker of identities."""

    channels: Sequence[ChannelSettings]
    templates: Templates
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slot to plan now, with the older ones it stands in for. `late`: well after it could have been planned."""

    slot: Slot
    missed: tuple[Slot, ...] = ()
    late: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a subscription would be told at this instant."""

    document: Document
    selection: Selection
    covers_from_at: datetime


async def plan(
    *,
    store: Store,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    subscriptions: Sequence[Subscription],
    channels: Sequence[ChannelSettings],
    templates: Templates = BUILT_IN,
    force: str | None = None,
    patient: bool = False,
) -> PlanCounts:
    """Plans what is due; where `patient`, a late digest waits a while for what came due meanwhile.

    `force` names a subscription whose digest is made now instead, whatever its schedule says, if there is something to tell.
    """
    ways = Ways(channels=channels, templates=templates, new_id=new_id)
    chosen = [each for each in subscriptions if force is None or each.name == force]
    waiting = {each.name for each in chosen if patient and force is None and await asyncio.to_thread(_catching_up, store, each, clock())}
    due = [each for each in chosen if each.name not in waiting]
    counts = [await asyncio.to_thread(_plan_one, store, each, ways, clock(), force is not None) for each in due]
    if force is None:
        counts += [await asyncio.to_thread(_plan_urgent, store, each, ways, clock()) for each in chosen if each.urgent]
    return PlanCounts(**{name: sum(getattr(each, name) for each in counts) for name in PlanCounts.__slots__})


def accept(store: Store, templates: Templates) -> None:
    """Forgets what was wrong with other templates than these."""
    if not (fact(store, _FACT) or "").startswith(templates.digest):
        set_fact(store, _FACT, "")


def _plan_one(store: Store, subscription: Subscription, ways: Ways, now: datetime, asked: bool) -> PlanCounts:
    row = subscriptions.get(store, subscription.name)
    if row is None:
        return PlanCounts()
    due = Due(slot=Slot(label=f"manual-{to_text(now)}", due_at=now), asked=True) if asked else find_due(store, row, subscription, now)
    if due is None:
        return PlanCounts()
    made = draft(store, row, subscription, due, now, ways.new_id())
    send = bool(made.selection.items) or (subscription.heartbeat and not asked)
    if asked and not send:
        return PlanCounts()
    going = [each for each in ways.channels if send and each.name in subscription.channels]
    frozen = _frozen(store, made, row, due, now, replace(ways, channels=going), "digest" if send else "none")
    try:
        stored.commit(store, frozen)
    except Superseded:
        return PlanCounts(skipped=1)
    return PlanCounts(
        digests=int(send),
        empty=int(not send),
        hits=len(frozen.members),
        deliveries=sum(len(message.destinations) for message in frozen.messages),
        missed=len(due.missed),
    )


def _catching_up(store: Store, subscription: Subscription, now: datetime) -> bool:
    """True while a late slot waits for what happened meanwhile to be read: planned at once after a sleep, it would tell yesterday's news."""
    row = subscriptions.get(store, subscription.name)
    due = None if row is None else find_due(store, row, subscription, now)
    if due is None or not due.late or not behind(store, now):
        return False
    name = f"late.{subscription.name}"
    label, _, since = (fact(store, name) or "").rpartition("|")
    if label != due.slot.label:
        set_fact(store, name, f"{due.slot.label}|{to_text(now)}")
        return True
    return timedelta(0) <= now - from_text(since) < CATCH_UP


def _plan_urgent(store: Store, subscription: Subscription, ways: Ways, now: datetime) -> PlanCounts:
    """Tells at once what must not wait for the next slot, if it is time to."""
    row = subscriptions.get(store, subscription.name)
    if row is None:
        return PlanCounts()
    strong = may_be_urgent(_candidates(store, row, subscription), subscription)
    verdicts = {c.hit: found.verdict for c in strong if (found := hits.get(store, c.hit)) is not None}
    chosen = named(strong, verdicts, subscription)
    if not is_due(chosen, subscription, stored.last_urgent_at(store, row.id), now):
        return PlanCounts()
    first = min(c.first_seen_at for c in chosen)
    selection = select(chosen, lang=subscription.lang, review=False, max_items=len(chosen), now=now)
    occasion = Occasion(uid=ways.new_id(), label="", due_at=now, made_at=now, covers_from_at=first, kind="urgent")
    seen = stored.articles_seen(store, first, now)
    coverage = coverage_of(stored.sources(store), seen["articles"], seen["pending"], _blind(store, first, now))
    about = stories.background(store, (item.lead.story for item in selection.items))
    made = Draft(document=document(subscription, occasion, selection, verdicts, coverage, about), selection=selection, covers_from_at=first)
    going = [each for each in ways.channels if each.name in subscription.channels]
    frozen = _frozen(store, made, row, None, now, replace(ways, channels=going), "urgent")
    try:
        stored.commit(store, frozen)
    except Superseded:
        return PlanCounts(skipped=1)
    return PlanCounts(digests=1, hits=len(frozen.members), deliveries=sum(len(message.destinations) for message in frozen.messages))


def _blind(store: Store, since: datetime, until: datetime) -> Blind:
    """What was out of sight in [since, until)."""
    found = alarms.coverage(store, since, until)
    return Blind(silent=found.silent, gaps=tuple((name, at) for name, at, _ in found.gaps), unwatched=found.down)


def _candidates(store: Store, row: StoredSubscription, subscription: Subscription) -> list[Candidate]:
    trusted = hits.trust(store)
    return [
        Candidate(**each, trust=trusted.get(each["publisher"], 0.0))
        for each in stored.waiting(store, row.id)
        if each["watchlist"] in subscription.watchlists
    ]


def find_due(store: Store, row: StoredSubscription, subscription: Subscription, now: datetime) -> Due | None:
    """The newest slot where its label is not planned, its quiet hours are over and the subscription had begun; None otherwise.

    "Not planned" and not "later than the last one": after a clock that was wrongly ahead, the latter would be silent until then.
    """
    schedule = schedule_of(subscription)
    slot = released_slot(schedule, now)
    if slot is None or slot.due_at <= row.since_at or stored.is_planned(store, row.id, slot.label):
        return None
    late = now - release_at(schedule, slot, slot.due_at) > LATE
    return Due(slot=slot, missed=_missed(store, row, schedule, slot, now), late=late)


def _missed(store: Store, row: StoredSubscription, schedule: Schedule, slot: Slot, now: datetime) -> tuple[Slot, ...]:
    before = stored.slot_before(store, row.id, now)
    after = max(row.since_at, from_text(before["due_at"])) if before else row.since_at
    known = stored.recorded_labels(store, row.id, after, slot.due_at) | {slot.label}
    return tuple(each for each in slots_between(schedule, after, slot.due_at) if each.label not in known)[-MAX_MISSED:]


def draft(store: Store, row: StoredSubscription, subscription: Subscription, due: Due, now: datetime, uid: str) -> Draft:
    """What would be told now, with its evidence and coverage. Writes nothing."""
    selection = select(
        _candidates(store, row, subscription), lang=subscription.lang, review=subscription.review, max_items=subscription.max_items, now=now
    )
    needed = {c.hit for item in selection.items for c in (item.lead, item.shown)}
    verdicts = {hit: found.verdict for hit in needed if (found := hits.get(store, hit)) is not None}
    before = stored.slot_before(store, row.id, now)
    covers_from = from_text(before["covers_to_at"]) if before else min(row.since_at, now)
    seen = stored.articles_seen(store, covers_from, now)
    occasion = Occasion(
        uid=uid,
        label=due.slot.label,
        due_at=due.slot.due_at,
        made_at=now,
        covers_from_at=covers_from,
        asked=due.asked,
        late=due.late,
        missed=len(due.missed),
        days=days_of(stored.hits_by_minute(store, row.id, since_at(subscription.timezone, now), now), subscription.timezone, now),
    )
    coverage = coverage_of(stored.sources(store), seen["articles"], seen["pending"], _blind(store, covers_from, now))
    about = stories.background(store, (item.lead.story for item in selection.items))
    return Draft(
        document=document(subscription, occasion, selection, verdicts, coverage, about), selection=selection, covers_from_at=covers_from
    )


def preview(store: Store, subscription: Subscription, now: datetime) -> Document | None:
    """The digest that would be sent if its slot were now; None where the subscription was never synchronised. Writes nothing."""
    row = subscriptions.get(store, subscription.name)
    if row is None:
        return None
    slot = Slot(label="preview", due_at=now)
    return draft(store, row, subscription, Due(slot=slot), now, "preview").document


def mails_of(store: Store, made: Document, templates: Templates, now: datetime) -> tuple[Mail, ...]:
    """The mails of a document. Where the operator's templates fail, the built-in ones, and the fault is told: a digest is never lost to its looks."""
    try:
        return render_mails(made, templates)
    except TemplateFault as fault:
        told = f"{templates.digest}|{fault}"
        if fact(store, _FACT) != told:
            logger(subscription=made.subscription).error("template not used", problem=str(fault))
            set_fact(store, _FACT, told)
            record_event(store, now, "digest.template", made.subscription, str(fault))
        return render_mails(made)


def _frozen(store: Store, made: Draft, row: StoredSubscription, due: Due | None, now: datetime, ways: Ways, kind: str) -> Plan:
    mails = mails_of(store, made.document, ways.templates, now)
    places = made.selection.places
    return Plan(
        subscription=row.id,
        uid=made.document.uid,
        slot=due.slot if due else None,
        missed=due.missed if due else (),
        kind=kind,
        subject=mails[0].subject,
        payload=to_json(made.document),
        covers_from_at=made.covers_from_at,
        planned_at=now,
        members=tuple(_member(place, kind) for place in places),
        messages=tuple(_messages(made.document, mails, ways)),
    )


def _member(place: Place, kind: str) -> Member:
    shown_as = "urgent" if kind == "urgent" and place.shown_as in ("new", "update") else place.shown_as
    return Member(hit=place.hit, story=place.story, shown_as=shown_as, position=place.position)


def _messages(made: Document, mails: Sequence[Mail], ways: Ways) -> Iterator[FrozenMessage]:
    """The messages in the forms the channels take, each with its destinations."""
    going: dict[str, list[tuple[str, str]]] = {}
    for channel in ways.channels:
        going.setdefault(form_of(channel), []).extend(destinations_of(channel))
    for form, destinations in going.items():
        bodies = _bodies(made, mails, form)
        for part, body in enumerate(bodies, 1):
            yield FrozenMessage(
                uid=ways.new_id(),
                form=form,
                part=part,
                parts=len(bodies),
                subject=Phrases(made).subject(part, len(bodies)),
                body=body,
                destinations=tuple(destinations),
            )


def _bodies(made: Document, mails: Sequence[Mail], form: str) -> list[bytes]:
    """The bytes of each part in one form."""
    if form == "json":
        return list(render_events(made))
    if form in SERVICES:
        return [part.body for part in render_chat(made, form)]
    return [mail.body() for mail in mails]
