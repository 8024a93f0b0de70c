"""Feeds written into and taken out of the text of config.toml, which stays a person's file: nothing else in it changes, comments least of all. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Item

from monitor.errors import UsageError
from monitor.toml_lines import line_of

Fields = Mapping[str, object]


def add_feeds(text: str, feeds: Mapping[str, Fields]) -> str:
    """`text` with a table `[feed.NAME]` at its end for each of `feeds` (name to keys and values; names as the configuration allows them).

    Raises UsageError where the file takes no further feed, for example because a name is taken or `feed` is an inline table.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    blocks = [block(name, fields) for name, fields in feeds.items()]
    body = text.rstrip()
    written = "\n\n".join([body, *blocks] if body else blocks) + "\n"
    edited = written.replace("\r\n", "\n").replace("\n", end)
    before = _values(text)
    return _proven(edited, {**before, "feed": {**_feeds(before), **{name: dict(fields) for name, fields in feeds.items()}}}, feeds)


def remove_feed(text: str, name: str) -> str:
    """`text` without the keys and headers of one feed. Comments that do not stand between its own lines stay.

    Raises UsageError where the file has no such feed, or writes it in a way that cannot be taken out line by line.
    """
    before = _values(text)
    feeds = _feeds(before)
    if name not in feeds:
        raise UsageError(f"no feed {name!r} is written in the file")
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    mine = _lines(text, name)
    kept_lines = [line for number, line in enumerate(lines, 1) if number not in mine and not _is_spare(lines, number, mine)]
    edited = end.join(kept_lines)
    if max(mine, default=0) >= len(text.rstrip().split(end)):
        edited = edited.rstrip() + end if edited.strip() else ""
    del feeds[name]
    kept = {key: value for key, value in before.items() if key != "feed"}
    return _proven(edited, {**kept, "feed": feeds} if feeds else kept, (name,))


def remove_feeds(text: str, names: Iterable[str]) -> str:
    """`text` without several feeds, as remove_feed takes out one."""
    for name in names:
        text = remove_feed(text, name)
    return text


def block(name: str, fields: Fields) -> str:
    """A feed's table as it is written into the file."""
    return "\n".join([f"[feed.{name}]", *(f"{key} = {tomlkit.item(value).as_string()}" for key, value in fields.items())])


def _lines(text: str, name: str) -> set[int]:
    """The numbers (from 1) of the lines that are a feed's: from each of its headers to the last value below it, or its dotted keys alone."""
    feed = tomlkit.parse(text)["feed"][name]
    return set(_table_lines(text, f"feed.{name}", feed)) if isinstance(feed, Mapping) else set()


def _table_lines(text: str, path: str, table: Mapping[str, Any]) -> Iterator[int]:
    first = line_of(text, path)
    assert first is not None
    last = first
    for key, value in table.items():
        line = line_of(text, f"{path}.{key}") or first
        if isinstance(value, Mapping) and not isinstance(value, InlineTable):
            yield from _table_lines(text, f"{path}.{key}", value)
            continue
        end = line + (value.as_string().count("\n") if isinstance(value, Item) else 0)
        last = max(last, end)
        yield from range(line, end + 1)
    if _is_header(text, first):
        yield from range(first, last + 1)


def _is_spare(lines: Sequence[str], number: int, mine: Collection[int]) -> bool:
    """True for the blank line below what is removed, where a blank line (or the top) stands above it too."""
    if lines[number - 1].strip() or number - 1 not in mine or number == len(lines):
        return False
    above = number - 1
    while above in mine:
        above -= 1
    return above == 0 or not lines[above - 1].strip()


def _is_header(text: str, line: int) -> bool:
    return text.replace("\r\n", "\n").split("\n")[line - 1].lstrip().startswith("[")


def _values(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the file is no TOML: {error}; mend it first (monitor config check)") from None


def _feeds(values: Mapping[str, Any]) -> dict[str, Any]:
    feeds = values.get("feed", {})
    return dict(feeds) if isinstance(feeds, dict) else {}


def _proven(edited: str, wanted: Mapping[str, Any], names: object) -> str:
    """`edited`, after proof that it says what it should and nothing else."""
    listed = ", ".join(str(name) for name in names) if isinstance(names, (tuple, Mapping)) else str(names)
    try:
        said = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        said = {}
    if said != wanted:
        raise UsageError(f"the way the file writes its feeds leaves no room for this edit ({listed}); edit it by hand")
    return edited
