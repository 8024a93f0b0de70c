"""Where a key of a TOML file stands: lines for error messages. `tomllib` gives values without positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# Alternatives begin with different characters or are disjoint after them, so scanning is linear.
PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|\n"
    r"|[\[\]{}=,.]"
    r"|[^\s\[\]{}=,.#\"']+",
    re.DOTALL,
)


def line_of(text: str, dotted_path: str) -> int | None:
    """The line (from 1) on which `dotted_path` is written: a table, a key or an item of an array (`a.names.3`).

    For what the file does not write (a missing key, a key of an inline table): the line of the nearest table or key above it. None if there is none.
    """
    written, implied = _lines(text)
    parts = dotted_path.split(".")
    for count in range(len(parts), 0, -1):
        path = ".".join(parts[:count])
        line = written.get(path) or implied.get(path)
        if line is not None:
            return line
    return None


@lru_cache(maxsize=4)
def _lines(text: str) -> tuple[dict[str, int], dict[str, int]]:
    written: dict[str, int] = {}
    implied: dict[str, int] = {}
    table: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    pieces = _pieces(text)
    for line, piece in pieces:
        if piece == "\n" or piece.startswith("#"):
            continue
        if piece == "[":
            table = _header(pieces, counts)
            _note(written, implied, table, len(table), line)
            continue
        keys = _key(pieces, piece)
        path = (*table, *keys)
        _note(written, implied, path, len(keys), line)
        _value(pieces, ".".join(path), written)
    return written, implied


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    line = 1
    for found in PIECE.finditer(text.replace("\r\n", "\n")):
        piece = found.group()
        yield line, piece
        line += piece.count("\n")


def _header(pieces: Iterator[tuple[int, str]], counts: dict[str, int]) -> tuple[str, ...]:
    """The path of a `[table]` or `[[array of tables]]`, read to the end of its line; the latter gets its index as last part."""
    parts: list[str] = []
    brackets = 1
    for _, piece in pieces:
        if piece == "\n":
            break
        if piece == "[":
            brackets += 1
        elif piece not in {"]", "."} and not piece.startswith("#"):
            parts.extend(plain_key(piece))
    if brackets == 1:
        return tuple(parts)
    name = ".".join(parts)
    counts[name] = counts.get(name, -1) + 1
    return (*parts, str(counts[name]))


def _key(pieces: Iterator[tuple[int, str]], first: str) -> list[str]:
    parts = plain_key(first)
    for _, piece in pieces:
        if piece in {"=", "\n"}:
            break
        if piece != ".":
            parts.extend(plain_key(piece))
    return parts


def _value(pieces: Iterator[tuple[int, str]], path: str, written: dict[str, int]) -> None:
    """Reads one value to the end of its statement and notes the line of each item of an array."""
    depth = 0
    item: int | None = None
    fresh = False
    for line, piece in pieces:
        if piece == "\n":
            if depth == 0:
                return
            continue
        if piece.startswith("#"):
            continue
        if piece in {"]", "}"}:
            depth -= 1
        elif piece == "," and depth == 1 and item is not None:
            item += 1
            fresh = True
        elif fresh:
            written.setdefault(f"{path}.{item}", line)
            fresh = False
        if piece in {"[", "{"}:
            if depth == 0 and piece == "[":
                item, fresh = 0, True
            depth += 1


def plain_key(piece: str) -> list[str]:
    """A piece of a dotted key without its quotes."""
    return [piece[1:-1]] if piece[0] in "\"'" else [piece]


def _note(written: dict[str, int], implied: dict[str, int], path: tuple[str, ...], own: int, line: int) -> None:
    written.setdefault(".".join(path), line)
    for count in range(len(path) - own + 1, len(path)):
        implied.setdefault(".".join(path[:count]), line)
