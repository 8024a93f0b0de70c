"""CONFORMANCE section F: formats, discovery, push; and the two ways in which a feed stops being what it was."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.errors import MonitorError, NothingSelected, UsageError
from monitor.feeds.actions import Asking, discover, propose
from tests.certificates import certificate, shown, trusting
from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Script, item, reply, reset, rss

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHIPS = "Semiconductor plant opens"

_ATOM10 = "http://www.w3.org/2005/Atom"
_ATOM03 = "http://purl.org/atom/ns#"
_RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
_PLAIN_ITEM = "<item><title>One</title><link>http://news.example/1</link></item>"
FORMATS = {
    "rss-0.90": f'<rdf:RDF {_RDF} xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>F</title></channel>{_PLAIN_ITEM}</rdf:RDF>',
    "rss-0.91": f'<rss version="0.91"><channel><title>F</title>{_PLAIN_ITEM}</channel></rss>',
    "rss-0.92": f'<rss version="0.92"><channel><title>F</title>{_PLAIN_ITEM}</channel></rss>',
    "rss-1.0": f'<rdf:RDF {_RDF} xmlns="http://purl.org/rss/1.0/"><channel><title>F</title></channel>{_PLAIN_ITEM}</rdf:RDF>',
    "rss-2.0": f'<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>{_PLAIN_ITEM}</channel></rss>',
    "rss-bare": f"<rss><channel><title>F</title>{_PLAIN_ITEM}</channel></rss>",
    "atom-0.3": f'<feed version="0.3" xmlns="{_ATOM03}"><title>F</title><entry><title>One</title><link rel="alternate" href="http://news.example/1"/></entry></feed>',
    "atom-1.0": f'<feed xmlns="{_ATOM10}"><title>F</title><entry><title>One</title><link href="http://news.example/1"/></entry></feed>',
    "json-1.0": '{"version": "https://jsonfeed.org/version/1", "title": "F", "items": [{"id": "1", "title": "One", "url": "http://news.example/1"}]}',
    "json-1.1": '{"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [{"id": "1", "title": "One", "url": "http://news.example/1"}]}',
    "json-bare": '\n {"version": "1.1", "items": [{"id": "1", "title": "One", "url": "http://news.example/1"}]}',
}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/html; charset=utf-8", "application/octet-stream", "", "image/png", "nonsense"]
)
def test_case_69_formats_are_known_by_content(case: Case, content_type: str) -> None:
    """Every format under any Content-Type is read."""

    async def work(rig: Rig) -> None:
        headers = {"Content_Type": content_type} if content_type else {}
        for name, document in FORMATS.items():
            rig.feed(name.replace(".", "-"), rig.server.say("/f", reply(document, **headers), host=f"{name}.example"))
        await rig.poll()
        read = {name: [(row["title"], row["url"]) for row in rig.entries(name.replace(".", "-"))] for name in FORMATS}
        assert read == {name: [("One", "http://news.example/1")] for name in FORMATS}

    case(work)


def test_case_70_json_feed(case: Case) -> None:
    """Numeric ids, no title, text alone, an outer address, an ended feed, hubs, wrong types: read; next_url is not followed."""

    async def work(rig: Rig) -> None:
        items = [
            {"id": 7, "content_text": "Only text", "url": "http://news.example/7"},
            {"id": "8", "title": "Eight", "external_url": "http://elsewhere.example/8", "content_html": "<p>Eight <b>bold</b></p>"},
            {
                "id": 9.0,
                "title": "Nine",
                "url": "http://news.example/9",
                "date_published": "2026-11-20T07:00:00+07:00",
                "authors": [{"name": "A"}],
            },
            {"id": ["wrong"], "title": {"wrong": 1}, "content_text": "Odd", "url": None, "date_published": 5},
            "no item",
        ]
        document = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "F",
            "expired": True,
            "next_url": rig.server.url("/next"),
            "hubs": [{"type": "WebSub", "url": rig.server.url("/hub")}],
            "items": items,
        }
        rig.feed("one", rig.server.say("/f", reply(json.dumps(document))))
        await rig.poll()
        await rig.again()
        rows = [(row["guid"], row["title"], row["url"], row["summary"]) for row in rig.entries()]
        assert rows == [
            ("7", "", "http://news.example/7", "Only text"),
            ("8", "Eight", "http://elsewhere.example/8", "Eight bold"),
            ("9", "Nine", "http://news.example/9", ""),
            ("", "", "", "Odd"),
        ]
        assert rig.entries()[2]["published_at"] == "2026-11-20T00:00:00.000000Z"
        assert {asked.path for asked in rig.asked()} == {"/f"}
        assert "nothing more will come" in rig.state()["note"]

    case(work)


def _page(*links: str, body: str = "") -> bytes:
    return reply(
        f"<!doctype html><html><head><title>Home</title>{''.join(links)}</head><body>{body}</body></html>", Content_Type="text/html"
    )


def _link(href: str, kind: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{kind}" title="T" href="{href}">'


def asking(rig: Rig) -> Asking:
    assert rig.app is not None
    return Asking(door=rig.app.door, sandbox=rig.app.sandbox, settings=rig.app.poll_settings, now=rig.clock())


def test_case_71_a_home_page(case: Case) -> None:
    """One named feed is found, of several the person chooses, none is said in plain words; no burst of guesses."""

    async def work(rig: Rig) -> None:
        await rig.start()
        assert rig.app is not None
        for path in ("/a.xml", "/b.xml"):
            rig.server.say(path, reply(rss(item("a", START))), host="home.example")
        homes = {
            "one": _page(_link("/a.xml")),
            "relative": _page(_link("a.xml")),
            "in-body": _page(body=_link("/a.xml")),
            "odd-type": _page(_link("/a.xml", "text/xml")),
            "wrong-type": _page(_link("/style.css", "text/css"), _link("/a.xml")),
        }
        found = {}
        for name, page in homes.items():
            rig.server.say(f"/{name}/" if name != "relative" else "/relative", page, host="home.example")
            address = rig.server.url(f"/{name}/" if name != "relative" else "/relative", "home.example")
            found[name] = [look.url for look in await discover(address, asking(rig))]
        assert found == {name: [rig.server.url("/a.xml", "home.example")] for name in homes}
        rig.server.say("/several", _page(_link("/a.xml"), _link("/b.xml")), host="home.example")
        with pytest.raises(UsageError, match="names 2 feeds"):
            await propose(rig.server.url("/several", "home.example"), asking(rig), rig.app.config, "", "", "", {})
        rig.server.say("/", _page(), host="none.example")
        with pytest.raises((NothingSelected, MonitorError), match="names no feed"):
            await discover(rig.server.url("/", "none.example"), asking(rig))
        guesses = rig.asked(host="none.example")
        assert len(guesses) <= 10
        assert min(later.at - one.at for one, later in pairwise(guesses)) >= timedelta(seconds=1)

    case(work)


def test_case_72_an_empty_feed(case: Case) -> None:
    """A feed without items is fine, also after it had some: nothing is deleted, and what comes back is not new."""

    async def work(rig: Rig) -> None:
        rig.feed("never", rig.server.say("/never", reply(rss())))
        twenty = rss(*(item(f"n{number}", START) for number in range(20)))
        rig.feed("one", rig.server.say("/f", reply(twenty), reply(rss()), reply(twenty)))
        await rig.poll()
        await rig.again(3)
        assert rig.state("never")["error_kind"] is None
        assert (rig.state()["error_kind"], len(rig.titles())) == (None, 20)
        await rig.again(3)
        assert len(rig.titles()) == 20
        assert all(row["revision"] == 1 for row in rig.entries())

    case(work)


def pages(rig: Rig, host: str, *names: str, age: timedelta = HOUR) -> list[str]:
    """Items whose pages can be read."""
    for name in names:
        rig.server.say(f"/{name}", reply(f"<html><body><article><p>{CHIPS} {name}. {'It is large. ' * 30}</p></article>"), host=host)
    return [item(name, START - age, title=f"{CHIPS} {name}", link=rig.server.url(f"/{name}", host)) for name in names]


def test_case_73_another_feed_at_the_address(case: Case) -> None:
    """Another title and another site's items: warned until a person looks, held for a day, never silently matched."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        mine = pages(rig, "mine.example", "a", "b", "c")
        theirs = pages(rig, "casino.example", "x", "y", "z")
        rig.feed("one", rig.server.say("/f", reply(rss(*mine)), reply(rss(*theirs, head="<title>Win big</title>"))))
        await rig.poll()
        await rig.digest()
        assert len(rig.alerts()) == 3
        await rig.again(6)
        await rig.poll()
        await rig.digest()
        assert len(rig.events("feed.other-feed")) == 1
        assert "another feed" in rig.state()["note"]
        assert [problem for problem, text in rig.findings() if "another feed" in text] == [True]
        assert len(rig.titles()) == 6
        await rig.pass_time(DAY * 3)
        assert "another feed" in rig.state()["note"]
        feeds_resume(rig)
        assert (rig.state()["note"], rig.findings()) == ("", [])

    case(work)


def feeds_resume(rig: Rig) -> None:
    """What `monitor feeds resume one` does."""
    from monitor.store import feeds

    assert feeds.set_state(rig.store, "one", "active", rig.clock())


def test_a_flood_is_held_and_shown(case: Case) -> None:
    """A known feed whose many items all look new though they are old: stored and shown, not matched for a day; true news goes on meanwhile."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        old = pages(rig, "mine.example", *(f"a{number}" for number in range(25)))
        new = pages(rig, "mine.example", *(f"b{number}" for number in range(25)), age=5 * DAY)
        fresh = pages(rig, "mine.example", "fresh")
        rig.feed("one", rig.server.say("/f", reply(rss(*old)), reply(rss(*new)), reply(rss(*fresh, *new))))
        await rig.poll()
        await rig.poll(force=True, after=2 * HOUR)
        assert len(rig.events("feed.flood")) == 1
        assert "25 of 25 items look new" in rig.state()["note"]
        assert [problem for problem, text in rig.findings() if "look new" in text] == [False]
        await rig.poll(force=True, after=2 * HOUR)
        await rig.digest()
        assert len(rig.titles()) == 51
        assert len(rig.alerts()) == 26
        assert len(rig.events("feed.flood")) == 1

    case(work)


def test_many_news_after_an_outage_are_no_flood(case: Case) -> None:
    """Thirty new items dated within the days that nobody polled are news: told, and the gap is shown."""

    async def work(rig: Rig) -> None:
        old = rss(*(item(f"a{number}", START) for number in range(30)))
        rig.feed("one", rig.server.say("/f", reply(old), reply(rss(*(item(f"b{number}", START + 2 * DAY) for number in range(30))))))
        await rig.poll()
        await rig.poll(force=True, after=3 * DAY)
        assert rig.events("feed.flood") == []
        assert "may have missed" in rig.state()["note"]
        assert rig.rows("select count(*) as n from articles where quiet = 0") == [{"n": 60}]

    case(work)


def test_a_flood_is_let_go_by_a_person_or_after_a_day(case: Case) -> None:
    """`feeds resume` lets the held entries go at once; otherwise they are read after a day, and the note goes."""

    async def work(rig: Rig) -> None:
        rig.articles = True
        old = pages(rig, "mine.example", *(f"a{number}" for number in range(25)))
        new = pages(rig, "mine.example", *(f"b{number}" for number in range(25)), age=5 * DAY)
        for name in ("one", "two"):
            rig.feed(name, rig.server.say(f"/{name}", reply(rss(*old)), reply(rss(*new)), host=f"{name}.example"))
        await rig.poll()
        rig.clock.at += 3 * DAY
        await rig.poll(force=True)
        read = "select count(*) as n from articles where state = 'done'"
        assert rig.rows(read) == [{"n": 25}]
        assert "held for a day" in rig.state()["note"]
        feeds_resume(rig)
        await rig.poll()
        assert rig.rows(read) == [{"n": 50}]
        await rig.pass_time(DAY * 2)
        assert (rig.state("one")["held_kind"], rig.state("two")["held_kind"]) == ("", "")

    case(work)


def test_case_74_websub_is_harmless(case: Case) -> None:
    """Hubs in the feed and in the header: nobody subscribes, the feed is polled as any other."""

    async def work(rig: Rig) -> None:
        hub = rig.server.url("/hub")
        document = (
            f'<feed xmlns="{_ATOM10}"><title>F</title><link rel="hub" href="{hub}"/><link rel="self" href="{rig.server.url("/self")}"/>'
            '<entry><id>1</id><title>One</title><link href="http://news.example/1"/></entry></feed>'
        )
        rig.feed("one", rig.server.say("/f", reply(document, Link=f'<{hub}>; rel="hub"')))
        await rig.poll()
        await rig.again(3)
        assert {(asked.method, asked.path) for asked in rig.asked()} == {("GET", "/f")}
        assert rig.titles() == ["One"]

    case(work)


@pytest.mark.parametrize("name", ["expired.example", "self-signed.example", "other-name.example"])
def test_case_75_certificates(case: Case, tmp_path: Path, name: str) -> None:
    """Expired, self-signed and wrong-name certificates are refused with the reason, with back-off, and never taken."""
    valid = ("20200101000000Z", "20200201000000Z" if "expired" in name else "20400101000000Z")
    both = certificate(tmp_path, "shown.example" if "other" in name else name, valid=valid)
    trusted = None if "self-signed" in name else both

    async def work(rig: Rig) -> None:
        rig.server.say("/f", reply(rss(item("a", START))), host=name)
        rig.feed("one", rig.server.url("/f", name, "https"))
        await rig.poll()
        await rig.again(2)
        assert rig.state()["error_kind"] == "tls"
        reason = {"expired": "expired", "self-signed": "self-signed", "other-name": "mismatch"}[name.split(".")[0]]
        assert reason in rig.state()["error"]
        assert rig.next_poll() >= 4 * HOUR
        assert rig.asked() == []

    case(work, tls=shown(both), trusting=trusting(trusted))


def _reset(rig: Rig) -> str:
    return rig.server.say("/f", reset())


def _unknown(rig: Rig) -> str:
    return rig.server.url("/f", "nobody.invalid")


def _dead_ipv6(rig: Rig) -> str:
    rig.names["six.example"] = ["2001:4860:4860::dead"]
    return rig.server.url("/f", "six.example")


def _refused(rig: Rig) -> str:
    rig.names["refused.example"] = ["127.0.0.99"]
    return rig.server.url("/f", "refused.example")


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        (_reset, {"protocol", "connect"}),
        (_unknown, {"dns"}),
        (_dead_ipv6, {"connect", "timeout"}),
        (_refused, {"connect"}),
    ],
    ids=["reset", "unknown-name", "dead-ipv6", "refused"],
)
def test_case_75_broken_connections(case: Case, fault: object, kinds: set[str]) -> None:
    """A reset, an unknown name, a dead IPv6 address, a closed port: one clean error with its reason, back-off, and recovery."""

    async def work(rig: Rig) -> None:
        rig.defaults["timeout_s"] = 2
        rig.feed("one", fault(rig))  # type: ignore[operator]
        rig.feed("other", rig.server.say("/f", reply(rss(item("a", START))), host="other.example"))
        await rig.poll()
        state = rig.state()
        assert state["error_kind"] in kinds
        assert state["error"]
        assert "\n" not in state["error"]
        assert rig.titles("other") == ["Title of a"]
        await rig.again(2)
        assert rig.rows("select count(*) as n from events where kind = 'feed.failing' and subject = 'one'") == [{"n": 1}]

    case(work)


ODD: dict[str, Script] = {"html-with-link": _page(_link("/feed.xml"))}


def test_case_71_a_feed_that_became_a_page(case: Case) -> None:
    """A configured feed whose address shows a page now fails with the feed that the page names, which nobody asks by itself."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START))), ODD["html-with-link"]))
        await rig.poll()
        await rig.again()
        assert rig.server.url("/feed.xml") in rig.state()["error"]
        assert {asked.path for asked in rig.asked()} == {"/f"}

    case(work)
