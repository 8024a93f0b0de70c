"""Candidate names: runs of capitalised words in a seed's body and captions, without titles of persons, possessives and sentence beginnings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor import text as texts
from monitor.watchlists.link import Link
from monitor.watchlists.words import GENERAL, is_stop, word_set

# "U.S.", "U.S.-ASEAN", an initial before a capital, then words with inner hyphens, apostrophes and ampersands.
_TOKEN = re.compile(r"(?:[A-Z]\.){2,}(?:-[^\W_]+)?|[A-Z]\.(?= [A-ZÀ-Ỹ])|[^\W_]+(?:[-'’.&][^\W_]+)*")
_ELISION = re.compile(r"^(?:l|d|qu|n|s|j|m|t|c|lorsqu|jusqu|puisqu)['’](?=[^\W\d_])", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")
_JOINING = {" ", " & "}
_INNER = {"of"}
_PARTICLES = {"van", "von", "der", "den", "del", "dos", "da", "di", "bin", "ibn", "ter", "zu"}
_SPANISH = {"de", "la", "las", "los", "y"}
"""Inside names of English prose (Salar de Atacama); in French prose `de` is a preposition ("Stephen Schwarzman de Blackstone")."""
_DUTY = re.compile(r"([A-Z][\w-]{2,}) (?:for|of) \Z")
_COMPOUND = re.compile(r"-[a-z]+-")
_OPENS_SENTENCE = re.compile(r"(?:^|[.!?…:][\"'”’»)]*\s+|[\"“«]\s*|\n)\Z")
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Inc|Corp|Ltd|Co|No|vs)|\b[A-Z]|[A-Z]\.[A-Z])\.\s+\Z")
_NOT_NAMES = word_set("""
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november
december lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre novembre
decembre i ceo cfo pdg gdp photo
""")
BODIES = word_set("""
council party bank agency university institute assembly committee commission ministry department group corporation corp company
association chamber fund foundation organization organisation office board authority union parliament senate congress academy center
centre alliance federation network court holdings bureau service services forum summit plan partnership agreement memorandum act
initiative programme program treaty strategy conference times news press parlement assemblee conseil comite parti ministere semaine banque
universite
""")
TITLES = word_set("""
president vice-president secretary ambassador senator minister premier chairman chairwoman chairperson chair ceo chief director governor
chancellor king queen prince dr mr mrs ms professor prof representative commissioner congressman congresswoman envoy spokesman
spokeswoman founder co-founder cofounder head mayor leader deputy undersecretary lawmaker economist analyst researcher pdg ministre
ambassadeur ambassadrice senateur secretaire presidente directeur directrice fondateur fondatrice cofondateur commissaire gouverneur
depute mme m
""")
_TITLE_ENDS = word_set("general executive officer president secretary")
_TITLE_BEGINS = word_set(
    "vice prime foreign party general former deputy first acting interim finance trade energy economy economic communist"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A candidate name at [start, end) of one line; `titled` where a person's title stands directly before it, `role` being that title."""

    seed: str
    line: int
    start: int
    end: int
    text: str
    opening: bool = False
    titled: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str
    capital: bool
    opening: bool
    closed: bool


def runs_of(seed: str, number: int, line: str, links: Sequence[Link], hubs: frozenset[str], lang: str = "en") -> tuple[Run, ...]:
    """Candidates of one line that known names do not cover. `hubs`: ids of countries, which may stand inside a longer name."""
    found: list[Run] = []
    for group in _groups(_tokens(line), _INNER | _PARTICLES | (_SPANISH if lang == "en" else set())):
        for part in _uncovered(line, group, links, hubs):
            named, role, titled = _without_title(line, part)
            named = _without_origin(named, titled)
            if named and not _is_duty(line[max(0, named[0].start - 40) : named[0].start]) and not _COMPOUND.search(named[0].text):
                start, end = named[0].start, named[-1].end
                text = line[start:end]
                found.append(
                    Run(seed=seed, line=number, start=start, end=end, text=text, opening=named[0].opening, titled=titled, role=role)
                )
    return tuple(found)


def believable(runs: Iterable[Run], prose: str) -> tuple[Run, ...]:
    """The runs that are names: without words that are capitalised only because a sentence begins there, days, months and common words."""
    all_runs = tuple(runs)
    inner = Counter(texts.fold(word) for run in all_runs if not run.opening for word in run.text.split())
    lower = Counter(word.casefold() for word in re.findall(r"\b[^\W\d_A-ZÀ-Ỹ][^\W\d_]+\b", prose))
    whole = {run.text for run in all_runs}
    kept: list[Run] = []
    for run in all_runs:
        trimmed = _without_opening(run, inner, lower, whole) if run.opening else run
        if trimmed and _is_name(trimmed, lower):
            kept.append(trimmed)
    return tuple(kept)


def _without_opening(run: Run, inner: Counter[str], lower: Counter[str], whole: set[str]) -> Run | None:
    """The run without its first word where that is a word of the language; None where nothing is left."""
    first, _, rest = run.text.partition(" ")
    folded = texts.fold(first)
    acronym = len(first) > 1 and first == first.upper() and first.isalpha()
    if not rest:
        return run if acronym or (inner[folded] and not lower[first.casefold()]) else None
    ordinary = is_stop(folded) or lower[first.casefold()] or folded in GENERAL or (rest in whole and " " in rest)
    if acronym or inner[folded] or not ordinary:
        return run
    return replace(run, start=run.end - len(rest), text=rest, opening=False)


def _is_name(run: Run, lower: Counter[str]) -> bool:
    words = run.text.split()
    folded = [texts.fold(word).strip(".") for word in words]
    if all(word in _NOT_NAMES or is_stop(word) or word.isdigit() for word in folded):
        return False
    if len(words) == 1:
        acronym = run.text == run.text.upper()
        common = (folded[0] in GENERAL or folded[0] in TITLES | BODIES or lower[run.text.casefold()]) and not acronym
        return not common and len(folded[0]) > 1 and not run.text[0].isdigit()
    return not all(word in GENERAL or is_stop(word) for word in folded) or folded[-1] in BODIES


def _tokens(line: str) -> list[_Token]:
    tokens: list[_Token] = []
    for found in _TOKEN.finditer(line):
        start, end, text = found.start(), found.end(), found.group()
        elided = _ELISION.match(text)
        if elided:
            start += elided.end()
            text = text[elided.end() :]
        possessive = _POSSESSIVE.search(text)
        if possessive:
            end -= len(possessive.group())
            text = text[: possessive.start()]
        # "s’ plans", "firms’ plans": an apostrophe after a plural ends the run too.
        closed = bool(possessive) or line[end : end + 1] in {"'", "’"}
        before = line[max(0, start - 12) : start]
        opening = bool(_OPENS_SENTENCE.search(before)) and not _ABBREVIATED.search(before)
        tokens.append(_Token(start, end, text, _is_capital(text), opening, closed))
    return tokens


def _is_capital(text: str) -> bool:
    return text[:1].isupper()


def _groups(tokens: list[_Token], inner: set[str]) -> list[list[_Token]]:
    """Capitalised tokens that stand together, over at most three `inner` words (of, van der) and `&` where a capital follows."""
    groups: list[list[_Token]] = []
    group: list[_Token] = []
    pending: list[_Token] = []
    for token in tokens:
        last = (pending or group)[-1] if group else None
        touching = last is not None and not last.closed and token.start - last.end <= 3 and not token.opening
        if token.capital and group and touching:
            group += [*pending, token]
            pending = []
        elif token.text in inner and group and touching and len(pending) < 3:
            pending.append(token)
        else:
            if group:
                groups.append(group)
            group, pending = ([token] if token.capital else []), []
    return [*groups, group] if group else groups


def _uncovered(line: str, group: list[_Token], links: Sequence[Link], hubs: frozenset[str]) -> list[list[_Token]]:
    """The parts of a group between known names and punctuation; a country's name stays inside a longer name (Communist Party of Vietnam)."""
    parts: list[list[_Token]] = [[]]
    for place, token in enumerate(group):
        gap = line[group[place - 1].end : token.start] if place else " "
        covering = next((link for link in links if link.start < token.end and token.start < link.end), None)
        inner = covering is not None and covering.entity in hubs and _is_inner(group, place)
        if covering is not None and not inner:
            parts.append([])
        elif gap not in _JOINING and place:
            parts.append([token])
        else:
            parts[-1].append(token)
    trimmed = [_trim(part) for part in parts]
    covered = any(link.start < group[-1].end and group[0].start < link.end for link in links)
    return [part for part in trimmed if part and not (covered and len(part) == 1 and texts.fold(part[0].text) in BODIES | TITLES)]


def _is_inner(group: list[_Token], place: int) -> bool:
    """True where a country at `place` belongs to a longer name: after `of`, or with an organisation's word behind it."""
    if place and group[place - 1].text in _INNER:
        return True
    following = [texts.fold(token.text) for token in group[place + 1 : place + 5]]
    body = next((number for number, word in enumerate(following) if word in BODIES), None)
    return body is not None and not any(word in TITLES for word in following[:body])


def _trim(part: list[_Token]) -> list[_Token]:
    while part and not part[0].capital:
        part = part[1:]
    while part and not part[-1].capital:
        part = part[:-1]
    return part


def _without_title(line: str, part: list[_Token]) -> tuple[list[_Token], str, bool]:
    """The tokens after the last title word (President, General Secretary ...), the title, and whether one stands there or directly before."""
    cut = 0
    for number, token in enumerate(part):
        if is_title(token.text) or (cut and cut == number and texts.fold(token.text) in _TITLE_ENDS):
            cut = number + 1
    begin = next((number for number, token in enumerate(part[:cut]) if not token.opening or belongs_to_title(token.text)), cut)
    title = line[part[begin].start : part[cut - 1].end] if begin < cut else ""
    rest = part[cut:]
    if not cut or not rest:
        return ([] if cut else part), title, False
    if rest[0].text in _INNER:
        return [], title, False
    return rest, title, True


def _without_origin(named: list[_Token], titled: bool) -> list[_Token]:
    """A person after a title, and a firm's acronym, without the `of` behind it: President Ana Rojas of Chile, SQM of Chile; but Bank of Chile."""
    at = next((number for number, token in enumerate(named) if token.text in _INNER), None)
    if at is None:
        return named
    acronym = at == 1 and len(named[0].text) > 1 and named[0].text.isupper()
    return named[:at] if titled or acronym else named


def is_title(text: str) -> bool:
    """True for a word that stands before the names of persons, such as President or fondateur."""
    return texts.fold(text).strip(".") in TITLES


def _is_duty(before: str) -> bool:
    """True after "President for": what follows names an office, not somebody."""
    found = _DUTY.search(before)
    return bool(found) and is_title(found[1] if found else "")


def belongs_to_title(text: str) -> bool:
    """True for a title's word or one that begins a title: Vice, General, Prime."""
    return is_title(text) or texts.fold(text) in _TITLE_BEGINS
