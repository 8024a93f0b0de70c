"""How far a matter is (planned, agreed, signed, begun, running), what is confirmed and what is quoted, in three languages. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType

STEPS = ("planned", "agreed", "signed", "begun", "running")
"""From a plan to a thing that works; a report that tells a later step than the ones before it brings news."""

_STEP_WORDS = MappingProxyType(
    {
        "en": MappingProxyType(
            {
                "agreed": r"agree[sd]? to|agreed|approve[sd]|licensed|licenses|licenced|grant(?:s|ed) (?:the|a) .{0,30}(?:licen[cs]e|certificate|permit)",
                "signed": r"sign(?:s|ed)|ink(?:s|ed)|wins? contract|won (?:a|the) contract",
                "begun": r"br(?:eaks?|oke|oken) ground|ground broken|starts? (?:building|construction|work)|(?:has |have )?begun|began|started"
                r"|under way|trial run",
                "running": r"inaugurat(?:es|ed)|open(?:s|ed) (?!on|by|in (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))|opened|launche[sd]|has opened"
                r"|complete[sd]?|closes? (?:the )?(?:deal|purchase)|closes .{0,30}purchase|goes? (?:live|on sale)|now running|released?s?",
            }
        ),
        "vi": MappingProxyType(
            {
                "agreed": r"đồng ý|phê duyệt|chấp thuận|(?:được |đã )?cấp (?:giấy )?phép|cấp giấy chứng nhận|thông qua",
                "signed": r"(?:đã )?ký(?! tự| hiệu)|ký kết",
                "begun": r"khởi công|động thổ|bắt đầu|chạy thử|khởi động",
                "running": r"khai trương|khánh thành|đi vào hoạt động|hoàn tất|hoàn thành|đã hoạt động|khai giảng|ra mắt|chính thức bán|mở bán",
            }
        ),
        "fr": MappingProxyType(
            {
                "agreed": r"convenu|approuv\w+|accord(?:e|é) (?:à .{0,40})?(?:une |le )?(?:licence|certificat|permis)|autoris(?:e|é)",
                "signed": r"sign(?:e|ent|é|és|ée)\b|ont signé|a signé|remporte le contrat",
                "begun": r"premier coup de pioche|première pierre|a (?:commencé|débuté)|ont (?:commencé|débuté)|(?:a )?lancé les travaux|entam\w+",
                "running": r"inaugur\w+|a ouvert|ouvre(?! ses portes le)|achev\w+|finalis\w+|mis en service|a publié|publie",
            }
        ),
    }
)
_AHEAD = MappingProxyType(
    {
        "en": r"\b(?:will|shall|may|can|plans? to|to|would|expected to|about to|intends? to|aims? to|due to|set to)\b[\w ]{0,20}$",
        "vi": r"(?:sẽ|dự kiến|dự định|muốn|sắp|chuẩn bị|kế hoạch|đề nghị|đề xuất|xem xét)[\w ]{0,24}$",
        "fr": r"(?:va|vont|veut|veulent|prévoi\w+|envisage\w*|doit|devrait|pourrait|compte|propose\w*)(?: d'| de| à)?[\w ]{0,16}$",
    }
)
_CONFIRMED = re.compile(
    r"\b(?:confirm(?:s|ed)|officially announced|said in a statement|in a statement|official statement)\b|xác nhận|chính thức công bố|thông cáo"
    r"|\b(?:a |ont )?confirm(?:e|ent|é)\b|communiqué",
    re.IGNORECASE,
)
_CONFIRMING = ("confirm", "statement", "announced", "xác nhận", "chính thức", "thông cáo", "communiqué")
_QUOTE = re.compile(r"[\"“«»„]\s*([^\"“”«»„]{12,400}?)\s*[\"”»«]")
_MIN_WORDS = 4
_STEP_PATTERNS = {
    lang: tuple((step, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for step, words in table.items())
    for lang, table in _STEP_WORDS.items()
}
_AHEAD_PATTERNS = {lang: re.compile(pattern, re.IGNORECASE) for lang, pattern in _AHEAD.items()}


def step_of(sentences: tuple[str, ...], lang: str) -> str:
    """The furthest step that sentences tell as taken; `planned` where they tell none. What is said to come (`will open`) is not taken."""
    best = 0
    for sentence in sentences:
        for step, pattern in _STEP_PATTERNS.get(lang, ()):
            if STEPS.index(step) > best and any(_taken(sentence, found.start(), lang) for found in pattern.finditer(sentence)):
                best = STEPS.index(step)
    return STEPS[best]


def _taken(sentence: str, at: int, lang: str) -> bool:
    return _AHEAD_PATTERNS[lang].search(sentence[max(0, at - 40) : at]) is None


def confirmed(sentences: tuple[str, ...]) -> bool:
    """Whether sentences tell of an official confirmation."""
    told = " . ".join(sentences).lower()
    return any(word in told for word in _CONFIRMING) and _CONFIRMED.search(told) is not None


def quotes(text: str) -> tuple[str, ...]:
    """What a text quotes of somebody, of at least four words, in order."""
    return tuple(found[1] for found in _QUOTE.finditer(text) if len(found[1].split()) >= _MIN_WORDS)
