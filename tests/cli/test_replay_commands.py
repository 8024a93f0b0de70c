"""`monitor watchlists try` and `apply`: what a change would do to history, and what it does."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
from datetime import UTC, datetime, timedelta

import pytest

from monitor.app import load_watchlists
from monitor.config import load_config
from monitor.digests.step import plan
from monitor.store import subscriptions
from monitor.store.steps import daemon_started, daemon_stopped
from monitor.stories import step as stories
from tests.cli.desk import LONG, Desk
from tests.commands import run
from tests.store.test_hits import article

HIT = ("Northland and Southland sign a dam deal", "Norco of Northland will build turbines for Southland. " + LONG)
OTHER = ("Harbour Works wants to build in Northland", "The turbines of Harbour Works go to a Northland coast town. " + LONG)
RAIN = ("Rain", "It rained. " + LONG)
HARBOUR = '[side.south.entity.harbour]\nnames = ["Harbour Works"]\ntype = "company"\n'
CARD = "[side.south.entity.card]"


@pytest.fixture
def desk(bare_desk: Desk) -> Desk:
    """One hit, one miss that a new name would find, one that nothing finds."""
    bare_desk.store_articles([HIT, OTHER, RAIN])
    bare_desk.match()
    return bare_desk


def tried(*options: str) -> dict[str, object]:
    outcome = run("watchlists", "try", "pair.toml", "--json", *options)
    assert outcome.code in (0, 1), outcome.err
    (found,) = json.loads(outcome.out)["watchlists"]
    return dict(found)


def titles(found: object) -> list[str]:
    assert isinstance(found, list)
    return [one["title"] for one in found]


def test_an_unchanged_file_changes_nothing(desk: Desk) -> None:
    """The version in force against itself: no difference."""
    found = tried()
    assert all(found[kind] == [] for kind in ("new", "lost", "raised", "lowered"))
    assert found["before"] == found["after"] == {"alert": 1, "review": 0}
    assert (found["against"], found["texts"]) == ("the version in force", 3)


def test_try_shows_what_comes_and_what_goes(desk: Desk) -> None:
    """A new name brings a hit, a taken name loses one; the names that cause them are told; nothing is written."""
    desk.edit(CARD, HARBOUR + CARD)
    found = tried()
    assert (titles(found["new"]), titles(found["lost"])) == ([OTHER[0]], [])
    names = found["names"]
    assert isinstance(names, list)
    assert [(one["hits"], one["alone"], one["new"]) for one in names if one["id"] == "harbour"] == [(1, 1, 1)]
    desk.edit('names = ["Southland"]', 'names = ["Southlands"]')
    found = tried()
    assert (titles(found["new"]), titles(found["lost"])) == ([OTHER[0]], [HIT[0]])
    told = run("watchlists", "try", "pair.toml")
    assert told.code == 0
    assert "+1 new -1 lost" in told.err
    assert "nothing names south" in told.out
    assert len(json.loads(run("hits", "list", "--since", "9w", "--json").out)) == 1


def test_bands_that_change_are_told(desk: Desk) -> None:
    """A weight that no longer reaches the alert band lowers the hit."""
    desk.edit("weight = 3.0", "weight = 1.0")
    assert titles(tried()["lowered"]) == [HIT[0]]


def test_a_lost_useful_hit_fails_the_try(desk: Desk) -> None:
    """--fail-if-lost useful exits with 1 for a hit that somebody marked useful, also one older than the span; a useless one may go."""
    run("hits", "mark", "1", "useful")
    desk.edit('names = ["Southland"]', 'names = ["Southlands"]')
    assert run("watchlists", "try", "pair.toml").code == 0
    outcome = run("watchlists", "try", "pair.toml", "--fail-if-lost", "useful")
    assert outcome.code == 1
    assert "1 hit marked useful would be lost" in outcome.err
    desk.store_articles([RAIN], datetime.now(UTC))
    late = tried("--since", "12h", "--fail-if-lost", "useful")
    assert (late["texts"], titles(late["lost"]), titles(late["lost_useful"])) == (1, [], [HIT[0]])
    run("hits", "mark", "1", "useless")
    assert run("watchlists", "try", "pair.toml", "--fail-if-lost", "useful").code == 0


def test_try_says_how_far_text_reaches(desk: Desk) -> None:
    """Articles whose text is gone are counted; no text at all is nothing selected."""
    store = desk.open()
    with store.write():
        store.run("delete from texts where article_id = 3")
    store.close()
    found = tried()
    assert (found["texts"], found["texts_dropped"]) == (2, 1)
    nothing = run("watchlists", "try", "pair.toml", "--since", "1h")
    assert nothing.code == 3
    assert "the oldest kept is of" in nothing.err


def test_a_watchlist_never_in_force_is_tried_against_nothing(desk: Desk) -> None:
    """All hits of a new watchlist are new."""
    text = desk.watchlist.read_text(encoding="utf-8").replace("watchlist.pair", "watchlist.other")
    (desk.folder / "other.toml").write_text(text, encoding="utf-8")
    outcome = run("watchlists", "try", "other.toml", "--json")
    (found,) = json.loads(outcome.out)["watchlists"]
    assert (found["against"], titles(found["new"])) == ("nothing", [HIT[0]])


@pytest.mark.parametrize("backfill", ["quiet", "digest"])
def test_what_a_new_rule_finds_is_never_news(desk: Desk, backfill: str) -> None:
    """apply matches history again: the old article is a quiet hit, in no digest as news; with --backfill digest in a section of its own."""
    desk.edit(CARD, HARBOUR + CARD)
    outcome = run("watchlists", "apply", "pair.toml", "--backfill", backfill, "--json")
    assert outcome.code == 0, outcome.err
    applied = json.loads(outcome.out)
    assert (applied["changed"], applied["matched"], applied["hits"], applied["quiet"], applied["daemon"]) == (["pair"], 3, 0, 1, None)
    assert all(tried()[kind] == [] for kind in ("new", "lost"))
    shown, text = told_by_digest(desk)
    assert shown == {HIT[0]: "new", OTHER[0]: "found" if backfill == "digest" else "quiet"}
    news, _, found = text.partition("FOUND BY YOUR NEW RULE")
    assert HIT[0] in news
    assert OTHER[0] not in news
    assert (OTHER[0] in found) == (backfill == "digest")


def told_by_digest(desk: Desk) -> tuple[dict[str, str], str]:
    """How the next digest shows each hit, and its text."""
    config = load_config(desk.folder / "config.toml")
    watchlists = load_watchlists(config)
    store = desk.open()
    subscriptions.sync(store, config.subscription, desk.now - timedelta(days=1))
    asyncio.run(stories.group(store=store, clock=lambda: datetime.now(UTC), limit=100, watchlists=watchlists))
    made = plan(
        store=store,
        clock=lambda: datetime.now(UTC),
        new_id=iter("abcdefgh").__next__,
        subscriptions=config.subscription,
        channels=config.channel,
        force="morning",
    )
    asyncio.run(made)
    rows = store.all(
        "select a.title, d.shown_as from digest_hits d join hits h on h.id = d.hit_id join articles a on a.id = h.article_id order by h.id"
    )
    bodies = store.all("select body from messages")
    store.close()
    return {row["title"]: row["shown_as"] for row in rows}, json.loads(bodies[0]["body"])["text"]


def test_apply_by_name_and_again(desk: Desk) -> None:
    """A name does as well as a file; what is in force already is told as such."""
    outcome = run("watchlists", "apply", "pair")
    assert outcome.code == 0
    assert "in force already" in outcome.err
    assert "matched 0 articles" in outcome.err


def test_apply_takes_configured_files_only(desk: Desk) -> None:
    """A file that config.toml does not name is refused with what to do; so is an unknown name; nothing is touched."""
    (desk.folder / "draft.toml").write_text(desk.watchlist.read_text(encoding="utf-8"), encoding="utf-8")
    outcome = run("watchlists", "apply", "draft.toml")
    assert outcome.code == 2
    assert "name it under `watchlists`" in outcome.err
    assert run("watchlists", "apply", "nobody").code == 2
    desk.edit("match =", "macht =")
    broken = run("watchlists", "apply", "pair.toml")
    assert broken.code == 2
    assert "macht" in broken.err


def test_the_store_and_matching_again_agree(desk: Desk) -> None:
    """What the store says of texts the version in force has seen is what matching them again says: also for hits told, hushed or not yet seen."""
    desk.store_articles([(f"Norco and Southland build dam {n}", f"Norco builds turbine {n} for Southland. " + LONG) for n in range(6)])
    desk.match()
    told_by_digest(desk)
    desk.edit('names = ["Norco"]', 'names = ["Norcos"]')
    desk.match()
    desk.store_articles([HIT], datetime.now(UTC))
    desk.edit('names = ["Norcos"]', 'names = ["Norco"]')
    quick = tried()
    store = desk.open()
    with store.write():
        store.run("update articles set matched_rev = 0")
    store.close()
    assert tried() == quick
    assert len(titles(quick["new"])) == 6


def test_a_change_that_came_into_force_before_is_shown_all_the_same(desk: Desk) -> None:
    """Where a cycle took the change up before apply did, --backfill digest still shows what it found; baseline articles stay quiet."""
    desk.edit(CARD, HARBOUR + CARD)
    store = desk.open()
    article(store, desk.now, "Old " + OTHER[0], OTHER[1], quiet=True, key="baseline")
    store.close()
    desk.match()
    applied = json.loads(run("watchlists", "apply", "pair.toml", "--backfill", "digest", "--json").out)
    assert (applied["changed"], applied["waiting"]) == ([], 1)
    shown, _ = told_by_digest(desk)
    assert shown == {HIT[0]: "new", OTHER[0]: "found", "Old " + OTHER[0]: "quiet"}


def test_a_running_daemon_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """apply sends SIGHUP to the daemon that holds the database on this machine, and to nobody else."""
    told: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: told.append(number))
    try:
        lock = desk.folder / "monitor.db.lock"
        lock.write_text("1", encoding="ascii")
        store = desk.open()
        daemon_started(store, "d", os.getpid(), platform.node(), "1", datetime.now(UTC))
        store.close()
        assert json.loads(run("watchlists", "apply", "pair", "--json").out)["daemon"] is None
        lock.write_text(str(os.getpid()), encoding="ascii")
        assert json.loads(run("watchlists", "apply", "pair", "--json").out)["daemon"] == os.getpid()
        store = desk.open()
        daemon_stopped(store, "d", datetime.now(UTC))
        store.close()
        assert json.loads(run("watchlists", "apply", "pair", "--json").out)["daemon"] is None
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told == [signal.SIGHUP]
