"""What polling is told and what it tells: the settings of all feeds, the pace of one, the counts of a visit. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.config import FeedSettings, FeedsSettings
from monitor.feeds.cadence import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
    """How feeds are polled: the configured feeds, their defaults, and how we present ourselves."""

    feeds: tuple[FeedSettings, ...]
    defaults: FeedsSettings
    agent: str
    allow_private: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollCounts:
    """What one visit polled: feeds asked, unchanged, failed; entries new and revised. refused: the host asked everybody to wait."""

    polled: int = 0
    unchanged: int = 0
    failing: int = 0
    new: int = 0
    revised: int = 0
    refused: int = 0

    def plus(self, other: PollCounts) -> PollCounts:
        """The sum of two visits."""
        return PollCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


def pace_of(feed: FeedSettings, defaults: FeedsSettings) -> Pace:
    """How often a feed is polled usually, at least and at most: its own interval, else the common one."""
    usual_s = (feed.interval_min or defaults.interval_min) * 60
    return Pace(usual_s=usual_s, least_s=min(usual_s, defaults.min_interval_min * 60), most_s=max(usual_s, defaults.max_interval_h * 3600))
