"""What the demo's outlets have published: one TOML file per outlet under `site/`, in words of our own, retelling public facts of September 2024."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

QUIRKS = ("windows-1258", "gmt+7", "no-dates", "double-encoded", "cut", "dead", "utm")
"""What an outlet's feed does wrong, as real ones do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoArticle:
    """One article of an outlet. `story` labels its development over all outlets; `expect` is the band it should reach: alert, review or none."""

    outlet: str
    lang: str
    slug: str
    title: str
    summary: str
    author: str
    published_at: datetime
    body: str
    credit: str
    story: str
    expect: str

    @property
    def path(self) -> str:
        """The page's path on its outlet."""
        return f"/{self.slug}.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One outlet: `key` is its short name, `form` rss | atom | jsonfeed, `quirks` from QUIRKS."""

    key: str
    name: str
    lang: str
    form: str
    quirks: tuple[str, ...]
    articles: tuple[DemoArticle, ...]


@cache
def outlets() -> tuple[Outlet, ...]:
    """All outlets, by key."""
    folder = files("monitor.demo") / "site"
    found = [
        _outlet(item.name.removesuffix(".toml"), tomllib.loads(item.read_text(encoding="utf-8")))
        for item in folder.iterdir()
        if item.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda outlet: outlet.key))


def _outlet(key: str, table: dict[str, Any]) -> Outlet:
    about = table["outlet"]
    return Outlet(
        key=key,
        name=about["name"],
        lang=about["lang"],
        form=about.get("feed", "rss"),
        quirks=tuple(about.get("quirks", ())),
        articles=tuple(_article(key, about["lang"], each) for each in table.get("article", ())),
    )


def _article(outlet: str, lang: str, table: dict[str, Any]) -> DemoArticle:
    return DemoArticle(
        outlet=outlet,
        lang=lang,
        slug=table["slug"],
        title=table["title"],
        summary=table["summary"],
        author=table.get("author", ""),
        published_at=table["published"],
        body=table["body"].strip(),
        credit=table.get("credit", ""),
        story=table.get("story", ""),
        expect=table.get("expect", "none"),
    )
