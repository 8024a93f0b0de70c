"""CONFORMANCE section C: pacing and manners."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from monitor.config.settings import FetchSettings
from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Asked, Server, drip, http_date, item, reply, rss

FEED = rss(item("a", START), item("b", START))
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def gaps(asked: list[Asked]) -> list[timedelta]:
    times = sorted(one.at for one in asked)
    return [later - earlier for earlier, later in pairwise(times)]


def test_case_29_an_ordinary_day(case: Case) -> None:
    """Busy and quiet feeds for a day: never twice within 50 minutes, not all at one minute of the hour."""

    async def work(rig: Rig) -> None:
        def busy(asked: Asked) -> bytes:
            return reply(rss(*(item(f"n{asked.at:%d%H%M}-{number}", asked.at) for number in range(2)), item("old", START)))

        names = [f"f{number}" for number in range(6)]
        for name in names:
            rig.feed(name, rig.server.say("/f", busy if name < "f3" else reply(FEED), host=f"{name}.example"))
        await rig.pass_time(DAY)
        for name in names:
            asked = rig.asked("/f", f"{name}.example")
            assert min(gaps(asked)) >= timedelta(minutes=50)
            assert len(asked) >= (20 if name < "f3" else 6)
        last = {rig.asked("/f", f"{name}.example")[-1].at.minute for name in names}
        assert len(last) > 2

    case(work)


@pytest.mark.parametrize(
    ("cache", "least", "most"),
    [
        ("max-age=43200", 12 * HOUR, 14 * HOUR),
        ("public, max-age=43200, stale-while-revalidate=60", 12 * HOUR, 14 * HOUR),
        ("max-age=0", HOUR, 2 * HOUR),
        ("no-cache", HOUR, 2 * HOUR),
        ("max-age=99999999999999", 24 * HOUR, 26 * HOUR),
        ("max-age=-1", HOUR, 2 * HOUR),
        ("max-age=soon", HOUR, 2 * HOUR),
    ],
)
def test_case_30_cache_control(case: Case, cache: str, least: timedelta, most: timedelta) -> None:
    """max-age is a promise kept, across restarts and 304s too; zero, no-cache and absurd values stay within our own limits."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED, ETag='"1"', Cache_Control=cache), reply(status=304)))
        await rig.poll()
        assert least <= rig.next_poll() <= most
        await rig.start()
        await rig.pass_time(2 * most)
        assert min(gaps(rig.asked())) >= least
        assert len(rig.asked()) >= 2

    case(work)


def test_case_30_the_user_may_wait_longer(case: Case) -> None:
    """A longer interval of the user's own stands."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED, Cache_Control="max-age=7200")), interval_min=600)
        await rig.poll()
        assert rig.next_poll() >= 10 * HOUR

    case(work)


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Expires": http_date(START + 6 * HOUR)}, 6 * HOUR, 8 * HOUR),
        ({"Expires": http_date(START + 9 * HOUR), "Date": http_date(START + 3 * HOUR)}, 6 * HOUR, 8 * HOUR),
        ({"Expires": http_date(START - 6 * HOUR)}, HOUR, 2 * HOUR),
        ({"Expires": "0"}, HOUR, 2 * HOUR),
        ({"Expires": "-1"}, HOUR, 2 * HOUR),
        ({"Cache_Control": "max-age=36000", "Age": "14400"}, 6 * HOUR, 8 * HOUR),
        ({"Cache_Control": "max-age=36000", "Expires": "0"}, 10 * HOUR, 12 * HOUR),
        ({"Cache_Control": "max-age=36000", "Age": "\u0665"}, 10 * HOUR, 12 * HOUR),
    ],
)
def test_case_31_expires_and_age(case: Case, headers: dict[str, str], least: timedelta, most: timedelta) -> None:
    """Freshness is max-age before Expires less Date, less Age."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED, **headers)))
        await rig.poll()
        assert least <= rig.next_poll() <= most

    case(work)


def channel(extra: str) -> str:
    return rss(
        item("a", START), head=f"<title>The Feed</title>{extra}", attributes=' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    )


@pytest.mark.parametrize(
    ("extra", "least", "most"),
    [
        ("<ttl>360</ttl>", 6 * HOUR, 8 * HOUR),
        ("<ttl>1</ttl>", HOUR, 2 * HOUR),
        ("<ttl>soon</ttl>", HOUR, 2 * HOUR),
        ("<ttl>999999999999</ttl>", 24 * HOUR, 26 * HOUR),
    ],
)
def test_case_32_ttl(case: Case, extra: str, least: timedelta, most: timedelta) -> None:
    """ttl lengthens the interval within our limits and never shortens it; the wish outlives answers without news."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(channel(extra), ETag='"1"'), reply(status=304)))
        await rig.poll()
        assert least <= rig.next_poll() <= most
        await rig.again()
        assert rig.next_poll() >= least

    case(work)


def test_case_32_skipped_hours_and_days(case: Case) -> None:
    """In hours (GMT) and on days that a feed excludes it is not asked; outside of them it is."""

    async def work(rig: Rig) -> None:
        hours = "".join(f"<hour>{hour}</hour>" for hour in (*range(12), 24))
        rig.feed("hours", rig.server.say("/h", reply(channel(f"<skipHours>{hours}</skipHours>"), ETag='"1"'), reply(status=304)))
        days = "<day>Saturday</day><day>Sunday</day>"
        rig.feed("days", rig.server.say("/d", reply(channel(f"<skipDays>{days}</skipDays>"), ETag='"1"'), reply(status=304)))
        always = "".join(f"<hour>{hour}</hour>" for hour in range(24))
        rig.feed("always", rig.server.say("/x", reply(channel(f"<skipHours>{always}</skipHours>"))))
        await rig.pass_time(timedelta(days=7))
        assert {asked.at.hour for asked in rig.asked("/h")[1:]} <= set(range(12, 24))
        assert len(rig.asked("/h")) > 14
        assert {asked.at.weekday() for asked in rig.asked("/d")} == {0, 1, 2, 3, 4}
        assert len(rig.asked("/x")) > 14

    case(work)


@pytest.mark.parametrize(
    ("period", "frequency", "least", "most"),
    [
        ("daily", "4", 6 * HOUR, 8 * HOUR),
        ("dayly", "2", 12 * HOUR, 14 * HOUR),
        ("hourly", "60", HOUR, 2 * HOUR),
        ("weekly", "1", 24 * HOUR, 26 * HOUR),
        ("sometimes", "1", HOUR, 2 * HOUR),
        ("daily", "0", 24 * HOUR, 26 * HOUR),
    ],
)
def test_case_33_syndication_module(case: Case, period: str, frequency: str, least: timedelta, most: timedelta) -> None:
    """updatePeriod and updateFrequency are wishes like ttl, the misspelt one too."""

    async def work(rig: Rig) -> None:
        said = f"<sy:updatePeriod>\n {period} </sy:updatePeriod><sy:updateFrequency>{frequency}</sy:updateFrequency>"
        rig.feed("one", rig.server.say("/f", reply(channel(said))))
        await rig.poll()
        assert least <= rig.next_poll() <= most

    case(work)


def test_case_34_many_feeds_on_one_host(case: Case) -> None:
    """Forty feeds on one host: one at a time with a pause between; another host is not held up by them."""

    async def work(rig: Rig) -> None:
        for number in range(40):
            rig.feed(f"f{number:02}", rig.server.say(f"/{number}", reply(FEED)))
        rig.feed("other", rig.server.say("/f", reply(FEED), host="other.example"))
        await rig.poll()
        asked = rig.asked(host="feeds.example")
        assert len(asked) == 40
        assert min(gaps(asked)) >= timedelta(seconds=1)
        assert rig.server.most_open["feeds.example"] == 1
        assert rig.asked(host="other.example")[0].at - START < timedelta(seconds=5)

    case(work)


def test_case_35_restarted_again_and_again(case: Case) -> None:
    """Ten restarts within five minutes: each feed is fetched once."""

    async def work(rig: Rig) -> None:
        for name in ("a", "b", "c"):
            rig.feed(name, rig.server.say(f"/{name}", reply(FEED)))
        for _ in range(10):
            await rig.start()
            await rig.poll(after=timedelta(seconds=30))
        assert sorted(asked.path for asked in rig.asked()) == ["/a", "/b", "/c"]

    case(work)


def test_case_36_one_request_for_one_address(case: Case) -> None:
    """Two feeds of one address share each request, whatever their intervals; both keep entries of their own; so do feeds that moved together."""

    async def work(rig: Rig) -> None:
        url = rig.server.say(
            "/f", reply(FEED, ETag='"1"'), reply(status=304), reply(rss(item("new", START)), ETag='"2"'), reply(status=304)
        )
        rig.feed("one", url)
        rig.feed("two", url, lang="vi")
        await rig.poll()
        assert len(rig.asked("/f")) == 1
        await rig.again(2)
        assert len(rig.asked("/f")) == 3
        assert rig.titles("one") == rig.titles("two") == ["Title of a", "Title of b", "Title of new"]
        rig.feed("late", url)
        await rig.start()
        await rig.poll()
        assert len(rig.asked("/f")) == 4
        assert rig.asked("/f")[-1].header("if-none-match") is None

    case(work)


def test_case_36_after_redirects(case: Case) -> None:
    """Two addresses that have moved for good to one are asked once from then on."""

    async def work(rig: Rig) -> None:
        target = rig.server.say("/f", reply(FEED))
        for name in ("one", "two"):
            rig.feed(name, rig.server.say(f"/{name}", reply(status=301, Location=target)))
        await rig.pass_time(timedelta(hours=60))
        seen = len(rig.asked())
        await rig.again()
        assert [asked.path for asked in rig.asked()[seen:]] == ["/f"]

    case(work)


def test_case_37_who_we_say_we_are(case: Case) -> None:
    """Name, version and contact; no Referer, no cookie, no parameter added, nothing but GET of what was configured."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f?x=1", reply(FEED, Set_Cookie="id=1; Path=/")))
        await rig.poll()
        await rig.again(2)
        for asked in rig.asked():
            names = {name.lower() for name, _ in asked.headers}
            assert (asked.method, asked.path) == ("GET", "/f?x=1")
            assert names.isdisjoint({"referer", "cookie", "from", "x-forwarded-for"})
            agent = asked.header("user-agent") or ""
            assert agent.startswith("Monitor/")
            assert "https://monitor.example/about" in agent

    case(work)


def test_case_38_what_we_take(case: Case) -> None:
    """gzip is offered, nothing that cannot be decoded; Accept leaves no feed format out."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED)))
        await rig.poll()
        (asked,) = rig.asked()
        codings = {part.split(";")[0].strip() for part in (asked.header("accept-encoding") or "").split(",")}
        assert "gzip" in codings
        assert codings <= {"gzip", "deflate", "identity"}
        accept = asked.header("accept") or ""
        for kind in ("application/rss+xml", "application/atom+xml", "application/feed+json", "xml", "*/*"):
            assert kind in accept

    case(work)


def test_case_39_after_a_day_asleep(case: Case) -> None:
    """A hundred feeds on as many hosts, due at once after a day: each once, a bounded number in flight, missed slots not replayed."""

    async def work(rig: Rig) -> None:
        together = 0

        def slow(server: Server) -> object:
            async def say(writer: asyncio.StreamWriter) -> None:
                nonlocal together
                together = max(together, sum(server.open_now.values()))
                await asyncio.sleep(0)
                writer.write(reply(FEED))
                await writer.drain()

            return say

        for number in range(100):
            rig.feed(f"f{number:03}", rig.server.say("/f", slow(rig.server), host=f"h{number}.example"))  # type: ignore[arg-type]
        await rig.poll()
        asked = len(rig.asked())
        await rig.poll(after=DAY)
        assert len(rig.asked()) == 2 * asked == 200
        assert together <= FetchSettings().in_flight
        due = {row["next_poll_at"] for row in rig.rows("select next_poll_at from feeds")}
        assert len(due) == 100
        spread = datetime.fromisoformat(max(due)) - datetime.fromisoformat(min(due))
        assert spread > timedelta(minutes=4)

    case(work)


def test_case_40_servers_that_take_their_time(case: Case) -> None:
    """One that never answers and one that drips: cut at the total limit; other feeds go on meanwhile."""

    async def work(rig: Rig) -> None:
        rig.defaults["timeout_s"] = 0.6
        rig.feed("silent", rig.server.say("/f", drip(b"", 0), host="silent.example"))
        rig.feed("drips", rig.server.say("/f", drip(b"HTTP/1.1 200 OK\r\n\r\n<rss>", 0.05), host="drips.example"))
        rig.feed("head", rig.server.say("/f", drip(b"HTTP/1.1 200 OK\r\nX: ", 0.05), host="head.example"))
        rig.feed("fine", rig.server.say("/f", reply(FEED), host="fine.example"))
        await rig.poll()
        assert {name: rig.state(name)["error_kind"] for name in ("silent", "drips", "head", "fine")} == {
            "silent": "timeout",
            "drips": "timeout",
            "head": "timeout",
            "fine": None,
        }
        assert len(rig.titles("fine")) == 2

    case(work)


def test_case_41_article_pages(case: Case) -> None:
    """Pages are read at the host's pace, under our name, once each, however many feeds and polls show them; robots rules are kept."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        text = (
            "<html><body><article><p>" + "A plant for semiconductors opens in Hanoi, officials said. " * 20 + "</p></article></body></html>"
        )
        paths = [f"/a{number}" for number in range(5)]
        for path in paths:
            rig.server.say(path, reply(text, Content_Type="text/html"), host="news.example")
        rig.server.say("/robots.txt", reply("User-agent: *\nDisallow: /a4\n"), host="news.example")
        items = [item(path[1:], START, link=rig.server.url(path, "news.example")) for path in paths]
        rig.feed("one", rig.server.say("/1", reply(rss(*items))))
        rig.feed("two", rig.server.say("/2", reply(rss(*items)), host="second.example"))
        await rig.poll()
        await rig.pass_time(DAY)
        pages = rig.asked(host="news.example")
        assert sorted(asked.path for asked in pages) == ["/a0", "/a1", "/a2", "/a3", "/robots.txt"]
        assert min(gaps(pages)) >= timedelta(seconds=1)
        assert {asked.header("user-agent") for asked in pages} == {rig.asked("/1")[0].header("user-agent")}
        assert rig.rows("select state, count(*) as n from articles group by state order by state") == [
            {"state": "done", "n": 4},
            {"state": "failed", "n": 1},
        ]

    case(work)
