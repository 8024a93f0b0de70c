"""What the conformance cases share. `pytest tests/conformance --cases` prints them as a table: number, verdict, tests, what is asked.

One event loop and one set of parse processes serve all cases of a run: starting them costs more than a case does.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from monitor.sandbox import Sandbox
from tests.conformance.rig import Rig, rig

CASES = 75
NAME = re.compile(r"test_case_(\d{2})(?:_and_(\d{2}))?_(\w+)")

Work = Callable[[Rig], Awaitable[None]]
Case = Callable[..., None]


@pytest.fixture(scope="session")
def loop_and_sandbox() -> Iterator[tuple[asyncio.Runner, Sandbox]]:
    """The shared loop, and the shared parse processes on it."""
    with asyncio.Runner() as runner:
        sandbox = Sandbox(size=2)
        runner.run(sandbox.__aenter__())
        yield runner, sandbox
        runner.run(sandbox.__aexit__(None, None, None))


@pytest.fixture
def case(loop_and_sandbox: tuple[asyncio.Runner, Sandbox], tmp_path: Path) -> Case:
    """Runs one case to its end: `case(work)` with `async def work(rig)`."""
    runner, sandbox = loop_and_sandbox

    def run(work: Work, tls: ssl.SSLContext | None = None, trusting: ssl.SSLContext | None = None) -> None:
        async def inside() -> None:
            async with rig(tmp_path, sandbox, tls, trusting) as made:
                await work(made)

        runner.run(inside())

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cases", action="store_true", help="print the conformance cases as a table")


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """The table of cases, where it is asked for."""
    if not config.getoption("--cases"):
        return
    verdicts: dict[int, list[str]] = defaultdict(list)
    said: dict[int, str] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            found = NAME.search(report.nodeid)
            for number in (int(group) for group in (found.groups()[:2] if found else ()) if group):
                verdicts[number].append(outcome)
                said.setdefault(number, found[3].replace("_", " ") if found else "")
    terminalreporter.section("conformance")
    for number in range(1, CASES + 1):
        outcomes = verdicts[number]
        verdict = (
            "pass"
            if set(outcomes) == {"passed"}
            else "none"
            if not outcomes
            else "FAIL"
            if set(outcomes) - {"passed", "skipped"}
            else "skip"
        )
        terminalreporter.write_line(f"{number:2}  {verdict}  {len(outcomes):3}  {said.get(number, '')}")
    passed = sum(set(outcomes) == {"passed"} for outcomes in verdicts.values())
    terminalreporter.write_line(f"{passed} of {CASES} cases pass")
