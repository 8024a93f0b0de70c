"""What a feed is worth: how often it was first and by how much, how much of it was echo, how much of it people found useful. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

MOST_EARLIER = timedelta(days=2)
"""A date that lies further before the poll that found it says little about who was first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A hit as one feed showed it. `at`: when the paper had it; `novelty`: new, developing or echo; `copied`: its text is another article's.

    `mark`: useful or useless, as somebody thought last of it.
    """

    feed: str
    hit: int
    story: int
    at: datetime
    novelty: str
    copied: bool
    mark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """A feed's part in the stories of a span.

    stories   that it had;  alone: those nobody else had
    firsts    those of the shared ones in which it was first;  first_share: of the shared ones
    lead_min  median of minutes that the next other report came later, where it was first
    lag_min   median of minutes that it came later than the first, where it was not
    echo_share  of its hits, those that brought nothing new to their story or copied another text
    precision   of its marked hits, those marked useful; None where nobody marked any
    """

    stories: int
    alone: int
    firsts: int
    first_share: float | None
    lead_min: int | None
    lag_min: int | None
    echo_share: float | None
    useful: int
    useless: int

    @property
    def precision(self) -> float | None:
        """Useful among marked."""
        marked = self.useful + self.useless
        return round(self.useful / marked, 2) if marked else None


def published(published_at: datetime | None, seen_at: datetime) -> datetime:
    """When a paper had a report: its own date where it can be believed, else when a poll saw it."""
    believed = published_at is not None and timedelta() <= seen_at - published_at <= MOST_EARLIER
    return published_at if believed and published_at is not None else seen_at


def weigh(reports: Iterable[Report]) -> dict[str, Worth]:
    """The worth of each feed that has a report."""
    stories: dict[int, list[Report]] = defaultdict(list)
    own: dict[str, dict[int, list[Report]]] = defaultdict(lambda: defaultdict(list))
    for report in reports:
        stories[report.story].append(report)
        own[report.feed][report.story].append(report)
    return {feed: _worth(parts, stories) for feed, parts in own.items()}


def _worth(own: Mapping[int, Sequence[Report]], stories: Mapping[int, Sequence[Report]]) -> Worth:
    leads: list[float] = []
    lags: list[float] = []
    alone = 0
    for story, mine in own.items():
        shown = {report.hit for report in mine}
        # The same page in two feeds of one paper is one report: neither is ahead of the other.
        others = [report.at for report in stories[story] if report.hit not in shown]
        if not others:
            alone += 1
            continue
        ahead = (min(others) - min(report.at for report in mine)) / timedelta(minutes=1)
        (leads if ahead >= 0 else lags).append(abs(ahead))
    hits = {report.hit: report for parts in own.values() for report in parts}.values()
    shared = len(own) - alone
    return Worth(
        stories=len(own),
        alone=alone,
        firsts=len(leads),
        first_share=round(len(leads) / shared, 2) if shared else None,
        lead_min=round(median(leads)) if leads else None,
        lag_min=round(median(lags)) if lags else None,
        echo_share=round(sum(report.novelty == "echo" or report.copied for report in hits) / len(hits), 2),
        useful=sum(report.mark == "useful" for report in hits),
        useless=sum(report.mark == "useless" for report in hits),
    )
