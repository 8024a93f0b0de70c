"""The digest as one document: everything any form of it shows, fit to be shown, as plain values. Its JSON is the digest's payload. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from monitor.digests.coverage import Coverage
from monitor.digests.days import Days
from monitor.digests.labels import Labels
from monitor.digests.select import Candidate, Item, Selection
from monitor.digests.wording import language, link, outlet, pieces, shown
from monitor.hours import to_text
from monitor.model import Subscription, Verdict
from monitor.text import fold

MAX_OUTLETS = 8
MAX_ALSO = 40
_MAX_NAMES = 4
_MAX_DIFFERS = 2
_UNKNOWN = Coverage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A headline that links to its article."""

    headline: str
    lang: str = ""
    url: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item. `names`: the names found, side by side of the rule; `together`: they stand in the quoted sentence. Times are stored text.

    `differs`: sums that its reports disagree on, with their sources. `earlier`: the story it goes on from. `first`: the outlet that had it first;
    `first_seen_at` is when. `copies`: (agency or "", reports that repeat another) pairs.
    `outlets`: the first reporters as lines, independent of how many `reports` there are; `langs`: (language, reports) pairs.
    """

    kind: str
    story: int
    hit: int
    line: Line
    first_seen_at: str
    published_at: str = ""
    told_at: str = ""
    sentence: tuple[tuple[str, bool], ...] = ()
    names: tuple[tuple[str, ...], ...] = ()
    together: bool = False
    topics: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    outlets: tuple[Line, ...] = ()
    more_outlets: int = 0
    reports: int = 1
    langs: tuple[tuple[str, int], ...] = ()
    score: float = 0.0
    differs: tuple[str, ...] = ()
    earlier: Line | None = None
    earlier_at: str = ""
    first: str = ""
    copies: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A digest. Instants are stored text; `asked`: made on request; `late`: made well after it was due; `missed`: earlier slots it stands in for.
    `days`: hits on each of the latest days."""

    uid: str
    subscription: str
    title: str
    lang: str
    zone: str
    slot: str
    due_at: str
    made_at: str
    covers_from_at: str
    entries: tuple[Entry, ...]
    coverage: Coverage = _UNKNOWN
    asked: bool = False
    late: bool = False
    missed: int = 0
    also: tuple[Line, ...] = ()
    also_more: int = 0
    below: int = 0
    echoes: int = 0
    found_more: int = 0
    kind: str = "digest"
    days: Days = ()

    def of(self, kind: str) -> tuple[Entry, ...]:
        """The entries of one kind, in order."""
        return tuple(entry for entry in self.entries if entry.kind == kind)

    @property
    def also_count(self) -> int:
        """How many developments are named under Also, or only counted there."""
        return len(self.also) + self.also_more + self.below


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When and for which slot a digest is made. `label` names the slot; `covers_from_at` is the end of the last digest.
    kind: digest | urgent (told at once, outside the schedule). `days`: hits on each of the latest days."""

    uid: str
    label: str
    due_at: datetime
    made_at: datetime
    covers_from_at: datetime
    asked: bool = False
    late: bool = False
    missed: int = 0
    kind: str = "digest"
    days: Days = ()


def document(
    subscription: Subscription,
    occasion: Occasion,
    selection: Selection,
    verdicts: Mapping[int, Verdict],
    coverage: Coverage,
    stories: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
) -> Document:
    """Puts a selection into words. `verdicts` holds the evidence of the hits whose headline is shown, by hit; `stories` what is known of each
    story beyond the hits told now (`store.stories.background`)."""
    labels = Labels(subscription.lang)
    return Document(
        uid=occasion.uid,
        subscription=subscription.name,
        title=shown(subscription.title, 80),
        lang=subscription.lang,
        zone=subscription.timezone,
        slot=occasion.label,
        due_at=to_text(occasion.due_at),
        made_at=to_text(occasion.made_at),
        covers_from_at=to_text(occasion.covers_from_at),
        asked=occasion.asked,
        late=occasion.late,
        missed=occasion.missed,
        kind=occasion.kind,
        days=occasion.days,
        entries=tuple(
            _with_background(
                _entry(item, verdicts[item.shown.hit], verdicts[item.lead.hit], labels), stories.get(item.lead.story, {}), labels
            )
            for item in selection.items
        ),
        also=tuple(_line(item.shown, labels) for item in selection.overflow[:MAX_ALSO]),
        also_more=max(0, len(selection.overflow) - MAX_ALSO),
        below=selection.below,
        echoes=selection.echoes,
        coverage=coverage,
        found_more=selection.found_more,
    )


def _line(c: Candidate, labels: Labels) -> Line:
    return Line(headline=shown(c.title) or labels.word("untitled"), lang=language(c.lang), url=link(c.url), outlet=outlet(c.publisher))


def _entry(item: Item, evidence: Verdict, best: Verdict, labels: Labels) -> Entry:
    evidence = evidence if evidence.snippet.text else best
    names, together = _names(evidence)
    told = [c.told_at for c in item.members if c.told_at is not None]
    outlets = _outlets(item)
    line = _line(item.shown, labels)
    langs = Counter(language(c.lang) or "?" for c in item.members)
    return Entry(
        kind=item.kind,
        story=item.lead.story,
        hit=item.shown.hit,
        line=line,
        sentence=() if fold(evidence.snippet.text) == fold(line.headline) else pieces(evidence.snippet.text, _name_marks(evidence)),
        names=names,
        together=together,
        topics=tuple(dict.fromkeys(shown(m.title, 60) for m in evidence.mentions if m.kind == "topic"))[:3],
        brings=_brings(item, evidence, best, labels),
        outlets=tuple(_line(c, labels) for c in outlets[:MAX_OUTLETS]),
        more_outlets=max(0, len(outlets) - MAX_OUTLETS),
        reports=len(item.members),
        langs=tuple(sorted(langs.items(), key=lambda pair: (-pair[1], pair[0]))),
        first_seen_at=to_text(min(c.first_seen_at for c in item.members)),
        published_at=to_text(item.shown.published_at) if item.shown.published_at else "",
        told_at=to_text(max(told)) if told else "",
        score=round(item.lead.score, 3),
    )


def _with_background(entry: Entry, about: Mapping[str, Any], labels: Labels) -> Entry:
    """The entry with what its story told before: who had it first, copies, sums that differ, the story it goes on from."""
    earlier, first = about.get("earlier"), about.get("first")
    differs = tuple(
        labels.word(
            "versus",
            one=figure_in_words(one, labels),
            source=outlet(source),
            other=figure_in_words(other, labels),
            other_source=outlet(other_source),
        )
        for one, source, other, other_source in about.get("differs", ())[:_MAX_DIFFERS]
    )
    return replace(
        entry,
        differs=differs,
        earlier=Line(
            headline=shown(earlier["title"]) or labels.word("untitled"),
            lang=language(earlier["lang"]),
            url=link(earlier["url"] or ""),
            outlet=outlet(earlier["publisher"] or ""),
        )
        if earlier
        else None,
        earlier_at=earlier["at"] if earlier else "",
        first=outlet(first[0]) if first else "",
        first_seen_at=min(entry.first_seen_at, first[1]) if first else entry.first_seen_at,
        copies=tuple((shown(agency, 60), n) for agency, n in about.get("copies", ())),
    )


def _outlets(item: Item) -> list[Candidate]:
    """The shown report first, then one per publisher and language, in order of first sight."""
    found: dict[tuple[str, str], Candidate] = {(item.shown.publisher, item.shown.lang): item.shown}
    for c in sorted(item.members, key=lambda c: (c.first_seen_at, c.hit)):
        found.setdefault((c.publisher, c.lang), c)
    return list(found.values())


def _names(verdict: Verdict) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """The entities named in the quoted sentence, by side in the order of the text; those of the whole text where the sentence names one side only."""
    quoted = {verdict.snippet.text[start:end] for start, end in verdict.snippet.marks}
    inside = _by_side(verdict, quoted)
    return (inside, True) if len(inside) > 1 else (_by_side(verdict, None), False)


def _name_marks(verdict: Verdict) -> tuple[tuple[int, int], ...]:
    """Where names stand in the quoted sentence; words of a topic are not marked."""
    aliases = {m.alias for m in verdict.mentions if m.kind == "entity"}
    return tuple((start, end) for start, end in verdict.snippet.marks if verdict.snippet.text[start:end] in aliases)


def _by_side(verdict: Verdict, aliases: set[str] | None) -> tuple[tuple[str, ...], ...]:
    sides: dict[str, dict[str, None]] = {}
    for m in sorted(verdict.mentions, key=lambda m: m.start):
        if m.kind == "entity" and (aliases is None or m.alias in aliases):
            sides.setdefault(m.side, {}).setdefault(shown(m.title, 60))
    return tuple(tuple(list(names)[:_MAX_NAMES]) for names in sides.values())


def _brings(item: Item, evidence: Verdict, best: Verdict, labels: Labels) -> tuple[str, ...]:
    titles = {m.id: m.title for verdict in (evidence, best) for m in verdict.mentions}
    said = "\n".join((*(c.title for c in item.members), evidence.snippet.text, best.snippet.text))
    return tuple(_counted(fact, text, said) for fact in item.delta if (text := fact_in_words(fact, titles, labels)))


def _counted(fact: str, text: str, said: str) -> str:
    """A bare number with what it counts, as the report has it: `1,000 jobs`; alone where the report has it otherwise."""
    kind, _, value = fact.partition("n:")
    if kind != "figure:" or not value.isdigit():
        return text
    written = "|".join(re.escape(f"{int(value):,}".replace(",", sign)) for sign in (",", ".", " ", "\u202f", "\u00a0", ""))
    found = re.search(rf"(?<![\d.,])(?:{written}) ([^\W\d_]+(?: [^\W\d_]+)?)", said)
    return f"{text} {found[1]}" if found else text


def fact_in_words(fact: str, titles: Mapping[str, str], labels: Labels) -> str:
    """A new fact in words: `figure:USD:200000000`, `day:09-15`, `step:signed`, `quote`, `official`, `entity:marvell`."""
    kind, _, value = fact.partition(":")
    match kind:
        case "figure":
            return figure_in_words(value, labels)
        case "day":
            return labels.day_of(int(value[:2]), int(value[3:]))
        case "step" | "quote" | "official":
            return labels.word(value or kind)
        case _:
            return shown(titles.get(value, value.replace("-", " ")), 60)


def figure_in_words(figure: str, labels: Labels) -> str:
    """A figure with its kind, as stories keep it (`USD:200000000`, `n:1000`), in words."""
    kind, _, value = figure.partition(":")
    return labels.figure(kind, float(value))
