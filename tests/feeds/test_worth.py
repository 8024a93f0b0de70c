"""What a feed is worth, on copies of a wire whose order is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.stats import _worth as of_store
from monitor.feeds.worth import Report, published, weigh
from monitor.store.driver import Store
from tests.digests.rows import SEVEN, Rows

NINE = datetime(2026, 11, 25, 9, tzinfo=UTC)


def report(feed: str, hit: int, story: int, minutes: int, **fields: object) -> Report:
    """A report so many minutes after nine."""
    known: dict[str, object] = {"novelty": "new", "copied": False, "mark": None}
    return Report(feed=feed, hit=hit, story=story, at=NINE + timedelta(minutes=minutes), **{**known, **fields})  # type: ignore[arg-type]


def wire(stories: int) -> list[Report]:
    """An agency first, a paper that copies it ten minutes later, a slow one after two hours; each story also in a second feed of the agency."""
    found = []
    for story in range(stories):
        first = 10 * story
        found += [
            report("agency", first, story, 0, mark="useful"),
            report("agency-politics", first, story, 1, mark="useful"),
            report("copier", first + 1, story, 10, novelty="echo", copied=True, mark="useless" if story else "useful"),
            report("slow", first + 2, story, 120, novelty="developing"),
        ]
    return found


def test_known_copies_are_put_in_their_order() -> None:
    """The agency is first in all, by ten minutes; the copier in none, all echo; two feeds that show one page are not ahead of each other."""
    found = weigh(wire(4))
    agency, second, copier, slow = (found[name] for name in ("agency", "agency-politics", "copier", "slow"))
    assert (agency.stories, agency.firsts, agency.first_share, agency.lead_min, agency.lag_min) == (4, 4, 1.0, 10, None)
    assert (second.firsts, second.lead_min) == (4, 9)
    assert (copier.firsts, copier.first_share, copier.lag_min, copier.echo_share, copier.precision) == (0, 0.0, 10, 1.0, 0.25)
    assert (slow.lag_min, slow.echo_share, slow.precision) == (120, 0.0, None)
    assert agency.precision == 1.0


def test_a_story_of_its_own_is_no_first() -> None:
    """What nobody else had is counted apart: being first needs somebody who came second."""
    worth = weigh([report("niche", 1, 1, 0), report("niche", 2, 1, 5)])["niche"]
    assert (worth.stories, worth.alone, worth.firsts, worth.first_share, worth.lead_min) == (1, 1, 0, None, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, 0), (timedelta(hours=1), -60), (timedelta(days=9), 0), (-timedelta(minutes=5), 0), (timedelta(days=2), -2880)],
)
def test_only_dates_to_be_believed_count(given: timedelta | None, expected: int) -> None:
    """A paper's date counts where it lies at most two days before the poll that found it, never after it."""
    assert published(None if given is None else NINE - given, NINE) == NINE + timedelta(minutes=expected)


@given(
    st.lists(
        st.builds(
            report,
            feed=st.sampled_from("abc"),
            hit=st.integers(0, 12),
            story=st.just(0),
            minutes=st.integers(0, 500),
            novelty=st.sampled_from(("new", "developing", "echo")),
            mark=st.sampled_from((None, "useful", "useless")),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_reports_can_be_weighed(reports: list[Report]) -> None:
    """Shares lie between 0 and 1, minutes are never negative, every feed that has a report has a worth."""
    found = weigh(reports)
    assert set(found) == {each.feed for each in reports}
    for worth in found.values():
        assert worth.firsts + worth.alone <= worth.stories
        assert all(share is None or 0 <= share <= 1 for share in (worth.first_share, worth.echo_share, worth.precision))
        assert all(minutes is None or minutes >= 0 for minutes in (worth.lead_min, worth.lag_min))


@pytest.fixture
def shelf(store: Store) -> Store:
    """A story that one feed had an hour before another, which copied it; a quiet hit, and a story that began before the span."""
    rows = Rows(store)
    feeds = {name: rows.source(name) for name in ("agency", "copier")}
    old, story = rows.story("Old"), rows.story("New")
    with store.write():
        store.run("update stories set first_seen_at = :at where id = :id", at=SEVEN - timedelta(days=40), id=old)

    def shown(feed: str, of: int, minutes: int, **fields: object) -> int:
        seen = SEVEN + timedelta(minutes=minutes)
        article = rows.article(f"{feed} {minutes}", f"https://{feed}.example/{minutes}", feed, "en", seen)
        with store.write():
            store.run(
                "insert into entries(feed_id, key, article_id, guid, url, url_key, title, summary, author, lang, published_at, published_raw,"
                " content_hash, first_seen_at) values (:feed, :key, :article, '', '', '', '', '', '', '', :at, '', '', :seen)",
                feed=feeds[feed],
                key=str(article),
                article=article,
                at=seen - timedelta(minutes=5),
                seen=seen,
            )
        return rows.hit(f"{feed} {minutes}", story=of, article=article, **fields)  # type: ignore[arg-type]

    first = shown("agency", story, 0)
    shown("copier", story, 60, novelty="echo")
    shown("copier", old, 1)
    quiet = shown("copier", story, -30)
    with store.write():
        store.run("update hits set quiet = 1 where id = :id", id=quiet)
        store.run("insert into labels(hit_id, verdict, reason, created_at) values (:id, 'useful', '', :at)", id=first, at=SEVEN)
    return store


def test_the_store_tells_who_was_first(shelf: Store) -> None:
    """On both engines: the first by an hour, the echo, the mark; quiet hits and stories from before the span do not count."""
    found = of_store(shelf, SEVEN - timedelta(days=30), None)
    told = ("stories", "alone", "firsts", "first_share", "lead_min", "lag_min", "echo_share", "precision")
    assert [found["agency"][name] for name in told] == [1, 0, 1, 1.0, 60, None, 0.0, 1.0]
    assert [found["copier"][name] for name in told] == [1, 0, 0, 0.0, None, 60, 1.0, None]
    assert of_store(shelf, SEVEN - timedelta(days=30), "another") == {}
    assert of_store(shelf, SEVEN - timedelta(days=50), "vn-us")["copier"]["stories"] == 2
