"""What a PostgreSQL server did for each statement: its own record of plans with the rows that they touched (auto_explain), read from its log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench.statements import LARGE

SETTINGS = (
    *(
        "session_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_analyze=on",
        "auto_explain.log_timing=off",
    ),
    *("auto_explain.log_format=json", "log_line_prefix="),
    # Beside twenty thousand rows it is quick to read them all; what is asked is whether there is another way.
    *("enable_seqscan=off", "random_page_cost=1.1"),
)
_PLAN = re.compile(r"^LOG:  duration: [0-9.]+ ms  plan:\n((?:\t.*\n)+)", re.MULTILINE)


def plans(log: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The statements that ended in a part of the log, each with its plan."""
    for found in _PLAN.finditer(log):
        told = json.loads(found[1])
        yield " ".join(told["Query Text"].split()), told["Plan"]


def number(log: str) -> int:
    """How many statements a part of the log tells of."""
    return len(_PLAN.findall(log))


def read(plan: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The large tables that a plan looks into, with the rows that it looked at there."""
    rows = plan.get("Actual Rows", 0) + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    if plan.get("Relation Name") in LARGE and "Scan" in plan["Node Type"]:
        yield plan["Relation Name"], int(rows * plan.get("Actual Loops", 1))
    for part in plan.get("Plans", ()):
        yield from read(part)


def costly(log: str, most: int) -> dict[str, tuple[str, int]]:
    """The statements that looked at more than so many rows of one large table in one scan: which, and how many."""
    found: dict[str, tuple[str, int]] = {}
    for statement, plan in plans(log):
        for table, rows in read(plan):
            if rows > most:
                found[statement] = (table, rows)
    return found
