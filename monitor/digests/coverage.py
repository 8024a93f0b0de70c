"""What was watched while a digest's hits came in, so that no news can be told from no sight. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.digests.wording import shown
from monitor.hours import to_text

_MAX_NAMED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A source that gives nothing: since when (stored text, or "") and of what kind. `gone`: it said so itself."""

    name: str
    since_at: str = ""
    kind: str = ""
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A source, and an instant (stored text) since or at which something is so."""

    name: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was watched while the digest's hits came in, so that no news can be told from no sight.

    `silent`: sources quiet for longer than is usual for them; `gaps`: sources of which items may have been missed; `unwatched`: spans (from,
    to) in which nothing ran.
    """

    sources: int = 0
    healthy: int = 0
    failing: tuple[Failing, ...] = ()
    articles: int = 0
    pending: int = 0
    silent: tuple[Since, ...] = ()
    gaps: tuple[Since, ...] = ()
    unwatched: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """What the store knows of silences, gaps and spans without a daemon; names are feeds'."""

    silent: tuple[tuple[str, datetime], ...] = ()
    gaps: tuple[tuple[str, datetime], ...] = ()
    unwatched: tuple[tuple[datetime, datetime], ...] = ()


def coverage_of(sources: Sequence[Mapping[str, Any]], articles: int, pending: int, blind: Blind | None = None) -> Coverage:
    """The coverage from feed rows (name, title, state, failing_since_at, error_kind) and article counts; the longest failing first."""
    blind = blind or Blind()
    titles = {row["name"]: shown(row["title"] or row["name"], 60) for row in sources}
    ill = [row for row in sources if row["failing_since_at"] or row["state"] == "gone"]
    ill.sort(key=lambda row: (row["failing_since_at"] or "", row["name"]))
    failing = tuple(
        Failing(
            name=shown(row["title"] or row["name"], 60),
            since_at=row["failing_since_at"] or "",
            kind=shown(row["error_kind"] or "", 40),
            gone=row["state"] == "gone",
        )
        for row in ill[:_MAX_NAMED]
    )
    return Coverage(
        sources=len(sources),
        healthy=len(sources) - len(ill),
        failing=failing,
        articles=articles,
        pending=pending,
        silent=_since(blind.silent, titles),
        gaps=_since(blind.gaps, titles),
        unwatched=tuple((to_text(start), to_text(end)) for start, end in blind.unwatched),
    )


def _since(rows: Sequence[tuple[str, datetime]], titles: Mapping[str, str]) -> tuple[Since, ...]:
    """The longest first; sources that are no longer polled are left out."""
    ordered = sorted((at, titles[name]) for name, at in rows if name in titles)
    return tuple(Since(name=name, at=to_text(at)) for at, name in ordered[:_MAX_NAMED])
