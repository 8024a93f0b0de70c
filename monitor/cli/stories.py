"""`monitor stories`: developments with their hits, what joined them, and a person's word on what belongs together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.output import document, duration, emit, listing, plain, say, show
from monitor.cli.session import open_session
from monitor.errors import NothingSelected

if TYPE_CHECKING:
    from monitor.store.driver import Row, Store


@click.group()
def stories() -> None:
    """List, show, split and merge developments with their hits."""


@stories.command("list")
@click.option("--since", default="7d", show_default=True, help="With a report within this time (90m, 24h, 7d).")
@click.option("--watchlist", help="Of this watchlist only.")
@listing()
@click.pass_context
def list_stories(ctx: click.Context, since: str, watchlist: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List stories, latest first.

    \b
    Example:
      monitor stories list --since 7d
    """
    from monitor.store.stories import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, watchlist)
    emit(rows, ("id", "last_seen_at", "score", "hit_count", "publishers", "lang", "title"), as_json, as_jsonl)


@stories.command("show")
@click.argument("story_id", type=int)
@document
@click.pass_context
def show_story(ctx: click.Context, story_id: int, as_json: bool) -> None:
    """Show one story: its hits, what joined each, the nearest story it did not join, and what the story goes on from.

    \b
    Example:
      monitor stories show 3
    """
    from dataclasses import asdict

    from monitor.store.stories import links

    store = open_session(ctx).store
    story, found = _story(store, story_id)
    linked = links(store, story_id)
    disagreeing = [f"{figure} ({source}) vs {other} ({other_source})" for figure, source, other, other_source in linked.pop("differs")]
    linked.pop("known")
    if as_json:
        show({**asdict(story), **linked, "disagreements": disagreeing, "hits": found}, as_json=True)
        return
    show(asdict(story))
    if linked["merged_into_id"]:
        click.echo(f"merged into  {linked['merged_into_id']}")
    if linked["earlier_id"]:
        click.echo(f"earlier      {linked['earlier_id']}  {plain(linked['earlier_title'])}")
    for later in linked["later"]:
        click.echo(f"later        {later['id']}  {plain(later['title'])}")
    for line in disagreeing:
        click.echo(f"! figures differ: {plain(line)}")
    for member in found:
        _show_member(member)


def _show_member(member: Mapping[str, Any]) -> None:
    joined = member["joined"]
    copy = ", a copy" if joined.get("copy") else ""
    credit = f"  ({joined['credit']}{copy})" if joined.get("credit") else copy and "  (a copy)"
    click.echo(f"\nhit {member['hit']}  {member['lang']}  {plain(member['publisher'])}{credit}  {member['score']:.1f}  {member['novelty']}")
    click.echo(f"  {plain(member['title'])}")
    click.echo(f"  {plain(member['url'])}")
    if joined.get("because"):
        click.echo(f"  joined at {joined['score']:.2f} by {plain(', '.join(joined['because']))}")
    if joined.get("nearest") is not None:
        click.echo(f"  nearest other story: {joined['nearest']} at {joined['nearest_score']:.2f}")
    if member["delta"]:
        click.echo(f"  brings {plain(', '.join(member['delta']))}")


@stories.command("timeline")
@click.argument("story_id", type=int)
@listing()
@click.pass_context
def timeline(ctx: click.Context, story_id: int, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """Show a story report by report: who had it first, what each brought, who copied whom.

    \b
    Example:
      monitor stories timeline 3
    """
    _, found = _story(open_session(ctx).store, story_id)
    rows = [
        {
            "at": member["published_at"] or member["first_seen_at"],
            "novelty": member["novelty"],
            "publisher": member["publisher"],
            "credit": member["joined"].get("credit", ""),
            "lang": member["lang"],
            "brings": ", ".join(member["delta"]),
            "title": member["title"],
            "hit": member["hit"],
        }
        for member in found[:limit]
    ]
    emit(rows, ("at", "novelty", "publisher", "credit", "lang", "brings", "title"), as_json, as_jsonl)


@stories.command("split")
@click.argument("story_id", type=int)
@click.argument("hits", type=int, nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def split_story(ctx: click.Context, story_id: int, hits: tuple[int, ...], dry_run: bool) -> None:
    """Take HITS out of a story into a new one. They stay apart for good.

    \b
    Example:
      monitor stories split 3 17 18
    """
    from monitor.stories.actions import split
    from monitor.stories.step import hubs

    session = open_session(ctx)
    if dry_run:
        _, found = _story(session.store, story_id)
        leaving = [member for member in found if member["hit"] in hits]
        say(f"would take {len(leaving)} of {len(found)} hits out of story {story_id}")
        return
    made = split(session.store, story_id, hits, hubs(session.watchlists), session.now())
    say(f"hits {', '.join(map(str, hits))} are now story {made}; they will not be joined with story {story_id} again")


@stories.command("merge")
@click.argument("story_id", type=int)
@click.argument("other_id", type=int)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def merge_stories(ctx: click.Context, story_id: int, other_id: int, dry_run: bool) -> None:
    """Put all hits of OTHER_ID into STORY_ID. Later reports of either join it.

    \b
    Example:
      monitor stories merge 3 9
    """
    from monitor.stories.actions import merge
    from monitor.stories.step import hubs

    session = open_session(ctx)
    if dry_run:
        _, coming = _story(session.store, other_id)
        say(f"would put {len(coming)} hits of story {other_id} into story {story_id}")
        return
    merge(session.store, story_id, other_id, hubs(session.watchlists), session.now())
    say(f"story {other_id} is now part of story {story_id}")


@stories.command("regroup")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def regroup_stories(ctx: click.Context, dry_run: bool) -> None:
    """Look at the hits of the latest days again, with all that came after them, as the daemon does once a day.

    What nobody was told moves to where it belongs; what was told stays, and the command that would put it right is printed.

    \b
    Example:
      monitor stories regroup --dry-run
    """
    from monitor.stories.actions import advice_of, regroup
    from monitor.stories.step import hubs

    session = open_session(ctx)
    for watchlist in session.watchlists:
        outcome = regroup(session.store, watchlist.id, hubs(session.watchlists), session.now(), dry_run=dry_run)
        for move in outcome.moves:
            say(f"hit {move.hit} {'would go' if dry_run else 'went'} from story {move.story} to story {move.to}")
        for doubt in outcome.doubts:
            click.echo(advice_of(doubt))
        done = "to move" if dry_run else "moved"
        say(f"{watchlist.id}: {len(outcome.moves)} {done}, {len(outcome.doubts)} to look at")


def _story(store: Store, story_id: int) -> tuple[Any, list[Row]]:
    """A story and its hits with their evidence. Raises NothingSelected for an unknown number."""
    from monitor.store.stories import get, members

    story = get(store, story_id)
    if story is None:
        raise NothingSelected(f"there is no story {story_id}; see `monitor stories list`")
    found = [
        {**row, "delta": json.loads(row.pop("delta_json") or "[]"), "joined": json.loads(row.pop("joined_json") or "{}")}
        for row in members(store, story_id)
    ]
    return story, found
