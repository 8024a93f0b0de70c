"""Today: what waits for the next digest and what the last one told, story by story in the digest's own sections; and any earlier digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.digests.document import Document, Entry
from monitor.digests.payload import from_json
from monitor.digests.phrases import KINDS, Phrases
from monitor.digests.step import preview
from monitor.errors import DigestUnreadable, NothingSelected
from monitor.health import troubles
from monitor.hours import next_slots, schedule_of
from monitor.model import Digest, Subscription
from monitor.store import digests as stored
from monitor.web.desk import Answer, Asked
from monitor.web.render import page

EARLIER = 10
_LOOK_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A document ready for the page: sections as (kind, heading, entries), and the sentences of the digest itself."""

    document: Document
    say: Phrases
    sections: tuple[tuple[str, str, tuple[Entry, ...]], ...]


def sheet(document: Document) -> Sheet:
    """A digest's document in sections; empty ones are left out."""
    say = Phrases(document)
    sections = tuple((kind, say.labels.word(kind), entries) for kind in KINDS if (entries := document.of(kind)))
    return Sheet(document=document, say=say, sections=sections)


def today(asked: Asked) -> Answer:
    """The page of a subscription (`?subscription=`), else of the first."""
    desk = asked.desk
    chosen = _chosen(desk.config.subscription, asked.query.get("subscription", ""))
    if chosen is None:
        return page(asked, "empty.html", "Today", what="No subscription is configured.", mend="monitor config check")
    waiting = preview(desk.store, chosen, asked.now)
    newest = stored.newest(desk.store, chosen.name)
    told, unreadable = _told(newest)
    upcoming = next(iter(next_slots(schedule_of(chosen), asked.now, 1)), None)
    return page(
        asked,
        "today.html",
        "Today",
        subscriptions=desk.config.subscription,
        chosen=chosen,
        waiting=sheet(waiting) if waiting is not None and (waiting.entries or waiting.also) else None,
        newest=newest,
        told=told,
        unreadable=unreadable,
        due_at=None if upcoming is None else upcoming.due_at,
        earlier=_earlier(asked, chosen, newest),
        troubles=[trouble for trouble in troubles(desk.store, asked.now) if trouble.problem],
    )


def _told(newest: Digest | None) -> tuple[Sheet | None, str]:
    """The newest digest as a sheet, or why it cannot be shown: the rest of the page does not depend on it."""
    try:
        return (None if newest is None else sheet(from_json(newest.payload))), ""
    except DigestUnreadable as error:
        return None, str(error)


def digest(asked: Asked) -> Answer:
    """One digest as it was told."""
    found = stored.get(asked.desk.store, asked.parts["id"])
    if found is None:
        raise NothingSelected("there is no such digest")
    document = sheet(from_json(found.payload))
    return page(asked, "digest.html", found.subject, digest=found, told=document, sent=stored.sent_to(asked.desk.store, found.id))


def _chosen(subscriptions: Sequence[Subscription], name: str) -> Subscription | None:
    return next((each for each in subscriptions if each.name == name), next(iter(subscriptions), None))


def _earlier(asked: Asked, chosen: Subscription, newest: Digest | None) -> list[dict[str, object]]:
    since = (newest.created_at if newest else asked.now) - _LOOK_BACK
    rows = stored.listed(asked.desk.store, since, EARLIER + 1, chosen.name)
    return [row for row in rows if newest is None or row["id"] != newest.id][:EARLIER]
