"""What a hit brings to its story: it is new, an update that names new facts, or an echo. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from monitor.stories.days import ahead
from monitor.stories.facts import value_of
from monitor.stories.fingerprint import Fingerprint
from monitor.stories.progress import STEPS

_SAME_FIGURE = 0.01
"""Figures of one kind so near each other are one, rounded: 1.6 and 1.599 billion."""

_SAME_QUOTE = 0.5
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that the reports of a story told: how many there were, whom and what they named, how far the matter was."""

    reports: int = 0
    step: str = STEPS[0]
    confirms: bool = False
    entities: frozenset[str] = _NONE
    figures: frozenset[str] = _NONE
    days: frozenset[str] = _NONE
    quotes: frozenset[str] = _NONE
    quote_langs: frozenset[str] = _NONE
    addresses: frozenset[str] = _NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """new | update | echo, with the new facts of an update.

    `entity:marvell`, `figure:USD:200000000`, `day:09-15`, `step:signed`, `quote` and `official` (a confirmation).
    """

    kind: str
    delta: tuple[str, ...] = ()


def told(known: Known, hit: Fingerprint) -> Known:
    """What is known once a hit is told. Quiet hits do not count: what lay in a feed before it was first polled was never shown to anybody."""
    if hit.quiet:
        return known
    return Known(
        reports=known.reports + 1,
        step=max(known.step, hit.step or STEPS[0], key=STEPS.index),
        confirms=known.confirms or hit.confirms,
        entities=known.entities | hit.entities,
        figures=known.figures | hit.all_figures,
        days=known.days | hit.all_days,
        quotes=known.quotes | hit.quotes,
        quote_langs=known.quote_langs | ({hit.lang} if hit.quotes else _NONE),
        addresses=known.addresses | ({hit.address} if hit.address else _NONE),
    )


def known_of(hits: Iterable[Fingerprint]) -> Known:
    """What several hits tell together."""
    known = Known()
    for hit in hits:
        known = told(known, hit)
    return known


def novelty(hit: Fingerprint, known: Known, copy: bool = False) -> Novelty:
    """What `hit` adds to what its story told. `copy`: it is the text of another report, and brings nothing.

    Only the news of the report speaks: names and figures of its background belong to older stories.
    """
    if not known.reports or hit.quiet:
        return Novelty(kind="new")
    if copy or hit.copy_of or hit.address in known.addresses:
        return Novelty(kind="echo")
    delta = (
        *(f"step:{hit.step}" for _ in range(_is_further(hit.step, known.step))),
        *(f"figure:{figure}" for figure in sorted(hit.figures) if not _is_known(figure, known.figures)),
        *(f"entity:{actor}" for actor in sorted(hit.actors - known.entities)),
        *(f"day:{day}" for day in sorted(hit.days - known.days) if ahead(day, hit.at.date())),
        *("official" for _ in range(hit.confirms and not known.confirms)),
        *("quote" for _ in range(_quotes_anew(hit, known))),
    )
    return Novelty(kind="update" if delta else "echo", delta=delta)


def _is_further(step: str, known: str) -> bool:
    return step in STEPS and STEPS.index(step) > STEPS.index(known)


def _is_known(figure: str, known: frozenset[str]) -> bool:
    if figure in known:
        return True
    kind, value = figure.partition(":")[0], value_of(figure)
    near = (value_of(other) for other in known if other.partition(":")[0] == kind)
    return any(abs(value - other) <= _SAME_FIGURE * max(value, other) for other in near)


def _quotes_anew(hit: Fingerprint, known: Known) -> bool:
    """Whether a hit quotes what nobody quoted. Where only reports in other languages quoted, it is their translation."""
    if not hit.quotes or (known.quotes and hit.lang not in known.quote_langs):
        return False
    return not any(_overlap(quote, other) >= _SAME_QUOTE for quote in hit.quotes for other in known.quotes)


def _overlap(one: str, other: str) -> float:
    a, b = set(one.split()), set(other.split())
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


_SETS = tuple(field.name for field in fields(Known) if field.type == "frozenset[str]")


def known_to_json(known: Known) -> dict[str, Any]:
    """What is known, as stored."""
    sets = {name: sorted(found) for name in _SETS if (found := getattr(known, name))}
    return {"reports": known.reports, "step": known.step, "confirms": known.confirms, **sets}


def known_from_json(stored: dict[str, Any]) -> Known:
    """What `known_to_json` stored."""
    sets: dict[str, Any] = {name: frozenset(stored[name]) for name in _SETS if name in stored}
    return Known(reports=stored["reports"], step=stored["step"], confirms=stored["confirms"], **sets)
