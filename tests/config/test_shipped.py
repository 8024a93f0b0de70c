"""The shipped config.toml: what is on, what is suggested, and that each suggestion would work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.config import FeedSettings, parse_config
from monitor.urls import is_fetchable

ROOT = Path(__file__).resolve().parent.parent.parent
SHIPPED = ROOT / "config.toml"


def feeds(*, suggested: bool) -> dict[str, FeedSettings]:
    """The shipped feeds by address; with the suggestions switched on where asked."""
    text = SHIPPED.read_text(encoding="utf-8")
    if suggested:
        head, mark, tail = text.partition("# Suggestions, switched off")
        text = head + mark + re.sub(r"(?m)^# (\[feed\.|url = |title = |lang = |timezone = )", r"\1", tail)
    return {feed.url: feed for feed in parse_config(text, SHIPPED, {}).feed}


def test_every_suggestion_can_be_switched_on() -> None:
    """Taking the # away from every suggestion gives a right configuration with further feeds; all addresses can be fetched."""
    assert len(feeds(suggested=True)) > len(feeds(suggested=False)) + 15
    for address, feed in feeds(suggested=True).items():
        assert is_fetchable(address)
        assert feed.title or "QUERY" in address


def test_the_list_of_real_feeds_is_shipped_whole(shared: Path) -> None:
    """Feeds marked on are on, those marked off are suggestions, each with its language; nothing is shipped that the list does not name."""
    page = shared / "FEEDS.md"
    if not page.is_file():
        pytest.skip("SKIPPED: ../shared/FEEDS.md is not there")
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in page.read_text(encoding="utf-8").splitlines()]
    listed = {row[1]: (row[2], row[5]) for row in rows if len(row) == 6 and row[1].startswith("http")}
    on, every = feeds(suggested=False), feeds(suggested=True)
    assert set(on) == {address for address, (_, default) in listed.items() if default == "on"}
    assert {address for address in every if "QUERY" not in address} == set(listed)
    for address, (lang, _) in listed.items():
        assert every[address].lang in lang.split("/"), address
