"""`monitor feeds`: a person's way with feeds, against a real site on loopback."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run
from tests.feeds.loopback import Loopback, answer, loopback, rss

CONFIG = """\
# my own words
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[feed.one]
url = "{one}"   # the first
[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
"""
ITEM = "<title>Chips</title><link>https://paper.example/1</link><pubDate>Wed, 25 Sep 2024 08:00:00 GMT</pubDate>"


@pytest.fixture
def site() -> Iterator[Loopback]:
    """A site with one feed."""
    with loopback() as made:
        made.routes["/one"] = rss("The Paper", ITEM)
        yield made


@pytest.fixture
def desk(site: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose configuration names that feed."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG.format(one=site.url("/one"), port=site.port), encoding="utf-8")
    return tmp_path


def config(desk: Path) -> str:
    return (desk / "config.toml").read_text(encoding="utf-8")


def feed(desk: Path, name: str) -> dict[str, Any]:
    found = tomllib.loads(config(desk))["feed"].get(name)
    assert found is not None, config(desk)
    assert isinstance(found, dict)
    return found


def test_a_feed_is_added_with_what_it_says_of_itself(desk: Path, site: Loopback) -> None:
    """Name, title and language come from the feed; the rest of the file stays byte for byte, and the file is right."""
    before = config(desk)
    site.routes["/two"] = rss("Tin công nghệ - RSS", ITEM, lang="vi-VN")
    outcome = run("feeds", "add", site.url("/two"), "--interval-min", "30")
    assert outcome.code == 0, outcome.err
    assert config(desk).startswith(before)
    assert feed(desk, "tin-cong-nghe") == {"url": site.url("/two"), "title": "Tin công nghệ - RSS", "lang": "vi", "interval_min": 30}
    assert run("config", "check").code == 0
    assert not list(desk.glob(".config*"))


def test_options_win_and_a_dry_run_writes_nothing(desk: Path, site: Loopback) -> None:
    """--name, --title and --lang are taken as given; --dry-run shows the table and leaves the file."""
    site.routes["/two"] = rss("Two", ITEM, lang="en")
    before = config(desk)
    outcome = run("feeds", "add", site.url("/two"), "--name", "mine", "--title", "Mine", "--lang", "fr", "--dry-run", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out) == {"name": "mine", "url": site.url("/two"), "title": "Mine", "lang": "fr", "written": False}
    assert config(desk) == before


def test_the_one_feed_of_a_page_is_added(desk: Path, site: Loopback) -> None:
    """A page leads to its feed; the comment feed and dead links beside it do not count."""
    site.routes["/"] = answer(
        b"<html><head><title>Paper</title><link rel=alternate type=application/rss+xml href=/gone>"
        b"<link rel=alternate type=application/rss+xml href=two></head></html>",
        Content_Type="text/html",
        Connection="close",
    )
    site.routes["/two"] = rss("Two", ITEM)
    outcome = run("feeds", "add", site.url("/"))
    assert outcome.code == 0, outcome.err
    assert feed(desk, "two")["url"] == site.url("/two")


def test_a_page_of_several_feeds_asks_for_a_choice(desk: Path, site: Loopback) -> None:
    """Several feeds are listed and none is taken."""
    site.routes["/"] = answer(b'<a href="/a.rss">a</a><a href="/b.rss">b</a>', Content_Type="text/html", Connection="close")
    site.routes["/a.rss"], site.routes["/b.rss"] = rss("First", ITEM), rss("Second", ITEM)
    before = config(desk)
    outcome = run("feeds", "add", site.url("/"))
    assert outcome.code == 2
    assert site.url("/a.rss") in outcome.err
    assert "Second" in outcome.err
    assert config(desk) == before
    found = json.loads(run("feeds", "discover", site.url("/"), "--json").out)
    assert [(each["url"], each["title"], each["items"]) for each in found] == [
        (site.url("/a.rss"), "First", 1),
        (site.url("/b.rss"), "Second", 1),
    ]


def test_usual_places_are_tried_where_a_page_names_nothing(desk: Path, site: Loopback) -> None:
    """A page without links leads to the site's usual feed address, if there is one."""
    site.routes["/news"] = answer(b"<html><title>News</title></html>", Content_Type="text/html", Connection="close")
    assert run("feeds", "discover", site.url("/news")).code == 3
    site.routes["/rss.xml"] = rss("Hidden", ITEM)
    assert site.url("/rss.xml") in run("feeds", "discover", site.url("/news")).out


def test_a_feed_is_never_configured_twice(desk: Path, site: Loopback) -> None:
    """The same address, also with a tracker, and a taken name are refused with what is there."""
    for arguments in ([site.url("/one")], [site.url("/one?utm_source=x"), "--unasked", "--title", "X"]):
        outcome = run("feeds", "add", *arguments)
        assert outcome.code == 2
        assert "[feed.one]" in outcome.err
    site.routes["/two"] = rss("One", ITEM)
    assert "taken" in run("feeds", "add", site.url("/two"), "--name", "one").err
    assert run("feeds", "add", site.url("/two")).code == 0
    assert sorted(each["url"] for each in tomllib.loads(config(desk))["feed"].values()) == [site.url("/one"), site.url("/two")]


def test_what_is_no_feed_is_refused_in_plain_words(desk: Path, site: Loopback) -> None:
    """Nothing there, nobody there, nonsense: each says what happened, and the file stays."""
    before = config(desk)
    site.routes["/text"] = answer(b"hello", Connection="close")
    for address, words, code in (
        (site.url("/nothing"), "there is nothing at this address", 1),
        (site.url("/text"), "not a feed", 3),
        ("not an address", "beginning with https://", 2),
        ("ftp://paper.example/feed", "beginning with https://", 2),
        (site.url("/one?again"), "two letters", 2),
    ):
        site.routes["/one?again"] = site.routes["/one"]
        outcome = run("feeds", "add", address, *(["--lang", "english"] if words == "two letters" else []))
        assert (outcome.code, words in outcome.err) == (code, True), outcome.err
    assert config(desk) == before


def test_a_moved_feed_is_added_where_it_is(desk: Path, site: Loopback) -> None:
    """A permanent redirect gives the new address, a temporary one the old."""
    site.routes["/two"] = rss("Two", ITEM)
    site.routes["/old"] = answer(status=301, Location="/two", Connection="close")
    site.routes["/now"] = answer(status=302, Location="/three", Connection="close")
    site.routes["/three"] = rss("Three", ITEM)
    assert run("feeds", "add", site.url("/old")).code == 0
    assert run("feeds", "add", site.url("/now")).code == 0
    assert feed(desk, "two")["url"] == site.url("/two")
    assert feed(desk, "three")["url"] == site.url("/now")


def test_list_tells_states_before_and_after_a_poll(desk: Path, site: Loopback) -> None:
    """A configured feed is new, then active or failing with its time; removed ones are shown on request."""
    (desk / "config.toml").write_text(
        config(desk) + f'[feed.two]\nurl = "{site.url("/two")}"\n[feed.three]\nurl = "{site.url("/3")}"\nenabled = false\n'
    )

    def states() -> dict[str, str]:
        return {row["name"]: row["state"] for row in json.loads(run("feeds", "list", "--json").out)}

    assert states() == {"one": "new", "two": "new", "three": "off"}
    assert run("once", "--no-articles").code == 0
    assert states() == {"one": "active", "two": "failing", "three": "off"}
    assert "one\tactive" in run("feeds", "list", "--state", "active").out
    shown = json.loads(run("feeds", "show", "two", "--json").out)
    assert "there is nothing at this address" in shown["error"]
    assert shown["fail_count"] == 1
    assert json.loads(run("feeds", "show", "one", "--json").out)["entries"] == 1
    assert json.loads(run("feeds", "stats", "--json").out)[0]["recent"] == 1
    assert run("feeds", "show", "nine").code == 3


def test_pause_and_resume(desk: Path, site: Loopback) -> None:
    """A paused feed is not polled, a resumed one is due at once; unknown names are told the nearest."""
    assert run("feeds", "pause", "one").code == 0
    assert run("once", "--no-articles").code in (0, 1)
    assert site.paths == []
    assert "one\tpaused" in run("feeds", "list").out
    assert run("feeds", "resume", "one").code == 0
    assert run("once", "--no-articles").code == 0
    assert site.paths == ["/one"]
    outcome = run("feeds", "pause", "onee")
    assert outcome.code == 3
    assert "'one'" in outcome.err


def test_remove_keeps_everything_else(desk: Path, site: Loopback) -> None:
    """A removed feed is gone from the file and its history stays; --dry-run removes nothing."""
    site.routes["/two"] = rss("Two", ITEM)
    before = config(desk)
    assert run("feeds", "add", site.url("/two")).code == 0
    assert run("once", "--no-articles").code == 0
    assert run("feeds", "remove", "two", "--dry-run").code == 0
    assert "[feed.two]" in config(desk)
    assert run("feeds", "remove", "two").code == 0
    assert config(desk) == before
    assert run("feeds", "remove", "two").code == 3
    assert run("once", "--no-articles").code == 0
    assert "two\tremoved" in run("feeds", "list", "--state", "removed").out


def test_a_broken_edit_is_never_written(desk: Path) -> None:
    """A file that cannot take the edit stays as it is, with exit code 2."""
    text = config(desk).replace("[feed.one]\nurl =", "feed.one.url =")
    (desk / "config.toml").write_text("feed = {}\n" + text)
    assert run("feeds", "add", "https://paper.example/feed", "--unasked", "--title", "x").code == 2
    assert config(desk) == "feed = {}\n" + text


def test_opml_out_and_in_again(desk: Path, site: Loopback) -> None:
    """What was exported is imported elsewhere with its names, and a second import finds nothing to do."""
    (desk / "config.toml").write_text(
        config(desk)
        + f'[feed.two]\nurl = "{site.url("/two")}"\ntitle = "Hai & hai"\nlang = "vi"\ntimezone = "Asia/Ho_Chi_Minh"\ninterval_min = 30\nenabled = false\n'
    )
    wanted = tomllib.loads(config(desk))["feed"]
    assert run("feeds", "export", "feeds.opml").code == 0
    assert run("feeds", "export").out == (desk / "feeds.opml").read_text(encoding="utf-8")
    assert run("feeds", "export", "feeds.opml").code == 2
    assert run("feeds", "remove", "one", "two").code == 0
    outcome = run("feeds", "import", "feeds.opml", "--dry-run")
    assert (outcome.code, "feed" in tomllib.loads(config(desk))) == (0, False)
    outcome = run("feeds", "import", "feeds.opml", "--json")
    assert outcome.code == 0, outcome.err
    assert [row["name"] for row in json.loads(outcome.out)] == ["one", "two"]
    assert feed(desk, "two") == wanted["two"]
    assert feed(desk, "one")["url"] == site.url("/one")
    assert run("feeds", "import", "feeds.opml").code == 3


def test_import_tells_what_it_leaves_out(desk: Path, site: Loopback) -> None:
    """Known feeds, addresses that are none and further lists are named with the reason; names never clash."""
    (desk / "in.opml").write_text(
        f'<opml><body><outline text="One" xmlUrl="{site.url("/one")}"/><outline text="One" xmlUrl="https://a.example/1"/>'
        '<outline text="One" xmlUrl="https://b.example/news/2"/><outline text="x" xmlUrl="gopher://c.example/"/>'
        '<outline type="include" text="more" url="https://d.example/more.opml"/></body></opml>'
    )
    outcome = run("feeds", "import", "in.opml")
    assert outcome.code == 0, outcome.err
    assert {name: each["url"] for name, each in tomllib.loads(config(desk))["feed"].items() if name != "one"} == {
        "a-1": "https://a.example/1",
        "b-2": "https://b.example/news/2",
    }
    for words in ("there already as one", "not an http(s) address", "a list of further feeds"):
        assert words in outcome.err
    (desk / "junk").write_bytes(b"\x00\xff junk")
    assert run("feeds", "import", "junk").code == 3


def test_check_tells_what_comes_back(desk: Path, site: Loopback) -> None:
    """A sound feed is described with its next poll; a broken one exits with 1, names the problem and the feed its page names."""
    assert run("once", "--no-articles").code == 0
    outcome = run("feeds", "check", "one")
    assert outcome.code == 0
    assert 'RSS 2.0 "The Paper", language en: 1 item' in outcome.out
    assert "next poll" in outcome.out
    site.routes["/one"] = answer(
        b"<html><title>New home</title><link rel=alternate type=application/rss+xml href=/two></html>",
        Content_Type="text/html",
        Connection="close",
    )
    outcome = run("feeds", "check", "one", site.url("/nothing"), "--json")
    assert outcome.code == 1
    reports = json.loads(outcome.out)["feeds"]
    assert reports[0]["problem"] == "a web page stands at this address instead of a feed"
    assert reports[0]["candidates"] == [site.url("/two")]
    assert "there is nothing at this address" in reports[1]["problem"]
    assert run("feeds", "check", "nine").code == 3


def test_a_check_is_no_poll(desk: Path) -> None:
    """Asking by hand leaves no trace in the database."""
    assert run("feeds", "check", "one").code == 0
    assert json.loads(run("feeds", "list", "--json").out)[0]["state"] == "new"
