"""What stands around a name: does it make a person or an organisation of it, which office does it give, which party does it speak for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor import text as texts
from monitor.model import EntityType
from monitor.watchlists.runs import BODIES, TITLES, belongs_to_title, is_title
from monitor.watchlists.words import word_set

STRONG = 3.0
WEAK = 1.0

_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*\s+(?=[\"“«(]?[A-ZÀ-Ỹ])")
_ABBREVIATED = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Inc|Corp|Co|Ltd|No)\Z")
_MARKER = re.compile(r"\b(?:such as|including|included|like|comme|tels? que|telles? que|notamment|dont)\b|:")
_LOWER = re.compile(r"\b[a-zà-ỹ][^\W_]*\b")
_IN_LIST = word_set("""
and or et ou the le la les de du des l as well both also investment financial tech technology private energy state major large like
including such as comme dont notamment ainsi que s
""")
FIRMS = word_set("""
company companies firm firms corporation corporations business businesses giant giants group groups bank banks fund funds investor
investors startup startups maker makers chipmaker chipmakers carmaker carmakers automaker automakers producer producers miner miners
supplier suppliers developer developers operator operators manufacturer manufacturers utility utilities platform platforms airline
airlines retailer insurer brand brands enterprise enterprises conglomerate subsidiary entreprise entreprises societe societes groupe
groupes fonds geant geants fabricant producteur banque
""")
_SUFFIXES = word_set("""
inc corp corporation co ltd llc plc sa ag gmbh spa nv group energy capital bank holdings technologies technology motors airlines
electric systems semiconductor semiconductors pharma mining minerals resources materials lithium oil gas petroleum power telecom
partners ventures chemicals
""")
_BODY_WORDS = word_set(
    "council committee commission ministry department agency chamber association board authority union parliament party congress"
)
_DEALS = word_set("partnership plan agreement memorandum act treaty initiative programme program strategy")
_EVENTS = word_set("assembly forum summit conference debate congress week")
_ARTICLE = re.compile(r"^(?:(?:the|le|la|un|une|a|an|its|son|sa) |l['’])")
_PLACED = re.compile(r"\b(?:in|at|from|to|into|near|à|en|vers|chez) \Z", re.IGNORECASE)
_NOT_OFFICE = word_set("said has have will met told a par by with whose after when where as represente represented")
_MODIFIER = re.compile(r"\.?(?:['’]s?)? (?:[a-z][\w-]* ){0,3}\Z")
_PREPOSITIONS = re.compile(r"\b(?:in|with|for|of|to|at|from|on|as|by|dans|avec|pour|de|au|en) ")
_OWNERS = word_set("son sa ses leur its his her their whose")
_WINDOW = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A party or an organisation already placed: [start, end) on the line and the side it stands for."""

    start: int
    end: int
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one occurrence says. `type` 'other': nothing. `sides`: (side, weight) pairs. `role`: the office as written, or ''."""

    type: EntityType = "other"
    role: str = ""
    sides: tuple[tuple[str, float], ...] = ()


def evidence(line: str, start: int, end: int, placed: Sequence[Named], title: str = "") -> Evidence:
    """Reads the sentence around the name at [start, end). `title` is the capitalised title directly before it, if one was cut off."""
    left, right = sentence(line, start, end)
    here = [one for one in placed if left <= one.start and one.end <= right and not (one.start < end and start < one.end)]
    name = line[start:end]
    if title:
        return _titled(line, start, left, title, here)
    for found in (
        _after_office(line, start, left, here),
        _lower_title(line, start, left, here),
        _apposition(line, start, end, right, here),
    ):
        if found:
            return found
    kind = _own_type(name)
    listed = _listed(line, start, left, here) or _firm_before(line, start, left, here)
    if listed:
        return Evidence(type=kind if kind != "other" else "company", sides=listed)
    return Evidence(type=kind, sides=_weak(here))


def sentence(line: str, start: int, end: int) -> tuple[int, int]:
    """[start, end) of the sentence around a name on its line."""
    left, right = 0, len(line)
    for found in _SENTENCE.finditer(line):
        if _ABBREVIATED.search(line, max(0, found.start() - 6), found.start()):
            continue
        if found.end() <= start:
            left = found.end()
        elif found.start() >= end:
            right = found.start() + 1
            break
    return left, right


def _titled(line: str, start: int, left: int, title: str, here: Sequence[Named]) -> Evidence:
    """ "US Senator Marco Rubio", "Vietnam's President, To Lam": the party stands directly before the title."""
    place = line.rfind(title, left, start)
    before = [one for one in here if 0 <= (place if place >= 0 else start) - one.end <= 3]
    return Evidence(type="person", role=title, sides=_strong(before[-1:]) or _weak(here))


def _after_office(line: str, start: int, left: int, here: Sequence[Named]) -> Evidence | None:
    """ "Ambassador to Vietnam Marc E. Knapper", "Meta's President for Global Affairs, Nick Clegg"."""
    before = line[max(left, start - _WINDOW) : start]
    offset = start - len(before)
    found = re.search(r"([A-Z][\w-]+(?: [A-Z][\w-]+){0,2}) (?:to|of|for|in) (?:the )?[A-Z][^,;]{1,40}?,? \Z", before) or re.search(
        r"([A-Z][\w-]+(?: [A-Z][\w-]+){0,2}), \Z", before
    )
    if not found:
        return None
    words = found[1].split()
    if not any(is_title(word) for word in words):
        return None
    first = next((number for number, word in enumerate(words) if belongs_to_title(word)), None)
    if first is None:
        return None
    begin = offset + found.start() + sum(len(word) + 1 for word in words[:first])
    owners = [one for one in here if 0 <= begin - one.end <= 3]
    role = line[begin:start].rstrip(" ,")
    return Evidence(type="person", role=role, sides=_strong(owners[-1:]) or _weak(here))


def _lower_title(line: str, start: int, left: int, here: Sequence[Named]) -> Evidence | None:
    """ "son fondateur Wally Liaw", "le président vietnamien Tô Lâm": a title among the two words before, with at most a country between."""
    before = line[max(left, start - 60) : start]
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*", before)[-2:]
    if not before.endswith(" ") or re.search(r"[,;:]\s*\Z", before):
        return None
    place = next(
        (number for number in (1, 0) if number < len(words) and words[number].islower() and texts.fold(words[number]) in TITLES), None
    )
    if place is None:
        return None
    offset = start - len(before)
    between = [one for one in here if one.end <= start and one.start >= offset and before.rfind(words[place]) <= one.start - offset]
    owner = words[place - 1] if place else ""
    if texts.fold(owner) in _OWNERS:
        between = [one for one in here if one.end <= start]
    if place == 0 and len(words) == 2 and not between:
        return None
    return Evidence(type="person", role=" ".join(words[place:]), sides=_strong(between[-1:]) or _weak(here))


def _apposition(line: str, start: int, end: int, right: int, here: Sequence[Named]) -> Evidence | None:
    """ "Ted Osius, head of the US-ASEAN Business Council", "Meta, the parent company of Facebook", "Nick Clegg de Meta"."""
    after = line[end : min(right, end + _WINDOW)]
    owner = [one for one in here if 0 <= one.start - end <= _WINDOW]
    if re.match(r" (?:de |d['’]|du )", after) and owner and owner[0].start - end <= 5 and " " in line[end - 20 : end].strip():
        return Evidence(type="person", sides=_strong(owner[:1]))
    found = re.match(r",? ?\(?, ?((?:[^,.;()]|\.(?=\S))+)|,? \(([^()]+)\)", after)
    phrase = (found[1] or found[2] or "") if found else ""
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*", phrase)[:8]
    folded = [texts.fold(word) for word in words]
    limit = end + (found.end() if found else 0)
    inside = [one for one in owner if one.start < limit]
    title = next((number for number, word in enumerate(folded[:6]) if word in TITLES), None)
    standing = not _PLACED.search(line[:start]) and title is not None and not any(word in _NOT_OFFICE for word in folded[:title])
    if title is not None and standing and not _names_another(phrase, words[title]):
        return Evidence(type="person", role=_ARTICLE.sub("", phrase.strip()), sides=_strong(inside[:1]) or _weak(here))
    if any(word in FIRMS for word in folded[:5]) and folded[0] in {"the", "a", "an", "le", "la", "l", "un", "une", "one"}:
        return Evidence(type="company", sides=_strong(inside[:1]) or _weak(here))
    return None


def _names_another(phrase: str, title: str) -> bool:
    """True for ", US Senator Marco Rubio told": the title belongs to the name behind it."""
    return bool(re.match(r" [A-ZÀ-Ỹ]", phrase[phrase.find(title) + len(title) :])) and not re.search(r" (?:of|for|at|de|du|d['’])", phrase)


def _listed(line: str, start: int, left: int, here: Sequence[Named]) -> tuple[tuple[str, float], ...]:
    """ "US companies, including Intel, Apple and Amkor": the list's head is a word for firms, the party stands in front of it."""
    for found in _MARKER.finditer(line, left, start):
        between = line[found.end() : start]
        lower = [texts.fold(word) for word in _LOWER.findall(between)]
        if any(word not in _IN_LIST and word not in FIRMS for word in lower) or len(between) > 200:
            continue
        firm = _firm_word(line, max(left, found.start() - 50), found.start())
        if firm:
            return _strong(_owners(line, firm, here)) or (("", WEAK),)
    return ()


def _firm_word(line: str, start: int, end: int) -> tuple[int, int] | None:
    """[start, end) of the last word for firms among the last four words before `end`."""
    words = list(re.finditer(r"[^\W_]+", line[start:end]))[-4:]
    found = next((word for word in reversed(words) if texts.fold(word.group()) in FIRMS), None)
    return (start + found.start(), start + found.end()) if found else None


def _owners(line: str, firm: tuple[int, int], here: Sequence[Named]) -> list[Named]:
    """The party that stands before a word for firms with adjectives at most between ("US energy giants"), or right behind it ("groupes américains")."""
    for one in reversed(here):
        between = line[one.end : firm[0]]
        if one.end <= firm[0] and _MODIFIER.match(between) and not _PREPOSITIONS.search(between):
            return [one]
        if one.start - firm[1] == 1:
            return [one]
    return []


def _firm_before(line: str, start: int, left: int, here: Sequence[Named]) -> tuple[tuple[str, float], ...]:
    """ "Chilean miner SQM", "US chipmaker Nvidia": a word for firms directly before the name."""
    before = line[max(left, start - 50) : start]
    found = re.search(r"([^\W\d_][\w-]*) \Z", before)
    if not found or texts.fold(found[1]) not in FIRMS:
        return ()
    offset = start - len(before)
    return _strong(_owners(line, (offset + found.start(1), offset + found.end(1)), here)) or (("", WEAK),)


def _own_type(name: str) -> EntityType:
    """What the name's own words say."""
    words = [texts.fold(word).strip(".") for word in name.split()]
    if len(words) < 2:
        return "other"
    if any(word in _DEALS for word in words):
        return "agreement"
    if any(word in _BODY_WORDS for word in words):
        return "body"
    if words[-1] in _EVENTS:
        return "event"
    if words[-1] in _SUFFIXES or "&" in name:
        return "company"
    return "body" if words[-1] in BODIES or words[0] in BODIES else "other"


def _strong(owners: Sequence[Named]) -> tuple[tuple[str, float], ...]:
    return tuple((one.side, STRONG) for one in owners if one.side)


def _weak(here: Sequence[Named]) -> tuple[tuple[str, float], ...]:
    sides = {one.side for one in here if one.side}
    return tuple((side, WEAK) for side in sorted(sides)) if len(sides) == 1 else ()
