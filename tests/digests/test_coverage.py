"""The digest's foot tells no news from no sight: sources failing, silent or with gaps, and hours in which nothing ran."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.digests.chat import SERVICES, render_chat
from monitor.digests.coverage import Blind, coverage_of
from monitor.digests.payload import from_json, to_json
from monitor.digests.render import render_json, render_mails
from monitor.digests.step import preview
from monitor.hours import to_text
from monitor.store import subscriptions
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import record_event
from tests.digests.rows import BEGAN, SEVEN, Rows, subscription
from tests.digests.test_render import made
from tests.digests.test_select import hit

ROWS = [
    {"name": name, "title": title, "state": "active", "failing_since_at": None, "error_kind": None}
    for name, title in (("hanoi", "The Hanoi Paper"), ("economy", ""))
]
BLIND = Blind(
    silent=(("hanoi", SEVEN - timedelta(hours=41)), ("removed", SEVEN)),
    gaps=(("economy", SEVEN - timedelta(hours=3)),),
    unwatched=((SEVEN - timedelta(hours=6), SEVEN - timedelta(hours=4)),),
)


def test_every_form_names_what_was_out_of_sight() -> None:
    """Text, HTML and chats carry a line for each silence, gap and span without a watch; the payload keeps them."""
    document = replace(made(hit(1)), coverage=coverage_of(ROWS, 10, 0, BLIND))
    assert from_json(to_json(document)) == document
    (mail,) = render_mails(document)
    chats = [part.body.decode("utf-8") for service in SERVICES for part in render_chat(document, service)]
    for page in (" ".join(mail.text.split()), " ".join(mail.html.split()), *(chat.replace("\\", "") for chat in chats)):
        assert "The Hanoi Paper: nothing new since 24 Sep 14:00, longer than usual" in page
        assert "economy: items may have been missed (04:00)" in page
        assert "Nothing was watched from 26 Sep 01:00 to 26 Sep 03:00" in page
    assert "removed" not in mail.text
    body = json.loads(render_json(document))["data"]["coverage"]
    assert [each["name"] for each in body["silent"] + body["gaps"]] == ["The Hanoi Paper", "economy"]


@pytest.mark.parametrize("lang", ["en", "vi", "fr"])
def test_in_every_language(lang: str) -> None:
    """The lines exist in each language, with nothing left to fill in."""
    document = replace(made(hit(1), lang=lang), coverage=coverage_of(ROWS, 10, 0, BLIND))
    text = render_mails(document)[0].text
    assert "{" not in text
    assert text.count("\n-   ") == 3


def test_the_foot_comes_from_the_store(store: SqliteStore) -> None:
    """What the store knows of silences and gaps in the digest's span stands in its preview."""
    wanted = subscription()
    subscriptions.sync(store, (wanted,), BEGAN)
    rows = Rows(store)
    rows.source("hanoi", "The Hanoi Paper")
    rows.hit(story=rows.story())
    with store.write():
        store.run("update feeds set silent_since_at = :at", at=to_text(SEVEN - timedelta(hours=41)))
        record_event(store, SEVEN - timedelta(hours=1), "feed.gap", "hanoi", "none of the last items")
    found = preview(store, wanted, SEVEN)
    assert found is not None
    assert [each.name for each in found.coverage.silent] == ["The Hanoi Paper"]
    assert [each.at for each in found.coverage.gaps] == [to_text(SEVEN - timedelta(hours=1))]
