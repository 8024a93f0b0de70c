"""Which language a text is in, and who decides."""

from __future__ import annotations

import pytest

from monitor.articles.language import choose_language

ALL = ("vi", "en", "fr")
VI = "Chủ tịch nước gặp lãnh đạo các tập đoàn công nghệ tại New York để bàn về hợp tác bán dẫn."
UNMARKED = "Chu tich nuoc gap lanh dao cac tap doan cong nghe tai New York va ban ve hop tac dau tu trong nganh ban dan cua Viet Nam voi nguoi lao dong"
EN = "The president met technology leaders in New York to discuss cooperation on semiconductors and data centres in the coming years."
FR = "Le président a rencontré à New York des dirigeants du secteur technologique afin de discuter de la coopération dans les semi-conducteurs."


@pytest.mark.parametrize(
    ("text", "feed", "page", "expected"),
    [
        (VI, "", "", ("vi", "text")),
        (VI, "vi-VN", "", ("vi", "feed")),
        (VI, "en", "en", ("vi", "text")),
        (UNMARKED, "", "", ("vi", "text")),
        (EN, "", "", ("en", "detector")),
        (EN, "en", "", ("en", "feed")),
        (EN, "vi", "", ("en", "detector")),
        (FR, "", "fr-FR", ("fr", "page")),
        (FR, "", "", ("fr", "detector")),
        ("Apple", "vi", "", ("vi", "feed")),
        (EN, "not a tag", "EN_us", ("en", "page")),
    ],
)
def test_who_decides(text: str, feed: str, page: str, expected: tuple[str, str]) -> None:
    """Letters that are plainly Vietnamese win; then the feed's word, the page's, the detector's; an English text in a Vietnamese feed is English."""
    assert choose_language(text, feed, page, ALL) == expected


def test_only_configured_languages_are_guessed() -> None:
    """The detector answers within the configured languages."""
    assert choose_language("Der Präsident traf Vertreter der Technologiebranche in New York.", "", "", ALL)[0] in ALL
    assert choose_language("Der Präsident traf Vertreter der Technologiebranche in New York.", "", "", ("de", "en"))[0] == "de"
