"""`monitor feeds check` on broken and on odd feeds: what it says, word for word, to somebody who writes no programs."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run
from tests.feeds.loopback import Loopback, answer, loopback, rss
from tests.feeds.test_sitemap import HEAD

CONFIG = """\
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[feeds]
timeout_s = 1.0
[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{ports}]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
"""

# Name of the feed: the problem, what to do, and the exact finding. SITE is the beginning of its address, HOST its host.
BROKEN = {
    "nobody": (
        "nobody answers at HOST: nothing listens there, or the connection breaks",
        "try the address in a browser; it may be down for a while",
        "no connection: connection refused",
    ),
    "nowhere": (
        "there is no site called no-such-site.invalid",
        "look for a typing error; otherwise the site has closed, or this machine is offline",
        None,
    ),
    "missing": (
        "there is nothing at this address: the feed has moved, or never was there",
        "look for the feed with: monitor feeds discover SITE/",
        "the answer is error 404",
    ),
    "closed": (
        "the feed is closed for good",
        "remove it with: monitor feeds remove closed; or look for the feed with: monitor feeds discover SITE/",
        "the answer is error 410",
    ),
    "refused": (
        "HOST refuses us",
        "set fetch.contact so that it knows who asks; some sites refuse all programs",
        "the answer is error 403",
    ),
    "login": ("HOST wants a user name and a password", "set username and password in the feed's table", "the answer is error 401"),
    "too-often": (
        "HOST says we ask too often",
        "nothing; it is left alone for as long as it asked. A longer interval_min helps",
        "the answer is error 429",
    ),
    "fault": ("HOST has a fault of its own", "nothing; it is asked again by itself", "the answer is error 502"),
    "page": (
        "a web page stands at this address instead of a feed",
        "the page names its feed; write this address instead: SITE/rss.xml",
        "the answer is a web page (The Paper: home), not a feed; it names the feed SITE/rss.xml",
    ),
    "robots": (
        "HOST wants to be shown that a person asks, which a program cannot do",
        "ask the site for a feed that programs may read, or remove this one",
        "the site shows a check for robots instead of the feed",
    ),
    "empty": ("the answer is empty", "nothing; it is asked again by itself. If it stays empty, the feed has moved", "the answer is empty"),
    "circle": (
        "the address sends us on and on and never arrives",
        "open it in a browser and use the address where it ends",
        "redirected in a circle, back to SITE/circle",
    ),
    "packed": (
        "the answer arrives packed in a way that cannot be unpacked",
        "the site has to mend it; it is asked again by itself",
        "the answer is packed as 'zip', which was not asked for",
    ),
    "broken-off": (
        "the answer breaks off before anything can be read",
        "nothing; it is asked again by itself",
        "the answer breaks off after 6 bytes",
    ),
    "silent": (
        "HOST takes too long to answer",
        "it may be busy; if it is always slow, raise feeds.timeout_s",
        "no complete answer within 1 s",
    ),
    "sentence": (
        "HOST answers with a message instead of the feed",
        "read the message below; a fault of the site is tried again by itself",
        "the server answers with a sentence instead of a feed: 'Error establishing a database connection'",
    ),
    "sitemap": (
        "the answer is a list of the site's pages without its news",
        "look for the feed with: monitor feeds discover SITE/",
        "the answer is a sitemap of 1 page without news fields (title, publication date)",
    ),
}

DATED = "<title>Chips</title><link>https://paper.example/{}</link><pubDate>Wed, 25 Sep 2024 08:00:00 GMT</pubDate>"
ODD = {
    "hollow": ["it has no items at the moment; nothing can be found in it until it has"],
    "old": ["the newest item is from 2024-09-25; the feed may be abandoned"],
    "undated": ["all its items have no date; they count from the moment we first see them"],
    "misdated": ["its only item has a date that cannot be read or cannot be true, for example 'the day before yesterday'"],
    "unlinked": ["1 of 2 items has no link; only the text in the feed is read", "1 of 2 items has no headline"],
    "shared": ["all its items have a link that others have too; only the text in the feed is read"],
    "typed": ["the site calls it text/html, which is not a feed's type; it can be read all the same"],
    "cut": ["the answer breaks off in the middle; the last item is read at the next poll"],
    "hidden": ["its only item has a link of Google News that does not say where it leads; only the headline is read"],
    "moved": [
        "it has moved for good to SITE/hollow; write that address into the configuration",
        "it has no items at the moment; nothing can be found in it until it has",
    ],
}


def silent(connection: socket.socket) -> None:
    """Takes the request and never answers."""
    connection.recv(1)


@pytest.fixture
def site() -> Iterator[Loopback]:
    """A site with one broken feed of each kind, and one odd feed of each kind."""
    with loopback() as made:
        add_broken(made)
        add_odd(made)
        yield made


def add_broken(site: Loopback) -> None:
    for path, status in (("/missing", 404), ("/closed", 410), ("/refused", 403), ("/login", 401), ("/fault", 502)):
        site.routes[path] = answer(status=status, Connection="close")
    site.routes["/too-often"] = answer(status=429, Retry_After="600", Connection="close")
    page = b"<html><title>The Paper: home</title><link rel=alternate type=application/rss+xml href=/rss.xml></html>"
    site.routes["/page"] = answer(page, Content_Type="text/html", Connection="close")
    site.routes["/robots"] = answer(b"<html><title>Just a moment...</title></html>", Content_Type="text/html", Connection="close")
    site.routes["/empty"] = answer(Connection="close")
    site.routes["/circle"] = answer(status=302, Location="/circle", Connection="close")
    site.routes["/packed"] = answer(b"PK", Content_Encoding="zip", Connection="close")
    site.routes["/broken-off"] = answer(b"<?xml ", Content_Length="5000", Connection="close")
    site.routes["/silent"] = silent
    site.routes["/sentence"] = answer(b"Error establishing a database connection", Connection="close")
    site.routes["/sitemap"] = answer(f"{HEAD}<url><loc>https://paper.example/1</loc></url></urlset>".encode(), Connection="close")


def add_odd(site: Loopback) -> None:
    site.routes["/hollow"] = rss("Hollow")
    site.routes["/old"] = rss("Old", DATED.format(1))
    undated = [f"<title>Chips {number}</title><link>https://paper.example/{number}</link>" for number in range(2)]
    site.routes["/undated"] = rss("Undated", *undated)
    site.routes["/misdated"] = rss("Misdated", undated[0] + "<pubDate>the day before yesterday</pubDate>")
    site.routes["/unlinked"] = rss("Unlinked", "<title>A</title>" + date(), "<link>https://paper.example/1</link>" + date())
    shared = [f"<title>Chips {number}</title><link>https://paper.example/</link>{date()}" for number in range(2)]
    site.routes["/shared"] = rss("Shared", *shared)
    item = "<title>Chips</title><link>https://paper.example/1</link>" + date()
    site.routes["/typed"] = rss("Typed", item).replace(b"application/rss+xml", b"text/html")
    body = rss("Cut", item, item.replace("/1", "/2")).partition(b"\r\n\r\n")[2]
    site.routes["/cut"] = answer(body[: body.rindex(b"</item>")], Content_Type="application/rss+xml", Connection="close")
    site.routes["/hidden"] = rss("Hidden", f"<title>Chips</title><link>https://news.google.com/rss/articles/{'Q' * 60}?oc=5</link>{date()}")
    site.routes["/moved"] = answer(status=301, Location="/hollow", Connection="close")


def date() -> str:
    """A date of this hour, as a feed writes it."""
    from email.utils import formatdate

    return f"<pubDate>{formatdate()}</pubDate>"


@pytest.fixture
def desk(site: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose configuration names all these feeds."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    with socket.create_server(("127.0.0.1", 0)) as held:
        closed = held.getsockname()[1]
    addresses = {name: site.url(f"/{name}") for name in (*BROKEN, *ODD)}
    addresses |= {"nobody": f"http://127.0.0.1:{closed}/feed", "nowhere": "http://no-such-site.invalid/feed"}
    tables = "".join(f'[feed.{name}]\nurl = "{address}"\n' for name, address in addresses.items())
    (tmp_path / "config.toml").write_text(CONFIG.format(ports=f"{site.port}, {closed}") + tables, encoding="utf-8")
    return tmp_path


def blocks(out: str) -> dict[str, dict[str, list[str]]]:
    """The lines of a check by feed and by what they tell; addresses of this run as SITE and HOST."""
    plain = re.sub(r"127\.0\.0\.1:\d+", "HOST", re.sub(r"http://127\.0\.0\.1:\d+", "SITE", out))
    found: dict[str, dict[str, list[str]]] = {}
    for line in plain.splitlines():
        if not line.startswith(" "):
            lines = found.setdefault(line.partition(":")[0], {"": [line.partition(": ")[2]]})
        else:
            lines.setdefault(line[2:11].strip(), []).append(line[13:])
    return found


def test_each_broken_feed_is_told_in_plain_words(desk: Path) -> None:
    """Seventeen ways to be broken, each with its problem, what to do about it, and what exactly was found; the exit code is 1."""
    outcome = run("feeds", "check", *BROKEN)
    assert outcome.code == 1
    found = blocks(outcome.out)
    assert list(found) == list(BROKEN)
    for name, (problem, advice, exactly) in BROKEN.items():
        told = found[name]
        assert told[""] == ["cannot be read"]
        assert (told["problem"], told["do"]) == ([problem], [advice]), name
        assert told["exactly"] == [exactly] if exactly else told["exactly"][0].startswith("the name no-such-site.invalid was not found")


def test_each_odd_feed_is_told_what_follows(desk: Path) -> None:
    """What can be read but is unusual is told with its consequence; the exit code is 0."""
    outcome = run("feeds", "check", *ODD)
    assert outcome.code == 0, outcome.out
    found = blocks(outcome.out)
    for name, odd in ODD.items():
        assert found[name][""] == ["can be read, with oddities"]
        assert found[name].get("odd") == odd, name
        assert found[name]["got"][0].startswith(f'RSS 2.0 "{"Hollow" if name == "moved" else name.title()}", language en: ')


def test_a_check_recalls_the_polls(desk: Path, site: Loopback) -> None:
    """After polls the state, the next poll and the last error with its plain reason stand there, also when the feed is well again."""
    text = (desk / "config.toml").read_text(encoding="utf-8")
    for name in (*BROKEN, *ODD):
        if name not in ("missing", "closed", "old"):
            text = re.sub(rf'\[feed\.{name}\]\nurl = "[^"]*"\n', "", text)
    (desk / "config.toml").write_text(text, encoding="utf-8")
    assert run("once", "--no-articles").code == 0
    site.routes["/missing"] = site.routes["/old"]
    found = blocks(run("feeds", "check", "missing", "closed", "old").out)
    assert found["missing"]["state"] == ["polled, and failing"]
    told = (
        r"since 20\d\d-\d\d-\d\d \d\d:\d\d, \d+s ago: there is nothing at this address: the feed has moved, or never was there \(.*404.*\)"
    )
    assert re.fullmatch(told, found["missing"]["failing"][0])
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d, in \d+[hm]", found["missing"]["next poll"][0])
    assert found["closed"]["state"] == ["polled no more: the site closed it; monitor feeds resume NAME tries again"]
    assert "next poll" not in found["closed"]
    assert found["old"]["state"] == ["polled"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d, \d+s ago", found["old"]["last good"][0])
