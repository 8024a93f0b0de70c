"""What the store keeps in short forms, in words: names by their titles, what joined a report to its story, what it brought. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.digests.document import fact_in_words
from monitor.digests.labels import Labels
from monitor.digests.wording import outlet
from monitor.model import Watchlist

LABELS = Labels("en")
_KINDS = (
    ("entity", "names"),
    ("place", "places"),
    ("figure", "figures"),
    ("day", "days"),
    ("quote", "quotes"),
    ("topic", "topics"),
    ("concept", "concepts"),
)


def titles_of(watchlists: Sequence[Watchlist]) -> dict[str, str]:
    """The title of every entity and topic of some watchlists, by id."""
    return {
        one.id: one.title for watchlist in watchlists for side in watchlist.sides for group in (side.entities, side.topics) for one in group
    }


def hubs_of(watchlists: Sequence[Watchlist]) -> frozenset[str]:
    """Entities so common that their number says nothing."""
    return frozenset(entity.id for watchlist in watchlists for side in watchlist.sides for entity in side.entities if entity.hub)


def facts(found: Sequence[str], titles: Mapping[str, str]) -> tuple[str, ...]:
    """New facts in words: `US$299`, `15 Sep`, `Marvell`."""
    return tuple(text for fact in found if (text := fact_in_words(fact, titles, LABELS)))


def because(found: Sequence[str], titles: Mapping[str, str], publishers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What joined a report to its story, by kind: (`names`, `AES, Amazon`). `publishers`: by the number of an article, for copies."""
    groups: dict[str, list[str]] = {}
    for item in found:
        kind, colon, value = item.partition(":")
        if not colon:
            groups.setdefault("text", []).append(_copy(item, publishers))
        else:
            groups.setdefault(kind, []).append(fact_in_words(f"{kind}:{value}", titles, LABELS))
    known = dict(_KINDS)
    ordered = [kind for kind, _ in _KINDS if kind in groups] + [kind for kind in groups if kind not in known]
    return tuple((known.get(kind, kind), ", ".join(dict.fromkeys(groups[kind]))) for kind in ordered)


def _copy(item: str, publishers: Mapping[str, str]) -> str:
    """`copy of 29` as `copy of Dépêches d'Asie`."""
    words, _, number = item.rpartition(" ")
    return f"{words} {outlet(publishers[number])}" if number in publishers else item
