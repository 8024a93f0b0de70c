"""Whose text a report is: the news agency it credits. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType

_AGENCIES = MappingProxyType(
    {
        "VNA": ("TTXVN", "VNA", "AVI", "Thông tấn xã Việt Nam", "Vietnam News Agency", "Agence vietnamienne d'information"),
        "AFP": ("AFP", "Agence France-Presse"),
        "Reuters": ("Reuters",),
        "AP": ("AP", "Associated Press"),
        "Bloomberg": ("Bloomberg",),
        "Xinhua": ("Xinhua", "Tân Hoa xã", "Chine nouvelle"),
        "Kyodo": ("Kyodo",),
        "Yonhap": ("Yonhap",),
        "dpa": ("dpa",),
        "EFE": ("EFE",),
        "ANSA": ("ANSA",),
        "TASS": ("TASS",),
        "PTI": ("PTI",),
        "IANS": ("IANS",),
        "Bernama": ("Bernama",),
    }
)
_NAME_OF = {name.casefold(): agency for agency, names in _AGENCIES.items() for name in names}
_NAMES = "|".join(re.escape(name) for name in sorted((name for names in _AGENCIES.values() for name in names), key=len, reverse=True))
_HEAD_CHARS = 160
_TAIL_CHARS = 160
# At the head a place line (`HANOI (Reuters) -`, `(AFP) -`, `TTXVN -`), at the foot a signature (`(TTXVN)`, `Nguồn: AP`, `avec AFP`, `© AFP`).
_HEAD = re.compile(rf"\(({_NAMES})\)\s*[-–—:]|^[\w ,./]{{0,40}}\b({_NAMES})\s*[-–—:]|^theo ({_NAMES})\b", re.IGNORECASE)
_TAIL = re.compile(
    rf"\((?:[^()]{{0,30}}[/, ])?({_NAMES})(?:/[\w .+]{{1,30}})?\)\W*$|(?:nguồn|source|theo|via|avec|with|by|©)\s*:?\s*({_NAMES})\W*$",
    re.IGNORECASE,
)


def agency(text: str) -> str:
    """The news agency that a report's text credits in its place line or its signature: VNA, AFP, Reuters, AP ...; "" for none.

    A mention inside the text is no credit: `he told Reuters` says who asked, not whose text it is.
    """
    edges = f"{text[:_HEAD_CHARS]} {text[-_TAIL_CHARS:]}".casefold()
    if not any(name in edges for name in _NAME_OF):
        return ""
    for found in (_HEAD.search(text[:_HEAD_CHARS]), _TAIL.search(text[-_TAIL_CHARS:])):
        if found is not None:
            return _NAME_OF[next(name for name in found.groups() if name).casefold()]
    return ""
