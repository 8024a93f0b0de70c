"""Today and single digests: the digest's own sections and sentences, what waits, what is wrong."""

from __future__ import annotations

import httpx

from tests.web.serving import Dashboard, shown


def test_today_tells_the_last_digest(person: httpx.Client) -> None:
    """The page shows the newest digest by section, each story with its sentence, reason, outlets and a way to its evidence."""
    answer = person.get("/")
    assert answer.status_code == 200
    assert "<title>Today · Monitor</title>" in answer.text
    words = shown(answer.text)
    for expected in (
        "1 new · 1 update",
        "New developments",
        "Updates",
        "Petrovietnam seeks LNG cooperation",
        "in one sentence",
        "Coverage",
    ):
        assert expected in words
    assert "<mark>Petrovietnam</mark>" in answer.text
    assert 'href="/stories/12"' in answer.text


def test_today_says_what_needs_somebody(person: httpx.Client) -> None:
    """A feed that has failed for more than a day stands at the top, with the command that helps."""
    words = shown(person.get("/").text)
    assert "feed dead fails (5x): the server answers 500" in words
    assert "monitor feeds check dead" in words


def test_today_leads_to_earlier_digests(person: httpx.Client) -> None:
    """Earlier digests are listed, and each is a page of its own with the destinations it went to."""
    assert 'href="/digests/1"' in person.get("/").text
    words = shown(person.get("/digests/1").text)
    for expected in ("9 new · 1 worth a look", "Where it went", "delivered", "mail:analyst@example.org"):
        assert expected in words


def test_unknown_digests_are_told(person: httpx.Client) -> None:
    """A digest that is not there answers 404 in words, and the rest of the page still works."""
    answer = person.get("/digests/999")
    assert answer.status_code == 404
    assert "there is no such digest" in answer.text
    assert "<nav" in answer.text


def test_a_name_that_is_no_subscription_shows_the_first(person: httpx.Client) -> None:
    """An unknown subscription in the address does no harm."""
    assert "VN-US tech" in person.get("/?subscription=%00nobody").text


def test_what_waits_stands_before_what_was_told(own_dashboard: Dashboard) -> None:
    """Hits that no digest tells yet are shown first, as the next digest would tell them."""
    with own_dashboard.store.write():
        own_dashboard.store.run("update subscriptions set settled_hit_id = 0")
        own_dashboard.store.run("delete from digest_hits where digest_id = (select max(id) from digests)")
    with own_dashboard.person() as person:
        words = shown(person.get("/").text)
    assert "found since the last digest" in words
    assert "Last digest" in words


def test_a_payload_that_cannot_be_read_is_told(own_dashboard: Dashboard) -> None:
    """The page of the digest says so with its own status, in a line; Today shows all the rest; the API answers with a problem."""
    with own_dashboard.store.write():
        own_dashboard.store.run('update digests set payload = \'{"title": "T"}\' where id = (select max(id) from digests)')
    with own_dashboard.person() as person:
        newest = person.get("/api/v1/digests").json()["items"][0]["id"]
        page, today = person.get(f"/digests/{newest}"), person.get("/")
        assert (page.status_code, today.status_code) == (500, 200)
        for answer in (page, today):
            assert "the stored content of a digest cannot be shown: uid is missing" in shown(answer.text)
        assert "Earlier digests" in shown(today.text)
        assert person.get(f"/api/v1/digests/{newest}").json()["document"] == {"title": "T"}
        with own_dashboard.store.write():
            own_dashboard.store.run("update digests set payload = '[]' where id = :id", id=newest)
        answer = person.get(f"/api/v1/digests/{newest}")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "it is not an object" in answer.json()["detail"]
