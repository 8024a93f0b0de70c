"""`monitor articles`: the pages read."""

from __future__ import annotations

import click

from monitor.cli.output import document, duration, emit, listing, show
from monitor.cli.session import open_session
from monitor.errors import NothingSelected


@click.group()
def articles() -> None:
    """List and show the pages read."""


@articles.command("list")
@click.option("--since", default="7d", show_default=True, help="First seen within this time (90m, 24h, 7d).")
@click.option("--state", type=click.Choice(["pending", "done", "failed", "dead"]))
@listing()
@click.pass_context
def list_articles(ctx: click.Context, since: str, state: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List articles, newest first.

    \b
    Example:
      monitor articles list --state failed --since 2d
    """
    from monitor.store.articles import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, state)
    emit(rows, ("id", "first_seen_at", "lang", "state", "kind", "publisher", "title"), as_json, as_jsonl)


@articles.command("show")
@click.argument("article_id", type=int)
@document
@click.pass_context
def show_article(ctx: click.Context, article_id: int, as_json: bool) -> None:
    """Show one article: where it came from, what was read, its text.

    \b
    Example:
      monitor articles show 40
    """
    from dataclasses import asdict

    from monitor.store.articles import get, sightings

    store = open_session(ctx).store
    article = get(store, article_id)
    if article is None:
        raise NothingSelected(f"there is no article {article_id}; see `monitor articles list`")
    seen = sightings(store, article_id)
    if as_json:
        show({**asdict(article), "sightings": seen}, as_json=True)
        return
    fields = asdict(article)
    text = fields.pop("text")
    show(fields)
    for sighting in seen:
        click.echo(f"seen in {sighting['feed']} at {sighting['first_seen_at']}: {sighting['title']}")
    click.echo(f"\n{text}")
