"""Where the database is: files, addresses, references; and that no password is ever shown."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.load import parse_config
from monitor.config.present import effective, secrets_in
from monitor.errors import ConfigError, UsageError
from monitor.place import Place, address_shown, for_shell, passwords_in, place_of
from monitor.store.opening import open_store
from tests.commands import run

ETC = Path("/etc/monitor")
ADDRESS = "postgresql://me:s3cret%21@db.example.org:5433/monitor?sslmode=verify-full&sslpassword=other1"


def test_a_file_is_relative_to_its_folder() -> None:
    """A plain text is a file, beside what names it."""
    assert place_of("monitor.db", ETC) == Place(shown="monitor.db", path=ETC / "monitor.db")
    assert place_of("/srv/m.db", ETC).path == Path("/srv/m.db")


@pytest.mark.parametrize("text", ["postgresql://me@host/monitor", "postgres:///monitor?host=/run/postgresql", "postgresql://[::1]:5433/x"])
def test_an_address_without_a_secret_is_shown_as_it_is(text: str) -> None:
    """An address is told from a file by its scheme."""
    assert place_of(text, ETC) == Place(shown=text, address=text)


def test_a_password_is_never_shown() -> None:
    """Neither the password nor one among the parameters is in what is shown, and both are known to the log's filter."""
    place = place_of(ADDRESS, ETC)
    assert str(place) == "postgresql://me:***@db.example.org:5433/monitor?sslmode=verify-full&sslpassword=***"
    assert "s3cret" not in repr(place)
    assert passwords_in(ADDRESS) == ("s3cret%21", "s3cret!", "other1")


@given(st.text(min_size=4).filter(lambda text: text not in "postgresql://me:***@host/monitor"))
def test_no_password_gets_through(password: str) -> None:
    """Whatever the password is made of, what is shown does not hold it."""
    try:
        written = quote(password, safe="")
    except UnicodeEncodeError:
        return
    shown = address_shown(f"postgresql://me:{written}@host/monitor")
    assert shown == "postgresql://me:***@host/monitor"
    assert password in passwords_in(f"postgresql://me:{written}@host/monitor")


@pytest.mark.parametrize("text", ["", "mysql://host/x", "https://host/x", "postgresql://[host/x"])
def test_what_is_neither_is_refused(text: str) -> None:
    """Another scheme, or half an address, is told so and not taken for a file."""
    with pytest.raises(ValueError, match="address"):
        place_of(text, ETC)


def test_references_lead_to_either(tmp_path: Path) -> None:
    """env: and file: may hold an address or a path; of an address the reference is shown."""
    secret = tmp_path / "db.secret"
    secret.write_text(f"{ADDRESS}\n")
    secret.chmod(0o600)
    found = place_of("file:db.secret", tmp_path)
    assert (str(found), found.address) == ("file:db.secret", ADDRESS)
    assert place_of("env:DB", tmp_path, {"DB": ADDRESS}).address == ADDRESS
    assert place_of("env:DB", tmp_path, {"DB": "x.db"}) == Place(shown="x.db", path=tmp_path / "x.db")
    with pytest.raises(ValueError, match="DB is not set"):
        place_of("env:DB", tmp_path, {})


def test_a_command_for_the_shell_has_no_password() -> None:
    """What a person is told to type takes the secret from where it lies."""
    assert for_shell(place_of("env:DB", ETC, {"DB": ADDRESS})) == '"$DB"'
    assert for_shell(Place(shown="file:/run/db", address=ADDRESS)) == '"$(cat /run/db)"'
    assert "s3cret" not in for_shell(place_of(ADDRESS, ETC))


CONFIG = 'database = "{}"\nwatchlists = ["w.toml"]\n'


def test_the_file_takes_no_password() -> None:
    """A password written into config.toml is a problem that says where to put it; by reference it is taken, and shown nowhere."""
    with pytest.raises(ConfigError, match="holds a password") as told:
        parse_config(CONFIG.format(ADDRESS), ETC / "config.toml", {})
    assert "s3cret" not in str(told.value)
    config = parse_config(CONFIG.format("env:DB"), ETC / "config.toml", {"DB": ADDRESS})
    assert config.database.address == ADDRESS
    assert effective(config)["database"] == "env:DB"
    assert {"s3cret!", "s3cret%21", "other1"} <= set(secrets_in(config))
    with pytest.raises(UsageError, match="needs a SQLite file"):
        config.database_path  # noqa: B018
    assert config.beside == ETC / "monitor.db"


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is an extra: where it is missing, asking for it says how to get it, and everything else works."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "monitor.store.postgres", raising=False)
    with pytest.raises(UsageError, match=r"pip install 'monitor-news\[postgres\]'"):
        open_store(place_of("postgresql://me@host/monitor", ETC))


def test_a_server_that_does_not_answer_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command on an address where nobody listens ends with 1, names the address without its password, and gives the reason."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE", "postgresql://me:s3cret!@127.0.0.1:1/monitor")
    told = run("status")
    assert told.code == 1
    assert "me:***@127.0.0.1:1/monitor" in told.err
    assert "refused" in told.err
    assert "s3cret" not in told.err + told.out


def test_another_scheme_on_the_command_line_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--db mysql://...` is told what a place looks like."""
    monkeypatch.chdir(tmp_path)
    told = run("--db", "mysql://host/x", "status")
    assert told.code == 2
    assert "postgresql://" in told.err
