"""`monitor explain`: drafts that the file takes, pages that nobody stored, and verdicts that come out the same again."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from monitor.hits import step
from monitor.hits.compile import compile_matcher
from monitor.store import articles, hits
from monitor.store.sqlite import SqliteStore
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from tests.cli.desk import LONG, Desk, PageSite, page
from tests.commands import run
from tests.conftest import NOW
from tests.store.test_hits import article

ROOT = Path(__file__).resolve().parents[2]
MISSES = {
    "name": ("Northland signs a dam deal with Harbour Works", "Harbour Works will build it. " + LONG),
    "loose": ("Northland signs a dam deal with Card", "Turbines will be built. " + LONG),
    "word": ("Northland and Southland plan irrigation", "Northland and Southland agree. " + LONG),
}


def explained(*args: str) -> dict[str, object]:
    outcome = run("explain", *args, "--json")
    assert outcome.code == 0, outcome.err
    (verdict,) = json.loads(outcome.out)["verdicts"]
    return dict(verdict)


@pytest.mark.parametrize("name", MISSES)
def test_the_draft_for_a_missed_article_is_taken_by_the_file(bare_desk: Desk, name: str) -> None:
    """--missed drafts a block; with it in the file `watchlists check` is content and the article is a hit."""
    bare_desk.store_articles([MISSES[name]])
    outcome = run("explain", "https://example.org/1", "--missed")
    assert outcome.code == 0, outcome.err
    assert f"# {bare_desk.watchlist.name}: " in outcome.out
    found = explained("https://example.org/1", "--missed")
    assert found["toml"] == outcome.out
    text = bare_desk.watchlist.read_text(encoding="utf-8")
    if "at the end" in outcome.out:
        bare_desk.watchlist.write_text(text + "\n" + outcome.out, encoding="utf-8")
    else:
        (head,) = [line for line in outcome.out.splitlines() if line.startswith("[")]
        start = text.index(head)
        end = text.index("\n\n", start)
        bare_desk.watchlist.write_text(text[:start] + outcome.out + text[end:], encoding="utf-8")
    assert run("watchlists", "check", "pair.toml").code == 0
    assert "HIT pair" in run("explain", "https://example.org/1").out


def test_the_draft_as_a_diff(bare_desk: Desk) -> None:
    """--diff prints what `patch -p1` applies, and the file keeps its comments."""
    bare_desk.store_articles([MISSES["loose"]])
    outcome = run("explain", "https://example.org/1", "--missed", "--diff")
    subprocess.run(["patch", "-p1"], input=outcome.out, text=True, check=True, cwd=bare_desk.folder, capture_output=True)
    assert "# a common word" in bare_desk.watchlist.read_text(encoding="utf-8")
    assert run("watchlists", "check", "pair.toml").code == 0
    assert "HIT pair" in run("explain", "https://example.org/1").out
    again = run("explain", "https://example.org/1", "--missed")
    assert (again.out, "nothing was missed" in again.err) == ("", True)


def test_a_page_that_no_feed_showed_is_fetched(bare_desk: Desk) -> None:
    """--missed of an address that is not stored says so, fetches it through the fetch door and drafts the change; without it nothing is asked."""
    title, text = MISSES["name"]
    with PageSite({"/a": page(title, [text * 3, LONG * 3])}) as site:
        site.allow(bare_desk.folder)
        refused = run("explain", site.url("/a"))
        assert (refused.code, site.asked) == (3, [])
        outcome = run("explain", site.url("/a"), "--missed")
        assert outcome.code == 0, outcome.err
        assert "no feed showed it" in outcome.err
        assert "[side.south.entity.harbour-works]" in outcome.out
        assert site.asked == ["/robots.txt", "/a"]
        gone = run("explain", site.url("/none"), "--missed")
        assert (gone.code, "answers 404" in gone.err) == (3, True)


def test_a_miss_is_told_with_its_shortfall(bare_desk: Desk) -> None:
    """The lines name what is short, the marked text, and what would match."""
    bare_desk.store_articles([MISSES["word"]])
    told = run("explain", "https://example.org/1").out
    assert "short: side works: nothing names works" in told
    assert "[Northland|north]" in told
    assert "would match with: side works: add the word 'irrigation': review" in told


def generated(number: int) -> list[tuple[str, str, str, bool]]:
    """Articles put together by chance from names, words and sentences in three languages: hits of both bands and misses."""
    names = (ROOT / "tests" / "cli" / "words.txt").read_text(encoding="utf-8").split("\n\n")
    choices = [block.splitlines() for block in names if block.strip()]
    pick = random.Random(7)
    made = []
    for _ in range(number):
        lang = pick.choice(("en", "vi", "fr"))
        sentences = [
            " ".join(pick.choice(pick.choice(choices)) for _ in range(pick.randint(3, 9))) + "." for _ in range(pick.randint(2, 9))
        ]
        made.append((sentences[0].rstrip("."), "\n".join(sentences[1:]), lang, pick.random() < 0.3))
    return made


def test_explain_gives_every_stored_verdict_again(store: SqliteStore) -> None:
    """Over 1,000 stored articles: matching the stored text again gives the stored verdict bit for bit, and a miss stays a miss."""
    (watchlist,) = parse_watchlists((ROOT / "seeds" / "vietnam-us-tech.toml").read_text(encoding="utf-8"), "w.toml", load())
    stored_by = step.register(store, compile_matcher([watchlist]), NOW)
    # One transaction around all: a thousand commits to disk prove nothing here.
    with store.write():
        ids = [
            article(store, NOW, title, text, lang=lang, source="feed" if teaser else "page", key=f"k{number}")
            for number, (title, text, lang, teaser) in enumerate(generated(1000))
        ]
        while step.match_now(store, stored_by, lambda: NOW, 300).matched:
            pass
    again = compile_matcher([watchlist])
    bands = {"alert": 0, "review": 0, None: 0}
    for id_ in ids:
        kept = articles.get(store, id_)
        assert kept is not None
        verdict = again.verdict_of(watchlist.id, kept.title, kept.text, kept.lang, step.is_teaser(kept.text_source, kept.text))
        found = hits.of_article(store, id_)
        assert [hit.verdict for hit in found] == ([verdict] if verdict.band else [])
        assert all(hits.verdict_text(hit.verdict) == hits.verdict_text(verdict) for hit in found)
        bands[verdict.band] += 1
    assert all(count >= 50 for count in bands.values()), bands
