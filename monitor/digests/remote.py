"""What in the operator's templates makes a mail program ask other machines when a digest is opened: pictures, styles, scripts. Pure.

The built-in page loads nothing, so that no digest tells anybody who reads it when. A template may decide otherwise; then that is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from monitor.digests.template import Templates
from monitor.errors import Problem

_REMOTE = r"""(?= (?:https?:)? // | \{\{ )"""
_LOADED = re.compile(
    rf"""
    < (?: img | image | source | video | audio | track | iframe | frame | embed | object | script | link | input | use | body | table | tr | td | th ) \b
      (?: [^<>"'] | "[^"]*" | '[^']*' )*?
      \s (?: src | srcset | href | xlink:href | data | poster | background ) \s* = \s* ["']? \s* {_REMOTE} (?P<place> [^"'\s>]* )
    | (?: url \( | @import ) \s* ["']? \s* {_REMOTE} (?P<style> [^"'\s);]* )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Addresses that are loaded without a click: remote ones, and those that a template makes of values. A link's are not."""

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def remote_loads(templates: Templates) -> Iterator[Problem]:
    """One problem for each place, with file and line, in the order of the files."""
    for name, source in templates.sources:
        if not name.endswith(".html"):
            continue
        said = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), source)
        for found in _LOADED.finditer(said):
            group = "place" if found["place"] is not None else "style"
            message = f"loads {found[group][:80]!r} when the digest is opened: who serves it learns who reads it, and when"
            yield Problem(
                file=str(Path(templates.folder) / name),
                path="",
                message=message,
                line=said.count("\n", 0, found.start(group)) + 1,
                hint="put a picture into the page as data:image/...",
            )
