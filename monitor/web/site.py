"""The dashboard as an ASGI application: the table of routes behind the guard. The only file that knows the web framework's requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import Executor
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as Served

from monitor.errors import MonitorError, NothingSelected, StoreError, UsageError
from monitor.log import logger
from monitor.web import entrance
from monitor.web.api import serve as api
from monitor.web.api.operations import PREFIX
from monitor.web.desk import Answer, Asked, Desk, Route, text
from monitor.web.guard import (
    BODY_TIMEOUT_S,
    COOKIE,
    HEADERS,
    MAX_BODY_BYTES,
    bearer,
    is_known_host,
    known_hosts,
    may_change,
)
from monitor.web.keys import Keys
from monitor.web.links import opens_link
from monitor.web.pages import ROUTES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Site = Callable[[Message, Receive, Send], Awaitable[None]]

_SAFE = {"GET", "HEAD"}


class BodyRefused(Exception):
    """A request's body is too large, comes too slowly, or is no form. Carries the answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.status)


def site(desk: Desk, keys: Keys, pool: Executor, routes: Iterable[Route] = ROUTES) -> Site:
    """The application. Pages are made in the threads of `pool`: the event loop, which the daemon's steps share, never waits for one."""
    served = [Served(route.path, _endpoint(route, desk, keys, pool), methods=list(route.methods)) for route in routes]
    return _guarded(Starlette(routes=served, exception_handlers={404: _unknown, 405: _unknown, 500: _fault}), desk)


def _guarded(inner: Site, desk: Desk) -> Site:
    """Checks Host and origin before anything else looks at a request, and puts the policy on every answer, those to faults too."""
    hosts = known_hosts(desk.config.web)
    policy = [(name.encode(), value.encode()) for name, value in HEADERS]

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((name, value) for name, value in policy if name not in given)]
            await send(message)

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = None
        if not is_known_host(headers.get("host", ""), hosts):
            refused = text("421 this site is not known by that name; add it to web.hosts in config.toml\n", 421)
        elif scope["method"] not in _SAFE and not may_change(headers):
            refused = text("403 a change must come from a page of this site\n", 403)
        await (inner if refused is None else _response(refused))(scope, receive, strict)

    return guarded


def _endpoint(route: Route, desk: Desk, keys: Keys, pool: Executor) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            form = await _form(request)
        except BodyRefused as refused:
            return _response(refused.answer)
        asked = Asked(
            desk=desk,
            keys=keys,
            now=desk.clock(),
            method=request.method,
            path=request.url.path,
            parts=request.path_params,
            query=dict(parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=50, errors="replace")),
            form=form,
            headers=dict(request.headers),
            base=f"{request.url.scheme}://{request.headers.get('host', '')}",
            secure=request.url.scheme == "https",
        )
        cookie, near = request.cookies.get(COOKIE, ""), request.client is None or _is_near(request.client.host)
        if route.at_once:
            return _response(_answered(route, asked, cookie, near))
        return _response(await _in(pool, _answered, route, asked, cookie, near))

    return endpoint


def _is_near(address: str) -> bool:
    """True for an address of this machine's own loopback."""
    try:
        found = ip_address(address)
        return (getattr(found, "ipv4_mapped", None) or found).is_loopback
    except ValueError:
        return False


def _admitted(route: Route, asked: Asked, cookie: str, near: bool) -> bool:
    if route.access == "open" or (route.access == "probe" and near):
        return True
    if "authorization" in asked.headers:
        token = bearer(asked.headers)
        return asked.keys.opens(token) or (route.access == "link" and opens_link(asked, token))
    if route.access == "link" and "key" in asked.query:
        return opens_link(asked, asked.query["key"])
    return asked.keys.is_session(cookie, asked.now)


def _answered(route: Route, asked: Asked, cookie: str, near: bool) -> Answer:
    told = route.trouble or entrance.trouble
    try:
        if not _admitted(route, asked, cookie, near):
            return entrance.refused(asked, asked.headers) if route.trouble is None else entrance.no_token(asked, route.trouble)
        return route.answer(asked)
    except NothingSelected as error:
        return told(asked, 404, "Not here", str(error))
    except UsageError as error:
        return told(asked, 400, "Not understood", str(error))
    except StoreError as error:
        logger(page=asked.path).warning("page not made", error=str(error))
        return told(asked, 503, "The database cannot answer now", str(error))
    except MonitorError as error:
        logger(page=asked.path).warning("page not made", error=str(error))
        return told(asked, 500, "This cannot be shown", str(error))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a posted form, the last of each name; empty for other methods. Raises BodyRefused."""
    if request.method in _SAFE:
        return {}
    body = b""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise BodyRefused(text("413 too much\n", 413))
    except (TimeoutError, ClientDisconnect):
        raise BodyRefused(text("408 too slow\n", 408)) from None
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise BodyRefused(text("400 not a form\n", 400)) from None


async def _in(pool: Executor, work: Callable[..., Answer], *values: object) -> Answer:
    return await asyncio.get_running_loop().run_in_executor(pool, work, *values)


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status_code=answer.status)
    response.headers["content-type"] = answer.type
    for name, value in answer.headers:
        response.headers.append(name, value)
    return response


async def _unknown(request: Request, error: Exception) -> Response:
    status = int(getattr(error, "status_code", 404))
    said, what = ("nothing is here", "Not here") if status == 404 else ("not this way", "Not allowed")
    answer = api.told(status, said, what) if request.url.path.startswith(PREFIX) else text(f"{status} {said}\n", status)
    return _response(replace(answer, headers=tuple((getattr(error, "headers", None) or {}).items())))


async def _fault(_request: Request, _error: Exception) -> Response:
    return _response(text("500 a fault of this program; the log says more\n", 500))
