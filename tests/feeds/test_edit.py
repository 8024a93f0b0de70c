"""Editing config.toml: what was asked changes, every other byte stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import UsageError
from monitor.feeds.edit import add_feeds, remove_feed

SHIPPED = (Path(__file__).resolve().parent.parent.parent / "config.toml").read_text(encoding="utf-8")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
SMALL = """\
# mine
[feed.one]
url = "https://one.example"   # the first

# [feed.suggested]
# url = "https://two.example"
"""
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)
FIELDS = st.fixed_dictionaries(
    {"url": TEXTS}, optional={"title": TEXTS, "interval_min": st.integers(5, 10_000), "enabled": st.booleans(), "trust": st.floats(0, 2)}
)


def feeds(text: str) -> dict[str, object]:
    found = tomllib.loads(text).get("feed", {})
    assert isinstance(found, dict)
    return found


def test_any_shipped_feed_can_be_removed_alone() -> None:
    """Taking out one feed of the shipped file takes out its lines and one blank line: every comment and every other table stays."""
    for name, fields in feeds(SHIPPED).items():
        edited = remove_feed(SHIPPED, name)
        before, after = SHIPPED.split("\n"), edited.split("\n")
        assert {**feeds(edited), name: fields} == feeds(SHIPPED)
        assert name not in feeds(edited)
        assert [line for line in after if line.startswith("#")] == [line for line in before if line.startswith("#")]
        assert len(before) - len(after) == len(fields) + 2, name  # type: ignore[arg-type]


@given(st.dictionaries(NAMES, FIELDS, min_size=1, max_size=4))
def test_what_was_added_is_read_back_and_can_be_taken_out_again(added: dict[str, dict[str, object]]) -> None:
    """Whatever the values hold, the file says them afterwards; removing them gives back the very bytes of before."""
    edited = add_feeds(SMALL, {f"new-{name}": fields for name, fields in added.items()})
    assert edited.startswith(SMALL.rstrip())
    for name, fields in added.items():
        assert feeds(edited)[f"new-{name}"] == fields
    for name in added:
        edited = remove_feed(edited, f"new-{name}")
    assert edited == SMALL


def test_line_ends_of_windows_stay() -> None:
    """A file with CRLF keeps it, in the new lines too."""
    text = '# mine\r\n[feed.one]\r\nurl = "https://one.example"\r\n'
    edited = add_feeds(text, {"two": {"url": "https://two.example"}})
    assert edited == text + '\r\n[feed.two]\r\nurl = "https://two.example"\r\n'
    assert remove_feed(edited, "two") == text


def test_an_empty_file_takes_a_feed() -> None:
    """The first feed of a file stands at its top."""
    assert add_feeds("", {"one": {"url": "https://one.example"}}) == '[feed.one]\nurl = "https://one.example"\n'


def test_values_over_several_lines_and_subtables_go_with_their_feed() -> None:
    """A feed's arrays, multi-line strings and subtables are its own, wherever they stand; comments after the last value are not."""
    kept = '# head\n[feed.a]\nurl = "https://a.example"\n\n# between\n[log]\nlevel = "info"   # why\n'
    mine = '[feed.b]\nurl = "https://b.example"\n# inside\nports = [\n  1, # one\n  2,\n]\ntitle = """\nlong\n[feed.c]\n"""\n'
    more = '[feed.b.headers]\nAuthorization = "env:TOKEN"\n'
    text = kept + "\n" + mine + "# after b\n\n[articles]\nrobots = true\n\n" + more
    assert remove_feed(text, "b") == kept + "\n# after b\n\n[articles]\nrobots = true\n"


def test_dotted_keys_are_taken_out_one_by_one() -> None:
    """Feeds written as dotted keys of one table are removed line by line."""
    text = '[feed]\na.url = "https://a.example"\nb.url = "https://b.example" # mine\na.title = "A"\n'
    assert remove_feed(text, "a") == '[feed]\nb.url = "https://b.example" # mine\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('feed = { a = { url = "https://a.example" }, c = { url = "https://c.example" } }\n', "by hand"),
        ("[feed", "no TOML"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(text: str, why: str) -> None:
    """A file that leaves no room for the edit is not touched, and the message says so."""
    with pytest.raises(UsageError, match=why):
        add_feeds(text, {"b": {"url": "https://b.example"}})
    with pytest.raises(UsageError, match=why):
        remove_feed(text, "a")


def test_a_taken_name_and_an_unknown_name_are_refused() -> None:
    """No feed is written twice, none is removed that is not there."""
    text = '[feed.a]\nurl = "https://a.example"\n'
    with pytest.raises(UsageError):
        add_feeds(text, {"a": {"url": "https://b.example"}})
    with pytest.raises(UsageError, match="'b'"):
        remove_feed(text, "b")
