"""CONFORMANCE section E: entries, identity, dates."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from monitor.hours import from_text_or_none
from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Asked, item, reply, rss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHIPS = "Semiconductor plant opens"


async def polled(rig: Rig, *documents: str, **settings: object) -> list[str]:
    """Polls a feed once for each document; returns the titles stored."""
    rig.feed("one", rig.server.say("/f", *(reply(document) for document in documents)), **settings)
    await rig.poll()
    if len(documents) > 1:
        await rig.again(len(documents) - 1)
    return rig.titles()


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
        rig.server.say("/a", reply("<html><body><article><p>" + "The firm told reporters about its plans. " * 20 + "</p></article>"), host="news.example")
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
        assert rig.state()["interval_s"] < interval
        assert rig.next_poll() < HOUR
        assert len(rig.titles()) == 14

    case(work)


def test_case_61_any_order(case: Case) -> None:
    """Oldest first, shuffled, and an old item back in the window: only what was never seen is new."""

    async def work(rig: Rig) -> None:
        items = {name: item(name, START - number * HOUR) for number, name in enumerate("abcdef")}
        windows = ["fedcb", "bdfce", "cdea", "dea", "dfbea"]
        assert sorted(await polled(rig, *(rss(*(items[name] for name in window)) for window in windows))) == [f"Title of {name}" for name in "abcdef"]
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


HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DATES = {
    "Sat, 21 Nov 2026 08:30:00 +0700": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "Sat, 21 Nov 2026 08:30:00 GMT": datetime(2026, 11, 21, 15, 30, tzinfo=HANOI),
    "2026-11-21T08:30:00+07:00": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "2026-11-21 08:30:00": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "Sat, 21 Nov 2026 08:30:00 GMT+7": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "Sat, 21 Nov 2026 08:30:00 GMT+07:00": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "21/11/2026 08:30": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "21-11-2026 08:30": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "Thứ bảy, 21/11/2026, 08:30 (GMT+7)": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "Thứ Bảy, 21/11/2026 08:30": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "08:30 21/11/2026": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "11/20/2026 1:30:00 PM": datetime(2026, 11, 20, 13, 30, tzinfo=HANOI),
    "1795224600": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "1795224600000": datetime(2026, 11, 21, 8, 30, tzinfo=HANOI),
    "": None,
    "soon": None,
    "31 Feb 2026 08:30": None,
    "31/02/2026 08:30": None,
    "Thu, 01 Jan 1970 00:00:00 GMT": None,
    "Sun, 21 Nov 2027 08:30:00 +0700": None,
    "21 Nov 0000 08:30": None,
}


@pytest.mark.parametrize("at_first", [True, False])
def test_case_63_dates(case: Case, at_first: bool) -> None:
    """The right instant, day first and in the feed's zone, or none and the first sight; what is new to a known feed is never dropped as old."""

    async def work(rig: Rig) -> None:
        rig.clock.at = datetime(2026, 11, 21, 12, 0, tzinfo=HANOI).astimezone(START.tzinfo)
        items = [item(f"d{number}", link="", pubDate=text, title=f"{CHIPS} {number}") for number, text in enumerate(DATES)]
        first = rss(item("before", rig.clock.at, link=""))
        await polled(rig, *([rss(*items)] if at_first else [first, rss(*items)]), timezone="Asia/Ho_Chi_Minh")
        found = {row["published_raw"]: from_text_or_none(row["published_at"]) for row in rig.entries() if row["title"] != "Title of before"}
        assert found == {" ".join(text.split()): at for text, at in DATES.items()}
        await rig.digest()
        if not at_first:
            assert len(rig.alerts()) == len(DATES)

    case(work)


def test_case_64_dates_in_order_of_trust(case: Case) -> None:
    """An item's own date before Dublin Core's and Atom's, those before the channel's; an item without any is no news at the first poll."""

    async def work(rig: Rig) -> None:
        spaces = ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:a10="http://www.w3.org/2005/Atom"'
        hours = {name: START - number * HOUR for number, name in enumerate(("own", "dc", "atom", "channel"), 1)}
        items = [
            item("own", hours["own"], **{"dc:date": "2026-11-01T00:00:00Z"}),
            item("dc", **{"dc:date": hours["dc"].isoformat()}),
            item("atom", **{"a10:updated": hours["atom"].isoformat()}),
            item("channel"),
        ]
        head = f"<title>The Feed</title><pubDate>{hours['channel']:%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        await polled(rig, rss(*items, head=head, attributes=spaces))
        found = {row["guid"].removeprefix("id-"): from_text_or_none(row["published_at"]) for row in rig.entries()}
        assert found == hours
        quiet = rig.rows("select e.guid from entries e join articles a on a.id = e.article_id where a.quiet = 1")
        assert quiet == [{"guid": "id-channel"}]

    case(work)


AGENCY = (
    "A semiconductor plant worth 1.6 billion dollars will open in Bac Ninh next year, the ministry of industry said on Friday. "
    "The plant will employ 3,000 engineers and package chips for data centres, according to the investment certificate. "
    "Officials in Hanoi said the certificate was signed after talks with the firm's chief executive. "
    "Construction begins in March, and the first line is to run by the end of the year, the statement added. "
)


def test_case_65_one_agency_story_in_ten_feeds(case: Case) -> None:
    """Ten outlets, one agency text, slightly different titles within an hour: one story with ten sources in the digest."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        ends = ["", " next year", ", ministry says", " in the north", " for 1.6 billion", " soon", ": officials", " in March", " (update)", " by 2027"]
        for number, end in enumerate(ends):
            host = f"paper{number}.example"
            title = f"Semiconductor plant to open in Bac Ninh{end}"
            rig.server.say("/story", reply(f"<html><body><article><h1>{title}</h1><p>{AGENCY * 2}</p></article></body></html>"), host=host)
            rig.feed(
                f"f{number}",
                rig.server.say("/f", reply(rss(item("s", START - HOUR, title=title, link=rig.server.url("/story", host)))), host=host),
            )
        await rig.poll()
        await rig.digest()
        assert rig.rows("select count(*) as n from hits") == [{"n": 10}]
        assert rig.rows("select count(*) as n from stories where hit_count > 0") == [{"n": 1}]
        assert rig.rows("select count(distinct publisher) as n from articles") == [{"n": 10}]

    case(work)


def test_case_66_links(case: Case) -> None:
    """xml:base, relative, redirector, AMP and tracked links become absolute; one page is one article, and the feed's own link is kept."""

    async def work(rig: Rig) -> None:
        inner = "https%3A%2F%2Fnews.example%2Fgoogle%3Fa%3D1"
        entries = "".join(
            f'<entry{base}><id>{name}</id><title>{name}</title><updated>2026-11-20T07:00:00Z</updated><link href="{link}"/></entry>'
            for name, base, link in (
                ("based", ' xml:base="http://base.example/dir/"', "page"),
                ("relative", "", "/rel/page"),
                ("redirected", "", f"https://www.google.com/url?rct=j&amp;url={inner}&amp;ct=ga"),
                ("tracked", "", "http://news.example/story?id=7&amp;utm_source=rss&amp;fbclid=x"),
                ("amp", "", "https://amp.news.example/story/amp?id=7"),
                ("plain", "", "https://news.example/story?id=7"),
            )
        )
        await polled(rig, f'<feed xmlns="http://www.w3.org/2005/Atom"><title>The Feed</title>{entries}</feed>')
        urls = {row["title"]: row["url"] for row in rig.entries()}
        assert urls == {
            "based": "http://base.example/dir/page",
            "relative": rig.server.url("/rel/page"),
            "redirected": "https://news.example/google?a=1",
            "tracked": "http://news.example/story?id=7&utm_source=rss&fbclid=x",
            "amp": "https://amp.news.example/story/amp?id=7",
            "plain": "https://news.example/story?id=7",
        }
        shared = {row["article_id"] for row in rig.entries() if row["title"] in ("tracked", "amp", "plain")}
        assert len(shared) == 1
        assert len({row["article_id"] for row in rig.entries()}) == 4

    case(work)


def test_case_66_the_canonical_link_of_a_page(case: Case) -> None:
    """What a page names as its own address is stored beside the link that led there."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        canonical = rig.server.url("/story", "news.example")
        head = f'<head><link rel="canonical" href="{canonical}"></head>'
        rig.server.say("/amp/story", reply(f"<html>{head}<body><article><p>{AGENCY * 2}</p></article></body></html>"), host="news.example")
        await polled(rig, rss(item("s", START, link=rig.server.url("/amp/story", "news.example"))))
        assert rig.rows("select url, canonical_url from articles") == [{"url": rig.server.url("/amp/story", "news.example"), "canonical_url": canonical}]

    case(work)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "", "mailto:desk@news.example", "ftp://news.example/x", "http://"])
def test_case_67_links_that_lead_nowhere(case: Case, link: str) -> None:
    """Not fetched, not clickable in the digest; the entry is kept and matched on its text."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        await polled(rig, rss(item("a", START, link=link, title=CHIPS, guid="g")))
        await rig.digest()
        assert len(rig.asked()) == 1
        assert [row["url"] for row in rig.entries()] == [""]
        assert len(rig.alerts()) == 1
        rig.clock.at += DAY
        await rig.digest()
        written = "".join(path.read_text(encoding="utf-8") for path in (rig.folder / "outbox").iterdir())
        assert CHIPS in written
        assert link.partition(":")[0] + ":alert" not in written
        assert "data:text/html" not in written

    case(work)


def test_case_68_titles_that_mean_harm(case: Case) -> None:
    """Script, line breaks, 10 kB and direction overrides: escaped in HTML, no header of their own in the mail, cut sensibly."""

    async def work(rig: Rig) -> None:
        harmful = [
            f"&lt;script&gt;alert(1)&lt;/script&gt; {CHIPS} &lt;img src=x onerror=alert(1)&gt;",
            f"{CHIPS}&#13;&#10;Bcc: victim@example.org&#13;&#10;&#13;&#10;body",
            f"{CHIPS} " + "very long " * 1000,
            f"\u202e{CHIPS}\u202c \u2066x\u2069 \u200b",
        ]
        items = [item(f"t{number}", START, link="", title=title, guid=f"g{number}") for number, title in enumerate(harmful)]
        await polled(rig, rss(*items))
        await rig.digest()
        rig.clock.at += DAY
        await rig.digest()
        files = {path.suffix: path for path in (rig.folder / "outbox").iterdir()}
        html = files[".html"].read_text(encoding="utf-8")
        assert "<script" not in html
        assert "<img" not in html
        assert all(sign not in html for sign in "\u202e\u202c\u2066\u200b")
        mail = email.message_from_bytes(files[".eml"].read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        assert mail["Bcc"] is None
        assert "victim" not in str(mail["Subject"] or "") or "\n" not in str(mail["Subject"])
        assert all(len(row["title"]) <= 500 for row in rig.entries())
        assert len(rig.titles()) == 4

    case(work)
