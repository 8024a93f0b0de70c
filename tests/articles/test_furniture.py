"""What stands on a page beside its article."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles.extract import extract_page
from monitor.articles.furniture import without_byline, without_pointers

LONG = "The plant in Bac Ninh will package chips for data centres, the company said after talks with the ministry in Hanoi on Monday. "


def extracted(body: str) -> str:
    page = f"<!doctype html><html lang='en'><head><title>Chip plant opens in Bac Ninh | Desk</title></head><body>{body}</body></html>"
    return str(extract_page(page.encode(), "https://example.org/a", "text/html; charset=utf-8")["text"])


@pytest.mark.parametrize(
    "line",
    [
        "READ MORE: Rival giant unveils a plan",
        "Also on example.org Rival giant unveils a plan",
        "You may also like...",
        "Don't miss",
        "Sign up for our daily newsletter",
        "Thanks for signing up!",
        "CLICK HERE TO GET THE APP",
        "Copyright 2024 The Desk. All rights reserved.",
        "Xem thêm: Tập đoàn khác công bố kế hoạch",
        "Tin liên quan",
        "Mời bạn đọc theo dõi trang của chúng tôi",
        "À lire aussi : un autre groupe dévoile son plan",
        "Lire la suite",
        "Inscrivez-vous à notre lettre",
    ],
)
def test_lines_that_point_elsewhere_go(line: str) -> None:
    """A pointer to another page, to a newsletter or to the house itself is no part of the article, in three languages."""
    assert without_pointers(f"{LONG}\n{line}\n{LONG}", "") == f"{LONG}\n{LONG}"


@pytest.mark.parametrize(
    "line",
    [
        "Read Holdings opened a plant in Hanoi.",
        "Seen from Hanoi the plan looks sound.",
        "Sharing the cost was the hardest part, the minister said.",
        "More engineers are needed.",
        "Xem xét dự án mất ba tháng.",
        "Lire était son métier.",
        "Click here, " + LONG * 2,
    ],
)
def test_lines_that_tell_something_stay(line: str) -> None:
    """A sentence that begins with one of those words, and a long paragraph, stay."""
    assert line in without_pointers(f"{LONG}\n{line}", "")


def test_a_text_of_pointers_alone_is_kept() -> None:
    """Where nothing else would be left, the text stays as it is."""
    assert without_pointers("Read more\nSubscribe now", "") == "Read more\nSubscribe now"


def test_the_title_is_not_told_twice() -> None:
    """First lines that repeat the title go, also where the page's title goes on with the site's name; another first line stays."""
    title = "Chip plant opens in Bac Ninh - The Desk"
    assert without_pointers(f"Chip plant opens in Bắc Ninh\n{LONG}", title) == LONG
    assert without_pointers(f"Chip plant\n{LONG}", title) == f"Chip plant\n{LONG}"
    assert without_pointers(f"Officials praise chip plant\n{LONG}", title).startswith("Officials")
    assert without_pointers("Chip plant opens in Bac Ninh", title) == "Chip plant opens in Bac Ninh"


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Jane Roe", "Jane Roe"),
        ("JANE ROE and John Doe | Monday, 18 November 2024, 5:45 AM PST", "Jane Roe; John Doe"),
        ("Theo Ban Thời sự", "Ban Thời Sự"),
        ("Par Jean Dupont, le 3 août 2024 à 10h45".replace(" à 10h45", " 10:45"), "Jean Dupont"),
        ("Staff Reports", "Staff Reports"),
    ],
)
def test_a_line_that_only_names_the_author_goes(line: str, author: str) -> None:
    """A byline at the top is about the article and not in it; it goes where the page says who the author is, and only there."""
    assert without_byline(f"{line}\n{LONG}", "A title", author) == LONG
    assert without_byline(f"Hanoi in autumn\n{line}\n{LONG}", "A title", author) == f"Hanoi in autumn\n{LONG}"
    assert without_byline(f"{line}\n{LONG}", "A title", "") == f"{line}\n{LONG}"
    assert without_byline(line, "A title", author) == line


def test_title_and_byline_before_the_first_sentence_go() -> None:
    """A short page that was read as one piece begins with them; a sentence that begins with the title's words alone stays."""
    title, author = "What the maker wants in Vietnam", "Editors"
    assert without_byline(f"{title} Editors 27/09/2024 09:00 {LONG}", title, author) == LONG
    assert without_byline(f"{title}\u00a0- Editors: “{LONG}”", title, author) == f"“{LONG}”"
    for kept in (f"{title} is not clear. {LONG}", f"{title} 27/09/2024 {LONG}", f"Editors want more. {LONG}", f"Jane Roe said so. {LONG}"):
        assert without_byline(kept, title, "Editors; Jane Roe") == kept


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=20))
def test_bylines_of_any_sign_do_no_harm(line: str, title: str, author: str) -> None:
    """Whatever stands there, the rest of the text stays as it is."""
    assert without_byline(f"{line}\n{LONG}", title, author).endswith(LONG)
    assert without_byline(f"{title} {author} {LONG}", title, author).endswith(LONG[20:])


def test_lists_of_links_go() -> None:
    """A list made of links names other stories; a list with words of its own belongs to the article."""
    links = "".join(f"<li><a href='/{n}'>Rival giant number {n} unveils a plan for the coming year</a></li>" for n in range(6))
    points = "".join(
        f"<li>The {n}th line will run from the autumn with two hundred engineers who were trained in Hanoi, see <a href='/x'>here</a></li>"
        for n in range(6)
    )
    text = extracted(f"<article><p>{LONG * 3}</p><ul>{links}</ul><p>{LONG}</p><ul>{points}</ul></article>")
    assert "Rival giant" not in text
    assert "4th line" in text


def test_text_behind_a_list_stays() -> None:
    """Taking a list out leaves the words that stand behind it without an element of their own."""
    links = "".join(f"<li><a href='/{n}'>Another story of the day</a></li>" for n in range(4))
    text = extracted(
        f"<article><p>{LONG * 3}</p><div><ul>{links}</ul>Behind the list the talks went on for three more days in Hanoi.</div></article>"
    )
    assert "Behind the list the talks went on" in text


def test_a_text_cut_into_pieces_is_read_whole() -> None:
    """Advertisements between pieces of one class do not end the article; the pieces of other articles on the page stay apart."""
    pieces = "".join(
        f"<div class='grid article-body'><p>Piece {n}. {LONG * 2}</p></div><div class='ad'>Advertisement</div>" for n in range(4)
    )
    text = extracted(f"<article><h1>Chip plant opens</h1>{pieces}</article>")
    assert [f"Piece {n}." in text for n in range(4)] == [True] * 4
    posts = "".join(f"<article><div class='article-body'><p>Post {n}. {LONG * 4}</p></div></article>" for n in range(2))
    assert extracted(posts).count("Post 1.") <= 1


def kind(body: str, head: str = "") -> str:
    page = f"<!doctype html><html><head><title>The Desk</title>{head}</head><body>{body}</body></html>"
    return str(extract_page(page.encode(), "https://example.org/", "text/html; charset=utf-8")["kind"])


def test_front_pages_are_no_articles() -> None:
    """A page of headlines with teasers is named for what it is; a headline of its own, or the page's word for it, makes it an article."""
    teasers = "".join(f"<div><h3><a href='/{n}'>Chip plant number {n} to open</a></h3><p>{LONG}</p></div>" for n in range(12))
    assert kind(f"<h1>News</h1>{teasers}") == "not-article"
    assert kind(f"<h1>Twelve chip plants to open</h1>{teasers}") == "article"
    assert kind(teasers, "<meta property='og:type' content='article'>") == "article"
    assert kind(f"<p>{LONG * 2}</p>" * 12 + teasers) == "article"


def test_pages_that_say_nothing_was_found() -> None:
    """A polite page under 200 that says the article is gone is none; an article about the same words is one."""
    said = f"<h1>Page not found</h1><p>{LONG * 2}</p>"
    assert kind(said, "<meta property='og:title' content='404: page not found'>") == "not-article"
    assert kind(f"<h1>Plane not found after storm</h1><p>{LONG * 3}</p>" * 6) == "article"
