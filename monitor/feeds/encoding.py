"""A feed's bytes as bytes that its parser reads rightly: what feedparser guesses wrong about encodings is settled before it looks. Pure.

feedparser keeps to the labels; the web does not. UTF-8 with one bad byte is still UTF-8, windows-1258 often has no label at all, and control
characters end a parse (CONFORMANCE cases 45-50).
"""

from __future__ import annotations

import re
import unicodedata

UTF8 = "application/xml; charset=utf-8"
"""The content type of bytes that were decoded here."""

_BOMS = ((b"\xff\xfe\x00\x00", "utf-32-le"), (b"\x00\x00\xfe\xff", "utf-32-be"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WIDE = ((b"<\x00\x00\x00", "utf-32-le"), (b"\x00\x00\x00<", "utf-32-be"), (b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_UTF8_BOM = b"\xef\xbb\xbf"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]+)", re.IGNORECASE)
_PROLOG = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""", re.IGNORECASE)
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,9}));")
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_AMPERSAND = re.compile(rb"&(?!(?:[A-Za-z][A-Za-z0-9]{0,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});)")
_BARE = re.compile(rb"<!\[CDATA\[.*?\]\]>|" + _AMPERSAND.pattern, re.DOTALL)
_NAME = re.compile(
    rb"(<(?:\w+:)?(?:author|creator|managingEditor|webMaster|owner|publisher|contributor|name|email)\b[^>]*>\s*(?:<!\[CDATA\[)?[^<\]]{300})[^<\]]+",
    re.IGNORECASE,
)
"""Names and mail addresses that go on and on: feedparser's pattern for addresses takes quadratic time on them (RELIABILITY case 83)."""
_BLANKS = re.compile(rb"[ \t\r\n]{64,}")
_ELEMENT = re.compile(rb"<[A-Za-z]")
_ROOT = re.compile(rb"<(?:rss|feed|rdf:rdf|channel)[\s>]", re.IGNORECASE)

# windows-1258 writes a tone as a combining sign after its vowel, and has đ, ư, ơ, ă at code points of their own.
_TONED = re.compile(rb"[aeiouyAEIOUY\xe2\xea\xf4\xe3\xf5\xfd\xc2\xca\xd4\xc3\xd5\xdd][\xcc\xd2\xde\xec\xf2]")
_TONES = re.compile(rb"[\xcc\xd2\xde\xec\xf2]")
_LETTERS_1258 = (b"\xf0", b"\xfd", b"\xf5", b"\xe3")
_WESTERN = {"", "iso-8859-1", "latin-1", "latin1", "windows-1252", "cp1252", "us-ascii", "ascii", "utf-8", "utf8"}
# Fonts that posed as encodings: TCVN3 puts Vietnamese vowels where windows-1252 has signs, VNI writes each tone as a Western letter behind its vowel.
_TCVN3 = re.compile(
    r"(?<=[A-Za-z])[µ¶·¸¹¨»¼½¾©®ª«¬\u00ad¦§°±²³](?=[A-Za-z]|\b)|\b[®§](?=[A-Za-zµ¶·¸¹¨»¼½¾©ª«¬­Ö])|(?<=[A-Za-z])[ÖÇÊÌÎÏÐÑÓÔÕ×ØÜÞ](?=[a-z])"
)
_VNI = re.compile(r"[aeouyAEOUYöô][äåáàãâøùûõïëéèêúü](?=[a-z]?\b|ng|nh|ch|[a-z]\b)|\b[ñÑ](?=[aeiouyöô])")
_WORD = re.compile(r"\w+")
_UNICODE = re.compile(r"(?:[^ăđơưĂĐƠƯẠ-ỹ]*[ăđơưĂĐƠƯẠ-ỹ]){3}")
"""Three letters that only Unicode has: text in a font's code has none."""
_FONT_SAMPLE = 4000
"""Characters that are looked at for the code of a font: it is used throughout or not at all."""


def readable(body: bytes, content_type: str) -> tuple[bytes, str]:
    """The body and its content type, made fit for an XML parser: wide encodings and damaged or unlabelled text as UTF-8, no control characters."""
    wide = _wide(body)
    if wide is not None:
        return _clean(wide.encode("utf-8", "replace")), UTF8
    while body.startswith(_UTF8_BOM):
        body = body[len(_UTF8_BOM) :]
    body = _SURROGATE.sub(b"", body)
    text = _decoded(body, _label(body, content_type))
    if text is not None:
        return _clean(text.encode("utf-8", "replace")), UTF8
    return _clean(body), content_type


def looks_like_a_font(text: str) -> bool:
    """True for text in TCVN3 or VNI, which are fonts over Western code points: it cannot be told what it says."""
    text = text[:_FONT_SAMPLE]
    words = 0 if text.isascii() or _UNICODE.match(text) else len(_WORD.findall(text))
    if words < 5:
        return False
    return max(len(_TCVN3.findall(text)), len(_VNI.findall(text))) >= max(3, words * 0.25)


def _wide(body: bytes) -> str | None:
    """The text of a body in UTF-16 or UTF-32, with or without its mark."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    head = body[:64].lstrip(b"\r\n\t ")
    return next((body.decode(name, "replace") for start, name in _WIDE if head.startswith(start)), None)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _label(body: bytes, content_type: str) -> str:
    header = _CHARSET.search(content_type)
    prolog = _PROLOG.search(body[:1024])
    return (header[1] if header else prolog[1].decode("ascii") if prolog else "").lower()


def _decoded(body: bytes, label: str) -> str | None:
    """The text where we know better than the labels; None where the parser's own reading of them is right.

    Bytes of another encoding hardly ever form a character of UTF-8, so a text with as many of them as of bad ones is UTF-8 with damage.
    """
    if body.isascii():
        return None
    if _is_utf8(body):
        return body.decode("utf-8")
    if label in _WESTERN and _is_1258(body):
        return unicodedata.normalize("NFC", body.decode("cp1258", "replace"))
    damaged = body.decode("utf-8", "replace")
    bad = damaged.count("\ufffd")
    good = sum(1 for char in damaged if char > "\x7f") - bad
    return damaged if good >= max(1, bad) else None


def _is_1258(body: bytes) -> bool:
    tones = len(_TONES.findall(body))
    toned = len(_TONED.findall(body))
    return toned >= 3 and toned * 5 >= tones * 3 and sum(letter in body for letter in _LETTERS_1258) >= 2


def _clean(body: bytes) -> bytes:
    body = body.translate(None, _CONTROLS)
    if b"&#" in body:
        body = _REFERENCE.sub(_allowed, body)
    body = _NAME.sub(rb"\1", body)
    if _AMPERSAND.search(body):
        body = _BARE.sub(lambda found: b"&amp;" if found[0] == b"&" else found[0], body)
    return _from_the_root(body)


def _allowed(found: re.Match[bytes]) -> bytes:
    """A numeric reference, or nothing where it names what XML forbids (NUL, surrogates, most controls)."""
    code = int(found[1], 16) if found[1] else int(found[2])
    fine = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return found[0] if fine else b""


def _from_the_root(body: bytes) -> bytes:
    """Without blank runs before the first element, which cost feedparser quadratic time (RELIABILITY case 82), nor a program's warnings there."""
    start = _ELEMENT.search(body)
    if start is None:
        return body.strip()
    head = body[: start.start()]
    if len(head) > 64:
        body = _BLANKS.sub(b"\n", head) + body[start.start() :]
    body = body.lstrip()
    declared = body.find(b"<?xml", 0, 65536)
    root = _ROOT.search(body, 0, 65536)
    return body[declared:] if declared > 0 and root and declared < root.start() else body
