"""CONFORMANCE section B: status codes and redirects."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.certificates import certificate, shown, trusting
from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Asked, Script, hang_up, http_date, item, reply, rss

FEED = rss(item("a", START), item("b", START))
HOUR = timedelta(hours=1)


def go(location: str, status: int = 302) -> bytes:
    return reply(status=status, Location=location)


@pytest.mark.parametrize("status", [301, 308])
def test_case_13_a_lasting_permanent_redirect_moves_the_feed(case: Case, status: int) -> None:
    """Followed at once, moved only after the same answer on several polls over a day; entries and ids stay; later polls ask the new address."""

    async def work(rig: Rig) -> None:
        target = rig.server.say("/new", reply(FEED), host="new.example")
        old = rig.server.say("/old", reply(FEED), go(target, status))
        rig.feed("one", old)
        await rig.poll()
        before = rig.entries()
        await rig.again(2)
        assert rig.state()["url"] == old
        await rig.pass_time(timedelta(hours=60))
        assert rig.state()["url"] == target
        assert [row["id"] for row in rig.entries()] == [row["id"] for row in before]
        assert rig.events("feed.moved") == [f"from {old} to {target}"]
        asked_old = len(rig.asked("/old"))
        await rig.start()
        await rig.again(2)
        assert len(rig.asked("/old")) == asked_old
        assert rig.rows("select s.host from feeds f join sites s on s.id = f.site_id") == [{"host": "new.example"}]

    case(work)


def test_case_13_credentials_keep_a_feed_where_it_is(case: Case) -> None:
    """A feed with credentials follows a permanent redirect elsewhere, without them, and keeps its address."""

    async def work(rig: Rig) -> None:
        target = rig.server.say("/new", reply(FEED), host="new.example")
        secret = rig.folder / "password"
        secret.write_text("sesame", encoding="utf-8")
        secret.chmod(0o600)
        old = rig.server.say("/old", go(target, 301))
        rig.feed("one", old, username="me", password=f"file:{secret}")
        await rig.pass_time(timedelta(hours=60))
        assert rig.state()["url"] == old
        assert all(asked.header("authorization") for asked in rig.asked("/old"))
        assert [asked.header("authorization") for asked in rig.asked("/new") if asked.header("authorization")] == []

    case(work)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_case_14_a_temporary_redirect_never_moves_the_feed(case: Case, status: int) -> None:
    """Followed each time; the stored address stays for ever."""

    async def work(rig: Rig) -> None:
        target = rig.server.say("/new", reply(FEED))
        old = rig.server.say("/old", go(target, status))
        rig.feed("one", old)
        await rig.pass_time(timedelta(days=3))
        assert rig.state()["url"] == old
        assert len(rig.asked("/old")) == len(rig.asked("/new")) > 10
        assert len(rig.titles()) == 2

    case(work)


def test_case_15_a_maintenance_page_moves_nothing(case: Case) -> None:
    """301 to a page that is no feed, for days, then normal again: the address is the old one."""

    async def work(rig: Rig) -> None:
        page = rig.server.say("/maintenance", reply("<html><title>Back soon</title></html>"))
        times = [reply(FEED), *[go(page, 301)] * 20, reply(rss(item("c", START)))]
        old = rig.server.say("/f", *times)
        rig.feed("one", old)
        await rig.poll()
        for _ in range(21):
            await rig.poll(force=True, after=timedelta(hours=3))
        assert (rig.state()["url"], rig.state()["error_kind"]) == (old, None)
        assert len(rig.titles()) == 3

    case(work)


def test_case_16_loops_and_chains_end(case: Case) -> None:
    """A loop, a chain of 30 and a redirect to itself: few requests, one error, ordinary back-off."""

    async def work(rig: Rig) -> None:
        rig.feed("self", rig.server.say("/self", go(rig.server.url("/self"))))
        rig.feed("loop", rig.server.say("/x", go(rig.server.url("/y"))))
        rig.server.say("/y", go(rig.server.url("/x")))
        for number in range(30):
            rig.server.say(f"/c{number}", go(rig.server.url(f"/c{number + 1}"), 301))
        rig.feed("chain", rig.server.url("/c0"))
        await rig.poll()
        assert len(rig.asked()) <= 21
        for name in ("self", "loop", "chain"):
            assert rig.state(name)["error_kind"] == "redirect"
            assert rig.next_poll(name) >= HOUR
        assert rig.rows("select count(*) as n from events where kind = 'feed.failing'") == [{"n": 3}]

    case(work)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/there/feed.xml", "/there/feed.xml"),
        ("sub/feed.xml", "/a/sub/feed.xml"),
        ("../feed.xml", "/feed.xml"),
        ("?page=2", "/a/f?page=2"),
        ("/with space.xml", "/with%20space.xml"),
        ("/tin-t\u1ee9c.xml", "/tin-t%E1%BB%A9c.xml"),
        ("/caf%C3%A9.xml", "/caf%C3%A9.xml"),
        ("//other.example:PORT/f", "/f"),
    ],
)
def test_case_17_locations_are_resolved(case: Case, location: str, path: str) -> None:
    """Relative addresses, spaces and letters beyond ASCII lead where the server meant."""

    async def work(rig: Rig) -> None:
        host = "other.example" if "other" in location else "feeds.example"
        rig.server.say(path, reply(FEED), host=host)
        rig.feed("one", rig.server.say("/a/f", go(location.replace("PORT", str(rig.server.port)))))
        await rig.poll()
        assert len(rig.titles()) == 2
        assert rig.asked(path, host)

    case(work)


def test_case_18_secrets_stay_at_home(case: Case, tmp_path: Path) -> None:
    """https to http and to another host: followed without credentials and secret headers; the step down is shown on the feed."""
    both = certificate(tmp_path, "secure.example")

    async def work(rig: Rig) -> None:
        secret = rig.folder / "token"
        secret.write_text("sesame", encoding="utf-8")
        secret.chmod(0o600)
        plain = rig.server.say("/plain", reply(FEED), host="secure.example")
        other = rig.server.say("/other", reply(FEED), host="other.example")
        rig.server.say("/down", go(plain), host="secure.example")
        rig.server.say("/away", go(other), host="secure.example")
        access = {"username": "me", "password": f"file:{secret}", "headers": {"X-Key": f"file:{secret}"}}
        for name in ("down", "away"):
            rig.feed(name, rig.server.url(f"/{name}", "secure.example", "https"), **access)
        await rig.poll()
        for path, there in (("/down", True), ("/away", True), ("/plain", False), ("/other", False)):
            (asked,) = rig.asked(path)
            assert ("authorization" in dict(asked.headers), "X-Key" in dict(asked.headers)) == (there, there), path
        assert "without encryption" in rig.state("down")["note"]
        assert len(rig.titles("down")) == len(rig.titles("away")) == 2

    case(work, tls=shown(both), trusting=trusting(both))


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://feeds.example/f",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://0x0a000001/",
        "gopher://feeds.example/",
    ],
)
def test_case_19_redirects_inside_are_refused(case: Case, location: str) -> None:
    """Other schemes, the metadata service and private addresses, by name or number: refused, with the reason."""

    async def work(rig: Rig) -> None:
        rig.names["inside.example"] = ["192.168.1.1"]
        rig.feed("one", rig.server.say("/f", go(location)))
        await rig.poll()
        assert rig.state()["error_kind"] in {"redirect", "blocked", "bad-url"}
        assert len(rig.asked()) == 1

    case(work)


def test_case_20_gone(case: Case) -> None:
    """410: switched off, told once, never asked again, also after a restart and by force."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED), reply(status=410)))
        await rig.poll()
        await rig.again()
        assert rig.state()["state"] == "gone"
        await rig.start()
        await rig.pass_time(timedelta(days=30))
        await rig.poll(force=True)
        assert len(rig.asked("/f")) == 2
        assert len(rig.events("feed.gone")) == 1
        assert len(rig.titles()) == 2

    case(work)


def test_case_21_not_found_for_days(case: Case) -> None:
    """404: back-off to a request a day, shown as failing, recovered by itself when the feed is back."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED), *[reply(status=404)] * 12, reply(rss(item("new", START)))))
        await rig.poll()
        await rig.again(12)
        times = [asked.at for asked in rig.asked("/f")]
        waits = [later - earlier for earlier, later in pairwise(times)]
        assert waits[2] >= 2 * HOUR
        assert all(timedelta(hours=24) <= wait <= timedelta(hours=25) for wait in waits[4:])
        assert rig.state()["failing_since_at"] is not None
        assert rig.state()["error_kind"] == "http-404"
        await rig.again()
        assert (rig.state()["failing_since_at"], rig.state()["error_kind"]) == (None, None)
        assert len(rig.titles()) == 3
        assert len(rig.events("feed.recovered")) == 1

    case(work)


@pytest.mark.parametrize("status", [401, 403])
def test_case_22_refused(case: Case, status: int) -> None:
    """401 and 403: hours of patience, the reason shown, the same User-Agent."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(status=status)))
        await rig.poll()
        assert rig.next_poll() >= timedelta(hours=4)
        assert str(status) in rig.state()["error"]
        await rig.again(3)
        assert len({asked.header("user-agent") for asked in rig.asked()}) == 1

    case(work)


@pytest.mark.parametrize(
    ("status", "value", "least", "most"),
    [
        (429, "7200", 2 * HOUR, 4 * HOUR),
        (429, http_date(START + timedelta(hours=5)), 5 * HOUR, 7 * HOUR),
        (429, "", HOUR, 3 * HOUR),
        (429, "31536000", timedelta(days=7), timedelta(days=7, hours=2)),
        (429, "-5", HOUR, 3 * HOUR),
        (429, "soon", HOUR, 3 * HOUR),
        (503, "7200", 2 * HOUR, 4 * HOUR),
        (503, http_date(START + timedelta(hours=5)), 5 * HOUR, 7 * HOUR),
        (503, "31536000", timedelta(days=7), timedelta(days=7, hours=2)),
    ],
)
def test_case_23_and_24_the_host_is_left_alone(case: Case, status: int, value: str, least: timedelta, most: timedelta) -> None:
    """429 and 503 with Retry-After bind the whole host: no feed, no page and no manual poll before; silly values are capped or ignored."""

    async def work(rig: Rig) -> None:
        headers = {"Retry_After": value} if value else {}
        rig.feed("a", rig.server.say("/a", reply(status=status, **headers), reply(FEED)))
        rig.feed("b", rig.server.say("/b", reply(FEED)))
        rig.feed("elsewhere", rig.server.say("/f", reply(FEED), host="other.example"))
        rig.articles = True
        await rig.poll()
        assert len(rig.asked(host="feeds.example")) == 1
        assert len(rig.asked(host="other.example")) == 1
        await rig.poll(force=True, after=least - timedelta(minutes=5))
        assert len(rig.asked(host="feeds.example")) == 1
        await rig.pass_time(most - least + timedelta(minutes=10))
        first, second, *_ = (asked.at for asked in rig.asked("/a"))
        assert least <= second - first <= most
        assert rig.asked("/b")[0].at - first >= least

    case(work)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_case_25_one_bad_moment(case: Case, status: int) -> None:
    """A 5xx once: one later try at the next slot, no burst, nobody is told that anything is wrong for good."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED), reply(status=status), reply(FEED)))
        rig.feed("other", rig.server.say("/f", reply(FEED), host="other.example"))
        await rig.poll()
        await rig.again()
        await rig.pass_time(timedelta(minutes=50))
        first, second = (asked.at for asked in rig.asked("/f", "feeds.example"))
        assert second - first >= timedelta(minutes=50)
        await rig.pass_time(timedelta(hours=2))
        assert rig.state()["failing_since_at"] is None
        assert rig.events("feed.gone") == []

    case(work)


@pytest.mark.parametrize("status", [200, 202])
def test_case_26_a_check_for_robots(case: Case, status: int) -> None:
    """A bot-check page, also with 202: no feed, the reason told, no entries made of it."""

    async def work(rig: Rig) -> None:
        page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
        rig.feed("one", rig.server.say("/f", reply(FEED), reply(page, status=status, Content_Type="text/html")))
        await rig.poll()
        await rig.again()
        assert rig.state()["error_kind"] == "not-feed"
        assert "robots" in rig.state()["error"]
        assert len(rig.titles()) == 2

    case(work)


@pytest.mark.parametrize("answer", [reply(status=204), reply(b""), reply(b"  \n ")])
def test_case_27_nothing_in_the_answer(case: Case, answer: Script) -> None:
    """204 and empty bodies are a soft error; stored entries stay."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(FEED), answer, reply(FEED)))
        await rig.poll()
        await rig.again()
        assert (rig.state()["state"], rig.state()["error_kind"]) == ("active", "not-feed")
        assert len(rig.titles()) == 2
        await rig.again()
        assert rig.state()["error_kind"] is None

    case(work)


def _raw(head: bytes) -> Script:
    return hang_up(head + f"Content-Length: {len(FEED)}\r\n\r\n{FEED}".encode())


@pytest.mark.parametrize(
    "answer",
    [
        _raw(b"HTTP/1.1 200 \xc3\xa9t\xe9 !!\r\n"),
        _raw(b"HTTP/1.1 200\r\n"),
        _raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Type: text/html\r\n"),
        _raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(1000))),
        _raw(b"HTTP/1.1 200 OK\r\nno colon here\r\n"),
        _raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n"),
        hang_up(b"SSH-2.0-OpenSSH_9.6\r\n"),
    ],
    ids=["odd-reason", "no-reason", "two-types", "1000-headers", "garbage", "long-header", "ssh"],
)
def test_case_28_strange_heads(case: Case, answer: Script) -> None:
    """Odd status lines, doubled, countless and malformed header fields: read, or one clean error; the feed goes on."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", answer, reply(FEED)))
        await rig.poll()
        state = rig.state()
        assert len(rig.titles()) == 2 or (state["error_kind"] == "protocol" and state["error"] and "\n" not in state["error"])
        await rig.again()
        assert len(rig.titles()) == 2

    case(work)


def test_redirects_are_not_remembered_as_requests_of_others(case: Case) -> None:
    """A redirect to a host that asks to wait blocks that host, not the one that sent us there."""

    async def work(rig: Rig) -> None:
        def busy(asked: Asked) -> bytes:
            return reply(status=429, Retry_After="7200")

        target = rig.server.say("/busy", busy, host="busy.example")
        rig.feed("one", rig.server.say("/f", go(target)))
        await rig.poll()
        blocked = rig.rows("select host from sites where blocked_until_at is not null")
        assert blocked == [{"host": "busy.example"}]

    case(work)
