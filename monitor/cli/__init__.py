"""The command line: noun, then verb. Every noun's file is imported only when it is called, so that `monitor --help` is quick."""

from __future__ import annotations

import atexit
import gc
import importlib
import sys

import click

from monitor import __version__
from monitor.errors import MonitorError

COMMANDS = {
    "init": ("monitor.cli.init:init", "Write config.toml, seeds and a watchlist to start from."),
    "run": ("monitor.cli.run:run", "Run the daemon until it is stopped."),
    "once": ("monitor.cli.run:once", "Run one full cycle, then exit (for cron)."),
    "demo": ("monitor.cli.demo:demo", "The whole job on a small news site of its own: no network, no configuration."),
    "status": ("monitor.cli.status:status", "What is late, failing or stuck, and since when."),
    "doctor": ("monitor.cli.doctor:doctor", "What is wrong, why, and which command mends it."),
    "watchlists": ("monitor.cli.watchlists:watchlists", "Learn, check and show what is watched."),
    "feeds": ("monitor.cli.feeds:feeds", "Add, check, import and export feeds."),
    "articles": ("monitor.cli.articles:articles", "List and show the pages read."),
    "hits": ("monitor.cli.hits:hits", "List, search, show and export the articles that matched."),
    "stories": ("monitor.cli.stories:stories", "List and show developments with their hits."),
    "match": ("monitor.cli.match:match", "Texts or JSONL in, verdicts as JSONL out."),
    "explain": ("monitor.cli.explain:explain", "Why an article matched, or why not."),
    "subscriptions": ("monitor.cli.subscriptions:subscriptions", "Who is told what, and when next."),
    "digests": ("monitor.cli.digests:digests", "List, show, preview and send digests."),
    "deliveries": ("monitor.cli.deliveries:deliveries", "What was sent where, and what waits."),
    "web": ("monitor.cli.web:web", "Open the dashboard alone, beside or without a daemon."),
    "config": ("monitor.cli.config:config", "Check and show the configuration."),
    "db": ("monitor.cli.db:db", "Check, migrate and back up the database."),
    "help": ("monitor.cli.help:manual", "Print a page of the manual."),
}


class Nouns(click.Group):
    """A group whose commands are imported when called; their one-line help stands in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and (close := get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config", "config_path", metavar="FILE", help="Configuration file (default: MONITOR_CONFIG, ./config.toml, the XDG folder)."
)
@click.option(
    "--db", "database", metavar="FILE|ADDRESS", envvar=["MONITOR_DATABASE", "MONITOR_DB"], help="Database instead of the configured one."
)
@click.version_option(__version__, prog_name="monitor")
@click.pass_context
def monitor(ctx: click.Context, config_path: str | None, database: str | None) -> None:
    """Watch the news for what you follow: learn from example articles, read feeds, send one digest with evidence."""
    ctx.obj = {"config_path": config_path, "database": database}


def main() -> None:
    """Entry point: runs the command and turns every MonitorError into its message and exit code."""
    # A start makes a hundred thousand objects that stay: looking through them again and again finds nothing, nor does taking them apart at the end.
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
    try:
        code = monitor(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except MonitorError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe has gone (head, less): nothing is left to say, and Python must not complain at exit.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
