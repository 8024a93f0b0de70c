"""`monitor watchlists try` and `apply`: what a changed watchlist would do to stored history, and bringing it into force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, duration, local_time, progress, say, show, table
from monitor.cli.session import Session, open_session
from monitor.errors import MonitorError, NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.replay import Difference, Outcome, PastText, Standing
    from monitor.model import Watchlist
    from monitor.store.history import KeptText, Mark, Reach, StandingHit

_KINDS = ("new", "lost", "raised", "lowered")
_SIGNS = {"new": "+", "lost": "-", "raised": "^", "lowered": "v"}
_DAY_S = 86400.0


class UsefulLost(MonitorError):
    """A changed watchlist would lose hits that somebody marked useful."""


@click.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--since", default="60d", show_default=True, help="Over articles first seen within this time (24h, 7d, 8w).")
@click.option("--fail-if-lost", type=click.Choice(["useful"]), help="Exit with 1 where a hit marked useful, of any time, would be lost.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="At most so many rows of each kind.")
@document
@click.pass_context
def try_watchlist(ctx: click.Context, file: Path, since: str, fail_if_lost: str | None, limit: int, as_json: bool) -> None:
    """Show what a changed watchlist FILE would do to stored history, against the version in force; nothing is changed.

    Prints hits that would come (+), go (-), rise to alert (^) or fall to review (v), hits a day before and after, and the ten names that cause
    most hits.

    \b
    Example:
      monitor watchlists try seeds/vietnam-us-tech.toml --since 60d --fail-if-lost useful
    """
    from monitor.cli.match import chosen_watchlists
    from monitor.store import history

    session = open_session(ctx)
    begin = session.now() - duration(since)
    reach = history.reach(session.store, begin)
    if reach.oldest_at is None:
        raise NothingSelected(f"no text is stored of the last {since}; the oldest kept is of {local_time(reach.oldest_of_all_at)}")
    documents, lost = [], 0
    for watchlist in chosen_watchlists(session, str(file)):
        outcome, known = _tried(session, watchlist, begin, reach)
        days = max((session.now() - reach.oldest_at).total_seconds() / _DAY_S, 1.0)
        documents.append(_document(watchlist, outcome, reach, days, known))
        lost += len(outcome.lost_useful)
        if not as_json:
            _print(watchlist, outcome, reach, days, known, limit)
    if as_json:
        show({"file": str(file), "since": begin, "watchlists": documents}, as_json=True)
    if lost and fail_if_lost:
        raise UsefulLost(f"{lost} {'hit' if lost == 1 else 'hits'} marked useful would be lost")


@click.command("apply")
@click.argument("name", metavar="FILE|NAME")
@click.option(
    "--backfill",
    type=click.Choice(["quiet", "digest"]),
    default="quiet",
    show_default=True,
    help="What happens to older articles that the change finds: kept quietly, or shown in the next digest in a section of their own.",
)
@document
@click.pass_context
def apply_watchlist(ctx: click.Context, name: str, backfill: str, as_json: bool) -> None:
    """Bring a changed watchlist into force now and match stored history again. FILE must be named in config.toml.

    Older articles that only the change finds are never sent as news: they are stored quietly, or listed by the next digest under "found by your
    new rule" (--backfill digest). A running daemon is told to take the change up.

    \b
    Example:
      monitor watchlists apply seeds/vietnam-us-tech.toml --backfill digest
    """
    from monitor.hits import step
    from monitor.hits.compile import compile_matcher
    from monitor.store import watchlists as versions
    from monitor.store.hits import due_count, show_finds

    session = open_session(ctx)
    ids = _configured(session, name)
    before = {row["watchlist"]: row["digest"] for row in versions.active(session.store)}
    changed = [one.id for one in session.watchlists if before.get(one.id) != one.digest]
    matcher = step.register(session.store, compile_matcher(session.watchlists), session.now(), ids if backfill == "digest" else ())
    counts = {"matched": 0, "hits": 0, "quiet": 0, "renewed": 0}
    with progress(due_count(session.store, matcher.rev), "matching history") as advance:
        while (done := step.match_now(session.store, matcher, session.now, 200)).matched:
            counts = {key: value + getattr(done, key) for key, value in counts.items()}
            advance(done.matched)
    late = ids - set(changed) if backfill == "digest" else frozenset()
    waiting = sum(show_finds(session.store, matcher.version_ids[one]) for one in late)
    told = _tell_daemon(session)
    if as_json:
        show({"applied": sorted(ids), "changed": changed, "backfill": backfill, "daemon": told, "waiting": waiting, **counts}, as_json=True)
        return
    for other in changed:
        say(f"{other} is in force{'' if other in ids else ' too: its file had changed'}")
    if not set(changed) & ids:
        say(f"{', '.join(sorted(ids))} was in force already")
    say(f"matched {counts['matched']} articles: {counts['hits']} hits are news, {counts['quiet']} older ones came or went quietly")
    if waiting:
        say(f"{waiting} hits that it had found in history before are shown too")
    if (counts["quiet"] or waiting) and backfill == "digest":
        say("what was found is in the next digest, in a section of its own; see it with: monitor digests preview")
    if told:
        say(f"the running daemon (process {told}) was told to take it up")


def _tried(session: Session, watchlist: Watchlist, begin: datetime, reach: Reach) -> tuple[Outcome, bool]:
    """The comparison of one watchlist with what is in force under its name, and whether anything is."""
    from monitor.hits.compile import compile_matcher
    from monitor.hits.replay import Replay
    from monitor.store import watchlists as versions
    from monitor.watchlists.stored import watchlist_of

    active = next((row for row in versions.active(session.store) if row["watchlist"] == watchlist.id), None)
    before = compile_matcher([watchlist_of(active["source"])]) if active else None
    replay = Replay(watchlist.id, before, compile_matcher([watchlist]))
    with progress(reach.articles - reach.dropped, f"trying {watchlist.id}") as advance:
        for past in _past(session, watchlist.id, begin, active):
            replay.judge(past)
            advance(1)
    return replay.outcome(), active is not None


def _past(session: Session, watchlist: str, begin: datetime, active: Mapping[str, object] | None) -> Iterator[PastText]:
    """The texts in the span, then the older ones of hits that somebody marked useful."""
    from monitor.store import history
    from monitor.store.watchlists import current_rev

    marks = history.marks(session.store, watchlist)
    hits = history.standing_hits(session.store, watchlist)
    rev = current_rev(session.store)
    for kept in history.texts(session.store, begin):
        hit = hits.get(kept.id)
        standing = _standing(hit, active) if active and kept.matched_rev == rev else None
        yield replace(_past_text(kept, hit.id if hit else None, marks.get(kept.id)), standing=standing)
    for article, mark in marks.items():
        older = history.text_of(session.store, article) if mark.verdict == "useful" else None
        if older is not None and older.first_seen_at < begin:
            yield replace(_past_text(older, mark.hit, mark), counted=False)


def _standing(hit: StandingHit | None, active: Mapping[str, object]) -> Standing | None:
    """What the version in force said of a text it has seen; None where the hit keeps an older verdict (it was told, or is found no more)."""
    from monitor.hits.plan import ENGINE
    from monitor.hits.replay import Standing

    if active["engine"] != ENGINE or (hit is not None and hit.version_id != active["id"]):
        return None
    return Standing() if hit is None else Standing(band=hit.band, score=hit.score)


def _past_text(kept: KeptText, hit: int | None, mark: Mark | None) -> PastText:
    from monitor.hits.match import is_teaser
    from monitor.hits.replay import PastText

    return PastText(
        article=kept.id,
        title=kept.title,
        text=kept.text,
        lang=kept.lang,
        teaser=is_teaser(kept.text_source, kept.text),
        url=kept.url,
        publisher=kept.publisher,
        first_seen_at=kept.first_seen_at,
        hit=hit,
        mark=mark.verdict if mark else "",
    )


def _document(watchlist: Watchlist, outcome: Outcome, reach: Reach, days: float, known: bool) -> dict[str, object]:
    return {
        "watchlist": watchlist.id,
        "against": "the version in force" if known else "nothing",
        "texts": outcome.texts,
        "texts_dropped": reach.dropped,
        "oldest_at": reach.oldest_at,
        "before": outcome.before,
        "after": outcome.after,
        "per_day_before": _per_day(outcome.before, days),
        "per_day_after": _per_day(outcome.after, days),
        **{kind: [asdict(one) for one in outcome.of(kind)] for kind in _KINDS},
        "lost_useful": [asdict(one) for one in outcome.lost_useful],
        "names": [asdict(one) for one in outcome.causes],
    }


def _per_day(counts: Mapping[str, int], days: float) -> dict[str, float]:
    return {band: round(count / days, 2) for band, count in counts.items()}


def _print(watchlist: Watchlist, outcome: Outcome, reach: Reach, days: float, known: bool, limit: int) -> None:
    against = "the version in force" if known else "nothing: no version of it was ever in force"
    numbers = " ".join(f"{_SIGNS[kind]}{len(outcome.of(kind))} {kind}" for kind in _KINDS)
    say(f"{watchlist.id} against {against}: {numbers}")
    rows = [_row(one) for kind in _KINDS for one in outcome.of(kind)[:limit]]
    rows += [_row(one) for one in outcome.lost_useful if not one.counted]
    if rows:
        marked = ("marked",) if any(row["marked"] for row in rows) else ()
        table(rows, ("change", "hit", *marked, "score", "title", "because"))
        click.echo()
    table([asdict(one) for one in outcome.causes], ("id", "title", "side", "hits", "alone", "new"))
    for kind in _KINDS:
        if len(outcome.of(kind)) > limit:
            say(f"{len(outcome.of(kind)) - limit} more {kind}; --limit shows them")
    for band in ("alert", "review"):
        was, now = outcome.before[band], outcome.after[band]
        say(f"{band}: {was} hits before, {now} after ({was / days:.1f} and {now / days:.1f} a day)")
    gone = f"; {reach.dropped} articles have no text any more" if reach.dropped else ""
    say(f"{outcome.texts} texts, back to {local_time(reach.oldest_at)}{gone}")
    if outcome.lost_useful:
        say(f"{len(outcome.lost_useful)} of the lost hits {'was' if len(outcome.lost_useful) == 1 else 'were'} marked useful")


def _row(one: Difference) -> dict[str, object]:
    return {
        "change": f"{_SIGNS[one.kind]} {one.kind}",
        "hit": one.hit,
        "marked": one.mark,
        "score": f"{one.score_before:.1f} > {one.score_after:.1f} {one.band_after or 'no hit'}",
        "title": one.title,
        "because": one.because,
    }


def _configured(session: Session, name: str) -> frozenset[str]:
    """The ids of the watchlists meant by a configured file or by a name. Raises UsageError with what to do."""
    path = Path(name)
    if not path.is_file():
        if name in {one.id for one in session.watchlists}:
            return frozenset((name,))
        known = ", ".join(one.id for one in session.watchlists)
        raise UsageError(f"no watchlist is called {name!r}, and there is no such file; configured: {known}")
    configured: Sequence[Path] = session.config.watchlists
    if path.resolve() not in {one.resolve() for one in configured}:
        raise UsageError(
            f"{path} is not in force: name it under `watchlists` in {session.config.source}, or apply a file that is named there"
        )
    from monitor.cli.match import chosen_watchlists

    return frozenset(one.id for one in chosen_watchlists(session, str(path)))


def _tell_daemon(session: Session) -> int | None:
    """Asks a daemon that runs on this database and machine to reload, and returns its process id; None where there is none."""
    import os
    import platform
    import signal

    from monitor.store.steps import daemon_runs

    alive = timedelta(minutes=1)
    for run in daemon_runs(session.store):
        here = run.host == platform.node() and run.stopped_at is None and session.now() - run.seen_at < alive
        if here and (session.place.path is None or _holder(session.place.path) == run.pid):
            os.kill(run.pid, signal.SIGHUP)
            return run.pid
    return None


def _holder(database: Path) -> int | None:
    """The process that wrote the lock file beside the database."""
    try:
        return int(database.with_name(database.name + ".lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
