"""`monitor feeds stats`: what each feed brought, and what it is worth beside the others."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from monitor.cli.output import duration, emit, listing
from monitor.cli.session import open_session
from monitor.store.driver import Store

_COLUMNS = ("name", "entries", "hits", "stories", "firsts", "first_share", "lead_min", "echo_share", "precision")
_MORE = ("fail_count", "recent", "alone", "lag_min", "polls", "interval_s", "newest_at")
_NOTHING = dict.fromkeys(("stories", "alone", "firsts", "useful", "useless"), 0) | dict.fromkeys(
    ("first_share", "lead_min", "lag_min", "echo_share", "precision")
)


@click.command()
@click.option("--since", default="30d", show_default=True, help="Look at what was found within this time (90m, 24h, 7d).")
@click.option("--watchlist", help="Only stories of this watchlist.")
@listing(default=500)
@click.pass_context
def stats(ctx: click.Context, since: str, watchlist: str | None, limit: int, as_json: bool, as_jsonl: bool) -> None:
    """What each feed brought, and what it is worth: how often it was first and by how many minutes, how much was echo, how much people found useful.

    \b
    Example:
      monitor feeds stats --since 30d --watchlist vietnam-us-tech
    """
    from monitor.store.feeds import stats as counted

    session = open_session(ctx)
    after = session.now() - duration(since)
    worth = _worth(session.store, after, watchlist)
    rows = [{**row, "recent": row["recent"] or 0, **worth.get(row["name"], _NOTHING)} for row in counted(session.store, after)]
    emit(rows[:limit], (*_COLUMNS, *_MORE), as_json, as_jsonl, extra=len(_MORE))


def _worth(store: Store, since: datetime, watchlist: str | None) -> dict[str, dict[str, object]]:
    """By feed, the fields of its worth in stories that began since an instant."""
    from monitor.feeds.worth import Report, published, weigh
    from monitor.store.shares import reports

    given = [
        Report(
            feed=row["feed"],
            hit=row["hit"],
            story=row["story"],
            at=published(row["published_at"], row["seen_at"]),
            novelty=row["novelty"],
            copied=row["copied"],
            mark=row["mark"],
        )
        for row in reports(store, since, watchlist)
    ]
    return {feed: {**asdict(worth), "precision": worth.precision} for feed, worth in weigh(given).items()}
