"""`monitor explain`: why a text matched, or why not, and the smallest change that would make it a hit."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.match import chosen_watchlists, read_texts
from monitor.cli.output import document, plain, say, show
from monitor.cli.session import Session, open_session
from monitor.errors import NothingSelected

if TYPE_CHECKING:
    from monitor.hits.changes import Change, Known
    from monitor.model import Hit, Verdict, Watchlist

_MARKED = re.compile(r"\[([^|\[\]]+)\|([^\[\]]+)\]")
_SHIPPED = "seeds/vietnam-us-tech.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The text to explain, and the hits that are stored of it."""

    title: str
    text: str
    lang: str
    weak: bool = False
    hits: tuple[Hit, ...] = ()


@click.command()
@click.argument("what", metavar="ID|URL|FILE")
@click.option("--watchlist", "chosen", help="A watchlist file, or the name of a configured watchlist (default: all configured).")
@click.option(
    "--missed", is_flag=True, help="Draft the smallest change that would have caught it, as TOML; an address not stored is fetched."
)
@click.option("--diff", is_flag=True, help="With --missed: the change as a diff of the watchlist file, for `patch -p1`.")
@document
@click.pass_context
def explain(ctx: click.Context, what: str, chosen: str | None, missed: bool, diff: bool, as_json: bool) -> None:
    """Explain a hit by its number, a stored article by its address, or any text file (title on the first line).

    Shows the marked text, the parts of the score, the names not taken with the reason, and for a miss by how much it fell short and the smallest
    changes that would make it a hit, each tried by matching again.

    \b
    Examples:
      monitor explain 12
      monitor explain https://example.org/article --missed
      monitor explain page.txt --missed --diff --watchlist w.toml | patch -p1
    """
    from monitor.hits import changes
    from monitor.hits import explain as words
    from monitor.hits.compile import compile_matcher

    session = open_session(ctx)
    subject = _subject(session, what, missed or diff)
    watchlists = chosen_watchlists(session, chosen)
    matcher = compile_matcher(watchlists)
    documents = []
    for watchlist in watchlists:
        if what.isdigit() and chosen is None and watchlist.id not in {hit.watchlist for hit in subject.hits}:
            continue
        verdict = matcher.verdict_of(watchlist.id, subject.title, subject.text, subject.lang, subject.weak)
        stored = next((hit for hit in subject.hits if hit.watchlist == watchlist.id), None)
        known = _known(watchlist) if verdict.band is None else {}
        found = changes.changes(watchlist, subject.title, subject.text, subject.lang, subject.weak, known)
        lines = [*words.explain(verdict, watchlist, subject.title, subject.text), *_compared(session, subject, verdict, stored)]
        if verdict.band is None:
            lines += ["", *(f"would match with: {line}" for line in _changes(found) or ("no single small change",))]
        fields: dict[str, object] = {**asdict(verdict), "changes": _changes(found), "stored": None if stored is None else _stored(stored)}
        if missed or diff:
            fields |= _drafted(session, chosen, watchlist, found, subject)
            _say_draft(verdict, fields, diff, as_json)
        documents.append({**fields, "lines": lines})
        if not (as_json or missed or diff):
            click.echo("\n".join(map(_lit, lines)) + "\n")
    if not documents:
        raise NothingSelected(f"the watchlist of hit {what} is not configured any more; see `monitor hits show {what}`")
    if as_json:
        show({"what": what, "title": subject.title, "verdicts": documents}, as_json=True)


def _changes(found: Sequence[Change]) -> tuple[str, ...]:
    return tuple(f"{one.text}: {one.verdict.band}, {one.verdict.score:.1f} points" for one in found)


def _subject(session: Session, what: str, fetch: bool) -> Subject:
    if Path(what).is_file() or what == "-":
        text = next(read_texts([what]), None)
        if text is None:
            raise NothingSelected(f"{what} is empty")
        return Subject(title=text.title, text=text.text, lang=text.lang)
    from monitor.cli.pages import is_address
    from monitor.hits.match import is_teaser
    from monitor.store import articles, hits
    from monitor.urls import url_key

    if what.isdigit():
        hit = hits.get(session.store, int(what))
        article = None if hit is None else articles.get(session.store, hit.article_id)
        missing = f"there is no hit {what}; see `monitor hits list`"
    else:
        article = articles.by_url_key(session.store, url_key(what)) if session.configured or not fetch else None
        missing = f"{what} is no number of a hit, no stored article and no file"
    if article is None and fetch and is_address(what):
        return _fetched(session, what)
    if article is None:
        raise NothingSelected(missing + ("; --missed fetches it" if is_address(what) else ""))
    found = hits.of_article(session.store, article.id)
    weak = is_teaser(article.text_source, article.text)
    return Subject(title=article.title, text=article.text, lang=article.lang, weak=weak, hits=found)


def _fetched(session: Session, url: str) -> Subject:
    """A page that no feed brought: that is why it was missed, whatever the watchlist says of it."""
    from monitor.articles.language import choose_language
    from monitor.cli.pages import fetch_pages
    from monitor.text import clean, one_line
    from monitor.urls import host

    say(f"{url} is not stored: no feed showed it. Feeds of the site: monitor feeds discover https://{host(url)}/")
    (page,) = fetch_pages(session, [url])
    if page.error:
        raise NothingSelected(page.error)
    title, text = one_line(page.title, 1000), clean(page.text)
    lang = choose_language(f"{title}\n{text}", "", page.lang, ("vi", "en", "fr"))[0]
    return Subject(title=title, text=text, lang=lang)


def _known(watchlist: Watchlist) -> Known:
    """What the gazetteer knows for the sides of a watchlist and the watchlist does not have."""
    from monitor.watchlists.knowledge import load

    have = {entity.id for side in watchlist.sides for entity in side.entities}
    parts = load().parts.values()
    return {
        side.id: [one for part in parts if part.side == side.id for one in part.entities if one.id not in have] for side in watchlist.sides
    }


def _drafted(session: Session, chosen: str | None, watchlist: Watchlist, found: Sequence[Change], subject: Subject) -> dict[str, object]:
    """The first change that does in the file what it does in memory: its blocks as TOML, and as a diff; empty where there is none."""
    from monitor.errors import ConfigError
    from monitor.hits.compile import compile_matcher
    from monitor.toml_edit import edited, unified
    from monitor.watchlists.format import parse_watchlists
    from monitor.watchlists.knowledge import load

    file, before = file_of(session, chosen, watchlist.id)
    for change in found:
        after = edited(before, change.edits)
        try:
            changed = parse_watchlists(after, file, load())
        except ConfigError:
            continue
        verdict = compile_matcher(changed).verdict_of(watchlist.id, subject.title, subject.text, subject.lang, subject.weak)
        if verdict.band is not None:
            return {"draft": change.text, "file": file, "toml": _blocks(file, before, after, change), "diff": unified(file, before, after)}
    return {"draft": "", "file": file, "toml": "", "diff": ""}


def _blocks(file: str, before: str, after: str, change: Change) -> str:
    """Every table that the change touches, as it would be, and where it goes."""
    from monitor.toml_edit import block

    shown = []
    for table in dict.fromkeys(edit.table for edit in change.edits):
        was, made = block(before, table), block(after, table)
        where = f"in place of the block on line {was[0]}" if was else "at the end"
        shown.append(
            f"# {plain(change.text)}: {change.verdict.band}, {change.verdict.score:.1f} points\n# {file}: {where}\n{made[1] if made else ''}"
        )
    return "\n".join(shown)


def _say_draft(verdict: Verdict, fields: dict[str, object], diff: bool, as_json: bool) -> None:
    if verdict.band is not None:
        quiet = isinstance(stored := fields["stored"], dict) and stored["quiet"]
        why = "; it is quiet, for it was old when first seen or found by a changed watchlist later" if quiet else "; nothing was missed"
        say(f"{verdict.watchlist}: this text is a hit ({verdict.band}){why}")
    elif not fields["draft"]:
        say(f"{verdict.watchlist}: no single small change of {fields['file']} makes it a hit")
    else:
        say(f"{verdict.watchlist}: {'; '.join(verdict.reasons)}")
        if not as_json:
            click.echo(fields["diff" if diff else "toml"], nl=False)


def file_of(session: Session, chosen: str | None, watchlist: str) -> tuple[str, str]:
    """The file that declares a watchlist, as it is to be named, with its text."""
    from monitor.starter import files
    from monitor.watchlists.format import parse_watchlists
    from monitor.watchlists.knowledge import load

    if chosen is not None and Path(chosen).is_file():
        return chosen, Path(chosen).read_text(encoding="utf-8")
    if not session.configured:
        return _SHIPPED, files()[_SHIPPED]
    for path in session.config.watchlists:
        text = path.read_text(encoding="utf-8")
        if watchlist in {one.id for one in parse_watchlists(text, str(path), load())}:
            return _shown(path), text
    raise NothingSelected(f"no configured file declares {watchlist}")


def _shown(path: Path) -> str:
    """A path as seen from the working folder, where it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)


def _lit(line: str) -> str:
    """A line with its marked names in colour on a terminal; in brackets elsewhere."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return line
    return _MARKED.sub(lambda found: click.style(found[1], bold=True, fg="cyan") + click.style(f"|{found[2]}", dim=True), line)


def _compared(session: Session, subject: Subject, verdict: Verdict, stored: Hit | None) -> list[str]:
    """What has changed since the hit was stored; and whether the watchlist of then still gives the verdict of then."""
    if stored is None:
        return []
    then = stored.verdict
    quiet = (
        ["it is quiet: old when it was first seen, or found by a changed watchlist later; no digest tells it as news"]
        if stored.quiet
        else []
    )
    if then == verdict:
        return ["", f"hit {stored.id} was stored with this same verdict", *quiet]
    causes = [
        name
        for name, before, after in (
            ("the watchlist", then.watchlist_digest, verdict.watchlist_digest),
            ("the text", then.text_hash, verdict.text_hash),
            ("the program", then.engine, verdict.engine),
        )
        if before != after
    ]
    again = _again(session, subject, stored)
    return [
        "",
        f"hit {stored.id} was stored with {then.band}, {then.score:.1f} points; since then changed: {', '.join(causes) or 'nothing'}",
        *(["the watchlist of then gives that same verdict of this text"] if again == then else []),
        *quiet,
    ]


def _again(session: Session, subject: Subject, stored: Hit) -> Verdict | None:
    """The verdict by the version of the watchlist that the hit was stored with."""
    from monitor.hits.compile import compile_matcher
    from monitor.store.hits import version_of
    from monitor.watchlists.stored import watchlist_of

    source = version_of(session.store, stored.id)
    if source is None:
        return None
    matcher = compile_matcher([watchlist_of(source)])
    return matcher.verdict_of(stored.watchlist, subject.title, subject.text, subject.lang, subject.weak)


def _stored(hit: Hit) -> dict[str, object]:
    return {"id": hit.id, "band": hit.band, "score": hit.score, "quiet": hit.quiet, "created_at": hit.created_at, "story_id": hit.story_id}
