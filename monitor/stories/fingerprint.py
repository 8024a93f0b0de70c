"""What a hit is compared by: canonical entities, places, concepts, figures, days and words. All but the words are one in every language. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import combinations
from typing import Any

from monitor.hours import from_text, to_text
from monitor.model import Mention
from monitor.stories.concepts import concepts
from monitor.stories.credit import agency
from monitor.stories.days import days, without_days
from monitor.stories.facts import figures
from monitor.stories.lead import LEAD_CHARS, Sentence, news_of, sentences
from monitor.stories.progress import confirmed, quotes, step_of
from monitor.text import fold, words

_SHORT = 3
_QUOTE_CHARS = 60
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One hit, reduced to what can be compared. `key` names it; `address` is its canonical address key; `copy_of` the key of the text it copies.

    entities (of the whole text), title_entities, places hold ids without hubs; parties are title entities that are no people; actors are the
    entities that the news itself names, figures and days those of the news (background left out), all_figures and all_days those of title and
    lead. `credit` is the agency whose text it is.
    """

    key: str
    at: datetime
    lang: str
    publisher: str = ""
    address: str = ""
    copy_of: str = ""
    credit: str = ""
    step: str = ""
    quiet: bool = False
    confirms: bool = False
    entities: frozenset[str] = _NONE
    title_entities: frozenset[str] = _NONE
    parties: frozenset[str] = _NONE
    actors: frozenset[str] = _NONE
    places: frozenset[str] = _NONE
    topics: frozenset[str] = _NONE
    concepts: frozenset[str] = _NONE
    title_concepts: frozenset[str] = _NONE
    figures: frozenset[str] = _NONE
    all_figures: frozenset[str] = _NONE
    days: frozenset[str] = _NONE
    all_days: frozenset[str] = _NONE
    quotes: frozenset[str] = _NONE
    words: frozenset[str] = _NONE
    title_words: frozenset[str] = _NONE


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
    """Entities so common that sharing one says nothing: `ids` are all of them, `leaders` those that are people, `places` where things happen
    (a sign, but a weak one), `bodies` offices that comment on everything, `people` who visit and receive.

    Two leaders together do say something: their meeting is a development of its own.
    """

    ids: frozenset[str] = _NONE
    leaders: frozenset[str] = _NONE
    places: frozenset[str] = _NONE
    bodies: frozenset[str] = _NONE
    people: frozenset[str] = _NONE


def fingerprint(hit: HitText, hubs: Hubs) -> Fingerprint:
    """The fingerprint of a hit without its hubs; two leaders named in title or lead count as one entity, their meeting."""
    lead = hit.text[:LEAD_CHARS]
    spoken = sentences(hit.title, lead, hit.mentions)
    news = news_of(spoken, hit.at, hubs.ids)
    all_figures, all_days = _facts(spoken, hit)
    new_figures, new_days = _facts(news, hit)
    named = [*(mention for mention in hit.mentions if mention.kind == "entity" and mention.id not in hubs.ids), *_meetings(hit, hubs)]
    firms = [mention for mention in named if mention.id not in hubs.places]
    title_concepts = concepts(hit.title, hit.lang)
    return Fingerprint(
        key=hit.key,
        at=hit.at,
        lang=hit.lang,
        publisher=hit.publisher,
        address=hit.address,
        copy_of=hit.copy_of,
        credit=agency(hit.text),
        step=step_of(tuple(sentence.text for sentence in news[:2]), hit.lang),
        quiet=hit.quiet,
        confirms=confirmed(tuple(sentence.text for sentence in news)),
        entities=frozenset(mention.id for mention in firms),
        title_entities=frozenset(mention.id for mention in firms if mention.zone == "title"),
        parties=frozenset(mention.id for mention in firms if mention.zone == "title" and mention.id not in hubs.people),
        actors=frozenset(_actors(news, firms, hubs)),
        places=frozenset(mention.id for mention in named if mention.id in hubs.places and mention.start < LEAD_CHARS),
        topics=frozenset(mention.id for mention in hit.mentions if mention.kind == "topic"),
        concepts=title_concepts | concepts(lead, hit.lang),
        title_concepts=title_concepts,
        figures=new_figures,
        all_figures=all_figures,
        days=new_days,
        all_days=all_days,
        quotes=frozenset(fold(quote)[:_QUOTE_CHARS] for quote in quotes(f"{hit.title}\n{lead}")),
        words=_words(fold(f"{hit.title}\n{lead}")),
        title_words=_words(fold(hit.title)),
    )


def _facts(spoken: tuple[Sentence, ...], hit: HitText) -> tuple[frozenset[str], frozenset[str]]:
    """Figures and days of sentences."""
    read = [_facts_of(sentence.text, hit.lang, hit.at.date()) for sentence in spoken]
    return _NONE.union(*(figures for figures, _ in read)), _NONE.union(*(days for _, days in read))


@lru_cache(maxsize=256)
def _facts_of(text: str, lang: str, on: date) -> tuple[frozenset[str], frozenset[str]]:
    """Kept for a while: the sentences of the news are among those of the lead, and a wire text comes many times."""
    folded = fold(text)
    return figures(without_days(folded, lang), lang), days(folded, lang, on)


def _words(folded: str) -> frozenset[str]:
    return frozenset(word for word in words(folded) if len(word) >= _SHORT and not word.isdigit())


def _actors(news: tuple[Sentence, ...], firms: list[Mention], hubs: Hubs) -> set[str]:
    """Who the news itself names; an office only where the headline does."""
    return {
        mention.id
        for mention in firms
        if any(sentence.start <= mention.start < sentence.end for sentence in news)
        and (mention.id not in hubs.bodies or mention.zone == "title")
    }


def _meetings(hit: HitText, hubs: Hubs) -> list[Mention]:
    for zones in (("title",), ("title", "lead")):
        met = {mention.id: mention for mention in hit.mentions if mention.id in hubs.leaders and mention.zone in zones}
        if len(met) > 1:
            first = met[min(met)]
            return [replace(first, id=f"{one}+{other}") for one, other in combinations(sorted(met), 2)]
    return []


_SETS = tuple(field.name for field in fields(Fingerprint) if field.type == "frozenset[str]")
_PLAIN = tuple(field.name for field in fields(Fingerprint) if field.type in ("str", "bool"))


def to_json(each: Fingerprint) -> dict[str, Any]:
    """A fingerprint as stored; what is empty is left out."""
    plain = {name: value for name in _PLAIN if (value := getattr(each, name))}
    return {**plain, "at": to_text(each.at), **{name: sorted(found) for name in _SETS if (found := getattr(each, name))}}


def from_json(stored: dict[str, Any]) -> Fingerprint:
    """The fingerprint that `to_json` stored; names that an earlier version stored and this one does not know are passed over."""
    found: dict[str, Any] = {name: stored[name] for name in _PLAIN if name in stored}
    found |= {name: frozenset(stored[name]) for name in _SETS if name in stored}
    return Fingerprint(at=from_text(stored["at"]), **found)
