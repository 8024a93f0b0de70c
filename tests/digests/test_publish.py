"""The stories of a watchlist as Atom and JSON Feed: valid, stable, harmless, and written only when something changed."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from monitor.config import OutputSettings
from monitor.digests.publish.feed import Feed, Item, Report, item_of, lead_of, permanent_id
from monitor.digests.publish.formats import FORMATS, MEDIA_TYPES, atom, json_feed
from monitor.digests.publish.step import PublishCounts, feed_of, publish
from monitor.health import troubles
from monitor.hours import to_text
from monitor.model import Watchlist
from monitor.store.driver import Store
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import fact, set_fact
from tests.digests.rows import SEVEN, Rows, counter, evidence

WATCHLIST = Watchlist(id="vn-us", title="Việt Nam & US <tech>", match="")
ATOM = "{http://www.w3.org/2005/Atom}"
HOUR = timedelta(hours=1)
URI = {"type": "string", "pattern": "^https?://"}
INSTANT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
}
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "feed_url": URI,
        "language": {"type": "string"},
        "authors": AUTHORS,
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_html"],
                "additionalProperties": False,
                "patternProperties": {"^_": {"type": "object"}},
                "properties": {
                    "id": {"type": "string", "pattern": "^urn:uuid:"},
                    "url": URI,
                    "title": {"type": "string"},
                    "summary": {"type": "string"},
                    "content_html": {"type": "string", "minLength": 1},
                    "date_published": INSTANT,
                    "date_modified": INSTANT,
                    "authors": AUTHORS,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "language": {"type": "string"},
                },
            },
        },
    },
}
"""JSON Feed 1.1 as far as it is used: jsonfeed.org/version/1.1."""


def settings(folder: Path, **fields: object) -> OutputSettings:
    """Output into a folder."""
    return OutputSettings.model_construct(folder=folder, **{"items": 50, "lang": "en", "formats": ("atom", "json"), **fields})  # type: ignore[arg-type]


def counts(store: Store, wanted: OutputSettings, *ids: str, now: datetime = SEVEN) -> PublishCounts:
    """One run of the step over watchlists of these ids; all it counted."""
    new_id: Callable[[], str] = counter()  # type: ignore[assignment]
    watchlists = tuple(replace(WATCHLIST, id=name) for name in ids or (WATCHLIST.id,))
    return asyncio.run(publish(store=store, clock=lambda: now, watchlists=watchlists, settings=wanted, new_id=new_id))


def run(store: Store, wanted: OutputSettings, *ids: str) -> int:
    """One run of the step; returns the files written."""
    return counts(store, wanted, *ids).files


def lying_in(folder: Path) -> set[str]:
    """What lies in the folder, without the list of ours and the database."""
    return {path.name for path in folder.iterdir() if not path.name.startswith((".monitor-", "monitor.db"))}


def check_atom(text: bytes) -> list[Element]:
    """The rules of RFC 4287 (4.1.1, 4.1.2, 3.3, 4.2.6) as far as they can be seen in the document; returns the entries."""
    root = fromstring(text)
    assert root.tag == f"{ATOM}feed"
    for element in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(element.findall(ATOM + name)) == 1
            assert (element.findtext(ATOM + name) or "").strip()
        for name in ("updated", "published"):
            assert all(re.fullmatch(INSTANT["pattern"], found.text or "") for found in element.findall(ATOM + name))
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}", element.findtext(f"{ATOM}id") or "")
        assert len(element.findall(f"{ATOM}author/{ATOM}name")) == 1
        assert len(element.findall(f"{ATOM}content")) <= 1
        assert all(link.get("href") for link in element.findall(f"{ATOM}link"))
    known = {"id", "title", "updated", "author", "generator", "link", "entry", "published", "category", "summary", "content", "name"}
    assert {element.tag.removeprefix(ATOM) for element in root.iter()} - {"feed"} <= known
    entries = root.findall(f"{ATOM}entry")
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    return entries


def test_both_files_are_valid_and_say_the_same(store: SqliteStore, tmp_path: Path) -> None:
    """Read back with feedparser and a schema: headline in the reader's language, the sentence, the outlets; the newest first."""
    rows = Rows(store)
    first, second = rows.story(), rows.story()
    names = (("vietnam", "FPT", "FPT"), ("us", "NVIDIA", "Nvidia"))
    rows.hit("FPT và Nvidia xây nhà máy", story=first, lang="vi", score=9.0, publisher="tin.example", seen=SEVEN - 5 * HOUR)
    rows.hit("FPT & Nvidia build <b>", story=first, score=7.0, sentence="FPT will build with Nvidia.", names=names, seen=SEVEN - 4 * HOUR)
    rows.hit("Apple opens a plant", story=second, publisher="gazette.example", seen=SEVEN - HOUR)
    rows.hit("Told in history", story=rows.story(), quiet=True)
    rows.hit("Worth a look only", story=rows.story(), band="review", score=4.0)
    wanted = settings(tmp_path / "feeds", base_url="https://desk.example.org/feeds/")
    assert run(store, wanted) == 2
    assert lying_in(tmp_path / "feeds") == {"vn-us.atom", "vn-us.json"}

    text = (tmp_path / "feeds" / "vn-us.atom").read_bytes()
    assert len(check_atom(text)) == 2
    found = feedparser.parse(text)
    assert not found.bozo
    assert (found.version, found.feed.title, found.feed.language) == ("atom10", "Việt Nam & US <tech>", "en")
    assert found.feed.links[0].href == "https://desk.example.org/feeds/vn-us.atom"
    assert [entry.title for entry in found.entries] == ["Apple opens a plant", "FPT & Nvidia build <b>"]
    story = found.entries[1]
    assert story.summary == "FPT will build with Nvidia."
    assert "<b>FPT</b> will build with <b>Nvidia</b>." in story.content[0].value
    assert 'href="https://tin.example/1"' in story.content[0].value
    terms = [tag.get("term") for tag in fromstring(text).findall("{*}entry")[1].findall("{*}category")]
    assert terms == ["FPT", "NVIDIA", "semiconductors"]
    assert (story.author, story.link) == ("news.example", "https://news.example/2")

    body = json.loads((tmp_path / "feeds" / "vn-us.json").read_text(encoding="utf-8"))
    Draft202012Validator(JSON_FEED).validate(body)
    assert body["feed_url"] == "https://desk.example.org/feeds/vn-us.json"
    assert [item["title"] for item in body["items"]] == [entry.title for entry in found.entries]
    assert [item["id"] for item in body["items"]] == [entry.id for entry in found.entries]
    assert body["items"][1]["_monitor"]["languages"] == ["en", "vi"]

    run(store, replace_settings(wanted, lang="vi", review=True))
    titles = [entry.title for entry in feedparser.parse((tmp_path / "feeds" / "vn-us.atom").read_bytes()).entries]
    assert "FPT và Nvidia xây nhà máy" in titles
    assert "Worth a look only" in titles


def replace_settings(known: OutputSettings, **fields: object) -> OutputSettings:
    return known.model_copy(update=fields)


def test_an_entry_keeps_its_identity_and_moves_only_with_news(store: SqliteStore, tmp_path: Path) -> None:
    """An echo changes neither id nor update time; an update moves the time alone; nothing new writes nothing."""
    rows = Rows(store)
    story = rows.story()
    rows.hit("FPT and Nvidia build", story=story, seen=SEVEN - 5 * HOUR)
    wanted = settings(tmp_path)
    run(store, wanted)
    (before,) = check_atom((tmp_path / "vn-us.atom").read_bytes())
    assert run(store, wanted) == 0
    rows.hit("FPT and Nvidia build too", story=story, novelty="echo", score=5.0, publisher="b.example", seen=SEVEN - 2 * HOUR)
    assert run(store, wanted) == 2
    (echoed,) = check_atom((tmp_path / "vn-us.atom").read_bytes())
    rows.hit("FPT plant to cost more", story=story, novelty="update", delta=("figure:USD:5",), score=6.0, seen=SEVEN - HOUR)
    run(store, wanted)
    (updated,) = check_atom((tmp_path / "vn-us.atom").read_bytes())

    def of(entry: Element, *names: str) -> list[str | None]:
        return [entry.findtext(ATOM + name) for name in names]

    assert of(before, "id", "published", "updated") == of(echoed, "id", "published", "updated")
    assert of(before, "id", "published") == of(updated, "id", "published")
    assert of(updated, "updated") == ["2024-09-25T23:00:00Z"]


def test_only_the_newest_stories(store: SqliteStore, tmp_path: Path) -> None:
    """As many as asked for; a story merged into another is gone."""
    rows = Rows(store)
    for number in range(6):
        rows.hit(f"Development number {number}", story=rows.story(), seen=SEVEN - number * HOUR)
    run(store, settings(tmp_path, items=4))
    assert len(check_atom((tmp_path / "vn-us.atom").read_bytes())) == 4
    with store.write():
        store.run("update stories set merged_into_id = 1 where id > 2")
    run(store, settings(tmp_path, items=4))
    assert len(check_atom((tmp_path / "vn-us.atom").read_bytes())) == 2


def test_nothing_asked_for_and_nothing_there(store: SqliteStore, tmp_path: Path) -> None:
    """Without a folder nothing is written; an empty watchlist gives valid empty feeds."""
    assert run(store, OutputSettings()) == 0
    assert run(store, settings(tmp_path)) == 2
    assert check_atom((tmp_path / "vn-us.atom").read_bytes()) == []
    body = json.loads((tmp_path / "vn-us.json").read_text(encoding="utf-8"))
    Draft202012Validator(JSON_FEED).validate(body)


def test_a_folder_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    """The step ends well and notes the folder, the cause and since when; nothing is noted twice, and nothing once it can be written or is not wanted."""
    (tmp_path / "feeds").write_text("a file", encoding="utf-8")
    wanted = settings(tmp_path / "feeds")
    for hours in range(3):
        found = counts(store, wanted, now=SEVEN + hours * HOUR)
        assert (found.files, found.skipped) == (0, 1)
    (told,) = [trouble for trouble in troubles(store, SEVEN) if trouble.area == "output"]
    assert (told.since_at, told.problem) == (SEVEN, True)
    assert f"{tmp_path}/feeds: " in told.text
    (tmp_path / "feeds").unlink()
    assert run(store, wanted) == 2
    assert fact(store, "output_problem") == ""
    set_fact(store, "output_problem", f"{to_text(SEVEN)}|/gone: no such place")
    run(store, OutputSettings())
    assert fact(store, "output_problem") == ""


def test_files_of_a_former_watchlist_go(store: Store, tmp_path: Path) -> None:
    """What we wrote and what is wanted no more is removed: of a watchlist that is gone, and of a format that is not asked for any longer."""
    run(store, settings(tmp_path), "vn-us", "gone")
    assert lying_in(tmp_path) == {"vn-us.atom", "vn-us.json", "gone.atom", "gone.json"}
    found = counts(store, settings(tmp_path), "vn-us")
    assert (found.files, found.removed) == (0, 2)
    assert lying_in(tmp_path) == {"vn-us.atom", "vn-us.json"}
    assert counts(store, settings(tmp_path, formats=("atom",)), "vn-us").removed == 1
    assert counts(store, settings(tmp_path, formats=("atom",)), "vn-us") == PublishCounts()


def test_no_file_of_somebody_else_is_removed(store: Store, tmp_path: Path) -> None:
    """A file that others put there or changed stays, also where the list of ours names it, names a path, or cannot be read."""
    run(store, settings(tmp_path / "feeds"), "vn-us", "mine", "theirs")
    (tmp_path / "feeds" / "other.atom").write_text("not ours", encoding="utf-8")
    (tmp_path / "feeds" / "theirs.atom").write_text("changed by hand", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("outside", encoding="utf-8")
    (manifest,) = (tmp_path / "feeds").glob(".monitor-*.json")
    known = json.loads(manifest.read_text(encoding="utf-8"))
    outside = sha256(b"outside").hexdigest()
    manifest.write_text(json.dumps({**known, "../secret.txt": outside, "": outside, "x": 5}), encoding="utf-8")
    assert counts(store, settings(tmp_path / "feeds"), "vn-us").removed == 3
    assert lying_in(tmp_path / "feeds") == {"vn-us.atom", "vn-us.json", "other.atom", "theirs.atom"}
    assert (tmp_path / "secret.txt").exists()
    for text in ("no json", "[]", "\xff"):
        manifest.write_bytes(text.encode("latin-1"))
        assert counts(store, settings(tmp_path / "feeds"), "vn-us") == PublishCounts()
    assert json.loads(manifest.read_text(encoding="utf-8")).keys() == {"vn-us.atom", "vn-us.json"}


def test_two_instances_may_share_a_folder(store: Store, tmp_path: Path) -> None:
    """Each removes only its own."""
    with closing(open_sqlite(tmp_path / "other.db")) as other:
        set_fact(other, "instance", "another")
        run(store, settings(tmp_path / "feeds"), "a")
        run(other, settings(tmp_path / "feeds"), "b")
        assert counts(store, settings(tmp_path / "feeds"), "c").removed == 2
    assert lying_in(tmp_path / "feeds") == {"b.atom", "b.json", "c.atom", "c.json"}


@pytest.mark.engines("sqlite")
def test_several_workers_write_one_folder(store: Store, tmp_path: Path) -> None:
    """Workers that publish at the same moment never get in each other's way: every run ends well, and whoever reads meanwhile finds whole files."""
    folder = tmp_path / "feeds"
    rows = Rows(store)
    rows.hit("First development", story=rows.story())
    run(store, settings(folder))
    ids = itertools.count()

    def work(_worker: int) -> list[int]:
        found = []
        for number in range(25):
            wanted = settings(folder, base_url=f"https://desk.example.org/{number % 2}")
            made = publish(store=store, clock=lambda: SEVEN, watchlists=(WATCHLIST,), settings=wanted, new_id=lambda: f"id-{next(ids)}")
            found.append(asyncio.run(made).skipped)
            check_atom((folder / "vn-us.atom").read_bytes())
        return found

    with ThreadPoolExecutor(3) as pool:
        assert [sum(skipped) for skipped in pool.map(work, range(3))] == [0, 0, 0]
    assert lying_in(folder) == {"vn-us.atom", "vn-us.json"}


def test_what_a_killed_writer_left_goes(store: Store, tmp_path: Path) -> None:
    """Half a file of ours is removed after an hour; one that another worker may be writing, and one of somebody else, stay."""
    for name, at in (("vn-us.atomid-9.partial", SEVEN - 2 * HOUR), ("vn-us.jsonid-8.partial", SEVEN), ("a.partial", SEVEN - 2 * HOUR)):
        (tmp_path / name).write_bytes(b"<feed")
        os.utime(tmp_path / name, (at.timestamp(), at.timestamp()))
    run(store, settings(tmp_path))
    assert lying_in(tmp_path) == {"vn-us.atom", "vn-us.json", "vn-us.jsonid-8.partial", "a.partial"}


def test_identities_are_those_of_one_instance(store: SqliteStore, tmp_path: Path) -> None:
    """Two databases never share an entry's id; one database keeps its own."""
    rows = Rows(store)
    rows.hit(story=rows.story())
    feed = feed_of(store, WATCHLIST, settings(tmp_path), "", lambda: "one")
    assert feed == feed_of(store, WATCHLIST, settings(tmp_path), "", lambda: "two")
    assert feed.items[0].id == permanent_id("one", "story", 1) != permanent_id("two", "story", 1)


def report(title: str = "A headline", **fields: object) -> Report:
    """One report of story 1."""
    defaults: dict[str, object] = {
        "hit": 1,
        "story": 1,
        "band": "alert",
        "score": 5.0,
        "novelty": "new",
        "lang": "en",
        "url": "https://a.example/1",
    }
    return Report(**{**defaults, "title": title, "publisher": "a.example", "found_at": SEVEN, **fields})  # type: ignore[arg-type]


def test_the_headline_is_news_in_the_readers_language() -> None:
    """A report in the review band does not lead where there is news; among news the reader's language goes before points."""
    weak = report("Weak", hit=1, band="review", score=4.0)
    vi, en = report("Tin", hit=2, lang="vi", score=9.0), report("News", hit=3, score=6.0)
    assert lead_of((weak, vi, en), "en") is en
    assert lead_of((weak, vi, en), "fr") is vi
    assert lead_of((weak,), "vi") is weak


SIGNS = st.text(st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["\x00\x0b", "\ufffe\uffff", "]]>", "<b>&amp;", "\u202e", "\ud7ff\ue000"]
)


@given(SIGNS, SIGNS, SIGNS)
def test_any_text_gives_valid_feeds(title: str, sentence: str, name: str) -> None:
    """Whatever an outlet writes, both documents parse, and its text is only text."""
    reports = (report(title, publisher=name, url=title),)
    verdict = evidence("vn-us", "alert", 7.0, sentence, (("us", name, sentence[:3]),), (name,))
    item = item_of("i", reports, {1: verdict}, "en")
    feed = Feed(id=permanent_id("i"), title="T", lang="en", url="", updated_at=SEVEN, items=(item,))
    (entry,) = check_atom(atom(feed))
    assert entry.findtext(f"{ATOM}title") == item.headline
    Draft202012Validator(JSON_FEED).validate(json.loads(json_feed(feed)))
    assert set(re.findall(r"<(\w+)", item.html)) <= {"blockquote", "b", "p", "a"}


def test_every_format_has_its_media_type() -> None:
    """What is served is named as its specification asks."""
    assert set(FORMATS) == set(MEDIA_TYPES)
    assert MEDIA_TYPES["json"].startswith("application/feed+json")


def test_times_are_utc_to_the_second() -> None:
    """Readers compare times as text."""
    item = item_of("i", (report(),), {1: evidence("vn-us", "alert", 7.0, "x", (), ())}, "en")
    moved: Item = replace(item, updated_at=datetime(2024, 9, 26, 0, 0, 0, 999, tzinfo=UTC))
    feed = Feed(id=permanent_id("i"), title="T", lang="en", url="", updated_at=SEVEN, items=(moved,))
    assert json.loads(json_feed(feed))["items"][0]["date_modified"] == "2024-09-26T00:00:00Z"
