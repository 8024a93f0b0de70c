"""The table of operations of the read API: a list and an item of each noun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from monitor.digests.payload import plain
from monitor.errors import NothingSelected
from monitor.store import articles, deliveries, digests, feeds, hits, reading, stories
from monitor.store.driver import Row, Store
from monitor.web.api import shapes
from monitor.web.api.declare import FLAG, Item, Pages, Parameter, choice, number, since_and_until, word

PREFIX = "/api/v1"
_ENTRIES, _EVENTS = 50, 50
_BY_NUMBER = number("id", "Its number.")


def _row(store: Store, listing: str, step: str) -> Row:
    found = reading.one(store, listing, int(step)) if step.isascii() and step.isdigit() and len(step) < 16 else None
    if found is None:
        raise NothingSelected(f"there is no {step[:40]!r} among the {listing}")
    return found


def hit_row(row: Row) -> dict[str, Any]:
    """A stored hit with what its verdict quotes."""
    verdict = json.loads(row["verdict_json"])
    named = sorted(verdict["mentions"], key=lambda mention: mention["start"])
    titles = {kind: list(dict.fromkeys(m["title"] for m in named if m["kind"] == kind)) for kind in ("entity", "topic")}
    return {**row, "sentence": verdict["snippet"]["text"], "names": titles["entity"], "topics": titles["topic"]}


def _hit(store: Store, step: str) -> Mapping[str, Any]:
    row = _row(store, "hits", step)
    evidence = asdict(hits.verdict_of(row["verdict_json"]))
    told = {name: evidence[name] for name in ("rule", "watchlist_digest", "engine", "parts", "reasons", "mentions", "rejected")}
    return {**hit_row(row), **told, "brings": json.loads(row["delta_json"] or "[]"), "marks": hits.labels(store, row["id"])}


def _story(store: Store, step: str) -> Mapping[str, Any]:
    row = _row(store, "stories", step)
    return {**row, "reports": stories.members(store, row["id"])}


def _article(store: Store, step: str) -> Mapping[str, Any]:
    row = _row(store, "articles", step)
    found = articles.get(store, row["id"])
    found_hits = [hit.id for hit in hits.of_article(store, row["id"])]
    return {**row, "text": found.text if found else "", "sightings": articles.sightings(store, row["id"]), "hits": found_hits}


def _feed(store: Store, step: str) -> Mapping[str, Any]:
    known = feeds.get(store, step)
    if known is None:
        raise NothingSelected(f"there is no feed {step[:80]!r}")
    row = _row(store, "feeds", str(known.id))
    return {**row, "entries": feeds.entries_of(store, known.id, _ENTRIES), "events": feeds.events_of(store, known.name, _EVENTS)}


def _digest(store: Store, step: str) -> Mapping[str, Any]:
    row = _row(store, "digests", step)
    found = digests.get(store, step)
    return {**row, "document": plain(found.payload) if found and found.payload else {}, "sent": digests.sent_to(store, row["id"])}


def _delivery(store: Store, step: str) -> Mapping[str, Any]:
    row = _row(store, "deliveries", step)
    return {**row, "log": [asdict(attempt) for attempt in deliveries.attempts(store, row["id"])]}


_WATCHLIST = word("watchlist", "Only of this watchlist.", "vietnam-us-tech")
_LANG = word("lang", "Only in this language (ISO 639-1).", "en")
_PUBLISHER = word("publisher", "Only of this outlet.", "news.example")
_FEED = word("feed", "Only what this feed showed.", "times")
_WORDS = word(
    "q", "Only articles with all of these words; case and marks do not matter. Of the newest 2,000 such articles.", "nvidia hanoi"
)
_QUIET = Parameter(
    name="quiet", said="Only those never told as news (true), or only those that may be (false).", schema=FLAG, example=False
)

LISTS: tuple[Pages, ...] = (
    Pages(
        path="/hits",
        said="Articles that satisfied a watchlist",
        shape=shapes.HIT,
        listing="hits",
        row=hit_row,
        filters=(
            *(_WATCHLIST, choice("band", "Only in this band.", ("alert", "review")), _LANG, _PUBLISHER, _FEED),
            word("name", "Only where this entity or topic was found, by its id.", "nvidia"),
            choice("mark", "Only where this was said last.", ("useful", "useless")),
            *(_QUIET, number("story", "Only of this story."), _WORDS, *since_and_until("found")),
        ),
    ),
    Pages(
        path="/stories",
        said="Developments, each with the hits that report it",
        shape=shapes.STORY,
        listing="stories",
        filters=(_WATCHLIST, _LANG, *since_and_until("with their latest report")),
    ),
    Pages(
        path="/articles",
        said="Pages, whether they matched or not",
        shape=shapes.ARTICLE,
        listing="articles",
        filters=(
            *(choice("state", "Only in this state.", ("done", "pending", "failed", "dead")), _LANG, _PUBLISHER, _FEED, _WORDS),
            *since_and_until("first seen"),
        ),
    ),
    Pages(
        path="/feeds",
        said="Documents that are polled",
        shape=shapes.FEED,
        listing="feeds",
        filters=(choice("state", "Only in this state.", ("active", "paused", "gone", "removed")), _LANG),
    ),
    Pages(
        path="/digests",
        said="What subscriptions were told",
        shape=shapes.DIGEST,
        listing="digests",
        filters=(
            word("subscription", "Only of this subscription.", "morning"),
            choice("kind", "Only of this kind.", ("digest", "urgent", "none")),
            *since_and_until("made"),
        ),
    ),
    Pages(
        path="/deliveries",
        said="Messages on their way to destinations",
        shape=shapes.DELIVERY,
        listing="deliveries",
        filters=(
            choice("state", "Only in this state.", ("delivered", "pending", "sending", "rejected", "parked", "expired")),
            word("channel", "Only through this channel.", "mail"),
            number("digest", "Only of this digest."),
            *since_and_until("made"),
        ),
    ),
)

ITEMS: tuple[Item, ...] = (
    Item(path="/hits/{id}", said="One hit with all its evidence", shape=shapes.HIT_WHOLE, key=_BY_NUMBER, read=_hit),
    Item(path="/stories/{id}", said="One story with its reports", shape=shapes.STORY_WHOLE, key=_BY_NUMBER, read=_story),
    Item(path="/articles/{id}", said="One article with its text", shape=shapes.ARTICLE_WHOLE, key=_BY_NUMBER, read=_article),
    Item(
        path="/feeds/{name}", said="One feed with its entries", shape=shapes.FEED_WHOLE, key=word("name", "Its key.", "times"), read=_feed
    ),
    Item(path="/digests/{id}", said="One digest with its document", shape=shapes.DIGEST_WHOLE, key=_BY_NUMBER, read=_digest),
    Item(path="/deliveries/{id}", said="One delivery with its attempts", shape=shapes.DELIVERY_WHOLE, key=_BY_NUMBER, read=_delivery),
)
