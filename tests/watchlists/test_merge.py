"""Which names are one."""

import pytest

from monitor.model import Entity
from monitor.watchlists.merge import Merging, is_acronym_of, key_of

KNOWN = (Entity(id="schwarzman", title="Stephen Schwarzman", type="person", names=("Stephen Schwarzman",)),)


def merged(seen: dict[str, list[str]], brackets: list[tuple[str, str]] | None = None) -> dict[str, str]:
    merging = Merging(seen, KNOWN, {})
    merging.run(brackets or [])
    return {key: merging.root(key) for key in seen}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tô Lâm", "TO LAM"),
        ("U.S.-ASEAN Business Council", "US-ASEAN Business Council"),
        ("Meta Group", "Meta"),
        ("Marc E. Knapper", "Marc Knapper"),
        ("the Acme Corp", "Acme"),
    ],
)
def test_keys(one: str, other: str) -> None:
    """Case, marks, dots, articles, initials and company suffixes do not make another name."""
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("short", "long", "verdict"),
    [
        ("PVN", "Petrovietnam", True),
        ("GE", "General Electric", True),
        ("USABC", "U.S.-ASEAN Business Council", True),
        ("CSP", "Comprehensive Strategic Partnership", True),
        ("AI", "Apple", False),
        ("EU", "General Electric", False),
        ("Ge", "General Electric", False),
    ],
)
def test_acronyms(short: str, long: str, verdict: bool) -> None:
    """An acronym's letters follow each other in the long name, the first being its first."""
    assert is_acronym_of(short, long) is verdict


def test_short_form() -> None:
    """A last name is the one person of the seed who bears it; where two do, it stays alone."""
    assert merged({"to lam": ["1"], "lam": ["1"]})["lam"] == "to lam"
    assert merged({"to lam": ["1"], "hoang lam": ["1"], "lam": ["1"]})["lam"] == "lam"
    assert merged({"to lam": ["1"], "hoang lam": ["2"], "lam": ["1", "3"]})["lam"] == "to lam"


def test_variant_of_known() -> None:
    """A spelling that hardly differs is the known person; another first name is not."""
    found = merged({"stephen schwarzmann": ["1"], "steven schwarzmann": ["1"]})
    assert found["stephen schwarzmann"] == "#schwarzman"
    assert found["steven schwarzmann"] != "#schwarzman"


def test_brackets() -> None:
    """A name in brackets behind another joins it."""
    assert merged({"general electric": ["1"], "ge": ["1"]}, [("general electric", "ge")])["ge"] == "general electric"
