"""Online, bounded, deterministic grouping: a hit joins the story whose members it resembles most, or begins one. Pure.

Similarity counts shared canonical entities (rare ones more), topics, amounts, days and, within one language, words. A shared
address or a copied text joins at once. Every decision names what it rests on and the nearest story that was not joined.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitor.stories.fingerprint import Fingerprint, HitText, Hubs, fingerprint

JOIN = 0.60
"""Mean similarity to the two best members from which a hit joins (MATCHING 5: 0.60 to 0.70 gave one result there)."""

WINDOW = timedelta(days=4)
"""A story takes new members until so long after its latest one."""

MAX_STORIES = 500
MAX_MEMBERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a hit goes: a story's key, or None for a new story; with the score, its reasons and the nearest story not joined."""

    story: int | None
    score: float = 1.0
    because: tuple[str, ...] = ()
    nearest: int | None = None
    nearest_score: float = 0.0


class Grouper:
    """The open stories of one watchlist. `place` decides, `add` records; the caller owns the keys."""

    def __init__(self) -> None:
        self._stories: dict[int, list[Fingerprint]] = {}
        self._by_feature: dict[str, set[int]] = {}
        self._seen: Counter[str] = Counter()
        self._hits = 0

    def open(self, story: int, members: Iterable[Fingerprint]) -> None:
        """Takes up a stored story with its member fingerprints, oldest first."""
        for member in members:
            self.add(story, member)

    def add(self, story: int, member: Fingerprint) -> None:
        """Records that a hit belongs to a story; keeps the first member and the latest ones."""
        members = self._stories.setdefault(story, [])
        members.append(member)
        if len(members) > MAX_MEMBERS:
            del members[1]
        for feature in _features(member):
            self._by_feature.setdefault(feature, set()).add(story)
        self._seen.update(member.entities)
        self._hits += 1
        if len(self._stories) > MAX_STORIES:
            self._close(min(self._stories, key=lambda key: (self._stories[key][-1].at, key)))

    def members(self, story: int) -> tuple[Fingerprint, ...]:
        """The members kept of an open story, first to latest."""
        return tuple(self._stories[story])

    def place(self, hit: Fingerprint) -> Placement:
        """The story a hit belongs to. Ties go to the older story."""
        scored: list[tuple[float, int, tuple[str, ...]]] = []
        for story in sorted({story for feature in _features(hit) for story in self._by_feature.get(feature, ())}):
            members = self._stories[story]
            if hit.at - max(member.at for member in members) > WINDOW or min(member.at for member in members) - hit.at > WINDOW:
                continue
            if same := _same_text(hit, members):
                return Placement(story=story, score=1.0, because=(same,))
            score, because = self._similarity(hit, members)
            scored.append((score, story, because))
        scored.sort(key=lambda each: (-each[0], each[1]))
        if scored and scored[0][0] >= JOIN:
            second = scored[1] if len(scored) > 1 else (0.0, None, ())
            return Placement(story=scored[0][1], score=scored[0][0], because=scored[0][2], nearest=second[1], nearest_score=second[0])
        nearest = scored[0] if scored else (0.0, None, ())
        return Placement(story=None, nearest=nearest[1], nearest_score=nearest[0])

    def _similarity(self, hit: Fingerprint, members: list[Fingerprint]) -> tuple[float, tuple[str, ...]]:
        """Mean similarity to the two most similar members, and the reasons of the best."""
        scores = sorted(((*self._pair(hit, member), member.key) for member in members), key=lambda each: (-each[0], each[2]))
        best = scores[:2]
        return sum(score for score, _, _ in best) / len(best), best[0][1]

    def _pair(self, one: Fingerprint, other: Fingerprint) -> tuple[float, tuple[str, ...]]:
        shared = one.entities & other.entities
        weight = {entity: self._rarity(entity) for entity in one.entities | other.entities}
        common = sum(weight[entity] for entity in shared)
        smaller = min(sum(weight[e] for e in one.entities), sum(weight[e] for e in other.entities))
        union = sum(weight.values())
        money = one.amounts & other.amounts
        on_days = one.days & other.days
        # One shared name, all that the shorter report names, is a weak sign: firms turn up in many developments.
        score = (0.35 if len(shared) > 1 else 0.175) * (common / smaller if smaller else 0.0)
        score += 0.25 * (common / union if union else 0.0)
        score += 0.15 * _jaccard(one.topics, other.topics)
        score += 0.15 * min(len(money), 2)
        score += 0.05 * min(len(on_days), 2)
        score += 0.15 * bool(one.title_entities & other.title_entities)
        score += 0.10 * min(len(shared), 4)
        if one.lang == other.lang:
            score += 0.5 * _jaccard(one.words, other.words)
        elif not shared and not money:
            score = 0.0
        reasons = [f"entity:{entity}" for entity in sorted(shared)]
        reasons += [f"amount:{amount}" for amount in sorted(money)]
        reasons += [f"day:{day}" for day in sorted(on_days)]
        reasons += [f"topic:{topic}" for topic in sorted(one.topics & other.topics)]
        return score, tuple(reasons)

    def _rarity(self, entity: str) -> float:
        return math.log((self._hits + 2) / (self._seen[entity] + 1)) + 0.3

    def _close(self, story: int) -> None:
        del self._stories[story]
        for stories in self._by_feature.values():
            stories.discard(story)


def _features(hit: Fingerprint) -> list[str]:
    """What stories are looked up by: entities, amounts, address and copied text; words only where there is nothing else."""
    features = [f"e:{entity}" for entity in hit.entities] + [f"m:{amount}" for amount in hit.amounts]
    features += [f"k:{key}" for key in (hit.address, hit.copy_of, hit.key) if key]
    return features + [f"w:{hit.lang}:{word}" for word in hit.words if len(word) >= 6]


def _same_text(hit: Fingerprint, members: list[Fingerprint]) -> str:
    for member in members:
        if hit.address and hit.address == member.address:
            return f"same address as {member.key}"
        if hit.copy_of and hit.copy_of in (member.key, member.copy_of):
            return f"copy of {hit.copy_of}"
        if member.copy_of and member.copy_of == hit.key:
            return f"copied by {member.key}"
    return ""


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def label(hits: Iterable[HitText], hubs: Hubs) -> dict[str, str]:
    """Labels for the hits of one run, by key: hits with one label report one development. Order of time, then key."""
    grouper = Grouper()
    labels: dict[str, str] = {}
    for number, hit in enumerate(sorted(hits, key=lambda each: (each.at, each.key)), 1):
        found = fingerprint(hit, hubs)
        placed = grouper.place(found).story
        story = number if placed is None else placed
        grouper.add(story, found)
        labels[hit.key] = f"s{story}"
    return labels
