"""The table of routes: one line a page. A page is a plain function of what was asked; see desk.Route for who may come in and what it may raise."""

from __future__ import annotations

from monitor.web import deliveries, entrance, feeds, hit, links_page, metrics, outlets, probes, search, stories, story, today, watchlists
from monitor.web.api import serve as api
from monitor.web.desk import Route

ROUTES: tuple[Route, ...] = (
    *entrance.ROUTES,
    *probes.ROUTES,
    *metrics.ROUTES,
    *outlets.ROUTES,
    *links_page.ROUTES,
    *api.ROUTES,
    Route(path="/", answer=today.today),
    Route(path="/digests/{id}", answer=today.digest),
    Route(path="/search", answer=search.search),
    Route(path="/stories", answer=stories.stories),
    Route(path="/stories/{id}", answer=story.story),
    Route(path="/hits/{id}", answer=hit.hit),
    Route(path="/hits/{id}/marks", answer=hit.mark, methods=("POST",)),
    Route(path="/feeds", answer=feeds.feeds),
    Route(path="/feeds/{name}", answer=feeds.feed),
    Route(path="/feeds/{name}/state", answer=feeds.set_state, methods=("POST",)),
    Route(path="/deliveries", answer=deliveries.deliveries),
    Route(path="/deliveries/{id}", answer=deliveries.delivery),
    Route(path="/deliveries/{id}/retry", answer=deliveries.retry, methods=("POST",)),
    Route(path="/watchlists", answer=watchlists.watchlists),
    Route(path="/watchlists/{name}", answer=watchlists.watchlist),
)
