"""`monitor db`: check, migrate, back up and restore the database."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, emit, progress, say, show
from monitor.cli.session import Session, open_session
from monitor.errors import StoreError, UsageError
from monitor.place import for_shell

if TYPE_CHECKING:
    from monitor.store.backups import Window

_SAID = {
    (True, False): "damaged: keep the file and put a backup in its place with `monitor db restore FILE`",
    (False, True): "the file is sound, but the delivery promise is broken: report the lines above",
    (False, False): "sound",
}


@click.group()
def db() -> None:
    """Check, migrate, back up and restore the database."""


@db.command()
@document
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> int:
    """Look through the whole file (exit code 74 when it is damaged, emptied or replaced) and at the delivery promise (1 when a rule is broken).

    On PostgreSQL, whose files are the server's (pg_amcheck), at the promise alone.

    \b
    Example:
      monitor db check
    """
    from dataclasses import asdict

    from monitor.errors import StoreDamaged
    from monitor.store.invariants import Broken, check_invariants

    session = open_session(ctx)
    found = [] if session.place.path is None else _faults(session.place.path)
    broken: tuple[Broken, ...] = ()
    if not found:
        try:
            broken = check_invariants(session.store)
        except StoreDamaged as error:
            found = [str(error)]
    if as_json:
        show({"ok": not found and not broken, "faults": found, "broken": [asdict(each) for each in broken]}, as_json=True)
    else:
        for line in (*found, *(f"{each.rule} ({each.count}x): {'; '.join(each.examples)}" for each in broken)):
            click.echo(line)
        say(f"{session.place}: {_SAID[bool(found), bool(broken)]}")
    return 74 if found else 1 if broken else 0


def _faults(path: Path) -> list[str]:
    from monitor.store.checks import faults
    from monitor.store.marker import check_present

    check_present(path)
    if not path.is_file():
        raise StoreError(f"{path} does not exist yet; the first `monitor run` or `monitor once` makes it")
    return list(faults(path, thorough=True))


@db.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the database to this version's schema (also done at every start, for a file after a backup).

    \b
    Example:
      monitor db migrate
    """
    from monitor.store.schema import MIGRATIONS

    session = open_session(ctx)
    session.store  # noqa: B018 - opening it brings it to the newest schema
    say(f"{session.place}: the schema is at {MIGRATIONS[-1].name}")


@db.command()
@click.argument("target", required=False, type=click.Path(path_type=Path, dir_okay=False))
@document
@click.pass_context
def backup(ctx: click.Context, target: Path | None, as_json: bool) -> None:
    """Write a checked copy of the running database to TARGET, or with a date into the folder backups, where few are kept.

    A database on a PostgreSQL server is backed up with pg_dump; the command is told.

    \b
    Example:
      monitor db backup before-the-move.db
    """
    from monitor.store import backups
    from monitor.store.sqlite import backup_sqlite

    session = open_session(ctx)
    if session.place.path is None:
        name = target or f"monitor-{session.now():%Y%m%dT%H%M%SZ}.dump"
        raise UsageError(f"a server is backed up with its own tool: pg_dump --format=custom --file={name} {for_shell(session.place)}")
    path = session.place.path
    session.store  # noqa: B018 - a file that is no database of ours is told so
    made = target or backups.folder_of(path) / backups.dated_name(path, session.now())
    backup_sqlite(path, made)
    removed = backups.prune(path, _kept(session)) if target is None else ()
    if as_json:
        show({"file": str(made), "bytes": made.stat().st_size, "removed": [str(each) for each in removed]}, as_json=True)
    else:
        say(f"{made}: written and checked")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do it. Without this option it is only said what would happen.")
@document
@click.pass_context
def restore(ctx: click.Context, file: Path, yes: bool, as_json: bool) -> int:
    """Put the backup FILE in the place of the database; what is there now is kept under another name. The daemon must be stopped.

    \b
    Example:
      monitor db restore backups/monitor-20261126T020000Z.db --yes
    """
    from monitor.daemon import single_instance
    from monitor.store import backups
    from monitor.store.sqlite import APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS

    session = open_session(ctx)
    if session.place.path is None:
        raise UsageError(
            f"a server is restored with its own tool, while no worker runs: pg_restore --clean --if-exists --no-owner "
            f"--dbname={for_shell(session.place)} {file}"
        )
    path = session.place.path
    with single_instance(path):
        if path.exists() and file.exists() and path.samefile(file):
            raise UsageError(f"{file} is the database itself; name a backup")
        backups.check_backup(file, APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS)
        window = backups.window(path, file)
        _tell(window)
        aside = backups.restore(path, file, APPLICATION_ID, KNOWN_MIGRATIONS, KNOWN_VIEWS, session.now()) if yes else None
        if yes:
            _mark(session)
    if as_json:
        kept = None if aside is None else str(aside)
        show({"restored": yes, "kept": kept, "ends_at": window.backup_ends_at, "sent_since": window.sent}, as_json=True)
    elif yes:
        say(f"{path}: restored from {file}" + (f"; what was there is kept as {aside.name}" if aside else ""))
    else:
        say("nothing was changed; run it again with --yes")
    return 0 if yes else 2


@db.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@document
@click.pass_context
def tidy(ctx: click.Context, dry_run: bool, as_json: bool) -> None:
    """Remove what is kept for a time only: old texts that matched nothing, old rows of the log. The daemon does it once a day.

    Hits with their texts, stories, digests, deliveries and everything by which news is known again stay for ever.

    \b
    Example:
      monitor db tidy --dry-run
    """
    from monitor.pipeline import keeping
    from monitor.store import retention

    session = open_session(ctx)
    kept = keeping(session.config) if session.configured else retention.Keeping()
    store, now = session.store, session.now()
    counts = retention.stale(store, kept, now) if dry_run else retention.sweep(store, kept, now, most_batches=1_000_000)
    rows = [{"name": rule.name, "rows": counts[rule.name], "kept_days": rule.days(kept), "what": rule.what} for rule in retention.RULES]
    stays = [{"table": table, "rows": n, "why": retention.STAYS[table]} for table, n in retention.sizes(store).items()]
    if as_json:
        show({"dry_run": dry_run, "goes": rows, "stays": stays}, as_json=True)
        return
    emit(rows, ("name", "rows", "kept_days", "what"))
    emit(stays, ("table", "rows", "why"))
    say(
        f"{sum(counts.values())} rows {'would go; nothing was changed' if dry_run else 'went; the file keeps its size and fills the room again'}"
    )


def _mark(session: Session) -> None:
    from monitor.app import new_id
    from monitor.store.marker import keep_marker

    keep_marker(session.store_path, session.store, new_id, session.now())


def _tell(window: Window) -> None:
    ends = window.backup_ends_at or "nothing"
    if window.sent is None:
        say(
            f"the last delivery this backup knows of: {ends}. The present database cannot be asked: whatever was sent since may be sent again"
        )
    elif window.sent:
        say(
            f"{window.sent} deliveries were made after this backup, from {ends} to {window.present_ends_at}: what they told may be sent again, "
            f"under another identity"
        )
    else:
        say(f"nothing was sent after this backup (last delivery: {ends}): nothing will be sent twice")


def _kept(session: Session) -> int:
    from monitor.store.backups import KEPT

    return session.config.storage.backups_kept if session.configured else KEPT


@db.command(name="copy")
@click.option("--from", "source", required=True, metavar="FILE|ADDRESS", help="Where the history is.")
@click.option("--to", "target", required=True, metavar="FILE|ADDRESS", help="An empty database, or one that an earlier copy began to fill.")
@document
def copy_(source: str, target: str, as_json: bool) -> None:
    """Move a whole history from a file to a PostgreSQL server, or back. Numbers stay; counts and checksums of every table are compared.

    Nothing may write to either meanwhile: stop the daemon first. Broken off, the same command goes on where it was. The source is left as it is.

    \b
    Example:
      monitor db copy --from monitor.db --to postgresql://me@db/monitor
    """
    from dataclasses import asdict

    from monitor.daemon import single_instance
    from monitor.place import place_of
    from monitor.store.copying import copy
    from monitor.store.opening import open_store

    try:
        places = place_of(source, Path()), place_of(target, Path())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if places[0].path is not None and not places[0].path.is_file():
        raise UsageError(f"{places[0]} does not exist; name the database to copy from")
    if places[0] == places[1]:
        raise UsageError("name two different databases")
    with ExitStack() as opened:
        for place in places:
            opened.enter_context(single_instance(place.path))
        stores = [opened.enter_context(closing(open_store(place))) for place in places]
        done = copy(stores[0], stores[1], opened.enter_context(progress(None, "rows")))
    if as_json:
        show({"ok": True, "tables": [asdict(each) for each in done]}, as_json=True)
        return
    for each in done:
        if each.rows:
            say(f"{each.table}: {each.rows} rows, {each.now} of them copied now; checksum {each.checksum[:12]} on both sides")
    say(f"{places[1]} holds all that {places[0]} holds; name it as `database` in config.toml, then start the workers")
