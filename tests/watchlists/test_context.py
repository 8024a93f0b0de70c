"""What the words around a name say of it."""

import pytest

from monitor.watchlists.context import STRONG, Evidence, Named, evidence


def read(line: str, name: str, parties: dict[str, str], title: str = "") -> Evidence:
    placed = [Named(start=start, end=start + len(word), side=side) for word, side in parties.items() if (start := line.find(word)) >= 0]
    start = line.find(name)
    return evidence(line, start, start + len(name), sorted(placed, key=lambda one: one.start), title)


def strong(found: Evidence) -> list[str]:
    return [side for side, weight in found.sides if weight >= STRONG]


@pytest.mark.parametrize(
    ("line", "name", "title", "role", "side"),
    [
        ("On Monday US Senator Marco Rubio told reporters.", "Marco Rubio", "Senator", "Senator", "us"),
        ("Vietnam’s President, To Lam, met firms.", "To Lam", "", "President", "vietnam"),
        ("Le président vietnamien Tô Lâm a reçu des firmes.", "Tô Lâm", "", "président vietnamien", "vietnam"),
        ("US Ambassador to Vietnam Marc E. Knapper said so.", "Marc E. Knapper", "", "Ambassador to Vietnam", "us"),
        ("Ted Osius, head of the Apple council, said so.", "Ted Osius", "", "head of the Apple council", "us"),
        ("Eric Schmidt, ancien PDG d'Apple, est venu.", "Eric Schmidt", "", "ancien PDG d'Apple", "us"),
        ("Apple’s President for Global Affairs, Nick Clegg, spoke.", "Nick Clegg", "", "President for Global Affairs", "us"),
        ("Apple, représenté par son fondateur Wally Liaw, vient.", "Wally Liaw", "", "fondateur", "us"),
    ],
)
def test_persons(line: str, name: str, title: str, role: str, side: str) -> None:
    """An office before or behind a name makes a person of it and tells the side."""
    found = read(line, name, {"US": "us", "Vietnam": "vietnam", "vietnamien": "vietnam", "Apple": "us"}, title)
    assert (found.type, found.role, strong(found)) == ("person", role, [side])


@pytest.mark.parametrize(
    ("line", "name", "sides"),
    [
        ("Several U.S. companies, including Intel, Apple and Amkor, came.", "Amkor", ["us"]),
        ("US power firms such as GE, AES, and ExxonMobil came.", "ExxonMobil", ["us"]),
        ("Des groupes américains comme Visa ont signé.", "Visa", ["us"]),
        ("The Chilean state miner Codelco signed.", "Codelco", ["chile"]),
        ("The Chilean miner Codelco signed.", "Codelco", ["chile"]),
        ("Companies in the US such as Visa came.", "Visa", []),
    ],
)
def test_firms(line: str, name: str, sides: list[str]) -> None:
    """A list of a party's firms tells what its members are and whose."""
    found = read(line, name, {"U.S.": "us", "US": "us", "américains": "us", "Chilean": "chile"})
    assert strong(found) == sides
    assert found.type == "company" or not sides


@pytest.mark.parametrize("line", ["In New York, US Senator Marco Rubio spoke.", "À New York, le président de la firme a parlé."])
def test_places_are_no_persons(line: str) -> None:
    """An office behind a place belongs to somebody else."""
    assert read(line, "New York", {"US": "us"}).type != "person"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Comprehensive Strategic Partnership", "agreement"),
        ("Power Development Plan VIII", "agreement"),
        ("Business Council", "body"),
        ("General Assembly", "event"),
        ("Excelerate Energy", "company"),
        ("Procter & Gamble", "company"),
        ("Southeast Asia", "other"),
    ],
)
def test_own_words(name: str, kind: str) -> None:
    """The words of a name tell its type."""
    assert read(f"They spoke of {name} at length.", name, {}).type == kind
