"""`monitor stories`: developments with their hits."""

from __future__ import annotations

import json

import click

from monitor.cli.output import document, duration, emit, listing, plain, show
from monitor.cli.session import open_session
from monitor.errors import NothingSelected


@click.group()
def stories() -> None:
    """List and show developments with their hits."""


@stories.command("list")
@click.option("--since", default="7d", show_default=True, help="With a report within this time (90m, 24h, 7d).")
@click.option("--watchlist", help="Of this watchlist only.")
@listing()
@click.pass_context
def list_stories(ctx: click.Context, since: str, watchlist: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List stories, latest first."""
    from monitor.store.stories import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, watchlist)
    emit(rows, ("id", "last_seen_at", "score", "hit_count", "publishers", "lang", "title"), as_json, as_jsonl)


@stories.command("show")
@click.argument("story_id", type=int)
@document
@click.pass_context
def show_story(ctx: click.Context, story_id: int, as_json: bool) -> None:
    """Show one story: its hits, what joined each, and the nearest story it did not join."""
    from dataclasses import asdict

    from monitor.store.stories import get, members

    store = open_session(ctx).store
    story = get(store, story_id)
    if story is None:
        raise NothingSelected(f"there is no story {story_id}; see `monitor stories list`")
    found = [
        {**row, "delta": json.loads(row.pop("delta_json") or "[]"), "joined": json.loads(row.pop("joined_json") or "{}")}
        for row in members(store, story_id)
    ]
    if as_json:
        show({**asdict(story), "hits": found}, as_json=True)
        return
    show(asdict(story))
    for member in found:
        joined = member["joined"]
        click.echo(f"\nhit {member['hit']}  {member['lang']}  {plain(member['publisher'])}  {member['score']:.1f}  {member['novelty']}")
        click.echo(f"  {plain(member['title'])}")
        click.echo(f"  {plain(member['url'])}")
        if joined.get("because"):
            click.echo(f"  joined at {joined['score']:.2f} by {plain(joined['because'])}")
        if joined.get("nearest") is not None:
            click.echo(f"  nearest other story: {joined['nearest']} at {joined['nearest_score']:.2f}")
        if member["delta"]:
            click.echo(f"  brings {plain(member['delta'])}")
