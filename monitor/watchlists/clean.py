"""A seed's raw text to its title, body, headings and captions, and to what was dropped as boilerplate.

The rules and the traps they were made for: related articles and trending lists below the text, lines printed twice, furniture (share, log in),
by-lines and dates above the text, the title glued to a caption, datelines, photo credits.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from monitor import text as texts
from monitor.model import Seed
from monitor.watchlists.words import language

Kind = Literal["title", "body", "heading", "caption", "dropped"]

_TAILS = frozenset(
    texts.fold(name)
    for name in """related articles|related news|related stories|related|related topics|read more|read also|see also|more news|more stories|trending
most viewed|most read|most popular|popular|recommended|recommended for you|you may also like|you might also like|latest news
latest|sources|source|disclaimer|references|notes|about the author|tags|topics|comments|reactions|newsletter|further reading
tin liên quan|tin cùng chuyên mục|cùng chuyên mục|đọc nhiều|đọc thêm|xem thêm|tin mới|tin khác|tin nổi bật|bài liên quan
có thể bạn quan tâm|bình luận|từ khóa|chủ đề|nguồn|à lire aussi|lire aussi|voir aussi|articles liés|sur le même sujet
dans la même rubrique|les plus lus|à découvrir|commentaires|mots-clés|mots clés|sources et références""".replace("\n", "|").split("|")
)
_FURNITURE = frozenset(
    texts.fold(name)
    for name in """share|share this|share this article|feedback|log in|login|sign in|sign up|subscribe|menu|home|search|print|email|copy link
follow us|advertisement|reactions|like|tweet|save|listen|font size|back to top|add to favorites|contact|chia sẻ|phản hồi|đăng nhập
đăng ký|trang chủ|tìm kiếm|in trang|gửi email|sao chép liên kết|quảng cáo|thích|lưu|nghe|partager|imprimer|envoyer|se connecter
s'abonner|accueil|rechercher|publicité|retour|écouter|facebook|twitter|x|linkedin|whatsapp|telegram|zalo|messenger""".replace(
        "\n", "|"
    ).split("|")
)
_BULLET = re.compile(r"^(?:[•·▪◦‣*+–—-]|\d{1,2}[.)])\s+")
_MARKDOWN = re.compile(r"^#{1,6}\s+")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")
_GLUED = re.compile(r"^\s*[-–—:|]?\s*(?:ảnh|hình|photo|image|picture|figure|fig)\.?\s*\d{0,2}\s*[.:]?\s*", re.IGNORECASE)
_CREDIT = re.compile(
    r"\s*(?<![\w])(?:[-–—(\[/]\s*)?(?:photos?|photo credit|image|images|picture|credit|ảnh|nguồn ảnh|crédit photo|crédits?)"
    r"\s*(?:by|par)?\s*:\s*([^\n.]{0,80})\.?$",
    re.IGNORECASE,
)
_DATELINE = re.compile(r"^(?:\(([^()\n]{2,40})\)\s*[-–—]\s+|([A-ZÀ-Ỹ][^\n–—.!?]{1,50}?)\s+[–—]\s+)(?=\S)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATES = (
    re.compile(r"^(?:\w+,?\s+)?(?P<month>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>(?:19|20)\d\d)\b"),
    re.compile(r"^(?:\w+,?\s+)?(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3,9})\.?,?\s+(?P<year>(?:19|20)\d\d)\b"),
    re.compile(r"^(?P<year>(?:19|20)\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b"),
    re.compile(r"^(?:[^\d\n]{0,20})(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>(?:19|20)\d\d)\b"),
)
_TITLE_WORDS = 5
_TWICE_CHARS = 20
_HEADING_WORDS = 9
_LINE_OF_TITLE_CHARS = 200
_LONG_LINE_CHARS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of the raw text and what it is; `text` is what was kept of it (all of it where it was dropped)."""

    start: int
    end: int
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """A seed with the spans it came from, in the order of its text."""

    seed: Seed
    spans: tuple[Span, ...]


def clean_seed(seed: Seed) -> Cleaned:
    """`seed` holds raw text (and what its head says); the answer holds cleaned text, title, language, captions and dropped lines.

    A text that these rules would empty is kept whole: no rule may cost a seed.
    """
    lines = _lines(seed.text)
    _drop_tail(lines)
    _drop_furniture(lines)
    title = _find_title(lines, seed.title)
    _drop_head(lines)
    _split_glued(lines, title)
    _mark_headings(lines)
    publisher = _cut_datelines(lines) or seed.publisher
    _cut_credits(lines)
    lines.sort(key=lambda span: span.start)
    if not any(span.kind == "body" for span in lines):
        lines = [replace(span, kind="body") for span in _lines(seed.text)]
    body = "\n".join(span.text for span in lines if span.kind in {"body", "heading"})
    published = next((day for span in lines[:12] if (day := _day(span.text))), None)
    return Cleaned(
        seed=replace(
            seed,
            title=title,
            text=body,
            lang=seed.lang or language(f"{title}\n{body}"),
            publisher=seed.publisher or publisher,
            published_on=seed.published_on or published,
            captions=tuple(span.text for span in lines if span.kind == "caption" and span.text),
            dropped=tuple(span.text for span in lines if span.kind == "dropped"),
        ),
        spans=tuple(lines),
    )


def _lines(raw: str) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for line in raw.split("\n"):
        for piece in _pieces(line):
            kept = texts.clean(piece)
            if kept:
                spans.append(Span(start=start, end=start + len(piece), kind="body", text=kept))
            start += len(piece)
        start += 1
    return spans


def _pieces(line: str) -> list[str]:
    """A line in pieces of bounded length, cut at sentence ends or blanks where there are any: a page without line ends must not cost quadratic time."""
    pieces: list[str] = []
    while len(line) > _LONG_LINE_CHARS:
        cut = line.rfind(". ", 0, _LONG_LINE_CHARS) + 1 or line.rfind(" ", 0, _LONG_LINE_CHARS) + 1 or _LONG_LINE_CHARS
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def _drop_tail(lines: list[Span]) -> None:
    """Everything from the first tail heading or twice-printed line, provided more than half of the sentence text came before it."""
    weights = [len(span.text) if _is_sentence(span.text) else 0 for span in lines]
    total = sum(weights)
    counts = Counter(span.text for span in lines if len(span.text) > _TWICE_CHARS)
    before = 0
    for number, span in enumerate(lines):
        tail = _bare(span.text) in _TAILS or counts[span.text] > 1
        if tail and total and before * 2 > total:
            for late in range(number, len(lines)):
                lines[late] = replace(lines[late], kind="dropped")
            return
        before += weights[number]


def _drop_furniture(lines: list[Span]) -> None:
    for number, span in enumerate(lines):
        if span.kind == "body" and _bare(span.text) in _FURNITURE:
            lines[number] = replace(span, kind="dropped")


def _find_title(lines: list[Span], given: str) -> str:
    """Marks the title: the one given, else the first line of five words or more above the first sentence; '' when the text begins with prose."""
    for number, span in enumerate(lines):
        if span.kind != "body":
            continue
        text = _MARKDOWN.sub("", span.text)
        if given:
            if texts.fold(text) == texts.fold(given):
                lines[number] = replace(span, kind="title", text=text)
                return text
        elif _is_sentence(text) or len(text) > _LINE_OF_TITLE_CHARS:
            return ""
        elif len(text.split()) >= _TITLE_WORDS and text != text.upper():
            lines[number] = replace(span, kind="title", text=text)
            return text
        if _is_sentence(text):
            break
    return given


def _drop_head(lines: list[Span]) -> None:
    """Above the first sentence: lone dates, banners in capitals, by-lines and other short lines; a repeated title anywhere."""
    title = next((span.text for span in lines if span.kind == "title"), "")
    for number, span in enumerate(lines):
        if span.kind != "body":
            continue
        if span.text == title:
            lines[number] = replace(span, kind="dropped")
        elif _is_sentence(span.text) or _DATELINE.match(span.text):
            break
        elif len(span.text.split()) < _TITLE_WORDS or span.text == span.text.upper() or _day(span.text):
            lines[number] = replace(span, kind="dropped")


def _split_glued(lines: list[Span], title: str) -> None:
    """A title repeated in front of a caption ("Title - ảnh 1Name of the person"): the prefix goes, the caption stays."""
    for number, span in enumerate(lines):
        if span.kind != "body" or not title or not span.text.startswith(title) or span.text == title:
            continue
        rest = _GLUED.sub("", span.text[len(title) :], count=1)
        if rest:
            lines[number] = replace(span, kind="caption")
            _cut(lines, number, len(span.text) - len(rest), len(span.text))


def _mark_headings(lines: list[Span]) -> None:
    for number, span in enumerate(lines):
        if span.kind != "body":
            continue
        text = _BULLET.sub("", span.text)
        bullet = text != span.text
        plain = _MARKDOWN.sub("", text)
        heading = plain != text or (
            not bullet and not _is_sentence(plain) and len(plain.split()) <= _HEADING_WORDS and not _CREDIT.search(plain)
        )
        lines[number] = replace(span, kind="heading" if heading else "body", text=plain)


def _cut_datelines(lines: list[Span]) -> str:
    """Cuts "(AGENCY) -" and "THE PAPER —" from the first body lines; the name in capitals is the publisher."""
    publisher = ""
    for number, span in enumerate(lines):
        if span.kind != "body":
            continue
        found = _DATELINE.match(span.text)
        if found and (found[1] or _is_dateline(found[2])):
            head = (found[1] or found[2]).strip()
            publisher = publisher or (head if head == head.upper() else "")
            _cut(lines, number, found.end(), len(span.text))
    return publisher


def _is_dateline(head: str) -> bool:
    inside = re.search(r"\(([A-ZĐ]{2,12})\)$", head)
    return bool(inside) or head == head.upper()


def _cut_credits(lines: list[Span]) -> None:
    """Cuts a photo credit from the end of a line; a line that had one is a caption."""
    for number, span in enumerate(lines):
        if span.kind not in {"body", "caption", "heading"}:
            continue
        found = _CREDIT.search(span.text)
        if not found:
            continue
        lines[number] = replace(span, kind="caption" if found.start() else "dropped")
        if found.start():
            _cut(lines, number, 0, found.start())


def _cut(lines: list[Span], number: int, start: int, end: int) -> None:
    """Keeps [start, end) of a line's text; what was before or after it becomes a dropped span."""
    span = lines[number]
    lines[number] = replace(span, text=span.text[start:end].rstrip(), start=span.start + start, end=span.start + end)
    for left, right in ((0, start), (end, len(span.text))):
        if span.text[left:right].strip():
            lines.append(Span(start=span.start + left, end=span.start + right, kind="dropped", text=span.text[left:right].strip()))


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= _HEADING_WORDS and bool(_SENTENCE_END.search(text))


def _bare(text: str) -> str:
    return texts.fold(_MARKDOWN.sub("", text)).strip(" .:-•>*")


def _day(text: str) -> date | None:
    """The day that a short line names, or None."""
    if len(text) > 60:
        return None
    for form in _DATES:
        found = form.match(text)
        if not found:
            continue
        name = found["month"].lower()
        month = int(name) if name.isdigit() else next((number for number, known in enumerate(_MONTHS, 1) if name.startswith(known)), 0)
        try:
            return date(int(found["year"]), month, int(found["day"]))
        except ValueError:
            continue
    return None
