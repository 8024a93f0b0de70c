"""`monitor explain`: why a text matched, or why not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.match import chosen_watchlists, read_texts
from monitor.cli.output import document, show
from monitor.cli.session import Session, open_session
from monitor.errors import NothingSelected

if TYPE_CHECKING:
    from monitor.model import Hit, Verdict


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
@document
@click.pass_context
def explain(ctx: click.Context, what: str, chosen: str | None, as_json: bool) -> None:
    """Explain a hit by its number, a stored article by its address, or any text file (title on the first line).

    Shows the marked text, the parts of the score, the names not taken with the reason, and for a miss the smallest changes that would make it a hit.
    """
    from monitor.hits import explain as words
    from monitor.hits.compile import compile_matcher

    session = open_session(ctx)
    subject = _subject(session, what)
    watchlists = chosen_watchlists(session, chosen)
    matcher = compile_matcher(watchlists)
    documents = []
    for watchlist in watchlists:
        if what.isdigit() and chosen is None and watchlist.id not in {hit.watchlist for hit in subject.hits}:
            continue
        verdict = matcher.verdict_of(watchlist.id, subject.title, subject.text, subject.lang, subject.weak)
        stored = next((hit for hit in subject.hits if hit.watchlist == watchlist.id), None)
        changes = words.changes(watchlist, subject.title, subject.text, subject.lang, subject.weak) if verdict.band is None else ()
        lines = [*words.explain(verdict, watchlist, subject.title, subject.text), *_compared(verdict, stored)]
        if verdict.band is None:
            lines += ["", *(f"would match with: {change}" for change in changes or ("no single small change",))]
        documents.append({**asdict(verdict), "changes": changes, "stored": None if stored is None else _stored(stored), "lines": lines})
        if not as_json:
            click.echo("\n".join(lines) + "\n")
    if not documents:
        raise NothingSelected(f"the watchlist of hit {what} is not configured any more; see `monitor hits show {what}`")
    if as_json:
        show({"what": what, "title": subject.title, "verdicts": documents}, as_json=True)


def _subject(session: Session, what: str) -> Subject:
    if Path(what).is_file() or what == "-":
        text = next(read_texts([what]), None)
        if text is None:
            raise NothingSelected(f"{what} is empty")
        return Subject(title=text.title, text=text.text, lang=text.lang)
    from monitor.hits.match import is_teaser
    from monitor.store import articles, hits
    from monitor.urls import url_key

    if what.isdigit():
        hit = hits.get(session.store, int(what))
        article = None if hit is None else articles.get(session.store, hit.article_id)
        missing = f"there is no hit {what}; see `monitor hits list`"
    else:
        article = articles.by_url_key(session.store, url_key(what))
        missing = f"{what} is no number of a hit, no stored article and no file"
    if article is None:
        raise NothingSelected(missing)
    found = hits.of_article(session.store, article.id)
    weak = is_teaser(article.text_source, article.text)
    return Subject(title=article.title, text=article.text, lang=article.lang, weak=weak, hits=found)


def _compared(verdict: Verdict, stored: Hit | None) -> list[str]:
    """What has changed since the hit was stored."""
    if stored is None:
        return []
    then = stored.verdict
    if (then.band, then.score, then.mentions) == (verdict.band, verdict.score, verdict.mentions):
        return ["", f"hit {stored.id} was stored with this same verdict"]
    causes = [
        name
        for name, before, after in (
            ("the watchlist", then.watchlist_digest, verdict.watchlist_digest),
            ("the text", then.text_hash, verdict.text_hash),
            ("the program", then.engine, verdict.engine),
        )
        if before != after
    ]
    return [
        "",
        f"hit {stored.id} was stored with {then.band}, {then.score:.1f} points; since then changed: {', '.join(causes) or 'nothing'}",
    ]


def _stored(hit: Hit) -> dict[str, object]:
    return {"id": hit.id, "band": hit.band, "score": hit.score, "quiet": hit.quiet, "created_at": hit.created_at, "story_id": hit.story_id}
