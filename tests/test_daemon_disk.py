"""The whole daemon on a disk that fills up and gets room again. It waits for two beats, so it runs with `-m slow`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import run
from tests.store.test_faults import small_disk
from tests.test_daemon import CONFIG, ROOT

__all__ = ["small_disk"]

SETTINGS = "[storage]\nmin_free_mib = 0\nmin_free_percent = 0.0\nbackup_every_h = 0\n"
PATIENCE_S = 200.0


@pytest.mark.slow
def test_case_22_the_whole_daemon_degrades_and_comes_back(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops no process: the daemon says so, waits without its ballast, and works again by itself when there is room."""
    monkeypatch.chdir(small_disk)
    assert run("init").code == 0
    (small_disk / "config.toml").write_text(CONFIG + SETTINGS, encoding="utf-8")
    log = tmp_path / "daemon.log"
    with log.open("w", encoding="utf-8") as out:
        command = [sys.executable, "-m", "monitor", "--config", str(small_disk / "config.toml"), "run"]
        daemon = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        try:
            until(lambda: (small_disk / "monitor.db.ballast").exists(), log)
            fill(small_disk / "filler")
            until(lambda: "the disk holds the daemon back" in log.read_text(encoding="utf-8"), log)
            assert daemon.poll() is None
            assert not (small_disk / "monitor.db.ballast").exists()
            time.sleep(35)
            assert "in order again" not in log.read_text(encoding="utf-8")
            (small_disk / "filler").unlink()
            until(lambda: "the disk is in order again" in log.read_text(encoding="utf-8"), log)
            assert (small_disk / "monitor.db.ballast").exists()
        finally:
            daemon.terminate()
            assert daemon.wait(timeout=15) == 0


def test_case_22_a_cycle_on_a_full_disk_says_so(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`monitor once` on a full disk ends with 1 and one plain sentence; with room again the next one works."""
    monkeypatch.chdir(small_disk)
    assert run("init").code == 0
    (small_disk / "config.toml").write_text(CONFIG + SETTINGS, encoding="utf-8")
    assert run("db", "migrate").code == 0
    fill(small_disk / "filler")
    refused = run("once")
    assert refused.code == 1
    assert "the disk is full" in refused.err
    assert "Traceback" not in refused.err
    (small_disk / "filler").unlink()
    assert "disk" not in run("once").err
    assert run("db", "check").code == 0


def fill(path: Path) -> None:
    """Writes until the disk is full."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return


def until(holds: Callable[[], bool], log: Path) -> None:
    """Waits for a condition; fails with the daemon's log."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.2)
