"""The matcher against a plain token dictionary: random watchlists, random texts, the same places and the same verdicts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.hits.automaton import Automaton, Kind, Mode, Name
from monitor.hits.match import Matcher
from monitor.hits.plan import Compiled, compile_watchlists
from monitor.model import Cue, Entity, Side, Topic, Watchlist
from monitor.text import clean, fold
from tests.hits.oracle import TokenDictionary

SYLLABLES = (
    "Lam",
    "Lâm",
    "lam",
    "Tô",
    "To",
    "Nha",
    "Nhà",
    "Trang",
    "Trắng",
    "US",
    "Intel",
    "intel",
    "chip",
    "chips",
    "ký",
    "met",
    "FPT2",
    "Hoà",
    "Hòa",
    "e\u0301",
)
SCRIPTS = ("越南", "半导体", "엔비디아", "ไทย", "U.S.", "AT&T", "C++", "5G")
words = st.sampled_from(SYLLABLES)
names = st.one_of(
    st.lists(words, min_size=1, max_size=3).map(" ".join),
    st.lists(words, min_size=2, max_size=2).map("-".join),
    st.sampled_from(SCRIPTS),
    words.map(lambda word: word + "*"),
    st.lists(words, min_size=2, max_size=2).map(lambda two: " ".join(two) + "*"),
)
gaps = st.sampled_from((" ", " ", " ", "-", ", ", ". ", "", "\n", "’s ", " – ", "0", "й"))
texts = st.lists(st.tuples(st.one_of(words, st.sampled_from(SCRIPTS), names.map(lambda name: name.rstrip("*"))), gaps), max_size=25).map(
    lambda parts: clean("".join(word + gap for word, gap in parts))
)
some = st.lists(names, max_size=3).map(tuple)
full = st.lists(names, min_size=1, max_size=3).map(tuple)


@st.composite
def watchlists(draw: st.DrawFn) -> Watchlist:
    """A watchlist of two sides and topics whose names overlap, contain each other and differ in marks and case alone."""

    def entities(prefix: str) -> tuple[Entity, ...]:
        return tuple(
            Entity(
                id=f"{prefix}{number}",
                title=f"{prefix}{number}",
                type=draw(st.sampled_from(("person", "company", "place", "body"))),
                names=draw(full),
                exact_names=draw(some),
                short=draw(some),
                loose=draw(some),
                never=draw(some),
                exact=draw(st.booleans()),
                hub=draw(st.booleans()),
                implies=draw(st.sampled_from(((), ("topic",)))),
            )
            for number in range(draw(st.integers(1, 3)))
        )

    sides = (
        Side(id="one", title="One", entities=entities("a")),
        Side(id="two", title="Two", entities=entities("b")),
        Side(id="tech", title="Tech", topics=(Topic(id="topic", title="Topic", words=(("en", draw(full)), ("vi", draw(some)))),)),
    )
    return Watchlist(
        id="random",
        title="Random",
        match=draw(st.sampled_from(("one and two and tech", "one or two", "one and not two", "one near/5 two"))),
        alert=2.0,
        review=0.5,
        sides=sides,
        masks=draw(some),
        cues=(Cue(id="deal", points=0.5, words=(("en", draw(some)),)),),
        contrast=entities("c"),
        digest="random",
    )


def named(watchlist: Watchlist, index: int) -> list[Name]:
    """The names of a watchlist, written out by hand: what compiling it must hand to the automaton."""
    found = []

    def add(kind: Kind, id_: str, mode: Mode, some: tuple[str, ...], type_: str = "", lang: str = "") -> None:
        found.extend(Name(index, kind, id_, mode, name, lang, type_) for name in some)

    groups: list[tuple[Kind, tuple[Entity, ...]]] = [("entity", side.entities) for side in watchlist.sides]
    for kind, entities in (*groups, ("contrast", watchlist.contrast)):
        for entity in entities:
            add(kind, entity.id, "exact" if entity.exact else "full", entity.names, entity.type)
            add(kind, entity.id, "exact", entity.exact_names, entity.type)
            add(kind, entity.id, "short", entity.short, entity.type)
            add(kind, entity.id, "loose", entity.loose, entity.type)
            add(kind, entity.id, "never", entity.never, entity.type)
    for side in watchlist.sides:
        for topic in side.topics:
            for lang, phrases in topic.words:
                add("topic", topic.id, "word", phrases, lang=lang)
    for cue in watchlist.cues:
        for lang, phrases in cue.words:
            add("cue", cue.id, "word", phrases, lang=lang)
    add("mask", "", "mask", watchlist.masks)
    return found


@given(st.lists(names, max_size=12), texts)
def test_the_same_places(some_names: list[str], text: str) -> None:
    """The automaton finds every place that the dictionary finds, and no other, with the same names standing there."""
    listed = [Name(0, "entity", str(number), "full", name) for number, name in enumerate(some_names)]
    folded = fold(text)
    assert places(Automaton(listed), folded) == places(TokenDictionary(listed), folded)


def places(finder: Automaton | TokenDictionary, folded: str) -> list[tuple[int, int, list[str]]]:
    return sorted((place.start, place.end, sorted(one.id for one in place.aliases)) for place in finder.find(folded))


@given(watchlists(), texts, texts, st.sampled_from(("en", "vi", "fr", "de", "")))
def test_the_same_verdicts(watchlist: Watchlist, title: str, text: str, lang: str) -> None:
    """Acceptance, score, evidence and reasons are the same whoever found the names, for several watchlists at once."""
    both = (watchlist, replace(watchlist, id="other", masks=(), match="one or two or tech"))
    compiled = compile_watchlists(both)
    dictionary = TokenDictionary(name for index, each in enumerate(both) for name in named(each, index))
    slow = Matcher(Compiled(automaton=dictionary, plans=compiled.plans))  # type: ignore[arg-type]
    fast = Matcher(compiled)
    for each in both:
        assert fast.verdict_of(each.id, title, text, lang) == slow.verdict_of(each.id, title, text, lang)
