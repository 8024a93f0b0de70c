"""Grouping and novelty over made-up hits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.model import Mention
from monitor.stories.fingerprint import Fingerprint, HitText, Hubs, fingerprint, from_json, to_json
from monitor.stories.group import MAX_STORIES, Grouper, label
from monitor.stories.novelty import novelty

START = datetime(2024, 9, 24, tzinfo=UTC)
HUBS = Hubs(ids=frozenset({"vietnam", "us", "to-lam", "joe-biden"}), leaders=frozenset({"to-lam", "joe-biden"}))


def mention(kind: str, name: str, zone: str) -> Mention:
    return Mention(kind=kind, id=name, side="s", title=name, alias=name, start=0, end=1, sentence=0, zone=zone)


def hit(
    key: str,
    title: str,
    text: str = "",
    *,
    lang: str = "en",
    hours: float = 0,
    named: str = "",
    topics: str = "",
    copy_of: str = "",
    address: str = "",
) -> HitText:
    """A hit whose entities stand in the title."""
    mentions = [mention("entity", name, "title") for name in named.split()] + [mention("topic", name, "title") for name in topics.split()]
    at = START + timedelta(hours=hours)
    return HitText(key=key, title=title, text=text, lang=lang, at=at, mentions=tuple(mentions), copy_of=copy_of, address=address)


APPLE_EN = hit("1", "Vietnam's leader meets Apple on research centre", named="vietnam to-lam apple", topics="research")
APPLE_FR = hit("2", "Le président vietnamien rencontre Apple", lang="fr", hours=3, named="vietnam to-lam apple", topics="research")
APPLE_VI = hit("3", "Chủ tịch nước tiếp lãnh đạo Apple", lang="vi", hours=5, named="vietnam to-lam apple", topics="research")
MARVELL = hit("4", "Marvell opens design centre in Ho Chi Minh City", hours=1, named="vietnam marvell", topics="semiconductors")
FPT_EN = hit("5", "FPT and Nvidia to build AI factory", "The US$200 million plant", hours=2, named="fpt nvidia", topics="ai")
FPT_VI = hit("6", "FPT bắt tay Nvidia làm nhà máy AI", "Dự án 200 triệu USD", lang="vi", hours=9, named="fpt nvidia", topics="ai")


def test_one_development_across_languages() -> None:
    """Three reports in three languages are one story, other developments stay apart."""
    labels = label([APPLE_EN, APPLE_FR, APPLE_VI, MARVELL, FPT_EN, FPT_VI], HUBS)
    assert labels["1"] == labels["2"] == labels["3"]
    assert labels["5"] == labels["6"]
    assert len(set(labels.values())) == 3


def test_order_of_arrival_decides_nothing() -> None:
    """The same hits in another order of arrival get the same labels."""
    hits = [APPLE_EN, APPLE_FR, APPLE_VI, MARVELL, FPT_EN, FPT_VI]
    assert label(hits, HUBS) == label(list(reversed(hits)), HUBS)


def test_countries_alone_join_nothing() -> None:
    """Sharing only hubs does not make a story."""
    one = hit("1", "Trade talks resume", lang="en", named="vietnam us")
    two = hit("2", "Khai mạc triển lãm", lang="vi", named="vietnam us")
    assert len(set(label([one, two], HUBS).values())) == 2


def test_a_meeting_of_two_leaders_is_a_development() -> None:
    """Leaders say nothing alone; the meeting of two of them joins its reports across languages, apart from what each does elsewhere."""
    one = hit("1", "Biden and To Lam speak of chips", named="us to-lam joe-biden", topics="semiconductors")
    two = hit("2", "Joe Biden et Tô Lâm se sont vus", lang="fr", hours=1, named="joe-biden to-lam", topics="semiconductors")
    three = hit("3", "Tô Lâm nói chuyện tại Đại học Columbia", lang="vi", hours=2, named="to-lam vietnam", topics="semiconductors")
    labels = label([one, two, three], HUBS)
    assert labels["1"] == labels["2"] != labels["3"]


def test_old_stories_are_closed() -> None:
    """After the window the same firms meeting again are another story."""
    later = hit("7", "Vietnam's leader meets Apple on research centre", hours=24 * 6, named="vietnam to-lam apple", topics="research")
    labels = label([APPLE_EN, later], HUBS)
    assert labels["1"] != labels["7"]


def test_copies_join_whatever_they_share() -> None:
    """A copy of a member's text, or its address, joins at once."""
    copy = hit("8", "Quite another headline", hours=2, copy_of="4")
    twin = hit("9", "And another", hours=2, address="a")
    labels = label([MARVELL, copy, hit("10", "First", address="a"), twin], HUBS)
    assert labels["8"] == labels["4"]
    assert labels["9"] == labels["10"]


def test_memory_is_bounded() -> None:
    """The number of open stories never passes its limit."""
    grouper = Grouper()
    for number in range(MAX_STORIES + 50):
        grouper.add(number, fingerprint(hit(str(number), f"firm{number} opens", hours=number / 100, named=f"firm{number}"), HUBS))
    assert len(grouper._stories) == MAX_STORIES


def test_a_fingerprint_survives_the_store() -> None:
    """What is stored is what is compared."""
    found = fingerprint(FPT_EN, HUBS)
    assert from_json(to_json(found)) == found
    assert found.amounts == {"USD:200000000"}
    assert found.entities == {"fpt", "nvidia"}


def prints(*hits: HitText) -> list[Fingerprint]:
    return [fingerprint(each, HUBS) for each in hits]


def test_novelty() -> None:
    """The first report is new; the same facts again are an echo; a new figure or actor is an update that says which."""
    first, echo, figure, actor = prints(
        FPT_EN,
        FPT_VI,
        hit("7", "FPT and Nvidia: plant to cost $250 million", named="fpt nvidia", topics="ai"),
        hit("8", "Marvell joins FPT and Nvidia", named="fpt nvidia marvell", topics="ai"),
    )
    assert novelty(first, []).kind == "new"
    assert novelty(echo, [first]).kind == "echo"
    assert novelty(figure, [first, echo]).delta == ("amount:USD:250000000",)
    assert novelty(actor, [first, echo]).delta == ("entity:marvell",)


def test_what_nobody_was_shown_makes_no_echo() -> None:
    """A live report is new although a quiet one of the same development was stored at the baseline."""
    quiet = fingerprint(HitText(**{name: getattr(FPT_EN, name) for name in HitText.__slots__} | {"quiet": True}), HUBS)
    live = fingerprint(FPT_VI, HUBS)
    assert novelty(live, [quiet]).kind == "new"


def test_a_copy_is_an_echo_whatever_it_says() -> None:
    """A syndicated copy brings nothing new."""
    first, copy = prints(FPT_EN, hit("9", "Marvell named", named="marvell", copy_of="5"))
    assert novelty(copy, [first]).kind == "echo"
