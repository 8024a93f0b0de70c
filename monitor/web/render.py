"""Pages from templates: autoescape is on, foreign text is only ever a value, links lead to http(s) or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from monitor import __version__
from monitor.digests.labels import Labels
from monitor.digests.wording import link, outlet, shown
from monitor.hours import from_text, to_text
from monitor.web.desk import Answer, Asked

if TYPE_CHECKING:
    from jinja2 import Environment

LANGUAGES = MappingProxyType({"en": "English", "vi": "Vietnamese", "fr": "French"})
TYPES = MappingProxyType({"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"})

MENU = (
    ("/", "Today"),
    ("/stories", "Stories"),
    ("/search", "Search"),
    ("/feeds", "Feeds"),
    ("/deliveries", "Deliveries"),
    ("/watchlists", "Watchlists"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Instants in the words of one zone, as seen at `now`. Every method takes an instant or its stored text; None is "never" or "-"."""

    zone: str
    now: datetime

    def moment(self, at: datetime | str | None) -> str:
        """`07:12` today, else `26 Sep 07:12`; with the year where it is another."""
        found = _instant(at)
        if found is None:
            return "–"
        local, here = found.astimezone(ZoneInfo(self.zone)), self.now.astimezone(ZoneInfo(self.zone))
        if local.date() == here.date():
            return f"{local:%H:%M}"
        return f"{local.day} {local:%b} {local:%H:%M}" if local.year == here.year else f"{local.day} {local:%b} {local.year}"

    def day(self, at: datetime | str | None) -> str:
        """`Thu 26 Sep 2024`."""
        found = _instant(at)
        return "–" if found is None else Labels("en").day(found, self.zone)

    def clock(self, at: datetime | str | None) -> str:
        """`07:12`."""
        found = _instant(at)
        return "–" if found is None else Labels("en").clock(found, self.zone)

    def ago(self, at: datetime | str | None) -> str:
        """`5 min ago`, `in 3 h`, `12 d ago`; "never" for None."""
        found = _instant(at)
        if found is None:
            return "never"
        past = found <= self.now
        said = span(abs(self.now - found))
        return f"{said} ago" if past else f"in {said}"

    def iso(self, at: datetime | str | None) -> str:
        """The instant as `datetime` of a time element."""
        found = _instant(at)
        return "" if found is None else to_text(found)[:19] + "Z"

    def sign(self) -> str:
        """The zone at this moment: `UTC+7`."""
        return Labels("en").zone_sign(self.now, self.zone)


def span(length: timedelta) -> str:
    """`40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _instant(at: datetime | str | None) -> datetime | None:
    return from_text(at) if isinstance(at, str) and at else at if isinstance(at, datetime) else None


def page(asked: Asked, template: str, title: str, status: int = 200, headers: tuple[tuple[str, str], ...] = (), **values: object) -> Answer:
    """A page by its template; `title` is what the browser's tab says, before the name of the program."""
    body = _environment().get_template(template).render(asked=asked, times=times(asked), title=title, menu=MENU, **values)
    return Answer(body=body.encode("utf-8"), status=status, headers=headers)


def times(asked: Asked) -> Times:
    """Times in the zone of the first subscription."""
    zone = next((each.timezone for each in asked.desk.config.subscription), "UTC")
    return Times(zone=zone, now=asked.now)


def address(path: str, **query: object) -> str:
    """A path with a query of the values that are not empty."""
    chosen = {name: value for name, value in query.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(chosen)}" if chosen else path


@lru_cache(maxsize=1)
def static_files() -> Mapping[str, tuple[bytes, str, str]]:
    """Our own few files by name: content, type, version. Nothing else is ever served, so no name of a request becomes a path."""
    found = {}
    for item in (files("monitor.web") / "static").iterdir():
        kind = TYPES.get(item.name.rpartition(".")[2])
        if kind is not None:
            content = item.read_bytes()
            found[item.name] = (content, kind, sha256(content).hexdigest()[:12])
    return found


def static_address(name: str) -> str:
    """The address of one of our files; it changes with its content, so that browsers may keep it for good."""
    return f"/static/{name}?v={static_files()[name][2]}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # 50 ms that a daemon which nobody looks at need not pay

    environment = Environment(
        loader=PackageLoader("monitor.web", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"version": __version__, "static": static_address, "address": address, "languages": LANGUAGES}
    environment.filters |= {
        "link": link,
        "shown": shown,
        "outlet": outlet,
        "span": span,
        "quoted": _quoted,
        "whole": _whole,
        "seconds": _seconds,
    }
    return environment


def _quoted(text: Any) -> str:
    """A value as one step of a path."""
    return quote(str(text), safe="")


def _whole(number: int) -> str:
    """A whole number with commas between thousands."""
    return f"{number:,}"


def _seconds(number: int) -> str:
    """A number of seconds as a span."""
    return span(timedelta(seconds=number))
