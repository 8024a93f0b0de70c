"""A verdict in plain lines: the marked text, the parts of the score, what was not taken and why, and what would make a hit of a miss."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.hits.compile import compile_matcher
from monitor.hits.sentences import Layout, Sentence, lay_out
from monitor.model import Entity, Mention, Rejected, Side, Topic, Verdict, Watchlist
from monitor.text import fold

_WHY = {
    "case": "upper and lower case differ",
    "marks": "the marks differ, or are missing in a name too short to do without",
    "guard": "part of a longer name",
    "mask": "inside a masked expression",
    "longer": "inside a longer name",
    "never": "a name listed under `never`",
    "short": "a short name, and the full one does not stand before it",
    "loose": "counts only beside another organisation, or a word of its field",
}
_CHANGES = 3
_NAMES_TRIED = 5
_SENTENCES_SHOWN = 12
_LONG_WORD = 5
_NAME = re.compile(r"[^\W\d_a-zà-ÿ][\w&.-]+(?: (?:of |de |des )?[^\W\d_a-zà-ÿ][\w&.-]+){0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    text: str
    watchlist: Watchlist


def explain(verdict: Verdict, watchlist: Watchlist, title: str, text: str) -> tuple[str, ...]:
    """The verdict in lines for a person. `title` and `text` are those the verdict was given on."""
    layout = lay_out(title, text)
    lines = [_head(verdict, watchlist), f"rule: {verdict.rule}", *(f"because: {reason}" for reason in verdict.reasons)]
    lines += [f"  {part.points:+5.2f}  {part.name}" for part in verdict.parts]
    lines += ["", *_marked_lines(layout, verdict.mentions)]
    if verdict.rejected:
        lines += ["", "not taken:", *(_refusal(layout, refusal) for refusal in verdict.rejected)]
    return tuple(lines)


def changes(watchlist: Watchlist, title: str, text: str, lang: str, weak: bool = False) -> tuple[str, ...]:
    """The smallest changes of the watchlist that would each make the text a hit, tried in turn; at most three, none where none was found."""
    verdict = compile_matcher([watchlist]).verdict_of(watchlist.id, title, text, lang, weak)
    if verdict.band is not None:
        return ()
    found = []
    for change in _candidates(watchlist, verdict, lay_out(title, text)):
        tried = compile_matcher([change.watchlist]).verdict_of(watchlist.id, title, text, lang, weak)
        if tried.band is not None:
            found.append(f"{change.text}: {tried.band}, {tried.score:.1f} points")
        if len(found) == _CHANGES:
            break
    return tuple(found)


def _head(verdict: Verdict, watchlist: Watchlist) -> str:
    bands = f"review from {watchlist.review:.1f}, alert from {watchlist.alert:.1f}"
    if verdict.band is None:
        return f"MISS {verdict.watchlist}: {verdict.score:.1f} points ({bands})"
    return f"HIT {verdict.watchlist}: {verdict.band}, {verdict.score:.1f} points ({bands})"


def _marked_lines(layout: Layout, mentions: Sequence[Mention]) -> list[str]:
    """The sentences that name something, each name in brackets with what it was taken for."""
    lines = []
    for sentence in layout.sentences:
        here = [m for m in mentions if sentence.start <= m.start and m.end <= sentence.end]
        if here:
            label = "title" if sentence.zone == "title" else str(sentence.number)
            lines.append(f"{label:>5}: {_marked(layout, sentence, here)}")
    left = len(lines) - _SENTENCES_SHOWN
    return lines if left <= 0 else [*lines[:_SENTENCES_SHOWN], f"  ... and {left} more sentences that name something"]


def _marked(layout: Layout, sentence: Sentence, mentions: Sequence[Mention]) -> str:
    spans: dict[tuple[int, int], list[str]] = {}
    for m in mentions:
        spans.setdefault((m.start, m.end), []).append(m.id)
    shown, at = "", sentence.start
    for (start, end), ids in sorted(spans.items(), key=lambda item: (item[0][0], -item[0][1])):
        if start >= at:
            shown += f"{layout.text[at:start]}[{layout.text[start:end]}|{','.join(dict.fromkeys(ids))}]"
            at = end
    return (shown + layout.text[at : sentence.end]).replace("\n", " ")


def _refusal(layout: Layout, refusal: Rejected) -> str:
    around = layout.text[max(0, refusal.start - 20) : refusal.end + 20].replace("\n", " ")
    return f"  {layout.text[refusal.start : refusal.end]!r} for {refusal.id}: {_WHY.get(refusal.reason, refusal.reason)} (…{around}…)"


def _candidates(watchlist: Watchlist, verdict: Verdict, layout: Layout) -> Iterator[_Change]:
    """Changes worth a try, the least invasive first."""
    yield from _accepting(watchlist, verdict, layout)
    yield from _unmasking(watchlist, verdict, layout)
    yield from _naming(watchlist, verdict, layout)
    for bond in ("near", "article"):
        if bond != watchlist.bond and watchlist.bond != "article":
            yield _Change(text=f'bond = "{bond}"', watchlist=replace(watchlist, bond=bond))
    if verdict.score > 0:
        low = int(verdict.score * 10) / 10
        yield _Change(text=f"review = {low:.1f}", watchlist=replace(watchlist, review=low))
    yield from _without_cues(watchlist, verdict)


def _accepting(watchlist: Watchlist, verdict: Verdict, layout: Layout) -> Iterator[_Change]:
    """A refused name written down as it stands in the text."""
    refused = [(r.id, layout.text[r.start : r.end]) for r in verdict.rejected if r.reason in {"loose", "short", "marks", "case"}]
    for id_, name in dict.fromkeys(refused):
        yield _Change(text=f"exact_names of {id_}: add {name!r}", watchlist=_with_name(watchlist, id_, name))


def _unmasking(watchlist: Watchlist, verdict: Verdict, layout: Layout) -> Iterator[_Change]:
    for mask in watchlist.masks:
        if any(r.reason == "mask" for r in verdict.rejected) and fold(mask.rstrip("*")) in layout.folded:
            yield _Change(
                text=f"take out the mask {mask!r}", watchlist=replace(watchlist, masks=tuple(m for m in watchlist.masks if m != mask))
            )


def _naming(watchlist: Watchlist, verdict: Verdict, layout: Layout) -> Iterator[_Change]:
    """An unknown name of the text as an entity, or a long word of the title as a topic word, of a side that nothing names."""
    present = {m.side for m in verdict.mentions}
    for side in watchlist.sides:
        if side.id in present:
            continue
        for name in _unknown_names(verdict, layout) if side.entities else ():
            entity = Entity(id="new", title=name, type="company", exact_names=(name,))
            yield _Change(
                text=f"side {side.id}: add the name {name!r}",
                watchlist=_with_side(watchlist, replace(side, entities=(*side.entities, entity))),
            )
        for word in _long_words(layout) if side.topics else ():
            topic = Topic(id="new", title=word, words=(("", (word,)),))
            yield _Change(
                text=f"side {side.id}: add the word {word!r}", watchlist=_with_side(watchlist, replace(side, topics=(*side.topics, topic)))
            )


def _unknown_names(verdict: Verdict, layout: Layout) -> list[str]:
    known = [(m.start, m.end) for m in verdict.mentions] + [(r.start, r.end) for r in verdict.rejected]
    names = []
    for found in _NAME.finditer(layout.text):
        name = found[0].rstrip(".-&")
        sentence_opener = " " not in name and found.start() == layout.at(found.start()).start and name[1:].islower()
        if not sentence_opener and not any(found.start() < end and start < found.end() for start, end in known):
            names.append(name)
    return list(dict.fromkeys(names))[:_NAMES_TRIED]


def _long_words(layout: Layout) -> list[str]:
    words = [word for word in re.findall(r"[^\W\d_]+", layout.text[: layout.sentences[0].end]) if word.islower() and len(word) > _LONG_WORD]
    return sorted(dict.fromkeys(words), key=lambda word: -len(word))[:_CHANGES]


def _with_side(watchlist: Watchlist, changed: Side) -> Watchlist:
    return replace(watchlist, sides=tuple(changed if side.id == changed.id else side for side in watchlist.sides))


def _without_cues(watchlist: Watchlist, verdict: Verdict) -> Iterator[_Change]:
    for part in verdict.parts:
        if part.name.startswith("cue: ") and part.points < 0:
            id_ = part.name.removeprefix("cue: ")
            words = sorted({m.alias for m in verdict.mentions if m.kind == "cue" and m.id == id_})
            cues = tuple(cue for cue in watchlist.cues if cue.id != id_)
            yield _Change(text=f"without the cue {id_} ({', '.join(words)})", watchlist=replace(watchlist, cues=cues))


def _with_name(watchlist: Watchlist, id_: str, name: str) -> Watchlist:
    def named(entity: Entity) -> Entity:
        return replace(entity, exact_names=(*entity.exact_names, name)) if entity.id == id_ else entity

    return replace(watchlist, sides=tuple(replace(side, entities=tuple(map(named, side.entities))) for side in watchlist.sides))
