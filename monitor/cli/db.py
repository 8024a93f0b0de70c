"""`monitor db`: check, migrate and back up the database."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.output import document, say, show
from monitor.cli.session import open_session


@click.group()
def db() -> None:
    """Check, migrate and back up the database."""


@db.command()
@document
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> int:
    """Run SQLite's own integrity check and look for dangling references. Exits with 74 when the file is damaged."""
    store = open_session(ctx).store
    faults = [row["integrity_check"] for row in store.all("pragma integrity_check") if row["integrity_check"] != "ok"]
    faults += [f"{row['table']}: row {row['rowid']} points to nothing in {row['parent']}" for row in store.all("pragma foreign_key_check")]
    if as_json:
        show({"ok": not faults, "faults": faults}, as_json=True)
    else:
        for fault in faults:
            click.echo(fault)
        say("the database is damaged: keep the file and restore a backup" if faults else "the database is sound")
    return 74 if faults else 0


@db.command()
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Bring the database to this version's schema (also done at every start)."""
    store = open_session(ctx).store
    names = [row["name"] for row in store.all("select name from _sqlite_migrations order by id")]
    say(f"schema is at {names[-1]}")


@db.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(ctx: click.Context, target: Path) -> None:
    """Write a consistent copy of the running database to TARGET; never overwrites."""
    from monitor.store.sqlite import backup_sqlite

    session = open_session(ctx)
    backup_sqlite(session.store_path, target)
    say(f"{target}: written and checked")
