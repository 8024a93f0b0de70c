"""Secrets stay secret: the main flows run with canaries in every place for a secret, against servers that echo what they are told (case 149)."""

from __future__ import annotations

import base64
import http.server
import os
import re
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store.sqlite import open_sqlite
from tests.commands import run

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 90.0
SIGNING = b"canary-signing-key-0123456789abc"
CANARIES = {
    "FEED_PASSWORD": "canary-feed-password",
    "FEED_TOKEN": "canary-feed-token",
    "SMTP_PASSWORD": "canary-smtp-password",
    "HOOK_SECRET": "whsec_" + base64.b64encode(SIGNING).decode(),
    "HOOK_OLD": "whsec_" + base64.b64encode(SIGNING[::-1]).decode(),
    "CHAT_URL": "http://127.0.0.1:{port}/chat/canary-chat-path",
    "BOT_TOKEN": "123456:canary-bot-token",
    "PING_URL": "http://127.0.0.1:{port}/ping/canary-ping-path",
}
FORBIDDEN = re.compile(rb"canary-[a-z-]+[a-z0-9]|" + b"|".join(re.escape(base64.b64encode(key)) for key in (SIGNING, SIGNING[::-1])))

CONFIG = """\
database = "monitor.db"
watchlists = ["seeds/vietnam-us-tech.toml"]
[fetch]
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[log]
level = "debug"
[alarm]
channels = ["desk", "mail", "hook", "chat", "bot"]
after_failures = 1
ping_url = "env:PING_URL"
ping_every_min = 1
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[feed.closed]
url = "http://127.0.0.1:{port}/feed"
username = "reader"
password = "env:FEED_PASSWORD"
headers = {{ X-Token = "env:FEED_TOKEN" }}
[feed.moved]
url = "http://127.0.0.1:{port}/moved"
headers = {{ Authorization = "env:FEED_TOKEN" }}
[channel.desk]
type = "file"
folder = "outbox"
[channel.mail]
type = "email"
host = "127.0.0.1"
port = {smtp}
security = "none"
username = "monitor"
password = "file:smtp.secret"
sender = "monitor@example.org"
to = ["ops@example.org"]
[channel.hook]
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = "env:HOOK_SECRET"
previous_secret = "env:HOOK_OLD"
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[channel.chat]
type = "slack"
url = "env:CHAT_URL"
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[channel.bot]
type = "telegram"
token = "env:BOT_TOKEN"
chat = "1"
server = "http://127.0.0.1:{port}"
allow_private = ["127.0.0.0/8"]
ports = [{port}]
[subscription.morning]
watchlists = ["vietnam-us-tech"]
channels = ["desk", "hook"]
at = ["07:00"]
heartbeat = true
"""


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses everything and says back what it was told: path, credentials and body."""

    def _refuse(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8", "replace")
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", f"/feed?you={self.headers.get('authorization')}")
            self.end_headers()
            return
        answer = f"{self.path} {self.headers.get('authorization')} {self.headers.get('x-token')} {body}".encode()
        self.send_response(500)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self._refuse()

    do_POST = do_GET  # noqa: N815 - the name is the base class's

    def log_message(self, *args: object) -> None:
        return


class EchoMail(socketserver.StreamRequestHandler):
    """Refuses every login and says back, in clear, what it was told."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word in (b"EHLO", b"HELO"):
                self.wfile.write(b"250-mail\r\n250 AUTH PLAIN\r\n")
            elif word == b"AUTH":
                said = base64.b64decode(line.split()[2] if len(line.split()) > 2 else b"").replace(b"\0", b" ")
                self.wfile.write(b"535 no such login: " + said + b"\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.fixture
def servers() -> Iterator[tuple[int, int]]:
    """The ports of the web and the mail server."""
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), EchoMail)
    for server in (web, mail):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield web.server_address[1], mail.server_address[1]
    for server in (web, mail):
        server.shutdown()
        server.server_close()


def leaks(folder: Path) -> dict[str, set[bytes]]:
    """What of the forbidden stands in which file, secret files and the servers' own words aside."""
    found = {path: set(FORBIDDEN.findall(path.read_bytes())) for path in folder.rglob("*") if path.is_file() and path.suffix != ".secret"}
    return {str(path.relative_to(folder)): words for path, words in found.items() if words}


def test_case_149_no_canary_is_seen_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, servers: tuple[int, int]) -> None:
    """Log at debug level, tables of the database, files, mails and the output of every command that shows something hold no secret."""
    monkeypatch.chdir(tmp_path)
    port, smtp = servers
    run("init")
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port, smtp=smtp), encoding="utf-8")
    (tmp_path / "smtp.secret").write_text(CANARIES["SMTP_PASSWORD"], encoding="utf-8")
    (tmp_path / "smtp.secret").chmod(0o600)
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value.format(port=port))
    commands = [
        "once",
        "config check",
        "config check",
        "config show",
        "config show --json",
        "status",
        "status --json",
        "doctor",
        "doctor --json",
        "feeds list --json",
    ]
    commands += ["feeds show closed", "deliveries list --json", "deliveries show 1", "deliveries show 2", "deliveries show 3", "db check"]
    commands += ["once --json", "feeds check closed", "subscriptions list --json", "digests list --json", "--config none.toml status"]
    for number, command in enumerate(commands):
        outcome = run(*command.split())
        (tmp_path / f"out-{number}.txt").write_text(f"{command}\n{outcome.out}\n{outcome.err}", encoding="utf-8")
    daemon_lives(tmp_path)
    assert refused(tmp_path) == {"mail", "hook", "chat", "bot"}
    assert leaks(tmp_path) == {}
    assert sum(path.stat().st_size for path in tmp_path.glob("out-*.txt")) > 5000


def daemon_lives(folder: Path) -> None:
    """Runs the daemon for a moment, with its log in a file."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "daemon.log").open("w", encoding="utf-8") as log:
        daemon = subprocess.Popen([sys.executable, "-m", "monitor", "run"], cwd=folder, stdout=log, stderr=log, env=environment)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while "started" not in (folder / "daemon.log").read_text(encoding="utf-8"):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(timeout=PATIENCE_S)


def refused(folder: Path) -> set[str]:
    """The channels that have refused an alarm."""
    store = open_sqlite(folder / "monitor.db")
    try:
        return {row["channel"] for row in store.all("select channel from deliveries where last_error is not null")}
    finally:
        store.close()
