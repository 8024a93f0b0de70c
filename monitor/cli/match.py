"""`monitor match`: texts in, verdicts out, without a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.output import json_text, progress, say
from monitor.cli.session import Session, open_session
from monitor.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.match import Matcher
    from monitor.model import Mention, Verdict, Watchlist
    from monitor.stories.fingerprint import HitText
    from monitor.stories.group import Grouper

_BANDS = ("review", "alert")
_WINDOW_CHARS = 16_000_000
_SHIPPED = "seeds/vietnam-us-tech.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputText:
    """One text to judge. `skipped` is how many characters of the given text repeated the title and were left out."""

    id: str
    title: str
    text: str
    lang: str
    url: str
    at: datetime | None
    skipped: int


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--watchlist", "chosen", help="A watchlist file, or the name of a configured watchlist (default: all configured).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of one line for each text.")
@click.option(
    "--window",
    type=click.IntRange(1),
    default=5000,
    show_default=True,
    help="Texts held together while their stories are labelled by time; 1 writes every line at once.",
)
@click.pass_context
def match(ctx: click.Context, files: tuple[str, ...], chosen: str | None, as_json: bool, window: int) -> None:
    """Judge texts against the watchlists: text files, or JSONL with id, title, text, url, lang, date; `-` is standard input.

    Writes one line of JSON for each text, in order: id, matched, band, score, watchlist, story, mentions, reasons. Where several watchlists match, the
    line is that of the strongest. Offsets of mentions count in the field they name. Memory stays the same however long the input is.

    \b
    Examples:
      monitor match texts.jsonl > verdicts.jsonl
      zcat stream.jsonl.gz | monitor match - --watchlist vietnam-us-tech
    """
    from monitor.hits.compile import compile_matcher

    watchlists = chosen_watchlists(open_session(ctx), chosen)
    matcher = compile_matcher(watchlists)
    stories = _Stories(watchlists)
    written = 0
    with progress(_total(files), "matching") as advance:
        for texts in _windows(read_texts(files), window):
            verdicts = []
            for text in texts:
                verdicts.append(strongest(matcher, text))
                advance(1)
            labels = stories.label(texts, verdicts)
            for number, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
                _write(_row(text, verdict, labels.get(number)), written, as_json)
                written += 1
    if not written:
        raise NothingSelected("there is no text in the input")
    if as_json:
        click.echo("\n]")


def _total(files: Sequence[str]) -> int | None:
    """The number of texts to come, where the input is files and somebody looks; None where it cannot be known."""
    if "-" in files or not sys.stderr.isatty():
        return None
    total = 0
    for name in files:
        with Path(name).open("rb") as file:
            total += max(1, sum(bool(line.strip()) for line in file)) if file.read(1) == b"{" else 1
    return total


def _windows(texts: Iterable[InputText], size: int) -> Iterator[list[InputText]]:
    """The texts in lists of at most `size`, and of at most some megabytes."""
    held: list[InputText] = []
    chars = 0
    for text in texts:
        held.append(text)
        chars += len(text.title) + len(text.text)
        if len(held) >= size or chars >= _WINDOW_CHARS:
            yield held
            held, chars = [], 0
    if held:
        yield held


def _write(row: Mapping[str, object], before: int, as_json: bool) -> None:
    if not as_json:
        click.echo(json_text(row))
        return
    lines = json_text(row, indent=2).replace("\n", "\n  ")
    click.echo(f"{',' if before else '['}\n  {lines}", nl=False)


def chosen_watchlists(session: Session, chosen: str | None) -> tuple[Watchlist, ...]:
    """The watchlists of a file, one by name, or all configured; without a configuration the one that is shipped."""
    if chosen is not None and Path(chosen).is_file():
        from monitor.app import watchlists_of

        return watchlists_of(Path(chosen))
    if chosen is None and not session.configured:
        from monitor.starter import files
        from monitor.watchlists.format import parse_watchlists
        from monitor.watchlists.knowledge import load

        say(f"no configuration: using the shipped watchlist {_SHIPPED}")
        return parse_watchlists(files()[_SHIPPED], _SHIPPED, load())
    found = tuple(watchlist for watchlist in session.watchlists if chosen in {None, watchlist.id})
    if not found:
        known = ", ".join(watchlist.id for watchlist in session.watchlists)
        raise UsageError(f"no watchlist is called {chosen!r}, and there is no such file; configured: {known}")
    return found


def strongest(matcher: Matcher, text: InputText) -> Verdict:
    """The verdict of the watchlist that speaks loudest: the higher band, then the higher score."""
    verdicts = [matcher.verdict_of(watchlist.id, text.title, text.text, text.lang) for watchlist in matcher.watchlists]
    return max(verdicts, key=lambda verdict: (_BANDS.index(verdict.band) if verdict.band else -1, verdict.score))


def read_texts(files: Sequence[str]) -> Iterator[InputText]:
    """The texts of files: JSON objects, one a line, where the first line is one; else a title on the first line and the text after it.

    Lines are read as they are asked for. Raises UsageError with file and line for a line that is no JSON object with a title or a text.
    """
    for name in files:
        with nullcontext(sys.stdin) if name == "-" else Path(name).open("rb") as source:
            lines = _lines(name, getattr(source, "buffer", source))
            first = next(((number, line) for number, line in lines if line.strip()), None)
            if first is None:
                continue
            if first[1].lstrip().startswith("{"):
                yield from _jsonl(name, chain((first,), lines))
            else:
                title, text = first[1].strip(), "".join(line for _, line in lines).strip()
                yield _input(name, first[0], {"id": name, "title": title, "text": text})


def _lines(name: str, source: Iterable[bytes | str]) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, as text."""
    for number, line in enumerate(source, 1):
        try:
            text = line if isinstance(line, str) else line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{name}:{number}: not UTF-8 text (byte {error.start} of the line)") from error
        yield number, text.lstrip("\ufeff") if number == 1 else text


def _jsonl(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[InputText]:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise UsageError(f"{name}:{number}: not a JSON object ({error})") from error
        if not isinstance(fields, dict) or not (fields.get("title") or fields.get("text")):
            raise UsageError(f"{name}:{number}: a line needs a JSON object with a title or a text")
        yield _input(name, number, fields)


def _input(name: str, number: int, fields: Mapping[str, Any]) -> InputText:
    from monitor.articles.language import choose_language
    from monitor.text import clean, one_line

    whole = clean(str(fields.get("text") or ""))
    title = one_line(str(fields.get("title") or ""), 1000) or one_line(whole.partition("\n")[0], 1000)
    text = whole.removeprefix(title).lstrip() if whole.startswith(title) else whole
    lang = str(fields.get("lang") or "")[:2].lower() or choose_language(f"{title}\n{text}", "", "", ("vi", "en", "fr"))[0]
    return InputText(
        id=str(fields.get("id", f"{name}:{number}")),
        title=title,
        text=text,
        lang=lang,
        url=str(fields.get("url") or ""),
        at=_instant(fields.get("date")),
        skipped=len(whole) - len(text),
    )


def _instant(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


class _Stories:
    """Labels of stories over a run: one bounded grouper for each watchlist, whatever the number of windows."""

    def __init__(self, watchlists: tuple[Watchlist, ...]) -> None:
        from monitor.stories.step import hubs

        self._hubs = hubs(watchlists)
        self._groupers: dict[str, Grouper] = {}
        self._begun = 0
        self._at: datetime | None = None

    def label(self, texts: Sequence[InputText], verdicts: Sequence[Verdict]) -> dict[int, str]:
        """Labels by number of the text, given in order of time. A text without a date is taken to be of the day of the one before it."""
        hits: list[tuple[int, str, HitText]] = []
        self._at = self._at or next((text.at for text in texts if text.at), datetime(2000, 1, 1, tzinfo=UTC))
        for number, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
            self._at = text.at or self._at
            if verdict.band is not None:
                hits.append((number, verdict.watchlist, _hit_text(f"{self._begun}-{number}", text, verdict, self._at)))
        labels = {}
        for number, watchlist, hit in sorted(hits, key=lambda each: (each[2].at, each[0])):
            labels[number] = f"{watchlist}:s{self._place(watchlist, hit)}"
        return labels

    def _place(self, watchlist: str, hit: HitText) -> int:
        from monitor.stories.fingerprint import fingerprint
        from monitor.stories.group import Grouper

        grouper = self._groupers.setdefault(watchlist, Grouper())
        found = fingerprint(hit, self._hubs)
        story = grouper.place(found).story
        if story is None:
            self._begun += 1
            story = self._begun
        grouper.add(story, found)
        return story


def _hit_text(key: str, text: InputText, verdict: Verdict, at: datetime) -> HitText:
    from monitor.stories.fingerprint import HitText
    from monitor.urls import url_key

    return HitText(
        key=key,
        title=text.title,
        text=text.text,
        lang=text.lang,
        at=at,
        mentions=verdict.mentions,
        address=url_key(text.url) if text.url else "",
    )


def _row(text: InputText, verdict: Verdict, story: str | None) -> dict[str, object]:
    return {
        "id": text.id,
        "matched": verdict.band is not None,
        "band": verdict.band,
        "score": verdict.score,
        "watchlist": verdict.watchlist,
        "story": story,
        "mentions": [_mention(text, mention) for mention in verdict.mentions],
        "reasons": list(verdict.reasons),
    }


def _mention(text: InputText, mention: Mention) -> dict[str, object]:
    before = len(text.title) + 1
    in_title = mention.start < before
    shift = 0 if in_title else text.skipped - before
    return {
        "kind": mention.kind,
        "id": mention.id,
        "side": mention.side,
        "title": mention.title,
        "alias": mention.alias,
        "field": "title" if in_title else "text",
        "start": mention.start + shift,
        "end": mention.end + shift,
        "sentence": mention.sentence,
        "zone": mention.zone,
    }
