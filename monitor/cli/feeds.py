"""`monitor feeds`: what is polled, how it fares, and the feeds of config.toml."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from monitor.cli.output import age, document, emit, listing, live, local_time, plain, progress, say, show
from monitor.cli.session import Session, open_session
from monitor.cli.stats import stats
from monitor.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.feeds.actions import Asking, Report

_STATES = ("active", "failing", "paused", "gone", "off", "new", "removed")

_STATE_WORDS = {
    "active": "polled",
    "failing": "polled, and failing",
    "paused": "paused; monitor feeds resume NAME lets it go on",
    "gone": "polled no more: the site closed it; monitor feeds resume NAME tries again",
    "off": "switched off in the file",
    "new": "not polled yet",
}


@click.group()
def feeds() -> None:
    """Add, check, import and export feeds."""


feeds.add_command(stats)


@feeds.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only feeds in this state (default: all but removed).")
@listing(default=500)
@click.pass_context
def list_feeds(ctx: click.Context, state: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """List feeds: state, since when one fails, last success, next poll.

    \b
    Example:
      monitor feeds list --state failing
    """
    from monitor.feeds.actions import overview

    session = open_session(ctx)
    rows = overview(session.config, session.store)
    chosen = [row for row in rows if (row["state"] == state if state else row["state"] != "removed")]
    if as_json or as_jsonl:
        emit(chosen[:limit], (), as_json, as_jsonl)
    else:
        emit([_short(row, session.now()) for row in chosen[:limit]], ("name", "state", "failing", "success", "next", "lang", "title"))


@feeds.command("show")
@click.argument("name")
@document
@click.pass_context
def show_feed(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one feed: its settings, its polls, the last error in plain words.

    \b
    Example:
      monitor feeds show vnexpress-business
    """
    from monitor.feeds.actions import overview
    from monitor.store import feeds as stored_feeds

    session = open_session(ctx)
    row = next((row for row in overview(session.config, session.store) if row["name"] == name), None)
    if row is None:
        raise NothingSelected(f"there is no feed {name!r} in {session.config.source}; see `monitor feeds list`")
    stored = stored_feeds.get(session.store, name)
    polled = asdict(stored) if stored else {}
    counts = next(iter(stored_feeds.stats(session.store, session.now(), name)), {})
    known = ("interval_s", "last_polled_at", "last_new_at", "baseline_at", "fail_count", "etag", "last_modified")
    numbers = {key: counts.get(key, 0) for key in ("polls", "entries", "hits")}
    show({**row, **{key: polled.get(key) for key in known}, **numbers}, as_json)


@feeds.command()
@click.argument("which", nargs=-1, required=True, metavar="NAME|URL...")
@document
@click.pass_context
def check(ctx: click.Context, which: tuple[str, ...], as_json: bool) -> int:
    """Ask feeds at once and say what comes back, what is odd, and when they are polled next. Exits with 1 when one cannot be read.

    \b
    Examples:
      monitor feeds check vnexpress-business
      monitor feeds check https://paper.example/rss
    """
    from monitor.feeds import actions

    session = open_session(ctx)

    async def reports(asking: Asking) -> list[Report]:
        with progress(len(which), "asking") as advance:
            found = []
            for each in which:
                found.append(await actions.check(each, asking, session.config, session.store))
                advance()
            return found

    found = session.ask(reports)
    if as_json:
        show({"ok": not any(report.problem for report in found), "feeds": [asdict(report) for report in found]}, as_json=True)
    else:
        for report in found:
            _tell(report, session)
    return 1 if any(report.problem for report in found) else 0


@feeds.command()
@click.argument("url")
@listing()
@click.pass_context
def discover(ctx: click.Context, url: str, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """Find the feeds of a page or site: those it names, else those at the usual places.

    \b
    Example:
      monitor feeds discover paper.example
    """
    from monitor.feeds import actions

    session = open_session(ctx)
    with live("asking"):
        found = session.ask(lambda asking: actions.discover(url, asking))
    rows = [
        {
            "url": each.url,
            "title": each.found["title"] if each.found else "",
            "lang": each.found["lang"] if each.found else "",
            "items": each.found["total"] if each.found else 0,
            "newest_at": max((entry.published_at for entry in each.entries if entry.published_at), default=None),
        }
        for each in found
    ]
    emit(rows[:limit], ("url", "title", "lang", "items", "newest_at"), as_json, as_jsonl)
    say("add one with: monitor feeds add URL")


@feeds.command()
@click.argument("url")
@click.option("--name", default="", help="Its name in config.toml (default: made from its title).")
@click.option("--lang", default="", help="Its language, two letters (default: what the feed says).")
@click.option("--timezone", help="Zone of dates that name none, such as Asia/Ho_Chi_Minh.")
@click.option("--interval-min", type=click.IntRange(5, 7 * 24 * 60), help="Minutes between two polls.")
@click.option("--title", default="", help="Its title in digests (default: what the feed says). Needed with --unasked.")
@click.option("--unasked", is_flag=True, help="Write it without asking the site (when offline).")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@document
@click.pass_context
def add(
    ctx: click.Context,
    url: str,
    name: str,
    lang: str,
    timezone: str | None,
    interval_min: int | None,
    title: str,
    unasked: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the feed at URL, or the one that the page at URL names, to config.toml.

    \b
    Examples:
      monitor feeds add https://paper.example/rss --lang vi --timezone Asia/Ho_Chi_Minh
      monitor feeds add paper.example --dry-run
    """
    from monitor.feeds import actions
    from monitor.feeds.edit import add_feeds, block
    from monitor.feeds.propose import proposal

    session = open_session(ctx)
    config = session.config
    further = {"timezone": timezone, "interval_min": interval_min}
    if unasked:
        made = proposal(actions.address_of(url), title, lang, config, name, further)
    else:
        with live("asking"):
            made = session.ask(lambda asking: actions.propose(url, asking, config, name, title, lang, further))
    _write(session, lambda text: add_feeds(text, {made.name: made.fields}), dry_run)
    if as_json:
        show({"name": made.name, **made.fields, "written": not dry_run}, as_json=True)
        return
    click.echo(block(made.name, made.fields))
    _afterwards(session, dry_run)


@feeds.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only check that they can be removed.")
@click.pass_context
def remove(ctx: click.Context, names: tuple[str, ...], dry_run: bool) -> None:
    """Take feeds out of config.toml; what they brought stays in the database.

    \b
    Example:
      monitor feeds remove the-diplomat
    """
    from monitor.feeds.edit import remove_feeds

    session = open_session(ctx)
    for name in names:
        _configured(session, name)
    _write(session, lambda text: remove_feeds(text, names), dry_run)
    say(f"{'would remove' if dry_run else 'removed'}: {', '.join(names)}")
    _afterwards(session, dry_run)


@feeds.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_context
def pause(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Poll these feeds no more until they are resumed.

    \b
    Example:
      monitor feeds pause the-diplomat
    """
    _set_states(open_session(ctx), names, "paused")
    say(f"paused: {', '.join(names)}")


@feeds.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_context
def resume(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Poll these feeds again, at once; also those that said they were gone.

    \b
    Example:
      monitor feeds resume the-diplomat
    """
    _set_states(open_session(ctx), names, "active")
    say(f"resumed: {', '.join(names)}")


@feeds.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only show what would be added.")
@listing(default=5000)
@click.pass_context
def import_feeds(ctx: click.Context, file: BinaryIO, dry_run: bool, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """Add the feeds of an OPML file (- for standard input) to config.toml; those that are there already stay as they are.

    \b
    Example:
      monitor feeds import subscriptions.opml --dry-run
    """
    from monitor.feeds import actions
    from monitor.feeds.edit import add_feeds

    session = open_session(ctx)
    body = file.read()
    proposals, left_out = session.ask(lambda asking: actions.read_list(body, asking, session.config))
    for line in left_out:
        say(f"left out: {line}")
    if not proposals:
        raise NothingSelected("the file names no feed that is not there already")
    proposals = proposals[:limit]
    _write(session, lambda text: add_feeds(text, {each.name: each.fields for each in proposals}), dry_run)
    emit([{"name": each.name, **each.fields} for each in proposals], ("name", "lang", "title", "url"), as_json, as_jsonl)
    say(f"{'would add' if dry_run else 'added'} {len(proposals)} feed{'' if len(proposals) == 1 else 's'}, left out {len(left_out)}")
    _afterwards(session, dry_run)


@feeds.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--title", default="Monitor feeds", show_default=True, help="Title of the list.")
@click.pass_context
def export_feeds(ctx: click.Context, file: Path | None, title: str) -> None:
    """Write the configured feeds as OPML to FILE or standard output; passwords and headers are never written.

    \b
    Example:
      monitor feeds export feeds.opml
    """
    from monitor.feeds.opml import write_opml
    from monitor.feeds.propose import outline

    session = open_session(ctx)
    written = write_opml(title, [outline(feed) for feed in session.config.feed])
    if file is None:
        sys.stdout.write(written)
        return
    if file.exists():
        raise UsageError(f"{file} exists; choose another name, or move it away")
    file.write_text(written, encoding="utf-8")
    say(f"wrote {len(session.config.feed)} feeds to {file}")


def _tell(report: Report, session: Session) -> None:
    now = session.now()
    click.echo(f"{plain(report.name)}: {'cannot be read' if report.problem else 'can be read, with oddities' if report.odd else 'fine'}")
    lines = [("address", report.url)] if report.url != report.name else []
    lines += [("problem", report.problem), ("do", report.advice), ("exactly", report.detail), ("got", report.got)]
    lines += [("odd", each) for each in report.odd]
    lines += [("state", _STATE_WORDS.get(report.state, report.state)), ("next poll", _next_poll(report, now))]
    if report.last_success_at:
        lines.append(("last good", f"{local_time(report.last_success_at)}, {age(report.last_success_at, now)}"))
    if report.failing_since_at:
        lines.append(("failing", f"since {local_time(report.failing_since_at)}, {age(report.failing_since_at, now)}: {report.last_error}"))
    for name, text in [*lines, ("note", report.note)]:
        if text:
            click.echo(f"  {name.ljust(9)}  {plain(text)}")


def _short(row: Mapping[str, object], now: datetime) -> dict[str, object]:
    """A row of the list as fits a screen: how long ago, how soon."""
    instants = {"failing": "failing_since_at", "success": "last_success_at", "next": "next_poll_at"}
    ages = {short: age(at, now) if isinstance(at := row[name], datetime) else "" for short, name in instants.items()}
    return {**row, **ages}


def _next_poll(report: Report, now: datetime) -> str:
    at = report.next_poll_at
    if at is None:
        return ""
    return "due now" if at <= now else f"{local_time(at)}, {age(at, now)}"


def _configured(session: Session, name: str) -> None:
    names = [feed.name for feed in session.config.feed]
    if name not in names:
        from difflib import get_close_matches

        close = get_close_matches(name, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; see `monitor feeds list`"
        raise NothingSelected(f"there is no feed {name!r} in {session.config.source}{hint}")


def _set_states(session: Session, names: tuple[str, ...], state: str) -> None:
    from monitor.store.feeds import set_state, sync

    for name in names:
        _configured(session, name)
    for name in names:
        if not set_state(session.store, name, state, session.now()):
            sync(session.store, session.config.feed, session.config.feeds, session.now())
            if not set_state(session.store, name, state, session.now()):
                raise UsageError(f"feed {name!r} is switched off in the file (enabled = false); switch it on there")


def _write(session: Session, edit: Callable[[str], str], dry_run: bool) -> None:
    from monitor.config import parse_config
    from monitor.config.write import read_text, write_text

    edited = edit(read_text(session.config.source))
    if dry_run:
        parse_config(edited, session.config.source)
    else:
        write_text(session.config.source, edited)


def _afterwards(session: Session, dry_run: bool) -> None:
    from monitor.store.steps import daemon_runs

    if dry_run:
        say(f"nothing was written to {session.config.source}")
        return
    say(f"wrote {session.config.source}")
    if session.place.path is not None and not session.place.path.exists():
        return
    running = [life for life in daemon_runs(session.store)[:1] if life.stopped_at is None]
    if running:
        say(f"the daemon takes it up after: kill -HUP {running[0].pid}")
