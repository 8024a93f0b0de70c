"""The table of routes: one line a page. A page is a plain function of what was asked; see desk.Route for who may come in and what it may raise."""

from __future__ import annotations

from monitor.web import entrance, today
from monitor.web.desk import Route

ROUTES: tuple[Route, ...] = (
    *entrance.ROUTES,
    Route(path="/", answer=today.today),
    Route(path="/digests/{id}", answer=today.digest),
)
