"""From places where names stand to mentions: capitals and marks, longest match and masks, never, short and loose names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.hits.automaton import Alias, Found, shape
from monitor.hits.guards import refused
from monitor.hits.sentences import Layout, Sentence
from monitor.model import Rejected
from monitor.text import has_marks

_ANCHORS = frozenset(("person", "company", "body", "agreement", "event", "product"))
_LOOSE_REACH = 2
_NAMED, _MASKED = 1, 2
_MOST_REJECTED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A name taken for what it stands for, with its sentence."""

    alias: Alias
    start: int
    end: int
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What was taken, in order of place, and what was not, with reasons: case, marks, guard, mask, longer, never, short, loose."""

    taken: tuple[Taken, ...]
    rejected: tuple[Rejected, ...]


def accept(
    layout: Layout,
    found: Iterable[Found],
    watchlist: int,
    lang: str,
    sides: Mapping[str, tuple[str, ...]],
    fields: Mapping[str, tuple[str, ...]],
) -> Acceptance:
    """Applies the acceptance rules of one watchlist to the places found in one text.

    `sides` gives the sides of each entity id, `fields` the topics that an entity implies. Topic and cue words count in the language of the
    text (or in any, where the text's language has none of its own); English ones in all.
    """
    rejected: list[Rejected] = []
    raw = _spelt_right(layout, found, watchlist, lang, rejected)
    nevers = [one for one in raw if one.alias.mode == "never"]
    masks = [one for one in raw if one.alias.mode == "mask"]
    names = [one for one in raw if one.alias.kind in {"entity", "contrast"} and one.alias.mode != "never"]
    written = _as_written(names)
    nevers, masks = ([one for one in some if not _outspelt(layout, one, written)] for some in (nevers, masks))
    topics = _outside(layout, [one for one in raw if one.alias.kind == "topic"], masks)
    names = _best_spelt(layout, names, rejected)
    names = _not_never(names, nevers, rejected)
    names = _longest(layout, names, masks, sides, rejected)
    names = _short(names, rejected)
    names = _loose(names, topics, fields, rejected)
    cues = _cues(layout, [one for one in raw if one.alias.kind == "cue"], masks, names)
    once = {(one.alias.kind, one.alias.id, one.start, one.end): one for one in (*names, *topics, *cues)}
    taken = sorted(once.values(), key=lambda one: (one.start, one.end, one.alias.kind, one.alias.id))
    return Acceptance(taken=tuple(taken), rejected=_telling(rejected, taken))


def _telling(rejected: Sequence[Rejected], taken: Sequence[Taken]) -> tuple[Rejected, ...]:
    """Of all refusals one for each place and entity: of the longest name, by the last rule that spoke; none where the entity was taken after all."""
    covered: dict[str, list[tuple[int, int]]] = {}
    for one in taken:
        covered.setdefault(one.alias.id, []).append((one.start, one.end))
    kept = []
    longest_and_latest = sorted(enumerate(rejected), key=lambda item: (item[1].start - item[1].end, -item[0]))
    for _, refusal in longest_and_latest:
        spans = covered.setdefault(refusal.id, [])
        if not any(start < refusal.end and refusal.start < end for start, end in spans):
            spans.append((refusal.start, refusal.end))
            kept.append(refusal)
    return tuple(sorted(kept, key=lambda r: (r.start, r.end, r.id))[:_MOST_REJECTED])


def _spelt_right(layout: Layout, found: Iterable[Found], watchlist: int, lang: str, rejected: list[Rejected]) -> list[Taken]:
    kept = []
    for place in found:
        for alias in place.aliases:
            if alias.watchlist != watchlist or not _speaks(alias, lang):
                continue
            sentence = layout.at(place.start)
            reason = refused(alias, layout.text, place.start, place.end, sentence.start, lang)
            if reason is None:
                kept.append(Taken(alias=alias, start=place.start, end=place.end, sentence=sentence))
            elif alias.kind == "entity" and alias.mode != "never":
                rejected.append(_reject(alias, place.start, place.end, reason))
    return kept


def _speaks(alias: Alias, lang: str) -> bool:
    if not alias.lang or not lang or alias.lang == lang:
        return True
    if alias.kind == "cue":
        return lang not in {"en", "vi", "fr"}
    return alias.lang == "en" or lang not in {"en", "vi", "fr"}


def _reject(alias: Alias, start: int, end: int, reason: str) -> Rejected:
    return Rejected(id=alias.id, alias=alias.written, start=start, end=end, reason=reason)


def _as_written(names: Iterable[Taken]) -> set[tuple[int, int]]:
    """Places of names that carry no marks and stand there as they are written."""
    return {(one.start, one.end) for one in names if not shape(one.alias.written).marks}


def _outspelt(layout: Layout, one: Taken, written: set[tuple[int, int]]) -> bool:
    """True where another name stands as written and this one's marks would have to be missing: Nha Trang, not Nhà Trắng without marks."""
    return (one.start, one.end) in written and shape(one.alias.written).marks and not has_marks(layout.text[one.start : one.end])


def _best_spelt(layout: Layout, names: list[Taken], rejected: list[Rejected]) -> list[Taken]:
    written = _as_written(names)
    kept = []
    for one in names:
        if _outspelt(layout, one, written):
            rejected.append(_reject(one.alias, one.start, one.end, "marks"))
        else:
            kept.append(one)
    return kept


def _not_never(names: list[Taken], nevers: list[Taken], rejected: list[Rejected]) -> list[Taken]:
    kept = []
    for one in names:
        if any(n.alias.id == one.alias.id and n.start <= one.start and one.end <= n.end for n in nevers):
            rejected.append(_reject(one.alias, one.start, one.end, "never"))
        else:
            kept.append(one)
    return kept


def _longest(
    layout: Layout, names: list[Taken], masks: list[Taken], sides: Mapping[str, tuple[str, ...]], rejected: list[Rejected]
) -> list[Taken]:
    """The longest of overlapping names and masks; names at one and the same place all stay.

    A place at the end of a name of another side stays too: Intel Products Vietnam is in Vietnam.
    """
    cover = bytearray(len(layout.text))
    spans: set[tuple[int, int]] = set()
    ends: dict[int, Taken] = {}
    kept = []
    for one in sorted((*names, *masks), key=lambda o: (o.start - o.end, o.start, o.alias.mode != "mask")):
        over = max(cover[one.start : one.end])
        longer = ends.get(one.end)
        if over == 0 or (over == _NAMED and (one.start, one.end) in spans):
            masking = one.alias.mode == "mask"
            cover[one.start : one.end] = bytes((_MASKED if masking else _NAMED,)) * (one.end - one.start)
            spans.add((one.start, one.end))
            if not masking:
                kept.append(one)
                ends.setdefault(one.end, one)
        elif over == _NAMED and one.alias.kind == "entity" and one.alias.type == "place" and longer and not _same_side(one, longer, sides):
            kept.append(one)
        elif one.alias.kind == "entity":
            rejected.append(_reject(one.alias, one.start, one.end, "mask" if over == _MASKED else "longer"))
    return kept


def _same_side(one: Taken, other: Taken, sides: Mapping[str, tuple[str, ...]]) -> bool:
    return bool(set(sides.get(one.alias.id, ())) & set(sides.get(other.alias.id, ())))


def _short(names: list[Taken], rejected: list[Rejected]) -> list[Taken]:
    """Short names count after a full name of the same entity; in the title also before it."""
    first: dict[str, int] = {}
    for one in names:
        if one.alias.mode in {"full", "exact"}:
            first[one.alias.id] = min(first.get(one.alias.id, one.start), one.start)
    kept = []
    for one in names:
        full = first.get(one.alias.id)
        if one.alias.mode == "short" and (full is None or (full > one.start and one.sentence.number != 0)):
            rejected.append(_reject(one.alias, one.start, one.end, "short"))
        else:
            kept.append(one)
    return kept


def _loose(
    names: list[Taken], topic_words: Sequence[Taken], fields: Mapping[str, tuple[str, ...]], rejected: list[Rejected]
) -> list[Taken]:
    """Loose names count within two sentences of another organisation or person under a full name, or of a word of the field they imply."""
    anchors = [(one.sentence.number, one.alias.id) for one in names if one.alias.mode != "loose" and one.alias.type in _ANCHORS]
    topics = [(one.sentence.number, one.alias.id) for one in topic_words]
    full = {one.alias.id for one in names if one.alias.mode in {"full", "exact"}}

    def stands(one: Taken) -> bool:
        own, field = one.alias.id, fields.get(one.alias.id, ())
        beside = any(_near(one, number) for number, id_ in anchors if id_ != own)
        return own in full or beside or any(_near(one, number) for number, id_ in topics if id_ in field)

    kept = []
    for one in names:
        if one.alias.mode != "loose" or stands(one):
            kept.append(one)
        else:
            rejected.append(_reject(one.alias, one.start, one.end, "loose"))
    return kept


def _near(one: Taken, number: int) -> bool:
    return abs(number - one.sentence.number) <= (0 if one.sentence.alone else _LOOSE_REACH)


def _cues(layout: Layout, cues: list[Taken], masks: Sequence[Taken], names: Sequence[Taken]) -> list[Taken]:
    """Cue words stay outside names and inside no mask; one that is the whole of a mask counts: the Vietnam War is no country, and speaks."""
    spans = {(one.start, one.end) for one in cues}
    return _outside(layout, cues, (*(mask for mask in masks if (mask.start, mask.end) not in spans), *names))


def _outside(layout: Layout, words: list[Taken], walls: Sequence[Taken]) -> list[Taken]:
    """The words that touch none of the walls; of overlapping words the longest stays."""
    cover = bytearray(len(layout.text))
    for wall in walls:
        cover[wall.start : wall.end] = bytes((_MASKED,)) * (wall.end - wall.start)
    spans: set[tuple[int, int]] = set()
    kept = []
    for one in sorted(words, key=lambda o: (o.start - o.end, o.start)):
        over = max(cover[one.start : one.end])
        if over == 0 or (over == _NAMED and (one.start, one.end) in spans):
            cover[one.start : one.end] = bytes((_NAMED,)) * (one.end - one.start)
            spans.add((one.start, one.end))
            kept.append(one)
    return kept
