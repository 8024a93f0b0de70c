"""A verdict in words: the reasons in plain language, and the sentence to quote with the names to mark in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.hits.plan import Plan
from monitor.hits.score import Bond, Score
from monitor.hits.sentences import Layout, Sentence
from monitor.model import Mention, Snippet

_SNIPPET_CHARS = 240
_NAMES_SHOWN = 4


def reasons(plan: Plan, layout: Layout, mentions: Sequence[Mention], scored: Score, lacking: Sequence[str]) -> tuple[str, ...]:
    """Why, in words a reader can check against the text. For a miss: what is lacking."""
    if scored.bond is None:
        return _lacks(plan, mentions, lacking)
    inside = [m for m in mentions if m.sentence in scored.bond.window]
    found = [f"{_names(plan, inside)} {_where(layout, scored.bond)}"]
    topics = _titles(m for m in inside if m.kind == "topic")
    if topics:
        found.append(f"{'topic' if len(topics) == 1 else 'topics'} {_listed(topics)}")
    verbs = tuple(dict.fromkeys(m.alias.lower() for m in inside if m.kind == "cue" and plan.cues[m.id].points > 0))
    if verbs:
        found.append(f"{'verb' if len(verbs) == 1 else 'verbs'} {_listed(verbs)}")
    found.extend(f"{part.name} {part.points:+.1f}" for part in scored.parts if part.points < 0)
    if scored.points < plan.watchlist.review:
        found.append(f"{scored.points:.1f} points, {plan.watchlist.review:.1f} needed")
    return tuple(found)


def _lacks(plan: Plan, mentions: Sequence[Mention], lacking: Sequence[str]) -> tuple[str, ...]:
    titles = {side.id: side.title or side.id for side in plan.watchlist.sides}
    here = [f"{titles[side]}: {_listed(_titles(m for m in mentions if m.side == side))}" for side in plan.wanted if side not in lacking]
    here = [text for text in here if not text.endswith(": ")]
    if lacking:
        return (*(f"nothing names {titles[side]}" for side in lacking), *here)
    return (f"the sides are named, but not as `{plan.watchlist.match}` asks, or too far apart", *here)


def _names(plan: Plan, inside: Sequence[Mention]) -> str:
    per_side = [_titles(m for m in inside if m.kind == "entity" and m.side == side) for side in plan.actors]
    names = list(dict.fromkeys(name for group in per_side for name in group[:_NAMES_SHOWN]))
    if not names:
        names = list(_titles(m for m in inside if m.side))
    return _listed(names)


def _where(layout: Layout, bond: Bond) -> str:
    if len(bond.window) == 1:
        if bond.sentence == 0:
            return "in the title"
        return "in one item of a roundup" if layout.roundup else "in one sentence"
    if len(bond.window) > 3:
        return "in one article"
    return "in the title and a sentence" if 0 in bond.window else "in neighbouring sentences"


def _titles(mentions: Iterable[Mention]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(m.title for m in mentions))


def _listed(names: Sequence[str]) -> str:
    shown = list(names[: 2 * _NAMES_SHOWN])
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}" if shown else ""


def snippet(layout: Layout, mentions: Sequence[Mention], bond: Bond | None) -> Snippet:
    """The bonded sentence, cut to 240 characters around its names, with the places of the names in it."""
    if bond is None:
        return Snippet(text="")
    chosen = _sentence_to_show(layout, mentions, bond)
    here = sorted({(m.start, m.end) for m in mentions if m.kind in {"entity", "topic"} and chosen.start <= m.start and m.end <= chosen.end})
    start, end = _cut(layout.text, chosen, here)
    lead = "…" if start > chosen.start else ""
    tail = "…" if end < chosen.end else ""
    text = lead + layout.text[start:end].replace("\n", " ") + tail
    marks = tuple((s - start + len(lead), e - start + len(lead)) for s, e in _apart(here) if s >= start and e <= end)
    return Snippet(text=text, marks=marks)


def _sentence_to_show(layout: Layout, mentions: Sequence[Mention], bond: Bond) -> Sentence:
    """A sentence that names every side by itself, else the bonded one in the text that names most; the title only where it stands alone."""
    sides: dict[int, set[str]] = {}
    counts: dict[int, int] = {}
    for n, side, _ in {(m.sentence, m.side, m.id) for m in mentions if m.side}:
        sides.setdefault(n, set()).add(side)
        counts[n] = counts.get(n, 0) + 1
    bonded = set().union(*(sides.get(n, set()) for n in bond.window))
    whole = [] if layout.roundup else [n for n in sides if n and sides[n] >= bonded]
    chosen = whole or [n for n in bond.window if n or len(bond.window) == 1]
    best = max(chosen, key=lambda n: (counts.get(n, 0), n in bond.window, -n), default=bond.sentence)
    return next(s for s in layout.sentences if s.number == best)


def _cut(text: str, sentence: Sentence, marks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    room = _SNIPPET_CHARS - 2
    if sentence.end - sentence.start <= _SNIPPET_CHARS:
        return sentence.start, sentence.end
    first = marks[0][0] if marks else sentence.start
    last = marks[-1][1] if marks else sentence.start
    start = sentence.start if last - sentence.start <= room else max(sentence.start, first - max(0, room - (last - first)) // 2)
    if start > sentence.start:
        space = text.find(" ", start, first + 1)
        start = space + 1 if space >= 0 else start
    end = min(sentence.end, start + room)
    if end < sentence.end:
        space = text.rfind(" ", start + room // 2, end)
        end = space if space > 0 else end
    return start, end


def _apart(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans without overlaps, the longer one kept."""
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        if not any(span[0] < other[1] and other[0] < span[1] for other in kept):
            kept.append(span)
    return sorted(kept)
