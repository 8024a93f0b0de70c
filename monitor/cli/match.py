"""`monitor match`: texts in, verdicts out, without a database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.output import progress, say
from monitor.cli.session import Session, open_session
from monitor.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.match import Matcher
    from monitor.model import Mention, Verdict, Watchlist

_BANDS = ("review", "alert")
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
@click.pass_context
def match(ctx: click.Context, files: tuple[str, ...], chosen: str | None, as_json: bool) -> None:
    """Judge texts against the watchlists: text files, or JSONL with id, title, text, url, lang, date; `-` is standard input.

    Writes one line of JSON for each text, in order: id, matched, band, score, watchlist, story, mentions, reasons. Where several watchlists match, the
    line is that of the strongest. Offsets of mentions count in the field they name.
    """
    from monitor.hits.compile import compile_matcher

    texts = list(read_texts(files))
    if not texts:
        raise NothingSelected("there is no text in the input")
    watchlists = chosen_watchlists(open_session(ctx), chosen)
    matcher = compile_matcher(watchlists)
    verdicts = []
    with progress(len(texts), "matching") as advance:
        for text in texts:
            verdicts.append(strongest(matcher, text))
            advance(1)
    stories = _stories(texts, verdicts, watchlists)
    rows = [_row(text, verdict, stories.get(str(n))) for n, (text, verdict) in enumerate(zip(texts, verdicts, strict=True))]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))


def chosen_watchlists(session: Session, chosen: str | None) -> tuple[Watchlist, ...]:
    """The watchlists of a file, one by name, or all configured; without a configuration the one that is shipped."""
    from monitor.watchlists.format import parse_watchlists
    from monitor.watchlists.knowledge import load

    if chosen is not None and Path(chosen).is_file():
        return parse_watchlists(Path(chosen).read_text(encoding="utf-8"), chosen, load())
    if chosen is None and not session.configured:
        from monitor.starter import files

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

    Raises UsageError with file and line for a line that is no JSON object with a title or a text.
    """
    for name in files:
        content = sys.stdin.read() if name == "-" else _content(name)
        if content.lstrip("\ufeff \n\r\t").startswith("{"):
            yield from _jsonl(name, content.lstrip("\ufeff").split("\n"))
        elif content.strip():
            title, _, text = content.strip().partition("\n")
            yield _input(name, 1, {"id": name, "title": title, "text": text})


def _content(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text (byte {error.start})") from error


def _jsonl(name: str, lines: Iterable[str]) -> Iterator[InputText]:
    for number, line in enumerate(lines, 1):
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


def _stories(texts: Sequence[InputText], verdicts: Sequence[Verdict], watchlists: tuple[Watchlist, ...]) -> dict[str, str]:
    """Story labels by number of the text. A text without a date is taken to be of the day of the one before it."""
    from monitor.stories.fingerprint import HitText
    from monitor.stories.group import label
    from monitor.stories.step import hubs
    from monitor.urls import url_key

    found: dict[str, list[HitText]] = {}
    at = next((text.at for text in texts if text.at), datetime(2000, 1, 1, tzinfo=UTC))
    for number, (text, verdict) in enumerate(zip(texts, verdicts, strict=True)):
        at = text.at or at
        if verdict.band is not None:
            hit = HitText(
                key=str(number),
                title=text.title,
                text=text.text,
                lang=text.lang,
                at=at,
                mentions=verdict.mentions,
                address=url_key(text.url) if text.url else "",
            )
            found.setdefault(verdict.watchlist, []).append(hit)
    labels: dict[str, str] = {}
    for watchlist, hits in found.items():
        labels |= {key: f"{watchlist}:{story}" for key, story in label(hits, hubs(watchlists)).items()}
    return labels


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
