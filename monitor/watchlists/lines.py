"""The lines of cleaned seeds with what stands in them: known names, and candidates that casing shows. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor import text as texts
from monitor.model import Entity
from monitor.watchlists.blocks import Parts
from monitor.watchlists.clean import Cleaned
from monitor.watchlists.countries import countries
from monitor.watchlists.link import Link, Linker
from monitor.watchlists.merge import key_of
from monitor.watchlists.runs import Run, believable, runs_of

ABROAD = "others"
"""The side of gazetteer parts that hold other countries, their leaders and firms."""

PROSE = {"body", "caption"}
"""Kinds of lines whose capitals mean names; titles and headings may have them anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a seed with the known names and the candidates found in it."""

    seed: str
    lang: str
    text: str
    kind: str
    links: tuple[Link, ...] = ()
    runs: tuple[Run, ...] = ()


def knowledge(parts: Parts | None) -> tuple[dict[str, Entity], dict[str, str]]:
    """Entities by id and the side each stands for. Countries of no side stand for themselves; our own list adds names and countries to the gazetteer."""
    known: dict[str, Entity] = {}
    sides: dict[str, str] = {}
    for part in parts.parts.values() if parts else ():
        for entity in part.entities:
            if entity.id not in known:
                known[entity.id] = entity
                sides[entity.id] = entity.id if part.side == ABROAD and entity.type == "place" else part.side
    taken = {texts.fold(name.rstrip("*")) for one in known.values() for name in (*one.names, *one.exact_names)}
    for country in countries():
        names = tuple(name for name in country.names if texts.fold(name.rstrip("*")) not in taken)
        if country.id in known and sides[country.id] == country.id:
            known[country.id] = replace(known[country.id], names=(*known[country.id].names, *names))
        elif country.id not in known and texts.fold(country.title) not in taken:
            known[country.id] = replace(country, names=names)
            sides[country.id] = country.id
    return known, sides


def linked(cleaned: Sequence[Cleaned], linker: Linker) -> list[Line]:
    lines: list[Line] = []
    for one in cleaned:
        spans = [span for span in one.spans if span.kind != "dropped"]
        found = linker.links([span.text for span in spans])
        for span, links in zip(spans, found, strict=True):
            lines.append(
                Line(
                    seed=one.seed.id,
                    lang=one.seed.lang,
                    text=span.text,
                    kind=span.kind,
                    links=tuple(x for x in links if x.entity),
                )
            )
    return lines


def with_runs(lines: list[Line], hubs: frozenset[str], topic_words: frozenset[str]) -> list[Line]:
    """The lines with their candidates. `hubs`: ids of countries, which may stand inside a longer name; `topic_words`: folded, never names (LNG)."""
    found = [
        run
        for number, line in enumerate(lines)
        if line.kind in PROSE
        for run in runs_of(line.seed, number, line.text, line.links, hubs, line.lang)
    ]
    found = [run for run in _without_labels(lines, found) if texts.fold(run.text) not in topic_words]
    kept = _split_tails(believable(found, "\n".join(line.text for line in lines if line.kind in PROSE)))
    by_line: dict[int, list[Run]] = defaultdict(list)
    for run in kept:
        by_line[run.line].append(run)
    made: list[Line] = []
    for number, line in enumerate(lines):
        runs = tuple(by_line[number])
        # A country inside a longer name (Communist Party of Vietnam) is that name, not the country.
        links = tuple(link for link in line.links if not any(run.start <= link.start and link.end <= run.end for run in runs))
        made.append(replace(line, runs=runs, links=links))
    return made


def _without_labels(lines: list[Line], runs: list[Run]) -> list[Run]:
    """Without the label of a list item ("Data Centers: ...") and without acronyms of words in small letters ("artificial intelligence (AI)")."""
    kept: list[Run] = []
    for run in runs:
        text = lines[run.line].text
        label = run.start == 0 and text[run.end : run.end + 1] == ":"
        before = text[: run.start]
        words = re.findall(r"[^\W_]+", before[-80:])[-len(run.text) :]
        spelled = (
            before.endswith("(")
            and [word[0].casefold() for word in words] == list(run.text.casefold())
            and not any(word[0].isupper() for word in words)
        )
        if not label and not spelled:
            kept.append(run)
    return kept


def _split_tails(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """ "Communist Party of Vietnam To Lam" is two names where "To Lam" is found alone elsewhere."""
    counts = Counter(key_of(run.text) for run in runs)
    made: list[Run] = []
    for run in runs:
        words = run.text.split()
        cut = next((place for place in range(1, len(words) - 1) if counts[key_of(" ".join(words[place:]))] and len(words) > 3), None)
        if cut is None:
            made.append(run)
            continue
        tail = " ".join(words[cut:])
        head = run.text[: len(run.text) - len(tail)].rstrip()
        made.append(replace(run, end=run.start + len(head), text=head))
        made.append(replace(run, start=run.end - len(tail), text=tail, opening=False))
    return tuple(made)
