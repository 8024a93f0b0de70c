"""Days named in a text, in one form whatever the language: `Sept. 23`, `ngày 23/9`, `le 23 septembre`, `hôm nay`, `on Wednesday`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan janv",
            "february fevrier feb fevr",
            "march mars mar",
            "april avril apr avr",
            "may mai",
            "june juin jun",
            "july juillet jul juil",
            "august aout aug",
            "september septembre sept sep",
            "october octobre oct",
            "november novembre nov",
            "december decembre dec",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=lambda name: (-len(name), name)))
_SPAN = r"(\d{1,2})(?:st|nd|rd|th|er)?(?: ?(?:-|to|and|au|et|a|den|va) ?(?:ngay )?(\d{1,2})(?:st|nd|rd|th|er)?)?"
_DAY_MONTH = re.compile(rf"(?<![\d.,/])(?<!\d )(?:{_SPAN})[ -](?:of )?({_MONTH})\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? {_SPAN}(?![\d:%]|[.,]\d)(?! (?:percent|per cent|million|billion|people|firms))")
_VIETNAMESE = re.compile(rf"(?<![\d.,/]){_SPAN} thang (\d{{1,2}})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d/.,])(?:(\d{1,2}) ?(?:-|den|va) ?)?(?<!\d/)(\d{1,2})[/-](\d{1,2})(?:[/-]20\d\d)?(?![\d/%])")
_DIGIT = re.compile(r"\d")
_ISO = re.compile(r"(?<!\d)20\d\d-(\d\d)-(\d\d)(?!\d)")
_BEFORE_DAY = re.compile(r"(?:\b(?:ngay|hom|sang|trua|chieu|toi|dem|tu|den|truoc|sau|mung|le|du|au|vao|qua|va)|[(-]) ?$")
_FRACTIONS = {(1, 2), (1, 3), (2, 3), (1, 4), (3, 4), (2, 5), (3, 5), (4, 5), (24, 7)}

_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "monday lundi",
            "tuesday mardi",
            "wednesday mercredi",
            "thursday jeudi",
            "friday vendredi",
            "saturday samedi",
            "sunday dimanche",
        )
    )
    for word in words.split()
}
_NAMED = re.compile(rf"\b(?:(next|last|this) )?({'|'.join(_WEEKDAYS)})(?: (prochain|dernier))?\b")
_THU = {"hai": 0, "2": 0, "ba": 1, "3": 1, "tu": 2, "4": 2, "nam": 3, "5": 3, "sau": 4, "6": 4, "bay": 5, "7": 5}
_NAMED_VI = re.compile(
    rf"(?:\b(hom|sang|trua|chieu|toi|ngay|vao|tu) )?(?:thu ({'|'.join(_THU)})|chu nhat)\b(?: (tuan toi|tuan sau|tuan truoc|toi|vua qua|tuan nay|nay)\b)?"
)
_SUNDAY = 6
_RELATIVE = {
    "today": 0,
    "aujourd'hui": 0,
    "hom nay": 0,
    "sang nay": 0,
    "chieu nay": 0,
    "toi nay": 0,
    "trua nay": 0,
    "yesterday": -1,
    "hier": -1,
    "hom qua": -1,
    "toi qua": -1,
    "chieu qua": -1,
    "tomorrow": 1,
    "demain": 1,
    "ngay mai": 1,
    "sang mai": 1,
    "hom kia": -2,
    "avant-hier": -2,
    "apres-demain": 2,
}
_RELATED = re.compile(rf"\b({'|'.join(sorted(_RELATIVE, key=len, reverse=True))})\b")


def days(folded: str, lang: str, on: date | None = None) -> frozenset[str]:
    """Days named in folded text as `MM-DD`; both ends of a span.

    Numeric days are day first, but month first in English where only that is a date. `on` is the day of publication: weekdays and
    words such as today count from it, and are left out without it.
    """
    found = {(month, day) for day, month in _written(folded, lang) if 1 <= day <= 31 and 1 <= month <= 12}
    if on is not None:
        found |= {(each.month, each.day) for each in _relative(folded, lang, on)}
    return frozenset(f"{month:02}-{day:02}" for month, day in found)


def without_days(folded: str, lang: str) -> str:
    """Folded text with the days written out in it blanked, of equal length: their numbers count nothing."""
    patterns = (
        (_VIETNAMESE, _NUMERIC, _ISO)
        if lang == "vi"
        else (_DAY_MONTH, _MONTH_DAY, _NUMERIC, _ISO)
        if lang == "en"
        else (_DAY_MONTH, _NUMERIC, _ISO)
    )
    for pattern in patterns:
        folded = pattern.sub(lambda found: " " * len(found[0]), folded)
    return folded


def ahead(day: str, on: date) -> bool:
    """Whether a day `MM-DD` lies ahead of a report of the day `on`: within the next eight months, by the shorter way round the year."""
    distance = (int(day[:2]) * 30.4 + int(day[3:])) - (on.month * 30.4 + on.day)
    return 1.5 < distance % 365 < 245


def _written(folded: str, lang: str) -> Iterator[tuple[int, int]]:
    """(day, month) pairs as written out or in numbers."""
    if _DIGIT.search(folded) is None:
        return
    if lang != "vi":
        for found in _DAY_MONTH.finditer(folded):
            yield from ((int(day), _MONTHS[found[3]]) for day in found.group(1, 2) if day)
    if lang not in {"vi", "fr"}:
        for found in _MONTH_DAY.finditer(folded):
            yield from ((int(day), _MONTHS[found[1]]) for day in found.group(2, 3) if day)
    if lang == "vi":
        for found in _VIETNAMESE.finditer(folded):
            yield from ((int(day), int(found[3])) for day in found.group(1, 2) if day)
    yield from ((int(found[2]), int(found[1])) for found in _ISO.finditer(folded))
    for found in _NUMERIC.finditer(folded):
        yield from _numeric(folded, lang, found)


def _numeric(folded: str, lang: str, found: re.Match[str]) -> Iterator[tuple[int, int]]:
    first, second = int(found[2]), int(found[3])
    sign = "/" if "/" in found[0] else "-"
    dated = re.search(r"20\d\d$", found[0]) is not None
    if sign == "-" and not dated and (lang != "vi" or not _BEFORE_DAY.search(folded[: found.start()])):
        return
    if lang == "en":
        if second > 12:
            yield second, first
        elif first > 12 and dated:
            yield first, second
        return
    if (first, second) in _FRACTIONS and not dated and not _BEFORE_DAY.search(folded[max(0, found.start() - 8) : found.start()]):
        return
    yield first, second
    if found[1]:
        yield int(found[1]), second


def _relative(folded: str, lang: str, on: date) -> Iterator[date]:
    for found in _RELATED.finditer(folded):
        yield on + timedelta(days=_RELATIVE[found[1]])
    if lang == "vi":
        for found in _NAMED_VI.finditer(folded):
            # `thứ hai` is also `second`: a weekday needs a word of time beside it.
            if found[1] or found[3] or not found[2]:
                way = {"tuan toi": 1, "tuan sau": 1, "toi": 1, "tuan truoc": -1, "vua qua": -1}.get(found[3] or "", 0)
                yield _weekday(on, _THU.get(found[2] or "", _SUNDAY), way)
        return
    for found in _NAMED.finditer(folded):
        way = {"next": 1, "prochain": 1, "last": -1, "dernier": -1}.get(found[1] or found[3] or "", 0)
        yield _weekday(on, _WEEKDAYS[found[2]], way)


def _weekday(on: date, weekday: int, way: int) -> date:
    """The weekday meant in a report of the day `on`: the latest one, tomorrow's where that is one; the next (way 1) or the last (way -1)."""
    back = (on.weekday() - weekday) % 7
    if way > 0:
        return on + timedelta(days=7 - back)
    if way < 0:
        return on - timedelta(days=back or 7)
    return on + timedelta(days=1) if back == 6 else on - timedelta(days=back)
