"""The read API: what it answers, how it refuses, what it never says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from monitor.config import Secret
from monitor.config.channels import WebhookChannel
from monitor.web.api.declare import BadValue, cursor, place
from monitor.web.api.openapi import document
from monitor.web.api.operations import ITEMS, LISTS, PREFIX
from tests.web.serving import TOKEN, Dashboard

BEARER = {"authorization": f"Bearer {TOKEN}"}
NOUNS = [each.listing for each in LISTS]


@pytest.fixture(scope="module")
def program(dashboard: Dashboard) -> Iterator[httpx.Client]:
    """A program that has the token."""
    with httpx.Client(base_url=dashboard.address + PREFIX, headers=BEARER, trust_env=False, timeout=30) as client:
        yield client


def every(client: httpx.Client, path: str, **query: object) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    following: str | None = ""
    while following is not None:
        answer = client.get(path, params={**query, **({"cursor": following} if following else {})})
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["items"]
        following = body["next"]
    return found


@pytest.mark.parametrize("noun", NOUNS)
def test_pages_hold_everything_once(dashboard: Dashboard, program: httpx.Client, noun: str) -> None:
    """Small pages give the same items in the same order as a large one, each once: as many as the store has."""
    whole = every(program, f"/{noun}", limit=200)
    assert every(program, f"/{noun}", limit=3) == whole
    row = dashboard.store.one(f"select count(*) as n from {noun}" + (" where merged_into_id is null" if noun == "stories" else ""))
    assert row is not None
    assert len(whole) == row["n"] > 2
    assert [item["id"] for item in whole] == sorted((item["id"] for item in whole), reverse=True)


def test_each_item_says_what_its_list_says_and_more(program: httpx.Client) -> None:
    """Every item of every list can be asked for alone, and agrees with the list."""
    for noun in NOUNS:
        for item in every(program, f"/{noun}", limit=200)[::3]:
            step = item["name"] if noun == "feeds" else item["id"]
            alone = program.get(f"/{noun}/{step}").json()
            assert {name: alone[name] for name in item} == item
            assert len(alone) > len(item)


def test_a_hit_has_its_evidence(program: httpx.Client) -> None:
    """Mentions stand where they say in title and text; the parts add up to the score; marks are there."""
    hit = next(item for item in every(program, "/hits") if item["band"] == "alert" and not item["quiet"])
    whole = program.get(f"/hits/{hit['id']}").json()
    article = program.get(f"/articles/{hit['article']}").json()
    text = f"{article['title']}\n{article['text']}"
    entity = next(mention for mention in whole["mentions"] if mention["kind"] == "entity")
    assert text[entity["start"] : entity["end"]].casefold() == entity["alias"].casefold() or entity["title"] in text
    assert sum(part["points"] for part in whole["parts"]) == pytest.approx(whole["score"], abs=0.01)
    assert whole["reasons"]
    assert hit["id"] in article["hits"]
    assert article["sightings"]


def test_filters_narrow(program: httpx.Client) -> None:
    """Filters of hits give what they say."""
    whole = every(program, "/hits")
    for query, holds in (
        ({"lang": "fr"}, lambda item: item["lang"] == "fr"),
        ({"band": "review"}, lambda item: item["band"] == "review"),
        ({"quiet": "true"}, lambda item: item["quiet"]),
        ({"name": "nvidia"}, lambda item: "Nvidia" in item["names"]),
        ({"story": whole[0]["story"]}, lambda item: item["story"] == whole[0]["story"]),
        ({"since": "2024-09-27"}, lambda item: item["created_at"] >= "2024-09-27"),
        ({"until": "2024-09-26T12:00:00+07:00"}, lambda item: item["created_at"] < "2024-09-26T05"),
    ):
        assert every(program, "/hits", limit=4, **query) == [item for item in whole if holds(item)], query
    found = every(program, "/hits", q="NVIDIA viet nam")
    assert 0 < len(found) < len(whole)


@pytest.mark.parametrize(
    ("path", "parameter", "word"),
    [
        ("/hits?bnad=alert", "bnad", "did you mean band"),
        ("/hits?band=loud", "band", "alert, review"),
        ("/hits?limit=0", "limit", "1 to 200"),
        ("/hits?limit=201", "limit", "1 to 200"),
        ("/hits?limit=ten", "limit", "whole number"),
        ("/hits?limit=٣", "limit", "whole number"),
        ("/hits?cursor=!!", "cursor", "next"),
        ("/hits?cursor=" + "z" * 11, "cursor", "next"),
        ("/hits?cursor=", "cursor", "next"),
        ("/hits?quiet=yes", "quiet", "true or false"),
        ("/hits?since=yesterday", "since", "instant"),
        ("/hits?since=2024-09-26T07:00:00", "since", "zone"),
        ("/hits?since=2024-13-01", "since", "instant"),
        ("/hits?lang=", "lang", "1 to 200"),
        ("/hits?q=" + "x" * 201, "q", "1 to 200"),
        ("/hits/1?lang=en", "lang", "not known"),
    ],
)
def test_what_is_not_understood_is_told(program: httpx.Client, path: str, parameter: str, word: str) -> None:
    """400 as a problem (RFC 9457) that names the parameter and says what it may be."""
    answer = program.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"], body["title"]) == ("about:blank", 400, "Not understood")
    (error,) = body["errors"]
    assert error["parameter"] == parameter
    assert word in error["detail"]


def test_all_that_is_wrong_is_told_at_once(program: httpx.Client) -> None:
    """Several bad parameters are named together."""
    assert len(program.get("/hits?limit=0&band=x&what=y").json()["errors"]) == 3


@pytest.mark.parametrize("path", ["/hits/0", "/hits/x", "/hits/999999", f"/hits/{'9' * 30}", "/feeds/none", "/nothing", "/hits/1/more"])
def test_what_is_not_there_is_a_problem(program: httpx.Client, path: str) -> None:
    """404 as a problem, for items and for paths."""
    answer = program.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_nothing_can_be_changed(program: httpx.Client) -> None:
    """Other methods are refused with the ones that are allowed."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = program.request(method, "/hits")
        assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_who_may_read(dashboard: Dashboard, stranger: httpx.Client) -> None:
    """The token as bearer or the session of a browser; else 401 as a problem that says how. A link's key opens nothing here."""
    refused = stranger.get(f"{PREFIX}/hits")
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert stranger.get(f"{PREFIX}/openapi.json").status_code == 401
    assert stranger.get(f"{PREFIX}/hits", params={"key": dashboard.keys.link(f"{PREFIX}/hits")}).status_code == 401
    with dashboard.person() as client:
        assert client.get(f"{PREFIX}/hits").status_code == 200


def test_a_database_that_cannot_answer_is_a_problem(own_dashboard: Dashboard) -> None:
    """503 as a problem."""
    with own_dashboard.store.write():
        own_dashboard.store.run("drop table labels")
    with own_dashboard.stranger() as client:
        answer = client.get(f"{PREFIX}/hits", headers=BEARER)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_no_secret_in_any_answer(own_dashboard: Dashboard) -> None:
    """What strangers said back of our secrets is masked in every list and item, metrics and probes; the token is nowhere."""
    secret = 'canary-"secret"-of-a-hook'
    channel = WebhookChannel.model_construct(type="webhook", name="hook", url="https://example.org/h", secret=Secret(secret))
    desk = own_dashboard.desk
    object.__setattr__(desk, "config", replace(desk.config, channel=(channel,)))
    store = own_dashboard.store
    with store.write():
        store.run("update deliveries set last_error = :said, state = 'parked'", said=f"refused {secret}")
        store.run("update attempts set detail = :said", said=f"echo {secret}")
        store.run("update feeds set error = :said, failing_since_at = '2024-09-27T00:00:00.000000Z'", said=secret)
        store.run("update articles set error = :said", said=secret)
        store.run(
            "insert into events(happened_at, kind, subject, detail) select created_at, 'feed.failing', name, :said from feeds", said=secret
        )
        store.run("update steps set error = :said", said=secret)
    answers = []
    with own_dashboard.stranger() as client:
        for noun in NOUNS:
            items = client.get(f"{PREFIX}/{noun}", headers=BEARER, params={"limit": 200})
            answers.append(items)
            for item in items.json()["items"][:6]:
                answers.append(client.get(f"{PREFIX}/{noun}/{item['name' if noun == 'feeds' else 'id']}", headers=BEARER))
        answers += [
            client.get(path, headers=BEARER) for path in (f"{PREFIX}/openapi.json", "/metrics", "/readyz", f"{PREFIX}/hits?x={TOKEN}")
        ]
    told = [
        json.dumps(answer.json(), ensure_ascii=False) if "json" in answer.headers["content-type"] else answer.text for answer in answers
    ]
    assert sum("***" in text for text in told) > 10
    for text, answer in zip(told, answers, strict=True):
        assert "canary" not in text, answer.url
        assert TOKEN not in text, answer.url


def schemas() -> dict[str, Any]:
    return document()["components"]["schemas"]


def test_the_document_describes_every_route() -> None:
    """Each operation has an example that its own schema accepts, every parameter one that it may be; names are unique."""
    whole = document()
    assert set(whole["paths"]) == {PREFIX + each.path for each in (*LISTS, *ITEMS)}
    names = [operation["operationId"] for path in whole["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for path in whole["paths"].values():
        operation = path["get"]
        for parameter in operation["parameters"]:
            Draft202012Validator(parameter["schema"], format_checker=FormatChecker()).validate(parameter["example"])
        answered = operation["responses"]["200"]["content"]["application/json"]
        schema = {**answered["schema"], "components": whole["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answered["example"])
    for response in whole["components"]["responses"].values():
        problem = response["content"]["application/problem+json"]
        Draft202012Validator({**problem["schema"], "components": whole["components"]}).validate(problem["example"])


def test_the_document_is_what_is_served(program: httpx.Client) -> None:
    """The served document is the declarations', word for word; every schema is a valid one."""
    served = program.get("/openapi.json").json()
    assert served == json.loads(json.dumps(document()))
    assert served["openapi"] == "3.1.0"
    for schema in served["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("number", [0, 1, 35, 36, 10**9, 36**10 - 1])
def test_cursors_come_back(number: int) -> None:
    """A cursor stands for the place that it was made of; other words stand for none."""
    assert place(cursor(number)) == number
    for text in ("", "A", "-1", "z" * 11, "é", "1 "):
        with pytest.raises(BadValue):
            place(text)
