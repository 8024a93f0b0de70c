"""Plots as SVG without a line of script: bars by day, small bars by name and day, pairs of names as a matrix. Pure: numbers in, shapes out.

Templates draw the shapes; colours and type come from the style sheet. Every number stands in a title or a label too, so that nothing is said by
colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

WIDTH = 720
_LEVELS = 5
_STEPS = (1, 2, 5)
_MOST_BARS = 120
"""More days than this are drawn by the week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar in the plot's units. `first_on` to `last_on`: the days it counts."""

    x: float
    y: float
    width: float
    height: float
    value: int
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars over a baseline. `lines`: (y, value) of the rules behind them; `labels`: (x, text, anchor) of days below them; `by`: day or week."""

    width: float
    height: float
    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    labels: tuple[tuple[float, str, str], ...]
    by: str
    total: int

    @property
    def path(self) -> str:
        """All bars as one path, for plots too small to point at a single bar."""
        return "".join(f"M{bar.x:g} {self.height:g}v{-bar.height:g}h{bar.width:g}v{bar.height:g}z" for bar in self.bars if bar.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One pair of names: how many hits name both; `level` 0 to 5 for the colour; at (x, y)."""

    row: str
    column: str
    x: int
    y: int
    value: int
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Names against names, the lower triangle. `names`: (id, title, hits) in order."""

    names: tuple[tuple[str, str, int], ...]
    cells: tuple[Cell, ...]


def bars(
    counts: Mapping[date, int],
    first_on: date,
    last_on: date,
    *,
    width: float = WIDTH,
    height: float = 150,
    left: float = 34,
    least_top: int = 1,
) -> Bars:
    """Bars of the days from `first_on` to `last_on`, of weeks where these are many. A scale stands left of them where `left` leaves room.

    least_top: what full height stands for at least, so that several plots can share a scale.
    """
    spans = _spans(first_on, last_on)
    values = [sum(counts.get(start + timedelta(days=n), 0) for n in range((end - start).days + 1)) for start, end in spans]
    top = max(_round_up(max(values, default=0)), least_top)
    step = (width - left) / max(1, len(spans))
    gap = min(2.0, step * 0.2)
    made = tuple(
        Bar(
            x=round(left + n * step + gap / 2, 2),
            y=round(height - height * value / top, 2),
            width=round(max(0.5, min(step - gap, 48)), 2),
            height=round(height * value / top, 2),
            value=value,
            first_on=start,
            last_on=end,
        )
        for n, ((start, end), value) in enumerate(zip(spans, values, strict=True))
    )
    lines = tuple((round(height - height * value / top, 2), value) for value in (0, top // 2, top) if value or value == 0)
    return Bars(
        width=width,
        height=height,
        bars=made,
        lines=tuple(dict.fromkeys(lines)) if left else (),
        labels=_labels(made) if left else (),
        by="day" if len(spans) == (last_on - first_on).days + 1 else "week",
        total=sum(values),
    )


def _spans(first_on: date, last_on: date) -> list[tuple[date, date]]:
    days = (last_on - first_on).days + 1
    if days <= _MOST_BARS:
        return [(first_on + timedelta(days=n),) * 2 for n in range(days)]
    monday = first_on - timedelta(days=first_on.weekday())
    weeks = range((last_on - monday).days // 7 + 1)
    return [(max(first_on, monday + timedelta(weeks=n)), min(last_on, monday + timedelta(weeks=n, days=6))) for n in weeks]


def _labels(made: Sequence[Bar]) -> tuple[tuple[float, str, str], ...]:
    """The first and the last day, and some between them."""
    if not made:
        return ()
    chosen = sorted({round(n * (len(made) - 1) / 4) for n in range(5)})
    last = len(made) - 1
    return tuple(
        (
            round(made[n].x + (0 if n == 0 else made[n].width if n == last else made[n].width / 2), 1),
            f"{made[n].first_on.day} {made[n].first_on:%b}",
            "start" if n == 0 else "end" if n == last else "middle",
        )
        for n in chosen
    )


def _round_up(value: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 ... that is not below a value: an axis that ends on a plain number."""
    scale = 1
    while True:
        for step in _STEPS:
            if step * scale >= value:
                return step * scale
        scale *= 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """Bars too small to point at: one path. `total`: the sum of what it shows."""

    width: int
    height: int
    path: str
    total: int


def spark(values: Sequence[int], width: int = 168, height: int = 24) -> Spark:
    """Values from left to right as bars; the greatest is as high as the plot. Lists draw hundreds of these."""
    top = max(values, default=0) or 1
    step = width / max(1, len(values))
    found = [f"M{n * step:.1f} {height}v{-height * value / top:.1f}h{step - 2:.1f}V{height}z" for n, value in enumerate(values) if value]
    return Spark(width=width, height=height, path="".join(found), total=sum(values))


def matrix(named: Mapping[int, Iterable[str]], titles: Mapping[str, str], most: int) -> Matrix:
    """The `most` names that stand in most hits, and how many hits name each two of them. `named`: the names of each hit."""
    hits = Counter(name for names in named.values() for name in set(names))
    chosen = [name for name, _ in sorted(hits.items(), key=lambda pair: (-pair[1], pair[0]))[:most]]
    order = {name: n for n, name in enumerate(chosen)}
    pairs: Counter[tuple[str, str]] = Counter()
    for names in named.values():
        here = sorted({name for name in names if name in order}, key=order.__getitem__)
        pairs.update(combinations(here, 2))
    greatest = max(pairs.values(), default=1)
    cells = tuple(
        Cell(row=row, column=column, x=x, y=y, value=n, level=-(-n * _LEVELS // greatest))
        for y, row in enumerate(chosen)
        for x, column in enumerate(chosen[:y])
        for n in (pairs[column, row],)
    )
    return Matrix(names=tuple((name, titles.get(name, name), hits[name]) for name in chosen), cells=cells)
