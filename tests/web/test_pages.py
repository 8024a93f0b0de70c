"""Story, hit, feeds, deliveries and watchlists: what each page tells, and the few things that can be changed from them."""

from __future__ import annotations

import re

import httpx
import pytest

from monitor.store import deliveries as stored_deliveries
from monitor.store import feeds as stored_feeds
from monitor.store import hits as stored_hits
from tests.web.serving import Dashboard, shown

PAGES = (
    ("/", "Today"),
    ("/search", "Search"),
    ("/feeds", "Feeds"),
    ("/feeds/redriver", "Red River Business Desk"),
    ("/deliveries", "Deliveries"),
    ("/deliveries/1", "Delivery 1 to file:desk"),
    ("/watchlists", "Watchlists"),
    ("/watchlists/vietnam-us-tech", "Vietnam-US technology"),
    ("/stories", "Stories"),
    ("/stories?q=to+lam", "to lam: stories"),
    ("/stories/12", "Petrovietnam"),
    ("/hits/1", "Diễn đàn doanh nghiệp"),
    ("/digests/1", "[VN-US tech] 9 new"),
)


@pytest.mark.parametrize(("path", "title"), PAGES)
def test_every_page_has_a_title_of_its_own(person: httpx.Client, path: str, title: str) -> None:
    """Each page answers, names itself in the tab and has one first heading."""
    answer = person.get(path)
    assert answer.status_code == 200
    found = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    assert found is not None
    assert title in found[1]
    assert found[1].endswith(" · Monitor")
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
def test_links_lead_away_safely(dashboard: Dashboard, person: httpx.Client, path: str) -> None:
    """Links to other sites are http(s) and send no referrer; nothing else is loaded from elsewhere."""
    html = person.get(path).text
    for tag in re.findall(r"<a [^>]*href=\"[^/#?][^>]*>", html):
        assert re.search(r'href="https?://', tag), tag
        assert 'rel="noopener noreferrer"' in tag
    assert not re.search(r'(src|srcset|action|poster|data)="(https?:)?//', html)


@pytest.mark.parametrize(
    "path",
    ["/stories/999", "/hits/999", "/hits/0", "/hits/-1", "/hits/1e3", "/hits/٣", "/feeds/none", "/deliveries/999", "/watchlists/none"],
)
def test_what_is_not_there_is_told(person: httpx.Client, path: str) -> None:
    """An unknown number or name answers 404 with a page that says so."""
    answer = person.get(path)
    assert answer.status_code == 404
    assert "there is no such" in answer.text


def story_of(dashboard: Dashboard, words: str) -> int:
    row = dashboard.store.one("select id from stories where title like :words order by id limit 1", words=f"%{words}%")
    assert row is not None
    return int(row["id"])


def test_a_story_tells_who_had_it_first(dashboard: Dashboard, person: httpx.Client) -> None:
    """The timeline goes from the first report on, with languages, what each brought and what joined it."""
    words = shown(person.get(f"/stories/{story_of(dashboard, 'Kính thực tế ảo')}").text)
    for expected in ("3 Vietnamese", "2 English", "1 French", "First Thời sự Mẫu", "Names Facebook, Meta, Nick Clegg", "Figures", "US$299"):
        assert expected in words, expected
    assert words.index("Meta to build virtual reality headsets") < words.index("to create 1,000 jobs") < words.index("Kính Quest 3S")
    assert "Brings 1,000" in words
    assert re.search(r"What joined it \(0\.\d\d\) names Facebook, Meta", words)
    assert "concepts Artificial intelligence, headset" in words


def test_a_copy_says_whose_text_it_is(dashboard: Dashboard, person: httpx.Client) -> None:
    """A report that repeats another's text is marked and names the outlet it copies."""
    row = dashboard.store.one("select story_id as story from hits where joined_json like '%copy of %' order by id limit 1")
    assert row is not None
    words = shown(person.get(f"/stories/{row['story']}").text)
    assert re.search(r"copy of (?!\d)\w", words)


def test_a_hit_shows_its_text_with_what_was_found(person: httpx.Client) -> None:
    """Names, topic words and cues stand marked in the text, each with what it was taken for; the score term by term."""
    answer = person.get("/hits/3")
    assert re.search(r'<mark class="entity" title="[^"]*Apple \(us\)[^"]*">Apple</mark>', answer.text)
    assert re.search(r'<mark class="topic" title="[^"]+">chuỗi cung ứng</mark>', answer.text)
    assert re.search(r'<mark class="cue" title="cue: deal">gặp</mark>', answer.text)
    words = shown(answer.text)
    for expected in ("in the title: us +0.60", "together 5.80", "alert from 5", "General Secretary or President of Vietnam", "Told in"):
        assert expected in words, expected
    assert 'width="100.0"' in answer.text


def test_a_hit_shows_what_was_not_taken(person: httpx.Client) -> None:
    """A string that looked like a name and was not taken stands there with the reason, in the text too."""
    answer = person.get("/hits/1")
    assert "not taken for United States: inside a longer name" in shown(answer.text)
    assert '<mark class="entity" title="US-ASEAN Business Council (us)' in answer.text


def test_a_text_read_anew_is_not_marked(own_dashboard: Dashboard) -> None:
    """Where the stored text is another than the one that was judged, places would not fit: it is shown plain, and says so."""
    with own_dashboard.person() as person:
        with own_dashboard.store.write():
            own_dashboard.store.run(
                "update texts set text = 'Quite another text.' where article_id = (select article_id from hits where id = 7)"
            )
        answer = person.get("/hits/7")
        assert "read anew" in answer.text
        assert '<mark class="entity" title' not in answer.text


def test_a_hit_is_marked_from_its_page(dashboard: Dashboard, person: httpx.Client) -> None:
    """Useful or useless with a reason is kept and shown; the browser is led back to the same place."""
    answer = person.post("/hits/4/marks", data={"verdict": "useless", "because": "  another   Lam\n<b>"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/hits/4#marks")
    kept = stored_hits.labels(dashboard.store, 4)
    assert [(row["verdict"], row["reason"]) for row in kept] == [("useless", "another Lam <b>")]
    page = person.get("/hits/4").text
    assert "another Lam &lt;b&gt;" in page
    assert person.post("/hits/4/marks", data={"verdict": "maybe"}).status_code == 400
    assert person.post("/hits/999/marks", data={"verdict": "useful"}).status_code == 404
    assert len(stored_hits.labels(dashboard.store, 4)) == 1


def test_marks_show_which_names_bring_noise(own_dashboard: Dashboard) -> None:
    """The watchlist's page counts useful and useless hits by name, the noisiest first; the last mark of a hit counts."""
    with own_dashboard.person() as person:
        for verdict in ("useful", "useless"):
            person.post("/hits/9/marks", data={"verdict": verdict})
        html = person.get("/watchlists/vietnam-us-tech").text
        words = shown(html)
        assert "Vietnam-US technology" in words
        assert "vietnam and us and tech" in words
        assert "written forms" in words
        first = re.search(r"<tbody>\s*<tr>(.*?)</tr>", html, re.DOTALL)
        assert first is not None
        assert "100 % useless" in first[1]
        assert re.search(r"What it caught last .*score \d\.\d", words)


def test_feeds_that_need_somebody_come_first(person: httpx.Client) -> None:
    """A failing feed leads the list with its error and since when; each feed says when it is asked next."""
    html = person.get("/feeds").text
    words = shown(html)
    assert "1 failing · 11 fine" in words
    assert "the server answers 500" in words
    rows = re.findall(r'href="/feeds/(\w+)"', html)
    assert rows[0] == "dead"
    assert rows[1:] == sorted(rows[1:])
    assert re.search(r"every 1 h in \d+ min", words)


def test_a_feed_shows_entries_and_events(person: httpx.Client) -> None:
    """A feed's page lists its newest entries with the hits among them, and what happened to it."""
    words = shown(person.get("/feeds/redriver").text)
    assert "SpaceX plans to invest US$1.5 billion in Vietnam" in words
    assert "hit" in words
    assert "failing the server answers 500" in shown(person.get("/feeds/dead").text)


def test_a_feed_is_paused_and_resumed(dashboard: Dashboard, person: httpx.Client) -> None:
    """Pause and resume work from the page; another state, or an unknown feed, is refused."""
    for state in ("paused", "active"):
        assert person.post("/feeds/saigon/state", data={"state": state}).status_code == 303
        feed = stored_feeds.get(dashboard.store, "saigon")
        assert feed is not None
        assert feed.state == state
    assert person.post("/feeds/saigon/state", data={"state": "gone"}).status_code == 400
    assert person.post("/feeds/none/state", data={"state": "paused"}).status_code == 404


def test_the_ledger_shows_attempts(person: httpx.Client) -> None:
    """Each delivery has its destination, state and attempts; its page the identity of the message."""
    words = shown(person.get("/deliveries").text)
    assert "mail:analyst@example.org delivered 1" in words
    assert "accepted" in words
    words = shown(person.get("/deliveries/2").text)
    assert "accepted 250" in words
    assert "Identity" in words


def test_a_failed_delivery_is_sent_again(own_dashboard: Dashboard) -> None:
    """A parked delivery has a button; pressed, it is due now under its old identity. A delivered one is refused."""
    with own_dashboard.person() as person:
        with own_dashboard.store.write():
            error = "<script>alert(1)</script> said no"
            own_dashboard.store.run(
                "update deliveries set state = 'parked', last_error = :error, last_code = '410' where id = 3", error=error
            )
        html = person.get("/deliveries?failed=1").text
        assert 'action="/deliveries/3/retry"' in html
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)" in html
        answer = person.post("/deliveries/3/retry")
        assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries/3")
        found = stored_deliveries.get(own_dashboard.store, 3)
        assert found is not None
        assert (found.state, found.next_attempt_at) == ("pending", own_dashboard.desk.clock())
        assert person.post("/deliveries/1/retry").status_code == 400


def test_secrets_of_channels_are_not_repeated(own_dashboard: Dashboard) -> None:
    """What an endpoint said back is shown without our secrets."""
    with own_dashboard.person() as person:
        secret = next(channel for channel in own_dashboard.config.channel if channel.type == "webhook").secret.reveal()
        with own_dashboard.store.write():
            own_dashboard.store.run("update deliveries set last_error = :error, state = 'parked' where id = 6", error=f"bad key {secret}")
            own_dashboard.store.run("update attempts set detail = :error where delivery_id = 6", error=f"bad key {secret}")
        for path in ("/deliveries", "/deliveries/6"):
            page = person.get(path).text
            assert secret not in page
            assert "bad key ***" in page


def test_hostile_text_is_only_text(own_dashboard: Dashboard) -> None:
    """Markup, scripts and odd addresses from feeds stand as words wherever they are shown."""
    with own_dashboard.person() as person:
        evil = "<img src=x onerror=alert(1)>\"'</script><b>"
        with own_dashboard.store.write():
            own_dashboard.store.run(
                "update articles set title = :evil, author = :evil, publisher = :evil, url = 'javascript:alert(1)'", evil=evil
            )
            own_dashboard.store.run("update stories set title = :evil", evil=evil)
            own_dashboard.store.run("update feeds set title = :evil, note = :evil, error = :evil, url = 'data:text/html,x'", evil=evil)
            own_dashboard.store.run("update entries set title = :evil, url = 'javascript:alert(1)'", evil=evil)
            own_dashboard.store.run("update texts set text = :evil", evil=evil)
            own_dashboard.store.run("update digests set subject = :evil", evil=evil)
        for path in (*(path for path, _ in PAGES), "/stories/2", "/hits/3", "/feeds/dead"):
            html = person.get(path).text
            assert "<img src=x" not in html
            assert "</script><b>" not in html
            assert not re.search(r"href=\"(javascript|data):", html)
            assert not re.search(r"<[^>]+\son\w+=", html)
