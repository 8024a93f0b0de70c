"""What an item says of its story beyond today's reports: who had it first, copies, sums that differ, the story before, new facts in words."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import timedelta

import pytest

from monitor.digests.labels import Labels
from monitor.digests.payload import from_json, to_json
from monitor.digests.render import render_json, render_mails
from monitor.digests.select import independent
from monitor.digests.step import plan
from monitor.hours import to_text
from monitor.store import hits, stories, subscriptions
from monitor.store.sqlite import SqliteStore
from tests.digests.rows import SEVEN, Rows, channels, subscription
from tests.digests.test_render import made
from tests.digests.test_select import chosen, hit, places
from tests.stories.stream_walk import outcome, reports, walk

ABOUT = {
    1: {
        "earlier": {
            "title": "Vietnam licenses the service",
            "lang": "en",
            "url": "https://a.example/1",
            "publisher": "a.example",
            "at": to_text(SEVEN - timedelta(days=5)),
        },
        "differs": (("USD:620000000", "a.example", "USD:600000000", "b.example"),),
        "first": ("first.example", to_text(SEVEN - timedelta(hours=9))),
        "copies": (("", 1), ("VNA", 3)),
    }
}


def test_the_story_behind_an_item() -> None:
    """The text, the page and the webhook say who was first, who copied whom, which sums differ and what came before."""
    document = made(hit(1), hit(2, story=1, publisher="p9.example"), about=ABOUT)
    mail = render_mails(document)[0]
    text = " ".join(mail.text.split())
    assert "first seen 25 Sep 22:00 (first.example) · 3 copies of VNA, 1 copy of one text" in text.replace("\u00a0", " ")
    assert "Figures differ: US$620m (a.example) – US$600m (b.example)" in text
    assert "Earlier: Vietnam licenses the service (21 Sep)" in text
    assert all(part in mail.html for part in ("US$620m (a.example)", "Vietnam licenses the service (21 Sep)", "3 copies of VNA"))
    item = json.loads(render_json(document))["data"]["items"][0]
    assert item["first_outlet"] == "first.example"
    assert item["copies"] == {"": 1, "VNA": 3}
    assert item["earlier"]["headline"] == "Vietnam licenses the service"
    assert from_json(to_json(document)) == document


def test_a_payload_without_a_background_can_be_shown() -> None:
    """Digests stored without these fields are shown as they were."""
    fields = json.loads(to_json(made(hit(1))))
    for entry in fields["entries"]:
        for name in ("differs", "earlier", "earlier_at", "first", "copies"):
            del entry[name]
    assert from_json(json.dumps(fields)).entries[0].earlier is None


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["signed", "US$1.5bn", "1,500 MW", "12.5%", "15 Sep", "a new quote", "officially confirmed", "10,000 wafers"]),
        ("vi", ["đã ký", "1,5 tỷ USD", "1.500 MW", "12,5%", "15/9", "phát biểu mới", "xác nhận chính thức", "10.000 tấm wafer"]),
        ("fr", ["signé", "1,5 Md USD", "1\u202f500 MW", "12,5\u00a0%", "15 sept.", "une nouvelle citation", "confirmation officielle"]),
    ],
)
def test_new_facts_in_words(lang: str, words: list[str]) -> None:
    """An update names its new facts in the reader's language."""
    delta = ("step:signed", "figure:USD:1500000000", "figure:MW:1500", "figure:%:12.5", "day:09-15", "quote")
    more = ("official", "figure:wafers:10000")
    first = made(hit(1, told=2, told_at=SEVEN, novelty="update", delta=delta), lang=lang)
    second = made(hit(1, told=2, told_at=SEVEN, novelty="update", delta=more), lang=lang)
    assert set(words) <= {*first.entries[0].brings, *second.entries[0].brings}


def test_a_count_says_what_it_counts() -> None:
    """A bare number is shown with the words after it in the report, or alone where the report writes it otherwise."""
    update = hit(
        1, title="Plant to need 1,200 new workers soon", told=2, told_at=SEVEN, novelty="update", delta=("figure:n:1200", "figure:n:77")
    )
    assert made(update).entries[0].brings == ("1,200 new workers", "77")


def test_large_sums_are_readable() -> None:
    """Sums have thousands set apart and the largest fitting unit."""
    assert Labels("en").amount("VND", 9_200_000_000_000) == "VND 9.2tn"
    assert Labels("vi").amount("VND", 9_200_000_000_000) == "9.200 tỷ VND"
    assert Labels("fr").amount("VND", 9_200_000_000_000) == "9\u202f200 Md VND"


def test_a_told_headline_is_never_shown_again() -> None:
    """An update under a headline that was told waits for another headline; with none it is folded."""
    again = hit(1, title="A headline here", told=2, told_at=SEVEN, novelty="update", delta=("quote",), told_titles=("A Headline here",))
    other = hit(
        2, story=1, title="Another headline", told=2, told_at=SEVEN, novelty="update", delta=("quote",), told_titles=("A headline here",)
    )
    assert places(chosen(again)) == {1: "echo"}
    assert [item.shown.title for item in chosen(again, other).items] == ["Another headline"]


def test_copies_and_agencies_are_one_voice() -> None:
    """Copies say nothing of their own, and all who print one agency are one voice."""
    assert independent([hit(1), hit(2, copy=True), hit(3, copy=True, credit="AP")]) == 1
    assert independent([hit(1, credit="AFP"), hit(2, credit="AFP"), hit(3)]) == 2


def test_trusted_and_official_sources_go_first() -> None:
    """Of two equal items the one whose publisher people found useful, or that is a government's, comes first."""
    assert [item.lead.hit for item in chosen(hit(1), hit(2, trust=0.4)).items] == [2, 1]
    assert [item.lead.hit for item in chosen(hit(1), hit(2, publisher="moit.gov.vn")).items] == [2, 1]


def test_trust_is_what_people_said(store: SqliteStore) -> None:
    """A publisher's trust grows with hits marked useful and falls with useless ones."""
    rows = Rows(store)
    good, bad = rows.hit(story=rows.story(), publisher="good.example"), rows.hit(story=rows.story(), publisher="bad.example")
    hits.mark(store, good, "useful", "", SEVEN)
    hits.mark(store, bad, "useless", "", SEVEN)
    found = hits.trust(store)
    assert found["good.example"] > 0 > found["bad.example"]


def test_a_story_of_two_watchlists_told_once_stays_told(store: SqliteStore) -> None:
    """What one watchlist's story told counts for the other watchlist's story that was folded into it."""
    one, two = Rows(store), Rows(store, watchlist="other")
    wanted = subscription(watchlists=("vn-us", "other"))
    subscriptions.sync(store, (wanted,), SEVEN - timedelta(hours=12))
    first, second = one.story(), two.story()
    article = one.article("FPT and Nvidia build a plant", "https://n.example/1", "n.example", "en", SEVEN - timedelta(hours=2))
    one.hit(story=first, article=article, score=9.0)
    two.hit(story=second, article=article, score=6.0)
    number = itertools.count(1)

    def at(day: int) -> None:
        now = SEVEN + timedelta(days=day)
        asyncio.run(plan(store=store, clock=lambda: now, new_id=lambda: f"id-{next(number)}", subscriptions=(wanted,), channels=channels()))

    at(0)
    late = two.hit("Once more on the plant", story=second, novelty="echo", publisher="m.example", seen=SEVEN + timedelta(hours=3))
    at(1)
    assert store.one("select shown_as from digest_hits where hit_id = :hit", hit=late) == {"shown_as": "echo"}


def test_the_background_of_a_walked_story(store: SqliteStore) -> None:
    """From the stored reports: the first outlet, the copies by agency, the sums that differ, the story before."""
    walk(store, only=("amkor-phase2", "starlink-licence", "starlink-gateway"))
    became = outcome(store)
    story = {report.story: became[report.id]["story"] for report in reversed(reports()) if report.id in became}
    about = stories.background(store, story.values())
    amkor, gateway = about[story["amkor-phase2"]], about[story["starlink-gateway"]]
    assert amkor["first"][0] == "kinhte24.example"
    assert dict(amkor["copies"]) == {"VNA": 2, "Reuters": 1}
    assert amkor["differs"] == (("USD:620000000", "kinhte24.example", "USD:600000000", "tradewire.example"),)
    assert gateway["earlier"]["title"].startswith("Starlink được cấp phép")
