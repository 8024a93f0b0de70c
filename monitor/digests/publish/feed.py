"""The newest stories of a watchlist as a feed: what both formats show of it, fit to be shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from html import escape

from monitor.digests.wording import link, outlet, pieces, shown
from monitor.model import Verdict

MAX_OUTLETS = 12
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that no XML document may hold (XML 1.0, 2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One hit of a story. `found_at`: when it became a hit; novelty: new | update | echo."""

    hit: int
    story: int
    band: str
    score: float
    novelty: str
    title: str
    lang: str
    url: str
    publisher: str
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One story. `id` never changes; `updated_at` is when it last brought something new, an echo leaves it; `outlets` are (name, address) pairs."""

    id: str
    story: int
    headline: str
    lang: str
    url: str
    outlet: str
    sentence: tuple[tuple[str, bool], ...]
    names: tuple[str, ...]
    topics: tuple[str, ...]
    outlets: tuple[tuple[str, str], ...]
    reports: int
    langs: tuple[str, ...]
    score: float
    published_at: datetime
    updated_at: datetime

    @property
    def text(self) -> str:
        """The sentence that matched, or the headline where it is the same."""
        return "".join(piece for piece, _ in self.sentence) or self.headline

    @property
    def html(self) -> str:
        """The sentence with its names marked, then names and topics, then the outlets as links."""
        said = "".join(f"<b>{escape(piece)}</b>" if marked else escape(piece) for piece, marked in self.sentence)
        about = escape(" · ".join((*self.names, *self.topics)))
        told = ", ".join(f'<a href="{escape(url)}">{escape(name)}</a>' if url else escape(name) for name, url in self.outlets)
        return "".join(f"<{tag}>{part}</{tag}>" for tag, part in (("blockquote", said), ("p", about), ("p", told)) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The feed of a watchlist or a search. `url`: where it is served, or ""; `updated_at`: of its newest change, so that nothing new gives the same
    bytes; `changed_at`: when its newest report was found, an echo too."""

    id: str
    title: str
    lang: str
    url: str
    updated_at: datetime
    items: tuple[Item, ...]
    changed_at: datetime | None = None


def permanent_id(instance: str, *parts: object) -> str:
    """An identity as a URN that only this instance gives, always the same for the same parts (RFC 9562 5.8: a UUID of our own making)."""
    digest = sha256("\n".join((instance, *map(str, parts))).encode()).hexdigest()
    return f"urn:uuid:{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"


def item_of(instance: str, reports: Sequence[Report], evidence: Mapping[int, Verdict], lang: str) -> Item:
    """One story of its reports (at least one), oldest first. `evidence` holds the verdict of the report chosen by `lead_of`."""
    lead = lead_of(reports, lang)
    verdict = evidence[lead.hit]
    headline = _plain(shown(lead.title)) or "(no headline)"
    said = "" if shown(verdict.snippet.text) == headline else verdict.snippet.text
    brought = [each.found_at for each in reports if each.novelty != "echo"] or [reports[0].found_at]
    return Item(
        id=permanent_id(instance, "story", lead.story),
        story=lead.story,
        headline=headline,
        lang=lead.lang,
        url=link(lead.url),
        outlet=_plain(outlet(lead.publisher)),
        sentence=tuple((plain, marked) for piece, marked in pieces(said, verdict.snippet.marks) if (plain := _plain(piece))),
        names=_titles(verdict, "entity"),
        topics=_titles(verdict, "topic"),
        outlets=_outlets(lead, reports),
        reports=len(reports),
        langs=tuple(sorted({each.lang for each in reports if each.lang})),
        score=round(max(each.score for each in reports), 3),
        published_at=min(each.found_at for each in reports),
        updated_at=max(brought),
    )


def lead_of(reports: Sequence[Report], lang: str) -> Report:
    """The report whose headline is shown: of those that are news the best one in the reader's language, or the best of all."""
    news = [each for each in reports if each.band == "alert"] or list(reports)
    return min(news, key=lambda each: (each.lang != lang, -each.score, each.found_at, each.hit))


def _outlets(lead: Report, reports: Sequence[Report]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for each in (lead, *reports):
        name = _plain(outlet(each.publisher))
        if name:
            found.setdefault(name, link(each.url))
    return tuple(found.items())[:MAX_OUTLETS]


def _titles(verdict: Verdict, kind: str) -> tuple[str, ...]:
    titles = (_plain(shown(m.title, 60)) for m in sorted(verdict.mentions, key=lambda m: m.start) if m.kind == kind)
    return tuple(dict.fromkeys(title for title in titles if title))[:6]


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text)
