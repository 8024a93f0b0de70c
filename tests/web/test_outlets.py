"""Feeds out: valid, opened by a key of their own that can be taken back, answered 304 where nothing changed; saved searches as feeds."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import feedparser
import httpx
import pytest
from jsonschema import Draft202012Validator

from monitor.digests.publish.step import feed_of_stories
from monitor.store import saved
from monitor.store.driver import Store
from monitor.web.links import address, take_back, turn_of
from tests.commands import run
from tests.digests.rows import SEVEN, Rows, counter
from tests.digests.test_publish import JSON_FEED, check_atom, settings
from tests.web.serving import NOW, Dashboard, shown

WATCHLIST = "vietnam-us-tech"


def feed_address(dashboard: Dashboard, form: str = "atom", name: str = WATCHLIST) -> str:
    return address(dashboard.store, dashboard.keys, f"/feeds/{name}.{form}")


def test_a_watchlist_is_an_atom_feed(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """By its key alone: valid by RFC 4287, naming the address it was asked at, with the stories of the demo."""
    answer = stranger.get(feed_address(dashboard))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert len(check_atom(answer.content)) > 3
    found = feedparser.parse(answer.content)
    assert not found.bozo
    assert found.feed.links[0].href == f"{dashboard.address}{feed_address(dashboard)}"


def test_a_watchlist_is_a_json_feed(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """Valid by JSON Feed 1.1, with the same identities as the Atom feed."""
    answer = stranger.get(feed_address(dashboard, "json"))
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    body = answer.json()
    Draft202012Validator(JSON_FEED).validate(body)
    atom = feedparser.parse(stranger.get(feed_address(dashboard)).content)
    assert [item["id"] for item in body["items"]] == [entry.id for entry in atom.entries]


def test_what_has_not_changed_is_not_sent_again(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """304 by ETag (weak ones and lists too) and by date, without a body; the ETag goes before the date; a shared cache keeps nothing."""
    path = feed_address(dashboard)
    first = stranger.get(path)
    etag, date = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "private, max-age=300"
    later = format_datetime(parsedate_to_datetime(date) + timedelta(days=1), usegmt=True)
    earlier = format_datetime(parsedate_to_datetime(date) - timedelta(seconds=1), usegmt=True)
    for headers in (
        {"if-none-match": etag},
        {"if-none-match": f'"other", W/{etag}'},
        {"if-none-match": "*"},
        {"if-modified-since": date},
        {"if-modified-since": later},
        {"if-none-match": etag, "if-modified-since": earlier},
    ):
        answer = stranger.get(path, headers=headers)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), headers
    for headers in (
        {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": date},
        {"if-modified-since": earlier},
        {"if-modified-since": "yesterday"},
        {"if-modified-since": ""},
    ):
        assert stranger.get(path, headers=headers).status_code == 200, headers


def test_a_change_is_sent(own_dashboard: Dashboard) -> None:
    """Another report of a story changes the ETag and the date; a young date is not told, for more may come under it."""
    store = own_dashboard.store
    with own_dashboard.stranger() as client:
        path = feed_address(own_dashboard)
        first = client.get(path)
        with store.write():
            changed = store.run(
                "update hits set created_at = :at where id = (select max(id) from hits where quiet = 0 and band = 'alert' and novelty = 'new')",
                at=NOW - timedelta(minutes=11),
            )
        assert changed == 1
        second = client.get(path, headers={"if-modified-since": first.headers["last-modified"]})
        assert second.status_code == 200
        assert second.headers["etag"] != first.headers["etag"]
        with store.write():
            store.run("update hits set created_at = :at where created_at = :was", at=NOW, was=NOW - timedelta(minutes=11))
        assert "last-modified" not in client.get(path).headers


@pytest.mark.parametrize("path", [f"/feeds/{WATCHLIST}.atom", f"/feeds/{WATCHLIST}.json", "/feeds/saved/x.atom"])
def test_the_key_of_another_address_opens_nothing(dashboard: Dashboard, stranger: httpx.Client, path: str) -> None:
    """No key, a wrong one, the key of another format and the session's own token in its place are all 401, in plain words without a feed."""
    other = dashboard.keys.link("/feeds/other.atom")
    for key in ("", "x", other, dashboard.keys.link(path)[:-1], dashboard.keys.token.reveal()):
        answer = stranger.get(path, params={"key": key})
        assert answer.status_code == 401, key
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "<entry" not in answer.text
    assert stranger.get(path).status_code == 401


def test_a_key_opens_no_page(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """The key of a feed is no login."""
    key = dashboard.keys.link(f"/feeds/{WATCHLIST}.atom")
    for path in ("/", f"/feeds/{WATCHLIST}.json", "/metrics", "/links"):
        assert stranger.get(path, params={"key": key}).status_code == 401


def test_a_key_is_taken_back(own_dashboard: Dashboard) -> None:
    """Taking back ends the addresses of both formats at once and leaves other feeds and the login alone; the next key opens."""
    other = address(own_dashboard.store, own_dashboard.keys, "/metrics")
    old = [feed_address(own_dashboard, form) for form in ("atom", "json")]
    with own_dashboard.person() as client:
        assert client.post(f"/links/{WATCHLIST}/revoke").status_code == 303
        page = client.get("/links").text
    with own_dashboard.stranger() as client:
        assert [client.get(path).status_code for path in old] == [401, 401]
        fresh = feed_address(own_dashboard)
        assert client.get(fresh).status_code == 200
        assert client.get(other).status_code == 200
    assert fresh in page.replace("&amp;", "&")


def test_unknown_feeds_are_not_here(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """The right key of a watchlist or a search that is not there gives 404."""
    for path in ("/feeds/none.atom", "/feeds/saved/none.json"):
        assert stranger.get(path, params={"key": dashboard.keys.link(path)}).status_code == 404


def test_a_search_becomes_a_feed(own_dashboard: Dashboard) -> None:
    """Kept under a name from the search page, listed with its addresses, served with the stories it finds, and forgotten for good."""
    with own_dashboard.person() as client:
        assert "Keep this search as a feed" in client.get("/search?lang=fr").text
        answer = client.post("/links/searches", data={"title": "En français: Đà Nẵng & co", "lang": "fr", "q": ""})
        assert answer.headers["location"] == "/links"
        assert "lang: fr" in shown(client.get("/links").text)
        again = client.post("/links/searches", data={"title": "en français đà nẵng CO", "lang": "en"})
        assert again.status_code == 400
        assert "kept already" in again.text
        with own_dashboard.stranger() as reader:
            path = feed_address(own_dashboard, "json", "saved/en-francais-da-nang-co")
            body = reader.get(path).json()
            Draft202012Validator(JSON_FEED).validate(body)
            assert body["title"] == "En français: Đà Nẵng & co"
            assert body["items"]
            assert all("fr" in item["_monitor"]["languages"] for item in body["items"])
            assert client.post("/links/searches/en-francais-da-nang-co/forget").status_code == 303
            assert reader.get(path).status_code == 401
            assert client.post("/links/searches", data={"title": "En francais da nang co", "lang": "fr"}).status_code == 303
            assert reader.get(path).status_code == 401


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"title": "!!", "lang": "fr"}, "letter"),
        ({"title": "all"}, "asks for nothing"),
        ({"title": WATCHLIST, "lang": "fr"}, "name of a watchlist"),
        ({"title": "metrics", "lang": "fr"}, "name of a watchlist"),
    ],
)
def test_what_cannot_be_kept_is_told(own_dashboard: Dashboard, fields: dict[str, str], word: str) -> None:
    """A search without a name or a filter, or with a name that is taken, is refused in words; nothing is kept."""
    with own_dashboard.person() as client:
        answer = client.post("/links/searches", data=fields)
    assert answer.status_code == 400
    assert word in answer.text
    assert saved.every(own_dashboard.store) == ()


def test_identities_of_stories_are_the_same_in_every_feed(store: Store) -> None:
    """A story has one identity, whichever feed shows it; only what is not quiet is shown; the newest first. On both engines."""
    rows = Rows(store)
    first, second = rows.story(), rows.story()
    rows.hit("One", story=first, seen=SEVEN - timedelta(hours=3))
    rows.hit("Two", story=second, seen=SEVEN - timedelta(hours=2))
    rows.hit("Quiet", story=second, seen=SEVEN, quiet=True)
    new_id = counter()
    one = feed_of_stories(store, "one", "One", [first, second], settings(None), "", new_id)  # type: ignore[arg-type]
    other = feed_of_stories(store, "other", "Other", [second], settings(None), "", new_id)  # type: ignore[arg-type]
    assert [item.headline for item in one.items] == ["Two", "One"]
    assert one.items[0] == other.items[0]
    assert one.id != other.id
    assert one.changed_at == SEVEN - timedelta(hours=2)


def test_searches_are_kept(store: Store) -> None:
    """Saved once under a name, listed by title, forgotten once; keys taken back are counted by path without its format. On both engines."""
    assert saved.save(store, "b", "Zweite", {"lang": "fr"}, SEVEN)
    assert saved.save(store, "a", "Erste", {"q": "fpt"}, SEVEN)
    assert not saved.save(store, "a", "Dritte", {}, SEVEN)
    assert [each.name for each in saved.every(store)] == ["a", "b"]
    found = saved.get(store, "b")
    assert found is not None
    assert (found.fields, found.created_at) == ({"lang": "fr"}, SEVEN)
    assert saved.forget(store, "a")
    assert not saved.forget(store, "a")
    take_back(store, "/feeds/x.atom")
    assert (turn_of(store, "/feeds/x.json"), turn_of(store, "/feeds/y.json")) == (1, 0)


def test_the_command_prints_addresses_that_open(own_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """`monitor web links` names every feed and the metrics under the base that is given; `--revoke` prints other ones."""
    monkeypatch.chdir(own_dashboard.config.source.parent)
    saved.save(own_dashboard.store, "french", "French", {"lang": "fr"}, NOW)
    first = run("web", "links", "--base", own_dashboard.address + "/")
    assert first.code == 0, first.err
    addresses = [line.split("\t")[-1] for line in first.out.splitlines()[1:]]
    assert len(addresses) == 5
    with own_dashboard.stranger() as client:
        assert [client.get(each).status_code for each in addresses] == [200] * 5
        assert run("web", "links", "--revoke", "french").code == 0
        assert [client.get(each).status_code for each in addresses] == [200, 200, 401, 401, 200]
    assert run("web", "links", "--revoke", "none").code == 3
