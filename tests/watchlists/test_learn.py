"""Whatever the seeds, learning ends in a draft that parses, or says that there is nothing to learn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import NothingSelected
from monitor.model import Seed
from monitor.watchlists.blocks import Parts
from monitor.watchlists.compose import compose
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.learn import learn

PIECES = (
    "Chile",
    "the",
    "European",
    "Union",
    "To Lam",
    "signed",
    "lithium",
    "President",
    "of",
    "d’Apple",
    '"quoted" \\ text',
    "(GE)",
    "General Electric",
    "Việt Nam",
    "companies, including",
    "Acme Energy,",
    ".",
    "\n",
    "U.S.",
    "—",
    "'''",
    "]",
    "à New York",
    "van der",
    "# =",
)


def draft(*texts: str) -> str:
    seeds = [Seed(id=str(number), title="", text=text, lang="") for number, text in enumerate(texts)]
    return compose(learn(seeds, None)[0])


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join), min_size=1, max_size=3))
def test_any_seeds(texts: list[str]) -> None:
    """Any mixture of names, quotes and punctuation gives TOML that parses as a watchlist."""
    try:
        text = draft(*texts)
    except NothingSelected:
        return
    assert parse_watchlists(text, "draft.toml", Parts())


def test_nothing() -> None:
    """Seeds without names and repeated words are told as such."""
    with pytest.raises(NothingSelected):
        draft("it rained and then it rained no more")


def test_without_parties() -> None:
    """Seeds that speak of no country give one side of names and one of topics."""
    text = draft(
        "Yesterday Acme Energy opened a lithium plant. Lithium is what Acme Energy sells.",
        "Acme Energy sells lithium to others, said Acme Energy.",
    )
    (watchlist,) = parse_watchlists(text, "draft.toml", Parts())
    assert [side.id for side in watchlist.sides] == ["names", "subject"]
    assert [entity.id for entity in watchlist.sides[0].entities] == ["acme-energy"]
