"""Whether a string in a text may be a name: capitals, diacritics, and one-syllable Vietnamese names that are part of a longer one.

Each rule takes the alias and the place and answers with the reason for refusing it, or None.
"""

from __future__ import annotations

import re
import unicodedata

from monitor.hits.automaton import Alias, Shape, letters_of, shape
from monitor.text import fold, has_marks

# Generic first words of Vietnamese and French bodies, written small as often as not ("tập đoàn FPT", "đại học Bách khoa", "groupe Thales").
_HEAD_WORDS = (
    "bo so cuc vu ban uy dai hoc truong vien tap cong tong ngan trung khu nha quy hiep quoc chinh dang lien tinh thanh doan hoi phong "
    "ministere universite groupe societe banque agence parc "
    "the ministry university group company bank"
)
_HEADS = frozenset(_HEAD_WORDS.split())
# Words that English, French or Vietnamese writes in capitals inside an all-capitals headline and that are also names.
_WORDLIKE = frozenset(("us", "it", "who", "my", "me", "la", "an", "on", "be", "go"))
# One-syllable names that carry no marks and need the stand-alone guard all the same (England, Russia, Laos).
_BARE_SYLLABLES = frozenset(("anh", "nga", "lao", "an"))
_SYLLABLE = re.compile(r"^(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ch|ng|nh|[cmnpt])?$")
# Capitalised only because they open a sentence; anything else before a one-syllable name makes a longer name of it (Phú Mỹ, Hoàn Mỹ).
_OPENING_WORDS = (
    "tai tu den toi sang o ve voi va vi neu khi nhung cua do bi duoc theo trong ngoai qua giua cung truoc sau nuoc nguoi dan bao hang doan "
    "nghiep cong ty quan chuc linh hai phia ben toa quy nha bo ong ba su viec cho de gan nhieu mot cac co con chi tren duoi vao chong nho "
    "doi giup thuong thue chip cuu lap tru cap xe may tau phim gioi dat tien xuat nhap khach hoc sinh vien doanh hop goi mua ban cam "
    "trieu ty ke moi muon yeu dua danh phat"
)
_OPENERS = frozenset(_OPENING_WORDS.split())
_COUNTRIES_BEFORE = frozenset(("viet", "nga", "trung", "han", "nhat", "an", "uc"))
_PREVIOUS = re.compile(r"([^\W_]+) $")
_PAUSE = re.compile(r"[:.,;!?\"'“‘«(|–-]\s*$")
_LOOK_BACK = 12
_NEXT = re.compile(r" ([^\W_]+)")


def refused(alias: Alias, text: str, start: int, end: int, line_start: int, lang: str = "") -> str | None:
    """The first reason against taking `text[start:end]` for the alias (case, marks, guard), or None.

    `line_start` is where the sentence begins, `lang` the language of the text.
    """
    form = shape(alias.written)
    found = text[start:end]
    if fault := _case(alias, form, text, found, line_start):
        return fault
    if fault := _spelling(alias, form, found, lang):
        return fault
    if alias.kind in {"entity", "contrast"} and form.syllables == 1:
        if end < len(text) and text[end] == "$":
            return "guard"
        if (form.marks and _SYLLABLE.match(alias.folded)) or alias.folded in _BARE_SYLLABLES:
            return _stands_alone(text, start, end, line_start)
    return None


def _case(alias: Alias, form: Shape, text: str, found: str, line_start: int) -> str | None:
    name = found[: len(alias.written)]
    if alias.mode == "exact":
        if _same_case(alias.written, name):
            return "case" if alias.folded in _WORDLIKE and _shouted(text, line_start) else None
        return None if form.letters > 3 and found.isupper() else "case"
    if not form.caps:
        return None
    if form.acronym:
        return None if not any(char.islower() for char in name) else "case"
    small = [i for i in form.caps if not found[i].isupper()]
    if not small:
        shouted = form.letters <= 3 and form.syllables == 1 and form.letters > 1 and name.isupper() and not alias.written.isupper()
        return "case" if shouted else None
    head = alias.folded.replace("-", " ").split(" ", 1)[0]
    if small == [0] and len(form.caps) > 1 and head in _HEADS and alias.type != "person":
        return None
    return "case"


def _same_case(one: str, other: str) -> bool:
    return all(a.isupper() == b.isupper() for a, b in zip(one, other, strict=False))


def _shouted(text: str, line_start: int) -> bool:
    """True where the line is written in capitals only, so that capitals say nothing."""
    letters = [char for char in text[line_start : line_start + 60].split("\n", 1)[0] if char.isalpha()]
    return len(letters) > 8 and not any(char.islower() for char in letters)


def _spelling(alias: Alias, form: Shape, found: str, lang: str) -> str | None:
    """ "marks" where the diacritics differ. They may be missing as a whole (To Lam for Tô Lâm), never be others (Tố Lâm).

    A form wholly without marks counts only for names of two syllables or more than six letters (My is not Mỹ). A name that has no
    marks stands for no marked form: Nha Trang is not Nhà Trắng. French papers keep what a French keyboard has: Dông Nai, Trân Hông Hà.
    """
    if found.isascii() and not form.marks:
        return None
    name = found[: len(alias.written)]
    bare = not has_marks(name)
    if not form.marks:
        return None if bare else "marks"
    if bare:
        return None if form.syllables >= 2 or form.letters > 6 else "marks"
    letters = letters_of(name)
    if letters == form.spelt or (lang == "fr" and form.syllables >= 2 and _lighter(letters, form.spelt)):
        return None
    return "marks"


def _lighter(letters: str, spelt: str) -> bool:
    """True where each letter carries some of the marks it should carry, and no other. Both in lower case, of one folded form."""
    return len(letters) == len(spelt) and all(_marks(one) <= _marks(other) for one, other in zip(letters, spelt, strict=True))


def _marks(letter: str) -> frozenset[str]:
    return frozenset(unicodedata.normalize("NFD", letter)[1:])


def _stands_alone(text: str, start: int, end: int, line_start: int) -> str | None:
    """ "guard" where a neighbouring syllable makes a longer name of it: Phú Mỹ, Mỹ Thuận; but not Tổng thống Mỹ Joe Biden."""
    before = _PREVIOUS.search(text[max(line_start, start - 16) : start])
    if before and before[1][0].isupper() and _makes_a_name(before[1], text, line_start, start):
        return "guard"
    after = _NEXT.match(text, end)
    if after and after[1][0].isupper() and has_marks(after[1]) and not (len(after[1]) > 1 and after[1].isupper()):
        return "guard"
    return None


def _makes_a_name(word: str, text: str, line_start: int, start: int) -> bool:
    folded = fold(word)
    if (len(word) > 1 and word.isupper() and not has_marks(word)) or not _SYLLABLE.match(folded):
        return False
    position = start - 1 - len(word)
    before = text[max(line_start, position - _LOOK_BACK) : position]
    opens = (position - line_start <= _LOOK_BACK and not re.search(r"\w", before)) or bool(_PAUSE.search(before))
    if opens:
        return folded not in _OPENERS and folded not in _COUNTRIES_BEFORE
    return folded != "viet" or not has_marks(word)
