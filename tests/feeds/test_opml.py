"""OPML as it is met in the world, and our own, there and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.opml import MAX_FEEDS, read_opml, write_opml
from monitor.text import one_line

WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40)
ADDRESSES = st.from_regex(r"https?://[a-z]{1,10}\.example/[a-zA-Z0-9/?&=%._-]{0,30}", fullmatch=True)
FEEDS = st.lists(
    st.fixed_dictionaries(
        {"url": ADDRESSES, "title": WORDS, "lang": st.sampled_from(["", "vi", "en", "fr"])},
        optional={
            "name": st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
            "interval-min": st.integers(5, 999),
            "enabled": st.just(False),
        },
    ),
    max_size=6,
    unique_by=lambda feed: feed["url"],
)


def urls_of(body: str | bytes) -> list[str]:
    return [feed["url"] for feed in read_opml(body.encode() if isinstance(body, str) else body)["feeds"]]


@given(WORDS, FEEDS)
def test_what_is_written_is_read_back(title: str, feeds: list[dict[str, object]]) -> None:
    """Titles, addresses and our own attributes survive the way out and in, whatever signs they hold."""
    found = read_opml(write_opml(title, feeds).encode())
    assert found["title"] == one_line(title, 200)
    assert [feed["url"] for feed in found["feeds"]] == [feed["url"] for feed in feeds]
    for given_, read in zip(feeds, found["feeds"], strict=True):
        shown = str(given_["title"] or given_.get("name") or given_["url"])
        assert read["title"] == one_line(shown, 200)
        for key in ("lang", "name", "interval-min"):
            assert read["extras"].get(key, "") == str(given_.get(key, ""))
        assert read["extras"].get("enabled", "true") == ("true" if given_.get("enabled", True) else "false")


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(body: bytes) -> None:
    """Bytes that are no OPML name no feed, and raise nothing."""
    assert isinstance(read_opml(body)["feeds"], list)


@given(
    st.lists(
        st.sampled_from(
            ['<outline text="a">', '<outline xmlUrl="https://a.example/1"/>', "</outline>", "</body>", "<opml>", "&", "<", '"']
        ),
        max_size=30,
    )
)
def test_any_order_of_pieces_is_survived(pieces: list[str]) -> None:
    """Surplus ends, missing ends and stray signs do not stop the reading."""
    body = "".join(pieces)
    assert urls_of("<opml><body>" + body) in ([], ["https://a.example/1"])


def test_folders_nest() -> None:
    """A feed knows the folders it stands in."""
    body = """<opml version="2.0"><body><outline text="Asia"><outline text="Việt Nam">
      <outline text="One" type="rss" xmlUrl="https://one.example/rss"/></outline></outline>
      <outline text="Two" type="rss" xmlUrl="https://two.example/rss"/></body></opml>"""
    assert [(feed["title"], feed["folder"]) for feed in read_opml(body.encode())["feeds"]] == [("One", ["Asia", "Việt Nam"]), ("Two", [])]


def test_a_missing_type_and_a_title_without_text_are_taken() -> None:
    """xmlUrl makes a feed, whatever its type says or does not say."""
    body = '<opml><body><outline title="T" xmlUrl="https://a.example/1"/><outline type="link" xmlUrl="https://a.example/2"/></body></opml>'
    assert [(feed["url"], feed["title"]) for feed in read_opml(body.encode())["feeds"]] == [
        ("https://a.example/1", "T"),
        ("https://a.example/2", ""),
    ]


def test_repeated_addresses_are_one_feed() -> None:
    """The first title wins."""
    body = '<opml><body><outline text="A" xmlUrl="https://a.example/1"/><outline text="B" xmlUrl="https://a.example/1"/></body></opml>'
    assert [feed["title"] for feed in read_opml(body.encode())["feeds"]] == ["A"]


def test_broken_files_give_what_they_hold() -> None:
    """Unescaped signs, a missing end and an unclosed folder lose nothing."""
    body = '<?xml version="1.0"?><opml><head><title>A & B</title></head><body><outline text="R&D">'
    body += '<outline text="x" xmlUrl="https://a.example/?a=1&b=2"/><outline text="y" xmlUrl="https://a.example/2">'
    found = read_opml(body.encode())
    assert [feed["url"] for feed in found["feeds"]] == ["https://a.example/?a=1&b=2", "https://a.example/2"]
    assert found["title"] == "A & B"


def test_encodings() -> None:
    """Windows and UTF-16 files are read as they declare themselves; an undeclared one is UTF-8 or windows-1252."""
    body = '<?xml version="1.0" encoding="{}"?><opml><body><outline text="Café" xmlUrl="https://a.example/1"/></body></opml>'
    for declared, used in (
        ("iso-8859-1", "iso-8859-1"),
        ("windows-1258", "cp1258"),
        ("UTF-16", "utf-16"),
        ("nonsense", "utf-8"),
        ("utf-8", "cp1252"),
    ):
        assert read_opml(body.format(declared).encode(used))["feeds"][0]["title"] == "Café", declared


def test_further_lists_are_named_not_followed() -> None:
    """An included list is told by its address."""
    body = '<opml><body><outline text="more" type="include" url="https://a.example/more.opml"/></body></opml>'
    found = read_opml(body.encode())
    assert (found["feeds"], found["lists"]) == ([], ["https://a.example/more.opml"])


def test_attributes_of_another_namespace_are_not_ours() -> None:
    """Only what stands in our namespace counts, under whatever prefix."""
    body = """<opml xmlns:x="urn:monitor-news:opml:1" xmlns:monitor="urn:another"><body>
      <outline xmlUrl="https://a.example/1" x:timezone="Asia/Ho_Chi_Minh" monitor:name="no"/></body></opml>"""
    assert read_opml(body.encode())["feeds"][0]["extras"] == {"timezone": "Asia/Ho_Chi_Minh"}


def test_a_list_without_end_is_cut() -> None:
    """No more feeds are taken than a person could have."""
    body = "<opml><body>" + "".join(f'<outline xmlUrl="https://a.example/{number}"/>' for number in range(MAX_FEEDS + 1))
    found = read_opml(body.encode())
    assert (len(found["feeds"]), found["cut"]) == (MAX_FEEDS, True)
