"""Stories: every development of a watchlist, the latest first, by words and page by page."""

from __future__ import annotations

from monitor.hours import from_text
from monitor.store import stories as stored
from monitor.store.search import MOST_ARTICLES
from monitor.store.stories import Place
from monitor.web.desk import Answer, Asked
from monitor.web.render import address, page

PER_PAGE = 30
_MOST_WORDS_CHARS = 200


def stories(asked: Asked) -> Answer:
    """The page of all stories: of one watchlist (`?watchlist=`), with a report that holds all of some words (`?q=`)."""
    given = {name: asked.query.get(name, "").strip()[:_MOST_WORDS_CHARS] for name in ("watchlist", "q")}
    store, before = asked.desk.store, _place(asked.query.get("before", ""))
    articles = store.search(given["q"], MOST_ARTICLES) if given["q"] else None
    rows = stored.page(store, given["watchlist"], articles, PER_PAGE + 1, before)
    last = rows[PER_PAGE - 1] if len(rows) > PER_PAGE else None
    return page(
        asked,
        "stories.html",
        f"{given['q']}: stories" if given["q"] else "Stories",
        given=given,
        rows=rows[:PER_PAGE],
        watchlists={one.id: one.title for one in asked.desk.watchlists},
        following=address("/stories", **given, before=f"{last['last_seen_at']},{last['id']}") if last else "",
        paged=before is not None,
        most=MOST_ARTICLES,
    )


def _place(text: str) -> Place | None:
    """The place that an address names; None, which begins with the latest, where it is none."""
    at, _, number = text.partition(",")
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    try:
        return Place(at=from_text(at), number=int(number))
    except ValueError:
        return None
