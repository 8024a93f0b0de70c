"""The shapes of plots: every day has its place, sums hold, the scale ends on a plain number; marked text loses no letter."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Mention, Rejected
from monitor.web.marks import marked
from monitor.web.plots import bars, matrix, spark

FIRST = date(2024, 1, 1)


@given(
    days=st.integers(1, 900),
    counts=st.dictionaries(st.integers(0, 899), st.integers(0, 5000), max_size=30),
)
def test_bars_hold_every_count_once(days: int, counts: dict[int, int]) -> None:
    """Days or weeks: the bars cover the span without gap or overlap, stay in the plot, and sum up to what was counted in it."""
    last = FIRST + timedelta(days=days - 1)
    plot = bars({FIRST + timedelta(days=day): n for day, n in counts.items()}, FIRST, last)
    assert plot.total == sum(n for day, n in counts.items() if day < days)
    assert plot.bars[0].first_on == FIRST
    assert plot.bars[-1].last_on == last
    for one, following in zip(plot.bars, plot.bars[1:], strict=False):
        assert following.first_on == one.last_on + timedelta(days=1)
        assert one.x < following.x
    for bar in plot.bars:
        assert 0 <= bar.y <= plot.height
        assert bar.x >= 0
        assert bar.x + bar.width <= plot.width + 0.5


def test_the_scale_ends_on_a_plain_number() -> None:
    """A greatest count of 31 is drawn on a scale to 50; several plots can share a scale."""
    plot = bars({FIRST: 31}, FIRST, FIRST + timedelta(days=6))
    assert [value for _, value in plot.lines] == [0, 25, 50]
    assert bars({FIRST: 3}, FIRST, FIRST, least_top=100).bars[0].height == 4.5


def test_small_bars_are_one_path() -> None:
    """A bar for each value but nought, the greatest as high as the plot; nothing at all is an empty path."""
    drawn = spark([0, 2, 4], width=30, height=10)
    assert (drawn.path, drawn.total) == ("M10.0 10v-5.0h8.0V10zM20.0 10v-10.0h8.0V10z", 6)
    assert (spark([0, 0]).path, spark([]).path) == ("", "")


def test_a_matrix_counts_each_hit_once() -> None:
    """Names by the number of their hits; a cell counts the hits that name both, however often."""
    found = matrix({1: ["a", "b", "a"], 2: ["a", "b"], 3: ["a", "c"], 4: ["d"]}, {"a": "Alpha"}, most=3)
    assert found.names == (("a", "Alpha", 3), ("b", "b", 2), ("c", "c", 1))
    assert {(cell.row, cell.column): (cell.value, cell.level) for cell in found.cells} == {
        ("b", "a"): (2, 5),
        ("c", "a"): (1, 3),
        ("c", "b"): (0, 0),
    }
    assert matrix({}, {}, most=3).cells == ()


def mention(start: int, end: int, kind: str = "entity", title: str = "Apple") -> Mention:
    return Mention(kind=kind, id="x", side="us", title=title, alias="", start=start, end=end, sentence=0, zone="body")


@given(
    text=st.text(alphabet="ab \nđ", max_size=80),
    spans=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.sampled_from(["entity", "topic", "cue"])), max_size=12),
    refused=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4),
)
def test_marked_text_is_the_text(text: str, spans: list[tuple[int, int, str]], refused: list[tuple[int, int]]) -> None:
    """Whatever is marked, also where marks overlap or lie outside, the pieces give the text's words in their order."""
    mentions = [mention(start, end, kind) for start, end, kind in spans]
    rejected = [(Rejected(id="x", alias="", start=start, end=end, reason="case"), "case") for start, end in refused]
    paragraphs = marked(text, mentions, rejected)
    assert "".join(piece.text for pieces in paragraphs for piece in pieces).split() == text.replace("\n", "").split() or (
        "".join(piece.text for pieces in paragraphs for piece in pieces) == text.replace("\n", "")
    )


def test_the_longer_of_two_marks_counts() -> None:
    """A name inside a longer name is not marked again; what is a name and a topic word says both."""
    (pieces,) = marked(
        "Lam Research", [mention(0, 3, title="Lam"), mention(0, 12, title="Lam Research"), mention(0, 12, "topic", "Chips")], []
    )
    assert [(piece.text, piece.kind, piece.about) for piece in pieces] == [("Lam Research", "entity", "Lam Research (us); Chips (us)")]


def test_a_long_text_is_cut() -> None:
    """No more than so many characters are shown."""
    assert sum(len(piece.text) for pieces in marked("a" * 50, [mention(45, 50)], [], most=47) for piece in pieces) == 47
