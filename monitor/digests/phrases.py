"""The sentences of a digest in the reader's language and zone, the same in text and HTML. Pure."""

from __future__ import annotations

from monitor.digests.coverage import Failing
from monitor.digests.days import heights
from monitor.digests.document import Document, Entry
from monitor.digests.labels import Labels
from monitor.digests.wording import subject
from monitor.hours import from_text

KINDS = ("new", "update", "review", "found")
_SUBJECT_HEADLINES = 3
_PREHEADER_CHARS = 110


class Phrases:
    """One document's sentences."""

    def __init__(self, document: Document) -> None:
        self.labels = Labels(document.lang)
        self._document = document
        self._zone = document.zone
        self._made_at = from_text(document.made_at)

    def counts(self, separator: str = ", ") -> str:
        """`3 new, 2 updates, 1 worth a look`; what is nought is left out. An urgent message says so first."""
        found = [self.labels.count(f"n_{kind}", len(entries)) for kind in KINDS if (entries := self._document.of(kind))]
        said = separator.join(found) or self.labels.word("nothing_short")
        return f"{self.labels.word('urgent')}{self.labels.colon} {said}" if self._document.kind == "urgent" else said

    def subject(self, part: int, parts: int) -> str:
        """`[VN-US tech] 3 new, 2 updates - best headline; next one`."""
        counts = self.counts() + (f" ({self.labels.word('part', n=part, k=parts)})" if parts > 1 else "")
        headlines = tuple(entry.line.headline for entry in self._document.entries[:_SUBJECT_HEADLINES])
        return subject(self._document.title, counts, headlines)

    def preheader(self) -> str:
        """What a mail list shows behind the subject: the evidence of the best item, not the headline again."""
        for entry in self._document.entries:
            if entry.sentence:
                text = "".join(piece for piece, _ in entry.sentence)
                return text if len(text) <= _PREHEADER_CHARS else text[:_PREHEADER_CHARS].rsplit(" ", 1)[0] + "…"
        return self.covers()

    def date(self) -> str:
        """`Thu 26 Sep 2024, 07:00 UTC+7`: when the digest was made."""
        at = self._made_at
        return f"{self.labels.day(at, self._zone)}, {self.labels.clock(at, self._zone)} {self.labels.zone_sign(at, self._zone)}"

    def covers(self) -> str:
        """`Covers 25 Sep 07:00 to 26 Sep 07:00`: the span in which the digest's hits were found."""
        return self.labels.word(
            "covers", start=self.day_and_time(self._document.covers_from_at), end=self.day_and_time(self._document.made_at)
        )

    def notices(self) -> tuple[str, ...]:
        """What the reader must know of how the digest came: asked for, late, in place of others."""
        found = [self.labels.word("asked")] if self._document.asked else []
        if self._document.late:
            found.append(self.labels.word("late", due=self.moment(self._document.due_at), made=self.moment(self._document.made_at)))
        if self._document.missed:
            found.append(self.labels.count("n_missed", self._document.missed))
        return tuple(found)

    def why(self, entry: Entry) -> str:
        """`To Lam + Apple, in one sentence; topic: chips`."""
        names = " + ".join(", ".join(side) for side in entry.names)
        if entry.together:
            names += f", {self.labels.word('one_sentence')}"
        topics = f"{self.labels.count('topics', len(entry.topics))}{self.labels.colon} {', '.join(entry.topics)}" if entry.topics else ""
        return self.labels.semicolon.join(part for part in (names, topics) if part)

    def brings(self, entry: Entry) -> str:
        """`US$200m, Marvell (last told 23 Sep)`: what is new in a story already told."""
        told = self.labels.word("told_before", day=self.labels.short_day(from_text(entry.told_at), self._zone)) if entry.told_at else ""
        facts = ", ".join(entry.brings)
        return f"{facts} ({told})" if facts and told else facts or told

    def differs(self, entry: Entry) -> str:
        """`US$620m (kinhte24) – US$600m (tradewire)`: sums that contradict each other, or nothing."""
        return self.labels.semicolon.join(entry.differs)

    def earlier(self, entry: Entry) -> str:
        """`Vietnam licenses Starlink (3 Mar)`: what the story goes on from, or nothing."""
        if entry.earlier is None:
            return ""
        return f"{entry.earlier.headline} ({self.labels.short_day(from_text(entry.earlier_at), self._zone)})"

    def copies(self, entry: Entry) -> str:
        """`3 copies of VNA, 1 copy of one text`, or nothing."""
        named = [self.labels.count("n_copies_of", n, agency=agency) for agency, n in entry.copies if agency]
        return ", ".join([*named, *(self.labels.count("n_copies", n) for agency, n in entry.copies if not agency)])

    def reports(self, entry: Entry) -> str:
        """`7 reports: 4 vi, 2 en, 1 fr`; one report: its language alone."""
        if entry.reports == 1 and entry.langs:
            return entry.langs[0][0]
        langs = ", ".join(f"{n} {lang}" for lang, n in entry.langs)
        return self.labels.count("n_reports", entry.reports) + (f"{self.labels.colon} {langs}" if langs else "")

    def meta(self, entry: Entry) -> str:
        """`first seen 06:40 (VOV) · 3 copies of VNA · score 7.4 · story 412`; the number is the one to ask `monitor stories show` for."""
        first = f"{self.labels.word('first')} {self.moment(entry.first_seen_at)}" + (
            f" ({entry.first})" if entry.first and (len(entry.outlets) > 1 or entry.first != entry.line.outlet) else ""
        )
        score = f"{self.labels.word('score')}\u00a0{self.labels.decimal(entry.score)}"
        copies = f" · {copies}" if (copies := self.copies(entry)) else ""
        return f"{first}{copies} · {score} · {self.labels.word('story')}\u00a0{entry.story}"

    def more_outlets(self, entry: Entry) -> str:
        """`and 4 more`, or nothing."""
        return self.labels.word("and_more", n=entry.more_outlets) if entry.more_outlets else ""

    def rest(self) -> tuple[str, ...]:
        """What is counted and not listed: developments beyond the size, below the line, repeats folded."""
        document = self._document
        counted = (
            ("n_found_more", document.found_more),
            ("n_more", document.also_more),
            ("n_below", document.below),
            ("n_echoes", document.echoes),
        )
        return tuple(self.labels.count(name, n) for name, n in counted if n)

    def coverage(self) -> str:
        """`41 of 43 sources healthy, 612 articles seen, 3 pages still to be read`."""
        found = self._document.coverage
        parts = [
            self.labels.count("sources", found.healthy, k=self.labels.number(found.sources)),
            self.labels.count("n_articles", found.articles),
        ]
        if found.pending:
            parts.append(self.labels.count("n_pending", found.pending))
        return ", ".join(parts)

    def days(self) -> str:
        """`Hits a day, 20 Sep to 26 Sep so far: 3, 5, 0, 9, 4, 7, 2`, or nothing where the days are too few."""
        days = self._document.days
        counted = ", ".join(self.labels.number(hits) for _, hits in days)
        return f"{self.labels.word('hits_a_day')}, {self.span()}{self.labels.colon} {counted}" if days else ""

    def span(self) -> str:
        """`20 Sep to 26 Sep so far`: the days of the chart, or nothing."""
        days = self._document.days
        return self.labels.word("so_far", start=self._day_of(days[0][0]), end=self._day_of(days[-1][0])) if days else ""

    def bars(self) -> tuple[tuple[str, str, int], ...]:
        """The bars of the chart: (hits in at most three signs, day, height in pixels); the last is the digest's own day, so far."""
        days = self._document.days
        return tuple(
            (str(hits) if hits < 1000 else f"{min(hits // 1000, 99)}k", self._day_of(day), height)
            for (day, hits), height in zip(days, heights(days), strict=True)
        )

    def failing(self, source: Failing) -> str:
        """`The Hanoi Times: failing since 24 Sep 03:10 (too slow)`."""
        if source.gone:
            return f"{source.name}{self.labels.colon} {self.labels.word('gone')}"
        text = f"{source.name}{self.labels.colon} {self.labels.word('failing_since', day=self.moment(source.since_at))}"
        return f"{text} ({self.labels.fault(source.kind)})" if source.kind else text

    def blind_spots(self) -> tuple[str, ...]:
        """What could not be seen: sources failing, silent or with gaps, and spans without a watch; one line each."""
        found = self._document.coverage
        lines = [self.failing(source) for source in found.failing]
        for name, sources in (("silent_since", found.silent), ("gap_at", found.gaps)):
            lines += [f"{each.name}{self.labels.colon} {self.labels.word(name, day=self.moment(each.at))}" for each in sources]
        lines += [
            self.labels.word("unwatched", start=self.day_and_time(start), end=self.day_and_time(end)) for start, end in found.unwatched
        ]
        return tuple(lines)

    def foot(self) -> tuple[str, ...]:
        """Zone, identity and how to ask on."""
        document = self._document
        return (
            self.labels.word("times_in", zone=document.zone),
            f"{self.labels.word('digest')} {document.uid}",
            f"{self.labels.word('explain')}{self.labels.colon} monitor stories show N",
        )

    def _day_of(self, day: str) -> str:
        return self.labels.day_of(int(day[5:7]), int(day[8:10]))

    def day_and_time(self, text: str) -> str:
        """`26 Sep 07:00`: a stored instant in the reader's zone."""
        at = from_text(text)
        return f"{self.labels.short_day(at, self._zone)} {self.labels.clock(at, self._zone)}"

    def moment(self, text: str) -> str:
        """`07:00`, or `25 Sep 07:00` on another day than the digest's: a stored instant in the reader's zone."""
        return self.labels.moment(from_text(text), self._zone, self._made_at)
