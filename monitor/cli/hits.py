"""`monitor hits`: the articles that matched, with their evidence."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Mapping, Sequence

import click

from monitor.cli.output import document, duration, emit, json_text, jsonable, listing, plain, say, show
from monitor.cli.review import review
from monitor.cli.session import open_session
from monitor.errors import NothingSelected

_COLUMNS = ("id", "created_at", "band", "score", "watchlist", "lang", "publisher", "title")
_EXPORTED = (
    "id",
    "watchlist",
    "band",
    "score",
    "quiet",
    "story_id",
    "novelty",
    "created_at",
    "published_at",
    "title",
    "url",
    "publisher",
    "lang",
    "reasons",
    "snippet",
)
_MOST_FOUND = 2000
# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection); a leading apostrophe makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.group()
def hits() -> None:
    """List, search, show and export the articles that matched."""


@hits.command("list")
@click.option("--since", default="7d", show_default=True, help="Found within this time (90m, 24h, 7d).")
@click.option("--watchlist", help="Of this watchlist only.")
@click.option("--entity", help="With a mention of this entity or topic id.")
@click.option("--band", type=click.Choice(["alert", "review"]))
@listing()
@click.pass_context
def list_hits(
    ctx: click.Context, since: str, watchlist: str | None, entity: str | None, band: str | None, limit: int, as_json: bool, as_jsonl: bool
) -> None:
    """List hits, newest first.

    \b
    Examples:
      monitor hits list --since 24h --band alert
      monitor hits list --entity to-lam --jsonl
    """
    from monitor.store.hits import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, watchlist=watchlist, entity=entity, band=band)
    emit(rows, _COLUMNS, as_json, as_jsonl, spare=("watchlist",))


@hits.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--since", default="520w", show_default=True, help="Found within this time (90m, 24h, 7d).")
@listing()
@click.pass_context
def search_hits(ctx: click.Context, words: tuple[str, ...], since: str, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List hits whose title and text hold all the words; case and marks do not matter.

    \b
    Example:
      monitor hits search to lam apple
    """
    from monitor.store.hits import listed

    session = open_session(ctx)
    found = session.store.search(" ".join(words), _MOST_FOUND)
    rows = listed(session.store, session.now() - duration(since), limit, articles=found)
    emit(rows, _COLUMNS, as_json, as_jsonl, spare=("watchlist",))


@hits.command("show")
@click.argument("hit_id", type=int)
@document
@click.pass_context
def show_hit(ctx: click.Context, hit_id: int, as_json: bool) -> None:
    """Show one hit: its score, reasons, mentions and the sentence that matched.

    \b
    Example:
      monitor hits show 12
    """
    from dataclasses import asdict

    from monitor.store import articles
    from monitor.store.hits import get, labels

    store = open_session(ctx).store
    hit = get(store, hit_id)
    if hit is None:
        raise NothingSelected(f"there is no hit {hit_id}; see `monitor hits list`")
    article = articles.get(store, hit.article_id)
    marks = labels(store, hit_id)
    if as_json:
        about = (
            {} if article is None else {"title": article.title, "url": article.url, "publisher": article.publisher, "lang": article.lang}
        )
        show({**asdict(hit), **about, "labels": marks}, as_json=True)
        return
    verdict = hit.verdict
    shown: dict[str, object] = {} if article is None else {"title": article.title, "url": article.url, "publisher": article.publisher}
    shown |= {
        "watchlist": hit.watchlist,
        "band": hit.band,
        "score": hit.score,
        "found": hit.created_at,
        "quiet": hit.quiet,
        "story": hit.story_id,
        "novelty": hit.novelty,
    }
    show(shown)
    click.echo("\n" + "\n".join(f"because {plain(reason)}" for reason in verdict.reasons))
    click.echo("\n".join(f"  {part.points:+5.2f}  {part.name}" for part in verdict.parts))
    click.echo(f"\n{plain(marked_text(verdict.snippet.text, verdict.snippet.marks))}")
    for mark in marks:
        click.echo(f"marked {mark['verdict']} on {mark['created_at'][:10]}" + (f": {plain(mark['reason'])}" if mark["reason"] else ""))
    say(f"more: monitor explain {hit_id}")


@hits.command("export")
@click.option("--since", default="520w", show_default=True, help="Found within this time (90m, 24h, 7d).")
@click.option("--watchlist", help="Of this watchlist only.")
@click.option("--band", type=click.Choice(["alert", "review"]))
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=100_000, show_default=True, help="At most so many rows.")
@click.pass_context
def export_hits(ctx: click.Context, since: str, watchlist: str | None, band: str | None, form: str, limit: int) -> None:
    """Write hits to standard output as CSV for a spreadsheet, or as JSON lines.

    \b
    Example:
      monitor hits export --since 30d > hits.csv
    """
    from monitor.store.hits import listed

    session = open_session(ctx)
    rows = listed(session.store, session.now() - duration(since), limit, watchlist=watchlist, band=band)
    if form == "csv":
        click.echo(_csv(rows), nl=False)
    else:
        for row in rows:
            click.echo(json_text({name: jsonable(row[name]) for name in _EXPORTED}))


@hits.command("mark")
@click.argument("hit_id", type=int)
@click.argument("verdict", type=click.Choice(["useful", "useless"]))
@click.option("--because", "reason", default="", help="Why, in your words (homonym, old news, not about us).")
@document
@click.pass_context
def mark_hit(ctx: click.Context, hit_id: int, verdict: str, reason: str, as_json: bool) -> None:
    """Keep what you think of a hit, for tuning the watchlist.

    \b
    Example:
      monitor hits mark 12 useless --because "another Lam"
    """
    from monitor.store.hits import get, labels, mark

    session = open_session(ctx)
    if get(session.store, hit_id) is None:
        raise NothingSelected(f"there is no hit {hit_id}; see `monitor hits list`")
    mark(session.store, hit_id, verdict, reason, session.now())
    if as_json:
        show({"hit": hit_id, "labels": labels(session.store, hit_id)}, as_json=True)
    else:
        say(f"hit {hit_id} is marked {verdict}")


hits.add_command(review)


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    written = io.StringIO()
    out = csv.writer(written, lineterminator="\r\n" if sys.platform == "win32" else "\n")
    out.writerow(_EXPORTED)
    for row in rows:
        out.writerow([_cell(row[name]) for name in _EXPORTED])
    return written.getvalue()


def _cell(value: object) -> object:
    """A value as a spreadsheet may have it: lists joined, no control characters, never a formula."""
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, bool) else value
    text = "; ".join(plain(item) for item in value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
    text = plain(text) if text else ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def marked_text(text: str, marks: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(marks, reverse=True):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text
