"""Pages a second through the sandbox beside the extractor alone in plain worker processes, same options, all cores, same run."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import pytest
import trafilatura

from monitor.articles.extract import _BESIDE
from monitor.sandbox import Sandbox
from tests.articles.test_real_pages import pages
from tests.newsroom import article

CORES = os.cpu_count() or 1


def alone(body: bytes) -> int:
    """The extractor with the options of the project; the length of what it found."""
    found = trafilatura.bare_extraction(
        body,
        url="https://example.org/a",
        fast=True,
        prune_xpath=list(_BESIDE),
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    return len(found.text or "") if found else 0


async def through(sandbox: Sandbox, bodies: list[bytes]) -> list[str]:
    """The texts of the pages, read in child processes as the daemon does: as many calls wait as there are visitors."""
    args = {"url": "https://example.org/a", "content_type": "text/html"}
    calls = (sandbox.call("monitor.articles.extract:extract_page", args, body, wall_s=60, cpu_s=30) for body in bodies)
    return [str(found["text"]) for found in await asyncio.gather(*calls)]


def rates(bodies: list[bytes], rounds: int) -> tuple[float, float]:
    """Median pages a second: ours, the extractor's; the two take turns, so that a busy machine slows both."""
    ours, theirs = [], []

    def timed(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return len(bodies) / (time.perf_counter() - began)

    with ProcessPoolExecutor(CORES, mp_context=get_context("forkserver")) as pool, asyncio.Runner() as runner:
        sandbox = Sandbox(size=CORES)
        list(pool.map(alone, bodies[: 4 * CORES]))
        runner.run(through(sandbox, bodies[: 4 * CORES]))
        for _ in range(rounds):
            theirs.append(timed(lambda: list(pool.map(alone, bodies))))
            ours.append(timed(lambda: runner.run(through(sandbox, bodies))))
        runner.run(sandbox.__aexit__(None, None, None))
    return median(ours), median(theirs)


@pytest.mark.slow
def test_isolation_costs_little(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the pages of the extraction benchmark the sandbox reads at least nine tenths of the pages a second that the bare extractor does."""
    bodies = [page.body for page in pages(shared / "real" / "articles.tar.xz", 1)]
    ours, theirs = rates(bodies, 5)
    with capsys.disabled():
        print(f"\n{CORES} processes: {ours:.1f} pages/s in the sandbox, {theirs:.1f} with the extractor alone ({ours / theirs:.2f})")
    assert ours >= 0.9 * theirs


def test_a_slice_of_the_throughput() -> None:
    """Made-up pages pass through the sandbox at a good part of the bare extractor's rate, on a machine however busy."""
    ours, theirs = rates([article(f"Plant {number} opens in the north") for number in range(30)], 3)
    assert ours >= 0.3 * theirs
