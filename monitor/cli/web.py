"""`monitor web`: the dashboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from monitor.cli.output import say
from monitor.cli.session import open_session

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from monitor.web.desk import Desk


@click.command()
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
    import asyncio

    from monitor.app import new_token, now
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
    desk = Desk(config=config, store=session.store, watchlists=session.watchlists, clock=now)
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
