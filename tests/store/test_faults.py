"""Faults of the disk under a store: full, too small a limit, read-only, overwritten, deleted (RELIABILITY 3 B)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import StoreDamaged, StoreError, StoreUnwritable
from monitor.store.checks import faults
from monitor.store.disk import ballast_of, lay_ballast
from monitor.store.faults import translated
from monitor.store.sqlite import SqliteStore, open_sqlite
from monitor.store.steps import fact, set_fact

pytestmark = pytest.mark.engines("sqlite")

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534


def fill(store: SqliteStore, most: int = 4000) -> int:
    """Writes rows of 1 kB until the disk refuses, and returns how many were acknowledged."""
    for number in range(most):
        try:
            set_fact(store, f"n{number}", "x" * 1000)
        except StoreUnwritable:
            return number
    raise AssertionError("the disk never refused")


def held(store: SqliteStore) -> int:
    row = store.one("select count(*) as n from meta where name like 'n%'")
    assert row is not None
    return int(row["n"])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    if os.geteuid() != 0:
        pytest.skip("SKIPPED: mounting a small disk needs root; the file-size limit of case 24 covers the same code")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"SKIPPED: no tmpfs may be mounted here: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_NOMEM, sqlite3.SQLITE_IOERR_SHMMAP])
def test_case_19_want_of_memory_is_called_so(tmp_path: Path, code: int) -> None:
    """SQLite speaks of the disk where the system gives it no memory: people are told to look for memory."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    with pytest.raises(StoreUnwritable, match="out of memory") as told, translated(tmp_path / "monitor.db"):
        raise error
    assert not told.value.full


def test_case_22_full_disk_and_back(small_disk: Path) -> None:
    """A full disk is told as such, keeps every acknowledged row and no partial one, and when space returns the same store goes on."""
    store = open_sqlite(small_disk / "monitor.db")
    kept = fill(store)
    assert held(store) == kept
    with pytest.raises(StoreUnwritable, match="full") as told:
        set_fact(store, "big", "x" * 100_000)
    assert told.value.full
    subprocess.run(["mount", "-o", "remount,size=12m", str(small_disk)], check=True)
    set_fact(store, "big", "x" * 100_000)
    assert (held(store), faults(store.path, thorough=True)) == (kept, ())
    store.close()


def test_case_23_the_ballast_makes_room_for_the_settle(small_disk: Path) -> None:
    """Where the disk is full between send and settle the ballast goes, and the next small writes go through."""
    store = open_sqlite(small_disk / "monitor.db")
    assert lay_ballast(store.path)
    fill(store)
    assert not ballast_of(store.path).exists()
    set_fact(store, "settled", "yes")
    assert fact(store, "settled") == "yes"
    store.close()


def test_a_disk_too_full_for_the_ballast_keeps_nothing_of_it(small_disk: Path) -> None:
    """A ballast that does not fit is not left half written."""
    (small_disk / "taken").write_bytes(b"x" * (2 * 1024 * 1024 + 500_000))
    assert not lay_ballast(small_disk / "monitor.db")
    assert not ballast_of(small_disk / "monitor.db").exists()


LIMITED = """
import pathlib, resource, signal, sys
from monitor.errors import StoreUnwritable
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import set_fact
store = open_sqlite(pathlib.Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, resource.RLIM_INFINITY))
for number in range(4000):
    try:
        set_fact(store, f"n{number}", "x" * 1000)
    except StoreUnwritable as error:
        assert error.full, error
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
set_fact(store, "after", "1")
print(number)
"""


def test_case_24_file_size_limit(tmp_path: Path) -> None:
    """A file-size limit is met as a full disk: the write is refused whole, and once lifted the same store goes on."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "a.db")], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    store = open_sqlite(tmp_path / "a.db")
    assert held(store) == int(done.stdout)
    assert fact(store, "after") == "1"
    assert faults(store.path, thorough=True) == ()
    store.close()


WRITE_ONE = """
import pathlib, sys
from monitor.cli import main
sys.argv = ["monitor", "--db", sys.argv[1], "db", "migrate"]
main()
"""


def test_case_28_read_only_at_start(tmp_path: Path) -> None:
    """For a user who may not write there the start ends with 1 and names the file, the folder's owner and the user."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("SKIPPED: another user is needed to see missing rights (root and setpriv)")
    open_sqlite(tmp_path / "monitor.db").close()
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    (tmp_path / "monitor.db").chmod(0o644)
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", "--clear-groups", sys.executable, "-c", WRITE_ONE, str(tmp_path / "monitor.db")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "ModuleNotFoundError" in done.stderr or "Permission denied" in done.stderr.split("\n")[0]:
        pytest.skip("SKIPPED: the checkout cannot be read by another user")
    assert done.returncode == 1, done.stderr
    assert "monitor.db" in done.stderr
    assert f"user {NOBODY}" in done.stderr
    assert "Traceback" not in done.stderr


def test_case_28_read_only_in_use(tmp_path: Path) -> None:
    """A database whose writes are refused in use is unwritable, not damaged; reading goes on, and so does writing afterwards."""
    store = open_sqlite(tmp_path / "monitor.db")
    set_fact(store, "a", "1")
    store._writer.conn.execute("pragma query_only=ON")
    with pytest.raises(StoreUnwritable) as told:
        set_fact(store, "a", "2")
    assert not told.value.full
    assert fact(store, "a") == "1"
    store.reopen()
    set_fact(store, "a", "3")
    assert fact(store, "a") == "3"
    store.close()


def test_case_26_after_a_failed_sync_the_file_is_opened_anew(store: SqliteStore) -> None:
    """Opening anew gives every thread a fresh connection and loses nothing that was acknowledged."""
    set_fact(store, "a", "1")
    before = store._reader()
    store.reopen()
    assert store._reader() is not before
    assert fact(store, "a") == "1"
    with pytest.raises(sqlite3.ProgrammingError):
        before.conn.execute("select 1")


def test_case_29_a_writer_waits_for_another_and_says_so(store: SqliteStore) -> None:
    """A lock held too long is neither damage nor a full disk; readers never wait for it."""
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("begin immediate")
    store._writer.conn.execute("pragma busy_timeout=10")
    with pytest.raises(StoreError, match="locked") as told:
        set_fact(store, "a", "1")
    assert not isinstance(told.value, (StoreUnwritable, StoreDamaged))
    assert fact(store, "a") is None
    other.execute("rollback")
    other.close()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_case_31_overwritten_pages(tmp_path: Path, share: float) -> None:
    """Random bytes over pages of the file are found by the check, told with exit code 74 where they are met, and left as they are."""
    path = tmp_path / "monitor.db"
    store = open_sqlite(path)
    for number in range(400):
        set_fact(store, f"n{number}", "x" * 1000)
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(size * share) // 4096 * 4096)
        file.write(bytes(range(256)) * 64)
    found = path.read_bytes()
    assert faults(path)
    try:
        opened = open_sqlite(path)
    except StoreDamaged as error:
        assert error.exit_code == 74
        assert "monitor db restore" in str(error)
    else:
        opened.close()
    assert path.read_bytes() == found


def test_case_31_truncated_file(tmp_path: Path) -> None:
    """A file cut short is damaged, not empty."""
    path = tmp_path / "monitor.db"
    store = open_sqlite(path)
    for number in range(400):
        set_fact(store, f"n{number}", "x" * 1000)
    store.close()
    os.truncate(path, path.stat().st_size // 2)
    assert faults(path)


def test_case_33_a_cut_or_lost_log_leaves_a_sound_file(tmp_path: Path) -> None:
    """Without the end of its write-ahead log, or all of it, the database holds a prefix of what was written and passes its check."""
    for kept in (0.0, 0.3, 0.7):
        folder = tmp_path / str(kept)
        folder.mkdir()
        store = open_sqlite(folder / "a.db")
        store._writer.conn.execute("pragma wal_autocheckpoint=0")
        for number in range(50):
            set_fact(store, f"n{number}", "x" * 1000)
        copy = folder / "copy.db"
        shutil.copy(store.path, copy)
        log = (folder / "a.db-wal").read_bytes()
        if kept:
            (folder / "copy.db-wal").write_bytes(log[: int(len(log) * kept)])
        store.close()
        opened = open_sqlite(copy)
        rows = [int(row["name"][1:]) for row in opened.all("select name from meta where name like 'n%'")]
        assert sorted(rows) == list(range(len(rows)))
        assert faults(copy, thorough=True) == ()
        opened.close()


def test_case_32_deleted_while_running(store: SqliteStore) -> None:
    """A database deleted or replaced under the open store is noticed by its inode."""
    store.check_place()
    moved = store.path.with_name("moved.db")
    store.path.rename(moved)
    with pytest.raises(StoreDamaged, match="deleted or replaced"):
        store.check_place()
    shutil.copy(moved, store.path)
    with pytest.raises(StoreDamaged, match="deleted or replaced"):
        store.check_place()


SYNC_FAILS = """
import pathlib, sys
from monitor.errors import StoreUnwritable
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import set_fact
store = open_sqlite(pathlib.Path(sys.argv[1]))
refused = 0
acknowledged = []
for number in range(40):
    try:
        set_fact(store, f"n{number}", "x" * 1000)
        acknowledged.append(number)
    except StoreUnwritable:
        refused += 1
        store.reopen()
print(refused, ",".join(map(str, acknowledged)))
"""


@pytest.mark.parametrize("injection", ["fdatasync:error=EIO:when=10+5", "pwrite64:error=ENOSPC:when=40+7"], ids=["case_26", "case_25"])
def test_writes_that_fail_now_and_then(tmp_path: Path, injection: str) -> None:
    """With failing syncs or writes each refused fact is told, each acknowledged one is there, and the file stays sound."""
    if shutil.which("strace") is None:
        pytest.skip("SKIPPED: strace is not installed; failing system calls cannot be injected")
    path = tmp_path / "a.db"
    open_sqlite(path).close()
    call = injection.partition(":")[0]
    tracing = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={injection}"]
    command = [*tracing, sys.executable, "-c", SYNC_FAILS, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if "Operation not permitted" in done.stderr:
        pytest.skip("SKIPPED: strace may not trace here")
    assert done.returncode == 0, done.stderr
    refused, _, acknowledged = done.stdout.strip().partition(" ")
    assert int(refused) > 0
    store = open_sqlite(path)
    rows = {int(row["name"][1:]) for row in store.all("select name from meta where name like 'n%'")}
    assert rows >= {int(number) for number in acknowledged.split(",")}
    assert faults(path, thorough=True) == ()
    store.close()


def test_a_write_that_need_not_last_fails_and_the_next_ones_last(tmp_path: Path) -> None:
    """On a full disk a write with `durable=False` is a fault like any other, and afterwards commits wait for the disk again."""
    path = tmp_path / "monitor.db"
    open_sqlite(path).close()
    done = subprocess.run([sys.executable, "-c", _NOT_DURABLE, str(path)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.split() == ["refused", "2", "False"], done.stderr


_NOT_DURABLE = """
import resource, signal, sys
from pathlib import Path
from monitor.errors import StoreUnwritable
from monitor.store.sqlite import open_sqlite
from monitor.store.steps import set_fact
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_sqlite(Path(sys.argv[1]))
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 60_000, resource.RLIM_INFINITY))
try:
    for number in range(1000):
        with store.write(durable=False):
            store.run("insert into meta(name, value) values (:name, :value)", name=f"n{number}", value="x" * 1000)
except StoreUnwritable:
    print("refused")
print(store._writer.conn.execute("pragma synchronous").fetchone()[0], store._writer.conn.in_transaction)
"""
