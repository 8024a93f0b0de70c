"""JSON Feed 1.0 and 1.1."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.jsonfeed import parse_json_feed

VERSION = "https://jsonfeed.org/version/1.1"
ITEM = {"id": "1", "title": "One", "url": "http://news.example/1"}


def read(document: object, **options: Any) -> dict[str, Any] | None:
    return parse_json_feed(json.dumps(document).encode(), 1000, **options)


def test_an_item() -> None:
    """The longest text is the summary, the first author the author, the item's language before the feed's."""
    item = {
        **ITEM,
        "summary": "Short",
        "content_text": "Longer text",
        "content_html": "<p>x",
        "date_published": "2026-11-20T07:00:00Z",
        "date_modified": "2026-11-21T07:00:00Z",
        "authors": [{"name": "A"}, {"name": "B"}],
        "language": "vi",
    }
    found = read({"version": VERSION, "title": "F", "language": "en", "items": [item, {"id": "2", "author": {"name": "C"}}]})
    assert found is not None
    assert (found["title"], found["lang"], found["total"], found["cut"], found["ended"]) == ("F", "en", 2, False, False)
    assert found["entries"][0] == {
        "guid": "1",
        "link": "http://news.example/1",
        "title": "One",
        "summary": "Longer text",
        "author": "A",
        "lang": "vi",
        "published": "2026-11-20T07:00:00Z",
        "parsed": "",
    }
    assert (found["entries"][1]["author"], found["entries"][1]["lang"]) == ("C", "en")


@pytest.mark.parametrize(
    ("given_id", "guid"), [(7, "7"), (7.0, "7"), (7.5, "7.5"), (True, ""), (None, ""), ([1], ""), ({"a": 1}, ""), ("x", "x")]
)
def test_ids_of_any_type(given_id: object, guid: str) -> None:
    """Numbers become text; what is neither text nor number is no id."""
    found = read({"version": VERSION, "items": [{**ITEM, "id": given_id}]})
    assert found is not None
    assert found["entries"][0]["guid"] == guid


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        {"items": [ITEM]},
        {"version": "1.0"},
        {"version": "1.0", "items": [{"name": "x"}]},
        {"version": 3, "items": [ITEM]},
        {"openapi": "3.0", "version": "1", "items": "none"},
    ],
)
def test_other_json_is_no_feed(document: object) -> None:
    """Data for programs is not taken for a feed."""
    assert read(document) is None


def test_a_version_without_address() -> None:
    """Generators that write the bare number are read where the items have the format's fields."""
    assert read({"version": "1.1", "items": [ITEM]}) is not None
    assert read({"version": VERSION}) == {**(read({"version": VERSION, "items": []}) or {})}


def test_a_feed_that_has_ended() -> None:
    """`expired` says that no more will come."""
    assert (read({"version": VERSION, "expired": True, "items": []}) or {})["ended"] is True
    assert (read({"version": VERSION, "expired": "yes", "items": []}) or {})["ended"] is False


@given(st.integers(0, 400))
def test_a_cut_feed_gives_its_whole_items(length: int) -> None:
    """Wherever the body breaks off, only whole items come back; a whole body that is broken JSON gives none."""
    whole = json.dumps({"version": VERSION, "title": "F", "items": [{**ITEM, "id": str(number), "tags": ["]}"]} for number in range(5)]})
    cut = whole[:length]
    found = parse_json_feed(cut.encode(), 1000, broken=True)
    count = sum(f'"id": "{number}"' in cut and cut[cut.index(f'"id": "{number}"') :].count("}") > 1 for number in range(5))
    assert (0 if found is None else len(found["entries"])) == count
    assert parse_json_feed(cut.encode(), 1000) is None or length >= len(whole)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["version", "items", "id", "title", "url", "authors", "content_text", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_raises(document: object) -> None:
    """Whatever JSON is inside, there is an answer with text in every field."""
    found = read({"version": VERSION, "items": document}) or {"entries": []}
    assert all(isinstance(value, str) for entry in found["entries"] for value in entry.values())
