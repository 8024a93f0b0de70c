"""Known names in seeds: which string is which entity, and which is none."""

import pytest

from monitor.model import Entity
from monitor.watchlists.link import Linker

ENTITIES = (
    Entity(id="to-lam", title="To Lam", type="person", names=("To Lam", "Tô Lâm"), short=("Lam",), never=("Lam Research",)),
    Entity(id="us", title="US", type="place", names=("United States", "américain*"), exact_names=("US", "U.S.", "Mỹ")),
    Entity(id="visa", title="Visa", type="company", names=("Visa Inc",), loose=("Visa",)),
    Entity(id="pg", title="P&G", type="company", names=("Procter & Gamble",)),
    Entity(id="usabc", title="USABC", type="body", names=("US-ASEAN Business Council", "U.S.-ASEAN Business Council")),
    Entity(id="france", title="France", type="place", names=("Pháp",)),
)
LINKER = Linker(ENTITIES, ("Phú Mỹ",))


def found(*lines: str) -> list[tuple[str, str]]:
    return [
        (line[link.start : link.end], link.entity)
        for line, links in zip(lines, LINKER.links(lines), strict=True)
        for link in links
        if link.entity
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("President To Lam spoke.", [("To Lam", "to-lam")]),
        ("Ông Tô Lâm nói.", [("Tô Lâm", "to-lam")]),
        ("Tố Lâm is another man.", []),
        ("to lam in small letters", []),
        ("TO LAM IN CAPITALS", [("TO LAM", "to-lam")]),
        ("It told us nothing.", []),
        ("The US and the U.S. firms", [("US", "us"), ("U.S", "us")]),
        ("groupes américains et américaine", [("américains", "us"), ("américaine", "us")]),
        ("Tổng thống Mỹ", [("Mỹ", "us")]),
        ("nhà máy ở Phú Mỹ", []),
        ("cầu Mỹ Thuận", []),
        ("sang Pháp", [("Pháp", "france")]),
        ("phap in small letters", []),
        ("Procter & Gamble and others", [("Procter & Gamble", "pg")]),
        ("the U.S.-ASEAN Business Council", [("U.S.-ASEAN Business Council", "usabc")]),
    ],
)
def test_line(line: str, expected: list[tuple[str, str]]) -> None:
    """Case, marks, guards, masks and punctuation decide."""
    assert found(line) == expected


def test_short() -> None:
    """A short form counts where the full name stands in the same article, and never inside a longer firm's name."""
    assert found("Lam spoke.") == []
    assert found("To Lam came.", "Lam spoke to Lam Research.") == [("To Lam", "to-lam"), ("Lam", "to-lam")]


def test_loose() -> None:
    """A loose name counts beside another organisation."""
    assert found("Visa for all") == []
    assert found("Visa and Procter & Gamble") == [("Visa", "visa"), ("Procter & Gamble", "pg")]
