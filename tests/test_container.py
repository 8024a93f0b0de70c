"""The container's files as they stand, and the program under a container's limits: another user, no capability, nothing writable but its data."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.command_lines import parsed

yaml = pytest.importorskip("yaml", reason="SKIPPED: no YAML reader is installed; the compose files were not looked at")

ROOT = Path(__file__).resolve().parent.parent
UID = 65532
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
# A mount namespace in which everything is read-only but the data folder; then the user and the rights of the container.
INSIDE = 'mount --bind "$0" "$0" && mount -o remount,ro,bind / && mount -t tmpfs -o size=64m,mode=1777 tmpfs /var/tmp && exec "$@"'
RIGHTS = ("--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order."""
    joined = re.sub(r"\\\n", " ", DOCKERFILE)
    return [(word, rest) for word, rest in re.findall(r"(?m)^([A-Z]+) (.*)$", joined)]


def test_the_image_is_small_and_owns_nothing() -> None:
    """The last stage runs as uid 65532 by number, from locked packages, writes to one volume, and every file it copies is in the tree."""
    told = instructions()
    words = [word for word, _ in told]
    assert [rest for word, rest in told if word == "USER"] == [str(UID)]
    assert words.index("USER") > len(words) - 1 - words[::-1].index("RUN"), "something runs as the user before everything is made"
    assert [rest for word, rest in told if word == "VOLUME"] == ['["/data"]']
    assert "ADD" not in words
    assert f"--uid {UID}" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    assert all("-slim" in rest for word, rest in told if word == "FROM")
    for word, rest in told:
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


def test_the_image_is_probed_by_a_command_that_exists() -> None:
    """The health check and the entry point are commands of ours."""
    probe = next(rest for word, rest in instructions() if word == "HEALTHCHECK")
    assert parsed(" ".join(re.findall(r'"([^"]+)"', probe))) == "status"
    entry, command = (next(rest for word, rest in instructions() if word == each) for each in ("ENTRYPOINT", "CMD"))
    assert parsed(" ".join(re.findall(r'"([^"]+)"', entry + command))) == "run"


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").glob("compose*.yaml")), ids=lambda path: path.name)
def test_services_of_ours_may_do_little(path: Path) -> None:
    """Each service made of our image has a read-only root, no capability, no new privileges, and bounds; no file of secrets or socket is mounted."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    ours = {name: each for name, each in services.items() if "build" in each or str(each.get("image", "")).startswith("monitor")}
    assert ours
    for name, each in ours.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert "cap_add" not in each, name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in each, name
        assert not any("docker.sock" in str(volume) for volume in each.get("volumes", ())), name


def test_the_proxy_keeps_what_is_inside_inside() -> None:
    """The proxy reaches the dashboard on loopback only, answers 404 for metrics and probes, says https, and logs no key, cookie or token."""
    text = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")
    services = yaml.safe_load((ROOT / "deploy" / "compose.single.yaml").read_text(encoding="utf-8"))["services"]
    assert services["proxy"]["network_mode"] == "service:monitor"
    inside = re.search(r"@inside path (.*)\n\s+respond @inside 404", text)
    assert inside
    assert set(inside[1].split()) == {"/metrics", "/healthz", "/liveness", "/readyz", "/readiness"}
    assert "reverse_proxy 127.0.0.1:8765" in text
    assert "Strict-Transport-Security" in text
    for secret in ("delete key", "Cookie delete", "Authorization delete", "Set-Cookie delete"):
        assert secret in text, secret
    assert text.count("{") == text.count("}")


@cache
def interpreter() -> str | None:
    """A Python of this version that the container's user may run: ours may lie in a home that is closed to others."""
    for each in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        tried = ["setpriv", *RIGHTS, "sh", "-c", '"$0" -c "import sqlite3"', each]
        if subprocess.run(tried, capture_output=True, check=False, cwd="/").returncode == 0:
            return each
    return None


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that belongs to the container's user, where the machine lets us make a container's limits."""
    able = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("setpriv")
    if not able or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode or interpreter() is None:
        pytest.skip("SKIPPED: needs root, unshare, setpriv and a Python open to all; the program was not run under a container's limits")
    if subprocess.run(
        ["setpriv", *RIGHTS, "test", "-r", str(ROOT / "monitor" / "__init__.py")], capture_output=True, check=False
    ).returncode:
        pytest.skip("SKIPPED: the checkout cannot be read by another user; the program was not run under a container's limits")
    folder = Path(tempfile.mkdtemp(prefix="monitor-data-"))
    os.chown(folder, UID, UID)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def limited(data: Path, *words: str) -> list[str]:
    """A command of the program as the container runs it."""
    program = (str(interpreter()), "-m", "monitor", *words)
    return ["unshare", "-m", "sh", "-c", INSIDE, str(data), "setpriv", *RIGHTS, *program]


def environment(data: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": "/var/tmp",
        "MONITOR_CONFIG": str(data / "config.toml"),
    }


def test_case_151_the_whole_job_on_a_read_only_root(data: Path) -> None:
    """As uid 65532 without capabilities, with nothing writable but its data and a tmpfs, the demo reads, matches and delivers."""
    done = subprocess.run(
        limited(data, "demo", "--folder", str(data / "demo")), cwd=data, env=environment(data), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ hits in \d+ stories", done.stdout + done.stderr)
    assert list((data / "demo" / "outbox").glob("*.html"))
    assert {path.stat().st_uid for path in data.rglob("*")} == {UID}


def test_case_151_the_daemon_on_a_read_only_root(data: Path) -> None:
    """The image's own commands: init, run until the health check says that it lives, stop on SIGTERM."""
    made = subprocess.run(limited(data, "init", str(data)), cwd=data, env=environment(data), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    settings = {**environment(data), "MONITOR_WEB__LISTEN": "127.0.0.1:0", "MONITOR_STORAGE__MIN_FREE_MIB": "0"}
    text = re.sub(r"(?m)^\[feed\..*\n(?:(?!\[).*\n)*", "", (data / "config.toml").read_text(encoding="utf-8"))
    (data / "config.toml").write_text(text + '\n[feed.one]\nurl = "http://127.0.0.1:9/feed"\n', encoding="utf-8")
    daemon = subprocess.Popen(limited(data, "run"), cwd=data, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        deadline = time.monotonic() + 60
        probe = limited(data, "status", "--alive")
        while subprocess.run(probe, cwd=data, env=settings, capture_output=True, check=False).returncode:
            assert daemon.poll() is None, daemon.stdout.read() if daemon.stdout else ""
            assert time.monotonic() < deadline
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=60) == 0
    finally:
        daemon.kill()
        daemon.communicate()
