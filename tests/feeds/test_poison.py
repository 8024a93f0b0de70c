"""Pages and lists that are written to cost time: a million bytes of each kind take seconds, not minutes."""

from __future__ import annotations

import time

import pytest

from monitor.feeds.instead import instead_of_a_feed
from monitor.feeds.opml import read_opml

PIECES = {
    "signs": b"<",
    "opened-tags": b"<a ",
    "opened-attributes": b"<a b='",
    "opened-comments": b"<!--",
    "opened-sections": b"<![CDATA[",
    "declarations": b"<!a",
    "instructions": b"<?",
    "closing-tags": b"</a ",
    "scripts": b"<script>",
    "titles": b"<title>",
    "links": b"<link rel=alternate type=application/rss+xml href='/a",
    "anchors": b"<a href='/x.rss'>y",
    "spaces": b"<a" + b" " * 50,
    "folders": b"<outline text='x'>",
    "entities": b"&#",
}


@pytest.mark.parametrize("name", PIECES)
def test_poison_costs_little(name: str) -> None:
    """A page at a feed's address and an OPML file are each done with in five seconds of processor time, far within what the parse door allows."""
    body = PIECES[name] * (1_000_000 // len(PIECES[name]))
    for read in (lambda: instead_of_a_feed(body, "https://paper.example/", "text/html"), lambda: read_opml(body)):
        started_s = time.process_time()
        read()
        assert time.process_time() - started_s < 5
