"""How commands speak: data on standard output, messages on standard error; tables on a terminal, tab-separated when piped, JSON on request."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import click

from monitor.errors import UsageError
from monitor.hours import from_text, to_text

Rows = Sequence[Mapping[str, object]]
Command = TypeVar("Command", bound=Callable[..., Any])

_DURATION = re.compile(r"^(\d+)\s*(m|min|h|d|w)$")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_WHOLE, _WORD = 16, 12
"""Columns up to so wide (an instant) are not broken where a terminal is narrow and the others keep so much."""

_FAR = "900d"
"""Back to before the demo's days."""

_UNITS_S = {"m": 60, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
# Terminal escape sequences and controls in remote text must not reach a terminal (RELIABILITY case 122).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Ticker(Protocol):
    """Moves a progress bar on: `advance(1)`."""

    def __call__(self, steps: int = 1) -> None: ...


def listing(default: int = 50) -> Callable[[Command], Command]:
    """Adds --json, --jsonl and --limit (with its default) to a command that lists rows."""

    def decorate(command: Command) -> Command:
        command = click.option("--limit", type=click.IntRange(1), default=default, show_default=True, help="At most so many rows.")(command)
        command = click.option("--jsonl", "as_jsonl", is_flag=True, help="One JSON object a line.")(command)
        return click.option("--json", "as_json", is_flag=True, help="One JSON document.")(command)

    return decorate


def document(command: Command) -> Command:
    """Adds --json to a command that shows one thing."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document.")(command)


def emit(
    rows: Rows, columns: Sequence[str], as_json: bool = False, as_jsonl: bool = False, spare: Sequence[str] = (), extra: int = 0
) -> None:
    """Prints rows: a table of `columns` on a terminal, tab-separated when piped, or all fields as JSON.

    `spare` names columns that a terminal does without where every row says the same in them. extra: so many of the last columns are left out, the
    last first, where a terminal is too narrow for them; a message names them.
    """
    if as_json:
        click.echo(json_text([jsonable(row) for row in rows], indent=2))
    elif as_jsonl:
        for row in rows:
            click.echo(json_text(jsonable(row)))
    else:
        same = {column for column in spare if len({str(row.get(column)) for row in rows}) < 2}
        table(rows, [column for column in columns if column not in same] if sys.stdout.isatty() else columns, extra)
        if not rows:
            say(_nothing())


def json_text(value: object, indent: int | None = None) -> str:
    """JSON with its letters as they are; what a terminal would obey is written as an escape, which readers of JSON undo."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


def _nothing() -> str:
    """What to say of an empty list; where it shows a span of time, how to look further back, unless that is far already."""
    context = click.get_current_context(silent=True)
    since = context.params.get("since") if context else None
    if not since:
        return "nothing to list"
    further = f"; look further back with --since, for example --since {_FAR}" if duration(since) < duration(_FAR) else ""
    return f"nothing to list within {since}{further}"


def show(fields: Mapping[str, object], as_json: bool = False) -> None:
    """Prints one thing: `name  value` lines, or one JSON document."""
    if as_json:
        click.echo(json_text(jsonable(fields), indent=2))
        return
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        click.echo(f"{name.ljust(width)}  {plain(value)}")


def table(rows: Rows, columns: Sequence[str], extra: int = 0) -> None:
    """Prints rows in columns: aligned on a terminal, without the columns that say nothing; tab-separated with a head line when piped."""
    if not sys.stdout.isatty():
        click.echo("\t".join(columns))
        for row in rows:
            click.echo("\t".join(plain(row.get(column)) for column in columns))
        return
    if not rows:
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = {column: [_cell(row.get(column)) for row in rows] for column in columns}
    widest = {column: max(map(len, cells[column])) for column in columns if set(cells[column]) != {"-"}}
    console = Console(highlight=False)
    told, left_out = _fitting(widest, console.width, extra)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    whole = _whole({column: widest[column] for column in told}, console.width)
    tight = len(whole) == len(told) and sum(max(whole[column], len(column)) + 2 for column in told) > console.width
    for column in told:
        justify: Literal["left", "right"] = "right" if _numeric(rows, column) else "left"
        drawn.add_column(
            column.replace("_", " "), overflow="fold", justify=justify, min_width=whole.get(column), width=whole[column] if tight else None
        )
    for number in range(len(rows)):
        drawn.add_row(*(Text(cells[column][number]) for column in told))
    console.print(drawn)
    if left_out:
        say(
            f"left out on {console.width} columns: {', '.join(column.replace('_', ' ') for column in left_out)}; see --json, or a wider terminal"
        )


def _fitting(widest: Mapping[str, int], width: int, extra: int) -> tuple[list[str], list[str]]:
    """The columns that a terminal of `width` shows, and those of the last `extra` that it has no room for."""
    needs, kept = _needs(widest), len(widest)
    while kept > max(1, len(widest) - extra) and sum(list(needs.values())[:kept]) + 2 * kept > width:
        kept -= 1
    return list(widest)[:kept], list(widest)[kept:]


def _needs(widest: Mapping[str, int]) -> dict[str, int]:
    """What each column takes with no word of it broken, its head's included."""
    return {column: max(need, *map(len, column.split("_"))) for column, need in widest.items()}


def _whole(widest: Mapping[str, int], width: int) -> dict[str, int]:
    """The columns that are not broken on a terminal of `width`, with what they need: the narrowest, as long as the others keep room for words."""
    needs = _needs(widest)
    if sum(needs.values()) + 2 * len(needs) <= width:
        return needs
    kept: dict[str, int] = {}
    for column, need in sorted(needs.items(), key=lambda pair: pair[1]):
        others = len(widest) - len(kept) - 1
        if need <= _WHOLE and sum(kept.values()) + need + others * _WORD + 2 * len(widest) <= width:
            kept[column] = need
    return kept


def _cell(value: object) -> str:
    """A value as a person reads it on a terminal: instants as stored are shown in the zone of this machine."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return local_time(from_text(value))
    return plain(value)


def item(lead: str, text: str) -> None:
    """Prints `lead` and a text behind it; on a terminal the text is wrapped between words, its further lines under its first."""
    line = lead + plain(text)
    if not sys.stdout.isatty():
        click.echo(line)
        return
    width = max(40, shutil.get_terminal_size().columns)
    click.echo(textwrap.fill(line, width, subsequent_indent=" " * len(lead), break_long_words=False, break_on_hyphens=False))


def say(text: str) -> None:
    """A message for the person, on standard error."""
    click.echo(_CONTROLS.sub("", text), err=True)


@contextmanager
def progress(total: int | None, label: str) -> Iterator[Ticker]:
    """A progress bar on standard error when it is a terminal; silent otherwise. Yields a function to advance it."""
    if not sys.stderr.isatty():
        yield lambda steps=1: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps=1: bar.advance(task, steps)


@contextmanager
def live(label: str) -> Iterator[Callable[[str], None]]:
    """A status line on standard error that is rewritten in place when it is a terminal; silent otherwise."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(label)) as status:
        yield lambda text: status.update(escape(text))


def duration(text: str) -> timedelta:
    """`90m`, `24h`, `7d`, `2w` as a timedelta. Raises UsageError for anything else."""
    found = _DURATION.match(text.strip().lower())
    if not found:
        raise UsageError(f"{text!r} is not a duration; write for example 90m, 24h, 7d or 2w")
    return timedelta(seconds=int(found[1]) * _UNITS_S[found[2]])


def local_time(at: datetime | None) -> str:
    """An instant in the zone of this machine, to the minute; '-' for None."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def age(at: datetime | None, now: datetime) -> str:
    """How long ago (or ahead) an instant is, in one short word such as `3h ago`, `in 20m`."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if size >= length:
            amount = f"{int(size // length)}{unit}"
            break
    else:
        amount = f"{int(size)}s"
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


def jsonable(value: object) -> Any:
    """A value as JSON takes it: instants as UTC text, tuples as lists, everything unknown as its text."""
    match value:
        case datetime():
            return to_text(value.astimezone(UTC))
        case Mapping():
            return {str(name): jsonable(item) for name, item in value.items()}
        case list() | tuple():
            return [jsonable(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def plain(value: object) -> str:
    """A value as one line of text without control characters."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return local_time(value)
        case float():
            return f"{value:.2f}".removesuffix("0")
        case list() | tuple():
            return ", ".join(plain(item) for item in value) or "-"
        case _:
            return _CONTROLS.sub("", str(value).replace("\n", " ").replace("\t", " "))


def _numeric(rows: Rows, column: str) -> bool:
    values = [row.get(column) for row in rows]
    return any(isinstance(value, (int, float)) for value in values) and all(
        value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in values
    )
