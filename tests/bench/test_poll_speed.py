"""A poll of many feeds by the command line beside a plain reader, on one server: time, processor time, memory, and what was asked of the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.articles.test_real_pages import WATCHLIST

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
database = "monitor.db"
watchlists = ["watchlist.toml"]

[fetch]
per_host_pause_s = 0
allow_private = ["127.0.0.0/8"]
ports = [{port}]
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command: seconds of wall and processor time of its whole tree, peak memory in MiB, the server's counts, what it printed."""

    wall_s: float
    cpu_s: float
    pss_mib: float
    asked: dict[str, int]
    said: str


@contextmanager
def newsroom(feeds: int, entries: int, hosts: int, latency_ms: int) -> Iterator[int]:
    """A server in a process of its own; its port."""
    command = [sys.executable, "-m", "tests.newsroom", *map(str, (feeds, entries, hosts, latency_ms))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def measured(port: int, folder: Path, *command: str) -> Run:
    """Runs a command and takes its measure."""
    counts(port)
    peak = [0.0]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began_s = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        watcher = threading.Thread(target=watch, args=(started.pid, peak))
        watcher.start()
        assert started.stdout is not None
        said = started.stdout.read().decode()
        _, status, used = os.wait4(started.pid, 0)
        wall_s = time.perf_counter() - began_s
        started.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        assert started.stderr is not None
        assert started.returncode == 0, started.stderr.read().decode()
    return Run(wall_s, used.ru_utime + used.ru_stime, peak[0], counts(port), said)


def watch(pid: int, peak: list[float]) -> None:
    """Samples the proportional memory of a process and its children until it ends (Linux)."""
    while Path(f"/proc/{pid}").exists():
        try:
            tree = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())]
            peak[0] = max(peak[0], sum(map(pss_mib, tree)))
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
                return
        except (OSError, ValueError):
            return
        time.sleep(0.05)


def pss_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def counts(port: int) -> dict[str, int]:
    """What the server was asked since the last question."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ctl/counts", timeout=10) as answer:
        found: dict[str, int] = json.load(answer)
        return found


def prepare(folder: Path, port: int, feeds: int, hosts: int) -> None:
    """A configuration for ours, a list of addresses for the plain reader."""
    urls = [f"http://127.0.{feed % hosts // 250}.{1 + feed % hosts % 250}:{port}/feed/{feed}.xml" for feed in range(feeds)]
    (folder / "urls.txt").write_text("\n".join(urls), encoding="utf-8")
    (folder / "watchlist.toml").write_text(WATCHLIST, encoding="utf-8")
    listed = "".join(f'\n[feed.f{number}]\nurl = "{url}"\n' for number, url in enumerate(urls))
    (folder / "config.toml").write_text(CONFIG.format(port=port) + listed, encoding="utf-8")


OURS = ("-m", "monitor", "--config", "config.toml", "once", "--force", "--no-articles", "--json")
THEIRS = ("-m", "tests.bench.plain_reader", "plain.db", "urls.txt")


def told(run: Run) -> dict[str, int]:
    found: dict[str, int] = json.loads(run.said)["counts"]
    return found


def check(cold: Run, warm: Run, feeds: int, entries: int) -> None:
    """Everything is stored at the first poll; at the second every feed is asked once, conditionally, and nothing is parsed."""
    assert cold.asked["200"] == feeds
    assert told(cold)["visit.new"] == feeds * entries
    assert warm.asked == {"conditional": feeds, "304": feeds}
    assert told(warm)["visit.unchanged"] == feeds
    assert told(warm)["visit.new"] == 0


def test_a_slice_of_the_poll(tmp_path: Path) -> None:
    """Forty feeds: all entries stored, one conditional request a feed when nothing changed, memory within bounds."""
    with newsroom(40, 20, 10, 0) as port:
        prepare(tmp_path, port, 40, 10)
        cold, warm = measured(port, tmp_path, *OURS), measured(port, tmp_path, *OURS)
    check(cold, warm, 40, 20)
    assert cold.pss_mib <= 150


@pytest.mark.slow
@pytest.mark.parametrize("latency_ms", [0, 50])
def test_a_poll_of_five_hundred_feeds(latency_ms: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """500 feeds of 20 entries: sooner done than the plain reader when cold, at less than twice its processor time (it isolates no parser and makes no
    articles), at most 150 MiB, everything stored."""
    rows = []
    with newsroom(500, 20, 50, latency_ms) as port:
        for round_ in range(3):
            folder = tmp_path / str(round_)
            folder.mkdir()
            prepare(folder, port, 500, 50)
            runs = [measured(port, folder, *command) for command in (THEIRS, OURS, THEIRS, OURS)]
            check(runs[1], runs[3], 500, 20)
            rows.append(runs)
    best = [min((runs[place] for runs in rows), key=lambda run: run.wall_s) for place in range(4)]
    with capsys.disabled():
        print(f"\nlatency {latency_ms} ms")
        for name, run in zip(("plain cold", "ours cold", "plain warm", "ours warm"), best, strict=True):
            print(f"{name:10} wall {run.wall_s:5.2f} s, processor {run.cpu_s:5.2f} s, memory {run.pss_mib:4.0f} MiB")
    plain_cold, cold, _, _ = best
    assert cold.wall_s < plain_cold.wall_s
    assert cold.cpu_s < 2 * plain_cold.cpu_s
    assert max(run.pss_mib for run in (best[1], best[3])) <= 150
