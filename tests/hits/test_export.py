"""Watchlists as queries: what each service takes, within its limits, in each language its own names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from monitor.hits.export import SERVICES, Exported, address, export, languages, terms_of
from monitor.model import Side, Watchlist
from monitor.text import has_marks
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from tests.hits.world import TECH, UNITED_STATES, VIETNAM, entity, topic, watchlist

SHIPPED = Path(__file__).parents[2] / "seeds" / "vietnam-us-tech.toml"
SPORT = Side(id="sport", title="sport", topics=(topic("football", 1.0, "football", "bóng đá", "football"),))


def shipped() -> Watchlist:
    (one,) = parse_watchlists(SHIPPED.read_text(encoding="utf-8"), "w.toml", load())
    return one


def small(match: str = "vietnam and us and tech") -> Watchlist:
    """A watchlist whose sides are small enough for one query."""
    us = Side(id="us", title="US", entities=(entity("us", "United States", "Hoa Kỳ", "États-Unis", hub=True, exact_names=("US", "Mỹ")),))
    vietnam = Side(id="vietnam", title="Vietnam", entities=(entity("vietnam", "Vietnam", "Việt Nam", "Viêt Nam", "vietnamien*", hub=True),))
    tech = Side(id="tech", title="tech", topics=(topic("chips", 2.0, "chip*, semiconductor*", "chip, bán dẫn", "puce*"),))
    return watchlist(match=match, sides=(vietnam, us, tech, SPORT))


def texts(found: Exported) -> dict[str, list[str]]:
    return {lang: [query.text for query in found.queries if query.lang == lang] for lang in {query.lang for query in found.queries}}


def test_one_query_a_language_in_its_own_names() -> None:
    """Each language has its names and words; a boolean query keeps the endings."""
    assert texts(export(small(), SERVICES["boolean"])) == {
        "vi": ['"Việt Nam" AND ("Hoa Kỳ" OR Mỹ OR US) AND (chip OR "bán dẫn")'],
        "en": ['(Vietnam OR vietnamien*) AND ("United States" OR US) AND (chip* OR semiconductor*)'],
        "fr": ['(Vietnam OR vietnamien* OR "Viêt Nam") AND ("États-Unis" OR US) AND puce*'],
    }


def test_each_service_in_its_own_words() -> None:
    """Google denies with a minus and takes no endings; GDELT asks in English for texts of any language; Meltwater has NEAR up to 10."""
    asked = "(vietnam near/8 us) and tech and not sport"
    google = texts(export(small(asked), SERVICES["google-news"]))
    assert google["en"] == ['(Vietnam OR vietnamien) ("United States" OR US) (chip OR semiconductor) -football']
    gdelt = texts(export(small(asked), SERVICES["gdelt"]))
    assert gdelt["vi"] == ['(Vietnam OR vietnamien) "United States" (chip OR semiconductor) -football sourcelang:vietnamese']
    melt = texts(export(small(asked), SERVICES["meltwater"]))
    assert melt["en"] == ['((Vietnam OR vietnamien) NEAR/8 ("United States" OR US)) AND (chip* OR semiconductor) NOT football']
    wide = texts(export(small(asked.replace("near/8", "near/30")), SERVICES["meltwater"]))
    assert "NEAR" not in wide["en"][0]


def test_alternatives_are_queries_of_their_own() -> None:
    """`or` between sides joins their names; between whole conditions it makes a query for each."""
    joined = export(small("(vietnam or us) and tech"), SERVICES["boolean"], ["fr"])
    assert [query.text for query in joined.queries] == ['("États-Unis" OR US OR Vietnam OR vietnamien* OR "Viêt Nam") AND puce*']
    apart = export(small("(vietnam and tech) or (us and sport)"), SERVICES["boolean"], ["fr"], most=5)
    assert [query.text for query in apart.queries] == [
        '(Vietnam OR vietnamien* OR "Viêt Nam") AND puce*',
        '("États-Unis" OR US) AND football',
    ]


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
@pytest.mark.parametrize("most", [1, 5, 40])
def test_the_limits_of_every_service_hold(service: object, most: int) -> None:
    """Words, characters and encoded lengths stay within what the service takes, for the whole shipped watchlist and however many queries."""
    chosen = next(one for one in SERVICES.values() if one is service)
    found = export(shipped(), chosen, most=most)
    assert {query.lang for query in found.queries} == {"vi", "en", "fr"}
    for query in found.queries:
        words = [word for word in re.findall(r"[^\s()\"]+", query.text) if word not in {"OR", "AND", "NOT"}]
        assert not chosen.words or len(words) <= chosen.words
        assert not chosen.chars or len(query.text) <= chosen.chars
        assert not chosen.encoded or len(quote_plus(query.text)) <= chosen.encoded
        assert query.text.count("(") == query.text.count(")")
        assert query.text.count('"') % 2 == 0


def test_more_queries_hold_more_names() -> None:
    """What found no room is told; every further query finds room for more, and in a boolean query nothing is left out."""
    left = [len(dict(export(shipped(), SERVICES["google-news"], ["en"], most).left_out)["en"]) for most in (1, 3, 20)]
    assert left[0] > left[1] > left[2] > 0
    assert dict(export(shipped(), SERVICES["boolean"]).left_out) == {"vi": (), "en": (), "fr": ()}
    whole = export(replace(watchlist(), sides=(VIETNAM, UNITED_STATES, TECH)), SERVICES["google-news"], ["en"], 90)
    assert dict(whole.left_out) == {"en": ()}


def test_names_of_a_language() -> None:
    """Vietnamese queries use the names with Vietnamese letters; English ones none with marks; foreign scripts are left out."""
    us = next(side for side in shipped().sides if side.id == "us")
    assert {"Mỹ", '"Hoa Kỳ"'} <= set(terms_of(us, SERVICES["boolean"], "vi"))
    english = terms_of(us, SERVICES["boolean"], "en")
    assert not [term for term in english if has_marks(term)]
    assert "엔비디아" not in terms_of(UNITED_STATES, SERVICES["boolean"], "en")
    assert languages(replace(watchlist(), sides=(VIETNAM,))) == ("en",)


@pytest.mark.parametrize("name", ["google-news", "bing-news", "gdelt"])
def test_addresses_carry_the_query(name: str) -> None:
    """The address of a search feed gives the query back when decoded."""
    for query in export(shipped(), SERVICES[name]).queries:
        asked = parse_qs(urlsplit(address(SERVICES[name], query)).query)
        text = asked["query" if name == "gdelt" else "q"][0]
        assert text.removesuffix(" when:7d") == query.text
