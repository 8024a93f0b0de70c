"""Every command works on both engines, and says the same of the same news."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.demo.run import run_demo
from tests import postgres
from tests.commands import Outcome, run

# What two runs may differ in: numbers of rows, identities, times of this day, and the places themselves.
VARYING = {
    "id",
    "uid",
    "hit",
    "article",
    "article_id",
    "story",
    "story_id",
    "digest",
    "version_id",
    "sha256",
    "etag",
    "file",
    "message_id",
    "mails",
}
COMMANDS = (
    ("feeds", "list"),
    ("feeds", "stats"),
    ("feeds", "show", "{feed}"),
    ("articles", "list", "--since", "500w"),
    ("hits", "list", "--since", "500w"),
    ("hits", "list", "--since", "500w", "--band", "alert"),
    ("hits", "search", "vietnam"),
    ("hits", "search", "to lam"),
    ("stories", "list", "--since", "500w"),
    ("digests", "list", "--since", "500w"),
    ("deliveries", "list", "--since", "500w"),
    ("subscriptions", "list"),
    ("watchlists", "list"),
    ("watchlists", "names"),
    ("db", "check"),
)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The demo's one day on each engine: the configurations by engine."""
    folder = tmp_path_factory.mktemp("desks")
    with postgres.database(empty=True) as address:
        made = {"sqlite": "monitor.db", "postgres": address}
        yield {
            engine: asyncio.run(run_demo(folder / engine, lambda name, counts: None, database=database)).config
            for engine, database in made.items()
        }


def ask(config: Path, *words: str) -> Outcome:
    return run("--config", str(config), *words)


def bare(value: Any) -> Any:
    """An answer without what may vary, lists of rows in an order of their own."""
    if isinstance(value, dict):
        return {key: bare(each) for key, each in value.items() if key not in VARYING and not key.endswith("_at")}
    if isinstance(value, list):
        return sorted((bare(each) for each in value), key=repr)
    return value


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_both_engines_give_one_answer(desks: dict[str, Path], words: tuple[str, ...]) -> None:
    """What a command says as JSON is the same, but for numbers and times."""
    first = json.loads(ask(desks["sqlite"], "feeds", "list", "--json").out)[0]["name"]
    told = {engine: ask(config, *(word.format(feed=first) for word in words), "--json") for engine, config in desks.items()}
    assert {engine: (each.code, each.err) for engine, each in told.items() if each.code} == {}
    answers = {engine: bare(json.loads(each.out.replace(_port(desks[engine]), "P"))) for engine, each in told.items()}
    assert answers["sqlite"] == answers["postgres"]
    assert answers["sqlite"]


def _port(config: Path) -> str:
    return config.read_text(encoding="utf-8").split("ports = [")[1].split("]")[0]


def test_what_a_person_does_works_on_a_server(desks: dict[str, Path]) -> None:
    """Marks, pauses, previews, explanations, exports, retries and splits write and read on PostgreSQL as on a file."""
    config = desks["postgres"]
    hit = json.loads(ask(config, "hits", "list", "--since", "500w", "--json").out)[0]
    feed = json.loads(ask(config, "feeds", "list", "--json").out)[0]["name"]
    delivery = json.loads(ask(config, "deliveries", "list", "--since", "500w", "--json").out)[0]["id"]
    digest = json.loads(ask(config, "digests", "list", "--since", "500w", "--json").out)[0]["id"]
    acts = (
        ("hits", "show", str(hit["id"])),
        ("hits", "mark", str(hit["id"]), "useful", "--because", "it's 100% so"),
        ("explain", str(hit["id"])),
        ("feeds", "pause", feed),
        ("feeds", "resume", feed),
        ("digests", "show", str(digest)),
        ("digests", "preview", "morning"),
        ("deliveries", "show", str(delivery)),
        ("hits", "export", "--since", "500w", "--format", "csv"),
        ("articles", "show", str(hit["article_id"])),
        ("stories", "show", str(hit["story_id"])),
        ("watchlists", "try", str(config.parent / "seeds" / "vietnam-us-tech.toml"), "--since", "500w"),
        ("db", "migrate"),
    )
    failed = {" ".join(words): (told.code, told.err) for words in acts if (told := ask(config, *words)).code not in (0, 3)}
    assert failed == {}
    labels = json.loads(ask(config, "hits", "show", str(hit["id"]), "--json").out)
    assert "it's 100% so" in json.dumps(labels)


def test_status_and_doctor_name_the_server(desks: dict[str, Path]) -> None:
    """`status` and `doctor` look at a server as at a file, and neither asks for its disk."""
    told = ask(desks["postgres"], "doctor")
    assert "reached, at the newest schema" in told.out
    assert "MiB are free" not in told.out
    assert ask(desks["postgres"], "status").code in (0, 1)


@pytest.mark.parametrize(
    ("words", "tool"), [(("db", "backup"), "pg_dump --format=custom"), (("db", "restore", "x.dump"), "pg_restore --clean")]
)
def test_what_only_a_file_can_names_the_server_s_tool(desks: dict[str, Path], words: tuple[str, ...], tool: str) -> None:
    """Backup and restore of a server are the server's: the exact command is told, exit code 2."""
    told = ask(desks["postgres"], *words)
    assert told.code == 2
    assert tool in told.err
    assert "host=" in told.err


def test_pg_dump_as_told_makes_a_backup(desks: dict[str, Path], tmp_path: Path) -> None:
    """The command that `db backup` tells, given to a shell, writes a dump."""
    import re
    import subprocess

    told = ask(desks["postgres"], "db", "backup", str(tmp_path / "monitor.dump"))
    command = re.search(r"pg_dump .*", " ".join(told.err.split()))
    assert command is not None
    path = {**os.environ, "PATH": f"{postgres.programs()}:{os.environ['PATH']}"}
    subprocess.run(command[0], shell=True, check=True, env=path)
    assert (tmp_path / "monitor.dump").stat().st_size > 10_000
