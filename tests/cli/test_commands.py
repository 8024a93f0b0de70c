"""The command line as a whole: every noun is there, documented, and speaks plainly when something is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from monitor.cli import COMMANDS, monitor
from tests.commands import run

ROOT = Path(__file__).resolve().parent.parent.parent
LIGHT = {"pydantic", "trafilatura", "feedparser", "httpx", "sqlite_utils", "apscheduler", "rich", "jinja2", "structlog", "lxml", "numpy"}

CONFIG = """\
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[feed.one]
url = "http://127.0.0.1:9/feed"
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [9]
[channel.desk]
type = "file"
folder = "outbox"
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk"]
at = ["07:00"]
timezone = "Asia/Ho_Chi_Minh"
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder made by `monitor init`, with one feed that nobody answers."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def walk(command: click.Command, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, command)]
    if isinstance(command, click.Group):
        with click.Context(command) as ctx:
            for name in command.list_commands(ctx):
                child = command.get_command(ctx, name)
                assert child is not None, f"{' '.join(path)} {name}"
                found += walk(child, (*path, name))
    return found


def test_every_command_can_be_imported_and_says_what_it_does() -> None:
    """Each noun and verb has a help text; each option too unless its name says it all."""
    for path, command in walk(monitor, ()):
        assert command.help, " ".join(path)


@pytest.mark.parametrize("noun", COMMANDS)
def test_every_noun_is_in_the_readme(noun: str) -> None:
    """The README names every noun of the command line."""
    assert f"monitor {noun}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_help_imports_nothing_heavy() -> None:
    """`monitor --help` stays quick because it imports click and nothing else of weight."""
    lines = (
        "import sys",
        "sys.argv = ['monitor', '--help']",
        "from monitor.cli import main",
        "try: main()",
        "except SystemExit: print(*sys.modules, file=sys.stderr)",
    )
    code = "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "watchlists" in done.stdout
    assert set(done.stderr.split()) & LIGHT == set()


def test_a_mistyped_noun_gets_the_nearest() -> None:
    """`monitor feed` is told of `feeds`, with exit code 2."""
    outcome = run("feed", "list")
    assert outcome.code == 2
    assert "feeds" in outcome.err


def test_init_never_overwrites(desk: Path) -> None:
    """A second init in the same folder writes nothing."""
    outcome = run("init")
    assert outcome.code == 2
    assert "nothing was written" in outcome.err
    assert (desk / "config.toml").read_text(encoding="utf-8") == CONFIG


def test_what_init_writes_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration and watchlist that init writes pass their own check."""
    monkeypatch.chdir(tmp_path)
    assert run("init", "desk").code == 0
    outcome = run("--config", "desk/config.toml", "config", "check")
    assert outcome.code == 0, outcome.err


def test_no_configuration_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configuration the command says what to run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)
    outcome = run("status")
    assert outcome.code == 2
    assert "monitor init" in outcome.err


def test_bad_files_are_told_whole_and_nothing_is_touched(desk: Path) -> None:
    """Faults in config.toml stop every command with exit code 2 before a database is made."""
    (desk / "config.toml").write_text(CONFIG.replace("[fetch]", "[fetsh]").replace("07:00", "7am"), encoding="utf-8")
    for command in (("once",), ("run",), ("status",), ("config", "check")):
        outcome = run(*command)
        assert outcome.code == 2, command
        assert re.search(r"config.toml:\d+: fetsh: unknown key", outcome.err)
        assert "subscription.morning.at" in outcome.err
    assert not (desk / "monitor.db").exists()


def test_a_watchlist_with_a_typo_is_told_with_its_line(desk: Path) -> None:
    """Faults of watchlist files are told like those of config.toml, before anything is touched."""
    path = desk / "seeds" / "vietnam-us-tech.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        re.sub(r"(?m)^match\s*=.*$", 'match = "vietnam and uss and tech"', text) + "\n[side.tech.topic.extra]\nwieght = 1.0\n",
        encoding="utf-8",
    )
    outcome = run("once")
    assert outcome.code == 2
    assert re.search(r"vietnam-us-tech.toml:\d+: .*wieght.*weight", outcome.err)
    assert "uss" in outcome.err
    assert not (desk / "monitor.db").exists()


def test_all_files_are_told_in_one_go(desk: Path) -> None:
    """Faults of config.toml, of a watchlist file, a missing file and a mistyped reference stand in one answer, whatever else is wrong."""
    text = CONFIG.replace('watchlists = ["vietnam-us-tech"]', 'watchlists = ["vietnam-us-tec"]').replace("Asia/Ho_Chi_Minh", "Asia/Hanoi")
    text = text.replace('"seeds/vietnam-us-tech.toml"]', '"seeds/vietnam-us-tech.toml", "seeds/none.toml"]').replace("07:00", "25:00")
    (desk / "config.toml").write_text(text.replace("[fetch]", "[fetch]\nin_fligth = 3"), encoding="utf-8")
    path = desk / "seeds" / "vietnam-us-tech.toml"
    path.write_text(re.sub(r"(?m)^alert\s*=.*$", 'alert = "much"', path.read_text(encoding="utf-8")), encoding="utf-8")
    outcome = run("config", "check")
    assert outcome.code == 2
    for expected in (
        r"config.toml:\d+: fetch.in_fligth: unknown key \(did you mean 'in_flight'\?\)",
        r"config.toml:\d+: subscription.morning.timezone: unknown time zone 'Asia/Hanoi' \(did you mean 'Asia/Ho_Chi_Minh'\?\)",
        r"config.toml:\d+: subscription.morning.at: '25:00'",
        r"config.toml:\d+: subscription.morning.watchlists: .*'vietnam-us-tec' \(did you mean 'vietnam-us-tech'\?\)",
        r"vietnam-us-tech.toml:\d+: watchlist.vietnam-us-tech.alert: should be a number",
        r"none.toml: the watchlist file cannot be read",
    ):
        assert re.search(expected, outcome.err), f"{expected}\n{outcome.err}"


def test_unreachable_feeds_are_told_plainly(desk: Path) -> None:
    """With no feed reachable `once` and `status` exit with 1 and say what fails and since when."""
    assert run("once").code == 1
    outcome = run("status")
    assert outcome.code == 1
    assert "PROBLEM" in outcome.out
    assert "one" in outcome.out
    assert re.search(r"since \d{4}-\d\d-\d\d", outcome.out)
    told = json.loads(run("status", "--json").out)
    assert told["ok"] is False
    assert told["feeds"][0]["fail_count"] == 1


def test_database_commands(desk: Path) -> None:
    """A fresh database is sound, migrates to the newest schema and can be backed up once under a name."""
    assert run("db", "migrate").code == 0
    assert run("db", "check").code == 0
    assert run("db", "migrate").code == 0
    assert run("db", "backup", "copy.db").code == 0
    again = run("db", "backup", "copy.db")
    assert (again.code, (desk / "copy.db").exists()) == (1, True)


@pytest.mark.parametrize("noun", ["feeds", "articles", "hits", "stories", "subscriptions", "digests", "deliveries"])
def test_lists_speak_json(desk: Path, noun: str) -> None:
    """Every list is one JSON document with --json and clean lines with --jsonl."""
    outcome = run(noun, "list", "--json")
    assert outcome.code == 0, outcome.err
    assert isinstance(json.loads(outcome.out), list)
    for line in run(noun, "list", "--jsonl").out.splitlines():
        json.loads(line)


def test_config_show_masks_secrets(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The effective configuration shows references, never values."""
    monkeypatch.setenv("HOOK", "whsec_Y2FuYXJ5")
    (desk / "config.toml").write_text(
        CONFIG + '[channel.hook]\ntype = "webhook"\nurl = "https://example.org"\nsecret = "env:HOOK"\n', encoding="utf-8"
    )
    for outcome in (run("config", "show"), run("config", "show", "--json")):
        assert "env:HOOK" in outcome.out
        assert "Y2FuYXJ5" not in outcome.out + outcome.err
