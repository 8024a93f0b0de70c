"""`monitor run` and `monitor once`: the daemon, and one full cycle for cron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, live, progress, say, show
from monitor.cli.session import Session, open_session

if TYPE_CHECKING:
    from monitor.pipeline import App, Counts

STEP_NAMES = ("visit", "match", "group", "plan", "deliver", "tidy")


@click.command()
@click.option("--no-articles", is_flag=True, help="Poll feeds only; leave article pages unread.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Instead of the configured one.")
@click.pass_context
def run(ctx: click.Context, no_articles: bool, log_format: str | None) -> None:
    """Run the daemon until it is stopped (SIGTERM, or Ctrl-C)."""
    import asyncio

    from monitor.daemon import run_daemon, single_instance, take_over

    session = open_session(ctx)
    session.watchlists  # noqa: B018 - every configuration problem is told before anything is touched
    _configure_log(session, log_format)
    with single_instance(session.store_path), live("starting") as status:

        def report(name: str, counts: Counts) -> None:
            done = ", ".join(f"{value} {key}" for key, value in counts.items() if value)
            status(f"{name}: {done}" if done else f"{name}: nothing due")

        take_over(session.store, session.now())
        asyncio.run(run_daemon(session.config, session.store, report, read_articles=not no_articles))


@click.command()
@click.option("--force", is_flag=True, help="Poll every feed now, whatever its schedule says.")
@click.option("--no-articles", is_flag=True, help="Poll feeds only; leave article pages unread.")
@click.option("--only", type=click.Choice(STEP_NAMES), help="Run one step only.")
@document
@click.pass_context
def once(ctx: click.Context, force: bool, no_articles: bool, only: str | None, as_json: bool) -> int:
    """Run one full cycle, then exit (for cron). Exits with 1 when a step failed or no feed answered."""
    from dataclasses import replace

    from monitor import pipeline
    from monitor.daemon import single_instance, take_over
    from monitor.health import read_health
    from monitor.store.feeds import make_due

    session = open_session(ctx)
    session.watchlists  # noqa: B018 - every configuration problem is told before anything is touched
    _configure_log(session, None)
    with single_instance(session.store_path), progress(None, "cycle") as advance:

        async def cycle(app: App) -> Counts:
            if force:
                make_due(app.store, app.clock())
            quiet = replace(app, read_articles=not no_articles)
            return await pipeline.once(quiet, only, report=lambda *_: advance())

        take_over(session.store, session.now())
        counts = session.run(cycle)
    health = read_health(session.store, session.now())
    unreachable = bool(health.feeds) and all(feed.failing_since_at is not None for feed in health.feeds if feed.state == "active")
    failed = any(name.endswith(".failed") for name in counts)
    if as_json:
        show({"ok": not (failed or unreachable), "counts": counts}, as_json=True)
    else:
        for name, value in counts.items():
            if value:
                say(f"{name.replace('.', ': ')} {value}")
    if failed or unreachable:
        say("a step failed, or no feed answered: see `monitor status`")
        return 1
    return 0


def _configure_log(session: Session, form: str | None) -> None:
    from monitor.log import configure

    settings = session.config.log
    configure(settings.level, form or settings.format, session.secrets())
