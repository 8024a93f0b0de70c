"""`monitor web`: the dashboard alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, emit, say
from monitor.cli.session import open_session

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from monitor.web.desk import Desk


@click.group(invoke_without_command=True)
@click.option("--listen", metavar="HOST:PORT", help="Instead of web.listen; port 0 takes a free one.")
@click.option("--show-token", is_flag=True, help="Print what one logs in with, and exit.")
@click.pass_context
def web(ctx: click.Context, listen: str | None, show_token: bool) -> None:
    """Open the dashboard on its own, also while no daemon runs. `monitor run` opens it by itself where web.enabled is true.

    \b
    Examples:
      monitor web
      monitor web --listen 127.0.0.1:0
      monitor web --show-token
    """
    if ctx.invoked_subcommand is not None:
        return
    import asyncio

    from monitor.app import new_id, new_token, now
    from monitor.config import listening
    from monitor.config.present import secrets_in
    from monitor.log import configure
    from monitor.web.desk import Desk
    from monitor.web.front import page_threads
    from monitor.web.keys import keys_of, token_file

    session = open_session(ctx)
    config = listening(session.config, listen) if listen else session.config
    if show_token:
        click.echo(keys_of(config.web.token, token_file(session.store, config), new_token).token.reveal())
        return
    configure(config.log.level, config.log.format, secrets_in(config))
    desk = Desk(config=config, store=session.store, watchlists=session.watchlists, clock=now, new_id=new_id)
    with page_threads() as pool:
        asyncio.run(_serve(desk, pool))


async def _serve(desk: Desk, pool: ThreadPoolExecutor) -> None:
    import asyncio
    import signal

    from monitor.app import new_token
    from monitor.web.front import run_site
    from monitor.web.keys import token_file

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def opened(address: str) -> None:
        where = "the one of web.token" if desk.config.web.token is not None else f"in {token_file(desk.store, desk.config)}"
        say(f"the dashboard is at {address} (token: {where}); Ctrl-C ends it")

    await run_site(desk, pool, new_token, stop, opened)


@web.command("links")
@click.option("--base", metavar="URL", help="How the site is reached; default: the first of web.hosts, else web.listen.")
@click.option(
    "--revoke",
    metavar="NAME",
    help="Take back the key of a watchlist, a saved search or the metrics first: its old addresses open nothing.",
)
@document
@click.pass_context
def links(ctx: click.Context, base: str | None, revoke: str | None, as_json: bool) -> None:
    """Print the addresses that open by themselves: feeds of watchlists and saved searches for other readers, and the metrics.

    \b
    Examples:
      monitor web links
      monitor web links --base https://desk.example.org
      monitor web links --revoke vietnam-us-tech
    """
    from monitor.app import new_token
    from monitor.web import links_page
    from monitor.web.keys import keys_of, token_file

    session = open_session(ctx)
    if revoke is not None:
        links_page.revoke(session.store, session.watchlists, revoke)
    keys = keys_of(session.config.web.token, token_file(session.store, session.config), new_token)
    found = links_page.links(session.store, keys, session.watchlists, (base or links_page.base_of(session.config)).rstrip("/"))
    rows = [{"kind": each.kind, "name": each.name, "format": form, "address": url} for each in found for form, url in each.addresses]
    if as_json or not sys.stdout.isatty():
        emit(rows, ("kind", "name", "format", "address"), as_json)
        return
    for row in rows:  # an address broken over two lines of a table cannot be taken along
        click.echo(f"{row['name']} ({row['format']})\n  {row['address']}")
