"""What is text of a seed and what is furniture around it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Seed
from monitor.watchlists.clean import Cleaned, clean_seed

BODY = (
    "The port of Haiphong opened a new terminal on Monday, and three shipping lines said that they would use it from next month on.\n"
    "The operator put the cost of the terminal at 300 million dollars and expects a million containers in the first full year.\n"
)


def cleaned(text: str, title: str = "", lang: str = "") -> Cleaned:
    return clean_seed(Seed(id="1", title=title, text=text, lang=lang))


def kinds(text: str, title: str = "") -> list[tuple[str, str]]:
    return [(span.kind, span.text) for span in cleaned(text, title).spans]


@pytest.mark.parametrize("heading", ["Related Articles", "Trending", "Tin liên quan", "Đọc nhiều", "À lire aussi", "Sources", "Read more:"])
def test_tail_heading(heading: str) -> None:
    """From a tail heading on everything is dropped."""
    found = cleaned(
        f"A new terminal opens in Haiphong\n{BODY}{heading}\nAnother port far away closed its gates yesterday after a long storm.\n"
    )
    assert "Another port" not in found.seed.text
    assert heading in found.seed.dropped


def test_tail_heading_in_front() -> None:
    """A tail heading before most of the text is only a menu: the text below it stays."""
    assert "three shipping lines" in cleaned(f"Trending\nA new terminal opens in Haiphong\n{BODY}").seed.text


def test_twice_printed_line() -> None:
    """A line of a list of teasers is printed twice; the list begins there."""
    teaser = "Another port closed its gates"
    found = cleaned(
        f"A new terminal opens in Haiphong\n{BODY}{teaser}\n{teaser}\nIt closed after a long storm that nobody had seen coming.\n"
    )
    assert "closed" not in found.seed.text


def test_title_twice_above_the_text() -> None:
    """A title printed twice above the text is one title and no tail."""
    title = "A new terminal opens in Haiphong"
    found = cleaned(f"{title}\n{title}\n{BODY}")
    assert found.seed.title == title
    assert "three shipping lines" in found.seed.text
    assert title not in found.seed.text


@pytest.mark.parametrize("line", ["Share", "Chia sẻ", "Partager", "Log in", "Feedback", "Share:"])
def test_furniture(line: str) -> None:
    """Buttons are dropped wherever they stand."""
    first, second = BODY.splitlines()
    assert ("dropped", line) in kinds(f"A new terminal opens in Haiphong\n{first}\n{line}\n{second}\n")


def test_above_the_text() -> None:
    """A banner in capitals, a section, a by-line and a date above the first sentence are dropped; the date is kept as a date."""
    found = cleaned(f"14TH NATIONAL CONGRESS OF PORTS\nEconomy\nA new terminal opens in Haiphong\nA. Writer\nSeptember 25, 2024\n{BODY}")
    assert found.seed.title == "A new terminal opens in Haiphong"
    assert found.seed.dropped == ("14TH NATIONAL CONGRESS OF PORTS", "Economy", "A. Writer", "September 25, 2024")
    assert found.seed.published_on == date(2024, 9, 25)


def test_prose_has_no_title() -> None:
    """A text that begins with a sentence has no title."""
    assert cleaned(BODY).seed.title == ""


def test_glued_caption() -> None:
    """A title glued in front of a caption is cut, the caption is kept, its photo credit is cut."""
    title = "A new terminal opens in Haiphong"
    found = cleaned(f"{title}\n{BODY}{title} - ảnh 1Đức Nam (right) at the terminal. Photo: Lan Anh/ABC\n")
    assert found.seed.captions == ("Đức Nam (right) at the terminal.",)
    assert "Lan Anh" not in found.seed.text
    assert "Photo: Lan Anh/ABC" in found.seed.dropped


@pytest.mark.parametrize(
    ("head", "publisher"),
    [("(VOVWORLD) - ", "VOVWORLD"), ("THE HANOI TIMES — ", "THE HANOI TIMES"), ("Hanoi (VNA) – ", ""), ("BRUSSELS — ", "BRUSSELS")],
)
def test_dateline(head: str, publisher: str) -> None:
    """A dateline is cut; a name in capitals is the publisher."""
    found = cleaned(f"A new terminal opens in Haiphong\n{head}{BODY}")
    assert found.seed.text.startswith("The port of Haiphong")
    assert found.seed.publisher == publisher
    assert head.strip() in found.seed.dropped


def test_no_dateline() -> None:
    """A clause before a dash is no dateline."""
    text = "Haiphong, the third city of the country – after Saigon and Hanoi – opened a new terminal for large ships on Monday."
    assert cleaned(f"A new terminal opens in Haiphong\n{text}\n").seed.text == text


def test_headings_and_lists() -> None:
    """A short line between paragraphs is a heading, a list item is text without its sign."""
    first, second = BODY.splitlines()
    found = kinds(f"A new terminal opens in Haiphong\n{first}\nKey Takeaways\n• Three lines use it from next month.\n{second}\n")
    assert ("heading", "Key Takeaways") in found
    assert ("body", "Three lines use it from next month.") in found


def test_spans_point_into_the_text() -> None:
    """Each dropped line can be shown where it stood."""
    text = f"Menu\nA new terminal opens in Haiphong\n{BODY}Related news\nA storm far away.\n"
    for span in cleaned(text).spans:
        assert text[span.start : span.end].strip() == span.text


def test_nothing_left() -> None:
    """A seed that the rules would empty is kept whole."""
    assert cleaned("SHIPPING NEWS\nPorts").seed.text == "SHIPPING NEWS\nPorts"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Le port a ouvert un nouveau terminal avec des quais pour les grands navires.", "fr"),
        ("Cảng đã mở bến mới cho tàu lớn và các hãng tàu sẽ dùng từ tháng sau.", "vi"),
        ("The port has opened a new terminal for large ships.", "en"),
    ],
)
def test_language(text: str, lang: str) -> None:
    """The language is told by function words and letters."""
    assert cleaned(text).seed.lang == lang


@given(
    st.lists(
        st.sampled_from([*BODY.splitlines(), "Share", "Related news", "A new terminal opens in Haiphong", "Photo: A B", "", "2024-09-25"]),
        max_size=12,
    )
)
def test_any_order(lines: list[str]) -> None:
    """Whatever the order of lines, cleaning ends, loses no line silently and never empties a seed that has text."""
    text = "\n".join(lines)
    found = cleaned(text)
    assert bool(found.seed.text or found.seed.captions) or not text.strip()
    kept = " ".join(span.text for span in found.spans)
    assert all(line in kept for line in lines)


def test_page_without_line_ends() -> None:
    """A page on one line is taken in pieces cut at sentence ends; nothing of it is lost."""
    text = "".join(f"The port opened terminal number {number} for large ships on Monday morning. " for number in range(400))
    found = cleaned(text)
    assert max(len(span.text) for span in found.spans) <= 4000
    assert found.seed.text.replace("\n", " ") == text.strip()
