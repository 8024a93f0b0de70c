"""The five seed articles of the subject the program ships with: everything in them is found, once, and nothing from around them."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from monitor.hits.compile import compile_matcher
from monitor.text import fold, one_line
from monitor.watchlists.clean import clean_seed
from monitor.watchlists.compose import Learnt, compose
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from monitor.watchlists.learn import learn
from monitor.watchlists.propose import Proposal
from monitor.watchlists.read import read_seeds

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason=f"THE FIVE SEEDS ARE ABSENT: nothing of {SEEDS} was tested")

# Each name once, with forms that must lead to the same entity.
CORE = {
    "To Lam": ("Tô Lâm", "Lam"),
    "Nick Clegg": (),
    "Nick Ammann": (),
    "Wally Liaw": (),
    "Stephen Schwarzmann": (),
    "Jake Siewert": (),
    "Eric Schmidt": (),
    "Ted Osius": (),
    "Marc E. Knapper": (),
    "Joe Biden": (),
    "Marco Rubio": (),
    "Luong Cuong": (),
    "Meta": ("Meta Group",),
    "Facebook": (),
    "WhatsApp": (),
    "Apple": (),
    "Google": (),
    "Supermicro": (),
    "Blackstone": (),
    "Warburg Pincus": (),
    "Nvidia": (),
    "FPT": (),
    "General Electric": ("GE",),
    "AES": (),
    "ExxonMobil": (),
    "Excelerate Energy": (),
    "Petrovietnam": ("PVN",),
    "PTSC": (),
    "Intel": (),
    "Amkor": (),
    "Amazon": (),
    "Visa": (),
    "Boeing": (),
    "Mastercard": (),
    "Procter & Gamble": (),
    "US-ASEAN Business Council": ("USABC", "U.S.-ASEAN Business Council"),
    "Comprehensive Strategic Partnership": ("CSP",),
    "Power Development Plan VIII": (),
    "UN General Assembly": (),
}
# What else a person would keep: parties, their capitals and offices, bodies and places of the story.
ALSO_RIGHT = {
    "vietnam",
    "us",
    "united states",
    "hanoi",
    "washington",
    "new york",
    "communist party of vietnam",
    "us embassy and consulate in vietnam",
    "us ambassador",
    "government of vietnam",
    "vietnam-us relations",
    "united nations",
}
BOILERPLATE = (
    "IBM",
    "OpenAI",
    "ChatGPT",
    "Codex",
    "Overseas Vietnamese",
    "Lâm Khánh",
    "Xuan Que Huong",
    "Walk The Street",
    "Homeland Spring",
    "Laos",
    "Nhandan",
)


@cache
def learnt(gazetteer: bool = True) -> Learnt:
    return learn(read_seeds([SEEDS], lambda body: {}), load() if gazetteer else None)[0]


def forms(one: Proposal) -> set[str]:
    return {fold(form) for form in (one.title, *one.names, *one.short)}


def written(text: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    for side, table in tomllib.loads(text)["side"].items():
        for name, entity in table.get("entity", {}).items():
            yield side, name, entity


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_every_core_name_once(gazetteer: bool) -> None:
    """Every person, firm, body and agreement of the seeds is proposed exactly once, all its forms together."""
    entities = learnt(gazetteer).proposals.entities
    for name, others in CORE.items():
        owners = [one for one in entities if fold(name) in forms(one)]
        assert len(owners) == 1, f"{name}: {[one.id for one in owners]}"
        for other in others:
            assert [one.id for one in entities if fold(other) in forms(one)] == [owners[0].id], other


def test_core_is_enabled_on_its_side() -> None:
    """With the gazetteer nothing of the core waits for a check."""
    by_form = {form: one for one in learnt().proposals.entities for form in forms(one)}
    assert [name for name in CORE if by_form[fold(name)].confidence == "check"] == []


def test_enabled_names_are_right() -> None:
    """At least 95 of 100 enabled entities are what a person would have written."""
    right = {fold(form) for name, others in CORE.items() for form in (name, *others)} | ALSO_RIGHT
    by_id = {one.id: one for one in learnt().proposals.entities}
    enabled = [name for _, name, entity in written(compose(learnt())) if entity.get("enabled", True)]
    wrong = [name for name in enabled if not forms(by_id[name]) & right]
    assert len(wrong) <= 0.05 * len(enabled), wrong


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_nothing_from_boilerplate(gazetteer: bool) -> None:
    """Related articles, trending lists, photo credits and by-lines give no name and no phrase."""
    found = learnt(gazetteer)
    every = {form for one in found.proposals.entities for form in forms(one)} | {word for one in found.phrases for _, word in one.words}
    assert [name for name in BOILERPLATE if any(fold(name) in form for form in every)] == []


def test_offices() -> None:
    """The offices that the seeds name are kept."""
    by_id = {one.id: one for one in learnt(gazetteer=False).proposals.entities}
    assert {"President", "General Secretary"} <= set(by_id["to-lam"].roles)
    assert by_id["ted-osius"].roles == ("head of the US-ASEAN Business Council",)
    assert by_id["eric-schmidt"].roles == ("ancien PDG de Google",)
    assert by_id["wally-liaw"].roles == ("fondateur",)


def test_sides() -> None:
    """The two parties are found, and firms and persons stand on the right side even without a gazetteer."""
    found = learnt(gazetteer=False).proposals
    assert set(found.parties) == {"vietnam", "us"}
    sides = {one.id: one.side for one in found.entities}
    for name in ("apple", "amkor", "exxonmobil", "general-electric", "nick-clegg", "joe-biden", "marco-rubio", "us-asean-business-council"):
        assert sides[name] == "us", name
    for name in ("to-lam", "luong-cuong"):
        assert sides[name] == "vietnam", name
    assert sides["xi-jinping"] == "china"


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_draft_is_a_watchlist(gazetteer: bool) -> None:
    """The draft parses; its rule names both parties and the subject; every block says which seeds it came from; checks are off."""
    text = compose(learnt(gazetteer))
    (watchlist,) = parse_watchlists(text, "draft.toml", load())
    assert {"vietnam", "us"} < {side.id for side in watchlist.sides}
    assert len(watchlist.sides) == 3
    assert watchlist.sides[2].topics
    for _, name, entity in written(text):
        assert entity["seeds"], name
    checks = {one.id for one in learnt(gazetteer).proposals.entities if one.confidence == "check"}
    assert all(entity.get("enabled") is False for _, name, entity in written(text) if name in checks)


def test_others_are_left_out() -> None:
    """Leaders and names of third countries are no entries, words of topics are no names."""
    names = {name for _, name, _ in written(compose(learnt()))}
    assert not names & {"xi-jinping", "china", "cuba", "france", "lng"}


@cache
def kept_text(seed: str) -> tuple[str, str]:
    """The whole text of a seed file, and what is left of it without boilerplate, both on one line."""
    (file,) = SEEDS.glob(f"{seed}_*.txt")
    cleaned = next(one for one in learn(read_seeds([SEEDS], lambda body: {}), None)[1] if one.seed.id == seed)
    kept = [span.text for span in cleaned.spans if span.kind != "dropped"]
    return one_line(file.read_text(encoding="utf-8"), 10**6), one_line(" ".join(kept), 10**6)


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_every_entry_has_a_correct_quote(gazetteer: bool) -> None:
    """Each entry quotes a sentence of one of its seeds, outside the boilerplate, that names it; each of its forms stands in one of its seeds."""
    for one in learnt(gazetteer).proposals.entities:
        assert one.quote_seed in one.seeds, one.id
        whole, kept = kept_text(one.quote_seed)
        for piece in one.quote.split("…"):
            assert piece.strip() in whole, f"{one.id}: {piece}"
            assert piece.strip() in kept, f"{one.id}: {piece}"
        assert any(form.rstrip("*") in one.quote for form in (*one.names, *one.short)), f"{one.id}: {one.quote}"
        for form in (*one.names, *one.short):
            assert any(fold(form) in fold(kept_text(seed)[1]) for seed in one.seeds), f"{one.id}: {form}"


@pytest.mark.parametrize("gazetteer", [True, False], ids=["gazetteer", "seeds alone"])
def test_the_draft_carries_the_quotes(gazetteer: bool) -> None:
    """Above each block of the draft stands the quote of its proposal with the seed it is from."""
    found = learnt(gazetteer)
    draft = compose(found).replace("\n# ", " ")
    for one in found.proposals.entities:
        if f".entity.{one.id}]" in draft:
            assert f"{one.quote} ({one.quote_seed})" in draft, one.id


def test_no_form_stands_for_two() -> None:
    """A full form leads to one entity: no duplicates are left."""
    owners: dict[str, set[str]] = {}
    for one in learnt().proposals.entities:
        for form in one.names:
            owners.setdefault(fold(form), set()).add(one.id)
    assert {form: ids for form, ids in owners.items() if len(ids) > 1} == {}


def test_every_seed_is_found_by_what_the_others_teach() -> None:
    """Leave one seed out: the draft of the four others reports the fifth as an alert."""
    seeds = read_seeds([SEEDS], lambda body: {})
    for left_out in seeds:
        found, _ = learn([seed for seed in seeds if seed is not left_out], load())
        (watchlist,) = parse_watchlists(compose(found), "draft.toml", load())
        seed = clean_seed(left_out).seed
        title, _, body = (seed.title, "", seed.text) if seed.title else seed.text.partition("\n")
        verdict = compile_matcher([watchlist]).verdict_of(watchlist.id, title, body, seed.lang)
        assert verdict.band == "alert", (seed.id, verdict.score)


def test_same_seeds_same_draft() -> None:
    """Learning twice gives the same text."""
    again = learn(read_seeds([SEEDS], lambda body: {}), load())[0]
    assert compose(again) == compose(learnt())
