"""How alike two reports are: a weighted sum of what they share and what sets them apart. Pure.

Shared names, places, concepts and headline words count by their rarity among the open stories. The weights were fitted on labelled pairs of
reports (logistic regression, then rounded) and are one for all languages; words can only be shared within one. The words of the text
add nothing to these; they only tell whether two reports are one text.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitor.stories.concepts import load
from monitor.stories.fingerprint import Fingerprint

WEIGHED = ("entities", "places", "concepts", "title_concepts", "title_words")
"""The sets whose members count by rarity."""

ENTITIES, TITLE_ENTITY, OTHER_PARTIES = 0.15, 0.05, -0.18
MORE_ENTITIES, MAX_MORE = 0.10, 4
"""For each shared entity beyond the first: five firms in common are no accident."""

PLACES, OTHER_PLACES = 0.05, -0.11
CONCEPTS, TITLE_CONCEPTS = 0.12, 0.10
HEADLINE_KEPT, HEADLINES_KEPT = 0.21, 0.24
NO_CONCEPTS = 0.12
"""For two languages of which one has no list of concepts: what these give two reports of one development in the others."""

TITLE_WORDS = 0.05
FIGURE, MAX_FIGURES = 0.07, 2
TOPICS = 0.20
ABSENT_PARTY = -0.10
ONE_A_MEETING = -0.10
OTHER_PARTNER = -0.25
"""Two headlines with one party in common and each with another that the other report does not know: same firm, other deal."""

OTHER_COUNTERPART = -0.50
"""Two meetings with other parties are two, however alike they are told: one visit has many."""

_LEAST_HEADLINE = 11.0
"""A headline that names less than one telling word is counted as if it named so much: what is kept of it proves little."""

_TALK_SHARE = 0.3
"""That people met says how, not what: such a word in a headline has so much of its weight."""

_TALKS = frozenset({"meeting", "deputy-pm", "head-of-government", "minister", "ambassador"})
AGE_PER_DAY = -0.02
_PRIOR = 50
"""Reports taken to have been seen before the first, so that rarity means something from the start."""

_DAY = timedelta(days=1)
_TEXT_SAME = 0.8
_TEXT_WORDS = 8


class Rarity:
    """How rare each name, place, concept and word is among the reports at hand; kinds are counted apart."""

    def __init__(self) -> None:
        self._seen: dict[str, Counter[str]] = {kind: Counter() for kind in WEIGHED}
        self._reports = 0

    def add(self, report: Fingerprint) -> None:
        """Counts a report."""
        self._reports += 1
        for kind in WEIGHED:
            self._seen[kind].update(getattr(report, kind))

    def remove(self, report: Fingerprint) -> None:
        """Forgets a report."""
        self._reports -= 1
        for kind in WEIGHED:
            counts = self._seen[kind]
            for name in getattr(report, kind):
                counts[name] -= 1
                if not counts[name]:
                    del counts[name]

    def squares(self, kind: str, names: Iterable[str]) -> dict[str, float]:
        """The squared weight of each name."""
        seen, reports = self._seen[kind], self._reports + _PRIOR
        return {name: math.log((reports + 2) / (seen[name] + 1)) ** 2 for name in names}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A report with the squared weight of all it holds, by kind, and the root of each kind's sum.

    `headline`: what the headline names, as `e:` entity and `c:` concept, by weight, and `headline_sum` their sum, or the least that counts;
    `spoken`: all that the report speaks of, in the same form.
    """

    report: Fingerprint
    squares: dict[str, dict[str, float]]
    lengths: dict[str, float]
    headline: dict[str, float]
    headline_sum: float
    spoken: frozenset[str]
    is_meeting: bool


def weigh(report: Fingerprint, rarity: Rarity) -> Weighed:
    """A report made ready to be compared with many."""
    squares = {kind: rarity.squares(kind, getattr(report, kind)) for kind in WEIGHED}
    headline = {f"c:{name}": weight * (_TALK_SHARE if name in _TALKS else 1.0) for name, weight in squares["title_concepts"].items()}
    headline |= {f"e:{name}": weight for name, weight in squares["entities"].items() if name in report.title_entities}
    return Weighed(
        report,
        squares,
        {kind: math.sqrt(sum(weights.values())) for kind, weights in squares.items()},
        headline,
        max(sum(headline.values()), _LEAST_HEADLINE),
        frozenset([f"c:{name}" for name in report.concepts] + [f"e:{name}" for name in report.entities]),
        _is_meeting(report),
    )


def alike(one: Weighed, other: Weighed) -> float:
    """Similarity of two reports; from a bar on (group.py) they tell one development. `one` weighs what is shared."""
    a, b = one.report, other.report
    score = _cosine("concepts", one, other) * CONCEPTS + _cosine("title_concepts", one, other) * TITLE_CONCEPTS
    score += _cosine("entities", one, other) * ENTITIES
    score += MORE_ENTITIES * min(max(len(a.entities & b.entities) - 1, 0), MAX_MORE)
    kept, also_kept = _kept(one, other), _kept(other, one)
    score += HEADLINES_KEPT * min(kept, also_kept) + HEADLINE_KEPT * max(kept, also_kept)
    if a.title_entities and b.title_entities:
        score += OTHER_PARTIES if a.title_entities.isdisjoint(b.title_entities) else TITLE_ENTITY
    elif (a.title_entities or b.title_entities) and a.entities.isdisjoint(b.title_entities) and b.entities.isdisjoint(a.title_entities):
        score += ABSENT_PARTY
    if a.lang != b.lang and not {a.lang, b.lang} <= load().keys():
        score += NO_CONCEPTS
    if a.places and b.places:
        score += OTHER_PLACES if a.places.isdisjoint(b.places) else PLACES * _cosine("places", one, other)
    if a.lang == b.lang:
        score += _cosine("title_words", one, other) * TITLE_WORDS
    if a.all_figures and b.all_figures:
        score += FIGURE * min(len(a.all_figures & b.all_figures), MAX_FIGURES)
    if a.topics and b.topics:
        score += TOPICS * len(a.topics & b.topics) / len(a.topics | b.topics)
    if not a.parties.isdisjoint(b.parties) and not a.parties <= b.entities and not b.parties <= a.entities:
        score += OTHER_PARTNER
    if one.is_meeting and other.is_meeting and a.parties and b.parties and a.parties.isdisjoint(b.parties):
        score += OTHER_COUNTERPART
    if one.is_meeting != other.is_meeting:
        score += ONE_A_MEETING
    return score + AGE_PER_DAY * (abs(a.at - b.at) / _DAY)


def _cosine(kind: str, one: Weighed, other: Weighed) -> float:
    weights = one.squares[kind]
    common = weights.keys() & other.squares[kind].keys()
    if not common:
        return 0.0
    return min(1.0, sum(map(weights.__getitem__, common)) / (one.lengths[kind] * other.lengths[kind]))


def _is_meeting(report: Fingerprint) -> bool:
    """Whether a report tells of office-holders and their talks: by its headline, or by two signs in its lead."""
    return not _TALKS.isdisjoint(report.title_concepts) or len(_TALKS & report.concepts) > 1


def _kept(one: Weighed, other: Weighed) -> float:
    """How much of what a report's headline names the other report speaks of too, by weight; 0 where it names nothing."""
    common = one.headline.keys() & other.spoken
    return sum(map(one.headline.__getitem__, common)) / one.headline_sum if common else 0.0


def same_text(a: Fingerprint, b: Fingerprint) -> str:
    """Why two reports are one text: the address, a copy found when it was read, or nearly all words; "" where they are two."""
    if a.address and a.address == b.address:
        return f"same address as {b.key}"
    if a.copy_of and a.copy_of in (b.key, b.copy_of):
        return f"copy of {a.copy_of}"
    if b.copy_of and b.copy_of == a.key:
        return f"copied by {b.key}"
    if (
        a.lang == b.lang
        and min(len(a.words), len(b.words)) >= _TEXT_WORDS
        and len(a.words & b.words) >= _TEXT_SAME * len(a.words | b.words)
    ):
        return f"same words as {b.key}"
    return ""


def shared(a: Fingerprint, b: Fingerprint) -> tuple[str, ...]:
    """What two reports share, by name: `entity:apple`, `figure:USD:200000000`, `place:da-nang`, `day:09-23`, `concept:laboratory`, `topic:ai`."""
    kinds = (
        ("entity", a.entities & b.entities),
        ("figure", a.all_figures & b.all_figures),
        ("place", a.places & b.places),
        ("day", a.all_days & b.all_days),
        ("concept", (a.concepts & b.concepts)),
        ("topic", a.topics & b.topics),
    )
    return tuple(f"{kind}:{name}" for kind, names in kinds for name in sorted(names))
