"""One story: who had it first and who followed, in which languages, what each report brought and what joined it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.digests.document import figure_in_words
from monitor.digests.wording import outlet
from monitor.errors import NothingSelected
from monitor.hours import from_text
from monitor.store import stories as stored
from monitor.store.driver import Row
from monitor.web.desk import Answer, Asked
from monitor.web.render import page, span
from monitor.web.words import LABELS, because, facts, titles_of

MOST_REPORTS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One member of a story. `at`: its publication, else its first sight; `after`: how long after the first, in words.

    `brings`: new facts; `joined`: what joined it, as (kind, words) pairs, with how strongly; `credit`: the agency whose text it is.
    """

    row: Row
    at: str
    after: str
    outlet: str
    credit: str
    copy: bool
    brings: tuple[str, ...]
    joined: tuple[tuple[str, str], ...]
    strength: float
    nearest: int | None


def story(asked: Asked) -> Answer:
    """The page of a story; one that was merged into another says so."""
    store = asked.desk.store
    found = stored.get(store, asked.number())
    if found is None:
        raise NothingSelected("there is no such story")
    titles = titles_of(asked.desk.watchlists)
    rows = stored.members(store, found.id)
    links = stored.links(store, found.id)
    reports = _reports(rows[:MOST_REPORTS], titles)
    return page(
        asked,
        "story.html",
        found.title or "Untitled story",
        story=found,
        reports=reports,
        more=max(0, len(rows) - MOST_REPORTS),
        first=reports[0] if reports else None,
        langs=_languages(rows),
        facts=_facts(links["known"], titles),
        differs=[
            (_money(one), outlet(source), _money(other), outlet(other_source)) for one, source, other, other_source in links["differs"]
        ],
        links=links,
    )


def _reports(rows: Sequence[Row], titles: Mapping[str, str]) -> tuple[Report, ...]:
    publishers = {str(row["article"]): row["publisher"] for row in rows}
    first = _at(rows[0]) if rows else ""
    return tuple(_report(row, first, titles, publishers) for row in rows)


def _report(row: Row, first: str, titles: Mapping[str, str], publishers: Mapping[str, str]) -> Report:
    joined = json.loads(row["joined_json"] or "{}")
    at = _at(row)
    later = from_text(at) - from_text(first)
    return Report(
        row=row,
        at=at,
        after=f"+{span(later)}" if later >= timedelta(minutes=1) else "",
        outlet=outlet(row["publisher"]),
        credit=str(joined.get("credit", "")),
        copy=bool(joined.get("copy")),
        brings=facts(json.loads(row["delta_json"] or "[]"), titles),
        joined=because(joined.get("because", ()), titles, publishers),
        strength=float(joined.get("score") or 0.0),
        nearest=joined.get("nearest"),
    )


def _at(row: Row) -> str:
    return str(row["published_at"] or row["first_seen_at"])


def _languages(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return sorted(Counter(row["lang"] or "?" for row in rows).items(), key=lambda pair: (-pair[1], pair[0]))


def _facts(known: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the reports told together, as (kind, words) pairs; kinds of which nothing is known are left out."""
    kinds = (("Names", "entities", "entity"), ("Figures", "figures", "figure"), ("Days", "days", "day"))
    told = [(label, ", ".join(facts([f"{kind}:{value}" for value in known.get(name, ())], titles))) for label, name, kind in kinds]
    if known.get("step"):
        told.append(("Stage", str(known["step"])))
    return [(label, words) for label, words in told if words]


def _money(figure: str) -> str:
    return figure_in_words(figure, LABELS)
