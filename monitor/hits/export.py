"""A watchlist as queries for search feeds and for tools that users have: one per language, split where a service takes no longer ones. Pure.

What a query language cannot say is left out: bonds, scores, masks, `never`, short and loose names. Names go in by what they find: countries and offices
first, then those that most seeds name. Where several groups of names are joined, a long one is cut into chunks, a query for each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, product, zip_longest
from urllib.parse import quote_plus

from monitor.hits.query import AtLeast, Both, Either, Near, Node, SameSentence, SideNode, Without, Zone, asked, parse
from monitor.model import Entity, Side, Topic, Watchlist
from monitor.text import has_marks

_VIETNAMESE = re.compile("[ăđơưĂĐƠƯ\u1ea0-\u1ef9ĩũĨŨảẢ]")
_FRENCH = re.compile("[éèëçîïûœÉÈÇÎŒ]")
_VIETNAMESE_WORDS = ("ông ", "bà ", "Hoa ")
_LATIN = re.compile(r"^[\x20-\x7e\u00a0-\u024f\u1e00-\u1eff’–]*$")
_ACRONYM = re.compile(r"^[A-Z][A-Z.&-]{1,5}$")
_LANGS = ("vi", "en", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a service takes.

    words, chars   most words (operators not counted) and characters of a query; 0: no limit.  encoded: characters as they stand in an address
    stem           letters needed, and letters allowed, before a trailing *; None: the service has no *
    near           the most words of its NEAR/n; 0: it has none.   shortest: letters a term needs
    translated     it searches in English whatever the language of the text
    """

    name: str
    title: str
    words: int = 0
    chars: int = 0
    encoded: int = 0
    stem: tuple[int, int] | None = None
    near: int = 0
    shortest: int = 1
    translated: bool = False
    join: str = " "
    deny: Callable[[str], str] = lambda term: f"-{term}"
    frame: Callable[[str, str], str] = lambda query, lang: query
    most: int = 1


_GDELT_LANGS = {"vi": "vietnamese", "en": "english", "fr": "french"}


def _gdelt_frame(query: str, lang: str) -> str:
    return f"{query} sourcelang:{_GDELT_LANGS.get(lang, lang)}"


SERVICES = {
    service.name: service
    for service in (
        # Google reads the first 32 words of a query; the address, of which Vietnamese letters take nine characters each, stays below 2,000.
        Service(name="google-news", title="Google News", words=32, encoded=1800, most=3),
        # Bing uses the first ten terms of a query; its help asks for capitals in OR and NOT.
        Service(name="bing-news", title="Bing News", words=10, encoded=1800, deny=lambda term: f"NOT {term}", most=3),
        # GDELT searches English translations of all languages, refuses longer queries, and terms of one or two letters.
        Service(name="gdelt", title="GDELT", chars=250, shortest=3, translated=True, frame=_gdelt_frame, most=3),
        Service(name="boolean", title="Boolean", stem=(1, 99), near=99, join=" AND ", deny=lambda term: f"NOT {term}"),
        # Meltwater advises at most nine letters before a *, NEAR up to 10, and blocks queries of thousands of keywords.
        Service(
            name="meltwater", title="Meltwater", chars=4000, stem=(3, 9), near=10, join=" AND ", deny=lambda term: f"NOT {term}", most=8
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query: `number` of the queries for its language; `terms` it holds."""

    lang: str
    number: int
    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The queries of a watchlist for a service, and the terms by language that found no room."""

    queries: tuple[Query, ...]
    left_out: tuple[tuple[str, tuple[str, ...]], ...]


Group = tuple[str, ...]
"""Terms of which any will do."""


@dataclass(frozen=True, slots=True)
class _Conjunction:
    """Groups that must all be found; `near`: (words, group, group) pairs of them that must stand close."""

    groups: tuple[frozenset[str], ...]
    near: tuple[tuple[int, int, int], ...] = ()


def export(watchlist: Watchlist, service: Service, langs: Iterable[str] = (), most: int | None = None) -> Exported:
    """The queries for each language that the watchlist has words of (or for `langs`), at most `most` a language."""
    rule = parse(watchlist.match, [side.id for side in watchlist.sides])
    queries: list[Query] = []
    left: list[tuple[str, tuple[str, ...]]] = []
    for lang in langs or languages(watchlist):
        texts = list(islice(_texts(watchlist, rule, service, lang), most or service.most))
        queries += [Query(lang=lang, number=number, text=text, terms=terms) for number, (text, terms) in enumerate(texts, 1)]
        held = {term for _, terms in texts for term in terms}
        wanted = dict.fromkeys(term for side in watchlist.sides if side.id in asked(rule) for term in terms_of(side, service, lang))
        left.append((lang, tuple(term for term in wanted if term not in held)))
    return Exported(queries=tuple(queries), left_out=tuple(left))


def languages(watchlist: Watchlist) -> tuple[str, ...]:
    """Those of Vietnamese, English and French that the watchlist's topics have words of; else any others; English where it has no topics."""
    found = {lang for side in watchlist.sides for topic in side.topics if topic.enabled for lang, words in topic.words if words}
    return tuple(lang for lang in _LANGS if lang in found) or tuple(sorted(found)) or ("en",)


def address(service: Service, query: Query) -> str:
    """The feed of a search service for a query (Google News RSS, Bing News RSS, GDELT DOC 2.0)."""
    if service.name == "gdelt":
        return (
            f"https://api.gdeltproject.org/api/v2/doc/doc?query={quote_plus(query.text)}&mode=artlist&format=rss&maxrecords=75&timespan=3d"
        )
    if service.name == "bing-news":
        return f"https://www.bing.com/news/search?q={quote_plus(query.text)}&format=rss"
    place = {"vi": "VN", "fr": "FR"}.get(query.lang, "US")
    return f"https://news.google.com/rss/search?q={quote_plus(query.text)}+when:7d&hl={query.lang}&gl={place}&ceid={place}:{query.lang}"


def terms_of(side: Side, service: Service, lang: str) -> tuple[str, ...]:
    """The terms that stand for a side in a language, the most telling first, as the service writes them."""
    spoken = "en" if service.translated else lang
    entities = sorted(
        (one for one in side.entities if one.enabled), key=lambda one: (not (one.hub and one.type == "place"), not one.hub, -len(one.seeds))
    )
    topics = sorted((one for one in side.topics if one.enabled), key=lambda one: -one.weight)
    names = _in_turn([_names(entity, spoken) for entity in entities])
    words = _in_turn([_words(topic, spoken) for topic in topics])
    written = dict.fromkeys(term for name in (*names, *words) if (term := _written(name, service)))
    return _without_longer(tuple(written))


def _in_turn(lists: Iterable[Sequence[str]]) -> list[str]:
    """The first item of each list, then the second of each: a short query names many things rather than one thing often."""
    return [item for row in zip_longest(*lists) for item in row if item is not None]


def _without_longer(terms: Sequence[str]) -> tuple[str, ...]:
    """Without terms that hold an earlier one as whole words: whoever finds "United States" finds "United States of America"."""
    kept: dict[tuple[str, ...], str] = {}
    for term in terms:
        words = tuple(re.findall(r"\w+", term.casefold()))
        parts = (words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1))
        if not any(part in kept and "*" not in kept[part] for part in parts):
            kept[words] = term
    return tuple(kept.values())


def _names(entity: Entity, lang: str) -> tuple[str, ...]:
    """The names of an entity that texts of a language use: those with its letters where it has such, else those without marks."""
    names = [name for name in (*entity.names, *entity.exact_names) if _LATIN.match(name)]
    vietnamese = [name for name in names if _VIETNAMESE.search(name)]
    french = [name for name in names if _FRENCH.search(name) and name not in vietnamese]
    either = [name for name in names if has_marks(name) and name not in vietnamese and not name.startswith(_VIETNAMESE_WORDS)]
    plain = [name for name in names if not has_marks(name)]
    short = [name for name in plain if _ACRONYM.match(name)]
    match lang:
        case "vi":
            chosen = [*vietnamese, *short] if vietnamese else names
        case "fr":
            chosen = [*french, *(name for name in plain if name.endswith("*")), *short] if french else [*plain, *either] or names
        case _:
            chosen = plain or [_bare(name) for name in names]
    return tuple(dict.fromkeys(chosen))


def _bare(name: str) -> str:
    """The name as English writes it: without marks, its capitals kept."""
    letters = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in letters if not unicodedata.combining(char))


def _words(topic: Topic, lang: str) -> tuple[str, ...]:
    return dict(topic.words).get(lang, ())


def _written(name: str, service: Service) -> str:
    """A name as a term: with its * where the service takes it, in quotes where it has more than letters and digits; "" where it is too short."""
    stem = name.rstrip("*")
    if sum(char.isalnum() for char in stem) < service.shortest:
        return ""
    if name.endswith("*") and service.stem and " " not in stem and service.stem[0] <= len(stem) <= service.stem[1]:
        return name
    stem = stem.replace('"', "")
    return stem if re.fullmatch(r"\w+", stem) and stem.casefold() not in {"and", "or", "not", "near"} else f'"{stem}"'


def _texts(watchlist: Watchlist, rule: Node, service: Service, lang: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Queries in the order of what they find, with their terms."""
    terms = {side.id: terms_of(side, service, lang) for side in watchlist.sides}
    denied = [service.deny(_any(terms[side][:12])) for side in _denied(rule) if terms.get(side)]
    for conjunction in _conjunctions(rule):
        groups = [tuple(dict.fromkeys(term for side in sorted(group) for term in terms[side])) for group in conjunction.groups]
        if not all(groups):
            continue
        write = partial(_query, conjunction=conjunction, denied=denied, service=service, lang=lang)
        for chosen in _cut(groups, partial(_query_fits, write, service)):
            yield write(chosen), tuple(term for group in chosen for term in group)


def _query_fits(write: Callable[[Sequence[Group]], str], service: Service, groups: Sequence[Group]) -> bool:
    return _fits(write(groups), service)


def _query(groups: Sequence[Group], conjunction: _Conjunction, denied: Sequence[str], service: Service, lang: str) -> str:
    near = {pair[1:]: pair[0] for pair in conjunction.near if 0 < pair[0] <= service.near}
    joined = {number for pair in near for number in pair}
    parts = [f"({_any(groups[one])} NEAR/{words} {_any(groups[other])})" for (one, other), words in near.items()]
    parts += [_any(group) for number, group in enumerate(groups) if number not in joined]
    text = service.join.join(parts)
    return service.frame(" ".join((text, *denied)), lang)


def _any(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"({' OR '.join(group)})"


def _fits(text: str, service: Service) -> bool:
    words = len([word for word in re.findall(r"[^\s()\"]+", text) if word not in {"OR", "AND", "NOT"}])
    return not (
        (service.words and words > service.words)
        or (service.chars and len(text) > service.chars)
        or (service.encoded and len(quote_plus(text)) > service.encoded)
    )


def _cut(groups: Sequence[Group], fits: Callable[[Sequence[Group]], bool]) -> Iterator[tuple[Group, ...]]:
    """Every combination of chunks of the groups, those of the first chunks first; chunks are as long as fits, short groups stay whole."""
    sizes = _sizes(groups, fits)
    chunks = [[group[at : at + size] for at in range(0, len(group), size)] for group, size in zip(groups, sizes, strict=True)]
    places = product(*(range(len(each)) for each in chunks))
    # The last group, mostly the subject, varies first: the first names of the parties find most.
    order = sorted(islice(places, 20_000), key=lambda place: (2 * sum(place[:-1]) + place[-1], max(place), place))
    for place in order:
        chosen = tuple(chunks[number][at] for number, at in enumerate(place))
        if fits(chosen):
            yield chosen
        elif sum(map(len, chosen)) > len(chosen):
            yield from _cut(chosen, fits)


def _sizes(groups: Sequence[Group], fits: Callable[[Sequence[Group]], bool]) -> list[int]:
    """How many terms of each group go into one query: grown in turn, one term at a time, while the first chunks fit."""
    if fits(groups):
        return [len(group) for group in groups]
    sizes = [1] * len(groups)
    growing = list(range(len(groups)))
    while growing:
        for number in tuple(growing):
            if sizes[number] >= len(groups[number]):
                growing.remove(number)
                continue
            sizes[number] += 1
            if not fits([group[:size] for group, size in zip(groups, sizes, strict=True)]):
                sizes[number] -= 1
                growing.remove(number)
    return sizes


def _conjunctions(node: Node) -> list[_Conjunction]:
    """The rule as alternatives of groups that must all be found; what is denied left out."""
    match node:
        case SideNode():
            return [_Conjunction((frozenset((node.id,)),))]
        case Near():
            return [
                _Conjunction(
                    (*one.groups, *other.groups),
                    ((node.words, 0, 1),) if len(one.groups) == len(other.groups) == 1 else (),
                )
                for one in _conjunctions(node.left)
                for other in _conjunctions(node.right)
            ]
        case Both():
            return _all_of([item for item in node.items if not isinstance(item, Without)])
        case Either():
            found = [each for item in node.items for each in _conjunctions(item)]
            if all(len(each.groups) == 1 for each in found):
                return [_Conjunction((frozenset().union(*(each.groups[0] for each in found)),))]
            return found
        case Without():
            return [_Conjunction(())]
        case SameSentence() | AtLeast() | Zone():
            return _conjunctions(node.item)


def _all_of(items: Sequence[Node]) -> list[_Conjunction]:
    made = [_Conjunction(())]
    for item in items:
        made = [
            _Conjunction(
                (*one.groups, *other.groups),
                (*one.near, *((words, a + len(one.groups), b + len(one.groups)) for words, a, b in other.near)),
            )
            for one in made
            for other in _conjunctions(item)
        ]
    return made


def _denied(node: Node) -> tuple[str, ...]:
    """The sides that the rule denies as a whole: `and not side`."""
    match node:
        case Without():
            return (node.item.id,) if isinstance(node.item, SideNode) else ()
        case Both():
            return tuple(side for item in node.items for side in _denied(item))
        case _:
            return ()
