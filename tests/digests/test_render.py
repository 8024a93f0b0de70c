"""How a digest looks as mail, text and JSON, and that foreign text cannot break it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.digests.coverage import coverage_of
from monitor.digests.document import Document, Occasion, document
from monitor.digests.labels import Labels
from monitor.digests.payload import from_json, to_json
from monitor.digests.render import render_json, render_mails
from monitor.digests.select import Candidate, select
from monitor.digests.template import MAX_BYTES
from monitor.digests.wording import link, outlet, pieces, shown, subject
from monitor.hours import to_text
from monitor.model import Verdict
from tests.digests.rows import SEVEN, evidence, subscription
from tests.digests.test_select import hit

ALLOWED = {"html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "h2", "h3", "a", "span", "b", "br"}
NAMES = (("vietnam", "FPT", "FPT"), ("us", "NVIDIA", "Nvidia"))
SENTENCE = "FPT will build a plant with Nvidia, worth US$200 million."


class Tags(HTMLParser):
    """Collects the tags, attributes and visible text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, text: str) -> None:
        self.text += "" if self._hidden else text


def made(
    *candidates: Candidate, verdict: Verdict | None = None, about: Mapping[int, Mapping[str, object]] | None = None, **fields: object
) -> Document:
    """A document of candidates that all share one piece of evidence; `about` is what is known of their stories."""
    wanted = subscription(**fields)
    selection = select(candidates, lang=wanted.lang, review=True, max_items=wanted.max_items, now=SEVEN)
    verdict = verdict or evidence("vn-us", "alert", 7.0, SENTENCE, NAMES, ("semiconductors",))
    rows: list[dict[str, object]] = [
        {"name": "a", "title": "", "state": "active", "failing_since_at": None, "error_kind": None},
        {
            "name": "b",
            "title": "The Paper",
            "state": "active",
            "failing_since_at": to_text(SEVEN - timedelta(hours=41)),
            "error_kind": "timeout",
        },
    ]
    occasion = Occasion(
        uid="u-1",
        label="2024-09-26T07:00 Asia/Ho_Chi_Minh",
        due_at=SEVEN,
        made_at=SEVEN,
        covers_from_at=SEVEN - timedelta(days=1),
        asked=False,
        late=False,
        missed=0,
    )
    return document(wanted, occasion, selection, {c.hit: verdict for c in candidates}, coverage_of(rows, 612, 0), about or {})


GOLDEN = """\
VN-US tech
Thu 26 Sep 2024, 07:00 UTC+7
1 new. Covers 25 Sep 07:00 to 26 Sep 07:00.

NEW DEVELOPMENTS
----------------------------------------------------------------------------

1.  FPT and Nvidia to build a plant
    https://news.example/1
    “*FPT* will build a plant with *Nvidia*, worth US$200 million.”
    Why: FPT + NVIDIA, in one sentence; topic: semiconductors
    p1.example, p2.example (2 reports: 1 en, 1 vi) · first seen 05:00 ·
    score\u00a06.0 · story\u00a01

ALSO
----------------------------------------------------------------------------

1 repeat folded.

COVERAGE
----------------------------------------------------------------------------
1 of 2 sources healthy, 612 articles seen.
-   The Paper: failing since 24 Sep 14:00 (too slow)

Times: Asia/Ho_Chi_Minh
Digest u-1
Why a story is here: monitor stories show N
"""


def test_the_text_part() -> None:
    """The text part, letter by letter."""
    found = made(hit(1, title="FPT and Nvidia to build a plant"), hit(2, story=1, lang="vi", novelty="echo", score=5.0))
    assert render_mails(found)[0].text == GOLDEN


def test_the_subject_carries_information() -> None:
    """Counts first, then as many headlines as fit."""
    found = made(hit(1, score=8.0, title="FPT and Nvidia"), hit(2, title="Apple and Viettel"), hit(3, band="review", title="A third thing"))
    assert render_mails(found)[0].subject == "[VN-US tech] 2 new, 1 worth a look - FPT and Nvidia; Apple and Viettel; A third thing"


def test_a_document_survives_storing() -> None:
    """The payload gives back the document, and the same bytes in every form."""
    found = made(hit(1), hit(2, told=2, told_at=SEVEN - timedelta(days=2), novelty="update", delta=("figure:USD:200000000", "entity:fpt")))
    again = from_json(to_json(found))
    assert again == found
    assert render_mails(again) == render_mails(found)
    assert render_json(again) == render_json(found)


@pytest.mark.parametrize("lang", ["en", "vi", "fr", "xx"])
def test_every_language_has_every_word(lang: str) -> None:
    """All labels exist in each language, with late and missed slots told plainly; an unknown language is English."""
    found = made(
        hit(1, told=2, told_at=SEVEN, novelty="update", delta=("figure:USD:200000000",)),
        hit(2),
        hit(3, band="review"),
        hit(4),
        hit(5, story=4),
        lang=lang,
        max_items=3,
    )
    found = replace(found, late=True, missed=2, asked=True, below=1, also_more=3)
    mail = render_mails(found)[0]
    assert "{" not in mail.text
    assert ("2 earlier slots" in mail.text) == (lang in {"en", "xx"})
    assert ("«\u00a0" in mail.text and "\u00a0; " in mail.text and "“" not in mail.text) == (lang == "fr")
    assert f'<html lang="{Labels(lang).lang}">' in mail.html
    assert Labels(lang).amount("USD", 200_000_000) in mail.text


def test_the_page_is_still_and_readable() -> None:
    """Known tags only, nothing remote, one column of 600 px, light and dark, a hidden preheader, a language on each headline."""
    page = render_mails(made(hit(1), hit(2, lang="vi", title="Tin về nhà máy")))[0].html
    seen = Tags(page)
    assert seen.tags <= ALLOWED
    assert not {name for name, _ in seen.attributes} & {"src", "srcset", "background", "action", "onclick", "onerror"}
    assert "url(" not in page
    assert "@import" not in page
    assert ("lang", "vi") in seen.attributes
    assert "prefers-color-scheme: dark" in page
    assert "max-width:600px" in page
    assert page.startswith("<!doctype html>")


HOSTILE = (
    "<script>alert(1)</script> {{7*7}} {% raw %} ${x} %s {0.__class__}",
    "Chips\r\nBcc: all@example.org\u2028X: y\x0b\x1b[31m =?utf-8?q?=0d=0aBcc:?=",
    "\u202eevil\u202c \u2066a\u2069 text\u200b with\ufeff signs",
    "Z\u0301\u0302\u0303\u0304\u0305\u0306\u0307 stacked" + "\u0316" * 200,
    "x" * 100_000 + " long",
    "\" onmouseover=alert(1) ' <img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0 @everyone <!channel>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    """Markup, template signs, header injection, bidi, stacked marks and endless words in a title or sentence change nothing but the words."""
    verdict = evidence("vn-us", "alert", 7.0, text, (("vietnam", text, text[:4]), ("us", "NVIDIA", text[5:7])), (text,))
    found = made(hit(1, title=text, publisher=text), verdict=verdict, title=text)
    (mail,) = render_mails(found)
    seen = Tags(mail.html)
    assert seen.tags <= ALLOWED
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "src"]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", mail.subject)
    assert "=?" not in mail.subject
    assert len(mail.subject) <= 160
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", mail.text)
    assert max(len(line.encode()) for line in mail.text.splitlines()) <= 998
    assert len(mail.html) < MAX_BYTES
    assert found.entries[0].line.headline in seen.text.replace("\xa0", " ")
    json.loads(render_json(found))


@given(st.text(max_size=200), st.text(max_size=200))
@settings(max_examples=40)
def test_any_text_renders(title: str, sentence: str) -> None:
    """No text makes rendering fail or adds a tag."""
    verdict = evidence("vn-us", "alert", 7.0, sentence, (("us", title, sentence[:3]),), ())
    (mail,) = render_mails(made(hit(1, title=title), verdict=verdict))
    assert Tags(mail.html).tags <= ALLOWED


@pytest.mark.parametrize(
    ("url", "shown_link"),
    [
        ("https://vnexpress.net/a?utm_source=rss&id=1", "https://vnexpress.net/a?id=1"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https://user:pw@bank.example/", "https://bank.example/"),
        ("https://аррlе.com/", "https://xn--l-7sbq6ba.com/"),
        ("https://e.example/" + "a" * 3000, ""),
        ("", ""),
    ],
)
def test_links(url: str, shown_link: str) -> None:
    """Only http and https are linked, without trackers and user info, hosts in ASCII."""
    assert link(url) == shown_link


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("vnexpress.net", "vnexpress.net"),
        ("xn--bcher-kva.example", "bücher.example"),
        ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),
        ("xn--l-7sbq6ba.com", "xn--l-7sbq6ba.com"),
        ("xn--.example", "xn--.example"),
        ("xn--\x00.example", "xn--.example"),
    ],
)
def test_hosts_that_could_pass_for_others_stay_in_punycode(host: str, name: str) -> None:
    """A host is decoded only where all its letters are Latin."""
    assert outlet(host) == name


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=5))
def test_marks_never_break_a_sentence(text: str, marks: list[tuple[int, int]]) -> None:
    """Whatever the marks, the pieces carry no control signs and are never empty."""
    found = pieces(text, tuple(marks))
    assert all(piece and shown(piece) == piece.strip() for piece, _ in found if piece.strip())
    assert all(piece for piece, _ in found)


def test_a_large_digest_comes_in_parts() -> None:
    """Beyond the size mail programs show, items are spread over parts; every item is in exactly one, text and HTML alike, numbered through."""
    verdict = evidence("vn-us", "alert", 7.0, "FPT and Nvidia " + "word " * 40, NAMES, ("semiconductors",))
    found = made(*(hit(n, title=f"Headline {n} " + "ă" * 250) for n in range(1, 101)), verdict=verdict, max_items=100)
    mails = render_mails(found)
    assert len(mails) > 1
    assert all(len(mail.html.encode()) <= MAX_BYTES for mail in mails)
    for part in ("text", "html"):
        bodies = " ".join(getattr(mail, part) for mail in mails)
        assert all(len(re.findall(rf"Headline {n}\b", bodies)) == 1 + (part == "html" and n == -1) for n in range(2, 101))
    assert sum("Coverage" in mail.html for mail in mails) == 1
    assert "part 2 of" in mails[1].subject


def test_the_webhook_body() -> None:
    """The body is what Standard Webhooks ask for: type, timestamp, data with counts and items."""
    body = json.loads(render_json(made(hit(1), hit(2, story=1, novelty="echo", score=5.0))))
    assert body["type"] == "digest.ready"
    assert body["timestamp"] == to_text(SEVEN)
    assert body["data"]["counts"] == {"new": 1, "update": 0, "review": 0, "found": 0, "overflow": 0, "echo": 1}
    (item,) = body["data"]["items"]
    assert (item["kind"], item["names"], item["marked"], item["languages"]) == ("new", ["FPT", "NVIDIA"], ["FPT", "Nvidia"], {"en": 2})


def test_a_headline_is_not_said_twice() -> None:
    """Where the matched sentence is the headline, it is not quoted under it."""
    assert made(hit(1, title=SENTENCE)).entries[0].sentence == ()


def test_subjects_stay_short() -> None:
    """A subject takes further headlines only while there is room."""
    assert subject("T", "2 new", ("A" * 60, "B" * 90)) == f"[T] 2 new - {'A' * 60}"
