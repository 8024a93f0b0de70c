"""What somebody reaches who has only the pages: each path within five commands, run as they stand there. Only strangers' addresses are replaced."""

from __future__ import annotations

import email
import email.policy
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from monitor.store.invariants import check_invariants
from monitor.store.sqlite import open_sqlite
from tests.background import Background
from tests.commands import run
from tests.deliveries.smtp import smtp_server
from tests.pages import HERE, ROOT, marked

PATIENCE_S = 60
FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Paper</title><link>{base}/</link>
<item><title>Intel will build a semiconductor plant in Hanoi with FPT</title><link>{base}/intel</link><guid>1</guid><pubDate>{at}</pubDate>
<description>Intel of the United States signed an agreement with FPT of Vietnam on semiconductors.</description></item></channel></rss>"""
PAGE = (
    "<html><body><article><h1>Intel will build a semiconductor plant in Hanoi with FPT</h1>"
    + (
        "<p>Intel of the United States signed an agreement with FPT of Vietnam on a semiconductor plant in Hanoi, the ministry said.</p>"
        * 5
    )
    + "</article></body></html>"
)


def paper() -> ThreadingHTTPServer:
    """A paper with one feed and one page."""

    class Paper(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = format_datetime(datetime.now(UTC) - timedelta(hours=1))
            base = f"http://127.0.0.1:{server.server_port}"
            body = (FEED.format(base=base, at=at) if self.path == "/rss" else PAGE if self.path == "/intel" else "").encode()
            self.send_response(200 if body else 404)
            self.send_header("content-type", "application/rss+xml" if self.path == "/rss" else "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Paper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """The paper, for as long as a test runs."""
    made = paper()
    yield made
    made.shutdown()
    made.server_close()


def shell(folder: Path, lines: list[str], **environment: str) -> list[subprocess.CompletedProcess[str]]:
    """Commands in one shell each, as a person gives them."""
    whole = {**os.environ, **HERE, **environment}
    return [subprocess.run(["sh", "-c", line], cwd=folder, env=whole, capture_output=True, text=True, check=False) for line in lines]


def with_own_feed(folder: Path, port: int) -> None:
    """config.toml as `init` writes it, its feeds replaced by the paper on loopback, where nothing is fetched from outside."""
    path = folder / "config.toml"
    text = re.sub(r"(?m)^\[feed\..*\n(?:(?!\[).*\n)*", "", path.read_text(encoding="utf-8"))
    text = text.replace("[fetch]", f'[fetch]\nallow_private = ["127.0.0.0/8"]\nports = [{port}]\nper_host_pause_s = 0.0', 1)
    text = text.replace("[web]", '[web]\nlisten = "127.0.0.1:0"', 1).replace("[storage]", "[storage]\nmin_free_mib = 0", 1)
    path.write_text(f'{text}\n[feed.paper]\nurl = "http://127.0.0.1:{port}/rss"\n', encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `init` makes, after one cycle: a hit waits for its digest."""
    monkeypatch.chdir(tmp_path)
    for name in ("MONITOR_CONFIG", "MONITOR_DB", "MONITOR_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    assert run("init").code == 0
    with_own_feed(tmp_path, server.server_port)
    assert run("once").code == 0
    return tmp_path


def test_the_real_feeds_as_a_service(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    """init, check, one cycle, then the daemon in the foreground: it says that it lives, and Ctrl-C ends it in order."""
    lines = marked("path: service")
    assert len(lines) <= 5
    assert lines[-1] == "monitor run"
    folder = tmp_path / "mydesk"
    (made,) = shell(tmp_path, lines[:1])
    assert made.returncode == 0, made.stderr
    with_own_feed(folder, server.server_port)
    for done in shell(folder, lines[1:-1]):
        assert done.returncode == 0, done.stderr
    daemon = subprocess.Popen(["sh", "-c", f"exec {lines[-1]}"], cwd=folder, env={**os.environ, **HERE}, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while shell(folder, ["monitor status --alive"])[0].returncode:
            assert daemon.poll() is None, daemon.stderr.read() if daemon.stderr else ""
            assert time.monotonic() < deadline
        daemon.send_signal(signal.SIGINT)
        assert daemon.wait(timeout=PATIENCE_S) == 0
    finally:
        daemon.kill()
        daemon.communicate()
    hits = json.loads(shell(folder, ["monitor hits list --json"])[0].stdout)
    assert [hit["title"] for hit in hits] == ["Intel will build a semiconductor plant in Hanoi with FPT"]


def test_a_mail_digest(desk: Path) -> None:
    """The five commands of the README bring a ping and the digest, which tells the hit, to a mail server."""
    lines = marked("path: mail")
    assert len(lines) <= 5
    with Background() as background:
        sink = background.enter(smtp_server())
        here = f'host = "127.0.0.1"\\nport = {sink.port}\\nsecurity = "none"'
        for line in lines:
            # Where a stranger's server asks for a password, ours on loopback speaks neither TLS nor logins.
            line = line.replace('host = "smtp.example.org"', here).replace('username = "monitor"\\npassword = "file:mail.password"\\n', "")
            (done,) = shell(desk, [line])
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert (desk / "mail.password").stat().st_mode & 0o777 == 0o600
    ping, digest = (email.message_from_bytes(body, policy=email.policy.default) for body in sink.bodies)
    assert "ping" in str(ping["subject"]).lower() or "test" in str(ping["subject"]).lower()
    assert digest["to"] == "analyst@example.org"
    text = digest.get_body(("plain",))
    assert text is not None
    assert "Intel will build a semiconductor plant" in text.get_content()


def test_a_webhook_with_a_verified_signature(desk: Path) -> None:
    """The receiver of the page, run as it stands there, accepts what the program sends and refuses the same body with one letter changed."""
    lines = marked("path: webhook")
    assert len(lines) <= 5
    receiver = marked("receiver")
    assert len([line for line in receiver if line.strip()]) <= 12
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (desk / "receiver.py").write_text("\n".join(receiver).replace("8080", str(port)), encoding="utf-8")
    script = "\n".join(lines[:2]).replace("python3 receiver.py &", f"exec {sys.executable} receiver.py")
    script = f'{script.splitlines()[0]}; printf "%s" "$HOOK_SECRET" > secret; {script.splitlines()[1]}'
    process = subprocess.Popen(["sh", "-c", script], cwd=desk, env={**os.environ, **HERE}, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(port, process)
        secret = (desk / "secret").read_text(encoding="utf-8")
        assert secret.startswith("whsec_")
        for line in lines[2:]:
            line = line.replace("8080", str(port)).replace('allow_private = ["127', f'ports = [{port}]\\nallow_private = ["127')
            (done,) = shell(desk, [line], HOOK_SECRET=secret)
            assert done.returncode == 0, f"{line}\n{done.stderr}{done.stdout}"
        assert forged(port, secret) == 401
    finally:
        process.terminate()
        said, _ = process.communicate()
    assert re.search(r"^\S+ ping$", said, re.MULTILINE), said
    assert said.splitlines()[-1].endswith("refused")


def forged(port: int, secret: str) -> int:
    """The status that answers a body that is not the one that was signed."""
    at = datetime.now(UTC)
    headers = {"webhook-id": "u", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": Webhook(secret).sign("u", at, "{}")}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with closing(connection):
        connection.request("POST", "/", body=b'{"type": "ping"}', headers=headers)
        return connection.getresponse().status


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None
        assert time.monotonic() < deadline


def test_a_restored_backup(desk: Path) -> None:
    """After a backup the database is damaged; the next two commands bring all of it back, and the promise holds as before."""
    assert run("digests", "send", "morning", "--now").code == 0
    before = counts(desk)
    backup, *rest = marked("path: restore")
    assert len(rest) <= 4
    assert shell(desk, [backup])[0].returncode == 0
    with (desk / "monitor.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 8)
    assert run("db", "check").code == 74
    for line in rest:
        (done,) = shell(desk, [line])
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert counts(desk) == before
    store = open_sqlite(desk / "monitor.db")
    assert check_invariants(store) == ()
    store.close()
    assert list(desk.glob("monitor.db.replaced-*"))


def counts(desk: Path) -> dict[str, int]:
    """Rows of what is told."""
    store = open_sqlite(desk / "monitor.db")
    tables = ("articles", "entries", "hits", "mentions", "stories", "digests", "digest_hits", "messages", "deliveries", "attempts")
    found = {table: (store.one(f"select count(*) as n from {table}") or {"n": 0})["n"] for table in tables}
    store.close()
    assert min(found.values()) > 0
    return found


def test_paths_stand_in_the_readme() -> None:
    """Each path is in the README, or one link away; none takes more than five commands."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for mark in ("path: service", "path: mail", "change-a-watchlist", "path: restore"):
        assert f"<!-- {mark} -->" in readme
        assert len(marked(mark)) <= 5
    assert "[Webhooks](monitor/docs/webhooks.md)" in readme
