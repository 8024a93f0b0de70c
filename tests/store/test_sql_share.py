"""SQL is written once: how much of it only one engine understands is counted here, and the places are named in the map."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STORE = ROOT / "monitor" / "store"
OF_AN_ENGINE = {"sqlite.py", "postgres.py", "backups.py", "checks.py"}
"""The engines, and what only a file has: copies and checks of it."""

STATEMENT = re.compile(
    r"\s*(select|insert into|update \w+ set|delete from|with \w+ as|create (table|index|unique)|alter table|pragma|begin|set (local|session)|"
    r"from hits|case when|and (not )?exists)\b",
    re.IGNORECASE,
)
LARGEST_SHARE = 0.10
LARGEST_DRIVER = 250


def texts(path: Path) -> Iterator[str]:
    """The string constants of a file, the fixed parts of f-strings among them, that read like SQL."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield " ".join(node.value.split())


def counted() -> dict[str, int]:
    return {path.name: sum(map(len, texts(path))) for path in sorted(STORE.glob("*.py"))}


def test_sql_is_written_once() -> None:
    """At most a tenth of all SQL belongs to one engine alone."""
    found = counted()
    own = sum(size for name, size in found.items() if name in OF_AN_ENGINE)
    total = sum(found.values())
    assert total > 30_000, "the count finds too little to be believed"
    assert own / total <= LARGEST_SHARE, {name: size for name, size in found.items() if name in OF_AN_ENGINE}
    print(f"{own} of {total} characters of SQL belong to one engine: {own / total:.1%}")


def test_the_driver_is_small() -> None:
    """The PostgreSQL driver stays a page that is read in one sitting."""
    assert (STORE / "postgres.py").read_text(encoding="utf-8").count("\n") <= LARGEST_DRIVER


def test_no_other_file_asks_which_engine_it_is() -> None:
    """Outside the engines nothing branches on the engine's name: what differs is asked of the store."""
    asking = re.compile(r"\.engine\s*(==|!=|in\b|not in\b)|\bif [^:\n]*\.engine\b")
    found = [
        path
        for path in (ROOT / "monitor").rglob("*.py")
        if path.name not in OF_AN_ENGINE and asking.search(path.read_text(encoding="utf-8"))
    ]
    allowed = {"explain.py", "hits.py", "watchlists.py", "history.py"}  # the engine of a verdict is the matcher's version
    assert [str(path.relative_to(ROOT)) for path in found if path.name not in allowed] == []
