"""Figures for Prometheus: those of the store, asked at each scrape, and those that this process counted. The only importer of prometheus_client.

Names keep the rules of Prometheus (a prefix, base units, `_total`, `_info`). Labels take values of the configuration or of a list here, never texts
from outside. Counts and durations of polls, pages and matching, and suspected gaps, are those of the process that serves: `monitor web` alone has none.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import choose_encoder

from monitor import __version__
from monitor.store.figures import Figures, figures, gaps, newest_event
from monitor.stories.group import WINDOW
from monitor.tally import BOUNDS_S, Durations, Tally
from monitor.web.desk import Answer, Asked, Route, text

FEED_STATES = ("fine", "failing", "held", "silent", "paused", "gone")
POLL_RESULTS = ("read", "unchanged", "failed")
ARTICLE_STAGES = ("seen", "read", "given_up")
STORY_STATES = ("open", "closed")
DELIVERY_RESULTS = ("sent", "again", "refused", "parked")


class _Collector:
    """One scrape: figures are taken before it, so that what the store refuses is told before anything is written."""

    def __init__(
        self, found: Figures, tally: Tally, engine: str, channels: Sequence[str], watchlists: Sequence[str], now: datetime
    ) -> None:
        self._found = found
        self._tally = tally
        self._engine = engine
        self._channels = channels
        self._watchlists = watchlists
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Every family, in the order of the flow."""
        found = self._found
        labels = {"version": __version__, "python": platform.python_version(), "engine": self._engine}
        yield _gauge("monitor_build_info", "Which program serves this; always 1.", labels, [(tuple(labels.values()), 1)])
        yield from self._intake()
        yield _counter("monitor_hits", "Articles that satisfied a watchlist.", "watchlist", dict.fromkeys(self._watchlists, 0) | found.hits)
        yield _gauge(
            "monitor_stories", "Stories that still take reports (open), and all others.", ("state",), _each(STORY_STATES, found.stories)
        )
        yield from self._outgoing()

    def _intake(self) -> Iterator[Metric]:
        found, tally = self._found, self._tally
        polls = {result: tally.count("polls", result) for result in POLL_RESULTS}
        yield _counter("monitor_feed_polls", "Polls of feeds by this process: with something to read, unchanged, failed.", "result", polls)
        yield _histogram("monitor_feed_poll_duration_seconds", "How long a feed took to answer.", tally.durations("poll"))
        yield _gauge("monitor_feeds", "Feeds by their condition.", ("state",), _each(FEED_STATES, found.feeds))
        said = "When the active feed that was read longest ago was last read; its beginning where it never was."
        yield _instant("monitor_feed_last_success_timestamp_seconds", said, found.oldest_success_at)
        yield _counter(
            "monitor_feed_gap_suspected",
            "Polls between which a feed may have dropped entries unread, seen by this process.",
            "",
            {"": tally.count("gaps", "")},
        )
        said = "Articles met in feeds (seen), of which the page was read (read) or given up for the feed's text (given_up)."
        yield _counter("monitor_articles", said, "stage", {stage: found.articles[stage] for stage in ARTICLE_STAGES})
        yield _histogram("monitor_article_fetch_duration_seconds", "How long the page of an article took to come.", tally.durations("page"))
        said = "How long it took to match an article against all watchlists and to store what came of it."
        took = tally.durations("match")
        yield SummaryMetricFamily("monitor_match_duration_seconds", said, count_value=took.times, sum_value=took.total_s)

    def _outgoing(self) -> Iterator[Metric]:
        found = self._found
        every = {(channel, result): 0 for channel in self._channels for result in DELIVERY_RESULTS} | found.attempts
        deliveries = CounterMetricFamily(
            "monitor_deliveries", "Attempts of deliveries of digests and events, by what came of them.", labels=("channel", "result")
        )
        for (channel, result), number in sorted(every.items()):
            deliveries.add_metric((channel, result), number)
        yield deliveries
        yield _gauge(
            "monitor_outbox_pending",
            "Deliveries that are not accepted yet, those that wait for an endpoint included.",
            (),
            [((), found.waiting)],
        )
        age_s = 0.0 if found.oldest_waiting_at is None else max(0.0, (self._now - found.oldest_waiting_at).total_seconds())
        yield _gauge(
            "monitor_outbox_oldest_age_seconds",
            "Age of the oldest delivery that is not accepted yet; 0 where there is none.",
            (),
            [((), age_s)],
        )
        said = "When a digest of the subscription was last accepted, or a slot of it last had nothing to tell."
        told = [((name,), at.timestamp()) for name, at in sorted(found.told_at.items())]
        yield _gauge("monitor_digest_last_success_timestamp_seconds", said, ("subscription",), told)


def metrics(asked: Asked) -> Answer:
    """All metrics, in the text format or, where that is asked for, as OpenMetrics. Raises StoreError."""
    desk = asked.desk
    found = figures(desk.store, asked.now - WINDOW, [each.name for each in desk.config.subscription])
    newest = newest_event(desk.store)
    desk.tally.add("gaps", "", gaps(desk.store, desk.tally.passed("events", newest), newest))
    channels, watchlists = [each.name for each in desk.config.channel], [each.id for each in desk.watchlists]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(found, desk.tally, desk.store.engine, channels, watchlists, asked.now))
    encode, kind = choose_encoder(asked.headers.get("accept", ""))
    return Answer(body=encode(registry), type=kind)


def _each(names: Iterable[str], numbers: Mapping[str, int]) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), numbers.get(name, 0)) for name in names]


def _gauge(name: str, said: str, labels: Iterable[str], values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=tuple(labels))
    for value_labels, value in values:
        family.add_metric(value_labels, value)
    return family


def _instant(name: str, said: str, at: datetime | None) -> Metric:
    return _gauge(name, said, (), [] if at is None else [((), at.timestamp())])


def _counter(name: str, said: str, label: str, numbers: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, said, labels=(label,) if label else ())
    for value, number in numbers.items():
        family.add_metric((value,) if label else (), number)
    return family


def _histogram(name: str, said: str, took: Durations) -> Metric:
    buckets, so_far = [], 0
    for bound, number in zip((*map(str, BOUNDS_S), "+Inf"), took.within, strict=True):
        so_far += number
        buckets.append((bound, so_far))
    return HistogramMetricFamily(name, said, buckets=buckets, sum_value=took.total_s)


def _trouble(_asked: Asked, status: int, what: str, why: str) -> Answer:
    return text(f"{status} {what}: {why}\n", status)


ROUTES = (Route(path="/metrics", answer=metrics, access="link", trouble=_trouble),)
