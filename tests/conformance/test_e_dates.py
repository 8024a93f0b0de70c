"""CONFORMANCE section E, second part: dates, links, titles."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from monitor.hours import from_text_or_none
from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig, polled
from tests.conformance.server import item, reply, rss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHIPS = "Semiconductor plant opens"


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


def test_an_article_and_its_amp_twin_are_read_once(case: Case) -> None:
    """One feed links to the page, others to its AMP host, its /amp path and its mobile host: one article, one request, three sightings."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        page = reply(f"<html><body><article><h1>Plant to open in Bac Ninh</h1><p>{AGENCY * 2}</p></article></body></html>")
        ways = (
            ("paper.example", "/n/story"),
            ("amp.paper.example", "/n/story"),
            ("paper.example", "/n/story/amp"),
            ("m.paper.example", "/n/story/"),
        )
        for number, (host, path) in enumerate(ways):
            link = rig.server.say(path, page, host=host)
            document = rss(item("s", START - HOUR, title="Plant to open in Bac Ninh", link=link))
            rig.feed(f"f{number}", rig.server.say("/f", reply(document), host=f"feed{number}.example"))
        await rig.poll()
        assert rig.rows("select count(*) as n from articles") == [{"n": 1}]
        assert rig.rows("select count(*) as n from entries") == [{"n": len(ways)}]
        assert len([asked for asked in rig.asked() if asked.path.startswith("/n/")]) == 1

    case(work)


def test_case_65_one_agency_story_in_ten_feeds(case: Case) -> None:
    """Ten outlets, one agency text, slightly different titles within an hour: one story with ten sources in the digest."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        ends = [
            "",
            " next year",
            ", ministry says",
            " in the north",
            " for 1.6 billion",
            " soon",
            ": officials",
            " in March",
            " (update)",
            " by 2027",
        ]
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
        assert rig.rows("select url, canonical_url from articles") == [
            {"url": rig.server.url("/amp/story", "news.example"), "canonical_url": canonical}
        ]

    case(work)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "", "mailto:desk@news.example", "ftp://news.example/x", "http://"]
)
def test_case_67_links_that_lead_nowhere(case: Case, link: str) -> None:
    """Not fetched, not clickable in the digest; the entry is kept and matched on its text."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        await polled(rig, rss(item("a", START, link=link, title=CHIPS, guid="g")))
        await rig.digest()
        assert len(rig.asked()) == 1
        assert [row["url"] for row in rig.entries()] == [""]
        assert len(rig.alerts()) == 1
        await rig.pass_time(DAY)
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
        await rig.pass_time(DAY)
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
