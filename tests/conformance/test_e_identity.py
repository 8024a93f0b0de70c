"""CONFORMANCE section E, first part: which entry is which."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig, polled
from tests.conformance.server import Asked, item, reply, rss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHIPS = "Semiconductor plant opens"


def test_case_54_items_that_leave_things_out(case: Case) -> None:
    """Without guid, without link, without both, with a description alone: each stored once, and once only over polls."""

    async def work(rig: Rig) -> None:
        items = [
            item("a", START, guid=""),
            item("b", START, link=""),
            item("c", START, guid="", link=""),
            item("d", guid="", link="", title=""),
            item("e", guid="", link="", title=""),
            item("f", guid="", link="", description=""),
        ]
        await polled(rig, rss(*items), rss(*items, "<item/>"), rss(*reversed(items)))
        assert len(rig.entries()) == 7
        assert len({row["key"] for row in rig.entries()}) == 7

    case(work)


@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("link", ["http://news.example/{name}?token={token}", "http://news.example/s/{token}/{name}"])
@pytest.mark.parametrize("guid", ["", "fixed"])
def test_case_55_links_with_tokens(case: Case, link: str, dated: bool, guid: str) -> None:
    """A token that is new at every fetch makes no entry new, with and without a date, with and without a guid; another story is another entry."""

    async def work(rig: Rig) -> None:
        def document(asked: Asked) -> bytes:
            token = f"{len(rig.server.log):08x}"
            items = [
                item(
                    name,
                    START - HOUR if dated else None,
                    guid=guid and f"{guid}-{name}",
                    link=link.format(name=name, token=token).replace("&", "&amp;"),
                )
                for name in ("a", "b", "c")
            ]
            return reply(rss(*items, *([item("d", START)] if len(rig.server.log) > 2 else [])))

        rig.feed("one", rig.server.say("/f", document))
        await rig.poll()
        await rig.again(4)
        assert sorted(rig.titles()) == ["Title of a", "Title of b", "Title of c", "Title of d"]

    case(work)


def _moved(rig: Rig, name: str, kind: str) -> str:
    here = rig.server.url(f"/{name}", "news.example")
    there = here.replace("http:", "https:")
    paper = there.replace("news.example", "www.paper.example")
    changed = {
        "scheme": {"guid": there, "link": there},
        "system": {"guid": f"cms-{name}", "link": here},
        "host": {"guid": paper, "link": paper},
        "dropped": {"guid": "", "link": here},
        "host-kept-guid": {"guid": here, "link": paper},
    }
    return item(name, START - HOUR, title=f"{CHIPS} {name}", **changed[kind])


@pytest.mark.parametrize("kind", ["scheme", "system", "host", "dropped", "host-kept-guid"])
def test_case_56_all_guids_change(case: Case, kind: str) -> None:
    """http to https, a new system, another host: the entries are the old ones, and nothing is alerted twice."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        names = [f"story-{number}" for number in range(25)]
        for name in names:
            rig.server.say(f"/{name}", reply("<html><p>x</p>"), host="news.example")
        links = {name: rig.server.url(f"/{name}", "news.example") for name in names}
        old = [item(name, START - HOUR, guid=link, link=link, title=f"{CHIPS} {name}") for name, link in links.items()]
        new = [_moved(rig, name, kind) for name in names]
        await polled(rig, rss(*old), rss(*new), rss(*new))
        await rig.pass_time(3 * HOUR)
        await rig.digest()
        assert len(rig.entries()) == 25
        assert len(rig.alerts()) == rig.rows("select count(*) as n from articles")[0]["n"] == 25
        assert rig.events("feed.flood") == []

    case(work)


def test_case_57_shared_links_and_shared_guids(case: Case) -> None:
    """All items share one link and their guids differ, or the reverse: all are kept in both."""

    async def work(rig: Rig) -> None:
        one_link = [item(name, START, link="http://news.example/live") for name in ("a", "b", "c")]
        one_guid = [item(name, START, guid="same") for name in ("d", "e", "f")]
        titles = await polled(rig, rss(*one_link, *one_guid), rss(*reversed(one_guid), *reversed(one_link)))
        assert sorted(titles) == [f"Title of {name}" for name in "abcdef"]
        assert rig.rows("select count(*) as n from articles") == [{"n": 6}]

    case(work)


def test_case_58_one_guid_twice(case: Case) -> None:
    """Same guid and link: a revision, the last wins. Same guid, other link: two entries. In another feed: an entry of its own, one story."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        page = reply(f"<html><body><article><p>{CHIPS} in Hanoi. {CHIPS} again.</p></article>")
        for path in ("/same", "/other"):
            rig.server.say(path, page, host="news.example")
        same, other = (rig.server.url(path, "news.example") for path in ("/same", "/other"))
        first = item("a", START, guid="g", link=same, title=f"{CHIPS} (early)")
        last = item("a", START, guid="g", link=same, title=f"{CHIPS} (late)")
        elsewhere = item("a", START, guid="g", link=other, title=f"{CHIPS} (elsewhere)")
        rig.feed("one", rig.server.say("/1", reply(rss(first, last, elsewhere))))
        rig.feed("two", rig.server.say("/2", reply(rss(last)), host="two.example"))
        await rig.poll()
        await rig.digest()
        assert sorted(rig.titles("one")) == [f"{CHIPS} (elsewhere)", f"{CHIPS} (late)"]
        assert rig.titles("two") == [f"{CHIPS} (late)"]
        assert rig.rows("select count(distinct story_id) as n from hits") == [{"n": 1}]

    case(work)


@pytest.mark.parametrize("dated_anew", [True, False])
def test_case_59_an_edited_entry(case: Case, dated_anew: bool) -> None:
    """A new text under the old identity is a revision, matched again; nobody is told twice."""

    async def work(rig: Rig) -> None:
        before = item("a", START, link="", title=CHIPS, description="Short.")
        at = START + HOUR if dated_anew else START
        after = item("a", at, link="", title=CHIPS, description="Longer: the semiconductor plant is in Hanoi.")
        await polled(rig, rss(before))
        await rig.digest()
        assert len(rig.alerts()) == 1
        rig.server.say("/f", reply(rss(after)))
        await rig.again()
        await rig.digest()
        (entry,) = rig.entries()
        assert (entry["revision"], entry["summary"][:7]) == (2, "Longer:")
        assert len(rig.alerts()) == 1
        assert rig.rows("select text from texts") == [{"text": entry["summary"]}]
        assert rig.rows("select count(*) as n from articles where matched_rev = 0") == [{"n": 0}]

    case(work)


def test_case_59_an_edited_title_finds_what_it_now_says(case: Case) -> None:
    """A title that comes to name what is watched makes the hit, and the search finds the page by it."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        link = rig.server.url("/a", "news.example")
        rig.server.say(
            "/a",
            reply("<html><body><article><p>" + "The firm told reporters about its plans. " * 20 + "</p></article>"),
            host="news.example",
        )
        await polled(rig, rss(item("a", START, link=link, title="Plans")))
        await rig.digest()
        assert rig.alerts() == []
        rig.server.say("/f", reply(rss(item("a", START, link=link, title=CHIPS))))
        await rig.pass_time(2 * HOUR)
        await rig.digest()
        assert [row["title"] for row in rig.alerts()] == [CHIPS]
        assert len(rig.store.search("semiconductor", 5)) == 1
        assert len(rig.asked("/a")) == 1

    case(work)


def test_case_60_the_window_ran_through(case: Case) -> None:
    """Five new items in a window of five: flagged, and asked more often; an overlap of one is no alarm."""

    async def work(rig: Rig) -> None:
        windows = [[f"n{number}" for number in range(start, start + 5)] for start in (0, 4, 9)]
        documents = [rss(*(item(name, START - HOUR) for name in names)) for names in windows]
        await polled(rig, *documents[:2])
        assert rig.state()["note"] == ""
        interval = rig.state()["interval_s"]
        rig.server.say("/f", reply(documents[2]))
        await rig.again()
        assert "may have missed" in rig.state()["note"]
        assert [problem for problem, text in rig.findings() if "may have missed" in text] == [False]
        assert rig.state()["interval_s"] < interval
        assert rig.next_poll() < HOUR
        assert len(rig.titles()) == 14

    case(work)


def test_case_61_any_order(case: Case) -> None:
    """Oldest first, shuffled, and an old item back in the window: only what was never seen is new."""

    async def work(rig: Rig) -> None:
        items = {name: item(name, START - number * HOUR) for number, name in enumerate("abcdef")}
        windows = ["fedcb", "bdfce", "cdea", "dea", "dfbea"]
        assert sorted(await polled(rig, *(rss(*(items[name] for name in window)) for window in windows))) == [
            f"Title of {name}" for name in "abcdef"
        ]
        assert all(row["revision"] == 1 for row in rig.entries())

    case(work)


def test_case_62_the_first_poll(case: Case) -> None:
    """A thousand items, five years deep: all stored, only those within the start-up window alerted."""

    async def work(rig: Rig) -> None:
        ages = [timedelta(hours=6 * number) if number < 20 else timedelta(days=number * 2) for number in range(1000)]
        items = [item(f"s{number}", START - age, link="", title=f"{CHIPS} {number}") for number, age in enumerate(ages)]
        titles = await polled(rig, rss(*items))
        assert len(titles) == 1000
        for _ in range(6):
            await rig.step("match")
        assert rig.rows("select count(*) as n from hits")[0]["n"] == 1000
        assert len(rig.alerts()) == sum(age <= timedelta(hours=48) for age in ages) == 9

    case(work)


def test_case_62_a_first_look_that_saw_little(case: Case) -> None:
    """A first poll that was cut, or found the feed empty, is no baseline: the old items of the next one are not told as news."""

    async def work(rig: Rig) -> None:
        whole = rss(*(item(f"s{number}", START - HOUR - number * DAY, link="", title=f"{CHIPS} {number}") for number in range(30)))
        cut = whole[: whole.index("id-s3")]
        for name, first in (("cut", cut), ("empty", rss())):
            rig.feed(name, rig.server.say("/f", reply(first), reply(whole), host=f"{name}.example"))
        await rig.poll()
        await rig.poll(force=True)
        await rig.digest()
        assert len(rig.titles("cut")) == len(rig.titles("empty")) == 30
        assert len(rig.alerts()) == 4

    case(work)
