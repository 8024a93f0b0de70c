"""The daemon as a service: what it tells the manager, how hard its unit is, and that no secret leaves it."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_daemon import CONFIG, PATIENCE_S, ROOT, Desk, desk

__all__ = ["desk"]

UNIT = ROOT / "deploy" / "monitor.service"
NEEDED = {
    "Type": "notify",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "DynamicUser": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectProc": "invisible",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}


class Manager:
    """A service manager's notification socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(PATIENCE_S)

    def until(self, word: str) -> list[str]:
        """Everything heard until a message begins with a word."""
        heard = []
        while not heard or not heard[-1].startswith(word):
            heard.append(self._socket.recv(4096).decode())
        return heard

    def close(self) -> None:
        """Stops listening."""
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A manager that listens."""
    made = Manager(tmp_path)
    yield made
    made.close()


def test_the_manager_hears_of_each_turn(desk: Desk, manager: Manager) -> None:
    """Ready after everything is open, alive after a write to the database, reloading and ready again, stopping at the end."""
    daemon = desk.start(NOTIFY_SOCKET=str(manager.path), WATCHDOG_USEC="180000000")
    first = manager.until("READY=1")
    assert "2 feeds, 1 watchlists" in first[-1]
    assert not any(message.startswith("STOPPING") for message in first)
    manager.until("WATCHDOG=1")
    (desk.folder / "config.toml").write_text(CONFIG.replace("[feed.two]", "[feed.three]"), encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    reloading = manager.until("RELOADING=1")[-1]
    assert re.search(r"MONOTONIC_USEC=\d+", reloading)
    manager.until("READY=1")
    desk.stopped(daemon)
    manager.until("STOPPING=1")


def test_a_refused_reload_is_no_reload(desk: Desk, manager: Manager) -> None:
    """A broken configuration makes neither a reload nor a restart for the manager."""
    daemon = desk.start(NOTIFY_SOCKET=str(manager.path))
    manager.until("READY=1")
    (desk.folder / "config.toml").write_text("[", encoding="utf-8")
    daemon.send_signal(signal.SIGHUP)
    desk.until(lambda: desk.told("config.rejected") == 1)
    desk.stopped(daemon)
    assert not any(message.startswith("RELOADING") for message in manager.until("STOPPING=1"))


def test_the_unit_is_hard(tmp_path: Path) -> None:
    """systemd rates the unit's exposure at 2.0 or less; where systemd is not installed its directives are compared instead."""
    directives = dict(line.split("=", 1) for line in UNIT.read_text(encoding="utf-8").splitlines() if re.match(r"[A-Z][A-Za-z]+=", line))
    assert {name: directives.get(name) for name in NEEDED} == NEEDED
    if shutil.which("systemd-analyze") is None:
        return
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)], capture_output=True, text=True, check=False, timeout=60
    )
    rated = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
    if rated is None:
        return
    assert float(rated[1]) <= 2.0


def test_the_unit_gives_the_watchdog_time() -> None:
    """The watchdog waits for at least two beats, a stop for longer than the daemon takes, and no restart repeats what waiting cannot mend."""
    from monitor.daemon import GRACE_S
    from monitor.keeper import BEAT_S

    text = UNIT.read_text(encoding="utf-8")
    found = {name: int(value) for name, value in re.findall(r"(?m)^(WatchdogSec|TimeoutStopSec)=(\d+)$", text)}
    assert found["WatchdogSec"] >= 2 * BEAT_S
    assert found["TimeoutStopSec"] > GRACE_S + 3
    assert "RestartPreventExitStatus=2 74 75" in text
