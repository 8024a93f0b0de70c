"""`monitor init`: a folder to start from: config.toml, the seeds and the reviewed watchlist."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.output import say
from monitor.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=".")
def init(folder: Path) -> None:
    """Write config.toml, seeds/ and the watchlist into FOLDER (default: here). Never overwrites a file.

    \b
    Example:
      monitor init mydesk
    """
    from monitor.starter import files

    written = files()
    taken = [name for name in written if (folder / name).exists()]
    if taken:
        raise UsageError(f"{folder / taken[0]} exists; nothing was written: choose another folder, or move it away")
    for name, content in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    say(f"wrote {len(written)} files to {folder.resolve()}")
    say("next: put an address of yours into fetch.contact in config.toml, then: monitor config check; monitor once; monitor run")
