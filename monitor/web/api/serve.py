"""Serves the declared operations: checks what is asked by the declaration, reads, answers in the declared shape; refusals as problems (RFC 9457).

No secret of the configuration leaves: what strangers said (errors, answers of destinations) is masked on the way out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any

from monitor.config.present import masked, secrets_in
from monitor.store import reading
from monitor.store.driver import Value
from monitor.web.api.declare import CURSOR, LIMIT, BadValue, Item, Pages, Parameter, cursor, place
from monitor.web.api.openapi import document
from monitor.web.api.operations import ITEMS, LISTS, PREFIX
from monitor.web.desk import Answer, Asked, Route

_SPAN = ("since", "until")


class _Refused(Exception):
    """Parameters that cannot be used, as (name, why) pairs."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{name} {why}" for name, why in errors))


def problem(_asked: Asked, status: int, what: str, why: str, errors: Sequence[tuple[str, str]] = ()) -> Answer:
    """A refusal as a problem: `what` its title, `why` its detail, `errors` the parameters that it is about."""
    return told(status, why, what, errors)


def told(status: int, why: str, what: str, errors: Sequence[tuple[str, str]] = ()) -> Answer:
    """A problem where nothing of a request is known but that it is refused."""
    body: dict[str, Any] = {"type": "about:blank", "title": what, "status": status, "detail": why}
    if errors:
        body["errors"] = [{"parameter": name, "detail": said} for name, said in errors]
    return _json(body, status, "application/problem+json")


def _list(asked: Asked, pages: Pages) -> Answer:
    try:
        given = _given(asked.query, pages.parameters)
    except _Refused as refused:
        return problem(asked, 400, "Not understood", str(refused), refused.errors)
    named = {name: value for name, value in given.items() if name not in {*_SPAN, "q", CURSOR.name, LIMIT.name}}
    found = reading.page(
        asked.desk.store,
        pages.listing,
        named,
        _number(given.get(LIMIT.name)) or LIMIT.schema["default"],
        _number(given.get(CURSOR.name)),
        since=_instant(given.get("since")),
        until=_instant(given.get("until")),
        words=str(given.get("q", "")),
    )
    items = [pages.shape.of(pages.row(row)) for row in found.rows]
    return _json(_clean({"items": items, "next": None if found.before is None else cursor(found.before)}, asked))


def _item(asked: Asked, item: Item) -> Answer:
    if asked.query:
        errors = [(name, "is not known here") for name in asked.query]
        return problem(asked, 400, "Not understood", "an item takes no parameters", errors)
    return _json(_clean(item.shape.of(item.read(asked.desk.store, asked.parts[item.key.name])), asked))


def _given(query: Mapping[str, str], parameters: Sequence[Parameter]) -> dict[str, Value]:
    """The values that were given, by name. Raises _Refused with all that is wrong."""
    known = {each.name: each for each in parameters}
    values: dict[str, Value] = {}
    errors = []
    for name, text in query.items():
        parameter = known.get(name)
        if parameter is None:
            near = get_close_matches(name, known, n=1)
            errors.append((name[:80], f"is not known here{f'; did you mean {near[0]}?' if near else ''}"))
            continue
        try:
            values[name] = place(text) if parameter is CURSOR else parameter.read(text)
        except BadValue as error:
            errors.append((name, str(error)))
    if errors:
        raise _Refused(errors)
    return values


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def _instant(value: Value) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _clean(value: Any, asked: Asked) -> Any:
    """The same without our secrets, in every text of it."""
    return _masked(value, secrets_in(asked.desk.config))


def _masked(value: Any, secrets: tuple[str, ...]) -> Any:
    match value:
        case str():
            return masked(value, secrets)
        case dict():
            return {name: _masked(each, secrets) for name, each in value.items()}
        case list():
            return [_masked(each, secrets) for each in value]
        case _:
            return value


def _json(body: Any, status: int = 200, kind: str = "application/json") -> Answer:
    return Answer(body=json.dumps(body, ensure_ascii=False).encode("utf-8") + b"\n", status=status, type=kind)


@lru_cache(maxsize=1)
def _document() -> Answer:
    return _json(document())


def openapi(_asked: Asked) -> Answer:
    """The document of all this."""
    return _document()


ROUTES = (
    Route(path=f"{PREFIX}/openapi.json", answer=openapi, trouble=problem),
    *(Route(path=PREFIX + each.path, answer=partial(_list, pages=each), trouble=problem) for each in LISTS),
    *(Route(path=PREFIX + each.path, answer=partial(_item, item=each), trouble=problem) for each in ITEMS),
)
