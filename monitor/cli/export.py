"""`monitor watchlists export`: the watchlist as queries for search feeds and for tools that users have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from monitor.cli.output import document, say, show
from monitor.cli.session import open_session
from monitor.errors import NothingSelected, UsageError

if TYPE_CHECKING:
    from monitor.hits.export import Exported, Query, Service
    from monitor.model import Watchlist

_FEEDS = ("google-news", "bing-news", "gdelt")


@click.command("export")
@click.argument("name", metavar="[FILE|NAME]", required=False)
@click.option("--google-news", "service", flag_value="google-news", help="For Google News: 32 words a query.")
@click.option("--bing-news", "service", flag_value="bing-news", help="For Bing News: ten words a query.")
@click.option("--gdelt", "service", flag_value="gdelt", help="For GDELT DOC 2.0: 250 characters, English terms for every language.")
@click.option("--boolean", "service", flag_value="boolean", help="One boolean query a language, with AND, OR, NOT, NEAR/n and *.")
@click.option("--meltwater", "service", flag_value="meltwater", help="For Meltwater Explore: its wildcards, NEAR/n and sizes.")
@click.option("--lang", "langs", multiple=True, help="Only this language (may be given more than once).")
@click.option("--most", type=click.IntRange(1, 100), help="At most so many queries a language (default: as the service bears).")
@click.option("--feeds", is_flag=True, help="Print [feed.NAME] blocks to add to config.toml instead (Google News, Bing News, GDELT).")
@document
@click.pass_context
def export_watchlist(
    ctx: click.Context, name: str | None, service: str | None, langs: tuple[str, ...], most: int | None, feeds: bool, as_json: bool
) -> None:
    """Write a watchlist as search queries, one for each language; where a service takes no longer ones, several.

    Left out is what no query language can say: bonds, scores, masks, short and loose names. Names that found no room are counted.

    \b
    Examples:
      monitor watchlists export --boolean --lang en
      monitor watchlists export --google-news --feeds >> config.toml
    """
    from monitor.cli.match import chosen_watchlists
    from monitor.hits.export import SERVICES, export

    if service is None:
        raise UsageError("say for what: --google-news, --bing-news, --gdelt, --boolean or --meltwater")
    if feeds and service not in _FEEDS:
        raise UsageError(f"--feeds goes with --google-news, --bing-news or --gdelt; {SERVICES[service].title} has no search feed")
    made = [(one, export(one, SERVICES[service], langs, most)) for one in chosen_watchlists(open_session(ctx), name)]
    if not any(found.queries for _, found in made):
        raise NothingSelected(f"the watchlist has no words of {', '.join(langs)}" if langs else "the watchlist names nothing to search for")
    if as_json:
        show({"service": service, "watchlists": [_document(one, found, SERVICES[service]) for one, found in made]}, as_json=True)
        return
    if feeds:
        click.echo("\n".join(_block(one, query, found, SERVICES[service]) for one, found in made for query in found.queries), nl=False)
        say("a feed switched on here is polled like any other; see what it brings with: monitor feeds check NAME")
    else:
        for one, found in made:
            for query in found.queries:
                click.echo(f"# {one.id}, {query.lang}, {query.number} of {_count(found, query.lang)}\n{query.text}\n")
    for one, found in made:
        for lang, left in found.left_out:
            if left:
                say(f"{one.id}, {lang}: {len(left)} names found no room; --most N writes more queries")


def _document(one: Watchlist, found: Exported, service: Service) -> dict[str, object]:
    from monitor.hits.export import address

    queries = [
        {
            "lang": query.lang,
            "number": query.number,
            "of": _count(found, query.lang),
            "query": query.text,
            "terms": query.terms,
            "url": address(service, query) if service.name in _FEEDS else None,
        }
        for query in found.queries
    ]
    return {"watchlist": one.id, "queries": queries, "left_out": dict(found.left_out)}


def _block(one: Watchlist, query: Query, found: Exported, service: Service) -> str:
    """A feed for config.toml; its address holds the query."""
    from monitor.hits.export import address
    from monitor.toml_edit import quoted

    count = _count(found, query.lang)
    name = f"{service.name}-{one.id}-{query.lang}" + (f"-{query.number}" if count > 1 else "")
    lines = [
        "# GDELT asks for 5 seconds between requests: per_host_pause_s = 5 under [fetch]." if service.name == "gdelt" else "",
        f"[feed.{name}]",
        f"url = {quoted(address(service, query))}",
        f"title = {quoted(f'{service.title}: {one.title} ({query.lang})')}",
        f"lang = {quoted(query.lang)}",
        "",
    ]
    return "\n".join(line for number, line in enumerate(lines) if line or number) + "\n"


def _count(found: Exported, lang: str) -> int:
    return sum(query.lang == lang for query in found.queries)
