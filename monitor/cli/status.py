"""`monitor status`: what is late, failing or stuck, and since when. Exit code 1 when somebody must act."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from monitor.cli.output import age, document, item, local_time, show
from monitor.cli.session import open_session

if TYPE_CHECKING:
    from monitor.store.workers import Held

SHOWN = 12
"""Troubles shown to a person; the rest is counted."""


@click.command()
@click.option("--alive", is_flag=True, help="Only ask whether the daemon lives and can write (for container health checks).")
@document
@click.pass_context
def status(ctx: click.Context, alive: bool, as_json: bool) -> int:
    """What is late, failing or stuck, and since when. Exits with 1 when somebody must act.

    \b
    Example:
      monitor status --json
    """
    from monitor.health import is_alive, read_health

    session = open_session(ctx)
    now = session.now()
    if alive:
        lives = is_alive(session.store, now, platform.node())
        show({"alive": lives}, as_json)
        return 0 if lives else 1
    health = read_health(session.store, now)
    if as_json:
        found = asdict(health)
        show({"ok": health.ok, "now_at": now, **found.pop("seen"), **found}, as_json=True)
        return 0 if health.ok else 1
    counts = health.counts
    failing = sum(1 for feed in health.seen.feeds if feed.failing_since_at is not None)
    click.echo("all is well" if health.ok else "needs attention")
    for trouble in health.troubles[:SHOWN]:
        since = f" (since {local_time(trouble.since_at)}, {age(trouble.since_at, now)})" if trouble.since_at else ""
        item(f"  {'PROBLEM' if trouble.problem else 'note   '}  ", f"{trouble.text}{since}")
    if (more := len(health.troubles) - SHOWN) > 0:
        click.echo(f"  ...      and {more} more: monitor status --json, monitor feeds list")
    click.echo(f"feeds      {counts['feeds']} active, {failing} failing")
    click.echo(f"articles   {counts['articles']} known, {counts['pending']} to be read, {counts['dead']} unreadable")
    click.echo(f"hits       {counts['hits']} in {counts['stories']} stories")
    click.echo(f"digests    {counts['digests']} planned, {counts['delivered']} deliveries made")
    for worker in health.workers:
        what = f"{', '.join(worker.roles)}; at work {age(worker.started_at, now)}, seen {age(worker.seen_at, now)}"
        item("worker     ", f"{worker.name}: {what}{_holds(worker.holds, now)}")
    for step in health.steps:
        click.echo(f"step       {step.name.ljust(8)} last run {age(step.finished_at, now)}, last without error {age(step.ok_at, now)}")
    return 0 if health.ok else 1


def _holds(holds: tuple[Held, ...], now: datetime) -> str:
    """What a worker holds and since when, the longest first."""
    if not holds:
        return ""
    told = ", ".join(f"{each.what} ({age(each.since_at, now)})" for each in holds[:SHOWN])
    more = len(holds) - SHOWN
    return f"; holds {told}" + (f" and {more} more" if more > 0 else "")
