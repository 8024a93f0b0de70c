"""Small edits of TOML text that leave everything else as a person wrote it: comments, order, blanks. Pure.

An edit names a table and a key; missing tables and keys are added where their like stand. The result is text to show as a diff.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.toml_lines import PIECE, plain_key

Scalar = str | float | bool
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of one key: `add` and `remove` items of its list, or set it to `value`. `note`: a comment above a table that has to be made."""

    table: Path
    key: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    value: Scalar | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Places:
    """Where tables (from header to the end of their last statement) and values stand in a text."""

    tables: dict[Path, _Span]
    values: dict[Path, _Span]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made, in order. Items that are there already are not added again, absent ones not removed."""
    windows = "\r\n" in text
    text = text.replace("\r\n", "\n")
    for edit in edits:
        text = _edited(text, edit)
    return text.replace("\n", "\r\n") if windows else text


def unified(file: str, before: str, after: str) -> str:
    """The difference as `patch` and `git apply` take it; "" where there is none."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{file}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def block(text: str, table: Path) -> tuple[int, str] | None:
    """The line (from 1) and the text of one table as it is written, header included; None where the text has no such table."""
    span = _places(text).tables.get(table)
    return None if span is None else (text.count("\n", 0, span.start) + 1, text[span.start : span.end].rstrip("\n") + "\n")


def with_block(text: str, kin: Path, new: str) -> str:
    """The text with a whole block behind the last table that begins as `kin` does, a blank line before it."""
    places = _places(text)
    return _inserted(text, _end_of_kin(places, (*kin, ""), len(text)), "\n" + new.strip("\n") + "\n")


def quoted(value: Scalar) -> str:
    """A value as TOML writes it."""
    if isinstance(value, float):
        return f"{value:g}" if value != int(value) else f"{value:.1f}"
    return json.dumps(value, ensure_ascii=False)


def header(table: Path) -> str:
    """`[a.b."c d"]`."""
    return (
        "["
        + ".".join(part if part.replace("-", "").replace("_", "").isalnum() and part.isascii() else quoted(part) for part in table)
        + "]"
    )


def _edited(text: str, edit: Edit) -> str:
    places = _places(text)
    span = places.values.get((*edit.table, edit.key))
    if span is not None:
        written = text[span.start : span.end]
        changed = quoted(edit.value) if edit.value is not None else _list_edited(written, edit)
        return text[: span.start] + changed + text[span.end :]
    if edit.value is None and not edit.add:
        return text
    line = f"{edit.key} = {quoted(edit.value) if edit.value is not None else '[' + ', '.join(map(quoted, edit.add)) + ']'}\n"
    table = places.tables.get(edit.table)
    if table is not None:
        return _inserted(text, table.end, line)
    note = "".join(f"# {part}\n" for part in edit.note.splitlines())
    return _inserted(text, _end_of_kin(places, edit.table, len(text)), f"\n{note}{header(edit.table)}\n{line}")


def _inserted(text: str, at: int, new: str) -> str:
    head = text[:at]
    return (head if not head or head.endswith("\n") else f"{head}\n") + new + text[at:]


def _end_of_kin(places: _Places, table: Path, end: int) -> int:
    """Behind the last table that shares the longest beginning with `table`; the end of the text where none does."""
    for count in range(len(table) - 1, 0, -1):
        kin = [span.end for path, span in places.tables.items() if path[:count] == table[:count]]
        if kin:
            return max(kin)
    return end


def _list_edited(written: str, edit: Edit) -> str:
    here: list[object] = tomllib.loads(f"x = {written}")["x"]
    for item in edit.remove:
        if item in here:
            written = _without(written, item)
    for item in edit.add:
        if item not in here:
            written = _with(written, quoted(item))
    return written


def _with(written: str, item: str) -> str:
    """The list with an item behind its last one, on that one's line."""
    pieces = _significant(written)
    last, close = pieces[-2], pieces[-1]
    if last[1] == "[":
        return f"{written[: last[0] + 1]}{item}{written[close[0] :]}"
    at = last[0] + len(last[1])
    return f"{written[:at]}{f' {item},' if last[1] == ',' else f', {item}'}{written[at:]}"


def _without(written: str, item: str) -> str:
    """The list without an item and one of the commas beside it."""
    pieces = _significant(written)
    place = next(n for n, (_, piece) in enumerate(pieces) if piece[0] in "\"'" and tomllib.loads(f"x = {piece}")["x"] == item)
    start, piece = pieces[place]
    end = start + len(piece)
    if pieces[place + 1][1] == ",":
        end = pieces[place + 1][0] + 1
    elif pieces[place - 1][1] == "," and "\n" not in written[pieces[place - 1][0] : start]:
        start = pieces[place - 1][0]
    before, after = written[:start], written[end:]
    alone = before.rstrip(" \t").endswith("\n") and after.lstrip(" \t").startswith("\n")
    return before.rstrip(" \t") + after.lstrip(" \t").removeprefix("\n") if alone else before + after.lstrip(" ")


def _significant(written: str) -> list[tuple[int, str]]:
    """The pieces of a value with their offsets, without comments and line ends."""
    return [(found.start(), found.group()) for found in PIECE.finditer(written) if found.group() != "\n" and found.group()[0] != "#"]


def _places(text: str) -> _Places:
    pieces = [(found.start(), found.group()) for found in PIECE.finditer(text)]
    tables: dict[Path, _Span] = {}
    values: dict[Path, _Span] = {}
    table: Path = ()
    at = 0
    while at < len(pieces):
        start, piece = pieces[at]
        if piece == "\n" or piece[0] == "#":
            at += 1
            continue
        stop = _statement_end(pieces, at)
        end = pieces[stop][0] + 1 if stop < len(pieces) else len(text)
        if piece == "[":
            table = tuple(part for _, piece in _code(pieces[at:stop]) if piece not in {"[", "]", "."} for part in plain_key(piece))
            tables[table] = _Span(start, end)
        else:
            _note_value(pieces[at:stop], table, values)
            if table in tables:
                tables[table] = _Span(tables[table].start, end)
        at = stop
    return _Places(tables, values)


def _code(pieces: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(offset, piece) for offset, piece in pieces if piece != "\n" and piece[0] != "#"]


def _statement_end(pieces: Sequence[tuple[int, str]], at: int) -> int:
    """The index of the line end that ends the statement begun at `at`."""
    depth = 0
    while at < len(pieces):
        piece = pieces[at][1]
        depth += (piece in {"[", "{"}) - (piece in {"]", "}"})
        if piece == "\n" and depth <= 0:
            return at
        at += 1
    return at


def _note_value(pieces: Sequence[tuple[int, str]], table: Path, values: dict[Path, _Span]) -> None:
    code = _code(pieces)
    equals = next((n for n, (_, piece) in enumerate(code) if piece == "="), None)
    if equals is None or equals + 1 >= len(code):
        return
    key = tuple(part for _, piece in code[:equals] if piece != "." for part in plain_key(piece))
    last, piece = code[-1]
    values[(*table, *key)] = _Span(code[equals + 1][0], last + len(piece))
