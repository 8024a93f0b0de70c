"""`monitor watchlists`: learn a draft from example articles, check the file a person made of it, and show what is watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.export import export_watchlist
from monitor.cli.learn import cleaned_seeds, learn
from monitor.cli.output import document, emit, listing, say, show
from monitor.cli.replay import apply_watchlist, try_watchlist
from monitor.cli.session import open_session
from monitor.errors import ConfigError, NothingSelected, Problem, UsageError

if TYPE_CHECKING:
    from monitor.model import Entity, Watchlist

_KINDS = ("names", "exact_names", "short", "loose", "never")
_LEARNT = ("what", "type", "side", "seen_in", "confidence")


@click.group()
def watchlists() -> None:
    """Learn, check and show what is watched."""


@watchlists.command("list")
@listing()
@click.pass_context
def list_watchlists(ctx: click.Context, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List the configured watchlists.

    \b
    Example:
      monitor watchlists list --json
    """
    rows = [_summary(one) for one in open_session(ctx).watchlists]
    emit(rows[:limit], ("id", "title", "match", "alert", "review", "entities", "topics", "names"), as_json, as_jsonl, extra=3)


@watchlists.command("show")
@click.argument("name", required=False)
@click.option("--names", is_flag=True, help="List every name with the entity it stands for.")
@click.option("--coverage", is_flag=True, help="Judge the example articles it was learnt from, with and without what only they taught.")
@click.option(
    "--seeds",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="With --coverage: the example articles (default: the folder of FILE).",
)
@document
@click.pass_context
def show_watchlist(ctx: click.Context, name: str | None, names: bool, coverage: bool, seeds: tuple[Path, ...], as_json: bool) -> None:
    """Show one watchlist: a configured one by its name, or that of a file.

    --coverage proves that each seed would be reported: its band, its score and the margin above the alert band; and the same for the watchlist
    without the entries that this seed alone taught (leave-one-seed-out). Exits with 1 where a seed is no alert.

    \b
    Example:
      monitor watchlists show seeds/vietnam-us-tech.toml --coverage
    """
    from monitor.cli.learn import print_coverage

    chosen = _chosen(ctx, name)
    if coverage or seeds:
        print_coverage(open_session(ctx), chosen, name, seeds, as_json)
        return
    if names:
        emit([row for one in chosen for row in _name_rows(one)], ("name", "kind", "id", "type", "side"), as_json)
        return
    for one in chosen:
        sides = {f"side {side.id}": f"{len(side.entities)} entities, {len(side.topics)} topics" for side in one.sides}
        more = {"masks": len(one.masks), "cues": [cue.id for cue in one.cues], "contrast": len(one.contrast), "digest": one.digest}
        show({**_summary(one), "bond": one.bond, "expect": one.expect, **sides, **more}, as_json)


@watchlists.command("names")
@click.argument("name", required=False)
@click.option("--like", default="", help="Only names that contain this text, whatever its case and marks.")
@click.option("--unknown", is_flag=True, help="Instead: capitalised names that keep turning up in hits and stand in no list.")
@click.option("--since", default="30d", show_default=True, help="With --unknown: in hits found within this time (24h, 7d, 8w).")
@click.option("--least", type=click.IntRange(1), default=2, show_default=True, help="With --unknown: in at least so many hits.")
@listing()
@click.pass_context
def list_names(
    ctx: click.Context, name: str | None, like: str, unknown: bool, since: str, least: int, limit: int, as_json: bool, as_jsonl: bool
) -> None:
    """List the names that are looked for, of one watchlist or of all; or those that perhaps should be (--unknown).

    \b
    Examples:
      monitor watchlists names --like visa
      monitor watchlists names --unknown --since 30d
    """
    from monitor.cli.unknown import unknown_rows
    from monitor.text import fold

    if unknown:
        rows: list[dict[str, object]] = unknown_rows(open_session(ctx), _chosen(ctx, name), since, least)
    else:
        rows = [row for one in _chosen(ctx, name) for row in _name_rows(one)]
    rows = [row for row in rows if fold(like) in fold(str(row["name"]))]
    if not rows:
        nothing = f"no name turns up in {least} hits of the last {since} without being known" if unknown else "no name is looked for"
        raise NothingSelected(f"no name contains {like!r}" if like else nothing)
    columns = ("name", "hits", "publishers", "gazetteer", "quote") if unknown else ("name", "kind", "id", "type", "side", "watchlist")
    emit(rows[:limit], columns, as_json, as_jsonl)
    if len(rows) > limit:
        say(f"{len(rows) - limit} more; --limit shows them")


@watchlists.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--seeds", multiple=True, type=click.Path(exists=True, path_type=Path), help="Also judge these example articles; each must be an alert."
)
@document
def check(files: tuple[Path, ...], seeds: tuple[Path, ...], as_json: bool) -> None:
    """Check watchlist files: every problem with its line, then names that may catch more than is meant.

    Exits with 2 where a file is wrong, with 1 where a seed does not reach the alert band.

    \b
    Example:
      monitor watchlists check mywatch.toml --seeds myseeds/
    """
    from monitor.watchlists.risks import risks, unused_sides

    found = _parsed(files)
    rows: list[Mapping[str, object]] = []
    for file, (text, parsed) in found.items():
        note = "no match names this side, so it does nothing"
        rows += [{"file": str(file), "where": f"side.{side}", "name": "", "note": note} for side in unused_sides(parsed, _sides_of(text))]
        risky = dict.fromkeys(risk for one in parsed for risk in risks(one))
        rows += [{"file": str(file), "where": risk.path, "name": risk.name, "note": risk.message} for risk in risky]
    emit(rows, ("file", "where", "name", "note"), as_json)
    for file, (_, parsed) in found.items():
        for one in parsed:
            say(f"{file}: {one.id}: {_summary(one)['names']} names, {len(one.sides)} sides: fine")
    if seeds:
        _check_seeds(seeds, tuple(one for _, parsed in found.values() for one in parsed))


watchlists.add_command(learn)
watchlists.add_command(export_watchlist)
watchlists.add_command(try_watchlist)
watchlists.add_command(apply_watchlist)


def _chosen(ctx: click.Context, name: str | None) -> tuple[Watchlist, ...]:
    """The watchlists of a file, one by name, or all configured."""
    from monitor.cli.match import chosen_watchlists

    return chosen_watchlists(open_session(ctx), name)


def _summary(one: Watchlist) -> dict[str, object]:
    entities = [entity for side in one.sides for entity in side.entities if entity.enabled]
    topics = [topic for side in one.sides for topic in side.topics if topic.enabled]
    names = sum(len(_forms(entity)) for entity in entities) + sum(len(words) for topic in topics for _, words in topic.words)
    counts = {"entities": len(entities), "topics": len(topics), "names": names}
    return {"id": one.id, "title": one.title, "match": one.match, "alert": one.alert, "review": one.review, **counts}


def _forms(entity: Entity) -> list[tuple[str, str]]:
    return [(name, kind) for kind in _KINDS if kind != "never" for name in getattr(entity, kind)]


def _name_rows(one: Watchlist) -> Iterator[dict[str, object]]:
    for side in one.sides:
        for entity in side.entities:
            for name, kind in _forms(entity) if entity.enabled else ():
                yield {"name": name, "kind": kind, "id": entity.id, "type": entity.type, "side": side.id, "watchlist": one.id}
        for topic in side.topics:
            for lang, words in topic.words if topic.enabled else ():
                for word in words:
                    yield {"name": word, "kind": f"word {lang}", "id": topic.id, "type": "topic", "side": side.id, "watchlist": one.id}


def _parsed(files: tuple[Path, ...]) -> dict[Path, tuple[str, tuple[Watchlist, ...]]]:
    """The text and watchlists of each file, their rules parsed too. Raises ConfigError with the problems of all files."""
    from monitor.hits.query import QueryError, parse
    from monitor.toml_lines import line_of
    from monitor.watchlists.format import parse_watchlists
    from monitor.watchlists.knowledge import load

    found: dict[Path, tuple[str, tuple[Watchlist, ...]]] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
            found[file] = (text, parse_watchlists(text, str(file), load()))
        except ConfigError as error:
            problems += error.problems
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read as UTF-8 text: {error}") from error
        for one in found[file][1]:
            try:
                parse(one.match, tuple(side.id for side in one.sides))
            except QueryError as error:
                where = f"watchlist.{one.id}.match"
                message = f"column {error.column}: {error.message}"
                problems.append(Problem(file=str(file), path=where, message=message, line=line_of(text, where), hint=error.hint))
    if problems:
        raise ConfigError(tuple(problems))
    return found


def _sides_of(text: str) -> tuple[str, ...]:
    import tomllib

    return tuple(tomllib.loads(text).get("side", {}))


def _check_seeds(paths: tuple[Path, ...], parsed: tuple[Watchlist, ...]) -> None:
    from monitor.cli.learn import SeedMissed, judged
    from monitor.hits.compile import compile_matcher

    matcher = compile_matcher(parsed)
    missed: list[str] = []
    for seed in cleaned_seeds(paths):
        best = max((judged(matcher, one.id, seed) for one in parsed), key=lambda verdict: verdict.score)
        say(f"seed {seed.id}: {best.score:.2f} points, {best.band or 'no hit'}")
        if best.band != "alert":
            missed.append(seed.id)
    if missed:
        raise SeedMissed(f"below the alert band: {', '.join(missed)}; see why with: monitor explain FILE")
