"""`monitor db`: check, migrate and back up the database."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.output import document, say, show
from monitor.cli.session import open_session

_SAID = {
    (True, False): "the database is damaged: keep the file and restore a backup",
    (False, True): "the file is sound, but the delivery promise is broken: report the lines above",
    (False, False): "the database is sound",
}


@click.group()
def db() -> None:
    """Check, migrate and back up the database."""


@db.command()
@document
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> int:
    """Check the file (exit code 74 when it is damaged) and the delivery promise (exit code 1 when a rule of it is broken)."""
    from dataclasses import asdict

    from monitor.store.invariants import check_invariants

    store = open_session(ctx).store
    faults = [row["integrity_check"] for row in store.all("pragma integrity_check") if row["integrity_check"] != "ok"]
    faults += [f"{row['table']}: row {row['rowid']} points to nothing in {row['parent']}" for row in store.all("pragma foreign_key_check")]
    broken = () if faults else check_invariants(store)
    if as_json:
        show({"ok": not faults and not broken, "faults": faults, "broken": [asdict(each) for each in broken]}, as_json=True)
    else:
        for line in (*faults, *(f"{each.rule} ({each.count}x): {'; '.join(each.examples)}" for each in broken)):
            click.echo(line)
        say(_SAID[bool(faults), bool(broken)])
    return 74 if faults else 1 if broken else 0


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
