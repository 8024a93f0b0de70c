"""Names that turn up in hits and stand in no list."""

from __future__ import annotations

from dataclasses import replace

from monitor.watchlists.unknown import HitText, known_keys, unknown_names

TEXT = "Northland signs with Southland\nNorthland signed with Mukesh Patel and Harbour Works on Tuesday. “We build,” said Patel. The minister was in Nha Trang."


def hit(number: int, text: str = TEXT, publisher: str = "Desk News", taken: tuple[str, ...] = ("Northland", "Southland")) -> HitText:
    spans = [(start, start + len(name)) for name in taken for start in range(len(text)) if text.startswith(name, start)]
    return HitText(hit=number, text=text, lang="en", publisher=publisher, taken=tuple(spans))


def test_names_of_several_hits_with_quotes() -> None:
    """A name in two hits is told once with its hits, outlets and quotes; short forms go under the full name; what is taken or known is not told."""
    found = unknown_names([hit(1), hit(2, publisher="Other")], known_keys(["nha trang"]))
    assert [(one.name, one.hits, one.publishers) for one in found] == [("Harbour Works", (1, 2), 2), ("Mukesh Patel", (1, 2), 2)]
    assert [number for number, _ in found[0].quotes] == [1, 2]
    assert all("Harbour Works" in quote for _, quote in found[0].quotes)


def test_once_is_not_often() -> None:
    """A name in one hit alone is not told, unless one is enough."""
    assert unknown_names([hit(1)], frozenset()) == ()
    assert "Harbour Works" in {one.name for one in unknown_names([hit(1)], frozenset(), least=1)}


def test_titles_weekdays_and_outlets_are_no_names() -> None:
    """Words of a title-case headline, days and the outlet's own name are left out."""
    text = "Big Works Are Coming Home\nDesk News has learnt on Monday that works are coming."
    assert unknown_names([hit(n, text) for n in (1, 2)], frozenset()) == ()


def test_vietnamese_and_french_names() -> None:
    """Names with marks are read whole; an elided article is no part of a name."""
    text = "Tin\nTheo ông Nguyễn Văn Bình, công ty sẽ đầu tư. Selon l'Agence Bleue, c'est signé."
    found = {one.name for one in unknown_names([hit(n, text) for n in (1, 2)], frozenset())}
    assert {"Nguyễn Văn Bình", "Agence Bleue"} <= found


def test_vietnamese_heads_of_offices_are_no_names() -> None:
    """Words that only open an office, lone syllables, currencies and the like are left out; the name behind them stays."""
    text = "Tin\nTrong khi đó Nguyên Chủ tịch, theo Phó thủ tướng Trần Văn Cam, có 5 tỷ USD. GDP sẽ tăng, Tập đoàn Sao Mai cho biết."
    assert [one.name for one in unknown_names([replace(hit(n, text), lang="vi") for n in (1, 2)], frozenset())] == [
        "Sao Mai",
        "Trần Văn Cam",
    ]
