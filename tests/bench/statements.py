"""Every SQL statement that SQLite connections of this process run, and which of them read a large table from end to end."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

LARGE = frozenset(("articles", "texts", "entries", "sketch_values", "hits", "mentions", "stories", "digest_hits", "events"))
"""Tables that grow with every article; what grows with every digest stays a thousand times smaller."""

_NAMED = re.compile(r"\b(?:from|join|update|into)\s+(\w+)(?:\s+(?:as\s+)?(\w+))?", re.IGNORECASE)
_COMMA = re.compile(r",\s*(\w+)\s+(\w+)\b")
_WORDS = {
    "where",
    "on",
    "set",
    "order",
    "group",
    "left",
    "join",
    "cross",
    "using",
    "limit",
    "union",
    "inner",
    "values",
    "select",
    "default",
}


@dataclass
class Heard:
    """Statements with their values written out, and of each the most steps of SQLite's machine that it took, in thousands."""

    said: list[str] = field(default_factory=list)
    work: Counter[str] = field(default_factory=Counter)

    def costly(self, most: int) -> dict[str, int]:
        """Those that took more than `most` thousand steps."""
        return {" ".join(statement.split()): steps for statement, steps in self.work.items() if steps > most}


@contextmanager
def heard() -> Iterator[Heard]:
    """What connections that are opened meanwhile are asked."""
    found = Heard()
    real = sqlite3.connect

    def connect(*args: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)  # type: ignore[call-overload]
        current = [""]
        steps = [0]

        def trace(statement: str) -> None:
            if not statement.startswith("--"):  # what a trigger does belongs to what fired it
                current[0], steps[0] = statement, 0
                found.said.append(statement)

        def thousand() -> int:
            steps[0] += 1
            found.work[current[0]] = max(found.work[current[0]], steps[0])
            return 0

        connection.set_trace_callback(trace)
        connection.set_progress_handler(thousand, 1000)
        return connection

    with patch.object(sqlite3, "connect", connect):
        yield found


def scans(path: Path, statements: list[str]) -> dict[str, str]:
    """Those of the statements that read a large table without an index or a whole index of one, with what the planner says."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found: dict[str, str] = {}
    shapes: set[str] = set()
    try:
        for statement in statements:
            shape = re.sub(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b|x'[0-9a-f]*'", "?", statement.lower())
            if shape in shapes or not re.match(r"\s*(?:with|select|update|delete|insert)\b", shape):
                continue
            shapes.add(shape)
            if scanned := _scanned(connection, statement):
                found[" ".join(statement.split())] = scanned
    finally:
        connection.close()
    return found


def _scanned(connection: sqlite3.Connection, statement: str) -> str:
    """What the planner says of a scan of a large table in a statement; "" where there is none."""
    names = {table.lower(): table.lower() for table, _ in _NAMED.findall(statement)}
    for table, alias in (*_NAMED.findall(statement), *_COMMA.findall(statement)):
        if alias and alias.lower() not in _WORDS:
            names[alias.lower()] = table.lower()
    plan = connection.execute(f"explain query plan {statement}").fetchall()
    return "; ".join(row[3] for row in plan if (read := re.match(r"SCAN (\w+)", row[3])) and names.get(read[1].lower(), "") in LARGE)
