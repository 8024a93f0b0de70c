"""What a hit is compared by: canonical entities, topics, amounts, days and words. Canonical entities are what languages have in common. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from typing import Any

from monitor.hours import from_text, to_text
from monitor.model import Mention
from monitor.stories.facts import amounts, days
from monitor.text import fold, words

LEAD_CHARS = 700
"""Facts are read from the title and so many characters of text: background further down belongs to older stories."""

_SHORT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One hit, reduced to what can be compared. `key` names it; `address` is its canonical address key; `copy_of` the key of the text it copies.

    entities and title_entities hold ids without hubs; words are those of title and lead, for texts of one language.
    """

    key: str
    at: datetime
    lang: str
    publisher: str = ""
    address: str = ""
    copy_of: str = ""
    quiet: bool = False
    entities: frozenset[str] = frozenset()
    title_entities: frozenset[str] = frozenset()
    lead_entities: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HitText:
    """A hit with its text, as the store or a run of `monitor match` gives it."""

    key: str
    title: str
    text: str
    lang: str
    at: datetime
    mentions: tuple[Mention, ...]
    publisher: str = ""
    address: str = ""
    copy_of: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hubs:
    """Entities so common that sharing one says nothing: `ids` are all of them, `leaders` those that are people.

    Two leaders together do say something: their meeting is a development of its own.
    """

    ids: frozenset[str] = frozenset()
    leaders: frozenset[str] = frozenset()


def fingerprint(hit: HitText, hubs: Hubs) -> Fingerprint:
    """The fingerprint of a hit without its hubs; two leaders named in title or lead count as one entity, their meeting."""
    lead = fold(f"{hit.title}\n{hit.text[:LEAD_CHARS]}")
    named = [*(mention for mention in hit.mentions if mention.kind == "entity" and mention.id not in hubs.ids), *_meetings(hit, hubs)]
    return Fingerprint(
        key=hit.key,
        at=hit.at,
        lang=hit.lang,
        publisher=hit.publisher,
        address=hit.address,
        copy_of=hit.copy_of,
        quiet=hit.quiet,
        entities=frozenset(mention.id for mention in named),
        title_entities=frozenset(mention.id for mention in named if mention.zone == "title"),
        lead_entities=frozenset(mention.id for mention in named if mention.zone in ("title", "lead")),
        topics=frozenset(mention.id for mention in hit.mentions if mention.kind == "topic"),
        amounts=amounts(lead, hit.lang),
        days=days(lead, hit.lang),
        words=frozenset(word for word in words(lead) if len(word) >= _SHORT and not word.isdigit()),
    )


def _meetings(hit: HitText, hubs: Hubs) -> list[Mention]:
    for zones in (("title",), ("title", "lead")):
        met = {mention.id: mention for mention in hit.mentions if mention.id in hubs.leaders and mention.zone in zones}
        if len(met) > 1:
            first = met[min(met)]
            return [replace(first, id=f"{one}+{other}") for one, other in combinations(sorted(met), 2)]
    return []


_SETS = ("entities", "title_entities", "lead_entities", "topics", "amounts", "days", "words")
_TEXTS = ("key", "lang", "publisher", "address", "copy_of")


def to_json(each: Fingerprint) -> dict[str, Any]:
    """A fingerprint as stored."""
    fields: dict[str, Any] = {name: getattr(each, name) for name in _TEXTS}
    return {**fields, "at": to_text(each.at), "quiet": each.quiet, **{name: sorted(getattr(each, name)) for name in _SETS}}


def from_json(stored: dict[str, Any]) -> Fingerprint:
    """The fingerprint that `to_json` stored."""
    fields: dict[str, Any] = {name: stored[name] for name in _TEXTS} | {name: frozenset(stored[name]) for name in _SETS}
    return Fingerprint(at=from_text(stored["at"]), quiet=stored["quiet"], **fields)
