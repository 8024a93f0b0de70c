"""Online, bounded, deterministic grouping: a hit joins the story whose members it resembles most, or begins one. Pure.

A shared address or a copied text joins at once; otherwise similarity.py decides. Every decision names what it rests on, the nearest story
that was not joined, and the earlier story that a new one goes on from.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.stories.fingerprint import Fingerprint, HitText, Hubs, fingerprint
from monitor.stories.similarity import Rarity, Weighed, alike, same_text, shared, weigh

JOIN = 0.38
"""Mean similarity to the best members from which a hit joins, where nobody else writes of its parties."""

CROWD = 0.065
"""What is added to JOIN with each doubling of the recent reports that name one of its parties: in a crowd, one firm and one topic prove little."""

CROWD_TIME = timedelta(days=4)

_BEST = 3

EARLIER = 0.30
"""Similarity from which a new story is said to go on from an earlier one that names the same party."""

WINDOW = timedelta(days=14)
"""A story takes new members until so long after its latest one; age counts against joining all the while."""

MEMORY = timedelta(days=60)
"""Stories are remembered so long as earlier ones."""

MAX_STORIES = 500
MAX_MEMBERS = 8
_CANDIDATES = 12
_COMMON = 0.25
"""What so large a share of the open stories has leads to none of them."""

_FEW = 40
_ONE_TEXT = 2.0
"""More than any two reports are alike."""
_LOOK = timedelta(hours=6)
"""How often stories past their memory are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a hit goes: a story's key, or None for a new story; with the score, its reasons and the nearest story not joined.

    `copy`: it is the text of a member. `earlier`: the story that a new one goes on from.
    """

    story: int | None
    score: float = 1.0
    because: tuple[str, ...] = ()
    copy: bool = False
    nearest: int | None = None
    nearest_score: float = 0.0
    earlier: int | None = None


class Grouper:
    """The open stories of one watchlist. `place` decides, `add` records; the caller owns the keys.

    What counts are the members kept, so that stories opened from a store decide as those never closed.
    """

    def __init__(self) -> None:
        self._stories: dict[int, list[Weighed]] = {}
        self._by_feature: dict[str, Counter[int]] = {}
        self._rarity = Rarity()
        self._looked_at: datetime | None = None

    def open(self, story: int, members: Iterable[Fingerprint]) -> None:
        """Takes up a stored story with its member fingerprints, oldest first."""
        for member in members:
            self.add(story, member)

    def add(self, story: int, member: Fingerprint) -> None:
        """Records that a hit belongs to a story; keeps the first member and the latest ones."""
        self._rarity.add(member)
        members = self._stories[story] = self._stories.pop(story, [])  # the stories stand in the order of their latest report
        members.append(weigh(member, self._rarity))
        for feature in _features(member):
            self._by_feature.setdefault(feature, Counter())[story] += 1
        if len(members) > MAX_MEMBERS:
            self._forget(story, members.pop(1))
        if len(self._stories) > MAX_STORIES:
            self._close(next(iter(self._stories)))

    def members(self, story: int) -> tuple[Fingerprint, ...]:
        """The members kept of an open story, first to latest."""
        return tuple(member.report for member in self._stories[story])

    def place(self, hit: Fingerprint, apart: Collection[int] = (), together: int | None = None) -> Placement:
        """The story a hit belongs to. Ties go to the older story. `apart` are stories that a person set it apart from, `together` one it was put into."""
        self._let_go(hit)
        if together is not None and together in self._stories:
            return Placement(story=together, because=("put there by hand",))
        weighed = weigh(hit, self._rarity)
        scored: list[tuple[float, int, Weighed]] = []
        for story in self._candidates(hit):
            members = self._stories[story]
            same = next((why for member in members if (why := same_text(hit, member.report))), "")
            if same and story not in apart:
                return Placement(story=story, because=(same,), copy=True)
            scores = [alike(weighed, member) for member in members]
            best = sorted(scores, reverse=True)[:_BEST]
            scored.append((sum(best) / len(best), story, members[scores.index(best[0])]))
        scored.sort(key=lambda each: (-each[0], each[1]))
        allowed = [each for each in scored if each[1] not in apart and self._is_open(each[1], hit)]
        if allowed and allowed[0][0] >= self._bar(hit):
            score, joined, nearest_member = allowed[0]
            other = next((each for each in scored if each[1] != joined), None)
            return Placement(
                story=joined,
                score=score,
                because=shared(hit, nearest_member.report),
                nearest=other[1] if other else None,
                nearest_score=other[0] if other else 0.0,
            )
        return Placement(
            story=None,
            score=0.0,
            nearest=scored[0][1] if scored else None,
            nearest_score=scored[0][0] if scored else 0.0,
            earlier=next((story for score, story, member in scored if score >= EARLIER and _one_party(hit, member.report)), None),
        )

    def again(self, hit: Fingerprint, story: int, sure: float, apart: Collection[int] = ()) -> Placement | None:
        """Where a hit that stands in a story belongs now that others came: another story that it is more like by `sure`, or None: it stays.

        It stays too where its story is remembered no more: nobody can tell how like it the hit is.
        """
        if story not in self._stories:
            return None
        weighed = weigh(hit, self._rarity)
        others = [each for each in self._candidates(hit) if each != story and each not in apart and self._is_open(each, hit)]
        scored = {each: self._likeness(weighed, each) for each in (story, *others)}
        own = scored.pop(story)[0]
        best = max(scored, key=lambda each: (scored[each][0], -each), default=None)
        if best is None or scored[best][0] < max(own, self._bar(hit)) + sure:
            return None
        score, nearest, same = scored[best]
        because = (same,) if same else shared(hit, nearest.report) if nearest else ()
        return Placement(story=best, score=score, because=because, copy=bool(same), nearest=story, nearest_score=own)

    def _likeness(self, hit: Weighed, story: int) -> tuple[float, Weighed | None, str]:
        """How like a hit is to the other members of a story, the member nearest to it, and why they are one text; as one text it is like no other."""
        members = [each for each in self._stories.get(story, ()) if each.report.key != hit.report.key]
        if not members:
            return 0.0, None, ""
        same = next((why for each in members if (why := same_text(hit.report, each.report))), "")
        scores = [alike(hit, each) for each in members]
        best = sorted(scores, reverse=True)[:_BEST]
        return (_ONE_TEXT if same else sum(best) / len(best)), members[scores.index(best[0])], same

    def _candidates(self, hit: Fingerprint) -> list[int]:
        """The stories that share most with a hit, and those that may hold its text."""
        tally: Counter[int] = Counter()
        limit = max(_FEW, _COMMON * len(self._stories))
        for feature in _features(hit):
            stories: Counter[int] = self._by_feature.get(feature, Counter())
            if feature[0] == "k":
                tally.update(dict.fromkeys(stories, 1000))
            elif feature[0] != "t" and len(stories) <= limit:
                for story in stories:
                    tally[story] += 3 if feature[0] == "e" else 1
        return [story for story, _ in sorted(tally.items(), key=lambda each: (-each[1], each[0]))[:_CANDIDATES]]

    def _bar(self, hit: Fingerprint) -> float:
        """The similarity from which a hit joins a story."""
        stories = {story for party in hit.title_entities for story in self._by_feature.get(f"t:{party}", ())}
        crowd = sum(
            abs(hit.at - member.report.at) <= CROWD_TIME and not member.report.title_entities.isdisjoint(hit.title_entities)
            for story in stories
            for member in self._stories[story]
        )
        return JOIN + CROWD * math.log2(1 + crowd)

    def _is_open(self, story: int, hit: Fingerprint) -> bool:
        members = self._stories[story]
        return hit.at - members[-1].report.at <= WINDOW and members[0].report.at - hit.at <= WINDOW

    def _let_go(self, hit: Fingerprint) -> None:
        if self._looked_at is not None and abs(hit.at - self._looked_at) < _LOOK:
            return
        self._looked_at = hit.at
        for story in [key for key, members in self._stories.items() if hit.at - members[-1].report.at > MEMORY]:
            self._close(story)

    def _close(self, story: int) -> None:
        for member in self._stories[story]:
            self._forget(story, member)
        del self._stories[story]

    def _forget(self, story: int, member: Weighed) -> None:
        self._rarity.remove(member.report)
        for feature in _features(member.report):
            stories = self._by_feature[feature]
            stories[story] -= 1
            if not stories[story]:
                del stories[story]
                if not stories:
                    del self._by_feature[feature]


def _features(hit: Fingerprint) -> list[str]:
    """What stories are looked up by: names, figures, concepts of the headline, words of the headline, places; address and copied text;
    parties of the headline to count who else writes of them."""
    features = [f"k:{key}" for key in (hit.address, hit.copy_of, hit.key) if key]
    features += [f"t:{entity}" for entity in hit.title_entities]
    features += [f"e:{entity}" for entity in hit.entities] + [f"f:{figure}" for figure in hit.all_figures]
    features += [f"c:{concept}" for concept in hit.title_concepts] + [f"p:{place}" for place in hit.places]
    return features + [f"w:{hit.lang}:{word}" for word in hit.title_words]


def _one_party(hit: Fingerprint, member: Fingerprint) -> bool:
    return not hit.title_entities.isdisjoint(member.title_entities)


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
