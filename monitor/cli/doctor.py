"""`monitor doctor`: what is wrong, why, and which command mends it."""

from __future__ import annotations

from dataclasses import asdict

import click

from monitor.cli.output import document, item, show
from monitor.cli.session import open_session
from monitor.errors import ConfigError


@click.command()
@document
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Look at configuration, disk, clock, database, daemon, feeds, deliveries and watchlists; name each cause and the command that mends it.

    Exits with 1 when somebody must act, 2 when a file must be corrected, 74 when the database is damaged.

    \b
    Example:
      monitor doctor
    """
    from monitor.config import find_config
    from monitor.doctor import examine

    session = open_session(ctx)
    settings = ctx.find_root().obj or {}
    try:
        path = find_config(settings.get("config_path"))
    except ConfigError:
        path = None
    remarks = examine(path, session.place if settings.get("database") else None, session.now())
    worst = max((remark.exit_code for remark in remarks if remark.level == "problem"), default=0)
    if as_json:
        show({"ok": worst == 0, "remarks": [asdict(remark) for remark in remarks]}, as_json=True)
        return worst
    for remark in remarks:
        word = {"ok": "ok", "note": "note", "problem": "PROBLEM"}[remark.level]
        item(f"{remark.area:<10}  {word:<7}  ", remark.text)
        if remark.mend:
            item(f"{'':<10}  {'':<7}  -> ", remark.mend)
    return worst
