"""The steps as ticks: what a tick records, what it raises, and that one with nothing to do writes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import pipeline
from monitor.app import open_app
from monitor.config import Config, parse_config
from monitor.demo.run import EVENING
from monitor.demo.server import NewsSite
from monitor.errors import StoreDamaged, StoreError, StoreUnwritable
from monitor.feeds.polling import PollCounts
from monitor.health import troubles
from monitor.hours import to_text
from monitor.model import Site
from monitor.pipeline import STEPS, App, Counts, run_step
from monitor.store.sqlite import SqliteStore
from monitor.store.steps import StepRun, step_runs
from monitor.tally import Tally

START = datetime(2026, 11, 25, 6, tzinfo=UTC)
CONFIG = """\
watchlists = ["seeds/vietnam-us-tech.toml"]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
at = ["07:00"]
"""


@pytest.fixture
def config() -> Config:
    """A configuration without feeds."""
    return parse_config(CONFIG, Path(__file__).resolve().parent.parent / "config.toml", {})


def ticks(config: Config, store: SqliteStore, scene: Callable[[App], Any], clock: Callable[[], datetime] = lambda: START) -> Any:
    """Runs a scene with an open app."""

    async def opened() -> Any:
        async with open_app(config, store, clock=clock) as app:
            return await scene(app)

    return asyncio.run(opened())


def runs(store: SqliteStore) -> dict[str, StepRun]:
    return {step.name: step for step in step_runs(store)}


@pytest.mark.engines("sqlite")
def test_idle_ticks_write_nothing(config: Config, store: SqliteStore) -> None:
    """Once each step is on record, a tick that finds nothing due commits nothing: a disk can rest."""
    with closing(sqlite3.connect(store.path)) as other:

        async def scene(app: App) -> list[int]:
            for name in STEPS:
                await run_step(app, name)
            versions = []
            for _ in range(3):
                versions.append(other.execute("pragma data_version").fetchone()[0])
                for name in STEPS:
                    await run_step(app, name)
            return versions

        versions = ticks(config, store, scene)
    assert len(set(versions)) == 1
    assert set(runs(store)) == set(STEPS)


def test_idle_ticks_are_on_record_once_a_minute(config: Config, store: SqliteStore) -> None:
    """So that a step which stops running is still noticed."""
    now = [START]

    async def scene(app: App) -> list[datetime | None]:
        seen = []
        for _ in range(26):
            await run_step(app, "match")
            seen.append(runs(store)["match"].finished_at)
            now[0] += timedelta(seconds=5)
        return seen

    seen = ticks(config, store, scene, lambda: now[0])
    assert sorted(set(seen)) == [START, START + timedelta(seconds=60), START + timedelta(seconds=120)]


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def run(app: App) -> Counts:
        raise error

    monkeypatch.setattr(pipeline, "STEPS", {**STEPS, "match": replace(STEPS["match"], run=run)})


def test_case_20_a_step_that_always_fails_holds_no_other(config: Config, store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in one step is recorded at each tick and cleared by the next good one; the other steps run."""
    failing(monkeypatch, ZeroDivisionError("a bug"))
    assert ticks(config, store, lambda app: run_step(app, "match")) == {"failed": 1}
    ticks(config, store, lambda app: run_step(app, "group"))
    assert runs(store)["match"].error == "ZeroDivisionError: a bug"
    assert runs(store)["match"].ok_at is None
    assert runs(store)["group"].ok_at == START
    monkeypatch.undo()
    ticks(config, store, lambda app: run_step(app, "match"))
    assert runs(store)["match"].error is None


def test_case_17_a_visit_that_always_fails_does_not_spin(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site whose visit ends in a bug is left alone for minutes, not claimed again at once and for ever; the other sites are visited."""
    visits: list[str] = []

    async def poll(site: Site, **_: Any) -> PollCounts:
        visits.append(site.host)
        if site.host == "bad.example":
            raise OSError(24, "Too many open files")
        with store.write():
            store.run("update feeds set next_poll_at = :later where site_id = :site", later=START + timedelta(hours=1), site=site.id)
        return PollCounts(polled=1)

    monkeypatch.setattr("monitor.pipeline.feeds.poll", poll)
    text = CONFIG + '[feed.bad]\nurl = "http://bad.example/"\n[feed.good]\nurl = "http://good.example/"\n'
    found = parse_config(text, Path(__file__).resolve().parent.parent / "config.toml", {})
    counts = ticks(found, store, lambda app: run_step(replace(app, visits=1), "visit"))
    assert (sorted(visits), counts["failed"], counts["polled"]) == (["bad.example", "good.example"], 1, 1)
    site = store.one("select due_at, owner from sites where host = 'bad.example'")
    assert site == {"due_at": to_text(START + pipeline.AFTER_A_BUG), "owner": None}


@pytest.mark.parametrize("together", [False, True])
def test_ticks_that_overlap_hold_no_more_sites_than_one(store: SqliteStore, monkeypatch: pytest.MonkeyPatch, together: bool) -> None:
    """While all visitors are with slow sites, another tick claims none, later or at the same time: a site must get its turn before its lease ends.

    In the end all are visited.
    """
    held: list[int] = []
    under_way: set[str] = set()

    async def scene(app: App) -> Counts:
        full, answered = asyncio.Event(), asyncio.Event()

        async def poll(site: Site, **_: Any) -> PollCounts:
            under_way.add(site.host)
            held.append(len(under_way))
            if len(under_way) >= 3:
                full.set()
            await answered.wait()
            with store.write():
                store.run("update feeds set next_poll_at = :later where site_id = :site", later=START + timedelta(hours=1), site=site.id)
            under_way.discard(site.host)
            return PollCounts(polled=1)

        monkeypatch.setattr("monitor.pipeline.feeds.poll", poll)
        few = replace(app, visits=3)
        first = asyncio.create_task(run_step(few, "visit"))
        if not together:
            await full.wait()
        second = asyncio.create_task(run_step(few, "visit"))
        await full.wait()
        await asyncio.wait({second}, timeout=1)
        answered.set()
        counts = await first
        return {**counts, **{name: counts[name] + more for name, more in (await second).items()}}

    text = CONFIG + "".join(f'[feed.f{n}]\nurl = "http://site{n}.example/"\n' for n in range(8))
    counts = ticks(parse_config(text, Path(__file__).resolve().parent.parent / "config.toml", {}), store, scene)
    assert (counts["sites"], counts["polled"]) == (8, 8)
    assert max(held) == 3


@pytest.mark.parametrize("error", [StoreUnwritable("full", full=True), StoreDamaged("bytes")])
def test_what_no_tick_can_mend_is_raised(config: Config, store: SqliteStore, monkeypatch: pytest.MonkeyPatch, error: StoreError) -> None:
    """A disk that refuses and a damaged file go to the daemon, which knows what to do."""
    failing(monkeypatch, error)
    with pytest.raises(type(error)):
        ticks(config, store, lambda app: run_step(app, "match"))


def test_polls_pages_and_matching_are_counted(store: SqliteStore) -> None:
    """What the steps do is in the tally: polls by result, how long feeds and pages took, articles matched; a later App counts on."""
    tally = Tally()

    async def day() -> None:
        async with NewsSite(until=EVENING) as site:
            feeds = "".join(f'[feed.{name}]\nurl = "{url}"\nlang = "{lang}"\n' for name, url, lang in site.feeds)
            reach = f'[fetch]\nper_host_pause_s = 0\nallow_private = ["127.0.0.0/8"]\nports = [{site.port}]\n'
            config = parse_config(CONFIG + reach + feeds, Path(__file__).resolve().parent.parent / "config.toml", {})
            async with open_app(config, store, clock=lambda: EVENING, tally=tally) as app:
                await run_step(app, "visit")
                await run_step(app, "match")

    asyncio.run(day())
    assert tally.count("polls", "failed") > 0
    assert tally.count("polls", "read") > 3
    assert tally.durations("poll").times >= tally.count("polls", "failed") + tally.count("polls", "read") - 1
    matched = store.one("select count(*) as n from articles where matched_rev > 0")
    assert matched is not None
    assert tally.durations("match").times == matched["n"] > 10
    assert tally.durations("page").times >= matched["n"] // 2


def test_an_output_folder_that_cannot_be_written_fails_no_step(config: Config, store: SqliteStore, tmp_path: Path) -> None:
    """The step ends well, so that the dead-man's ping goes on; what is wrong stands where status and alarms look."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    output = config.output.model_copy(update={"folder": tmp_path / "file" / "feeds"})
    counts = ticks(replace(config, output=output), store, lambda app: run_step(app, "publish"))
    assert counts == {"files": 0, "removed": 0, "skipped": 1}
    assert runs(store)["publish"].error is None
    assert [trouble.kind for trouble in troubles(store, START) if trouble.problem] == ["output", "feeds.none"]
