"""Typed reading of TOML tables that keeps every problem it meets, with its path, line and the nearest right word."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from monitor.errors import ConfigError, Problem
from monitor.toml_lines import line_of

Table = Mapping[str, object]

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_LANG = re.compile(r"[a-z]{2}\Z")
_KINDS = {str: "text in quotes", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


class Reading:
    """One pass over one file. Wrong values become problems and are replaced by a default, so that the pass goes on."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []

    def root(self) -> Table:
        """The whole file. Raises ConfigError when it is not TOML."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column \d+\)", str(error))
            line = int(found[1]) if found else None
            raise ConfigError((Problem(file=self.file, path="", message=f"not valid TOML: {error}", line=line),)) from error

    def problem(self, path: str, message: str, hint: str = "") -> None:
        """Notes one problem at a dotted path."""
        self.problems.append(Problem(file=self.file, path=path, message=message, line=line_of(self.text, path), hint=hint))

    def finish(self) -> None:
        """Raises ConfigError with all problems in the order of the file, if there are any."""
        if self.problems:
            once = dict.fromkeys(self.problems)
            raise ConfigError(tuple(sorted(once, key=lambda problem: (problem.line or 0, problem.path))))

    def table(self, table: Table, path: str, key: str) -> Table:
        """The table under `key`; empty when missing or of another kind."""
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._wrong(join(path, key), value, "a table")
        return {}

    def named(self, table: Table, path: str, key: str) -> list[tuple[str, str, Table]]:
        """The tables named under `key` as (id, path, table), in the order of the file."""
        rows: list[tuple[str, str, Table]] = []
        for name in self.table(table, path, key):
            place = join(path, key, name)
            if not _ID.match(name):
                self.problem(place, f"{name!r} cannot be an id", "lower-case letters, digits and hyphens only, such as to-lam")
            rows.append((name, place, self.table(self.table(table, path, key), join(path, key), name)))
        return rows

    def known(self, table: Table, path: str, keys: Iterable[str], *, languages: bool = False) -> None:
        """Notes each key of `table` that is not one of `keys` (nor, where `languages`, a two-letter language)."""
        allowed = tuple(keys)
        for key in table:
            if key not in allowed and not (languages and _LANG.match(key)):
                self.problem(join(path, key), "unknown key", nearest(key, allowed))

    def words(self, table: Table, path: str, key: str, default: str = "") -> str:
        """A text on one line."""
        value = table.get(key, default)
        if isinstance(value, str):
            return " ".join(value.split())
        self._wrong(join(path, key), value, "text in quotes")
        return default

    def choice(self, table: Table, path: str, key: str, choices: tuple[str, ...], default: str) -> str:
        """One of `choices`."""
        value = self.words(table, path, key, default)
        if value in choices:
            return value
        self.problem(join(path, key), f"{value!r} is not known here", nearest(value, choices))
        return default

    def number(self, table: Table, path: str, key: str, default: float) -> float:
        """A number; whole numbers are taken too."""
        value = table.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        self._wrong(join(path, key), value, "a number")
        return default

    def whole(self, table: Table, path: str, key: str, default: int) -> int:
        """A whole number."""
        value = table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong(join(path, key), value, "a whole number")
        return default

    def flag(self, table: Table, path: str, key: str, default: bool) -> bool:
        """true or false."""
        value = table.get(key, default)
        if isinstance(value, bool):
            return value
        self._wrong(join(path, key), value, "true or false (without quotes)")
        return default

    def list(self, table: Table, path: str, key: str) -> tuple[str, ...]:
        """A list of texts without blanks around them, each once, in order; a lone text is not a list."""
        value = table.get(key, ())
        place = join(path, key)
        if not isinstance(value, (list, tuple)):
            hint = f"write [{value!r}] with brackets around it".replace("'", '"') if isinstance(value, str) else ""
            self._wrong(place, value, "a list of texts", hint)
            return ()
        texts: list[str] = []
        for number, item in enumerate(value):
            if not isinstance(item, str):
                self._wrong(f"{place}.{number}", item, "text in quotes")
            elif not item.strip():
                self.problem(f"{place}.{number}", "empty text")
            else:
                texts.append(" ".join(item.split()))
        return tuple(dict.fromkeys(texts))

    def _wrong(self, path: str, value: object, wanted: str, hint: str = "") -> None:
        kind = next((name for known, name in _KINDS.items() if type(value) is known), type(value).__name__)
        self.problem(path, f"should be {wanted}, not {kind}", hint)


def join(*parts: str) -> str:
    """A dotted path of its non-empty parts."""
    return ".".join(part for part in parts if part)


def nearest(word: str, choices: Iterable[str]) -> str:
    """A hint: the choice most like `word`, else all of them when they are few."""
    known = sorted(set(choices))
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"one of {', '.join(known)}" if 0 < len(known) <= 16 else ""
