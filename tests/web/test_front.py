"""The dashboard beside the daemon and alone: opened by `monitor run` and `monitor web`, told where it cannot be, never in the way."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from monitor.app import load
from monitor.errors import MonitorError
from monitor.health import troubles
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import fact
from monitor.web.desk import Desk
from monitor.web.front import beside, page_threads
from monitor.web.keys import token_file
from tests.commands import run
from tests.test_daemon import CONFIG, ROOT
from tests.test_daemon import Desk as Daemons
from tests.web.serving import NOW, TOKEN, Dashboard

PATIENCE_S = 90.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder made by `monitor init`, with two feeds that nobody answers."""
    monkeypatch.chdir(tmp_path)
    assert run("init").code == 0
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def daemons(folder: Path) -> Iterator[Daemons]:
    """A desk whose daemons are gone when the test is over."""
    made = Daemons(folder)
    yield made
    for daemon in made.daemons:
        daemon.kill()
        daemon.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def with_web(folder: Path, port: int) -> None:
    (folder / "config.toml").write_text(f'{CONFIG}[web]\nenabled = true\nlisten = "127.0.0.1:{port}"\n', encoding="utf-8")


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/login", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def until(holds: object) -> None:
    assert callable(holds)
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_daemon_opens_it_and_moves_it_at_a_reload(daemons: Daemons) -> None:
    """`monitor run` serves the dashboard, opens it on another address when the file says so, and ends it with itself within ten seconds."""
    first, second = free_port(), free_port()
    with_web(daemons.folder, first)
    daemon = daemons.start()
    until(lambda: answers(first))
    with_web(daemons.folder, second)
    daemon.send_signal(signal.SIGHUP)
    until(lambda: answers(second))
    assert not answers(first)
    token = (daemons.folder / "monitor.db.token").read_text(encoding="utf-8").strip()
    page = httpx.get(f"http://127.0.0.1:{second}/feeds", headers={"authorization": f"Bearer {token}"}, trust_env=False)
    assert "two" in page.text
    daemons.stopped(daemon)
    assert daemon.returncode == 0
    assert not answers(second)


def test_a_taken_port_is_told_and_does_no_harm(daemons: Daemons) -> None:
    """Where another program has the port, status says so and names the key; feeds are polled all the same."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with_web(daemons.folder, taken.getsockname()[1])
        daemon = daemons.start()
        daemons.until(daemons.visited)
        daemons.until(lambda: bool(daemons.ask(lambda store: fact(store, "web_problem"))))
        status = run("status")
        assert status.code == 1
        assert "the dashboard cannot listen" in status.out
        assert daemon.poll() is None


def desk_with(store: SqliteStore, folder: Path, **web: object) -> Desk:
    config, watchlists = load(folder / "config.toml")
    config = replace(config, web=config.web.model_copy(update=web))
    return Desk(config=config, store=store, watchlists=watchlists, clock=lambda: NOW, new_id=lambda: "id")


def test_what_stops_it_is_noted_and_forgotten(folder: Path) -> None:
    """A fault of the dashboard becomes a note that health tells; the note goes when it is open, or switched off."""
    store = open_sqlite(folder / "monitor.db")
    pool = page_threads()

    async def opened(desk: Desk, problem: bool) -> None:
        async with beside(desk, pool, lambda: TOKEN):
            for _ in range(600):
                if bool(fact(store, "web_problem")) == problem:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(fact(store, "web_problem"))

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asyncio.run(opened(desk_with(store, folder, enabled=True, listen=f"127.0.0.1:{port}"), problem=True))
    assert any(trouble.area == "web" and trouble.problem for trouble in troubles(store, NOW))
    asyncio.run(opened(desk_with(store, folder, enabled=True, listen="127.0.0.1:0"), problem=False))
    token_file(store, load(folder / "config.toml")[0]).chmod(0o644)
    asyncio.run(opened(desk_with(store, folder, enabled=True, listen="127.0.0.1:0"), problem=True))
    assert "chmod 600" in str(fact(store, "web_problem"))
    asyncio.run(opened(desk_with(store, folder), problem=False))
    pool.shutdown()
    store.close()


def test_switched_off_it_opens_nothing(folder: Path) -> None:
    """Without `enabled` no token is made and nothing listens."""
    store = open_sqlite(folder / "monitor.db")

    async def opened() -> None:
        with page_threads() as pool:
            async with beside(desk_with(store, folder), pool, lambda: TOKEN):
                await asyncio.sleep(0)

    asyncio.run(opened())
    assert not (folder / "monitor.db.token").exists()
    store.close()


def test_web_alone(folder: Path) -> None:
    """`monitor web` says where it is and where the token lies, serves without a daemon, and ends on SIGTERM with 0."""
    command = [sys.executable, "-m", "monitor", "web", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}) as alone:
        assert alone.stderr is not None
        told = alone.stderr.readline()
        assert "monitor.db.token" in told
        address = told.split(" is at ", 1)[1].split(" ", 1)[0]
        token = run("web", "--show-token").out.strip()
        page = httpx.get(address, headers={"authorization": f"Bearer {token}"}, trust_env=False)
        alone.send_signal(signal.SIGTERM)
        assert alone.wait(timeout=PATIENCE_S) == 0
    assert page.status_code == 200
    assert "Nothing yet" in page.text


def test_the_token_can_be_shown(folder: Path) -> None:
    """`--show-token` prints what one logs in with: the same each time, and that of the configuration where there is one."""
    first = run("web", "--show-token")
    assert len(first.out.strip()) == 43
    assert run("web", "--show-token").out == first.out


def test_a_wrong_address_is_refused(folder: Path) -> None:
    """`--listen` holds to the rules of the file: beyond this machine only with a token."""
    assert "needs a token of your own" in run("web", "--listen", "0.0.0.0:80").err
    assert run("web", "--listen", "nowhere").code == 2


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0"])
def test_it_listens_where_it_is_told(listen: str) -> None:
    """Each way to write this machine's address gives one that answers there, and whose connections send at once."""
    from monitor.config import WebSettings
    from monitor.web.serve import address_of
    from monitor.web.serve import listen as bind

    try:
        listening = bind(WebSettings(listen=listen))
    except MonitorError as error:
        if "::1" not in listen:
            raise
        pytest.skip(f"SKIPPED: this machine has no IPv6: {error}")
    with listening:
        assert listening.proto == socket.IPPROTO_TCP
        assert re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]):\d+/", address_of(listening))


@pytest.mark.parametrize("begun", [b"", b"GET /login HTT", b"GET /login HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_request_that_does_not_come_is_given_up(demo_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, begun: bytes) -> None:
    """A connection on which no whole request comes is closed; one that asks is answered, again and again, all the while."""
    monkeypatch.setattr("monitor.web.serve.HEAD_TIMEOUT_S", 0.2)
    shutil.copytree(demo_folder, tmp_path / "desk")
    with Dashboard(tmp_path / "desk") as dashboard:
        host, port = dashboard.address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as slow, dashboard.stranger() as client:
            slow.sendall(begun)
            assert client.get("/login").status_code == 200
            assert slow.recv(100) == b""
            assert client.get("/login").status_code == 200
