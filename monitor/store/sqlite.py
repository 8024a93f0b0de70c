"""The SQLite engine, on sqlite-utils: one writing connection, one reading connection per thread, migrations, full-text search.

Rules (RELIABILITY 2.5): WAL, synchronous=FULL, foreign keys, and BEGIN IMMEDIATE for every write: a deferred transaction that turns from
reading to writing fails at once when another commit came between, whatever the busy timeout says.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from monitor.errors import StoreDamaged, StoreNewer, StoreUnwritable
from monitor.lean import hidden
from monitor.store import backups, marker
from monitor.store.disk import drop_ballast
from monitor.store.driver import Row, Value, bindable, savepoint_of
from monitor.store.faults import translated
from monitor.store.schema import MIGRATIONS, Migration, views
from monitor.text import words

# sqlite-utils would learn numpy's and pandas' types: 80 ms and 25 MiB, where only language detection uses numpy.
with hidden("numpy", "pandas"):
    from sqlite_utils import Database, Migrations

APPLICATION_ID = 0x4D4E5452
"""Marks the file as ours ("MNTR")."""

KNOWN_MIGRATIONS = frozenset(migration.name for migration in MIGRATIONS)

_READER_CACHE_KIB = 1024
"""Page cache of each reading connection, of which every worker thread has one; the operating system keeps the file's pages anyway."""

# A text that several papers have is indexed once and found for all of them. The newest first: a rank would have to be computed for all of them.
_SEARCH = """
with found as (select rowid as id from texts_fts where texts_fts match :terms order by rowid desc limit :limit)
select id from (
  select id from found union all select a.id from articles a where a.text_of in (select id from found)
) every order by id desc limit :limit
"""
_DIALECT = MappingProxyType(
    {"key": "integer primary key", "int": "integer", "real": "real", "blob": "blob", "time": "text", "strict": "strict"}
    | {"listed": "group_concat"},
)
KNOWN_VIEWS = views(_DIALECT)
# trusted_schema stays on: with it off SQLite refuses triggers that write to a full-text table.
_PRAGMAS = (
    "foreign_keys=ON",
    "synchronous=FULL",
    "busy_timeout=10000",
    "temp_store=MEMORY",
    "cell_size_check=ON",
    f"journal_size_limit={64 * 1024 * 1024}",
)


class SqliteStore:
    """A store in one file. Open it with `open_sqlite`."""

    engine = "sqlite"
    skip_locked = ""

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self.place = str(path)
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[Database] = []
        self._life = 0
        self._writer = self._connect()
        self._inode = _inode(path)

    def _connect(self) -> Database:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False, cached_statements=512)
        connection.row_factory = sqlite3.Row
        database = Database(connection)
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        return database

    def _reader(self) -> Database:
        if getattr(self._local, "writing", 0):
            return self._writer
        reader: Database | None = getattr(self._local, "reader", None)
        if reader is None or self._local.life != self._life:
            if reader is not None:
                reader.conn.close()
            reader = self._connect()
            reader.conn.execute("pragma query_only=ON")
            reader.conn.execute(f"pragma cache_size={-_READER_CACHE_KIB}")
            self._local.reader = reader
            self._local.life = self._life
            with self._lock:
                self._readers.append(reader)
        return reader

    def reopen(self) -> None:
        """Opens the file anew: after a failed sync nothing that a connection remembers of it can be trusted. Each thread's reader follows.

        Raises StoreError where it cannot be opened; the old connection stays then.
        """
        with self._lock, translated(self.path):
            fresh = self._connect()
            self._writer.conn.close()
            self._writer = fresh
            self._life += 1

    def check_place(self) -> None:
        """Raises StoreDamaged where the file was deleted or replaced since it was opened: what is written to it would be lost."""
        if _inode(self.path) != self._inode:
            raise StoreDamaged(
                f"{self.path} was deleted or replaced while it was in use; stop everything that touches it, then put it back, "
                f"or a backup with `monitor db restore FILE`"
            )

    def all(self, sql: str, /, **values: Value) -> list[Row]:
        with translated(self.path):
            return [dict(row) for row in self._reader().conn.execute(sql, bindable(values)).fetchall()]

    def one(self, sql: str, /, **values: Value) -> Row | None:
        rows = self.all(sql, **values)
        return rows[0] if rows else None

    def run(self, sql: str, /, **values: Value) -> int:
        if not getattr(self._local, "writing", 0):
            raise RuntimeError("run() needs a write() around it")
        with translated(self.path):
            return self._writer.conn.execute(sql, bindable(values)).rowcount

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[None]:
        if getattr(self._local, "writing", 0):
            yield
            return
        with self._lock, self._waiting_for_disk(durable):
            with translated(self.path):
                self._writer.conn.execute("begin immediate")
            self._local.writing = 1
            try:
                yield
                with translated(self.path):
                    self._writer.conn.execute("commit")
            except BaseException as error:
                # A full disk or an I/O error has rolled back by itself; a second rollback would raise and hide the cause.
                if self._writer.conn.in_transaction:
                    with suppress(sqlite3.Error):
                        self._writer.conn.execute("rollback")
                if isinstance(error, StoreUnwritable) and error.full:
                    # Room for what must still be written: that a message was accepted.
                    drop_ballast(self.path)
                raise
            finally:
                self._local.writing = 0

    def savepoint(self) -> AbstractContextManager[None]:
        return savepoint_of(self.run)

    @contextmanager
    def _waiting_for_disk(self, durable: bool) -> Iterator[None]:
        """Lets the commit inside return before the disk has it (synchronous=NORMAL: in WAL mode the file stays sound, its end may be lost)."""
        if durable:
            yield
            return
        self._writer.conn.execute("pragma synchronous=NORMAL")
        try:
            yield
        finally:
            self._writer.conn.execute("pragma synchronous=FULL")

    def search(self, query: str, limit: int) -> list[int]:
        terms = " ".join(f'"{word}"' for word in words(query))
        if not terms:
            return []
        rows = self.all(_SEARCH, terms=terms, limit=limit)
        return [row["id"] for row in rows]

    def migrate(self) -> tuple[str, ...]:
        steps = Migrations("monitor")
        with translated(self.path):
            done = {applied.name for applied in steps.applied(self._writer)}
            for migration in MIGRATIONS:
                steps(name=migration.name)(_apply(migration))
            steps.apply(self._writer)
        return tuple(migration.name for migration in MIGRATIONS if migration.name not in done)

    def now(self) -> None:
        return None

    def number_on(self, tables: Sequence[str]) -> None:
        """SQLite always takes the number after the largest."""

    def missing_migrations(self) -> tuple[str, ...]:
        """Names of this version's migrations that the file has not seen, in order."""
        done = {step.name for step in Migrations("monitor").applied(self._writer)}
        return tuple(migration.name for migration in MIGRATIONS if migration.name not in done)

    def unknown_migrations(self) -> tuple[str, ...]:
        """Names of migrations in the file that this version does not know: it was written by a newer one."""
        return tuple(step.name for step in Migrations("monitor").applied(self._writer) if step.name not in KNOWN_MIGRATIONS)

    def close(self) -> None:
        with self._lock:
            for database in (*self._readers, self._writer):
                database.conn.close()
            self._readers.clear()


def open_sqlite(path: Path) -> SqliteStore:
    """Opens (or makes) the database file, brings it to the newest schema and returns the store.

    Raises StoreDamaged where the file is not a Monitor database, is damaged, or is not what its marker says; StoreNewer where a newer version
    wrote it; StoreUnwritable where the disk refuses.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(path.parent):
            marker.check_present(path)
            store = SqliteStore(path)
            try:
                _check_identity(store)
                _migrate(store)
                store._writer.enable_wal()
                path.chmod(0o600)
                marker.check_same(path, store)
            except BaseException:
                store.close()
                raise
    return store


def _migrate(store: SqliteStore) -> None:
    """Brings the schema up to date, after a backup named after the first missing step: going back to an older version needs it."""
    missing = store.missing_migrations()
    if missing and len(missing) < len(MIGRATIONS):
        target = backups.folder_of(store.path) / f"{store.path.stem}-before-{missing[0]}.db"
        if not target.exists():
            backup_sqlite(store.path, target)
    store.migrate()


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Lets one process at a time set up a database in a folder: SQLite's migrations have no lock of their own over processes."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def backup_sqlite(source: Path, target: Path) -> None:
    """Copies a live database to a new file, checked before it gets its name. Raises StoreError; never overwrites."""
    backups.backup(source, target, APPLICATION_ID)


def _check_identity(store: SqliteStore) -> None:
    with translated(store.path):
        connection = store._writer.conn
        found = connection.execute("pragma application_id").fetchone()[0]
        empty = connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0
        if found == 0 and empty:
            connection.execute(f"pragma application_id={APPLICATION_ID}")
        elif found != APPLICATION_ID:
            raise StoreDamaged(f"{store.path} is not a Monitor database; name another file with --db, or restore a backup")
        elif newer := store.unknown_migrations():
            raise StoreNewer(
                f"{store.path} was written by a newer Monitor (it knows {newer[-1]}); upgrade this program, or put back the backup made "
                f"before that in {backups.folder_of(store.path)}"
            )


def _apply(migration: Migration) -> Callable[[Database], None]:
    def step(database: Database) -> None:
        for statement in migration.statements(_DIALECT):
            database.conn.execute(statement)
        for table in migration.searchable:
            database.table(table).enable_fts(["folded"], create_triggers=True, tokenize="unicode61 remove_diacritics 0")

    return step
