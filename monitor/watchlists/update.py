"""A reviewed file and new seeds: what the seeds add, put into the text without touching what a person wrote. Pure.

Seeds that the file names were reviewed: what they held and the file lacks was taken out by hand and stays out. New seeds add their names to the `seeds`
of blocks that are there, new forms to their lists, and new blocks to their sides; nothing is taken away or rewritten.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor import text as texts
from monitor.model import Entity, Side, Topic, Watchlist
from monitor.toml_edit import Edit, edited, with_block
from monitor.watchlists.compose import Learnt, entity_block, forms_of, own_phrases, phrase_block, side_of, topic_block
from monitor.watchlists.link import Linker
from monitor.watchlists.merge import key_of
from monitor.watchlists.propose import Proposal
from monitor.watchlists.topics import FoundTopic

_LISTS = ("names", "exact_names", "short", "loose")
_REVIEWED = (*_LISTS, "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """One thing that new seeds add. kind: seen (an entry named again) | form (a new name of an entry) | entity | topic | left out (and why)."""

    kind: str
    what: str
    side: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """The new text and what was added to it."""

    text: str
    additions: tuple[Addition, ...]


def update(learnt: Learnt, text: str, watchlists: Sequence[Watchlist]) -> Updated:
    """The file's text with what the seeds add. `watchlists` are those of the text. Learning the same seeds again adds nothing."""
    merging = _Merging(learnt, text, watchlists)
    additions = tuple(merging.run())
    return Updated(text=merging.text, additions=additions)


class _Merging:
    def __init__(self, learnt: Learnt, text: str, watchlists: Sequence[Watchlist]) -> None:
        self.learnt = learnt
        self.text = text
        self.written: Mapping[str, Any] = tomllib.loads(text).get("side", {})
        # A side that no rule names (unsorted) is in no watchlist, and yet its blocks are there.
        idle = {name: _idle(name, table) for name, table in self.written.items()}
        self.sides = idle | {side.id: side for one in watchlists for side in one.sides}
        self.reviewed = frozenset(seed for table in _blocks(self.written) for seed in table.get("seeds", ()))
        self.owners = {key: (side.id, entity) for side in self.sides.values() for entity in side.entities for key in _keys(entity)}
        self.ids = {entity.id: (side.id, entity) for side in self.sides.values() for entity in side.entities}

    def run(self) -> Iterator[Addition]:
        """Puts everything in, and says what."""
        sides = self._sides()
        for proposal in self.learnt.proposals.entities:
            owner = self._owner(proposal)
            fresh = self._fresh(proposal.seeds)
            learnt_side = side_of(self.learnt, proposal)
            if owner is not None and fresh:
                yield from self._grow(proposal, *owner, fresh)
            elif owner is None and fresh and learnt_side in sides:
                yield self._new_entity(proposal, sides[learnt_side])
            elif owner is None and learnt_side and fresh:
                yield Addition(
                    kind="left out", what=proposal.title, side=learnt_side, detail="of no side that the file has; a draft shows it"
                )
            elif owner is None and learnt_side:
                yield Addition(kind="left out", what=proposal.title, side=learnt_side, detail="its seeds were reviewed before")
        yield from self._topics()

    def _grow(self, proposal: Proposal, side: str, entity: Entity, fresh: tuple[str, ...]) -> Iterator[Addition]:
        table = ("side", side, "entity", entity.id)
        note = f"{proposal.quote} ({proposal.quote_seed})"
        self._edit(Edit(table=table, key="seeds", add=fresh, note=note))
        yield Addition(kind="seen", what=entity.title, side=side, detail=", ".join(fresh))
        seen = forms_of(proposal)
        known = _keys(entity)
        linker = Linker((entity,), ())
        for key in _LISTS:
            for form in getattr(seen, key):
                if key_of(form) not in known and not linker.knows(form) and not self._stood_before(form):
                    self._edit(Edit(table=table, key=key, add=(form,)))
                    yield Addition(kind="form", what=entity.title, side=side, detail=f"{key}: {form}")

    def _new_entity(self, proposal: Proposal, side: str) -> Addition:
        self.text = with_block(self.text, ("side", side), entity_block(side, proposal, self.learnt))
        detail = "switched off, check it" if proposal.confidence == "check" else proposal.confidence
        return Addition(kind="entity", what=proposal.title, side=side, detail=detail)

    def _topics(self) -> Iterator[Addition]:
        topics: dict[str, tuple[str, Topic]] = {topic.id: (side.id, topic) for side in self.sides.values() for topic in side.topics}
        words = {texts.fold(word) for _, topic in topics.values() for _, found in topic.words for word in found}
        subject = max((side for side in self.sides.values() if side.topics), key=lambda side: len(side.topics), default=None)
        for found in self.learnt.topics:
            fresh = self._fresh(found.seeds)
            if found.topic.id in topics and fresh:
                side, topic = topics[found.topic.id]
                self._edit(Edit(table=("side", side, "topic", topic.id), key="seeds", add=fresh))
                yield Addition(kind="seen", what=topic.title, side=side, detail=", ".join(fresh))
            elif fresh and subject is not None:
                yield self._new_topic(found, subject)
        for phrase in own_phrases(self.learnt):
            known = any(texts.fold(word) in words for _, word in phrase.words) or phrase.id in topics
            if not known and self._fresh(phrase.seeds) and subject is not None:
                self.text = with_block(self.text, ("side", subject.id), phrase_block(subject.id, phrase, self.learnt, enabled=False))
                yield Addition(kind="topic", what=phrase.text, side=subject.id, detail="switched off, check it")

    def _new_topic(self, found: FoundTopic, side: Side) -> Addition:
        self.text = with_block(self.text, ("side", side.id), topic_block(side.id, found))
        return Addition(kind="topic", what=found.topic.title, side=side.id, detail=", ".join(found.forms[:4]))

    def _edit(self, edit: Edit) -> None:
        self.text = edited(self.text, [edit])

    def _fresh(self, seeds: Sequence[str]) -> tuple[str, ...]:
        return tuple(seed for seed in seeds if seed not in self.reviewed)

    def _owner(self, proposal: Proposal) -> tuple[str, Entity] | None:
        """The entry that has the proposal's id or one of its names, also under `never`."""
        if proposal.id in self.ids:
            return self.ids[proposal.id]
        return next((self.owners[key] for form in (proposal.title, *proposal.names) if (key := key_of(form)) in self.owners), None)

    def _stood_before(self, form: str) -> bool:
        """True where a seed that was reviewed has the form: then a person has seen it and left it out."""
        return any(form in seed.text for seed in self.learnt.seeds if seed.id in self.reviewed)

    def _sides(self) -> dict[str, str]:
        """The learnt sides to those of the file: where most of their names stand, else the side of the same id."""
        votes: dict[str, Counter[str]] = {}
        for proposal in self.learnt.proposals.entities:
            owner = self._owner(proposal)
            if owner is not None:
                votes.setdefault(side_of(self.learnt, proposal), Counter())[owner[0]] += 1
        found = {side: counts.most_common(1)[0][0] for side, counts in votes.items() if side}
        return {side: side for side in self.sides} | found


def _idle(name: str, table: Mapping[str, Any]) -> Side:
    """A side as it is written, without what it includes; all names of an entity as `names`, for only their being there counts."""
    entities = (
        Entity(id=id_, title=row.get("title", id_), names=tuple(form for key in _REVIEWED for form in row.get(key, ())))
        for id_, row in table.get("entity", {}).items()
    )
    return Side(id=name, title=name, entities=tuple(entities))


def _keys(entity: Entity) -> frozenset[str]:
    return frozenset(key_of(name.rstrip("*")) for key in _REVIEWED for name in getattr(entity, key))


def _blocks(sides: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for side in sides.values():
        for kind in ("entity", "topic"):
            yield from side.get(kind, {}).values()
