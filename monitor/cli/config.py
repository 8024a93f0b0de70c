"""`monitor config`: check the configuration, show what is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from monitor.cli.output import document, plain, say, show
from monitor.cli.session import open_session


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@document
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Check config.toml, its watchlists and its templates. Tells every problem at once and exits with 2 when there is one.

    \b
    Example:
      monitor config check
    """
    from monitor.digests.remote import remote_loads

    session = open_session(ctx)
    found = session.config
    watchlists = session.watchlists
    templates = [name for name, _ in session.templates.sources]
    nameless = not found.fetch.contact and not found.fetch.user_agent
    notes = ["fetch.contact is empty; name an address so that site owners can reach you"] if nameless else []
    notes += [str(each) for each in remote_loads(session.templates)]
    if as_json:
        names = {"watchlists": [each.id for each in watchlists], "templates": templates, "notes": notes}
        show({"ok": True, "file": str(found.source), "feeds": len(found.feed), **names}, as_json=True)
        return
    counts: dict[str, Sequence[object]] = {"feed": found.feed, "watchlist": watchlists, "channel": found.channel}
    counts |= {"subscription": found.subscription} | ({"template": templates} if templates else {})
    listed = ", ".join(f"{len(rows)} {noun}{'' if len(rows) == 1 else 's'}" for noun, rows in counts.items())
    say(f"{found.source}: {listed}: fine")
    for note in notes:
        say(f"note: {note}")


@config.command("show")
@document
@click.pass_context
def show_config(ctx: click.Context, as_json: bool) -> None:
    """Show every value in force, defaults included; secrets masked.

    \b
    Example:
      monitor config show --json
    """
    from monitor.config.present import effective

    values = effective(open_session(ctx).config)
    if as_json:
        show(values, as_json=True)
        return
    for path, value in _flat(values):
        click.echo(f"{path} = {plain(value)}")


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in values.items():
        path = f"{prefix}.{name}" if prefix else name
        rows += _flat(value, path) if isinstance(value, dict) and value else [(path, value)]
    return rows
