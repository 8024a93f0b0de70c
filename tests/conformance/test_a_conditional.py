"""CONFORMANCE section A: conditional requests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conformance.conftest import Case
from tests.conformance.rig import START, Rig
from tests.conformance.server import Asked, item, reply, rss

ODD_DATE = "Fri, 20-Nov-26  07:00:00 GMT+0"


def validators(asked: Asked) -> tuple[str | None, str | None]:
    return asked.header("if-none-match"), asked.header("if-modified-since")


def test_case_01_both_validators_go_back_byte_for_byte(case: Case) -> None:
    """ETag and Last-Modified come back as they were sent; a 304 stores nothing."""

    async def work(rig: Rig) -> None:
        full = reply(rss(item("a", START)), ETag='W/"a-1 \\ b"', Last_Modified=ODD_DATE)
        rig.feed("one", rig.server.say("/f", full, reply(status=304)))
        await rig.poll()
        before = rig.entries()
        await rig.again(2)
        assert [validators(asked) for asked in rig.asked("/f")] == [(None, None), *[('W/"a-1 \\ b"', ODD_DATE)] * 2]
        assert rig.entries() == before
        assert rig.state()["error_kind"] is None

    case(work)


def test_case_02_only_what_was_given(case: Case) -> None:
    """A feed with one validator is asked with that one; nothing is made up."""

    async def work(rig: Rig) -> None:
        rig.feed("tag", rig.server.say("/tag", reply(rss(item("a", START)), ETag='"1"'), reply(status=304)))
        rig.feed("date", rig.server.say("/date", reply(rss(item("b", START)), Last_Modified=ODD_DATE), reply(status=304)))
        await rig.poll()
        await rig.poll(force=True)
        assert validators(rig.asked("/tag")[1]) == ('"1"', None)
        assert validators(rig.asked("/date")[1]) == (None, ODD_DATE)

    case(work)


def test_case_03_no_validators(case: Case) -> None:
    """Without validators the request is plain, and the same body again changes nothing but the interval."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START)))))
        await rig.poll()
        before, interval = rig.entries(), rig.state()["interval_s"]
        for _ in range(3):
            await rig.again()
            assert validators(rig.asked("/f")[-1]) == (None, None)
        assert rig.entries() == before
        assert rig.state()["interval_s"] > interval

    case(work)


@pytest.mark.parametrize("tag", ['W/"x"', "no-quotes", '"a,b"', '"caf\u00e9"', '"\u0111\u1ed3ng"'])
def test_case_04_odd_etags(case: Case, tag: str) -> None:
    """Weak, unquoted, comma and non-ASCII ETags are echoed exactly."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START)), ETag=tag), reply(status=304)))
        await rig.poll()
        await rig.again()
        echoed = rig.asked("/f")[1].header("if-none-match")
        assert echoed is not None
        assert echoed.encode("latin-1") == tag.encode("utf-8")

    case(work)


def test_case_05_the_gzip_suffix_is_kept(case: Case) -> None:
    """Apache's -gzip suffix goes back with the same Accept-Encoding on each poll, and its 304 is taken."""

    async def work(rig: Rig) -> None:
        def answer(asked: Asked) -> bytes:
            same = asked.header("if-none-match") == '"abc-gzip"' and asked.header("accept-encoding") == "gzip"
            return reply(status=304) if same else reply(rss(item("a", START)), ETag='"abc-gzip"')

        rig.feed("one", rig.server.say("/f", answer))
        await rig.poll()
        polled = rig.state()["last_success_at"]
        await rig.again()
        first, second = rig.asked("/f")
        assert first.header("accept-encoding") == second.header("accept-encoding") == "gzip"
        assert rig.state()["etag"] == '"abc-gzip"'
        assert rig.state()["last_success_at"] > polled

    case(work)


@pytest.mark.parametrize("date", ["yesterday", "Sat, 01 Jan 2050 00:00:00 GMT", "1"])
def test_case_06_last_modified_is_opaque(case: Case, date: str) -> None:
    """A Last-Modified that is no date, or lies ahead, is echoed as it is."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START)), Last_Modified=date), reply(status=304)))
        await rig.poll()
        await rig.again()
        assert rig.asked("/f")[1].header("if-modified-since") == date

    case(work)


def test_case_07_the_newest_pair_is_used(case: Case) -> None:
    """A new ETag in each 200 replaces the last one at once; what a 200 does not bring is forgotten."""

    async def work(rig: Rig) -> None:
        bodies = [reply(rss(item(f"a{n}", START)), ETag=f'"{n}"', Last_Modified=f"day {n}") for n in range(3)]
        rig.feed("one", rig.server.say("/f", *bodies, reply(rss(item("z", START)), ETag='"last"')))
        await rig.poll()
        await rig.again(4)
        assert [validators(asked) for asked in rig.asked("/f")] == [
            (None, None),
            ('"0"', "day 0"),
            ('"1"', "day 1"),
            ('"2"', "day 2"),
            ('"last"', None),
        ]

    case(work)


def test_case_08_a_304_updates_or_keeps(case: Case) -> None:
    """A 304 with a new ETag or Cache-Control updates what is stored; one with neither keeps the old pair and the old promise."""

    async def work(rig: Rig) -> None:
        full = reply(rss(item("a", START)), ETag='"1"', Last_Modified="day 1", Cache_Control="max-age=20000")
        renewed = reply(status=304, ETag='"2"', Cache_Control="max-age=40000")
        rig.feed("one", rig.server.say("/f", full, reply(status=304), renewed, reply(status=304)))
        await rig.poll()
        await rig.again()
        assert validators(rig.asked("/f")[1]) == ('"1"', "day 1")
        assert rig.next_poll() >= timedelta(seconds=20000)
        await rig.again()
        assert validators(rig.asked("/f")[2]) == ('"1"', "day 1")
        assert rig.next_poll() >= timedelta(seconds=40000)
        await rig.again()
        assert validators(rig.asked("/f")[3]) == ('"2"', "day 1")
        assert rig.next_poll() >= timedelta(seconds=40000)

    case(work)


@pytest.mark.parametrize("body", ["<html><title>Down</title><body>Sorry</body></html>", "not a feed at all", ""])
def test_case_09_a_failed_parse_stores_no_validators(case: Case, body: str) -> None:
    """The ETag of an error page does not hide the next good body behind a 304."""

    async def work(rig: Rig) -> None:
        good = reply(rss(item("a", START)), ETag='"good"')
        bad = reply(body, ETag='"bad"', Last_Modified="bad day")

        def later(asked: Asked) -> bytes:
            return reply(status=304) if asked.header("if-none-match") == '"bad"' else reply(rss(item("b", START)), ETag='"better"')

        rig.feed("one", rig.server.say("/f", good, bad, later))
        await rig.poll()
        await rig.again()
        assert (rig.state()["etag"], rig.state()["error_kind"]) == ('"good"', "not-feed")
        await rig.again()
        assert validators(rig.asked("/f")[2]) == ('"good"', None)
        assert rig.titles() == ["Title of a", "Title of b"]

    case(work)


def test_case_10_entries_and_validators_are_one_transaction(case: Case) -> None:
    """Where the save dies half-way, neither entries nor validators are there; the next start asks without them and loses nothing."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START), item("b", START)), ETag='"1"')))
        await rig.start()
        stop = "create trigger stop before update of etag on feeds when new.etag = '\"1\"' begin select raise(abort, 'power cut'); end"
        with rig.store.write():
            rig.store.run(stop)
        await rig.step()
        assert (rig.titles(), rig.state()["etag"]) == ([], None)
        with rig.store.write():
            rig.store.run("drop trigger stop")
        await rig.start()
        await rig.poll(force=True)
        assert [validators(asked) for asked in rig.asked("/f")] == [(None, None)] * 2
        assert (len(rig.titles()), rig.state()["etag"]) == (2, '"1"')

    case(work)


def test_case_11_validators_survive_a_restart(case: Case) -> None:
    """The first request after a restart is conditional."""

    async def work(rig: Rig) -> None:
        rig.feed("one", rig.server.say("/f", reply(rss(item("a", START)), ETag='"1"', Last_Modified="day"), reply(status=304)))
        await rig.poll()
        await rig.start()
        await rig.again()
        assert validators(rig.asked("/f")[1]) == ('"1"', "day")

    case(work)


def test_case_12_validators_belong_to_an_address(case: Case) -> None:
    """An edited address, and the target of a redirect, are asked without the validators of the old one."""

    async def work(rig: Rig) -> None:
        rig.feed("edited", rig.server.say("/old", reply(rss(item("a", START)), ETag='"old"')))
        target = rig.server.say("/target", reply(rss(item("b", START)), ETag='"target"'))
        moved = rig.server.say("/moved", reply(rss(item("b", START)), ETag='"moved"'), reply(status=301, Location=target))
        rig.feed("moved", moved)
        await rig.poll()
        rig.feed("edited", rig.server.say("/new", reply(rss(item("a", START)), ETag='"new"')))
        await rig.start()
        await rig.poll(force=True)
        await rig.poll(force=True)
        assert [validators(asked) for asked in rig.asked("/new")] == [(None, None), ('"new"', None)]
        assert [validators(asked)[0] for asked in rig.asked("/moved")] == [None, '"moved"', None]
        assert [validators(asked)[0] for asked in rig.asked("/target")] == [None, '"target"']
        assert len(rig.titles("edited")) == 1

    case(work)
