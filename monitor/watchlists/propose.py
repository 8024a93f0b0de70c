"""From cleaned seeds to proposals: every name once, with type, side, roles, aliases, the seeds it came from and how sure we are. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from monitor import text as texts
from monitor.model import Entity, EntityType
from monitor.watchlists import context
from monitor.watchlists.blocks import Parts
from monitor.watchlists.clean import Cleaned
from monitor.watchlists.context import Evidence, Named
from monitor.watchlists.lines import ABROAD, PROSE, Line, knowledge, linked, with_runs
from monitor.watchlists.link import Linker
from monitor.watchlists.merge import Merging, is_acronym_of, key_of

Confidence = Literal["sure", "likely", "check"]
_QUOTE_CHARS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One name proposed for the watchlist. `names`: forms as the seeds write them; `side`: '' where the seeds do not tell, then `perhaps` is a guess."""

    id: str
    title: str
    type: EntityType
    side: str
    perhaps: str
    names: tuple[str, ...]
    short: tuple[str, ...]
    roles: tuple[str, ...]
    seeds: tuple[str, ...]
    count: int
    quote: str
    quote_seed: str
    confidence: Confidence
    known: Entity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """All that the seeds name. `parties`: the sides that the subject is about, the most named first; `covered`: text of each line without its names."""

    parties: tuple[str, ...]
    titles: Mapping[str, str]
    entities: tuple[Proposal, ...]
    covered: tuple[tuple[str, str, str], ...]


def propose(cleaned: Sequence[Cleaned], parts: Parts | None) -> Proposals:
    """Names in the seeds. `parts` is the gazetteer; None: countries and the seeds' own casing alone."""
    known, sides = knowledge(parts)
    linker = Linker(known.values(), parts.masks if parts else ())
    lines = linked(cleaned, linker)
    hubs = frozenset(one.id for one in known.values() if one.hub and one.type in {"place", "body"})
    topics = (topic for part in (parts.parts.values() if parts else ()) for topic in part.topics)
    topic_words = frozenset(texts.fold(word) for topic in topics for _, words in topic.words for word in words)
    lines = with_runs(lines, hubs, topic_words)
    groups, short = _grouped(lines, known)
    parties = _parties(lines, known, sides)
    first = _evidence(lines, groups, sides, {})
    for node, occurrences in groups.items():
        first[node] += _own_country(node, occurrences, linker, sides)
    _place_abroad(first, sides, [party for party in parties if sides.get(party) == party])
    placed = {node: side for node, found in first.items() if (side := _side(found))}
    second = _evidence(lines, groups, sides, placed)
    for node, occurrences in groups.items():
        second[node] += _own_country(node, occurrences, linker, sides)
    entities = [_proposal(node, occurrences, second[node], short, known, sides, lines) for node, occurrences in groups.items()]
    entities.sort(key=lambda one: (-len(one.seeds), -one.count, one.id))
    titles = {one.side: one.title for one in reversed(entities) if one.type == "place" and one.side in parties}
    return Proposals(parties=parties, titles=titles, entities=tuple(_unique(entities)), covered=_covered(lines, groups))


Occurrence = tuple[int, int, int, str, str]
"""(line number, start, end, title before the name, text)"""


def _grouped(lines: list[Line], known: Mapping[str, Entity]) -> tuple[dict[str, list[Occurrence]], set[str]]:
    """Occurrences by node after merging, and the keys that are short forms."""
    seen: dict[str, list[str]] = defaultdict(list)
    linked: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        for run in line.runs:
            seen[key_of(run.text)].append(line.seed)
        for link in line.links:
            linked[link.entity].append(line.seed)
    merging = Merging(seen, known.values(), linked)
    merging.run(_brackets(lines))
    groups: dict[str, list[Occurrence]] = defaultdict(list)
    for number, line in enumerate(lines):
        spots: list[tuple[int, int, str, str]] = [(run.start, run.end, merging.root(key_of(run.text)), run.role) for run in line.runs]
        spots += [(link.start, link.end, f"#{link.entity}", "") for link in line.links]
        for start, end, node, role in sorted(spots):
            groups[node].append((number, start, end, role, line.text[start:end]))
    return dict(groups), merging.short


def _brackets(lines: list[Line]) -> list[tuple[str, str]]:
    """(long, short) nodes of "Long Name (LN)"."""
    pairs: list[tuple[str, str]] = []
    for line in lines:
        spots = sorted(
            [(run.start, run.end, key_of(run.text)) for run in line.runs]
            + [(link.start, link.end, f"#{link.entity}") for link in line.links]
        )
        for (start, end, long), (begin, stop, short) in pairwise(spots):
            if (
                line.text[end:begin] == " ("
                and line.text[stop : stop + 1] == ")"
                and is_acronym_of(line.text[begin:stop], line.text[start:end])
            ):
                pairs.append((long, short))
    return pairs


def _parties(lines: list[Line], known: Mapping[str, Entity], sides: Mapping[str, str]) -> tuple[str, ...]:
    """At most two sides, those named in most seeds and then most often, each in at least half of the seeds."""
    seeds: dict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for line in lines:
        for link in line.links:
            side = sides[link.entity]
            if known[link.entity].type == "place":
                seeds[side].add(line.seed)
                counts[side] += 1
    total = len({line.seed for line in lines})
    ranked = sorted((side for side in seeds if len(seeds[side]) * 2 >= total), key=lambda side: (-len(seeds[side]), -counts[side], side))
    return tuple(ranked[:2])


def _evidence(
    lines: list[Line], groups: Mapping[str, list[Occurrence]], sides: Mapping[str, str], placed: Mapping[str, str]
) -> dict[str, list[Evidence]]:
    """What each occurrence says. `placed`: sides of candidates learnt in an earlier pass."""
    by_line: dict[int, list[Named]] = defaultdict(list)
    for node, occurrences in groups.items():
        side = sides[node[1:]] if node.startswith("#") else placed.get(node, "")
        for number, start, end, _, _ in occurrences:
            by_line[number].append(Named(start=start, end=end, side=side))
    for named in by_line.values():
        named.sort(key=lambda one: one.start)
    return {
        node: [
            context.evidence(lines[number].text, start, end, by_line[number], role)
            for number, start, end, role, _ in occurrences
            if lines[number].kind in PROSE
        ]
        for node, occurrences in groups.items()
    }


def _place_abroad(found: Mapping[str, list[Evidence]], sides: dict[str, str], parties: Sequence[str]) -> None:
    """Gives leaders and firms that the gazetteer files under other countries the side the seeds tell, where that is a party of the seeds."""
    for node, evidence in found.items():
        if node.startswith("#") and sides[node[1:]] == ABROAD and (side := _side(evidence)) in parties:
            sides[node[1:]] = side


def _own_country(node: str, occurrences: list[Occurrence], linker: Linker, sides: Mapping[str, str]) -> list[Evidence]:
    """What the name itself says: US-ASEAN Business Council, Communist Party of Vietnam."""
    if node.startswith("#"):
        return []
    (links,) = linker.links([max((text for *_, text in occurrences), key=len).replace("-", " ")])
    return [
        Evidence(
            sides=tuple(
                (sides[link.entity], context.STRONG) for link in links[:1] if link.entity and linker.entities[link.entity].type == "place"
            )
        )
    ]


def _side(found: Iterable[Evidence], strength: float = context.STRONG) -> str:
    """The side of which most occurrences speak with at least `strength`; '' for a tie or none."""
    weights = Counter(side for one in found for side, weight in one.sides if side and weight >= strength)
    ranked = sorted(weights.items(), key=lambda row: (-row[1], row[0]))
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def _proposal(
    node: str,
    occurrences: list[Occurrence],
    found: list[Evidence],
    short: set[str],
    known: Mapping[str, Entity],
    sides: Mapping[str, str],
    lines: list[Line],
) -> Proposal:
    entity = known[node[1:]] if node.startswith("#") else None
    forms = Counter(text for *_, text in occurrences)
    full = [form for form in forms if key_of(form) not in short]
    title = entity.title if entity else _title(full, forms)
    types: Counter[EntityType] = Counter(one.type for one in found if one.type != "other")
    kind = entity.type if entity else _best_type(types, title)
    seeds = tuple(sorted({lines[number].seed for number, *_ in occurrences}))
    quote, quote_seed = _quote(occurrences, lines)
    roles = Counter(one.role for one in found if one.role and one.type == "person") if kind == "person" else Counter()
    side = sides[entity.id] if entity else _side(found)
    return Proposal(
        id=entity.id if entity else slug(title),
        title=title,
        type=kind,
        side=side,
        perhaps="" if side else _side(found, context.WEAK),
        names=tuple(sorted(full, key=lambda form: (form != title, -forms[form], form))),
        short=tuple(sorted(form for form in forms if key_of(form) in short)) if kind == "person" else (),
        roles=tuple(role for role, _ in sorted(roles.items(), key=lambda row: (-row[1], row[0])))[:4],
        seeds=seeds,
        count=len(occurrences),
        quote=quote,
        quote_seed=quote_seed,
        confidence="sure" if entity else _confidence(kind, title, seeds, found),
        known=entity,
    )


def _title(full: list[str], forms: Counter[str]) -> str:
    """The form used most; an acronym only where there is nothing else, an initial or a mark rather than none."""
    return max(full, key=lambda form: (form != form.upper(), forms[form], len(form), form))


def _best_type(types: Counter[EntityType], title: str) -> EntityType:
    if not types:
        return "other"
    ranked = sorted(types.items(), key=lambda row: (-row[1], row[0]))
    best = ranked[0][0]
    if best == "person" and " " not in title and types["company"]:
        return "company"
    return best


def _confidence(kind: EntityType, title: str, seeds: tuple[str, ...], found: list[Evidence]) -> Confidence:
    """likely: a person with an office, a name of known type in two seeds, or one that the text itself lists among a party's firms."""
    strong = any(weight >= context.STRONG for one in found for _, weight in one.sides)
    if kind == "person" and " " in title and (strong or any(one.role for one in found)):
        return "likely"
    if kind not in {"other", "person"} and (strong or len(seeds) > 1 or (kind == "agreement" and len(found) > 2)):
        return "likely"
    return "check"


def _quote(occurrences: list[Occurrence], lines: list[Line]) -> tuple[str, str]:
    """The shortest sentence that shows the name, cut around it, and its seed."""
    best: tuple[int, str, str] | None = None
    for number, start, end, _, _ in occurrences:
        line = lines[number]
        left, right = context.sentence(line.text, start, end)
        cost = (right - left) + (0 if line.kind == "body" else 200) + (100 if right - left < 40 else 0)
        if best is None or cost < best[0]:
            best = (cost, _cut(line.text[left:right].strip(), start - left, end - left), line.seed)
    return (best[1], best[2]) if best else ("", "")


def _cut(sentence: str, start: int, end: int) -> str:
    if len(sentence) <= _QUOTE_CHARS:
        return sentence
    margin = max(20, (_QUOTE_CHARS - (end - start)) // 2)
    left, right = max(0, start - margin), min(len(sentence), end + margin)
    head = "…" + sentence[left:].split(" ", 1)[-1] if left else sentence
    text = head[: right - left]
    return text if right == len(sentence) else text.rsplit(" ", 1)[0].rstrip(" ,;") + "…"


def _unique(proposals: Iterable[Proposal]) -> Iterable[Proposal]:
    """Ids that stand twice (two names, one slug) get a number."""
    seen: Counter[str] = Counter()
    for one in proposals:
        seen[one.id] += 1
        yield one if seen[one.id] == 1 else replace(one, id=f"{one.id}-{seen[one.id]}")


def slug(name: str) -> str:
    """An id from a name: folded letters and digits joined by hyphens."""
    return "-".join(texts.words(name.replace(".", "")))[:60].strip("-") or "name"


def _covered(lines: list[Line], groups: Mapping[str, list[Occurrence]]) -> tuple[tuple[str, str, str], ...]:
    """(seed, language, text) of each line with its names blanked out: where new topic words are looked for."""
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for occurrences in groups.values():
        for number, start, end, _, _ in occurrences:
            spans[number].append((start, end))
    rows: list[tuple[str, str, str]] = []
    for number, line in enumerate(lines):
        text = line.text
        for start, end in spans[number]:
            text = text[:start] + "|" * (end - start) + text[end:]
        rows.append((line.seed, line.lang, text))
    return tuple(rows)
