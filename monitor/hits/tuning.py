"""From marks to edits: what could keep the useless hits out, each as an edit whose cost is measured by matching again. Pure.

A proposal is worth showing where it drops hits that were marked useless; the hits marked useful that it would lose are its cost. Names written in the
file may become short, loose or go; names of the gazetteer can only be fenced in (`never`, a mask), for a file adds to what it includes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.model import Band, Entity, Mention, Verdict, Watchlist
from monitor.text import fold
from monitor.toml_edit import Edit, Path

NEVER = "never "
"""A mark's reason `never ID: NAME` asks that this name stand for this entity no more."""

_CANDIDATES = 60
_AROUND = re.compile(r"(?:[\w&.'’-]+ ){0,2}\Z")
_BEHIND = re.compile(r"(?: [\w&.'’-]+){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A hit that somebody judged, with its matched text (title, newline, text) and verdict."""

    hit: int
    useful: bool
    reason: str
    text: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change that may help, in words and as edits of the file. `cut`: how much of the watchlist's reach it gives up, from 0 (one expression).

    `asked`: a reader asked for it by name.
    """

    text: str
    edits: tuple[Edit, ...]
    cut: int = 0
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change with its measured cost: hits marked useless that it drops, marked useful that it loses, and unmarked ones that it drops too."""

    text: str
    edits: tuple[Edit, ...]
    drops: tuple[int, ...]
    loses: tuple[int, ...]
    others: tuple[int, ...]
    cut: int = 0
    asked: bool = False

    def told(self) -> str:
        """`require a full name beside Lam: drops 28, loses 0`."""
        others = f", drops {len(self.others)} unmarked" if self.others else ""
        return f"{self.text}: drops {len(self.drops)}, loses {len(self.loses)}{others}"


Bands = Mapping[int, Band | None]
"""Hits to the band in which a watchlist would put them."""


def candidates(watchlist: Watchlist, marked: Sequence[Marked], written: Mapping[Path, Collection[str]]) -> tuple[Candidate, ...]:
    """Changes worth measuring, the most telling first. `written` says which names the file itself lists, by (side.., entity.., key)."""
    useless = [one for one in marked if not one.useful]
    useful = [one for one in marked if one.useful]
    often = _names(useless).most_common()
    found: dict[tuple[Edit, ...], Candidate] = {}
    for candidate in (
        *_asked_for(watchlist, useless),
        *(each for (id_, alias), _ in often for each in _of_name(watchlist, id_, alias, useless, useful, written)),
        *_of_words(useless, useful),
        *_of_bands(watchlist, useless, useful),
    ):
        found.setdefault(candidate.edits, candidate)
    return tuple(found.values())[:_CANDIDATES]


def measured(candidate: Candidate, marked: Sequence[Marked], before: Bands, after: Bands) -> Proposal:
    """What a change would do to the hits: it drops those that are in no band afterwards. `before` and `after` may hold unmarked hits too."""
    gone = [hit for hit, band in before.items() if band is not None and after.get(hit) is None]
    useful = {one.hit: one.useful for one in marked}
    return Proposal(
        text=candidate.text,
        edits=candidate.edits,
        drops=tuple(hit for hit in gone if useful.get(hit) is False),
        loses=tuple(hit for hit in gone if useful.get(hit) is True),
        others=tuple(hit for hit in gone if hit not in useful),
        cut=candidate.cut,
        asked=candidate.asked,
    )


def ranked(proposals: Iterable[Proposal]) -> tuple[Proposal, ...]:
    """Those that help, best first: nothing useful lost before much dropped; of equal ones the one that gives up least.

    Those that cost as much as they help are left out, and those that help once only, which is chance, unless a reader asked for them.
    """
    helpful = [one for one in proposals if len(one.drops) > len(one.loses) and (one.asked or len(one.drops) > 1)]
    order = sorted(
        range(len(helpful)), key=lambda n: (len(helpful[n].loses), -len(helpful[n].drops), len(helpful[n].others), helpful[n].cut, n)
    )
    return tuple(helpful[n] for n in order)


def combined(proposals: Sequence[Proposal], measure: Callable[[Candidate], Proposal]) -> Proposal | None:
    """The free proposals together, each kept only where it adds to the drops and loses nothing useful; None where none is free."""
    best: Proposal | None = None
    for one in proposals:
        if one.loses or (best is not None and set(one.drops) <= set(best.drops)):
            continue
        edits = (*(best.edits if best else ()), *one.edits)
        tried = measure(Candidate(text="; ".join(filter(None, (best.text if best else "", one.text))), edits=edits))
        if not tried.loses and (best is None or len(tried.drops) > len(best.drops)):
            best = tried
    return best


def _names(useless: Iterable[Marked]) -> Counter[tuple[str, str]]:
    """How many useless hits name an entity under an alias, the alias as it is written there."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in useless:
        counts.update({(m.id, m.alias) for m in one.verdict.mentions if m.kind == "entity"})
    return counts


def _asked_for(watchlist: Watchlist, useless: Iterable[Marked]) -> Iterator[Candidate]:
    """What a reader asked for with `never`."""
    for one in useless:
        if one.reason.startswith(NEVER):
            id_, _, alias = one.reason.removeprefix(NEVER).partition(": ")
            yield from (replace(_never(table, id_, alias), asked=True) for table in _tables(watchlist, id_))


def _of_name(
    watchlist: Watchlist, id_: str, alias: str, useless: Sequence[Marked], useful: Sequence[Marked], written: Mapping[Path, Collection[str]]
) -> Iterator[Candidate]:
    """Ways to ask more of one name: the longer strings it is part of, a full name, another organisation, its case, or not at all."""
    for table in _tables(watchlist, id_):
        entity = _entity(watchlist, id_)
        for phrase in _longer(id_, alias, useless, useful):
            yield _never(table, id_, phrase)
            yield Candidate(text=f"mask {phrase!r}", edits=(Edit(table=("mask",), key="names", add=(phrase,)),))
        for key in ("names", "exact_names", "loose"):
            spelt = next((name for name in written.get((*table, key), ()) if fold(name) == fold(alias)), None)
            if spelt is None:
                continue
            take = Edit(table=table, key=key, remove=(spelt,))
            if any(fold(name) != fold(alias) for name in (*entity.names, *entity.exact_names)):
                put = Edit(table=table, key="short", add=(spelt,))
                yield Candidate(text=f"require a full name beside {spelt}", edits=(take, put), cut=1)
            if key != "loose":
                put = Edit(table=table, key="loose", add=(spelt,))
                yield Candidate(text=f"require another organisation beside {spelt}", edits=(take, put), cut=2)
        if not entity.exact and alias in entity.names:
            yield Candidate(text=f"take {id_} only as it is written", edits=(Edit(table=table, key="exact", value=True),), cut=2)
        if not entity.hub and _tells_apart(id_, alias, useless, useful):
            yield replace(_never(table, id_, alias), cut=4)


def _tells_apart(id_: str, alias: str, useless: Sequence[Marked], useful: Sequence[Marked]) -> bool:
    """True where a name stands in useless hits at least twice as often as in useful ones."""
    bad, good = (_names(group)[id_, alias] / max(len(group), 1) for group in (useless, useful))
    return bad >= 2 * good


def _never(table: Path, id_: str, phrase: str) -> Candidate:
    return Candidate(text=f"never take {phrase!r} for {id_}", edits=(Edit(table=table, key="never", add=(phrase,)),))


def _longer(id_: str, alias: str, useless: Iterable[Marked], useful: Iterable[Marked]) -> list[str]:
    """Longer strings around a name that stand in useless hits and in no useful one, those in most hits first."""
    counts: Counter[str] = Counter()
    for one in useless:
        counts.update({phrase for m in one.verdict.mentions if m.id == id_ and m.alias == alias for phrase in _phrases(one.text, m)})
    good = [fold(one.text) for one in useful]
    return [phrase for phrase, _ in counts.most_common(12) if not any(fold(phrase) in text for text in good)][:3]


def _phrases(text: str, m: Mention) -> Iterator[str]:
    """The name with the capitalised words beside it; for a topic's word with any word beside it."""
    before = _AROUND.search(text[max(0, m.start - 40) : m.start])
    behind = _BEHIND.match(text[m.end : m.end + 40])
    left = before[0].split() if before else []
    right = behind[0].split() if behind else []
    for words in ([*left[-1:], m.alias], [m.alias, *right[:1]], [*left[-1:], m.alias, *right[:1]]):
        beside = [word for word in words if word != m.alias]
        if beside and all(_fits(word, m.kind) for word in beside):
            yield " ".join(words).rstrip(".,'’-")


def _fits(word: str, kind: str) -> bool:
    letters = sum(char.isalpha() for char in word)
    return letters > 1 and (kind == "topic" or word[0].isupper()) and not word.endswith((".", "'s", "’s"))


def _of_words(useless: Sequence[Marked], useful: Sequence[Marked]) -> Iterator[Candidate]:
    """Masks for expressions in which a topic's word means something else (potato chip)."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in useless:
        counts.update({(m.id, m.alias) for m in one.verdict.mentions if m.kind == "topic"})
    for (id_, alias), _ in counts.most_common(10):
        for phrase in _longer(id_, alias, useless, useful):
            yield Candidate(text=f"mask {phrase!r}", edits=(Edit(table=("mask",), key="names", add=(phrase,)),), cut=1)


def _of_bands(watchlist: Watchlist, useless: Sequence[Marked], useful: Sequence[Marked]) -> Iterator[Candidate]:
    """A higher review band: as high as no useful hit falls below it, or where none is known as drops all useless ones."""
    lowest = min((one.verdict.score for one in useful), default=None)
    worst = max((one.verdict.score for one in useless), default=None)
    if lowest is None or worst is None:
        return
    high = min(int(lowest * 10) / 10, watchlist.alert)
    if high > watchlist.review and any(one.verdict.score < high for one in useless):
        edit = Edit(table=("watchlist", watchlist.id), key="review", value=high)
        yield Candidate(text=f"review = {high:.1f} instead of {watchlist.review:.1f}", edits=(edit,), cut=3)


def _tables(watchlist: Watchlist, id_: str) -> Sequence[Path]:
    return [("side", side.id, "entity", id_) for side in watchlist.sides if any(one.id == id_ for one in side.entities)][:1]


def _entity(watchlist: Watchlist, id_: str) -> Entity:
    return next(one for side in watchlist.sides for one in side.entities if one.id == id_)
