"""The smallest changes of a watchlist that would make a hit of a miss: each worked out, then tried by matching again. Pure.

Candidates come the least invasive first: a name that was refused or switched off, a name or word that no list has, a heavier topic, a wider bond, a
lower band. Figures (weights, distances, bands) are searched for, so that the change is no larger than it must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count, islice, product

from monitor.hits.compile import compile_matcher
from monitor.hits.sentences import Layout, lay_out
from monitor.hits.shortfall import lacking_sides
from monitor.model import Entity, Side, Topic, Verdict, Watchlist
from monitor.text import fold
from monitor.toml_edit import Edit

_CHANGES = 3
_NAMES_TRIED = 5
_PAIRS_TRIED = 16
_SIDES_NAMED = 2
_LONG_WORD = 5
_SLIGHT = 3
_MOST_WEIGHT = 10.0
_MOST_WORDS_BETWEEN = 60
_NAME = re.compile(r"[^\W\d_a-zà-ÿ][\w&.-]+(?: (?:of |de |des )?[^\W\d_a-zà-ÿ][\w&.-]+){0,4}")
_LANGS = ("en", "vi", "fr")
_NEAR = re.compile(r"near/(\d+)", re.IGNORECASE)

Known = Mapping[str, Sequence[Entity]]
"""Entities that a side could take up, by side: what the gazetteer knows and the watchlist does not include."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in words and as edits of the file, with the watchlist it makes and the verdict that gives."""

    text: str
    edits: tuple[Edit, ...]
    watchlist: Watchlist
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    text: str
    edits: tuple[Edit, ...]
    watchlist: Watchlist


@dataclass(frozen=True, slots=True, kw_only=True)
class _Miss:
    """The text that is no hit, and how to judge it by another watchlist."""

    watchlist: Watchlist
    verdict: Verdict
    layout: Layout
    judge: Callable[[Watchlist], Verdict]
    known: Known
    lang: str


def changes(watchlist: Watchlist, title: str, text: str, lang: str, weak: bool = False, known: Known | None = None) -> tuple[Change, ...]:
    """The smallest changes that would each make the text a hit, the smallest first; at most three, none where the text is a hit or none was found."""

    def judge(changed: Watchlist) -> Verdict:
        return compile_matcher([changed]).verdict_of(watchlist.id, title, text, lang, weak)

    verdict = judge(watchlist)
    if verdict.band is not None:
        return ()
    miss = _Miss(
        watchlist=watchlist,
        verdict=verdict,
        layout=lay_out(title, text),
        judge=judge,
        known=known or {},
        lang=lang if lang in _LANGS else "en",
    )
    tried = ((one, judge(one.watchlist)) for one in _candidates(miss))
    found = (
        Change(text=one.text, edits=one.edits, watchlist=one.watchlist, verdict=given) for one, given in tried if given.band is not None
    )
    return tuple(islice(found, _CHANGES))


def _candidates(miss: _Miss) -> Iterator[_Candidate]:
    yield from _accepting(miss)
    yield from _switching_on(miss)
    yield from _unmasking(miss)
    lacking = lacking_sides(miss.verdict, miss.watchlist)
    if lacking:
        yield from _naming(miss, [side for side in miss.watchlist.sides if side.id in lacking])
    yield from _weighing(miss)
    yield from _bonding(miss)
    yield from _lowering(miss)
    yield from _without_cues(miss)


def _accepting(miss: _Miss) -> Iterator[_Candidate]:
    """A refused name written down as it stands in the text."""
    refused = [(r.id, miss.layout.text[r.start : r.end]) for r in miss.verdict.rejected if r.reason in {"loose", "short", "marks", "case"}]
    for id_, name in dict.fromkeys(refused):
        for side in _sides_of(miss.watchlist, id_):
            yield _Candidate(
                text=f"exact_names of {id_}: add {name!r}",
                edits=(Edit(table=("side", side.id, "entity", id_), key="exact_names", add=(name,)),),
                watchlist=_with_entity(miss.watchlist, id_, lambda one, name=name: replace(one, exact_names=(*one.exact_names, name))),  # type: ignore[misc]
            )


def _switching_on(miss: _Miss) -> Iterator[_Candidate]:
    """A block that is written with `enabled = false` and whose name or word stands in the text."""
    for side in miss.watchlist.sides:
        for entity in side.entities:
            if not entity.enabled and _stands(miss, (*entity.names, *entity.exact_names, *entity.loose)):
                yield _Candidate(
                    text=f"switch on {entity.id} of side {side.id}",
                    edits=(Edit(table=("side", side.id, "entity", entity.id), key="enabled", value=True),),
                    watchlist=_with_entity(miss.watchlist, entity.id, lambda one: replace(one, enabled=True)),
                )
        for topic in side.topics:
            if not topic.enabled and _stands(miss, [word for _, words in topic.words for word in words]):
                yield _Candidate(
                    text=f"switch on the topic {topic.id} of side {side.id}",
                    edits=(Edit(table=("side", side.id, "topic", topic.id), key="enabled", value=True),),
                    watchlist=_with_topic(miss.watchlist, topic.id, lambda one: replace(one, enabled=True)),
                )


def _unmasking(miss: _Miss) -> Iterator[_Candidate]:
    """Without a mask that covers a name here. A mask of the gazetteer cannot be taken out of the file: the edit then does nothing."""
    if not any(r.reason == "mask" for r in miss.verdict.rejected):
        return
    for mask in miss.watchlist.masks:
        if _stands(miss, (mask,)):
            yield _Candidate(
                text=f"take out the mask {mask!r}",
                edits=(Edit(table=("mask",), key="names", remove=(mask,)),),
                watchlist=replace(miss.watchlist, masks=tuple(one for one in miss.watchlist.masks if one != mask)),
            )


def _naming(miss: _Miss, sides: Sequence[Side]) -> Iterator[_Candidate]:
    """A name or word of the text for each side that nothing names: one for one side, two different ones for two; for more no change is small."""
    if len(sides) > _SIDES_NAMED:
        return
    pairs = product(*(tuple(_names_for(miss, side)) for side in sides))
    distinct = (chosen for chosen in pairs if len({one[1].add for one in chosen}) == len(chosen))
    yield from (_joined(miss, chosen) for chosen in islice(distinct, _PAIRS_TRIED))


Naming = tuple[str, Edit, Side]
"""In words, as an edit, and the side as it would be."""


def _names_for(miss: _Miss, side: Side) -> Iterator[Naming]:
    for entity in miss.known.get(side.id, ()):
        if _stands(miss, (*entity.names, *entity.exact_names)):
            key, names = ("names", entity.names) if entity.names else ("exact_names", entity.exact_names)
            note = f"{entity.title}, as the gazetteer knows it"
            edit = Edit(table=("side", side.id, "entity", entity.id), key=key, add=names, note=note)
            taken = Entity(id=entity.id, title=entity.title, names=entity.names, exact_names=() if entity.names else entity.exact_names)
            yield f"side {side.id}: add {entity.title!r}, which the gazetteer knows", edit, replace(side, entities=(*side.entities, taken))
    for name in _unknown_names(miss) if side.entities else ():
        id_ = _id_of(miss, name)
        edit = Edit(table=("side", side.id, "entity", id_), key="exact_names", add=(name,))
        made = Entity(id=id_, title=name, exact_names=(name,))
        yield f"side {side.id}: add the name {name!r}", edit, replace(side, entities=(*side.entities, made))
    for word in _long_words(miss) if side.topics else ():
        id_ = _id_of(miss, word)
        where = Edit(table=("side", side.id, "topic", id_), key=miss.lang, add=(word,))
        topic = Topic(id=id_, title=word, words=((miss.lang, (word,)),))
        yield f"side {side.id}: add the word {word!r}", where, replace(side, topics=(*side.topics, topic))


def _joined(miss: _Miss, chosen: Sequence[Naming]) -> _Candidate:
    watchlist = miss.watchlist
    for _, _, side in chosen:
        watchlist = replace(watchlist, sides=tuple(side if one.id == side.id else one for one in watchlist.sides))
    return _Candidate(text=", and ".join(one[0] for one in chosen), edits=tuple(one[1] for one in chosen), watchlist=watchlist)


def _weighing(miss: _Miss) -> Iterator[_Candidate]:
    """The least weight of a topic of the text, to a tenth, that reaches the review band."""
    if miss.verdict.score <= 0 and not miss.verdict.parts:
        return
    named = dict.fromkeys((m.side, m.id) for m in miss.verdict.mentions if m.kind == "topic")
    for side, id_ in named:
        topic = next(one for one in _side(miss.watchlist, side).topics if one.id == id_)

        holds = partial(_reaches, miss, id_)
        least = _least(int(topic.weight * 10) + 1, int(_MOST_WEIGHT * 10), holds)
        if least is not None:
            edit = Edit(table=("side", side, "topic", id_), key="weight", value=least / 10)
            text = f"weight of the topic {id_}: {least / 10:g} instead of {topic.weight:g}"
            yield _Candidate(text=text, edits=(edit,), watchlist=_weighed(miss.watchlist, id_, least))


def _reaches(miss: _Miss, topic: str, tenths: int) -> bool:
    return miss.judge(_weighed(miss.watchlist, topic, tenths)).band is not None


def _weighed(watchlist: Watchlist, topic: str, tenths: int) -> Watchlist:
    return _with_topic(watchlist, topic, lambda one: replace(one, weight=tenths / 10))


def _bonding(miss: _Miss) -> Iterator[_Candidate]:
    """A wider bond, or more words between the two sides of a `near`."""
    table = ("watchlist", miss.watchlist.id)
    found = _NEAR.search(miss.watchlist.match)
    if found:

        def widened(words: int) -> Watchlist:
            return replace(miss.watchlist, match=_NEAR.sub(f"near/{words}", miss.watchlist.match, count=1))

        least = _least(int(found[1]) + 1, _MOST_WORDS_BETWEEN, lambda n: miss.judge(widened(n)).band is not None)
        if least is not None:
            match = widened(least).match
            yield _Candidate(text=f'match = "{match}"', edits=(Edit(table=table, key="match", value=match),), watchlist=widened(least))
    order = ("sentence", "near", "article")
    for bond in order[order.index(miss.watchlist.bond) + 1 :]:
        edit = Edit(table=table, key="bond", value=bond)
        yield _Candidate(text=f'bond = "{bond}"', edits=(edit,), watchlist=replace(miss.watchlist, bond=bond))  # type: ignore[arg-type]


def _lowering(miss: _Miss) -> Iterator[_Candidate]:
    if miss.verdict.score > 0:
        low = int(miss.verdict.score * 10) / 10
        edit = Edit(table=("watchlist", miss.watchlist.id), key="review", value=low)
        yield _Candidate(text=f"review = {low:.1f}", edits=(edit,), watchlist=replace(miss.watchlist, review=low))


def _without_cues(miss: _Miss) -> Iterator[_Candidate]:
    for part in miss.verdict.parts:
        if part.name.startswith("cue: ") and part.points < 0:
            id_ = part.name.removeprefix("cue: ")
            words = sorted({m.alias for m in miss.verdict.mentions if m.kind == "cue" and m.id == id_})
            cues = tuple(replace(cue, points=0.0) if cue.id == id_ else cue for cue in miss.watchlist.cues)
            edit = Edit(table=("cue", id_), key="points", value=0.0)
            yield _Candidate(
                text=f"without the cue {id_} ({', '.join(words)})", edits=(edit,), watchlist=replace(miss.watchlist, cues=cues)
            )


def _least(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """The least number in [low, high] for which `holds`, which stays true once it is; None where it never is."""
    if low > high or not holds(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _stands(miss: _Miss, names: Sequence[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(fold(name.rstrip('*')))}", miss.layout.folded) for name in names)


def _unknown_names(miss: _Miss) -> list[str]:
    known = [(m.start, m.end) for m in miss.verdict.mentions] + [(r.start, r.end) for r in miss.verdict.rejected]
    names = []
    for found in _NAME.finditer(miss.layout.text):
        name = found[0].rstrip(".-&")
        opens = found.start() == miss.layout.at(found.start()).start and " " not in name and name[1:].islower()
        slight = len(name) <= _SLIGHT and not name.isupper()
        if not opens and not slight and not any(found.start() < end and start < found.end() for start, end in known):
            names.append(name)
    return list(dict.fromkeys(names))[:_NAMES_TRIED]


def _long_words(miss: _Miss) -> list[str]:
    title = miss.layout.text[: miss.layout.sentences[0].end]
    words = [word for word in re.findall(r"[^\W\d_]+", title) if word.islower() and len(word) > _LONG_WORD]
    return sorted(dict.fromkeys(words), key=lambda word: -len(word))[:_CHANGES]


def _id_of(miss: _Miss, name: str) -> str:
    """An id that the watchlist does not have."""
    taken = {one.id for side in miss.watchlist.sides for one in side.entities} | {
        one.id for side in miss.watchlist.sides for one in side.topics
    }
    id_ = "-".join(re.findall(r"[a-z0-9]+", fold(name)))[:50].strip("-") or "new"
    return next(each for each in chain((id_,), (f"{id_}-{number}" for number in count(2))) if each not in taken)


def _side(watchlist: Watchlist, id_: str) -> Side:
    return next(side for side in watchlist.sides if side.id == id_)


def _sides_of(watchlist: Watchlist, entity: str) -> list[Side]:
    return [side for side in watchlist.sides if any(one.id == entity for one in side.entities)][:1]


def _with_entity(watchlist: Watchlist, id_: str, change: Callable[[Entity], Entity]) -> Watchlist:
    def changed(side: Side) -> Side:
        return replace(side, entities=tuple(change(one) if one.id == id_ else one for one in side.entities))

    return replace(watchlist, sides=tuple(map(changed, watchlist.sides)))


def _with_topic(watchlist: Watchlist, id_: str, change: Callable[[Topic], Topic]) -> Watchlist:
    def changed(side: Side) -> Side:
        return replace(side, topics=tuple(change(one) if one.id == id_ else one for one in side.topics))

    return replace(watchlist, sides=tuple(map(changed, watchlist.sides)))
