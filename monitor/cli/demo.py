"""`monitor demo`: the whole job, on this machine alone."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.output import live, say
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.pipeline import Counts

_SAID = {
    "visit": "reading feeds and pages",
    "match": "matching",
    "group": "grouping stories",
    "plan": "cutting the digest",
    "deliver": "delivering",
}


def counted(number: int, noun: str) -> str:
    """`1 mail`, `3 mails`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep everything here (default: a new temporary folder).")
@click.option(
    "--days", type=click.IntRange(1, 3), default=1, show_default=True, help="So many mornings in a row: what the next digests tell."
)
def demo(folder: Path | None, days: int) -> int:
    """Run the whole job on a small news site of our own: no network, no configuration, about ten seconds.

    \b
    Example:
      monitor demo --folder /tmp/demo
    """
    import asyncio
    import tempfile

    from monitor.app import now
    from monitor.demo.run import EVENING, run_demo
    from monitor.log import configure

    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; name a new folder")
    configure("error")
    place = folder or Path(tempfile.mkdtemp(prefix="monitor-demo-"))
    with live("starting a news site, a mailbox and a webhook sink") as status:

        def report(name: str, counts: Counts) -> None:
            done = ", ".join(f"{value} {key}" for key, value in counts.items() if value)
            status(f"{_SAID.get(name, name)}: {done}")

        result = asyncio.run(run_demo(place.resolve(), report, days))
    click.echo("\n".join(result.texts))
    counts = result.counts
    mornings = "" if days == 1 else f" in {days} mornings"
    say(
        f"read {counts.get('visit.new', 0)} entries{mornings} (one feed is dead, as planned) and {counts.get('visit.read', 0)} pages; "
        f"{counts.get('match.hits', 0)} hits in {counts.get('group.new', 0)} stories"
    )
    went = (counted(len(result.written), "file"), counted(result.mails, "mail"), counted(result.webhooks, "webhook call"))
    say(f"{'the digest' if days == 1 else 'the digests'} went out as {went[0]}, {went[1]} and {went[2]}:")
    for path in result.written:
        say(f"  {path}")
    program = "monitor" if shutil.which("monitor") else sys.argv[0]
    config = f"{program} --config {result.config}"
    say("try next:")
    since = f"--since {(now() - EVENING).days + 2}d"  # lists look back a week; the demo's news is of its own day
    following = (
        (f"{config} hits list {since}", "what matched, with scores"),
        (f"{config} stories list {since}", "one line per development"),
        (f"{config} explain 1", "why, or why not"),
        (f"{config} hits search 'to lam'", "marks and case do not matter"),
        (f"{config} web", "all of it in a browser"),
        (f"{program} init mydesk", "a configuration of your own, with real feeds"),
    )
    width = max(len(command) for command, _ in following)
    for command, why in following:
        say(f"  {command.ljust(width)}  # {why}")
    return 0 if result.text else 1
