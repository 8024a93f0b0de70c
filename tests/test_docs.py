"""What the pages say is so: commands parse, keys exist, links lead somewhere, outputs are those printed."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest

from monitor.cli import COMMANDS
from monitor.config import Config
from monitor.config.channels import CHANNELS
from monitor.config.settings import FeedSettings, RootSettings, SubscriptionSettings
from monitor.config.values import Table
from monitor.store.schema import MIGRATIONS
from tests.command_lines import parsed
from tests.commands import run
from tests.pages import HERE, MANUAL, PAGES, ROOT, Block, blocks, commands, spoken

SECTIONS: dict[str, type[Table]] = {
    name: each for name, each in get_type_hints(Config).items() if isinstance(each, type) and issubclass(each, Table)
}
NO_KEYS = {"digest.html", "digest.txt", "digest.ready", "alarm.raised", "alarm.cleared"}
"""Files and events."""
COLUMNS = {
    f"{table}.{column}"
    for migration in MIGRATIONS
    for table, body in re.findall(r"(?s)create table (\w+)\((.*?)\) \{strict\}", migration.sql)
    for column in re.findall(r"(\w+) (?:\{|text)", body)
}
"""Columns of the database, of which the pages speak too."""

CALLS = sorted({call.strip() for block in blocks("sh", "console") for call in commands(block)})
SPOKEN = sorted({code for page in PAGES for code in spoken(page) if code.startswith("monitor ") and code.split()[1] in COMMANDS})
_PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b")


@pytest.mark.parametrize("call", CALLS)
def test_commands_in_blocks_parse(call: str) -> None:
    """Every call of the program in a fenced block is one that it understands."""
    parsed(call)


@pytest.mark.parametrize("call", SPOKEN)
def test_commands_in_the_text_parse(call: str) -> None:
    """Every call in the running text names a noun, a verb and options that exist; NAME and the like stand for a value."""
    if call.split() == ["monitor", call.split()[1]] or call == "monitor COMMAND --help":
        assert call.split()[1] in COMMANDS
        return
    try:
        parsed(_PLACEHOLDER.sub("1", call).replace("...", ""))
    except click.MissingParameter:
        assert len(call.split()) <= 3, f"{call}: an option is shown without what it needs"


def test_every_command_is_shown() -> None:
    """Each verb of the command line is called somewhere in the pages."""
    from monitor.cli import monitor
    from tests.cli.test_commands import walk

    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    verbs = [" ".join(path) for path, command in walk(monitor, ()) if path and not isinstance(command, click.Group)]
    assert [verb for verb in verbs if f"monitor {verb}" not in text] == []


def keys(table: dict[str, Any]) -> Iterator[tuple[str, type[Table] | None, str]]:
    """The keys of a piece of config.toml: where it stands, which model knows it, its name."""
    for section, value in table.items():
        if not isinstance(value, dict):
            yield "", RootSettings, section
            continue
        named = {"feed": FeedSettings, "subscription": SubscriptionSettings}.get(section)
        for name, inner in value.items():
            if section == "channel":
                yield from ((f"channel.{name}", CHANNELS[inner["type"]], key) for key in inner)
            elif named:
                yield from ((f"{section}.{name}", named, key) for key in inner)
            else:
                yield section, SECTIONS.get(section), name


CONFIGS = [block for block in blocks("toml") if "[side." not in block.text]
WATCHLISTS = [block for block in blocks("toml") if "[side." in block.text]


@pytest.mark.parametrize("block", CONFIGS, ids=lambda block: block.page.name)
def test_keys_in_blocks_exist(block: Block) -> None:
    """Every key of a piece of config.toml in the pages is one that the configuration knows."""
    for where, model, key in keys(tomllib.loads(block.text)):
        assert model is not None, f"{block.page.name}: [{where}]"
        assert key in model.model_fields, f"{block.page.name}: {where}.{key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_keys_in_the_text_exist(page: Path) -> None:
    """Every `section.key` in the running text is a key of config.toml."""
    for code in spoken(page):
        section, dot, key = code.partition(".")
        if dot and code not in NO_KEYS | COLUMNS and section in SECTIONS and re.fullmatch(r"[a-z_]+", key):
            assert key in SECTIONS[section].model_fields, f"{page.name}: {code}"


@pytest.mark.parametrize("block", WATCHLISTS, ids=lambda block: block.page.name)
def test_watchlists_in_blocks_are_right(block: Block, tmp_path: Path) -> None:
    """A watchlist shown in the pages passes the program's own check."""
    path = tmp_path / "shown.toml"
    path.write_text(block.text, encoding="utf-8")
    outcome = run("watchlists", "check", str(path))
    assert outcome.code == 0, outcome.err + outcome.out


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "monitor" / "README.md", ROOT / "tests" / "README.md"], ids=lambda page: str(page)[-20:])
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the tree, and an anchor of it where it has one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{page.name}: {target}"


def test_the_manual_is_whole() -> None:
    """The README links each page, each page has a title, and `monitor help` prints them; an unknown page is told."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = run("help").out
    for page in MANUAL:
        assert f"(monitor/docs/{page.name})" in readme
        text = page.read_text(encoding="utf-8")
        assert text.startswith("# ")
        assert page.stem in listed
        assert run("help", page.stem).out == text
    assert run("help", "nothing").code == 3


def test_the_first_digest_is_near() -> None:
    """The README has its one sentence first, then what it does and does not, and the first digest within two screens of fifty lines."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    heads = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert heads[:4] == ["What it does", "What it does not do", "Try it", "With real feeds"]
    assert next(number for number, line in enumerate(lines) if "monitor demo" in line) < 100


def test_what_the_terminal_shows_is_what_is_printed(demo_desk: Path) -> None:
    """Each console block, run against the data of the demo, prints the lines shown; `...` stands for lines left out."""
    shown = blocks("console")
    assert shown
    environment = {**os.environ, **HERE, "MONITOR_CONFIG": str(demo_desk / "config.toml")}
    for block in shown:
        for call, expected in re.findall(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block.text):
            done = subprocess.run(["sh", "-ec", call], cwd=demo_desk, env=environment, capture_output=True, text=True, check=True)
            printed, place = (done.stdout + done.stderr).splitlines(), 0
            for line in expected.splitlines():
                if line != "...":
                    assert line in printed[place:], f"{block.page.name}: {call}\nmissing: {line}\nprinted:\n{done.stdout}"
                    place = printed.index(line, place) + 1


@pytest.fixture(scope="module")
def demo_desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves."""
    folder = tmp_path_factory.mktemp("demo") / "desk"
    assert run("demo", "--folder", str(folder)).code == 0
    return folder
