"""Text in one form: cleaned for storage, folded for comparison. Folding keeps every offset: one character in, one out.

Search, matcher and identity all use `fold`, so that `da nang`, `Đà Nẵng` and `Ða Nang` are one string everywhere.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

# Controls (but tab and newline), lone surrogates, noncharacters, bidi controls, zero-width signs, byte order mark, tag characters
# (RELIABILITY 4.2, parse door): none is ever text, and each breaks a consumer (PostgreSQL, mail headers, terminals).
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # a single plain space needs no change, and texts are full of them
_LINES = re.compile(r"\n{3,}")

_SAME = {
    **dict.fromkeys("‐‑‒–—―−﹘﹣－_", "-"),
    **dict.fromkeys("‘’‚‛′`´ʼ＇", "'"),
    **dict.fromkeys("“”„‟″«»＂", '"'),
    **dict.fromkeys(
        "\t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("đĐðÐ", "d"),
    **dict.fromkeys("øØ", "o"),
    **dict.fromkeys("łŁ", "l"),
    "œ": "o",
    "Œ": "o",
    "æ": "a",
    "Æ": "a",
    "ß": "s",
    "ẞ": "s",
    "ı": "i",
    "…": ".",
}


class _Fold(dict[int, str]):
    """Translation table filled as characters are met: base letter, lower case, always exactly one character."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _SAME.get(char) or _base(char)
        self[code] = folded
        return folded


def _base(char: str) -> str:
    letters = [c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c)]
    lower = "".join(letters).casefold()
    return lower if len(lower) == 1 else char


_FOLD = _Fold()


_ODD_SPACES = ("  ", " \n", "\n ", "\n\n\n")


def clean(text: str) -> str:
    """Text fit to be stored, shown and matched: NFC, no control, bidi, zero-width or surrogate characters, plain spaces.

    Newlines stay (at most one blank line in a row); every other run of white space becomes one space.
    """
    plain = text.strip()
    printable = plain.replace("\n", "").isprintable() and not any(odd in plain for odd in _ODD_SPACES)
    if printable and unicodedata.is_normalized("NFC", plain):
        return plain  # as most titles and teasers are: no printable character is a control, an odd space or unwanted
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))
    text = _SPACES.sub(" ", _UNWANTED.sub("", text))
    return _LINES.sub("\n\n", re.sub(r" ?\n ?", "\n", text)).strip()


def one_line(text: str, limit: int = 500) -> str:
    """`text` cleaned, on one line, cut at a word border to at most `limit` characters with an ellipsis."""
    line = clean(text)
    if "\n" in line:
        line = _SPACES.sub(" ", line.replace("\n", " "))
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    head = cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut
    return head.rstrip(" ,;:-") + "…"


def fold(text: str) -> str:
    """Folded form of `text` (clean it first), of equal length.

    Base letters without marks, đ as d, lower case, one sign for all dashes, for all quotes and for all spaces.
    """
    return text.translate(_FOLD)


_TONES = "\u0300\u0301\u0303\u0309\u0323"
_LATE_TONE = re.compile(rf"(o)([ae])([{_TONES}])(?!\w)|(u)(y)([{_TONES}])(?!\w)", re.IGNORECASE)


def marked(text: str) -> str:
    """Lower-case NFC form with the tone mark in one place (`hoà` and `hòa`, `thuý` and `thúy` become equal), for comparing marks."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFD", text.casefold())
    moved = _LATE_TONE.sub(lambda m: f"{m[1]}{m[3]}{m[2]}" if m[1] else f"{m[4]}{m[6]}{m[5]}", spread)
    return unicodedata.normalize("NFC", moved)


def has_marks(text: str) -> bool:
    """True where `text` carries any diacritic or a letter that folding changes beyond its case (đ, ø)."""
    return not text.isascii() and fold(text) != text.casefold().translate(_QUOTES)


_QUOTES = str.maketrans({char: same for char, same in _SAME.items() if not char.isalpha()})

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The folded words of `text`, in order."""
    return _WORD.findall(fold(text))


def digest(*parts: str) -> str:
    """sha256 hex over the parts, each framed by its length so that ("ab", "c") and ("a", "bc") differ."""
    hashed = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "replace")
        hashed.update(str(len(raw)).encode() + b":" + raw)
    return hashed.hexdigest()
