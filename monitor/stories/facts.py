"""Figures in a text, in one form whatever the language: `200 triệu USD`, `US$200m` and `200 millions de dollars` are one fact. Pure.

A figure is written `KIND:VALUE`. KIND is a currency (USD), a unit (MW, MWh, Gbps, nm, wafers, %), or n for a bare number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

_SCALES = MappingProxyType(
    {
        "trillion": 1e12,
        "trillions": 1e12,
        "ty": 1e9,
        "ti": 1e9,
        "billion": 1e9,
        "billions": 1e9,
        "milliard": 1e9,
        "milliards": 1e9,
        "trieu": 1e6,
        "million": 1e6,
        "millions": 1e6,
        "nghin": 1e3,
        "ngan": 1e3,
        "thousand": 1e3,
        "mille": 1e3,
    }
)
_SHORT_SCALES = MappingProxyType(
    {"tn": 1e12, "bn": 1e9, "bln": 1e9, "b": 1e9, "md": 1e9, "mds": 1e9, "mrd": 1e9, "mn": 1e6, "mln": 1e6, "mio": 1e6, "m": 1e6, "tr": 1e6}
    | {"k": 1e3}
)
"""Scales only beside a currency: `5 m` alone is a length."""

_PREFIXES = MappingProxyType(
    {"us$": "USD", "u.s. $": "USD", "u.s.$": "USD", "usd": "USD", "$": "USD", "s$": "SGD", "sgd": "SGD", "a$": "AUD", "aud": "AUD"}
    | {"c$": "CAD", "cad": "CAD", "hk$": "HKD", "nt$": "TWD", "€": "EUR", "eur": "EUR", "£": "GBP", "gbp": "GBP", "¥": "JPY", "jpy": "JPY"}
    | {"₫": "VND", "vnd": "VND", "₩": "KRW", "krw": "KRW", "rmb": "CNY", "cny": "CNY"}
)
_SUFFIXES = MappingProxyType(
    {"usd": "USD", "us$": "USD", "$us": "USD", "$ us": "USD", "$": "USD", "us dollar": "USD", "us dollars": "USD", "u.s. dollars": "USD"}
    | {"american dollars": "USD", "dollar": "USD", "dollars": "USD", "do la my": "USD", "do la": "USD", "dola": "USD", "do-la": "USD"}
    | {"my kim": "USD", "singapore dollars": "SGD", "do la singapore": "SGD", "sgd": "SGD", "australian dollars": "AUD", "aud": "AUD"}
    | {"eur": "EUR", "euro": "EUR", "euros": "EUR", "€": "EUR", "vnd": "VND", "dong": "VND", "dongs": "VND", "₫": "VND"}
    | {"yen": "JPY", "yens": "JPY", "jpy": "JPY", "yuan": "CNY", "yuans": "CNY", "nhan dan te": "CNY", "rmb": "CNY", "cny": "CNY"}
    | {"gbp": "GBP", "£": "GBP", "bang anh": "GBP", "krw": "KRW"}
)
_SCALED_SUFFIXES = MappingProxyType({"do": "USD", "pounds": "GBP", "won": "KRW", "livres": "GBP"})
"""Currencies only after a scale: `40 do` may be degrees, `5 won` a victory."""

_UNITS = MappingProxyType(
    {"%": ("%", 1.0), "percent": ("%", 1.0), "per cent": ("%", 1.0), "phan tram": ("%", 1.0), "pour cent": ("%", 1.0), "pct": ("%", 1.0)}
    | {"kw": ("MW", 1e-3), "mw": ("MW", 1.0), "megawatt": ("MW", 1.0), "megawatts": ("MW", 1.0), "me ga oat": ("MW", 1.0)}
    | {"mwp": ("MW", 1.0), "gwp": ("MW", 1e3), "gw": ("MW", 1e3), "gigawatt": ("MW", 1e3), "gigawatts": ("MW", 1e3)}
    | {"kwh": ("MWh", 1e-3), "mwh": ("MWh", 1.0), "gwh": ("MWh", 1e3), "twh": ("MWh", 1e6), "kilowatt-hours": ("MWh", 1e-3)}
    | {"kilowatt hours": ("MWh", 1e-3), "so dien": ("MWh", 1e-3), "terawatt-hours": ("MWh", 1e6), "gigawatt-hours": ("MWh", 1e3)}
    | {"mbps": ("Gbps", 1e-3), "gbps": ("Gbps", 1.0), "tbps": ("Gbps", 1e3), "mbit/s": ("Gbps", 1e-3), "gbit/s": ("Gbps", 1.0)}
    | {"tbit/s": ("Gbps", 1e3), "gb/s": ("Gbps", 1.0), "nm": ("nm", 1.0), "nanometer": ("nm", 1.0), "nanometers": ("nm", 1.0)}
    | {"nanometre": ("nm", 1.0), "nanometres": ("nm", 1.0), "nano met": ("nm", 1.0), "nanomet": ("nm", 1.0)}
    | {"wafer": ("wafers", 1.0), "wafers": ("wafers", 1.0), "tam wafer": ("wafers", 1.0), "tam ban dan": ("wafers", 1.0)}
    | {"phien wafer": ("wafers", 1.0), "mieng wafer": ("wafers", 1.0), "wafer starts": ("wafers", 1.0), "plaquettes": ("wafers", 1.0)}
    | {"silicon wafers": ("wafers", 1.0), "tranches de silicium": ("wafers", 1.0)}
)
_EN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_VI = ("mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin", "muoi")
_FR = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze")
_WORDS = MappingProxyType(
    {
        "en": {word: float(n) for n, word in enumerate(_EN, 1)} | {"a": 1.0},
        "vi": {word: float(n) for n, word in enumerate(_VI, 1)} | {"nua": 0.5},
        "fr": {word: float(n) for n, word in enumerate(_FR, 1)} | {"une": 1.0},
    }
)
_HALVES = MappingProxyType({"half a": 0.5, "half-a": 0.5, "un demi": 0.5})


def _either(*tables: object) -> str:
    words = {word for table in tables for word in table}  # type: ignore[attr-defined]
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


_DIGITS = r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_PREFIX = re.compile(rf"(?<![\w$])({_either(_PREFIXES)}) ?$")
_NUMBER = re.compile(rf"(?:(?<![\w.,/:])|(?<=\busd)|(?<=\bvnd)|(?<=\beur))(?:{_DIGITS})")
_WORD_NUMBER = re.compile(rf"\b(?:{_either(_HALVES, *_WORDS.values())})[ -]?(?=(?:{_either(_SCALES)})\b)")
_SCALE = re.compile(rf"[ -]?({_either(_SCALES)})(?!\w)")
_SHORT_SCALE = re.compile(rf"[ -]?({_either(_SHORT_SCALES)})(?![a-z])")
_SUFFIX = re.compile(rf"[ -]?(?:d(?:e |')|do )?({_either(_SUFFIXES)})(?!\w)")
_SCALED_SUFFIX = re.compile(rf"[ -]?(?:d(?:e |'))?({_either(_SCALED_SUFFIXES)})(?!\w)")
_UNIT = re.compile(rf"[ -]?(?:d(?:e |'))?({_either(_UNITS)})(?!\w)")
_RANGE = re.compile(rf" ?(?:-|to|den|toi|a|and|et|va|or|hoac|ou) ?({_either(_PREFIXES)})? ?")
_HALF_MORE = re.compile(r" ruoi\b")
_NO_COUNT = re.compile(r"[a-z/:°]|-[a-z0-9]| ?(?:h\d\d|g\d\d|gio\b|am\b|pm\b|a\.m|p\.m|o'clock|heures?\b|thang \d|/\d)")
_ORDINAL = re.compile(r"(?:\bno\.?|\bso|\bn°|\bq|\bthu|#) ?$")


@dataclass(frozen=True, slots=True)
class _Read:
    """A number with what follows it: `money` and `unit` are "" where there is none; `scale` is the factor of its scale words."""

    start: int
    end: int
    digits: float
    plain: bool
    scale: float
    money: str
    unit: str
    factor: float


def figures(folded: str, lang: str) -> frozenset[str]:
    """All figures of folded text: amounts, measures and bare numbers. `lang` decides what a lone point or comma means."""
    return frozenset(_figures(folded, lang))


def amounts(folded: str, lang: str) -> frozenset[str]:
    """Amounts of money in folded text as `USD:200000000`."""
    return frozenset(figure for figure in _figures(folded, lang) if is_money(figure))


def is_money(figure: str) -> bool:
    """Whether a figure is an amount of money."""
    kind = figure.partition(":")[0]
    return len(kind) == 3 and kind.isupper()


def value_of(figure: str) -> float:
    """The number of a figure."""
    return float(figure.partition(":")[2])


def _figures(folded: str, lang: str) -> Iterator[str]:
    spots = [(found.start(), found.end(), _number(found[0], lang), True) for found in _NUMBER.finditer(folded)]
    spots += [(found.start(), found.end(), _word_number(found[0], lang), False) for found in _WORD_NUMBER.finditer(folded)]
    reads = [_read(folded, start, end, digits, plain) for start, end, digits, plain in sorted(spots) if digits]
    skip = -1
    for position, read in enumerate(reads):
        if position <= skip:
            continue
        following = reads[position + 1] if position + 1 < len(reads) else None
        if following is not None and _RANGE.fullmatch(folded, read.end, following.start) and (span := _span(read, following)):
            skip = position + 1
            yield from span
            continue
        if following is not None and _continues(folded, read, following):
            skip = position + 1
            total = read.digits * read.scale + following.digits * following.scale
            yield _form(following.money, total)
            continue
        yield from _written(folded, read)


def _written(folded: str, read: _Read) -> Iterator[str]:
    if read.money:
        yield _form(read.money, read.digits * read.scale)
    elif read.unit:
        yield _form(read.unit, read.digits * read.scale * read.factor)
    elif read.scale > 1 or _is_count(folded, read):
        yield _form("n", read.digits * read.scale)


def _form(kind: str, value: float) -> str:
    return f"{kind}:{round(value)}" if value >= 1000 or value == round(value) else f"{kind}:{round(value, 4):g}"


def _span(read: _Read, following: _Read) -> tuple[str, ...]:
    """Both ends of a range; what one end leaves out stands at the other: `200-300 triệu USD`, `$1-1.5 billion`. Empty where it is no range."""
    money = read.money or following.money
    if read.unit or not (money or following.unit) or (read.money and following.money and read.scale == 1 < following.scale):
        return ()
    scale = read.scale if read.scale > 1 else following.scale
    low, high = read.digits * scale, following.digits * following.scale
    if not 0 < low < high:
        return ()
    factor = 1.0 if money else following.factor
    return tuple(_form(money or following.unit, end * factor) for end in (low, high))


def _continues(folded: str, read: _Read, following: _Read) -> bool:
    """`2 tỷ 300 triệu đồng`: a number in two steps."""
    return read.scale > following.scale > 1 and not read.money and bool(following.money) and folded[read.end : following.start] == " "


def _read(folded: str, start: int, end: int, digits: float, plain: bool) -> _Read:
    before = _PREFIX.search(folded[max(0, start - 8) : start])
    money = _PREFIXES[before[1]] if before else ""
    at, scale = _scale(folded, end)
    if scale == 1.0 and (short := _SHORT_SCALE.match(folded, end)):
        # A short scale counts beside a currency only, on either side.
        after = _SUFFIX.match(folded, short.end())
        if money or after:
            at, scale = short.end(), _SHORT_SCALES[short[1]]
    if more := _HALF_MORE.match(folded, at) if scale > 1 else None:
        at, digits = more.end(), digits + 0.5
    after = None if money else _SUFFIX.match(folded, at)
    if after is not None and not _believable(after[1], digits, scale):
        after = None
    if after is None and not money and scale > 1:
        after = _SCALED_SUFFIX.match(folded, at)
    if after is not None:
        money = (_SUFFIXES | _SCALED_SUFFIXES)[after[1]]
        at = after.end()
    unit, factor = "", 1.0
    if not money and (measured := _UNIT.match(folded, at)):
        unit, factor = _UNITS[measured[1]]
        at = measured.end()
    return _Read(start, at, digits, plain, scale, money, unit, factor)


def _scale(folded: str, at: int) -> tuple[int, float]:
    """Scale words from a place on: `nghìn tỷ` and `mille milliards` multiply."""
    scale = 1.0
    for _ in range(2):
        found = _SCALE.match(folded, at)
        if found is None or (scale > 1 and _SCALES[found[1]] <= scale):
            break
        at, scale = found.end(), scale * _SCALES[found[1]]
    return at, scale


def _believable(currency: str, digits: float, scale: float) -> bool:
    """`dong` without marks is also east and close: a sum in it has a scale or four digits."""
    return scale > 1 or digits >= 1000 or currency not in {"dong", "dongs", "yen", "yens", "yuan"}


def _is_count(folded: str, read: _Read) -> bool:
    """Whether a bare number counts something: two digits or more, no year, no part of a day, a clock time or a name (A100, 5G, No. 2)."""
    if (
        not read.plain
        or read.digits < 10
        or _NO_COUNT.match(folded, read.end)
        or _ORDINAL.search(folded[max(0, read.start - 6) : read.start])
    ):
        return False
    text = folded[read.start : read.end]
    is_year = text.isdigit() and 1900 <= read.digits <= 2100
    return not is_year and folded[max(0, read.start - 1) : read.start] not in {"-", "'"}


def _word_number(text: str, lang: str) -> float:
    """The value of a number word, 0 where it is none in the language."""
    word = text.strip(" -")
    return _HALVES.get(word) or _WORDS.get(lang, {}).get(word, 0.0)


def _number(text: str, lang: str) -> float:
    """A written number: with both signs the last one is the decimal; alone, a sign before three digits groups thousands unless English uses a point."""
    if " " in text and lang == "en":
        text = text.rsplit(" ", maxsplit=1)[-1]
    text = text.replace(" ", "")
    last = max(text.rfind("."), text.rfind(","))
    grouping = ""
    if "." in text and "," in text:
        grouping = "," if text[last] == "." else "."
    elif last >= 0:
        grouped = len(text) - last - 1 == 3 and text[:last] != "0" and not (lang == "en" and text[last] == ".")
        grouping = text[last] if grouped or text.count(text[last]) > 1 else ""
    text = text.replace(grouping, "") if grouping else text
    return float(text.replace(",", "."))
