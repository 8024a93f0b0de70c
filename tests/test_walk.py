"""The whole walk: seeds, feeds, pages, hits, stories, a digest in files, a mailbox and a webhook, over real servers on loopback."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from monitor.app import load
from monitor.demo.run import EVENING, DemoResult, run_demo
from monitor.demo.server import NewsSite
from monitor.store.opening import open_store
from tests import postgres


@pytest.fixture
def databases(engine: str) -> Iterator[Iterator[str]]:
    """Places for databases of an engine, as a configuration names them; gone at the end."""
    with ExitStack() as made:
        yield ("monitor.db" if engine == "sqlite" else made.enter_context(postgres.database(empty=True)) for _ in count())


def demo(folder: Path, database: str, days: int = 1) -> DemoResult:
    return asyncio.run(run_demo(folder, lambda name, counts: None, days, database))


def rows(result: DemoResult, sql: str) -> list[dict[str, object]]:
    store = open_store(load(result.config)[0].database)
    try:
        return store.all(sql)
    finally:
        store.close()


STORIES = """
select s.title as story, a.url_key as article, h.band, h.novelty, round(cast(h.score as numeric), 3) as score
from hits h join articles a on a.id = h.article_id join stories s on s.id = h.story_id order by 1, 2
"""


def test_the_demo_is_deterministic(tmp_path: Path, databases: Iterator[str]) -> None:
    """Two runs of the demo give the same hits, scores and stories, and the same digest text but for its id."""
    one, two = demo(tmp_path / "1", next(databases)), demo(tmp_path / "2", next(databases))
    titles = "select title from stories order by id"
    assert rows(one, titles) == rows(two, titles)
    bands = "select a.title, h.band, h.novelty, round(cast(h.score as numeric), 3) as score from hits h join articles a on a.id = h.article_id order by 1, 2"
    assert rows(one, bands) == rows(two, bands)
    assert len(rows(one, titles)) > 5
    assert one.subject == two.subject


def test_seed_to_mailbox(tmp_path: Path, databases: Iterator[str]) -> None:
    """The digest arrives as files, as a mail and as a signed webhook, all three with the same stories and identity."""
    result = demo(tmp_path, next(databases))
    assert (result.mails, result.webhooks) == (1, 1)
    assert {path.suffix for path in result.written} == {".html", ".txt", ".eml"}
    mail = email.message_from_bytes(next((tmp_path / "mailbox").glob("*.eml")).read_bytes(), policy=email.policy.default)
    assert mail["Subject"] == result.subject
    assert mail["To"] == "analyst@example.org"
    assert [part.get_content_type() for part in mail.walk() if not part.is_multipart()] == ["text/plain", "text/html"]
    states = rows(result, "select state, count(*) as n from deliveries group by state")
    assert states == [{"state": "delivered", "n": 3}]


def test_every_hit_is_in_one_digest(tmp_path: Path, databases: Iterator[str]) -> None:
    """After the walk each hit has exactly one place in the subscription's digests, and every entry has its article."""
    result = demo(tmp_path, next(databases))
    lost = "select count(*) as n from hits h where not exists (select 1 from digest_hits d where d.hit_id = h.id)"
    assert rows(result, lost) == [{"n": 0}]
    unread = "select count(*) as n from articles where matched_rev = 0 and state <> 'pending'"
    assert rows(result, unread) == [{"n": 0}]


def test_the_expected_hits_are_found(tmp_path: Path, databases: Iterator[str]) -> None:
    """Articles written to be developments are alerted, hard negatives never are."""
    result = demo(tmp_path, next(databases))
    found = {
        str(row["title"]): str(row["band"])
        for row in rows(result, "select a.title, h.band from hits h join articles a on a.id = h.article_id")
    }
    expected = {article.title: article.expect for article in NewsSite.articles() if article.published_at <= EVENING}
    false_alarms = [title for title, band in found.items() if band == "alert" and expected.get(title) == "none"]
    missed = [title for title, band in expected.items() if band == "alert" and title not in found]
    assert false_alarms == []
    assert missed == []


def test_the_next_days_tell_what_changed(tmp_path: Path, databases: Iterator[str]) -> None:
    """Over three mornings no headline comes twice, the second and third tell only news and new facts, and every hit has one place."""
    result = demo(tmp_path, next(databases), days=3)
    payloads = [json.loads(str(row["payload"])) for row in rows(result, "select payload from digests order by id")]
    told = [[(entry["kind"], entry["line"]["headline"]) for entry in payload["entries"]] for payload in payloads]
    headlines = [headline for day in told for _, headline in day]
    assert len(headlines) == len(set(headlines))
    assert [[kind for kind, _ in day] for day in told[1:]] == [["new", "update"], ["new", "update"]]
    assert "SpaceX" in told[1][0][1]
    assert [payload["entries"][1]["brings"] for payload in payloads[1:]] == [["1,000 jobs"], ["US$299"]]
    places = rows(result, "select count(d.hit_id) as n from hits h left join digest_hits d on d.hit_id = h.id group by h.id")
    assert {row["n"] for row in places} == {1}
