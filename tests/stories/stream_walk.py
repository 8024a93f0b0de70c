"""The recorded stream (tests/stories/stream): its reports, and the walk of them through match, group and plan with two digests a day."""

from __future__ import annotations

import asyncio
import itertools
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.digests.step import plan
from monitor.hits.compile import compile_matcher
from monitor.hits.match import Matcher
from monitor.hits.step import register
from monitor.hours import to_text
from monitor.model import Subscription, Watchlist
from monitor.starter import files
from monitor.store import subscriptions
from monitor.store.driver import Row, Store
from monitor.store.hits import due, save
from monitor.stories import step as stories
from monitor.text import fold
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from tests.digests.rows import channels

FOLDER = Path(__file__).parent / "stream"
FIRST_DAY = datetime(2031, 3, 3, tzinfo=UTC)
DAYS = 10
PLANNED = (0, 5)
"""The hours of UTC at which the digests of 07:00 and 12:00 in Hanoi are planned."""

TWICE_A_DAY = Subscription(
    name="desk",
    title="VN-US tech",
    watchlists=("vietnam-us-tech",),
    channels=("desk",),
    at=("07:00", "12:00"),
    days="mon-sun",
    timezone="Asia/Ho_Chi_Minh",
    max_items=40,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of the stream with its labels."""

    id: str
    at: datetime
    lang: str
    source: str
    story: str
    novelty: str
    title: str
    text: str
    copies: str = ""
    credit: str = ""


def reports() -> tuple[Report, ...]:
    """All reports in the order of their arrival."""
    found = [Report(**item) for path in sorted(FOLDER.glob("*.toml")) for item in tomllib.loads(path.read_text(encoding="utf-8"))["item"]]
    return tuple(sorted(found, key=lambda report: (report.at, report.id)))


def shipped() -> tuple[Watchlist, ...]:
    """The watchlist that the program ships."""
    name = "seeds/vietnam-us-tech.toml"
    return parse_watchlists(files()[name], name, load())


def walk(store: Store, wanted: Subscription = TWICE_A_DAY, only: tuple[str, ...] = ()) -> tuple[Report, ...]:
    """Lets the stream pass through the store: an hour's reports are matched and grouped, digests are planned at their times.

    `only` names the stories whose reports pass. Returns the reports.
    """
    found = tuple(report for report in reports() if not only or report.story in only)
    watchlists = shipped()
    matcher = register(store, compile_matcher(watchlists), FIRST_DAY)
    subscriptions.sync(store, (wanted,), FIRST_DAY)
    number = itertools.count(1)
    for hour in range(24 * DAYS + 2):
        start = FIRST_DAY + timedelta(hours=hour)
        now = start + timedelta(hours=1)
        arrived = [report for report in found if start <= report.at < now]
        for report in arrived:
            _publish(store, report)
        if arrived:
            _match(store, matcher, now)
            asyncio.run(stories.group(store=store, clock=lambda now=now: now, limit=500, watchlists=watchlists))
        if now.hour in PLANNED:
            asyncio.run(
                plan(
                    store=store,
                    clock=lambda now=now: now,  # type: ignore[misc]
                    new_id=lambda: f"id-{next(number)}",
                    subscriptions=(wanted,),
                    channels=channels(),
                )
            )
    return found


def publish_and_match(store: Store, matcher: Matcher, report: Report, source: str, now: datetime) -> None:
    """One report of the stream once more, from another outlet."""
    _publish(store, replace(report, source=source))
    _match(store, matcher, now)


def _match(store: Store, matcher: Matcher, now: datetime) -> None:
    """Every report becomes a hit with the evidence found in it, for a look at least: what the matcher misses is measured elsewhere."""
    for article in due(store, matcher.rev, 500):
        verdicts = [matcher.verdict_of(each.id, article.title, article.text, article.lang) for each in matcher.watchlists]
        kept = [replace(verdict, band=verdict.band or "review") for verdict in verdicts]
        save(store, article, kept, matcher.rev, matcher.version_ids, now)


def _publish(store: Store, report: Report) -> None:
    url = f"https://{report.source}/{report.id}"
    with store.write():
        row = store.one(
            "insert into articles(url_key, url, title, publisher, lang, published_at, first_seen_at, state, text_source, matched_rev)"
            " values (:key, :url, :title, :publisher, :lang, :at, :at, 'done', 'page', 0) returning id",
            key=f"{report.source}/{report.id}",
            url=url,
            title=report.title,
            publisher=report.source,
            lang=report.lang,
            at=to_text(report.at),
        )
        assert row is not None
        store.run(
            "insert into texts(article_id, text, folded) values (:id, :text, :folded)",
            id=row["id"],
            text=report.text,
            folded=fold(f"{report.title}\n{report.text}"),
        )


def outcome(store: Store) -> dict[str, Row]:
    """What became of each report that is a hit, by report id: story, novelty, delta_json, joined_json."""
    rows = store.all(
        "select a.url_key, h.id as hit, h.story_id as story, h.novelty, h.delta_json, h.joined_json, h.band, h.score"
        " from hits h join articles a on a.id = h.article_id order by h.id"
    )
    return {row["url_key"].rpartition("/")[2]: row for row in rows}


def b_cubed(pairs: list[tuple[object, object]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of (true, found) labels."""
    cell, true, found = Counter(pairs), Counter(t for t, _ in pairs), Counter(f for _, f in pairs)
    precision = sum(n * n / found[f] for (_, f), n in cell.items()) / len(pairs)
    recall = sum(n * n / true[t] for (t, _), n in cell.items()) / len(pairs)
    return precision, recall, 2 * precision * recall / (precision + recall)
