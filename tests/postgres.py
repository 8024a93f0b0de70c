"""A PostgreSQL server for the tests: one that MONITOR_TEST_PG names, or one started here, as any user, in a folder that goes with it.

Each test worker has a server of its own and each test a database of its own, made from a template that is migrated once. The server does not wait for
the disk: durability is the subject of tests that say so.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

ENGINES = ("sqlite", "postgres")
_PLACES = ("/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/pgsql-*")
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_wal_size=256MB", "autovacuum=off", "max_connections=100")
_SOCKET = ("listen_addresses=", "unix_socket_permissions=0777")
# The server ends when this process does, however that ends: its standard input is closed then. QUIT is PostgreSQL's immediate stop.
_LEASH = '"$@" & server=$!; cat >/dev/null; kill -QUIT $server 2>/dev/null; wait $server'
_names = count(1)


class Missing(Exception):
    """No server can be had here: the message says why and what to install."""


class Server:
    """A PostgreSQL server in a folder of its own, made in `where` (in memory if there is room).

    `user` is whom it runs as where this process is root: PostgreSQL refuses root.
    """

    def __init__(self, settings: tuple[str, ...] = QUICK, where: str | None = None) -> None:
        self.programs = programs()
        self.user = _other_user() if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="monitor-pg-", dir=where or _memory()))
        self.settings = settings
        self._leash: subprocess.Popen[bytes] | None = None
        if self.user:
            shutil.chown(self.folder, self.user)
        self.folder.chmod(0o755)
        self._call("initdb", "-D", str(self.data), "-U", "monitor", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, *settings: str) -> None:
        """Starts the server, with more settings than it was made with, and waits until it answers."""
        options = [word for each in (*_SOCKET, *self.settings, *settings) for word in ("-c", each)]
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.folder), *options]
        with (self.folder / "log").open("ab") as log:
            self._leash = subprocess.Popen(
                ["/bin/sh", "-c", _LEASH, "sh", *command], stdin=subprocess.PIPE, stdout=log, stderr=log, **self._as()
            )
        for _ in range(600):
            ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder), "-t", "1"]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            if self._leash.poll() is not None:
                break
            subprocess.run(["sleep", "0.05"], check=True)
        raise Missing(f"the PostgreSQL in {self.programs} does not start: {(self.folder / 'log').read_text()[-500:]}")

    def stop(self) -> None:
        """Stops the server as a crash would (`pg_ctl -m immediate`)."""
        if self._leash is not None and self._leash.stdin is not None:
            self._leash.stdin.close()
            self._leash.wait(30)
            self._leash = None

    def remove(self) -> None:
        """Stops the server and removes all it left."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, database: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://monitor@/{database}?host={self.folder}"

    def _call(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(self.programs / program), *arguments], capture_output=True, check=False, cwd="/", **self._as())
        if done.returncode:
            raise Missing(f"{program} fails: {done.stderr.decode()[-500:]}")

    def _as(self) -> dict[str, Any]:
        return {"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if self.user else {}


def _memory() -> str | None:
    """A folder in memory where there is one with room: hundreds of small databases come and go."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**31 else None


def programs() -> Path:
    """The folder of the server's programs. Raises Missing."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    for place in _PLACES:
        root = Path(place)
        places += sorted(root.parent.glob(f"{root.name}/**/bin"), key=lambda each: each.parent.name.zfill(8), reverse=True)
    for each in places:
        if (each / "initdb").exists() and (each / "postgres").exists():
            return each
    raise Missing("no PostgreSQL server is installed; run: apt-get install postgresql (or brew install postgresql)")


def _other_user() -> str:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise Missing("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@cache
def _template() -> tuple[Server | None, str]:
    """The server of this process (None: it is somebody else's) and the address of any of its databases with `{}` for the name."""
    try:
        from monitor.store.postgres import open_postgres
    except ImportError as error:
        raise Missing(f"the driver is not installed ({error}); run: pip install '.[postgres]'") from error
    given = os.environ.get("MONITOR_TEST_PG")
    server = None if given else Server()
    if server is not None:
        atexit.register(server.remove)
    base = given or server.address("postgres")
    copy(base, "template0", template())
    open_postgres(with_database(base, template())).close()
    return server, base


def template() -> str:
    """The name of this process's database at the newest schema, which others are copied from."""
    return f"template_{os.getpid()}"


def with_database(address: str, name: str) -> str:
    """An address with another database's name."""
    before, mark, query = address.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{mark}{query}"


def _do(address: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql)


def server_address() -> str:
    """The address of this process's server, at its first database. Skips the test, or fails it where CI asks for PostgreSQL."""
    try:
        return _template()[1]
    except Missing as missing:
        told = f"SKIPPED: the tests on PostgreSQL did not run: {missing}"
        if os.environ.get("CI") == "true" or os.environ.get("MONITOR_REQUIRE_PG"):
            pytest.fail(told)
        print(told, file=sys.stderr)
        pytest.skip(told)


@contextmanager
def database(*, empty: bool = False) -> Iterator[str]:
    """The address of a new database at the newest schema (or without any), dropped at the end."""
    base = server_address()
    name = f"test_{os.getpid()}_{next(_names)}"
    copy(base, "template0" if empty else template(), name)
    try:
        yield with_database(base, name)
    finally:
        drop(base, name)


def copy(base: str, source: str, name: str) -> None:
    """Makes a database as a copy of another one of the same server; nobody may be connected to that."""
    _do(base, f"create database {name} template {source}")


def drop(base: str, name: str) -> None:
    """Removes a database, whoever is connected to it."""
    _do(base, f"drop database if exists {name} with (force)")
