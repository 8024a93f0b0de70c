"""The OpenAPI 3.1 document of the read API, made of the declarations that serve it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor import __version__
from monitor.web.api.declare import Field, Item, Pages, Parameter, Shape
from monitor.web.api.operations import ITEMS, LISTS, PREFIX

_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["parameter", "detail"],
                "additionalProperties": False,
                "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_REFUSALS = {
    "400": ("BadRequest", "A parameter is unknown or cannot be used."),
    "401": ("Unauthorized", "No token, or a wrong one."),
    "404": ("NotFound", "There is no such thing."),
    "503": ("Unavailable", "The database cannot answer now."),
}
_SAID = """\
What Monitor has stored, to be read by other programs. Nothing can be changed here.

Lists come newest first and page by page: `next` is the `cursor` of the following page, null on the last. Items that are added meanwhile neither repeat
nor hide others. A page looks at a bounded part of history: with a filter that fits few items it may hold fewer than `limit`, or none, and still name a
next one. Instants are UTC (RFC 3339)."""


def document() -> dict[str, Any]:
    """The whole document."""
    paths = {PREFIX + each.path: {"get": _listed(each)} for each in LISTS} | {PREFIX + each.path: {"get": _single(each)} for each in ITEMS}
    roots = (*(each.shape for each in LISTS), *(each.shape for each in ITEMS))
    shapes = {shape.name: shape for root in roots for shape in _shapes(root)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Monitor", "version": __version__, "description": _SAID, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": each.path.strip("/"), "description": f"{each.said}."} for each in LISTS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`monitor web --show-token` prints it."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "monitor_session",
                    "description": "As the login gives it to a browser.",
                },
            },
            "schemas": {**{name: _schema(shape) for name, shape in sorted(shapes.items())}, "Problem": _PROBLEM},
            "responses": {name: _refusal(int(status), said) for status, (name, said) in _REFUSALS.items()},
        },
    }


def _shapes(shape: Shape) -> Iterator[Shape]:
    yield shape
    for each in shape.fields:
        if each.shape is not None:
            yield from _shapes(each.shape)


def _schema(shape: Shape) -> dict[str, Any]:
    return {
        "type": "object",
        "description": shape.said,
        "required": [each.name for each in shape.fields],
        "additionalProperties": False,
        "properties": {each.name: _property(each) for each in shape.fields},
    }


def _property(field: Field) -> dict[str, Any]:
    if field.shape is not None:
        return {"type": "array", "items": _reference(field.shape.name), "description": field.said}
    return {**field.schema, "description": field.said}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _listed(pages: Pages) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "additionalProperties": False,
        "properties": {
            "items": {"type": "array", "items": _reference(pages.shape.name)},
            "next": {"type": ["string", "null"], "description": "The cursor of the following page; null: this is the last."},
        },
    }
    return {
        **_about(pages.path, f"list_{pages.listing}", pages.said),
        "parameters": [_parameter(each, "query") for each in pages.parameters],
        "responses": {
            "200": _answered("One page.", schema, {"items": [pages.shape.example()], "next": "4f"}),
            **_refusals("400", "401", "503"),
        },
    }


def _single(item: Item) -> dict[str, Any]:
    noun = item.path.split("/")[1]
    return {
        **_about(item.path, f"show_{noun}", item.said),
        "parameters": [_parameter(item.key, "path")],
        "responses": {
            "200": _answered(item.shape.said, _reference(item.shape.name), item.shape.example()),
            **_refusals("400", "401", "404", "503"),
        },
    }


def _about(path: str, name: str, said: str) -> dict[str, Any]:
    return {"operationId": name, "summary": said, "tags": [path.split("/")[1]]}


def _parameter(parameter: Parameter, where: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": where,
        "required": where == "path",
        "description": parameter.said,
        "schema": dict(parameter.schema),
        "example": parameter.example,
    }


def _answered(said: str, schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {"description": said, "content": {"application/json": {"schema": schema, "example": example}}}


def _refusals(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{_REFUSALS[status][0]}"} for status in statuses}


def _refusal(status: int, said: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": said, "status": status, "detail": said}
    return {"description": said, "content": {"application/problem+json": {"schema": _reference("Problem"), "example": example}}}
