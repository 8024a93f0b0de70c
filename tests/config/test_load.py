"""Reading config.toml: every problem at once, each with its place; secrets never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import Config, EmailChannel, FileChannel, Secret, find_config, load_config, parse_config
from monitor.config.present import effective
from monitor.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent

GOOD = """\
database = "monitor.db"
watchlists = ["w.toml"]
[feed.one]
url = "https://example.org/feed"
[channel.desk]
type = "file"
folder = "out"
[subscription.morning]
watchlists = ["w"]
channels = ["desk"]
at = ["07:00"]
timezone = "Asia/Ho_Chi_Minh"
"""


def problems(text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse_config(text, Path("/etc/monitor/config.toml"), environment or {})
    assert raised.value.exit_code == 2
    return [str(problem) for problem in raised.value.problems]


def parsed(text: str, environment: dict[str, str] | None = None) -> Config:
    return parse_config(text, Path("/etc/monitor/config.toml"), environment or {})


def test_a_good_file() -> None:
    """Names come from the tables, paths are relative to the file, the rest has defaults."""
    config = parsed(GOOD)
    assert config.database_path == Path("/etc/monitor/monitor.db")
    assert config.watchlists == (Path("/etc/monitor/w.toml"),)
    assert [feed.name for feed in config.feed] == ["one"]
    assert config.channel == (FileChannel(name="desk", type="file", folder=Path("/etc/monitor/out")),)
    assert config.subscription[0].title == "morning"
    assert config.feeds.interval_min == 60


def test_all_problems_at_once() -> None:
    """Ten faults are told together, each with file, line, dotted path and the nearest right word."""
    text = """\
database = "monitor.db"
watchlists = ["w.toml"]
[fetchh]
contact = "x"
[feed.one]
urll = "https://example.org/feed"
[feed.two]
url = "example.org"
interval_min = "often"
[channel.mail]
type = "emial"
[channel.hook]
type = "webhook"
url = "https://example.org"
secret = "whsec_literal"
[subscription.morning]
watchlists = ["w"]
channels = ["dsek"]
at = ["7 o'clock"]
timezone = "Asia/Ho_Chi_Min"
[subscription.evening]
watchlists = ["w"]
channels = ["hook"]
at = ["25:00"]
days = "mon-fryday"
quiet = "22:00"
"""
    told = "\n".join(problems(text))
    for expected in (
        r"config.toml:3: fetchh: unknown key \(did you mean 'fetch'\?\)",
        r"config.toml:5: feed.one.url: missing key|feed.one.url: missing key",
        r"config.toml:6: feed.one.urll: unknown key \(did you mean 'url'\?\)",
        r"config.toml:8: feed.two.url: should be an address",
        r"config.toml:9: feed.two.interval_min: .*integer",
        r"config.toml:11: channel.mail.type: unknown channel type 'emial' \(did you mean 'email'\?\)",
        r"config.toml:15: channel.hook.secret: a secret is given by reference",
        r"config.toml:20: subscription.morning.timezone: unknown time zone .*did you mean 'Asia/Ho_Chi_Minh'",
        r"config.toml:24: subscription.evening.at: ",
        r"config.toml:25: subscription.evening.days: ",
        r"config.toml:26: subscription.evening.quiet: ",
    ):
        assert re.search(expected, told), f"{expected}\n{told}"
    assert "whsec_literal" not in told


def test_an_unknown_channel_is_named() -> None:
    """A subscription that names a channel nobody defined is told the nearest one."""
    assert problems(GOOD.replace('channels = ["desk"]', 'channels = ["dsek"]')) == [
        "/etc/monitor/config.toml:10: subscription.morning.channels: there is no [channel.dsek] (did you mean 'desk'?)"
    ]


def test_broken_toml_names_its_line() -> None:
    """A syntax error, a repeated table among them, names its line."""
    assert problems(GOOD + '[feed.one]\nurl = "https://example.org/again"\n')[0].startswith("/etc/monitor/config.toml:13: not valid TOML")
    assert problems("a = = 1")[0].startswith("/etc/monitor/config.toml:1: not valid TOML")


@pytest.mark.parametrize("size", range(0, len(GOOD), 7))
def test_a_half_written_file_is_an_error_never_a_crash(size: int) -> None:
    """Every prefix of a file either loads or is refused with problems."""
    try:
        parsed(GOOD[:size])
    except ConfigError as error:
        assert error.problems


def test_variables_override_keys() -> None:
    """MONITOR_SECTION__KEY sets a key; a wrong value names the variable."""
    config = parsed(GOOD, {"MONITOR_FETCH__IN_FLIGHT": "7", "MONITOR_FEED__ONE__URL": "https://example.net/other"})
    assert config.fetch.in_flight == 7
    assert config.feed[0].url == "https://example.net/other"
    assert "environment variable MONITOR_FETCH__IN_FLIGHT" in problems(GOOD, {"MONITOR_FETCH__IN_FLIGHT": "many"})[0]


MAIL = GOOD + '[channel.mail]\ntype = "email"\nhost = "h"\nsender = "a@example.org"\nto = ["b@example.org"]\npassword = "{}"\n'


def test_a_secret_is_found_and_never_shown(tmp_path: Path) -> None:
    """Secrets come from variables or private files; no text form of the configuration holds their value."""
    config = parsed(MAIL.format("env:SMTP"), {"SMTP": "canary-1"})
    channel = config.channel[1]
    assert isinstance(channel, EmailChannel)
    assert isinstance(channel.password, Secret)
    assert channel.password.reveal() == "canary-1"
    assert "canary-1" not in f"{config!r} {effective(config)} {channel.model_dump()}"
    assert effective(config)["channel"]["mail"]["password"] == "env:SMTP"
    secret = tmp_path / "s"
    secret.write_text("canary-2\n")
    secret.chmod(0o600)
    assert parsed(MAIL.format(f"file:{secret}")).channel[1].password == Secret("canary-2")  # type: ignore[union-attr]


def test_a_missing_or_open_secret_is_refused(tmp_path: Path) -> None:
    """A secret that is not there, or that others can read, stops the start and says what to do (RELIABILITY case 148)."""
    assert "environment variable SMTP is not set" in problems(MAIL.format("env:SMTP"))[0]
    secret = tmp_path / "s"
    secret.write_text("canary-3")
    secret.chmod(0o644)
    told = problems(MAIL.format(f"file:{secret}"))[0]
    assert "chmod 600" in told
    assert "canary-3" not in told


def test_the_lookup_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then MONITOR_CONFIG, then ./config.toml, then the XDG folder; else the places looked at are named."""
    monkeypatch.chdir(tmp_path)
    xdg = tmp_path / "xdg" / "monitor" / "config.toml"
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    with pytest.raises(ConfigError, match="monitor init"):
        find_config(None, environment)
    xdg.parent.mkdir(parents=True)
    xdg.write_text(GOOD)
    assert find_config(None, environment) == xdg
    (tmp_path / "config.toml").write_text(GOOD)
    assert find_config(None, environment) == Path("config.toml")
    assert find_config(None, {**environment, "MONITOR_CONFIG": "b.toml"}) == Path("b.toml")
    assert find_config("a.toml", {**environment, "MONITOR_CONFIG": "b.toml"}) == Path("a.toml")


SECRETS = {
    "SMTP_PASSWORD": "x",
    "HOOK_SECRET": "whsec_eA==",
    "HOOK_OLD": "whsec_eQ==",
    "CHAT_URL": "https://hooks.example.org/s",
    "TELEGRAM_TOKEN": "1:a",
    "APPRISE_URL": "ntfy://topic",
    "WEB_TOKEN": "a-token-of-thirty-two-characters",
}


def test_a_chat_is_named_by_number_or_name() -> None:
    """A Telegram chat may be written as a number without quotes; a word that is neither a number nor a name is refused."""
    text = GOOD + '[channel.phone]\ntype = "telegram"\ntoken = "env:T"\nchat = {}\n'
    assert parsed(text.format("-100123"), {"T": "1:a"}).channel[1].chat == "-100123"  # type: ignore[union-attr]
    assert "its @name" in "".join(problems(text.format('"the desk"'), {"T": "1:a"}))


def test_the_shipped_file_is_right() -> None:
    """config.toml loads as it stands, and so it does with every suggestion switched on."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    assert len(parse_config(text, ROOT / "config.toml", {}).feed) >= 20
    switched_on = re.sub(r"(?m)^# (?=(\[|[a-z_]+ = ))", "", text)
    config = parse_config(switched_on, ROOT / "config.toml", SECRETS)
    assert len(config.feed) >= 40
    assert {channel.type for channel in config.channel} == {"file", "email", "webhook", "slack", "telegram", "apprise"}


def test_the_shipped_file_shows_every_key() -> None:
    """Each key of each table stands in config.toml, with its default where it is commented out."""
    from monitor.config import settings

    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    tables = [value for value in vars(settings).values() if isinstance(value, type) and issubclass(value, settings.Table)]
    missing = [
        f"{table.__name__}.{key}" for table in tables for key in table.model_fields if key != "name" and not re.search(rf"\b{key}\b", text)
    ]
    assert missing == []


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    """A file that is not there, or not text, is told plainly."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "c.toml")
