"""A verdict in plain lines: the marked text, the parts of the score by name, what was not taken and why, and by how much a band was missed."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.hits.sentences import Layout, Sentence, lay_out
from monitor.hits.shortfall import shortfall
from monitor.model import Mention, Rejected, Verdict, Watchlist

WHY = {
    "case": "upper and lower case differ",
    "marks": "the marks differ, or are missing in a name too short to do without",
    "guard": "part of a longer name",
    "mask": "inside a masked expression",
    "longer": "inside a longer name",
    "never": "a name listed under `never`",
    "short": "a short name, and the full one does not stand before it",
    "loose": "counts only beside another organisation, or a word of its field",
}
_SENTENCES_SHOWN = 12


def explain(verdict: Verdict, watchlist: Watchlist, title: str, text: str) -> tuple[str, ...]:
    """The verdict in lines for a person. `title` and `text` are those the verdict was given on."""
    layout = lay_out(title, text)
    lines = [_head(verdict, watchlist), f"rule: {verdict.rule}", *(f"because: {reason}" for reason in verdict.reasons)]
    lines += [f"  {part.points:+5.2f}  {part.name}" for part in verdict.parts]
    lines += [f"short: {line}" for line in shortfall(verdict, watchlist, layout)]
    lines += ["", *_marked_lines(layout, verdict.mentions)]
    if verdict.rejected:
        lines += ["", "not taken:", *(_refusal(layout, refusal) for refusal in verdict.rejected)]
    return tuple(lines)


def _head(verdict: Verdict, watchlist: Watchlist) -> str:
    bands = f"review from {watchlist.review:g}, alert from {watchlist.alert:g}"
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
    return f"  {layout.text[refusal.start : refusal.end]!r} for {refusal.id}: {WHY.get(refusal.reason, refusal.reason)} (…{around}…)"
