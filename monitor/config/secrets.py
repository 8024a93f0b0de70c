"""Secrets by reference: `env:NAME` or `file:PATH`, never a value in a file. A secret prints as *** wherever it is printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MASK = "***"


class Secret:
    """A value that no log, repr or JSON shows. Only `reveal()` gives it."""

    __slots__ = ("_value", "reference")

    def __init__(self, value: str, reference: str = "") -> None:
        self._value = value
        self.reference = reference

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def resolve(reference: str, folder: Path, environment: Mapping[str, str] | None = None) -> Secret:
    """The secret behind a reference; relative files are looked for in `folder`. Raises ValueError that says what to do, never the value."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env" if rest:
            value = (os.environ if environment is None else environment).get(rest)
            if not value:
                raise ValueError(f"the environment variable {rest} is not set; set it, or point to a file with file:PATH")
            return Secret(value, reference)
        case "file" if rest:
            return Secret(_content(folder / Path(rest).expanduser()), reference)
        case _:
            raise ValueError("a secret is given by reference: env:NAME or file:PATH, never as a value in this file")


def _content(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"the secret file {path} cannot be read ({error.strerror})") from error
    if mode & 0o077:
        raise ValueError(f"the secret file {path} can be read by others; run: chmod 600 {path}")
    if not value:
        raise ValueError(f"the secret file {path} is empty")
    return value
