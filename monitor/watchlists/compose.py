"""Proposals to the TOML draft that a person edits: one short block per name, grouped by side, each with its quote and where it came from. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from monitor import text as texts
from monitor.model import Entity, Role, Seed, Topic
from monitor.watchlists.blocks import Parts
from monitor.watchlists.link import Linker
from monitor.watchlists.propose import Proposal, Proposals
from monitor.watchlists.topics import FoundTopic, Phrase

_UNSORTED = ("unsorted", "Not sorted yet: no rule names this side; move each block to a side, or delete it")
_NAMES = ("names", "Names")
"""Where the seeds have no parties, their names are the one side."""
_SUBJECT = "subject"
_WIDTH = 140
_NEIGHBOURS = 12
_OWN_TOPICS = 8
_LOOSE_LETTERS = 2
_ACRONYM_LETTERS = 6
_INTRODUCTION = """\
A draft learnt from {count}. It is yours now: the program reads this file and never writes it.

Each block tells where it comes from: the sentence, the seed, and how sure we are.
  sure    known to the program
  likely  a person with an office, or a name of known kind in two seeds or in a list of one party's firms
  check   capital letters alone: written with enabled = false; switch on what you want, delete the rest
Check after editing: monitor watchlists check THIS-FILE"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """All that a draft is written from. `parts` None: no gazetteer was used."""

    seeds: tuple[Seed, ...]
    proposals: Proposals
    topics: tuple[FoundTopic, ...]
    phrases: tuple[Phrase, ...]
    parts: Parts | None


def compose(learnt: Learnt) -> str:
    """The draft as TOML text. It parses with `format.parse_watchlists`."""
    return "\n".join(_lines(learnt)).rstrip() + "\n"


def topic_side(learnt: Learnt) -> str:
    """The id of the side that holds the topics: the gazetteer's, unless phrases of the seeds lead; '' when the seeds have none."""
    if learnt.topics and not own_phrases(learnt):
        return max(
            (one.side for one in learnt.topics), key=lambda side: (sum(one.count for one in learnt.topics if one.side == side), side)
        )
    return _SUBJECT if learnt.phrases else ""


def own_phrases(learnt: Learnt) -> tuple[Phrase, ...]:
    """The phrases that are topics of their own: in most seeds, and as frequent as half of the leading known topic, or where no topic is known."""
    leading = max((one.count for one in learnt.topics), default=0)
    most = [one for one in learnt.phrases if len(one.seeds) > 1 and (not leading or len(one.seeds) * 2 > len(learnt.seeds))]
    return tuple(one for one in most if one.count * 2 >= leading)[:_OWN_TOPICS]


def side_of(learnt: Learnt, proposal: Proposal) -> str:
    """The side a proposal is written on: a party's, the topics', `unsorted` (`names` where there is no party), or '' for one of another country."""
    sides = (*learnt.proposals.parties, topic_side(learnt))
    if proposal.side and proposal.side in sides:
        return proposal.side
    abroad = proposal.side and (proposal.known is None or proposal.type in {"place", "person", "company"})
    return "" if abroad and learnt.proposals.parties else _names_side(learnt)[0]


def _names_side(learnt: Learnt) -> tuple[str, str]:
    return _UNSORTED if learnt.proposals.parties else _NAMES


def _lines(learnt: Learnt) -> Iterator[str]:
    parties, subject = learnt.proposals.parties, topic_side(learnt)
    yield from _introduction(learnt.seeds)
    yield ""
    yield "version = 1"
    yield ""
    yield from _watchlist(learnt, parties, subject)
    for side in parties:
        yield from _side(learnt, side, learnt.proposals.titles.get(side, side))
    if subject:
        yield from _side(learnt, subject, "Subject")
        yield from _topics(learnt, subject)
    name, title = _names_side(learnt)
    if any(side_of(learnt, one) == name for one in learnt.proposals.entities):
        yield from _side(learnt, name, title)
    yield from _others(learnt)
    yield from _own_masks()


def entity_block(side: str, proposal: Proposal, learnt: Learnt) -> str:
    """One proposal as the draft writes it: its quote, where it comes from, its block."""
    return "\n".join(_entity(side, proposal, learnt))


def topic_block(side: str, found: FoundTopic) -> str:
    """A known topic of the seeds as the draft writes it."""
    return "\n".join(_found_topic(side, found))


def phrase_block(side: str, phrase: Phrase, learnt: Learnt, *, enabled: bool) -> str:
    """A phrase of the seeds as a topic of its own."""
    return "\n".join(_phrase(side, phrase, len(learnt.seeds), enabled=enabled))


def forms_of(proposal: Proposal) -> Entity:
    """The forms of the seeds in the lists they belong to: acronyms keep their case, very short ones need another organisation beside them."""
    return _as_seen(proposal)


def _introduction(seeds: Sequence[Seed]) -> Iterator[str]:
    count = "1 seed" if len(seeds) == 1 else f"{len(seeds)} seeds"
    for line in _INTRODUCTION.format(count=count).splitlines():
        yield _comment(line)
    yield "#"
    for seed in seeds:
        about = ", ".join(part for part in (seed.publisher, str(seed.published_on or ""), seed.lang) if part)
        yield _comment(f"{seed.id}: {texts.one_line(seed.title or seed.text, 90)} ({about})")


def _watchlist(learnt: Learnt, parties: Sequence[str], subject: str) -> Iterator[str]:
    named = any(side_of(learnt, one) == _NAMES[0] for one in learnt.proposals.entities)
    sides = [side for side in (*parties, _NAMES[0] if named else "", subject) if side]
    who = " and ".join(learnt.proposals.titles.get(side, side) for side in parties)
    leading = [one.text.rstrip("*") for one in own_phrases(learnt)[:2]]
    about = ", ".join(leading or [one.topic.title for one in learnt.topics[:2]])
    yield f"[watchlist.{'-'.join(side for side in sides if side != _SUBJECT) or _SUBJECT}]"
    yield f"title  = {_quoted(': '.join(part for part in (who, about) if part) or 'Watchlist')}"
    yield f"match  = {_quoted(' and '.join(sides))}"
    yield 'bond   = "sentence"   # the sides in one sentence; near: one sentence further; article: anywhere'
    yield "alert  = 5.0          # points from which a hit is a new development"
    yield "review = 3.0          # points from which it is worth a look"


def _side(learnt: Learnt, side: str, title: str) -> Iterator[str]:
    mine = [one for one in learnt.proposals.entities if side_of(learnt, one) == side]
    yield ""
    yield ""
    yield f"[side.{side}]"
    yield f"title = {_quoted(title)}"
    yield from _includes(learnt, side, mine)
    for one in sorted(mine, key=lambda one: one.confidence == "check"):
        yield from _entity(side, one, learnt)


def _includes(learnt: Learnt, side: str, mine: Sequence[Proposal]) -> Iterator[str]:
    """Parts of the gazetteer that would add to the side, and names they hold which the seeds do not."""
    parts = [part for part in (learnt.parts.parts.values() if learnt.parts else ()) if part.side == side]
    if not parts:
        return
    yield f"# include = [{', '.join(_quoted(part.name) for part in parts)}]   # adds all that the gazetteer knows for this side"
    seen = {one.id for one in mine}
    near = [part for part in parts if any(entity.id in seen for entity in part.entities)]
    names = [
        entity.title for part in near for entity in part.entities if entity.id not in seen and not entity.hub and entity.type == "company"
    ]
    if names:
        more = f" and {len(names) - _NEIGHBOURS} more" if len(names) > _NEIGHBOURS else ""
        yield from _wrapped(f"neighbours that it would bring: {', '.join(names[:_NEIGHBOURS])}{more}")


def _entity(side: str, one: Proposal, learnt: Learnt) -> Iterator[str]:
    yield ""
    times = "once" if one.count == 1 else f"{one.count} times"
    perhaps = f"; perhaps side {one.perhaps}" if side == _UNSORTED[0] and one.perhaps else ""
    yield from _wrapped(f"{one.confidence}, {times}{perhaps}: {one.quote} ({one.quote_seed})")
    if one.roles and not (one.known and one.known.roles):
        yield from _wrapped(f"office as written: {'; '.join(one.roles)}")
    entity = _as_known(one, one.known) if one.known else _as_seen(one)
    yield f"[side.{side}.entity.{one.id}]"
    if one.title != next(iter((*entity.names, *entity.exact_names, *entity.loose)), ""):
        yield f"title = {_quoted(one.title)}"
    if entity.type != "other":
        yield f"type  = {_quoted(entity.type)}"
    for key in ("names", "exact_names", "short", "loose", "never"):
        yield from _list(key, getattr(entity, key))
    for key in ("exact", "hub"):
        if getattr(entity, key):
            yield f"{key} = true"
    yield from _list("implies", [topic for topic in entity.implies if any(topic == found.topic.id for found in learnt.topics)])
    if entity.roles:
        yield f"role  = {{ {', '.join(_role(role) for role in entity.roles)} }}"
    yield from _list("seeds", one.seeds)
    if one.confidence == "check":
        yield "enabled = false"


def _as_known(one: Proposal, known: Entity) -> Entity:
    """The gazetteer's entity, with the forms of the seeds that its names would not find."""
    linker = Linker((known,), ())
    new = tuple(form for form in one.names if not linker.knows(form))
    short = tuple(form for form in one.short if form not in known.short and form not in known.names)
    return replace(known, names=(*known.names, *new), short=(*known.short, *short))


def _as_seen(one: Proposal) -> Entity:
    """The forms of the seeds as an entity: acronyms keep their case, very short ones need another organisation beside them."""
    acronyms = [form for form in one.names if form == form.upper() and form.isalpha() and len(form) < _ACRONYM_LETTERS]
    loose = tuple(form for form in acronyms if len(form) <= _LOOSE_LETTERS)
    exact = tuple(form for form in acronyms if form not in loose)
    names = tuple(form for form in one.names if form not in acronyms)
    return Entity(id=one.id, title=one.title, type=one.type, names=names, exact_names=exact, loose=loose, short=one.short)


def _topics(learnt: Learnt, side: str) -> Iterator[str]:
    yield from _phrases(learnt, side)
    for found in learnt.topics:
        yield from _found_topic(side, found)
    yield from _more_phrases(learnt, side)


def _found_topic(side: str, found: FoundTopic) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"sure, {found.count} times: {', '.join(found.forms[:8])} ({', '.join(found.seeds)})")
    yield from _topic(side, found.topic, found.seeds)


def _phrases(learnt: Learnt, side: str) -> Iterator[str]:
    """Repeated phrases. The leading ones are topics of their own; the rest is one disabled topic to pick from."""
    own = own_phrases(learnt)
    total = len(learnt.seeds)
    for one in own:
        yield from _phrase(side, one, total, enabled=True)


def _phrase(side: str, one: Phrase, total: int, *, enabled: bool) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"likely, {one.count} times in {len(one.seeds)} of {total} seeds; delete it if it is not the subject")
    words = tuple(sorted((lang, (word,)) for lang, word in one.words))
    weight = 2.0 if len(one.seeds) * 2 > total else 1.0
    yield from _topic(side, Topic(id=one.id, title="", weight=weight, words=words, enabled=enabled), one.seeds)


def _more_phrases(learnt: Learnt, side: str) -> Iterator[str]:
    own = own_phrases(learnt)
    rest = [one for one in learnt.phrases if one not in own]
    if not rest:
        return
    yield ""
    yield from _wrapped("check: phrases that the seeds repeat and no topic has; move what is worth it")
    by_lang: dict[str, tuple[str, ...]] = {}
    for one in rest:
        for lang, word in one.words:
            by_lang[lang] = (*by_lang.get(lang, ()), word)
    seeds = tuple(sorted({seed for one in rest for seed in one.seeds}))
    topic = Topic(id="more-phrases", title="", weight=1.0, words=tuple(sorted(by_lang.items())), enabled=not (learnt.topics or own))
    yield from _topic(side, topic, seeds)


def _topic(side: str, topic: Topic, seeds: Sequence[str]) -> Iterator[str]:
    yield f"[side.{side}.topic.{topic.id}]"
    if topic.title:
        yield f"title  = {_quoted(topic.title)}"
    yield f"weight = {topic.weight:g}"
    for lang, words in topic.words:
        yield from _list(lang, words)
    yield from _list("seeds", seeds)
    if not topic.enabled:
        yield "enabled = false"


def _others(learnt: Learnt) -> Iterator[str]:
    """Names that stand for other countries, as a remark."""
    others = [one for one in learnt.proposals.entities if not side_of(learnt, one)]
    if others:
        yield ""
        yield ""
        named = ", ".join(f"{one.title} ({', '.join(one.seeds)})" for one in others)
        yield from _wrapped(f"Named in the seeds, of other parties and therefore left out: {named}.")


def _own_masks() -> Iterator[str]:
    yield ""
    yield ""
    yield "# Text that looks like a name and is none. The gazetteer's masks and cues apply without being written here."
    yield "[mask]"
    yield "names = []"


def _role(role: Role) -> str:
    return f'"{role.since_on or ""}..{role.until_on or ""}" = {_quoted(role.title)}'


def _list(key: str, items: Iterable[str]) -> Iterator[str]:
    """`key = [...]` on one line where it fits, else one item after the other over several lines; nothing for an empty list."""
    quoted = [_quoted(item) for item in items]
    if not quoted:
        return
    line = f"{key.ljust(5)} = [{', '.join(quoted)}]"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{key.ljust(5)} = ["
    row = " "
    for item in quoted:
        if len(row) + len(item) + 2 > _WIDTH:
            yield row
            row = " "
        row += f" {item},"
    yield row
    yield "]"


def _wrapped(text: str) -> Iterator[str]:
    for line in textwrap.wrap(texts.one_line(text, 2000), _WIDTH - 2, break_long_words=False, break_on_hyphens=False):
        yield _comment(line)


def _comment(text: str) -> str:
    return f"# {text}".rstrip()


def _quoted(text: str) -> str:
    return json.dumps(texts.clean(text), ensure_ascii=False)
