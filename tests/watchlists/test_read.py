"""Seeds from files and folders."""

from datetime import date
from pathlib import Path

import pytest

from monitor.errors import NothingSelected, UsageError
from monitor.model import Seed
from monitor.watchlists.read import read_seeds


def page(body: bytes) -> dict[str, str]:
    return {"title": "A page", "text": body.decode().removeprefix("<p>"), "lang": "en-US", "date": "2024-09-25", "site_name": "A paper"}


def read(*paths: Path) -> tuple[Seed, ...]:
    return read_seeds(paths, page)


def test_folder(tmp_path: Path) -> None:
    """A folder gives its text, Markdown and HTML files in the order of their names, not its README or watchlist."""
    for name in ("001_b.txt", "000_a.md", "002.html", "README.md", "w.toml", ".hidden.txt"):
        (tmp_path / name).write_text("<p>Some text.", encoding="utf-8")
    (tmp_path / "deeper").mkdir()
    assert [seed.id for seed in read(tmp_path)] == ["000", "001", "002"]


def test_ids(tmp_path: Path) -> None:
    """Numbers that stand twice are no ids; a file given twice is one seed."""
    for name in ("1-a.txt", "1-b.txt", "other.txt"):
        (tmp_path / name).write_text("Text.", encoding="utf-8")
    assert [seed.id for seed in read(tmp_path, tmp_path / "other.txt")] == ["1-a", "1-b", "other"]


def test_markdown_head(tmp_path: Path) -> None:
    """The head of a Markdown seed gives title, publisher, date and language."""
    file = tmp_path / "a.md"
    file.write_text(
        '---\ntitle: "A: title"\npublisher: A paper\ndate: 2024-09-25\nlang: fr\nsource: https://example.org/\n---\nText.\n',
        encoding="utf-8",
    )
    (seed,) = read(file)
    assert (seed.title, seed.publisher, seed.published_on, seed.lang, seed.text) == (
        "A: title",
        "A paper",
        date(2024, 9, 25),
        "fr",
        "Text.\n",
    )


def test_html(tmp_path: Path) -> None:
    """A page goes through the reader that was handed in."""
    file = tmp_path / "a.html"
    file.write_text("<p>Text.", encoding="utf-8")
    (seed,) = read(file)
    assert (seed.title, seed.text, seed.lang, seed.publisher, seed.published_on) == ("A page", "Text.", "en", "A paper", date(2024, 9, 25))


@pytest.mark.parametrize("raw", ["Tô Lâm".encode(), b"\xef\xbb\xbf" + "Tô Lâm".encode(), "Tô Lâm".encode("utf-16")])
def test_encodings(tmp_path: Path, raw: bytes) -> None:
    """UTF-8 with and without mark and UTF-16 are read."""
    (tmp_path / "a.txt").write_bytes(raw)
    assert read(tmp_path)[0].text == "Tô Lâm"


def test_refusals(tmp_path: Path) -> None:
    """What is missing, empty or not text is refused by name."""
    with pytest.raises(NothingSelected):
        read(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        read(tmp_path / "none.txt")
    (tmp_path / "a.txt").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        read(tmp_path)
    (tmp_path / "a.txt").write_text("---\ntitle: x\n---\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is empty"):
        read(tmp_path)
