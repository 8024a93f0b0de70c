"""deploy/compose.yaml: a database, two workers and a dashboard, each with a health check, started by commands that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from monitor.cli import monitor as commands
from monitor.cli.run import run
from monitor.config.load import parse_config
from monitor.pipeline import ROLES

COMPOSE = Path(__file__).resolve().parent.parent / "deploy" / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def test_there_are_two_workers_and_a_dashboard(services: dict[str, Any]) -> None:
    """PostgreSQL, a worker twice, and one with the dashboard, whose port only this machine reaches."""
    assert set(services) == {"postgres", "worker", "dashboard"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["dashboard"]["environment"]["MONITOR_WEB__ENABLED"] == "true"
    assert all(port.startswith("127.0.0.1:") for port in services["dashboard"]["ports"])


def test_each_service_has_a_health_check_and_waits_for_the_database(services: dict[str, Any]) -> None:
    """A worker is well when one of its own container writes to the database; none starts before that answers."""
    assert all("healthcheck" in service for service in services.values())
    for name in ("worker", "dashboard"):
        assert services[name]["healthcheck"]["test"] == ["CMD", "monitor", "status", "--alive"]
        assert services[name]["depends_on"] == {"postgres": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", ["worker", "dashboard"])
def test_commands_and_roles_exist(services: dict[str, Any], name: str) -> None:
    """What a container runs is a command with these options, and together all roles are manned."""
    words = services[name]["command"]
    assert words[0] in commands.list_commands(None)  # type: ignore[arg-type]
    with run.make_context("run", list(words[1:])) as context:
        roles = context.params["roles"]
    assert roles is None or set(roles.split(",")) <= set(ROLES)
    assert services["worker"]["command"][1:] == ["--log-format", "json"], "the workers have every role"


def test_variables_are_settings_and_no_secret_is_written_down(services: dict[str, Any]) -> None:
    """What is set by variables is taken by the configuration, and the password comes from the environment alone."""
    environment = {key: str(value) for key, value in services["dashboard"]["environment"].items() if key.startswith("MONITOR_WEB")}
    environment["MONITOR_TOKEN"] = "a token of more than sixteen characters"
    text = 'watchlists = ["w.toml"]\n'
    config = parse_config(text, Path("/data/config.toml"), environment)
    assert (config.web.enabled, config.web.listen) == (True, "0.0.0.0:8765")
    assert services["dashboard"]["environment"]["MONITOR_TOKEN"].startswith("${MONITOR_TOKEN")
    assert services["worker"]["environment"]["PGPASSWORD"].startswith("${MONITOR_DB_PASSWORD")
