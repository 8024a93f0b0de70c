"""What stands on an article's page and is not the article: lists of links, pieces cut apart by advertisements, lines that point elsewhere. Pure.

It matters more to a watcher of names than to a reader: a link to another story names people and firms that this one is not about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from monitor.text import fold, words

MAX_LINE = 220
"""Characters beyond which a line is taken for running text, whatever it begins with."""

_LISTS = ("ul", "ol")
_LEAST_LINKS = 3
_MOSTLY = 0.8
_MOST_PIECES = 40
_LEAST_PARAGRAPH = 60
_TITLE_WORDS = 3
_HEADLINE_WORDS = 4
_HEADLINES = 8
_LONG_PARAGRAPH = 200

_PIECE = re.compile(
    r"(article|story|post|entry|news|detail)[-_]{0,2}(body|content|text|chunk)|articlebody|storybody|fck_detail", re.IGNORECASE
)
"""Classes by which sites mark the running text."""

_POINTER = re.compile(
    r"""\W*(
      (read|see|learn|find\ out|click|watch|listen)\ (more|also|here|now|:) | (also|more)\ (on|from|read)\b.{0,80}$ | (related|recommended)(\ \w+)?\s*:
    | don['’]t\ miss | you\ (may|might)\ also\ like | (most|trending)\ (read|popular|now)\b | download\ (the|our)\b.{0,40}\bapp | get\ the\ .{3,30}\ app$
    | click\ here | sign\ up\ (for|to|here|now|today) | subscribe\ (to|now|here|today) | get\ (the\ latest|our|breaking)\b.{0,80}\b(inbox|newsletters?|alerts)
    | follow\ (us|@\w+|\w+\ on\ (twitter|facebook|x)) | like\ this\ (story|article) | share\ (this|it)\b | thank(s|\ you)(\ for\ (signing|subscribing).*)?[.!]?$
    | an\ error\ has\ occurred | there\ was\ an\ error | this\ article\ has\ been\ sent
    | this\ copy\ is\ for\ your\ personal | (order\ reprints|print\ article)$
    | copyright\b | ©\ ?(\d{4}|copyright) | all\ rights\ reserved | (have|got)\ a\ (tip|story)\b | write\ to\ .{3,60}@ | tell\ us\ what\ you\ think
    | xem\ (thêm|tiếp|ngay) | đọc\ (thêm|tiếp|ngay) | (tin|bài)(\ viết)?\ (liên\ quan|cùng\ chuyên\ mục|khác)\b | mời\ (quý\ )?(bạn|độc)\ (đọc|giả)
    | theo\ dõi\ .{2,40}\ trên\b | đăng\ ký\ (nhận|theo\ dõi) | bản\ quyền\ (thuộc|©)
    | (à\ )?lire\ (aussi|également|la\ suite|plus) | (voir|écouter)\ (aussi|également) | sur\ le\ même\ sujet | à\ voir\ également
    | inscrivez-vous | abonnez-vous
    | tous\ droits\ réservés | suivez[- ]nous
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""How a line begins that points to another page, a newsletter or the house itself, in English, Vietnamese and French."""


_WORD = re.compile(r"\w+")
_TOP_LINES = 3
_BETWEEN = " \t.,;:|·•–—-"
_TIME = r"\d+ | by | par | theo | boi | [ap]m | gmt | utc | [ecp][ds]t | cet | ict"
_BESIDE_NAME = re.compile(_TIME, re.VERBOSE)
_IN_BYLINE = re.compile(
    rf"""{_TIME} | and | et | va | on | le | ngay | updated | published | (mon|tues|wednes|thurs|fri|satur|sun)day
    | jan(uary)? | feb(ruary)? | mar(ch)? | apr(il)? | may | june? | july? | aug(ust)? | sept?(ember)? | oct(ober)? | nov(ember)? | dec(ember)?
    | (lun|mar|mercre|jeu|vendre|same)di | dimanche | janvier | fevrier | mars | avril | mai | juin | juillet | aout | septembre | (octo|novem|decem)bre""",
    re.VERBOSE,
)
"""Words of a byline around the author's name, folded: those that begin no sentence, and with them those that stand where the line holds nothing else."""


def take_out(tree: Any) -> None:
    """Changes a parsed page: lists of links go, and a text that its site cut into pieces of one class is joined again."""
    for element in [*_link_lists(tree)]:
        _remove(element)
    _join_pieces(tree)


def is_overview(tree: Any) -> bool:
    """True for a front page or a section: more headlines that lead elsewhere than paragraphs of running text, and none of its own."""
    if any(len("".join(heading.itertext()).split()) >= _HEADLINE_WORDS for heading in tree.iter("h1")):
        return False
    headlines = set()
    for heading in tree.iter("h2", "h3", "h4"):
        link = next(heading.iter("a"), None)
        link = next(heading.iterancestors("a"), None) if link is None else link
        if link is not None and len("".join(heading.itertext()).split()) >= _HEADLINE_WORDS:
            headlines.add(link.get("href"))
    if len(headlines) < _HEADLINES:
        return False
    told = sum(1 for p in tree.iter("p") if _size(p) >= _LONG_PARAGRAPH and next(p.iterancestors("a"), None) is None)
    return told < len(headlines)


def without_pointers(text: str, title: str) -> str:
    """`text` (a paragraph a line) without a first line that repeats the title and without lines that only point elsewhere."""
    lines = text.split("\n")
    while len(lines) > 1 and _repeats(lines[0], title):
        del lines[0]
    kept = [line for line in lines if len(line) > MAX_LINE or not _POINTER.match(line)]
    return "\n".join(kept if any(line.strip() for line in kept) else lines)


def without_byline(text: str, title: str, author: str) -> str:
    """`text` without the line at its top that only names its author, with a day or a time; and without title and byline before its first sentence.

    The latter is what is left of a short page that was read as one piece. `author`: names apart by `;`. Where none is known nothing is taken away.
    """
    names, headline, lines = [name for name in map(words, author.split(";")) if name], words(title), text.split("\n")
    for number, line in enumerate(lines[:_TOP_LINES]):
        pieces = [*_WORD.finditer(line[:MAX_LINE])]
        said = [fold(piece[0]) for piece in pieces]
        titled = bool(headline) and said[: len(headline)] == headline
        end = _byline(said, len(headline) if titled else 0, names, _BESIDE_NAME if titled else _IN_BYLINE)
        if end == len(said) > 0 and len(line) <= MAX_LINE and len(lines) > 1:
            return "\n".join((*lines[:number], *lines[number + 1 :]))
        if end and titled:
            return "\n".join((*lines[:number], line[pieces[end - 1].end() :].lstrip(_BETWEEN), *lines[number + 1 :]))
    return text


def _byline(said: Sequence[str], start: int, names: Sequence[Sequence[str]], beside: re.Pattern[str]) -> int:
    """Where a byline that begins at a word ends: an author's name and what may stand beside it; 0 where there is no such name."""
    place, named = start, False
    while place < len(said):
        length = next((len(name) for name in names if said[place : place + len(name)] == name), 0)
        if not length and not beside.fullmatch(said[place]):
            break
        place, named = place + max(1, length), named or length > 0
    return place if named else 0


def _repeats(line: str, title: str) -> bool:
    said, named = words(line), words(title)
    return len(said) >= _TITLE_WORDS and named[: len(said)] == said and len(line) <= MAX_LINE


def _link_lists(tree: Any) -> Iterator[Any]:
    for element in tree.iter(*_LISTS):
        links = [_size(link) for link in element.iter("a")]
        if len(links) >= _LEAST_LINKS and sum(links) > _MOSTLY * _size(element):
            yield element


def _size(element: Any) -> int:
    return len(" ".join("".join(element.itertext()).split()))


def _remove(element: Any) -> None:
    """Takes an element out and leaves the text behind it where it is."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _join_pieces(tree: Any) -> None:
    """Moves the later pieces of a text into its first: extractors take one element for the article."""
    groups: dict[tuple[Any, str], list[Any]] = {}
    for element in tree.iter("div", "section"):
        name = element.get("class") or ""
        if _PIECE.search(name):
            article = next(element.iterancestors("article"), None)
            if article is not None:
                groups.setdefault((article, name), []).append(element)
    for pieces in groups.values():
        told = [piece for piece in pieces if any(_size(p) >= _LEAST_PARAGRAPH for p in piece.iter("p"))]
        if 1 < len(told) <= _MOST_PIECES and not any(first in set(second.iterancestors()) for first in told for second in told):
            for piece in told[1:]:
                told[0].extend(list(piece))
