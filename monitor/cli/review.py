"""`monitor hits review`: walk the hits that wait for a judgement, and turn the marks into edits of the watchlist with their measured cost."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, duration, plain, progress, say, show, table
from monitor.cli.session import Session, open_session
from monitor.errors import ConfigError, NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.tuning import Candidate, Marked, Proposal
    from monitor.model import Hit, Watchlist
    from monitor.store.history import KeptText

_MOST_UNMARKED = 300
_KEYS = "y useful, n useless, v never this name, o other reason, Enter skip, q stop"
_ENOUGH = 20


@click.command("review")
@click.option("--since", default="30d", show_default=True, help="Hits found within this time (24h, 7d, 8w).")
@click.option("--watchlist", "name", help="Of this watchlist only.")
@click.option("--band", type=click.Choice(["review", "alert", "all"]), default="review", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many hits, or proposals.")
@click.option("--propose", is_flag=True, help="Do not walk: list edits of the watchlist that the marks so far suggest, with their cost.")
@click.option("--diff", "pick", metavar="N|all", help="With --propose: proposal N, or all that lose nothing, as a diff for `patch -p1`.")
@document
@click.pass_context
def review(ctx: click.Context, since: str, name: str | None, band: str, limit: int, propose: bool, pick: str | None, as_json: bool) -> None:
    """Walk the hits that nobody has judged yet, newest first, and keep what you think of each.

    Answers: y useful, n useless, v never this name (of an entity), o another reason, Enter skip, q stop. Answers may also come from a pipe.
    From the marks, --propose lists edits of the watchlist with the useless hits that each drops and the useful ones it loses; the file is yours to
    change: --diff prints the edit, nothing is written.

    \b
    Examples:
      monitor hits review --since 7d
      monitor hits review --propose
      monitor hits review --propose --diff all | patch -p1
    """
    session = open_session(ctx)
    if propose or pick:
        _propose(session, name, limit, pick, as_json)
        return
    begin = session.now() - duration(since)
    counts = _walk(session, begin, name, None if band == "all" else band, limit, as_json)
    if as_json:
        show(counts, as_json=True)
        return
    say(", ".join(f"{count} {what}" for what, count in counts.items()))
    if counts["marked_so_far"] >= _ENOUGH:
        say("edits that these marks suggest: monitor hits review --propose")


def _walk(session: Session, begin: datetime, name: str | None, band: str | None, limit: int, as_json: bool) -> dict[str, int]:
    from monitor.store import hits

    waiting = hits.unmarked(session.store, begin, limit, watchlist=name, band=band)
    if not waiting:
        raise NothingSelected("no hit waits for a judgement; see `monitor hits list`")
    say(_KEYS)
    counts = {"useful": 0, "useless": 0, "skipped": 0}
    for number, hit in enumerate(waiting, 1):
        if not as_json:
            _show(session, hit, number, len(waiting))
        answer = _answer(hit)
        if answer is None:
            break
        verdict, reason = answer
        counts[verdict] += 1
        if verdict != "skipped":
            hits.mark(session.store, hit.id, verdict, reason, session.now())
    return {**counts, "waiting": len(waiting) - sum(counts.values()), "marked_so_far": hits.marked_count(session.store)}


def _show(session: Session, hit: Hit, number: int, of: int) -> None:
    from monitor.cli.hits import marked_text
    from monitor.store import articles

    article = articles.get(session.store, hit.article_id)
    click.echo(f"\n{number} of {of}: hit {hit.id}, {hit.band}, {hit.score:.1f} points, {hit.watchlist}")
    if article is not None:
        click.echo(f"{plain(article.title)}\n{plain(article.publisher)}  {plain(article.url)}")
    click.echo(plain(marked_text(hit.verdict.snippet.text, hit.verdict.snippet.marks)))
    click.echo(f"because {plain('; '.join(hit.verdict.reasons))}")


def _answer(hit: Hit) -> tuple[str, str] | None:
    """(useful | useless | skipped, reason), or None to stop: at q and at the end of the input."""
    from monitor.hits.tuning import NEVER

    while (line := _ask("? ")) is not None:
        match line.strip().lower():
            case "y" | "yes":
                return "useful", ""
            case "n" | "no":
                return "useless", ""
            case "v" | "never":
                named = _pick_name(hit)
                if named:
                    return "useless", f"{NEVER}{named}"
            case "o" | "other":
                return "useless", (_ask("why? ") or "").strip()
            case "" | "s":
                return "skipped", ""
            case "q":
                return None
            case _:
                say(_KEYS)
    return None


def _pick_name(hit: Hit) -> str:
    """`ID: NAME` of the entity name meant; asked for where the hit has several."""
    names = list(dict.fromkeys(f"{m.id}: {m.alias}" for m in hit.verdict.mentions if m.kind == "entity"))
    if len(names) < 2:
        return next(iter(names), "")
    for number, name in enumerate(names, 1):
        say(f"  {number}  {name}")
    chosen = (_ask("which? ") or "").strip()
    return names[int(chosen) - 1] if chosen.isdigit() and 0 < int(chosen) <= len(names) else ""


def _ask(prompt: str) -> str | None:
    """One line of input, without a terminal too; None at its end."""
    click.echo(prompt, nl=False, err=True)
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """One watchlist file with the hits that its edits are measured on."""

    watchlist: Watchlist
    file: str
    text: str
    marked: Sequence[Marked]
    kept: Mapping[int, KeptText]

    def bands(self, text: str) -> Mapping[int, object] | None:
        """The bands of all hits under the file's text; None where the text is wrong."""
        from monitor.hits.compile import compile_matcher
        from monitor.hits.match import is_teaser
        from monitor.watchlists.format import parse_watchlists
        from monitor.watchlists.knowledge import load

        try:
            matcher = compile_matcher(parse_watchlists(text, self.file, load()))
        except ConfigError:
            return None
        return {
            hit: matcher.verdict_of(self.watchlist.id, one.title, one.text, one.lang, is_teaser(one.text_source, one.text)).band
            for hit, one in self.kept.items()
        }


def _propose(session: Session, name: str | None, limit: int, pick: str | None, as_json: bool) -> None:
    from monitor.cli.match import chosen_watchlists
    from monitor.toml_edit import edited, unified

    found: list[tuple[_Bench, Proposal]] = []
    together: list[tuple[_Bench, Proposal]] = []
    for watchlist in chosen_watchlists(session, name):
        bench = _bench(session, name, watchlist)
        if bench.marked:
            proposals, best = _measure(bench)
            found += [(bench, one) for one in proposals]
            together += [(bench, best)] if best else []
    if not found:
        raise NothingSelected("the marks so far suggest no edit; judge more hits with: monitor hits review")
    if pick is not None:
        chosen = together if pick == "all" else [found[int(pick) - 1]] if pick.isdigit() and 0 < int(pick) <= len(found) else None
        if not chosen:
            raise UsageError(f"there is no proposal {pick}; there are 1 to {len(found)}" + (", none of them free" if pick == "all" else ""))
        for bench, one in chosen:
            say(one.told())
            click.echo(unified(bench.file, bench.text, edited(bench.text, one.edits)), nl=False)
        return
    rows = [_row(number, bench, one) for number, (bench, one) in enumerate(found[:limit], 1)]
    if as_json:
        diffs = [unified(bench.file, bench.text, edited(bench.text, one.edits)) for bench, one in found[:limit]]
        show({"proposals": [{**row, "diff": diff} for row, diff in zip(rows, diffs, strict=True)]}, as_json=True)
        return
    table(rows, ("n", "change", "drops", "loses", "unmarked", "file"))
    for _, one in together:
        say(f"together: {one.told()}")
    say("see one as a diff: monitor hits review --propose --diff N (or all); try it first with: monitor watchlists try FILE")


def _row(number: int, bench: _Bench, one: Proposal) -> dict[str, object]:
    return {
        "n": number,
        "change": one.text,
        "drops": len(one.drops),
        "loses": len(one.loses),
        "unmarked": len(one.others),
        "file": bench.file,
        "dropped_hits": one.drops,
        "lost_hits": one.loses,
    }


def _measure(bench: _Bench) -> tuple[tuple[Proposal, ...], Proposal | None]:
    """The proposals that help, best first, and the free ones together."""
    from monitor.hits import tuning
    from monitor.toml_edit import edited

    before = bench.bands(bench.text) or {}

    def measure(candidate: Candidate) -> Proposal:
        after = bench.bands(edited(bench.text, candidate.edits))
        return tuning.measured(candidate, bench.marked, before, before if after is None else after)  # type: ignore[arg-type]

    chosen = tuning.candidates(bench.watchlist, bench.marked, _written(bench.text))
    with progress(len(chosen), "measuring edits") as advance:
        measured = []
        for candidate in chosen:
            measured.append(measure(candidate))
            advance(1)
    found = tuning.ranked(measured)
    return found, tuning.combined(found, measure)


def _bench(session: Session, name: str | None, watchlist: Watchlist) -> _Bench:
    from monitor.cli.explain import file_of
    from monitor.hits.sentences import matched_text
    from monitor.hits.tuning import Marked
    from monitor.store import history, hits

    file, text = file_of(session, name, watchlist.id)
    kept: dict[int, KeptText] = {}
    marked: list[Marked] = []
    for mark in history.marks(session.store, watchlist.id).values():
        hit, article = hits.get(session.store, mark.hit), history.text_of(session.store, mark.article)
        if hit is not None and article is not None:
            kept[hit.id] = article
            whole = matched_text(article.title, article.text)
            marked.append(Marked(hit=hit.id, useful=mark.verdict == "useful", reason=mark.reason, text=whole, verdict=hit.verdict))
    kept |= dict(_unmarked(session, watchlist.id))
    return _Bench(watchlist=watchlist, file=file, text=text, marked=marked, kept=kept)


def _unmarked(session: Session, watchlist: str) -> Iterator[tuple[int, KeptText]]:
    from monitor.store import history, hits

    for hit in hits.unmarked(session.store, None, _MOST_UNMARKED, watchlist=watchlist, band=None):
        article = history.text_of(session.store, hit.article_id)
        if article is not None:
            yield hit.id, article


def _written(text: str) -> dict[tuple[str, ...], list[str]]:
    """The names that a file itself lists, by the path of their key."""
    import tomllib

    found: dict[tuple[str, ...], list[str]] = {}
    for side, table_ in tomllib.loads(text).get("side", {}).items():
        for entity, row in table_.get("entity", {}).items():
            for key, value in row.items():
                if isinstance(value, list):
                    found["side", side, "entity", entity, key] = [item for item in value if isinstance(item, str)]
    return found
