"""`monitor help`: the pages of the manual, as they lie in the package."""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli.output import emit
from monitor.errors import NothingSelected

PAGES = Path(__file__).resolve().parent.parent / "docs"


@click.command("help")
@click.argument("topic", required=False)
def manual(topic: str | None) -> None:
    """Print a page of the manual, or without TOPIC the list of pages.

    \b
    Example:
      monitor help webhooks
    """
    pages = {path.stem: path for path in sorted(PAGES.glob("*.md"))}
    if topic is None:
        emit([{"topic": name, "page": _title(path)} for name, path in pages.items()], ("topic", "page"))
    elif topic in pages:
        click.echo(pages[topic].read_text(encoding="utf-8"), nl=False)
    else:
        raise NothingSelected(f"there is no page {topic!r}; there is {', '.join(pages)}. For a command: monitor COMMAND --help")


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
