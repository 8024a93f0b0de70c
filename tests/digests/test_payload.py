"""A digest's stored payload: read back as it was, by later versions too, and told in one line where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.digests.payload import from_json, to_json
from monitor.digests.render import render_mails
from monitor.digests.sample import samples
from monitor.errors import DigestUnreadable

DOCUMENT = next(document for document, _ in samples())
JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just([]) | st.just({}) | st.just("2024-13-01")


def fields() -> dict[str, Any]:
    """The stored payload of a digest with everything, as plain values."""
    found: dict[str, Any] = json.loads(to_json(DOCUMENT))
    return found


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in plain values: keys and numbers from the top."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


def holder(found: Any, path: tuple[str | int, ...]) -> Any:
    """What holds the value at this place."""
    for key in path[:-1]:
        found = found[key]
    return found


PLACES = tuple(places(fields()))


def test_every_sample_comes_back() -> None:
    """What is written is read, whatever a digest holds."""
    for document, _ in samples():
        assert from_json(to_json(document)) == document


def test_what_an_earlier_version_did_not_write_gets_its_default() -> None:
    """A payload with the bare bones of a digest is shown: headlines, without what the version that wrote it did not know."""
    bare = {name: value for name, value in fields().items() if name in {"uid", "subscription", "title", "lang", "zone", "made_at"}}
    bare |= {"slot": "", "due_at": bare["made_at"], "covers_from_at": bare["made_at"]}
    entry = {name: fields()["entries"][0][name] for name in ("kind", "story", "hit", "line", "first_seen_at")}
    found = from_json(json.dumps({**bare, "entries": [entry]}))
    assert found == replace(
        DOCUMENT,
        **bare,
        entries=found.entries,
        **dict.fromkeys(("asked", "late"), False),
        **dict.fromkeys(("missed", "also_more", "below", "echoes", "found_more"), 0),
        also=(),
        days=(),
        coverage=found.coverage,
    )
    assert (found.coverage.sources, found.coverage.failing, found.entries[0].langs) == (0, (), ())
    assert DOCUMENT.entries[0].line.headline in " ".join(render_mails(found)[0].text.split())


def test_what_a_later_version_wrote_besides_is_left_out() -> None:
    """Fields that nobody here knows do no harm, at the top and inside."""
    more = {**fields(), "mood": "good"}
    more["entries"][0]["weather"] = {"hanoi": [30]}
    assert from_json(json.dumps(more)) == DOCUMENT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "recursion"),
        ("[]", "it is not an object"),
        ('{"title": "T"}', "uid is missing"),
        (json.dumps({**fields(), "entries": [{}]}), "entries.0.kind is missing"),
        (json.dumps({**fields(), "zone": "Asia/Nowhere"}), "zone is none that this machine knows"),
        (json.dumps({**fields(), "made_at": "yesterday"}), "made_at is not an instant"),
        (json.dumps({**fields(), "also": [{"headline": 5}]}), "also.0.headline is not text"),
        (json.dumps({**fields(), "title": "\ud800"}), "surrogates"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(text: str, said: str) -> None:
    """The message names the place in the payload and where the digest can still be seen."""
    with pytest.raises(DigestUnreadable, match=said) as caught:
        from_json(text)
    assert "\n" not in str(caught.value)
    assert "monitor digests show" in str(caught.value)


@given(st.sampled_from(PLACES), JSON, st.booleans())
def test_no_payload_brings_a_page_down(path: tuple[str | int, ...], value: object, gone: bool) -> None:
    """A payload that lacks any one thing, or holds anything else in its place, is shown or told, and never fails while it is shown."""
    found = fields()
    if gone:
        del holder(found, path)[path[-1]]
    else:
        holder(found, path)[path[-1]] = value
    try:
        document = from_json(json.dumps(found))
    except DigestUnreadable:
        return
    render_mails(document)
