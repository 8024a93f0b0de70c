"""`monitor watchlists learn`: a draft from example articles, or what new ones add to a reviewed file; and the proof that a watchlist reports its seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, emit, say, show, table
from monitor.cli.session import Session, open_session
from monitor.errors import MonitorError, NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.match import Matcher
    from monitor.model import Seed, Verdict, Watchlist
    from monitor.watchlists.clean import Cleaned
    from monitor.watchlists.compose import Learnt
    from monitor.watchlists.read import PageReader

_LEARNT = ("what", "type", "side", "seen_in", "confidence")


class SeedMissed(MonitorError):
    """A seed that its watchlist would not report: the watchlist has lost what it was made for."""


@click.command()
@click.argument("seeds", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), help="Write the draft here (- is standard output)."
)
@click.option("--force", is_flag=True, help="Replace the file given by --out.")
@click.option("--show-dropped", is_flag=True, help="Print what was taken for boilerplate, and learn nothing.")
@click.option("--no-gazetteer", is_flag=True, help="Learn from the seeds alone, without what the program knows of names.")
@click.option(
    "--update",
    "reviewed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Print what the seeds add to this reviewed file, as a diff for `patch -p1`; --out writes the whole new text instead.",
)
@document
@click.pass_context
def learn(
    ctx: click.Context,
    seeds: tuple[str, ...],
    out: Path | None,
    force: bool,
    show_dropped: bool,
    no_gazetteer: bool,
    reviewed: Path | None,
    as_json: bool,
) -> None:
    """Propose a watchlist from example articles: text, Markdown or HTML files, folders of them, addresses, or a text file that lists addresses.

    Prints what was found; --out writes the draft for you to edit. An existing file is never overwritten without --force. --update adds to a file that
    you have edited: entries, names and sentences are only added, and what you took out of it stays out.

    \b
    Examples:
      monitor watchlists learn myseeds/ --out draft.toml
      monitor watchlists learn https://example.org/a https://example.org/b --out draft.toml
      monitor watchlists learn newseeds/ --update mywatch.toml | patch -p1
    """
    from monitor.watchlists.compose import compose
    from monitor.watchlists.knowledge import load
    from monitor.watchlists.learn import learn as learn_from

    if out and str(out) != "-" and out.exists() and not force:
        raise UsageError(f"{out} exists; give another name, or --force to replace it")
    learnt, cleaned = learn_from(_read(open_session(ctx), seeds), None if no_gazetteer else load())
    if show_dropped:
        emit(list(_dropped(cleaned)), ("seed", "characters", "text"), as_json)
        return
    if reviewed:
        _update(learnt, reviewed, out, as_json)
        return
    if out and str(out) == "-":
        click.echo(compose(learnt), nl=False)
        return
    if out:
        out.write_text(compose(learnt), encoding="utf-8")
    emit(list(_learnt(learnt)), _LEARNT, as_json)
    if out:
        say(f"wrote {out}: read it, switch on what is marked enabled = false, then run: monitor watchlists check {out}")
    else:
        say("nothing was written; give --out FILE for the draft")


def page_reader() -> PageReader:
    """Extraction of HTML files, as the reading step does it."""

    def read(body: bytes) -> Mapping[str, str]:
        from monitor.articles.extract import extract_page

        page = extract_page(body, "")
        return {key: str(page[key]) for key in ("title", "text", "lang", "date", "site_name")}

    return read


def cleaned_seeds(paths: Sequence[Path]) -> Iterator[Seed]:
    """The seeds of files and folders without their boilerplate."""
    from monitor.watchlists.clean import clean_seed
    from monitor.watchlists.read import read_seeds

    for raw in read_seeds(paths, page_reader()):
        yield clean_seed(raw).seed


def judged(matcher: Matcher, watchlist: str, seed: Seed) -> Verdict:
    """The verdict on a seed. One without a headline is judged as the page would be whose headline is its first paragraph."""
    title, _, body = (seed.title, "", seed.text) if seed.title else seed.text.partition("\n")
    return matcher.verdict_of(watchlist, title, body, seed.lang)


def print_coverage(session: Session, chosen: Sequence[Watchlist], name: str | None, seeds: Sequence[Path], as_json: bool) -> None:
    """Prints each seed's verdict and margin, and how it would fare had it been left out. Raises SeedMissed where one is no alert."""
    from monitor.hits.compile import compile_matcher
    from monitor.watchlists.coverage import without_seed

    rows: list[dict[str, object]] = []
    for watchlist in chosen:
        matcher = compile_matcher([watchlist])
        for seed in cleaned_seeds(seeds or _seed_folders(session, name)):
            whole = judged(matcher, watchlist.id, seed)
            rest = judged(compile_matcher([without_seed(watchlist, seed.id)]), watchlist.id, seed)
            rows.append(
                {
                    "watchlist": watchlist.id,
                    "seed": seed.id,
                    "band": whole.band,
                    "score": whole.score,
                    "margin": round(whole.score - watchlist.alert, 2),
                    "left_out_band": rest.band,
                    "left_out_score": rest.score,
                }
            )
    alerts, rest_alerts, hits = (
        sum(row[field] in wanted for row in rows)
        for field, wanted in (("band", {"alert"}), ("left_out_band", {"alert"}), ("left_out_band", {"alert", "review"}))
    )
    summary = {"seeds": len(rows), "alerts": alerts, "left_out_recall": round(rest_alerts / len(rows), 3), "left_out_hits": hits}
    if as_json:
        show({**summary, "rows": rows}, as_json=True)
    else:
        table(rows, ("watchlist", "seed", "band", "score", "margin", "left_out_band", "left_out_score"))
        say(f"{alerts} of {len(rows)} seeds are alerts; left out one at a time, {rest_alerts} still are, and {hits} are hits")
    missed = [str(row["seed"]) for row in rows if row["band"] != "alert"]
    if missed:
        raise SeedMissed(f"below the alert band: {', '.join(missed)}; see why with: monitor explain FILE")


def _seed_folders(session: Session, name: str | None) -> list[Path]:
    """Where a watchlist's seeds lie unless said otherwise: beside its file."""
    from monitor.cli.explain import file_of

    if name is not None and Path(name).is_file():
        return [Path(name).parent]
    if not session.configured:
        raise UsageError("say where the seeds are: --seeds FOLDER")
    names = [one.id for one in session.watchlists if name in {None, one.id}]
    return list(dict.fromkeys(Path(file_of(session, None, one)[0]).parent for one in names))


def _read(session: Session, given: Sequence[str]) -> tuple[Seed, ...]:
    """The seeds of files, folders, addresses and lists of addresses, raw."""
    from monitor.cli.pages import is_address
    from monitor.watchlists.read import addresses_in, read_seeds

    addresses: list[str] = []
    paths: list[Path] = []
    for one in given:
        listed = (one,) if is_address(one) else addresses_in(Path(one))
        addresses += listed
        paths += [] if listed else [Path(one)]
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
    read = read_seeds(paths, page_reader()) if paths else ()
    return (*read, *_fetched(session, list(dict.fromkeys(addresses))))


def _fetched(session: Session, addresses: Sequence[str]) -> Iterator[Seed]:
    """Seeds from pages; those that cannot be read are told and left out. Raises NothingSelected where none can."""
    from monitor.cli.pages import fetch_pages
    from monitor.watchlists.read import page_names, seed_of

    names = page_names(addresses)
    pages = fetch_pages(session, addresses) if addresses else ()
    for page in pages:
        if page.error:
            say(f"left out: {page.error}")
        else:
            about = {"title": page.title, "lang": page.lang, "date": page.date}
            yield seed_of(names[page.url], about, page.text, page.site_name)
    if pages and all(page.error for page in pages):
        raise NothingSelected("none of the pages could be read")


def _update(learnt: Learnt, reviewed: Path, out: Path | None, as_json: bool) -> None:
    from dataclasses import asdict

    from monitor.toml_edit import unified
    from monitor.watchlists.format import parse_watchlists
    from monitor.watchlists.knowledge import load
    from monitor.watchlists.update import update

    before = reviewed.read_text(encoding="utf-8")
    found = update(learnt, before, parse_watchlists(before, str(reviewed), load()))
    parse_watchlists(found.text, str(reviewed), load())
    diff = unified(str(reviewed), before, found.text)
    if out and str(out) != "-":
        out.write_text(found.text, encoding="utf-8")
    if as_json:
        show({"file": str(reviewed), "additions": [asdict(one) for one in found.additions], "diff": diff}, as_json=True)
        return
    for one in found.additions:
        say(f"{one.kind.ljust(9)} {one.side}: {one.what} ({one.detail})")
    if not diff:
        say(f"{reviewed} has all of it")
    elif out and str(out) != "-":
        say(f"wrote {out}; {reviewed} is as it was")
    else:
        click.echo(found.text if out else diff, nl=False)


def _dropped(cleaned: Sequence[Cleaned]) -> Iterator[Mapping[str, object]]:
    for one in cleaned:
        for span in one.spans:
            if span.kind == "dropped":
                yield {"seed": one.seed.id, "characters": f"{span.start}-{span.end}", "text": span.text}


def _learnt(learnt: Learnt) -> Iterator[Mapping[str, object]]:
    from monitor.watchlists.compose import own_phrases, side_of, topic_side

    for one in learnt.proposals.entities:
        side = side_of(learnt, one)
        about = {"id": one.id, "names": one.names, "short": one.short, "count": one.count, "quote": one.quote, "quote_seed": one.quote_seed}
        yield {"what": one.title, "type": one.type, "side": side or "left out", "seen_in": one.seeds, "confidence": one.confidence, **about}
    subject = topic_side(learnt)
    for found in learnt.topics:
        about = {"id": found.topic.id, "names": found.forms, "count": found.count}
        yield {"what": found.topic.title, "type": "topic", "side": subject, "seen_in": found.seeds, "confidence": "sure", **about}
    for phrase in learnt.phrases:
        confidence = "likely" if phrase in own_phrases(learnt) else "check"
        yield {
            "what": phrase.text,
            "type": "phrase",
            "side": subject,
            "seen_in": phrase.seeds,
            "confidence": confidence,
            "count": phrase.count,
        }
