"""What is written for other programs holds: the README's lines run, the page's tables are the program's, the alert rules name what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor import log
from monitor.cli import monitor
from monitor.web.api.operations import LISTS, PREFIX
from monitor.web.metrics import ARTICLE_STAGES, DELIVERY_RESULTS, FEED_STATES, POLL_RESULTS, STORY_STATES
from monitor.web.pages import ROUTES
from tests.cli.test_commands import walk
from tests.web.serving import TOKEN, Dashboard
from tests.web.test_metrics import EXPECTED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "monitor" / "docs" / "programs.md"
ALERTS = ROOT / "deploy" / "alerts.yml"
LISTENING = "http://127.0.0.1:8765"
VALUES = {
    ("monitor_feeds", "state"): FEED_STATES,
    ("monitor_feed_polls_total", "result"): POLL_RESULTS,
    ("monitor_articles_total", "stage"): ARTICLE_STAGES,
    ("monitor_stories", "state"): STORY_STATES,
    ("monitor_deliveries_total", "result"): DELIVERY_RESULTS,
}


def readme_lines() -> list[str]:
    found = re.search(r"<!-- for-other-programs -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def test_the_lines_of_the_readme(dashboard: Dashboard) -> None:
    """Each line runs as it stands there, one after the other in one shell, and gives what it promises."""
    if shutil.which("curl") is None:
        pytest.skip("SKIPPED: no curl here; the README's lines for other programs were not run")
    marked = "\n".join(f"{line}\necho; echo ==={number}" for number, line in enumerate(readme_lines()))
    place = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "*"}
    folder = dashboard.config.source.parent
    script = "set -e\n" + marked.replace(LISTENING, dashboard.address)
    ran = subprocess.run(["sh", "-c", script], cwd=folder, env=place, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    links, token, hits, stories, whole, metrics, ready = re.split(r"\n===\d\n", ran.stdout)[:7]
    assert f"{LISTENING}/feeds/vietnam-us-tech.atom?key=" in links
    assert token.strip() == ""
    assert len(json.loads(hits)["items"]) == 5
    assert {item["band"] for item in json.loads(hits)["items"]} == {"alert"}
    assert json.loads(stories)["items"]
    assert json.loads(whole)["openapi"] == "3.1.0"
    assert "monitor_hits_total{" in metrics
    assert json.loads(ready) == {"ready": True, "reasons": []}
    assert TOKEN not in ran.stdout + ran.stderr


def test_the_page_names_every_metric_with_its_labels() -> None:
    """The table of metrics is the list of metrics, labels and their values included."""
    found = {}
    for name, labels in re.findall(r"^\| `(monitor_\w+)` \| ([^|]*)\|", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        named, _, values = labels.strip().rpartition(": ")
        words = set(re.findall(r"\w+", named or values))
        found[name] = words
        for label in words:
            if (name, label) in VALUES:
                assert tuple(values.split(", ")) == VALUES[name, label], name
    assert found == {name: labels for name, (_, labels) in EXPECTED.items()}


def test_the_page_names_addresses_that_are_there() -> None:
    """Every address of the table is a route, and every list of the API is named."""
    text = PAGE.read_text(encoding="utf-8")
    paths = {route.path for route in ROUTES}
    for path in ("/healthz", "/liveness", "/readyz", "/readiness", "/metrics"):
        assert f"`{path}`" in text
        assert path in paths
    assert f"{PREFIX}/openapi.json" in text
    assert {"/feeds/{name}.atom", "/feeds/saved/{name}.json"} <= paths
    for each in LISTS:
        assert each.listing in text


def rules() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="SKIPPED: no YAML reader is installed; the alert rules were not looked at")
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def samples() -> dict[str, set[str]]:
    """Every name that a scrape may hold, with its labels."""
    found: dict[str, set[str]] = {}
    for name, (kind, labels) in EXPECTED.items():
        for ending in {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(kind, ("",)):
            found[name + ending] = labels | ({"le"} if ending == "_bucket" else set())
    return found


@pytest.mark.parametrize("text", [ALERTS, PAGE], ids=lambda path: path.name)
def test_expressions_name_what_there_is(text: Path) -> None:
    """Every metric of the rules and of the page's questions is served, with the labels and values that they select by."""
    known = samples()
    asked = (
        [rule["expr"] for rule in rules()]
        if text == ALERTS
        else re.findall(r"```promql\n(.*?)```", text.read_text(encoding="utf-8"), re.DOTALL)
    )
    names = re.findall(r"\b(monitor_\w+)(?:\{([^}]*)\})?", "\n".join(asked))
    assert len(names) > 2
    for name, selectors in names:
        assert name in known, name
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', selectors):
            assert label in known[name], (name, label)
            allowed = VALUES.get((name, label))
            assert allowed is None or set(value.split("|")) <= set(allowed), (name, value)


def test_every_alert_says_what_to_do() -> None:
    """Each rule has a severity, a summary and a command that exists; the parentheses of its expression match."""
    commands = {" ".join(path) for path, _ in walk(monitor, ()) if path}
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")
        for command in re.findall(r"`monitor ([a-z ]+[a-z])", rule["annotations"]["description"]):
            assert command in commands, command


def test_the_log_has_the_fields_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The example line of the page has the fields that a line has."""
    found = re.search(r"```json\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    example = json.loads(found[1])
    fields = {name: value for name, value in example.items() if name not in {"event", "level", "timestamp"}}
    log.configure("info", "json", ())
    log.logger().info(example["event"], **fields)
    written = json.loads(capsys.readouterr().err)
    assert list(written) == list(example)
    assert {**written, "timestamp": ""} == {**example, "timestamp": ""}
