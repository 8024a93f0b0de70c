"""Which language a text is in: what the feed says, what the page says, what the words say, in that order where they are believable. Pure."""

from __future__ import annotations

import re
from functools import cache

from monitor.text import fold

_VIETNAMESE = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]")
_UNMARKED_VIETNAMESE = {
    "cua",
    "nhung",
    "duoc",
    "trong",
    "khong",
    "voi",
    "nguoi",
    "nghe",
    "doanh",
    "nghiep",
    "viet",
    "hop",
    "tac",
    "dau",
    "tu",
    "cong",
    "cac",
    "tai",
    "va",
}
_SAMPLE = 2000
_LONG = 120


def choose_language(text: str, feed_lang: str, page_lang: str, languages: tuple[str, ...]) -> tuple[str, str]:
    """The language of `text` as an ISO 639-1 code, and who decided: text, feed, page or detector.

    Declared languages are believed unless the letters themselves say otherwise: an English feed of a Vietnamese outlet may carry Vietnamese items.
    """
    declared = _code(feed_lang) or _code(page_lang)
    source = "feed" if _code(feed_lang) else "page"
    if "vi" in languages and _reads_vietnamese(text):
        return "vi", source if declared == "vi" else "text"
    if declared and declared != "vi":
        return declared, source
    if declared == "vi" and not _long_enough(text):
        return declared, source
    return _detected(text, languages), "detector"


def _code(tag: str) -> str:
    """`vi-VN`, `VI`, `vi_VN` as `vi`; '' for anything that is no language tag (RFC 5646)."""
    found = re.match(r"([A-Za-z]{2})(?:[-_].*)?$", tag.strip())
    return found[1].lower() if found else ""


def _long_enough(text: str) -> bool:
    return len(text) >= _LONG


def _reads_vietnamese(text: str) -> bool:
    sample = text[:_SAMPLE]
    letters = sum(1 for char in sample if char.isalpha())
    if letters and len(_VIETNAMESE.findall(sample)) / letters > 0.06:
        return True
    found = fold(sample).split()
    return len(found) >= 12 and sum(1 for word in found if word in _UNMARKED_VIETNAMESE) / len(found) > 0.22


@cache
def _restricted(languages: tuple[str, ...]) -> None:
    import py3langid

    py3langid.set_languages(list(languages))


def _detected(text: str, languages: tuple[str, ...]) -> str:
    import py3langid  # with numpy it costs 100 ms and 25 MiB, and most texts say or show their language

    _restricted.cache_clear() if _restricted.cache_info().currsize > 1 else None
    _restricted(languages)
    return str(py3langid.classify(text[:_SAMPLE])[0])
