"""Watchlists to a matcher: the room's front door for whoever composes the program."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.hits.match import Matcher
from monitor.hits.plan import ENGINE, compile_watchlists
from monitor.model import Watchlist

__all__ = ["ENGINE", "compile_matcher"]


def compile_matcher(watchlists: Iterable[Watchlist]) -> Matcher:
    """A matcher for watchlists. Raises query.QueryError where a `match` line is wrong."""
    return Matcher(compile_watchlists(watchlists))
