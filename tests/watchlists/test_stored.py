"""A watchlist read back from the JSON that a version keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from monitor.model import Watchlist
from monitor.watchlists.compose import compose
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load
from monitor.watchlists.stored import watchlist_of
from tests.watchlists.test_lithium import learnt

SHIPPED = Path(__file__).parents[2] / "seeds" / "vietnam-us-tech.toml"


@pytest.mark.parametrize(
    "text", [SHIPPED.read_text(encoding="utf-8"), compose(learnt(True)), compose(learnt(False))], ids=["shipped", "a", "b"]
)
def test_it_is_the_one_that_was_stored(text: str) -> None:
    """Sides, roles with their days, words, masks, cues and contrast come back as they were."""
    (one,) = parse_watchlists(text, "w.toml", load())
    assert watchlist_of(_stored(one)) == one


def _stored(one: Watchlist) -> str:
    return json.dumps(asdict(one), ensure_ascii=False, default=str)
