"""Capitalised names that keep turning up in hits and stand in no list: what a watchlist may lack. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from monitor import text as texts
from monitor.watchlists.link import Link
from monitor.watchlists.merge import key_of
from monitor.watchlists.runs import Run, believable, runs_of
from monitor.watchlists.words import word_set

# Words that Vietnamese capitalises at the head of an office or a body ("Phó thủ tướng", "Nguyên Chủ tịch"): alone, or at the end of a run, no name.
_HEADS = word_set(
    "nguyen cuu co pho tong chu thu bo giam truong dai ong ba tap cong ngan vien hoi so uy ban cuc vu quoc chinh dang nha quan tp ubnd "
    "doan khu sau theo trong truoc ngoai ngay nam cac nhung va voi tai"
)
_NO_NAMES = word_set("usd vnd eur jpy cny gdp fdi gmt ceo cfo cto ai it pr tv km mw gw gwh kwh lng covid covid-19")
_QUOTE = 160
_QUOTES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HitText:
    """The matched text of a hit (title, newline, text) with the spans [start, end) that are taken for something already."""

    hit: int
    text: str
    lang: str
    publisher: str
    taken: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownName:
    """A name as it is written most often, with the hits and publishers it turns up in and up to three quotes with their hits."""

    name: str
    hits: tuple[int, ...]
    publishers: int
    quotes: tuple[tuple[int, str], ...]


def unknown_names(hits: Iterable[HitText], known: Collection[str], least: int = 2) -> tuple[UnknownName, ...]:
    """Names in at least `least` hits that are none of `known` (folded as `key_of` does), the most frequent first.

    Titles are left out: some outlets capitalise every word of them. A name that is the outlet's own is left out too.
    """
    found: dict[str, list[tuple[HitText, str, str]]] = defaultdict(list)
    for hit in hits:
        for run, line in _runs(hit):
            key = key_of(run.text)
            if key and key not in _NO_NAMES and key not in known and key != key_of(hit.publisher):
                found[key].append((hit, run.text, _quote(line, run)))
    names = [_name(places) for places in _joined(found).values()]
    return tuple(sorted((one for one in names if len(one.hits) >= least), key=lambda one: (-len(one.hits), -one.publishers, one.name)))


def known_keys(names: Iterable[str]) -> frozenset[str]:
    """The keys of names that are known, in the form that `unknown_names` compares."""
    return frozenset(key_of(name.rstrip("*")) for name in names)


def _runs(hit: HitText) -> list[tuple[Run, str]]:
    lines = hit.text.split("\n")
    start = len(lines[0]) + 1
    runs: list[Run] = []
    for number, line in enumerate(lines[1:], 1):
        links = [
            Link(start=max(0, begin - start), end=min(len(line), end - start), entity="#", mode="full")
            for begin, end in hit.taken
            if begin < start + len(line) and start < end
        ]
        runs += runs_of(str(hit.hit), number, line, links, frozenset(), hit.lang)
        start += len(line) + 1
    names = (_without_heads(run) if hit.lang == "vi" else run for run in believable(runs, "\n".join(lines[1:])))
    return [(run, lines[run.line]) for run in names if run.text]


def _without_heads(run: Run) -> Run:
    """A run of a Vietnamese text without the heads of offices that end it, and nothing where one syllable is left."""
    words = run.text.split()
    while words and texts.fold(words[-1]) in _HEADS and texts.has_marks(words[-1]):
        words.pop()
    syllable = len(words) == 1 and texts.has_marks(words[0])
    return replace(run, text="" if syllable else " ".join(words))


def _joined(found: dict[str, list[tuple[HitText, str, str]]]) -> dict[str, list[tuple[HitText, str, str]]]:
    """Short forms under the one longer name that ends with them, where there is one: Ambani under Mukesh Ambani."""
    joined: dict[str, list[tuple[HitText, str, str]]] = defaultdict(list)
    for key, places in found.items():
        longer = [other for other in found if other.endswith(f" {key}")]
        joined[longer[0] if len(longer) == 1 else key] += places
    return joined


def _name(places: Sequence[tuple[HitText, str, str]]) -> UnknownName:
    forms = Counter(text for _, text, _ in places)
    quotes = {hit.hit: quote for hit, _, quote in reversed(places)}
    return UnknownName(
        name=max(forms, key=lambda form: (len(form.split()), forms[form], form)),
        hits=tuple(dict.fromkeys(hit.hit for hit, _, _ in places)),
        publishers=len({hit.publisher for hit, _, _ in places}),
        quotes=tuple(sorted(quotes.items())[:_QUOTES]),
    )


def _quote(line: str, run: Run) -> str:
    """The line around a name, cut at word borders."""
    start = max(0, run.start - _QUOTE // 2)
    start = line.find(" ", start) + 1 if start else 0
    return ("…" if start else "") + texts.one_line(line[min(start, run.start) :], _QUOTE)
