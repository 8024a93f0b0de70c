"""Digests that show all there can be, to try templates on. Pure; the outlets and headlines are made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitor.digests.coverage import Coverage, Failing, Since
from monitor.digests.document import Document, Entry, Line
from monitor.digests.phrases import KINDS

_AT = "2024-09-26T00:00:00.000000Z"
_BEFORE = "2024-09-25T00:00:00.000000Z"
_LINES = (
    Line(headline="Northern Foundry & Lakeside sign for a plant", lang="en", url="https://gazette.example/1", outlet="gazette.example"),
    Line(headline="Northern Foundry và Lakeside ký kết xây nhà máy", lang="vi", url="https://tin.example/2", outlet="tin.example"),
    Line(headline="« Northern Foundry » et Lakeside : l'accord", lang="fr", url="", outlet=""),
)
_COVERAGE = Coverage(
    sources=43,
    healthy=40,
    failing=(
        Failing(name="The Gazette", since_at=_BEFORE, kind="timeout", gone=False),
        Failing(name="Old Paper", since_at="", kind="http-410", gone=True),
    ),
    articles=612,
    pending=3,
    silent=(Since(name="Evening Post", at=_BEFORE),),
    gaps=(Since(name="Wire", at=_BEFORE),),
    unwatched=((_BEFORE, _AT),),
)


def samples() -> Iterator[tuple[Document, int]]:
    """(document, parts) pairs: one with everything, whole and in two parts, one told at once, and one with nothing to tell."""
    full = _document()
    yield full, 1
    yield full, 2
    yield replace(full, kind="urgent", slot="", lang="vi", entries=full.of("new"), also=()), 1
    yield replace(full, lang="fr", entries=(), also=(), also_more=0, below=0, echoes=0, found_more=0), 1


def _document() -> Document:
    rich = [_entry(kind, number) for number, kind in enumerate(KINDS, 1)]
    return Document(
        uid="sample",
        subscription="sample",
        title="Sample",
        lang="en",
        zone="Asia/Ho_Chi_Minh",
        slot="2024-09-26T07:00 Asia/Ho_Chi_Minh",
        due_at=_AT,
        made_at=_AT,
        covers_from_at=_BEFORE,
        asked=True,
        late=True,
        missed=2,
        entries=tuple(each for rich_entry in rich for each in (rich_entry, _bare(rich_entry))),
        also=_LINES,
        also_more=4,
        below=9,
        echoes=23,
        coverage=_COVERAGE,
        found_more=5,
        days=(("2024-09-24", 12), ("2024-09-25", 0), ("2024-09-26", 3)),
    )


def _bare(entry: Entry) -> Entry:
    """The same with nothing that may be missing."""
    single = replace(
        entry, story=entry.story + 10, sentence=(), topics=(), reports=1, langs=(("en", 1),), outlets=entry.outlets[2:], more_outlets=0
    )
    return replace(single, brings=(), differs=(), earlier=None, earlier_at="", first="", copies=(), told_at="", published_at="")


def _entry(kind: str, number: int) -> Entry:
    line = _LINES[(number - 1) % len(_LINES)]
    return Entry(
        kind=kind,
        story=number,
        hit=number,
        line=replace(line, headline=f"{line.headline} ({number})"),
        sentence=(("Northern Foundry", True), (" will build with ", False), ("Lakeside", True), (", for US$200m.", False)),
        names=(("Northern Foundry",), ("Lakeside",)),
        together=True,
        topics=("factories", "chips"),
        brings=("US$200m", "signed"),
        outlets=_LINES,
        more_outlets=4,
        reports=7,
        langs=(("vi", 4), ("en", 2), ("fr", 1)),
        first_seen_at=_BEFORE,
        published_at=_BEFORE,
        told_at=_BEFORE if kind == "update" else "",
        score=7.4,
        differs=("US$620m (gazette.example) – US$600m (tin.example)",),
        earlier=_LINES[0],
        earlier_at=_BEFORE,
        first="tin.example",
        copies=(("VNA", 2), ("", 1)),
    )
