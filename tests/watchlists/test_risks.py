"""Names that catch too much."""

from dataclasses import replace

from monitor.model import Entity, Side, Topic, Watchlist
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


def test_names_that_fold_together() -> None:
    """Names that are one without their marks are told, unless a `never` tells them apart; so are names that a mask hides."""
    house = Entity(id="house", title="House", names=("Nhà Trắng",))
    town = Entity(id="town", title="Town", names=("Nha Trang",))
    found = risks(watchlist(house, town))
    assert [(risk.path, risk.name) for risk in found] == [("side.us.entity.town", "Nha Trang")]
    assert "reads like Nhà Trắng of house" in found[0].message
    assert risks(watchlist(replace(house, never=("Nha Trang",)), town)) == ()
    hidden = risks(replace(watchlist(town), masks=("Nha Trang", "Nha Trang Dolphins")))
    assert [(risk.path, risk.message) for risk in hidden] == [
        ("side.us.entity.town", "the mask 'Nha Trang' hides it: take out one of them")
    ]


def test_a_word_of_two_topics() -> None:
    """A word that two topics share counts twice, and is told; in scripts without spaces two signs are long enough."""
    topics = tuple(Topic(id=id_, title=id_, words=(("vi", ("hạ tầng số", id_)),)) for id_ in ("cloud", "digital"))
    side = Side(id="us", title="US", entities=(Entity(id="vn", title="VN", names=("越南", "베트남")),), topics=topics)
    found = risks(Watchlist(id="w", title="W", match="us", sides=(side,)))
    assert [(risk.path, risk.message) for risk in found] == [("side.us.topic.digital", "also a word of the topic cloud: it counts twice")]


def test_unused_sides() -> None:
    """A side that no rule names is told."""
    assert unused_sides((watchlist(match="us and tech"),), ("us", "tech", "unsorted")) == ("unsorted",)
