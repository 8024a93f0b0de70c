"""Topics of the seeds: words of known topics, and phrases that no topic has yet, ranked by how many seeds use them. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor import text as texts
from monitor.model import Entity, Topic
from monitor.watchlists.blocks import Parts
from monitor.watchlists.link import Linker
from monitor.watchlists.words import GENERAL, STOP, is_stop

CoveredLine = tuple[str, str, str]
"""(seed, language, text with its names blanked out)"""

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*|[^\w\s]")
_LONGEST = 3
_KEPT = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTopic:
    """A topic of the gazetteer that the seeds speak of, on the side it usually stands, with the forms seen."""

    topic: Topic
    side: str
    part: str
    forms: tuple[str, ...]
    seeds: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that the seeds repeat and that no topic has. `words`: language to the words as a watchlist writes them (a trailing * where endings differ)."""

    id: str
    words: tuple[tuple[str, str], ...]
    seeds: tuple[str, ...]
    count: int

    @property
    def text(self) -> str:
        """The words in the language of most seeds."""
        return self.words[0][1]


def known_topics(lines: Sequence[CoveredLine], parts: Parts | None) -> tuple[FoundTopic, ...]:
    """Topics of the gazetteer found in the lines, those of most seeds first."""
    places = {topic.id: (topic, part) for part in (parts.parts.values() if parts else ()) for topic in part.topics}
    linker = _lexicon(topic for topic, _ in places.values())
    seeds: dict[str, set[str]] = defaultdict(set)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for (seed, _, text), links in zip(lines, linker.links([text for _, _, text in lines]), strict=True):
        for link in links:
            seeds[link.entity].add(seed)
            forms[link.entity][text[link.start : link.end].lower()] += 1
    found = [
        FoundTopic(
            topic=places[name][0],
            side=places[name][1].side,
            part=places[name][1].name,
            forms=tuple(form for form, _ in sorted(forms[name].items(), key=lambda row: (-row[1], row[0]))),
            seeds=tuple(sorted(seeds[name])),
            count=forms[name].total(),
        )
        for name in seeds
    ]
    return tuple(sorted(found, key=lambda one: (-len(one.seeds), -one.count, one.topic.id)))


def phrases(lines: Sequence[CoveredLine], topics: Iterable[Topic]) -> tuple[Phrase, ...]:
    """Phrases of one to three words in two seeds or more (in one, twice or more, where it is the only one of its language), the best first."""
    linker = _lexicon(topics)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    forms: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for seed, lang, text in lines:
        for gram in _grams(text):
            key = " ".join(_singular(texts.fold(word)) for word in gram)
            counts[key][seed] += 1
            forms[key][lang][" ".join(gram).lower()] += 1
    alone = {seed for seed, lang, _ in lines if not any(other != seed and one == lang for other, one, _ in lines)}
    wanted = {key: found for key, found in counts.items() if len(found) > 1 or (set(found) <= alone and found.total() > 1)}
    longer = _longer(wanted)
    wanted = {key: found for key, found in wanted.items() if longer.get(key, 0) * 2 <= found.total()}
    chosen: list[str] = []
    for key in sorted(wanted, key=lambda one: (-_weight(one, wanted[one]), one)):
        known = any(linker.knows(form) for found in forms[key].values() for form in found)
        if not known and not any(_overlaps(key, other) for other in chosen):
            chosen.append(key)
    return tuple(_phrase(key, wanted[key], forms[key]) for key in chosen[:_KEPT])


def _phrase(key: str, found: Counter[str], forms: Mapping[str, Counter[str]]) -> Phrase:
    langs = sorted(forms, key=lambda lang: (-forms[lang].total(), lang))
    words = tuple((lang, _written(forms[lang])) for lang in langs)
    return Phrase(id="-".join(texts.words(key)), words=words, seeds=tuple(sorted(found)), count=found.total())


def _lexicon(topics: Iterable[Topic]) -> Linker:
    """A linker whose entities are topics; words of all languages count in every text."""
    return Linker(
        (Entity(id=topic.id, title=topic.title, names=tuple(word for _, words in topic.words for word in words)) for topic in topics), ()
    )


def _longer(wanted: Mapping[str, Counter[str]]) -> dict[str, int]:
    """For each phrase the occurrences of the most frequent longer one that holds it: "center" of "data center"."""
    most: dict[str, int] = {}
    for key, found in wanted.items():
        words = key.split()
        for size in range(1, len(words)):
            for start in range(len(words) - size + 1):
                part = " ".join(words[start : start + size])
                most[part] = max(most.get(part, 0), found.total())
    return most


def _grams(text: str) -> Iterable[tuple[str, ...]]:
    """Runs of one to three words between function words, names and punctuation; a lone common word is none."""
    run: list[str] = []
    for word in (*_WORD.findall(text), "."):
        folded = texts.fold(word)
        if word[0].isalpha() and not _is_function(folded) and (len(word) > 2 or word.isupper()):
            run.append(word)
            continue
        for size in range(1, _LONGEST + 1):
            for start in range(len(run) - size + 1):
                gram = tuple(run[start : start + size])
                if _tells(gram):
                    yield gram
        run = []


def _is_function(folded: str) -> bool:
    return is_stop(folded) or (folded in STOP["vi"] and len(folded) < 3)


def _tells(gram: tuple[str, ...]) -> bool:
    """True where the words are more than common words: two of three, or one that is long enough to mean something."""
    rare = [word for word in gram if not _is_general(texts.fold(word))]
    if len(gram) == 1:
        return bool(rare) and (gram[0].isupper() or (len(gram[0]) > 4 and not gram[0].endswith(("ing", "ed"))))
    return len(rare) * 2 >= len(gram) and not _is_general(texts.fold(gram[0])) | _is_adverb(gram[0])


def _is_general(folded: str) -> bool:
    return (
        folded in GENERAL
        or _singular(folded) in GENERAL
        or any(folded.removesuffix(end) in GENERAL for end in ("ed", "d", "ing", "ly", "ies", "e", "es", "ment"))
    )


def _is_adverb(word: str) -> bool:
    return word.lower().endswith(("ly", "ment"))


def _singular(folded: str) -> str:
    if len(folded) > 4 and folded.endswith("ies"):
        return f"{folded[:-3]}y"
    return folded[:-1] if len(folded) > 3 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")) else folded


def _weight(key: str, found: Counter[str]) -> float:
    words = key.split()
    rare = sum(not _is_general(word) for word in words) / len(words)
    return float(len(found) * found.total() ** 0.5 * (1 + 0.7 * (len(words) - 1)) * rare)


def _overlaps(key: str, other: str) -> bool:
    """True where one phrase contains the other."""
    return f" {key} " in f" {other} " or f" {other} " in f" {key} "


def _written(forms: Counter[str]) -> str:
    """The form used most; its last word without its ending and with * where several forms were seen."""
    best = min(forms, key=lambda form: (-forms[form], len(form), form))
    shortest = min(forms, key=lambda form: (len(form), form))
    return f"{shortest}*" if len(forms) > 1 and all(form.startswith(shortest) for form in forms) else best
