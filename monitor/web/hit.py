"""One hit with all its evidence: the text with what was found in it, the score term by term, what was not taken and why; and its marks."""

from __future__ import annotations

from monitor.errors import NothingSelected, UsageError
from monitor.hits.explain import WHY
from monitor.hits.sentences import MOST_CHARS, matched_text
from monitor.model import Article, Hit
from monitor.store import articles as stored_articles
from monitor.store import digests as stored_digests
from monitor.store import hits as stored
from monitor.text import digest, one_line
from monitor.web.desk import Answer, Asked, see_other
from monitor.web.marks import SHOWN_CHARS, Piece, marked
from monitor.web.render import page
from monitor.web.words import titles_of

VERDICTS = ("useful", "useless")
MOST_REASON_CHARS = 300
_AROUND = 30


def hit(asked: Asked) -> Answer:
    """The page of a hit."""
    store = asked.desk.store
    found = _found(asked)
    article = stored_articles.get(store, found.article_id)
    about = stored.about(store, found.id)
    if article is None or about is None:
        raise NothingSelected("there is no such hit")
    whole = matched_text(article.title, article.text)
    same = digest(whole[:MOST_CHARS]) == found.verdict.text_hash
    verdict = found.verdict
    rejected = [(one, WHY.get(one.reason, one.reason)) for one in verdict.rejected]
    return page(
        asked,
        "hit.html",
        article.title or "Untitled article",
        hit=found,
        article=article,
        about=about,
        paragraphs=_text(whole, article, found, same),
        same=same,
        cut=len(whole) > SHOWN_CHARS,
        most=max((abs(part.points) for part in verdict.parts), default=1.0) or 1.0,
        refused=_refused(whole, found, titles_of(asked.desk.watchlists)) if same else [],
        counts={kind: sum(m.kind == kind for m in verdict.mentions) for kind in ("entity", "topic", "cue")} | {"rejected": len(rejected)},
        marks=stored.labels(store, found.id),
        sightings=stored_articles.sightings(store, article.id),
        told=stored_digests.told_in(store, found.id),
        bands=next(((one.review, one.alert) for one in asked.desk.watchlists if one.id == found.watchlist), None),
    )


def mark(asked: Asked) -> Answer:
    """Keeps what somebody thinks of a hit, and leads back to it."""
    found = _found(asked)
    verdict = asked.form.get("verdict", "")
    if verdict not in VERDICTS:
        raise UsageError(f"a hit is marked {' or '.join(VERDICTS)}")
    reason = one_line(asked.form.get("because", ""), MOST_REASON_CHARS)
    stored.mark(asked.desk.store, found.id, verdict, reason, asked.now)
    return see_other(f"/hits/{found.id}#marks")


def _found(asked: Asked) -> Hit:
    found = stored.get(asked.desk.store, asked.number())
    if found is None:
        raise NothingSelected("there is no such hit")
    return found


def _text(whole: str, article: Article, found: Hit, same: bool) -> tuple[tuple[Piece, ...], ...]:
    """The text in marked paragraphs without the title; unmarked where it is not the text that was judged: places would not fit."""
    if not article.text:
        return ()
    rejected = [(one, WHY.get(one.reason, one.reason)) for one in found.verdict.rejected]
    paragraphs = marked(whole, found.verdict.mentions if same else (), rejected if same else ())
    return paragraphs[1:] if article.title.strip() else paragraphs


def _refused(whole: str, found: Hit, titles: dict[str, str]) -> list[dict[str, str]]:
    """What looked like a name and was not taken: the string, for whom, why, and the words around it."""
    return [
        {
            "text": whole[one.start : one.end],
            "title": titles.get(one.id, one.id),
            "why": WHY.get(one.reason, one.reason),
            "before": whole[max(0, one.start - _AROUND) : one.start],
            "after": whole[one.end : one.end + _AROUND],
        }
        for one in found.verdict.rejected
    ]
