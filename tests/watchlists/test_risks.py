"""Names that catch too much."""

from monitor.model import Entity, Side, Watchlist
from monitor.watchlists.risks import risks, unused_sides


def watchlist(*entities: Entity, match: str = "us") -> Watchlist:
    return Watchlist(id="w", title="W", match=match, sides=(Side(id="us", title="US", entities=entities),))


def test_risky_names() -> None:
    """Common words, very short names and names of two entities are told; exact, loose and disabled ones are not."""
    found = risks(
        watchlist(
            Entity(id="apple", title="Apple", names=("Apple",)),
            Entity(id="target", title="Target", names=("Target",)),
            Entity(id="ge", title="GE", names=("GE",)),
            Entity(id="aes", title="AES", exact_names=("AES",)),
            Entity(id="visa", title="Visa", names=("Visa Inc",), loose=("Visa",)),
            Entity(id="first", title="First", names=("Acme Corp",)),
            Entity(id="second", title="Second", names=("ACME Corp",)),
            Entity(id="off", title="Off", names=("Change",), enabled=False),
        )
    )
    assert [(risk.path, risk.name) for risk in found] == [
        ("side.us.entity.target", "Target"),
        ("side.us.entity.ge", "GE"),
        ("side.us.entity.second", "acme corp"),
    ]


def test_unused_sides() -> None:
    """A side that no rule names is told."""
    assert unused_sides((watchlist(match="us and tech"),), ("us", "tech", "unsorted")) == ("unsorted",)
