"""Metrics: the names people expect, by the rules of Prometheus, read back with its own parser; and who may see them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from monitor.store import subscriptions
from monitor.store.counted import SETTLED, counted, move_marks
from monitor.store.driver import Store
from monitor.store.figures import figures, gaps, newest_event
from monitor.store.steps import record_event
from monitor.tally import Tally
from tests.digests.rows import SEVEN, Rows, subscription
from tests.web.serving import TOKEN, Dashboard

EXPECTED = {
    "monitor_build_info": ("gauge", {"version", "python", "engine"}),
    "monitor_feed_polls_total": ("counter", {"result"}),
    "monitor_feed_poll_duration_seconds": ("histogram", set()),
    "monitor_feeds": ("gauge", {"state"}),
    "monitor_feed_last_success_timestamp_seconds": ("gauge", set()),
    "monitor_articles_total": ("counter", {"stage"}),
    "monitor_article_fetch_duration_seconds": ("histogram", set()),
    "monitor_match_duration_seconds": ("summary", set()),
    "monitor_hits_total": ("counter", {"watchlist"}),
    "monitor_stories": ("gauge", {"state"}),
    "monitor_deliveries_total": ("counter", {"channel", "result"}),
    "monitor_outbox_pending": ("gauge", set()),
    "monitor_outbox_oldest_age_seconds": ("gauge", set()),
    "monitor_digest_last_success_timestamp_seconds": ("gauge", {"subscription"}),
    "monitor_feed_gap_suspected_total": ("counter", set()),
}
UNITS = ("_seconds", "_bytes", "_ratio", "_total", "_info")
OTHER_UNITS = re.compile(r"_(ms|milliseconds|minutes|hours|days|kb|kib|mb|mib|percent|count|sum|bucket)(_|$)")
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def scraped(dashboard: Dashboard) -> str:
    """What a scrape of the demo's database gives, some of it counted by the process."""
    tally: Tally = dashboard.desk.tally
    tally.add("polls", "failed", 3)
    for seconds in (0.04, 0.2, 99.0):
        tally.took("poll", seconds)
    tally.took("match", 0.5, 10)
    with dashboard.stranger() as client:
        answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.text


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_expected_name_and_no_other(scraped: str) -> None:
    """The families, their types and their labels are those of the conventions."""
    found = {}
    for family in text_string_to_metric_families(scraped):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels)
    assert found == EXPECTED


def test_names_keep_the_rules_of_prometheus(scraped: str) -> None:
    """As promtool checks: help for each, the program's prefix, base units, `_total` on counters and on nothing else, one family a name."""
    names = []
    for line in scraped.splitlines():
        if line.startswith("# HELP "):
            _, _, name, said = line.split(" ", 3)
            assert said.strip().endswith("."), name
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            names.append(name)
            assert re.fullmatch(r"monitor(_[a-z]+)+", name)
            assert name.endswith("_total") == (kind == "counter")
            assert not OTHER_UNITS.search(name)
            assert kind not in {"histogram", "summary"} or name.endswith(("_seconds", "_bytes"))
            assert not any(unit in name.removesuffix(unit) for unit in UNITS if name.endswith(unit))
    assert len(names) == len(set(names))


def test_labels_are_few_and_known(scraped: str, dashboard: Dashboard) -> None:
    """Labels come from the configuration or a list of our own: the number of series does not grow with news."""
    known = {each.name for each in dashboard.config.channel} | {each.name for each in dashboard.config.subscription}
    known |= {each.id for each in dashboard.desk.watchlists}
    found = samples(scraped)
    for _, labels in found:
        for name, value in labels:
            if name in {"channel", "subscription", "watchlist"}:
                assert value in known
    assert len(found) < 120


def test_figures_are_those_of_the_demo(scraped: str, dashboard: Dashboard) -> None:
    """Hits, feeds and deliveries as the store has them; polls and durations as this process took them."""
    found = samples(scraped)
    row = dashboard.store.one("select (select count(*) from hits) as hits, (select count(*) from articles) as articles")
    assert row is not None
    assert sum(value for (name, _), value in found.items() if name == "monitor_hits_total") == row["hits"] > 0
    assert found["monitor_articles_total", (("stage", "seen"),)] == row["articles"]
    assert (
        found["monitor_articles_total", (("stage", "read"),)] + found["monitor_articles_total", (("stage", "given_up"),)] <= row["articles"]
    )
    assert sum(value for (name, _), value in found.items() if name == "monitor_feeds") == len(dashboard.config.feed)
    assert found["monitor_feeds", (("state", "failing"),)] > 0
    assert sum(value for (name, labels), value in found.items() if name == "monitor_deliveries_total" and ("result", "sent") in labels) > 0
    assert found["monitor_feed_polls_total", (("result", "failed"),)] == 3
    assert found["monitor_feed_poll_duration_seconds_bucket", (("le", "0.25"),)] == 2
    assert (
        found["monitor_feed_poll_duration_seconds_bucket", (("le", "+Inf"),)] == found["monitor_feed_poll_duration_seconds_count", ()] == 3
    )
    assert found["monitor_match_duration_seconds_sum", ()] == 0.5
    assert found["monitor_match_duration_seconds_count", ()] == 10
    assert any(name == "monitor_digest_last_success_timestamp_seconds" and value > 1.7e9 for (name, _), value in found.items())


def test_open_metrics_where_it_is_asked_for(dashboard: Dashboard) -> None:
    """A scraper that prefers OpenMetrics gets it, well-formed to its end."""
    with dashboard.stranger() as client:
        answer = client.get("/metrics", headers={**BEARER, "accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert len(list(open_metrics(answer.text))) == len(EXPECTED)


def test_a_key_of_its_own_opens_metrics_and_nothing_else(dashboard: Dashboard) -> None:
    """Prometheus needs no login: the key of the path is enough, in the address or as bearer; it opens no page. Without one the answer is 401."""
    key = dashboard.keys.link("/metrics")
    with dashboard.stranger() as client:
        assert client.get("/metrics", params={"key": key}).status_code == 200
        assert client.get("/metrics", headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert client.get("/", headers={"authorization": f"Bearer {key}"}).status_code == 401
        refused = client.get("/metrics", params={"key": key[:-1]})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "monitor_" not in refused.text


def test_a_store_that_does_not_answer_is_told(own_dashboard: Dashboard) -> None:
    """A scrape of a database without its tables answers 503 in plain text, never half of the metrics."""
    with own_dashboard.store.write():
        own_dashboard.store.run("drop table attempts")
    with own_dashboard.stranger() as client:
        answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 503
    assert "monitor_" not in answer.text


def outbox(store: Store, rows: Rows) -> Callable[..., int]:
    """Writes deliveries of one digest with the outcomes of their attempts."""
    subscriptions.sync(store, (subscription(),), SEVEN)
    digest = rows._insert(
        "insert into digests(uid, subscription_id, subject, payload, sha256, covers_to_at, hit_count, created_at)"
        " values ('d', 1, '', '{}', '', :now, 1, :now) returning id",
        now=SEVEN,
    )
    parts = itertools.count(1)

    def deliver(state: str, channel: str, created: timedelta, *outcomes: str) -> int:
        with store.write():
            message = rows._insert(
                "insert into messages(uid, digest_id, part, form, subject, body, sha256, created_at)"
                " values (:uid, :digest, :part, 'json', 's', :body, '', :now) returning id",
                digest=digest,
                part=next(parts),
                uid=f"m-{state}-{channel}-{created}",
                body=b"{}",
                now=SEVEN,
            )
            number = rows._insert(
                "insert into deliveries(message_id, channel, destination, state, created_at) values (:m, :c, :c, :s, :now) returning id",
                m=message,
                c=channel,
                s=state,
                now=SEVEN - created,
            )
            for outcome in outcomes:
                store.run(
                    "insert into attempts(delivery_id, epoch, started_at, ended_at, outcome) values (:d, 1, :now, :now, :o)",
                    d=number,
                    now=SEVEN,
                    o=outcome,
                )
        return number

    return deliver


def test_figures_of_the_store(store: Store) -> None:
    """Feeds by condition, the oldest success, attempts by result, what waits and since when; on both engines."""
    rows = Rows(store)
    rows.source("fine")
    rows.source("broken", failing_since=SEVEN, kind="http")
    with store.write():
        store.run("update feeds set last_success_at = :at where name = 'fine'", at=SEVEN)
    rows.hit(story=rows.story())
    deliver = outbox(store, rows)
    deliver("delivered", "mail", timedelta(days=3), "again", "sent")
    deliver("parked", "hook", timedelta(days=2), "parked")
    deliver("pending", "mail", timedelta(hours=1))
    found = figures(store, SEVEN - timedelta(days=14), ("morning",))
    assert found.feeds == {"fine": 1, "failing": 1}
    assert found.oldest_success_at == SEVEN - timedelta(days=3)
    assert found.attempts == {("mail", "again"): 1, ("mail", "sent"): 1, ("hook", "parked"): 1}
    assert (found.waiting, found.oldest_waiting_at) == (2, SEVEN - timedelta(days=2))
    assert (found.hits, found.stories, found.articles["seen"]) == ({"vn-us": 1}, {"open": 1, "closed": 0}, 1)
    assert found.told_at == {}
    assert figures(store, SEVEN + timedelta(days=1), ()).stories == {"open": 0, "closed": 1}


def test_an_empty_store_has_figures(store: Store) -> None:
    """A database that has done nothing yet is scraped without a fault."""
    found = figures(store, SEVEN, ())
    assert found.oldest_success_at is None
    assert (found.waiting, found.hits) == (0, {})
    assert gaps(store, 0, newest_event(store)) == 0


def test_gaps_are_counted_from_the_start_of_the_process(own_dashboard: Dashboard) -> None:
    """Events expire, counts must not fall: those before the first scrape are not counted, each later one is once."""

    def count(client: httpx.Client) -> float:
        return samples(client.get("/metrics", headers=BEARER).text)["monitor_feed_gap_suspected_total", ()]

    store = own_dashboard.store
    record_event(store, SEVEN, "feed.gap", "a", "before")
    with own_dashboard.stranger() as client:
        assert count(client) == 0
        record_event(store, SEVEN, "feed.gap", "a", "later")
        record_event(store, SEVEN, "feed.recovered", "a", "")
        assert [count(client), count(client)] == [1, 1]
        with store.write():
            store.run("delete from events")
        assert count(client) == 1


def test_metrics_are_not_kept(dashboard: Dashboard) -> None:
    """No cache keeps a scrape."""
    with dashboard.stranger() as client:
        answer: httpx.Response = client.get("/metrics", headers=BEARER)
    assert answer.headers["cache-control"] == "no-store"


def test_figures_count_on_from_the_marks(store: Store) -> None:
    """Wherever the marks of what was counted stand, the figures are those of the tables."""
    rows, others = Rows(store), Rows(store, watchlist="other")
    for number in range(12):
        (others if number % 3 else rows).hit(story=others.story())
        before = figures(store, SEVEN, ())
        for moved in range(2):
            move_marks(store, SEVEN + moved * SETTLED + timedelta(days=number), least=1, at_a_time=3)
        assert figures(store, SEVEN, ()) == before
    assert before.hits == {"vn-us": 4, "other": 8}
    assert (before.articles["seen"], before.stories["open"] + before.stories["closed"]) == (12, 12)
    assert counted(store, "hits")[0] > 6
