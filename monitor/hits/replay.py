"""What a changed watchlist would do to stored history: hits that come, go or change their band, and the names that cause most of them. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from monitor.hits.match import Matcher
from monitor.model import Band, Mention, Verdict

NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the version in force says of a text, where the store has it: no need to match again."""

    band: Band | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastText:
    """A stored text. `hit` and `mark` (useful, useless or "") are those of the watchlist that is tried; `counted`: it lies in the span asked for.

    `standing` None: the version in force is asked again.
    """

    article: int
    title: str
    text: str
    lang: str
    teaser: bool
    url: str
    publisher: str
    first_seen_at: datetime
    hit: int | None = None
    mark: str = ""
    counted: bool = True
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A text that is judged otherwise. kind: new | lost | raised (to alert) | lowered (to review). `because`: the new verdict's first reason."""

    kind: str
    article: int
    hit: int | None
    mark: str
    title: str
    url: str
    publisher: str
    lang: str
    first_seen_at: datetime
    band_before: Band | None
    band_after: Band | None
    score_before: float
    score_after: float
    because: str
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """An entity or topic that hits of the tried watchlist name: in how many, in how many of them alone on its side, in how many of the new ones."""

    id: str
    title: str
    side: str
    hits: int
    alone: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole comparison. Counts are of texts in the span; `lost_useful` are hits marked useful that would be lost, of any time."""

    texts: int
    before: dict[str, int]
    after: dict[str, int]
    differences: tuple[Difference, ...]
    lost_useful: tuple[Difference, ...]
    causes: tuple[Cause, ...]

    def of(self, kind: str) -> tuple[Difference, ...]:
        """The differences of one kind in the span, in the order of the texts."""
        return tuple(one for one in self.differences if one.kind == kind and one.counted)


class Replay:
    """Judges texts by both matchers, one after the other, and keeps only what differs. `before` None: nothing was in force."""

    def __init__(self, watchlist: str, before: Matcher | None, after: Matcher) -> None:
        self._watchlist = watchlist
        self._before = before
        self._after = after
        self._texts = 0
        self._bands: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._differences: list[Difference] = []
        self._causes: dict[tuple[str, str], list[int]] = {}
        self._titles: dict[tuple[str, str], str] = {}

    def judge(self, past: PastText) -> None:
        """Takes one text into the comparison."""
        was = self._standing(past)
        now = self._verdict(self._after, past)
        kind = _kind(was.band, now.band)
        if past.counted:
            self._texts += 1
            self._bands[0][was.band or ""] += 1
            self._bands[1][now.band or ""] += 1
            if now.band is not None:
                self._count_causes(now.mentions, kind == "new")
        if kind:
            self._differences.append(_difference(kind, past, was, now))

    def outcome(self) -> Outcome:
        """What the texts so far gave."""
        causes = (
            Cause(id=id_, side=side, title=self._titles[id_, side], hits=counts[0], alone=counts[1], new=counts[2])
            for (id_, side), counts in self._causes.items()
        )
        found = tuple(self._differences)
        return Outcome(
            texts=self._texts,
            before=_bands(self._bands[0]),
            after=_bands(self._bands[1]),
            differences=found,
            lost_useful=tuple(one for one in found if one.kind == "lost" and one.mark == "useful"),
            causes=tuple(sorted(causes, key=lambda one: (-one.new, -one.alone, -one.hits, one.id))[:NAMES_SHOWN]),
        )

    def _standing(self, past: PastText) -> Standing:
        if self._before is None:
            return Standing()
        if past.standing is not None:
            return past.standing
        verdict = self._verdict(self._before, past)
        return Standing(band=verdict.band, score=verdict.score)

    def _verdict(self, matcher: Matcher, past: PastText) -> Verdict:
        return matcher.verdict_of(self._watchlist, past.title, past.text, past.lang, past.teaser)

    def _count_causes(self, mentions: tuple[Mention, ...], is_new: bool) -> None:
        named: dict[str, dict[str, str]] = {}
        for mention in mentions:
            if mention.side:
                named.setdefault(mention.side, {}).setdefault(mention.id, mention.title)
        for side, ids in named.items():
            for id_, title in ids.items():
                counts = self._causes.setdefault((id_, side), [0, 0, 0])
                self._titles[id_, side] = title
                counts[0] += 1
                counts[1] += len(ids) == 1
                counts[2] += is_new


def _bands(counts: Counter[str]) -> dict[str, int]:
    return {"alert": counts["alert"], "review": counts["review"]}


def _kind(before: Band | None, after: Band | None) -> str:
    if before == after:
        return ""
    if before is None or after is None:
        return "new" if before is None else "lost"
    return "raised" if after == "alert" else "lowered"


def _difference(kind: str, past: PastText, was: Standing, now: Verdict) -> Difference:
    return Difference(
        kind=kind,
        article=past.article,
        hit=past.hit,
        mark=past.mark,
        title=past.title,
        url=past.url,
        publisher=past.publisher,
        lang=past.lang,
        first_seen_at=past.first_seen_at,
        band_before=was.band,
        band_after=now.band,
        score_before=was.score,
        score_after=now.score,
        because=next(iter(now.reasons), ""),
        counted=past.counted,
    )
