"""The way in and out: the login form, sessions, the answer to whoever has none; our own few files; the page that tells what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.errors import NothingSelected
from monitor.log import logger
from monitor.web.desk import Answer, Asked, Route, local_place, see_other, text
from monitor.web.guard import COOKIE
from monitor.web.keys import SESSION
from monitor.web.render import address, page, static_files

_FOR_GOOD = (("cache-control", "public, max-age=31536000, immutable"),)
_BEARER = ("www-authenticate", 'Bearer realm="monitor"')


def login_page(asked: Asked) -> Answer:
    """The form that asks for the token."""
    return _form(asked, local_place(asked.query.get("next", "/")))


def _form(asked: Asked, place: str, status: int = 200, wrong: bool = False, again: bool = False) -> Answer:
    return page(asked, "login.html", "Log in", status, place=place, wrong=wrong, again=again)


def log_in(asked: Asked) -> Answer:
    """Begins a session where the token is right."""
    place = local_place(asked.form.get("next", "/"))
    if not asked.keys.opens(asked.form.get("token", "").strip()):
        logger().warning("wrong token at the login")
        return _form(asked, place, 401, wrong=True)
    cookie = _cookie(asked, asked.keys.session(asked.now), int(SESSION.total_seconds()))
    return see_other(place, (("set-cookie", cookie),))


def log_out(asked: Asked) -> Answer:
    """Ends the session of this browser."""
    return see_other("/login", (("set-cookie", _cookie(asked, "", 0)),))


def _cookie(asked: Asked, value: str, seconds: int) -> str:
    secure = "; Secure" if asked.secure else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def refused(asked: Asked, headers: Mapping[str, str]) -> Answer:
    """401: the login form for a person, one line for a program.

    A strict cookie does not come along when a link on another site or in a mail led here: the form then asks the browser once more by itself.
    """
    if asked.method == "POST" or "text/html" not in headers.get("accept", ""):
        answer = text("401 log in, or send the token: Authorization: Bearer TOKEN\n", 401)
        return replace(answer, headers=(_BEARER,))
    again = headers.get("sec-fetch-site") == "cross-site" and "again" not in asked.query
    place = local_place(address(asked.path, **{name: value for name, value in asked.query.items() if name != "again"}))
    return _form(asked, place, 401, again=again)


def no_token(asked: Asked, told: Callable[[Asked, int, str, str], Answer]) -> Answer:
    """401 in the words of a route that speaks to programs."""
    answer = told(asked, 401, "Log in", "send the token: Authorization: Bearer TOKEN")
    return replace(answer, headers=(*answer.headers, _BEARER))


def trouble(asked: Asked, status: int, what: str, why: str) -> Answer:
    """A page that tells what went wrong, in the words of the command line."""
    return page(asked, "trouble.html", what, status, why=why)


def static_file(asked: Asked) -> Answer:
    """One of our own files: style, keys, sign."""
    found = static_files().get(asked.parts["name"])
    if found is None:
        raise NothingSelected("there is no such file")
    content, kind, _ = found
    return Answer(body=content, type=kind, headers=_FOR_GOOD)


ROUTES = (
    Route(path="/login", answer=login_page, access="open"),
    Route(path="/login", answer=log_in, methods=("POST",), access="open"),
    Route(path="/logout", answer=log_out, methods=("POST",)),
    Route(path="/static/{name}", answer=static_file, access="open"),
)
