"""The three commands of the README by which a stranger changes a watchlist, run as they are written there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import load_watchlists
from monitor.config import load_config
from monitor.hits import step
from monitor.hits.compile import compile_matcher
from monitor.store.sqlite import open_sqlite
from tests.commands import run
from tests.store.test_hits import article

ROOT = Path(__file__).resolve().parents[2]
OLD = ("A chip plant for Hai Phong", "Everspin will build a semiconductor plant in Hai Phong, the ministry in Hanoi said.")
KNOWN = ("Intel builds on", "Intel of the United States will invest in a semiconductor plant in Ho Chi Minh City, Vietnam.")


def commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- change-a-watchlist -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1].strip().splitlines()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `monitor init` writes, and a week-old article that only the change would find, beside one that is a hit already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    monkeypatch.delenv("MONITOR_DB", raising=False)
    assert run("init").code == 0
    config = load_config(tmp_path / "config.toml")
    store = open_sqlite(config.database_path)
    seen = datetime.now(UTC) - timedelta(days=7)
    for title, text in (OLD, KNOWN):
        article(store, seen, title, text)
    matcher = step.register(store, compile_matcher(load_watchlists(config)), seen)
    asyncio.run(step.match(store=store, matcher=matcher, clock=lambda: seen, limit=10))
    store.close()
    return tmp_path


def test_the_readme_changes_tries_and_applies(folder: Path) -> None:
    """Each of the three commands ends well; try shows what comes and changes nothing, apply makes a quiet hit of it."""
    lines = commands()
    assert len(lines) == 3
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    shell = [
        subprocess.run(["sh", "-ec", line], cwd=folder, env=environment, capture_output=True, text=True, check=False) for line in lines
    ]
    assert [(done.returncode, done.stderr) for done in shell if done.returncode] == []
    change, tried, applied = shell
    assert (change.stdout, change.stderr) == ("", "")
    assert re.search(r"^\+ new\t-\t0\.0 > \d\.\d (alert|review)\t", tried.stdout, re.MULTILINE)
    assert OLD[0] in tried.stdout
    assert "everspin" in tried.stdout
    assert "+1 new -0 lost" in tried.stderr
    assert "0 hits are news, 1 older ones" in applied.stderr
    rows = {row["title"]: row for row in json.loads(run("hits", "list", "--since", "4w", "--json").out)}
    assert (rows[OLD[0]]["quiet"], rows[OLD[0]]["backfill"], rows[KNOWN[0]]["quiet"]) == (True, True, False)
