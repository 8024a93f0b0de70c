"""`monitor run` and `monitor once`: the daemon, and one full cycle for cron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, live, progress, say, show
from monitor.cli.session import Session, open_session
from monitor.errors import StoreError, UsageError

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.daemon import Part
    from monitor.pipeline import App, Counts

STEP_NAMES = ("visit", "match", "group", "regroup", "plan", "alarm", "deliver", "publish", "tidy")


@click.command()
@click.option("--no-articles", is_flag=True, help="Poll feeds only; leave article pages unread.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Instead of the configured one.")
@click.option("--force", is_flag=True, help="Start although the database lies on a network file system.")
@click.option("--ignore-clock", is_flag=True, help="Start although the clock says a time before this program was made.")
@click.option("--roles", metavar="LIST", help="What this worker does of visit, think and deliver, by commas. Default: all.")
@click.option("--shared", is_flag=True, help="Several processes of this machine work on one SQLite file, by leases instead of the lock.")
@click.pass_context
def run(
    ctx: click.Context, no_articles: bool, log_format: str | None, force: bool, ignore_clock: bool, roles: str | None, shared: bool
) -> None:
    """Run the daemon until it is stopped (SIGTERM, or Ctrl-C). It reloads when its files change, or on SIGHUP.

    On PostgreSQL the same command on more machines shares the work.

    \b
    Examples:
      monitor run
      monitor --db postgresql://me@db/monitor run --roles visit,deliver
      monitor run --shared
    """
    import asyncio

    from monitor.daemon import run_daemon, single_instance, take_over

    session = open_session(ctx)
    part = _part(session, roles, shared)
    session.watchlists  # noqa: B018 - every configuration problem is told before anything is touched
    _configure_log(session.config, log_format)
    _refuse_network(session, force)
    _refuse_clock(session, ignore_clock)
    with single_instance(session.place.path, shared=part.shared), live("starting") as status:

        def report(name: str, counts: Counts) -> None:
            done = ", ".join(f"{value} {key}" for key, value in counts.items() if value)
            status(f"{name}: {done}" if done else f"{name}: nothing due")

        def on_config(config: Config) -> None:
            _configure_log(config, log_format)

        if not part.shared:
            take_over(session.store, session.now())
        asyncio.run(run_daemon(session.config, session.store, report, read_articles=not no_articles, part=part, on_config=on_config))


@click.command()
@click.option("--force", is_flag=True, help="Poll every feed now, whatever its schedule says.")
@click.option("--no-articles", is_flag=True, help="Poll feeds only; leave article pages unread.")
@click.option("--only", type=click.Choice(STEP_NAMES), help="Run one step only.")
@document
@click.pass_context
def once(ctx: click.Context, force: bool, no_articles: bool, only: str | None, as_json: bool) -> int:
    """Run one full cycle, then exit (for cron). Exits with 1 when a step failed or no feed answered.

    \b
    Example:
      monitor once --force
    """
    from dataclasses import replace

    from monitor import pipeline
    from monitor.alarms.step import look
    from monitor.app import new_id
    from monitor.daemon import single_instance, take_over
    from monitor.ping import ping
    from monitor.store.feeds import make_due
    from monitor.store.marker import keep_marker

    session = open_session(ctx)
    session.watchlists  # noqa: B018 - every configuration problem is told before anything is touched
    _configure_log(session.config, None)
    _refuse_network(session, forced=False)
    _refuse_clock(session, forced=False)
    with single_instance(session.place.path), progress(None, "cycle") as advance:

        async def cycle(app: App) -> Counts:
            if force:
                make_due(app.store, app.clock())
            quiet = replace(app, read_articles=not no_articles)
            counts = await pipeline.once(quiet, only, report=lambda *_: advance())
            if only is None and not any(name.endswith(".failed") for name in counts):
                await ping(app.direct_door, app.config.alarm)
            return counts

        if session.place.path is not None:
            take_over(session.store, session.now())
        counts = session.run(cycle)
        if session.place.path is not None:
            keep_marker(session.place.path, session.store, new_id, session.now())
    feeds = look(session.store, session.now()).feeds
    unreachable = bool(feeds) and all(feed.failing_since_at is not None for feed in feeds if feed.state == "active")
    failed = any(name.endswith(".failed") for name in counts) or bool(counts.get("publish.skipped"))
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


def _configure_log(config: Config, form: str | None) -> None:
    from monitor.config.present import secrets_in
    from monitor.log import configure

    configure(config.log.level, form or config.log.format, secrets_in(config))


def _part(session: Session, roles: str | None, shared: bool) -> Part:
    from monitor.daemon import Part
    from monitor.pipeline import ROLES

    several = shared or session.place.path is None
    wanted = tuple(role.strip() for role in roles.split(",")) if roles else tuple(ROLES)
    if unknown := [role for role in wanted if role not in ROLES]:
        raise UsageError(f"--roles: there is no role {unknown[0]!r}; choose of {', '.join(ROLES)}")
    if len(set(wanted)) < len(ROLES) and not several:
        raise UsageError("--roles divides the work among several workers: give --shared too, or use a PostgreSQL database")
    return Part(roles=tuple(role for role in ROLES if role in wanted), shared=several)


def _refuse_network(session: Session, forced: bool) -> None:
    from monitor.store.disk import file_system, is_network

    if session.place.path is None:
        return
    folder = session.place.path.parent
    kind = file_system(folder)
    if is_network(kind) and not (forced or session.config.storage.network):
        raise StoreError(
            f"{folder} lies on a network file system ({kind}): a database there is damaged sooner or later. Name a place on a disk of this "
            f"machine with `database` or --db; if only this machine ever opens it, set storage.network = true"
        )


def _refuse_clock(session: Session, forced: bool) -> None:
    from monitor.hours import EARLIEST_NOW

    now = session.now()
    if now < EARLIEST_NOW and not forced:
        raise UsageError(
            f"the clock says {now:%Y-%m-%d}, before this program was made: schedules and dates would all be wrong. Set the clock; "
            f"`monitor run --ignore-clock` starts all the same"
        )
