"""What a found feed would be called in config.toml, and which of its keys are worth writing. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from monitor import urls
from monitor.text import one_line, words

_GENERIC = {"rss", "feed", "feeds", "atom", "xml", "rdf", "home", "homepage", "index", "www"}
_MOST_WORDS, _MOST_LETTERS = 6, 48
_TITLE = 100


def propose_name(title: str, url: str, taken: Collection[str]) -> str:
    """A free name of lower-case letters, digits and dashes: from the title, else from host and path, with a number where all are taken."""
    candidates = list(_candidates(title, url))
    for name in candidates:
        if name not in taken:
            return name
    number = 2
    while f"{candidates[0]}-{number}" in taken:
        number += 1
    return f"{candidates[0]}-{number}"


def feed_fields(url: str, title: str, lang: str, further: Mapping[str, object]) -> dict[str, object]:
    """The keys of a `[feed.NAME]` table, in the order of the shipped file; what is empty is left out."""
    fields = {"url": url, "title": one_line(title, _TITLE), "lang": two_letters(lang), **further}
    return {key: value for key, value in fields.items() if value not in ("", None)}


def two_letters(lang: str) -> str:
    """`en-US`, `VI` or `fr_CA` as the two letters of ISO 639-1; "" for what is no language code."""
    found = re.match(r"([a-z]{2})(?:[-_]|$)", lang.strip().lower())
    return found[1] if found else ""


def _candidates(title: str, url: str) -> Iterator[str]:
    named = _slug([word for word in words(title) if word not in _GENERIC])
    host = _slug(words(urls.publisher(urls.host(url)).rsplit(".", 1)[0]))
    path = _slug([word for word in words(re.sub(r"\.\w+$", "", (url + "?").partition("?")[0].rpartition("/")[2])) if word not in _GENERIC])
    from_address = "-".join(part for part in (host, path) if part)[:_MOST_LETTERS].strip("-")
    yield from (name for name in (named, from_address) if name)
    if not named and not from_address:
        yield "feed"


def _slug(found: list[str]) -> str:
    """Words joined by dashes; cut between words."""
    plain = [word for word in found if re.fullmatch(r"[a-z0-9]+", word)][:_MOST_WORDS]
    while len(plain) > 1 and len("-".join(plain)) > _MOST_LETTERS:
        plain.pop()
    return "-".join(plain)[:_MOST_LETTERS]
