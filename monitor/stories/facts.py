"""Amounts and days in a text, in one form whatever the language: `200 triệu USD`, `US$200m` and `200 millions de dollars` are one fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SCALES = {
    "nghin ty": 1e12,
    "ngan ty": 1e12,
    "trillion": 1e12,
    "trillions": 1e12,
    "tn": 1e12,
    "ty": 1e9,
    "ti": 1e9,
    "billion": 1e9,
    "billions": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "milliard": 1e9,
    "milliards": 1e9,
    "trieu": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "mln": 1e6,
    "mn": 1e6,
    "m": 1e6,
    "nghin": 1e3,
    "ngan": 1e3,
    "thousand": 1e3,
    "mille": 1e3,
    "k": 1e3,
}
_CURRENCIES = {
    "us$": "USD",
    "$": "USD",
    "usd": "USD",
    "do la my": "USD",
    "do la": "USD",
    "do": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "€": "EUR",
    "vnd": "VND",
    "dong": "VND",
    "dongs": "VND",
    "₫": "VND",
}


def _either(words: dict[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SCALE = rf"(?P<scale>{_either(dict(_SCALES))})"
_PREFIX = r"(?P<prefix>us\$|\$|€|₫|usd|vnd|eur)"
_SUFFIX = rf"(?P<suffix>{_either(dict(_CURRENCIES))})"
_NUMBER = r"(?P<number>\d{1,3}(?:[ .,]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)"
_BEFORE = re.compile(rf"(?<![\w]){_PREFIX} ?{_NUMBER}(?: ?-?{_SCALE}(?!\w))?")
_AFTER = re.compile(rf"(?<![\w.,]){_NUMBER} ?-?(?:{_SCALE}(?!\w))?(?: d(?:e|')| us)? ?{_SUFFIX}(?!\w)")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan",
            "february fevrier feb",
            "march mars mar",
            "april avril apr",
            "may mai",
            "june juin jun",
            "july juillet jul",
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
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_MONTH = re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er)? ({_MONTH})\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d/.])(\d{1,2})[/-](\d{1,2})(?:[/-]20\d\d)?(?![\d/])")


def amounts(folded: str, lang: str) -> frozenset[str]:
    """Amounts of money in folded text as `USD:200000000`. `lang` decides what a lone point or comma means."""
    return frozenset(_amounts(folded, lang))


def _amounts(folded: str, lang: str) -> Iterator[str]:
    for pattern, group in ((_BEFORE, "prefix"), (_AFTER, "suffix")):
        for found in pattern.finditer(folded):
            number = _number(found["number"], lang)
            scale = _SCALES.get(found["scale"] or "", 1.0)
            if number is not None:
                yield f"{_CURRENCIES[found[group]]}:{round(number * scale)}"


def _number(text: str, lang: str) -> float | None:
    """A written number: with both signs the last one is the decimal; alone, a sign before three digits groups thousands unless English uses a point."""
    text = text.replace(" ", "")
    point, comma = text.rfind("."), text.rfind(",")
    decimal = max(point, comma)
    if point >= 0 and comma >= 0:
        grouping = "," if point > comma else "."
    elif decimal >= 0 and len(text) - decimal - 1 == 3 and not (lang == "en" and text[decimal] == "."):
        grouping = text[decimal]
    else:
        grouping = ""
    text = text.replace(grouping, "") if grouping else text
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def days(folded: str, lang: str) -> frozenset[str]:
    """Days named in folded text as `MM-DD`. Numeric days are day first, but month first in English where only that is a date."""
    found = {(int(month_day[2]), _MONTHS[month_day[1]]) for month_day in _MONTH_DAY.finditer(folded)}
    found |= {(int(day_month[1]), _MONTHS[day_month[2]]) for day_month in _DAY_MONTH.finditer(folded)}
    if lang != "en":
        found |= {(int(numeric[1]), int(numeric[2])) for numeric in _NUMERIC.finditer(folded)}
    return frozenset(f"{month:02}-{day:02}" for day, month in found if 1 <= day <= 31 and 1 <= month <= 12)
