"""The laws of the house: who may import whom, how big a file may be, who may ask the clock, who may open a connection."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "monitor"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py"))

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

LEAVES = {
    "__init__",
    "model",
    "errors",
    "text",
    "urls",
    "hours",
    "backoff",
    "sketch",
    "log",
    "config",
    "toml_edit",
    "lean",
    "toml_lines",
    "starter",
    "place",
    "mode",
    "notify",
    "notice",
    "files",
    "json_schema",
    "tally",
}
DOORS = {"fetch", "sandbox", "store"}
ROOMS = {"watchlists", "feeds", "articles", "hits", "stories", "digests", "deliveries", "alarms"}
LEVEL = {
    **dict.fromkeys(LEAVES, 0),
    **dict.fromkeys(DOORS, 1),
    **dict.fromkeys(ROOMS, 2),
    "pipeline": 3,
    "health": 3,
    "app": 4,
    "scheduler": 5,
    "keeper": 5,
    "upkeep": 5,
    "ping": 5,
    "web": 5,
    "daemon": 6,
    "doctor": 6,
    "cli": 7,
    "demo": 6,
    "__main__": 8,
}
TOUCHES_OUTSIDE = {"step", "actions"}
CHANNEL_SENDERS = {
    "deliveries.channel",
    "deliveries.email",
    "deliveries.webhook",
    "deliveries.file",
    "deliveries.chat",
    "deliveries.apprise",
}

# One module (or one folder, where it ends in a dot) per third-party package.
IMPORTERS = {
    "ahocorasick_rs": {"hits.automaton"},
    "apprise": {"deliveries.apprise"},
    "aiosmtplib": {"deliveries.email"},
    "apscheduler": {"scheduler"},
    "click": {"cli."},
    "feedparser": {"feeds.parse"},
    "h11": {"fetch.connection"},
    "httpx": {"fetch."},
    "idna": {"urls"},
    "jinja2": {"digests.template", "web.render"},
    "lark": {"hits.query"},
    "listparser": {"feeds.opml"},
    "lxml": {"articles.extract"},
    "prometheus_client": {"web.metrics"},
    "psycopg": {"store.postgres"},
    "psycopg_pool": {"store.postgres"},
    "protego": {"fetch.robots"},
    "py3langid": {"articles.language"},
    "pydantic": {"config."},
    "rapidfuzz": {"watchlists."},
    "rich": {"cli.output"},
    "sqlite_utils": {"store.sqlite"},
    "starlette": {"web."},
    "standardwebhooks": {"deliveries.webhook"},
    "structlog": {"log"},
    "tomlkit": {"feeds.edit"},
    "trafilatura": {"articles.extract"},
    "uvicorn": {"web.serve"},
}
NETWORK = {"socket", "ssl", "http", "urllib.request", "smtplib", "ftplib", "imaplib", "socketserver", "httpx", "httpcore", "aiosmtplib"}
MAY_NETWORK = {"fetch.", "deliveries.email", "demo.", "daemon", "notify", "web.serve"}
"""daemon asks only for the host's name; notify speaks to the service manager's socket; web.serve listens."""

CLOCKS = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))\(")
RANDOM = {"random", "secrets", "uuid"}
MAY_BE_RANDOM = {"app"}
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|manager|handler|processor|data|info|base|new|old|final)(_|$)")


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "monitor" or node.module in {f"monitor.{room}" for room in (*ROOMS, *DOORS)}:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno


def allowed(name: str, places: set[str]) -> bool:
    return any(name == place or (place.endswith(".") and (name + ".").startswith(place)) for place in places)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    """A module imports only from lower levels or its own room; a room never imports another room."""
    name = name_of(path)
    here = name.split(".")[0]
    for module, line in imports(path):
        if module.split(".")[0] != "monitor" or module == "monitor":
            continue
        there = module.split(".")[1]
        there = there if there in LEVEL else "__init__"
        same = here == there
        assert same or LEVEL[there] < LEVEL[here] or (here in LEAVES and there in LEAVES) or (here in DOORS and there in DOORS), (
            f"{name}:{line} imports {module}"
        )


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path).split(".")[0] in ROOMS], ids=name_of)
def test_only_steps_and_senders_touch_the_outside(path: Path) -> None:
    """In a room only step.py, actions.py and the channel senders reach the store, the fetch door or the parse door; the rest is pure."""
    name = name_of(path)
    if name.rsplit(".", 1)[-1] in TOUCHES_OUTSIDE or name in CHANNEL_SENDERS:
        return
    for module, line in imports(path):
        touched = module.startswith(("monitor.store", "monitor.sandbox", "monitor.fetch"))
        assert not touched, f"{name}:{line} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_third_party_packages_have_one_importer(path: Path) -> None:
    """Each third-party package is imported where IMPORTERS says, and nowhere else; an unknown package is not imported at all."""
    name = name_of(path)
    for module, line in imports(path):
        top = module.split(".")[0]
        if top == "monitor" or top in sys.stdlib_module_names:
            continue
        assert top in IMPORTERS, f"{name}:{line} imports {top}, which no rule names"
        assert allowed(name, IMPORTERS[top]), f"{name}:{line} imports {top}"


def test_every_dependency_is_used() -> None:
    """What pyproject.toml declares is imported somewhere, and the other way round."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[<>=\[ ]", line)[0].replace("-", "_") for line in project["dependencies"]}
    # What an extra brings is imported by the one module that it is for.
    extras = {"apprise", "psycopg", "psycopg_pool"}
    imported = {module.split(".")[0] for path in FILES for module, _ in imports(path)} - extras
    # lxml_html_clean is what makes trafilatura importable beside lxml 6; tzdata serves zoneinfo.
    assert declared - imported == {"lxml_html_clean", "tzdata"}
    assert imported - declared - {"monitor"} - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_connections_are_opened_in_few_places(path: Path) -> None:
    """Nothing but the fetch door, the mail channel and the demo's own servers may touch the network."""
    name = name_of(path)
    if allowed(name, MAY_NETWORK):
        return
    for module, line in imports(path):
        assert module not in NETWORK and module.split(".")[0] not in NETWORK - {"http", "urllib.request"}, f"{name}:{line} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_one_clock_and_one_source_of_randomness(path: Path) -> None:
    """Only app.py asks what time it is or makes anything random."""
    name = name_of(path)
    if name in MAY_BE_RANDOM:
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        assert not CLOCKS.search(line), f"{name}:{number} asks the clock"
    for module, line_number in imports(path):
        assert module.split(".")[0] not in RANDOM, f"{name}:{line_number} imports {module}"


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file has at most 400 lines, a function at most 60."""
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FILE_LINES, f"{path.name} has {lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{path.name}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_dataclasses_are_frozen(path: Path) -> None:
    """Every dataclass of the package is frozen."""
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "dataclass":
                assert any(keyword.arg == "frozen" for keyword in decorator.keywords), f"{path.name}:{node.lineno} {node.name}"
            assert getattr(decorator, "id", "") != "dataclass", f"{path.name}:{node.lineno} {node.name} is not frozen"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_broad_excepts_stand_only_at_the_edges(path: Path) -> None:
    """`except Exception` is for the edges: an item of a step, a tick, a recording, a call of the parse process, the top of the command line."""
    edges = {"pipeline", "cli", "sandbox.child", "store.recorder", "upkeep"}
    name = name_of(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"}):
            reraises = any(isinstance(child, ast.Raise) and child.exc is None for child in ast.walk(node))
            assert reraises or name in edges or name.endswith(".step"), f"{name}:{node.lineno}"


def test_names_say_what_is_inside() -> None:
    """No file is called utils, helpers, manager or the like."""
    assert [name_of(path) for path in FILES if BANNED_NAMES.search(path.stem)] == []


def test_every_test_keeps_a_stated_promise() -> None:
    """Each test has a docstring that says what it promises."""
    silent = defaultdict(list)
    for path in TESTS:
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_") and not ast.get_docstring(node):
                silent[path.name].append(node.name)
    assert dict(silent) == {}


def test_no_unfinished_marks() -> None:
    """Nothing is left to do in the package."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [f"{path.name}" for path in FILES if marks.search(path.read_text(encoding="utf-8"))] == []


def test_dangerous_calls_are_absent() -> None:
    """No pickle, eval, shell or unverified TLS anywhere in the package."""
    bad = re.compile(r"\bpickle\b.*import|import pickle|\beval\(|\bexec\(|shell=True|verify=False|yaml\.load")
    assert [path.name for path in FILES if bad.search(path.read_text(encoding="utf-8"))] == []


@cache
def words_of_the_map() -> str:
    return (PACKAGE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", sorted(ROOMS | DOORS))
def test_every_room_is_on_the_map(room: str) -> None:
    """monitor/README.md names every room."""
    assert f"`{room}/`" in words_of_the_map() or f"`{room}`" in words_of_the_map()
