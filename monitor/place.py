"""Where the database is: a file, or a PostgreSQL server. What is shown of an address never holds its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

SCHEMES = ("postgresql://", "postgres://")
_MASK = "***"
_WHAT = "is not an address such as postgresql://user@host/monitor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One of `path` (a SQLite file) and `address` (a server), and `shown`, what people are told of it."""

    shown: str
    path: Path | None = None
    address: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.shown


def place_of(text: str, folder: Path, environment: Mapping[str, str] | None = None) -> Place:
    """The place that a text names: a path (relative ones in `folder`), an address, or a reference to either (env:NAME, file:PATH).

    Raises ValueError where a reference leads nowhere or the address is none.
    """
    if not text.startswith(("env:", "file:")):
        return _place(text, folder)
    from monitor.config.secrets import resolve  # the configuration's own imports are heavy, and a plain path needs none of them

    found = _place(resolve(text, folder, environment).reveal(), folder)
    return Place(shown=text, address=found.address) if found.address else found


def _place(text: str, folder: Path) -> Place:
    if text.startswith(SCHEMES):
        return Place(shown=address_shown(text), address=text)
    if "://" in text or not text:
        raise ValueError(f"{_WHAT.removeprefix('is ')}, nor a file" if text else "should be a file or an address in quotes")
    return Place(shown=text, path=folder / Path(text).expanduser())


def for_shell(place: Place) -> str:
    """The address as a word of a shell's command line, its password left out or taken from where it lies."""
    scheme, _, rest = place.shown.partition(":")
    match scheme:
        case "env":
            return f'"${rest}"'
        case "file":
            return f'"$(cat {rest})"'
        case _:
            return f"'{place.shown}'"


def address_shown(address: str) -> str:
    """An address without its passwords. Raises ValueError where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise ValueError(_WHAT) from None
    before, _, host = parts.netloc.rpartition("@")
    user, colon, _ = before.partition(":")
    who = f"{user}{colon and ':' + _MASK}@" if before else ""
    query = urlencode([(name, _MASK if "password" in name else value) for name, value in parse_qsl(parts.query)], safe="*/:")
    return f"{parts.scheme}://{who}{host}{parts.path}{query and '?' + query}"


def passwords_in(address: str) -> tuple[str, ...]:
    """The passwords that an address holds, as written and as they are."""
    parts = urlsplit(address)
    before = parts.netloc.rpartition("@")[0]
    found = [before.partition(":")[2], *(value for name, value in parse_qsl(parts.query) if "password" in name)]
    return tuple(dict.fromkeys(form for each in found if each for form in (each, unquote(each))))
