"""Grouping over made-up hits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Mention
from monitor.stories.fingerprint import Fingerprint, HitText, Hubs, fingerprint, from_json, to_json
from monitor.stories.group import MAX_MEMBERS, MAX_STORIES, Grouper, Placement, label
from tests.commands import run
from tests.stories.stream_walk import b_cubed

START = datetime(2024, 9, 24, tzinfo=UTC)
HUBS = Hubs(
    ids=frozenset({"vietnam", "us", "to-lam", "joe-biden"}),
    leaders=frozenset({"to-lam", "joe-biden"}),
    places=frozenset({"da-nang", "hue"}),
)


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
APPLE_FR = hit(
    "2", "Le président rencontre Apple, centre de recherche", lang="fr", hours=3, named="vietnam to-lam apple", topics="research"
)
APPLE_VI = hit("3", "Chủ tịch nước tiếp Apple về trung tâm nghiên cứu", lang="vi", hours=5, named="vietnam to-lam apple", topics="research")
MARVELL = hit("4", "Marvell opens design centre in Ho Chi Minh City", hours=1, named="vietnam marvell", topics="semiconductors")
FPT_EN = hit(
    "5", "FPT and Nvidia to build AI factory", "The US$200 million plant will open next year.", hours=2, named="fpt nvidia", topics="ai"
)
FPT_VI = hit("6", "FPT bắt tay Nvidia xây nhà máy AI", "Dự án 200 triệu USD.", lang="vi", hours=9, named="fpt nvidia", topics="ai")


def prints(*hits: HitText) -> list[Fingerprint]:
    return [fingerprint(each, HUBS) for each in hits]


def placed(hits: list[HitText], last: HitText, **known: object) -> Placement:
    """Where the last hit goes once the others are stories as `label` makes them."""
    grouper = Grouper()
    for number, found in enumerate(prints(*hits)):
        where = grouper.place(found).story
        grouper.add(number if where is None else where, found)
    return grouper.place(fingerprint(last, HUBS), **known)  # type: ignore[arg-type]


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


def test_a_firm_is_not_a_development() -> None:
    """Two developments of one firm are two stories."""
    one = hit("1", "Intel adds chip packaging line", named="intel", topics="semiconductors")
    two = hit("2", "Intel gives computers to highland schools", named="intel", topics="workforce", hours=20)
    assert len(set(label([one, two], HUBS).values())) == 2


def test_a_visit_with_several_meetings_is_several_stories() -> None:
    """Same visitor, same day, other counterpart: another story."""
    firms = ("apple", "google", "meta", "qualcomm", "micron")
    hits = [
        hit(firm, f"Deputy prime minister meets {firm.title()} on chips", named=firm, topics="semiconductors", hours=n)
        for n, firm in enumerate(firms)
    ]
    assert len(set(label(hits, HUBS).values())) == len(firms)


def test_the_same_firm_with_another_partner_is_another_story() -> None:
    """One party in common and another on each side: two deals."""
    one = hit("1", "Petrovietnam and Excelerate agree to study LNG supply", named="petrovietnam excelerate", topics="lng")
    two = hit("2", "Petrovietnam seeks LNG cooperation with Cheniere", named="petrovietnam cheniere", topics="lng", hours=30)
    assert len(set(label([one, two], HUBS).values())) == 2


def test_in_a_crowd_more_is_asked() -> None:
    """What joins two reports of a firm nobody else writes of does not join them where many do."""
    first = hit("1", "Nvidia opens laboratory", named="nvidia", topics="ai")
    last = hit("9", "Nvidia buys chip design firm", named="nvidia", topics="ai", hours=40)
    others = [
        hit(str(n), title, named="nvidia", topics=topic, hours=n)
        for n, (title, topic) in enumerate(
            (
                ("Nvidia hires engineers", "workforce"),
                ("Nvidia sells servers", "data-centres"),
                ("Nvidia gives scholarships", "tech-training"),
                ("Nvidia sues rival over patent", "trade-policy"),
            ),
            2,
        )
    ]
    assert placed([first], last).story == 0
    assert placed([first, *others], last).story is None


DENSE = """\
a 0 Nvidia to open an AI research centre in Hanoi
a 0 Nvidia plans AI research centre in Vietnam's capital
b 0 Nvidia hires 50 chip engineers in Ho Chi Minh City
c 1 Nvidia donates GPUs to Vietnamese universities
c 1 Nvidia gives graphics chips to universities in Vietnam
d 1 Nvidia and FPT launch AI factory in Binh Dinh
d 1 FPT and Nvidia open their AI factory in Vietnam
e 1 Nvidia chief Jensen Huang visits Hanoi chip fair
f 2 Nvidia acquires Vietnamese AI startup VinBrain
f 2 Nvidia buys VinBrain from Vingroup
g 2 Nvidia supplier Foxconn expands Bac Giang plant for AI servers
h 2 Nvidia warns of chip shortage in Vietnam
i 3 Nvidia trains 1,000 Vietnamese engineers in AI
j 3 Nvidia to sell H200 chips to Viettel in Vietnam
j 3 Viettel orders Nvidia H200 chips for Vietnam data centre
k 3 Nvidia wins tax break for chip project in Da Nang, Vietnam
l 4 Nvidia sues Vietnamese reseller over fake AI chips
m 4 Nvidia joins Vietnam semiconductor association
n 4 Nvidia delays its AI project in Vietnam
"""
"""Development, day and headline: what one firm can do in a week, as a search feed lists it."""


def test_bare_headlines_of_one_firm_mostly_stay_apart(tmp_path: Path) -> None:
    """Where nothing but headlines speaks, what one firm does in a week is told apart: B-cubed F1 at least 0.90, every pair of one development joined."""
    rows = [line.split(" ", 2) for line in DENSE.splitlines()]
    texts = [
        {"id": f"{name}{number}", "title": title, "text": "", "lang": "en", "date": f"2026-11-{10 + int(day)}T{number:02}:00:00Z"}
        for number, (name, day, title) in enumerate(rows)
    ]
    (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, texts)), encoding="utf-8")
    found = [json.loads(line) for line in run("match", str(tmp_path / "texts.jsonl")).out.splitlines()]
    assert len(found) == len(rows)
    _, recall, f1 = b_cubed([(row["id"][0], row["story"]) for row in found])
    assert f1 >= 0.90
    assert recall == 1.0


def test_a_language_without_concepts_joins_by_names() -> None:
    """A report in a language that has no list of concepts is compared by its names and topics."""
    korean = hit("2", "엔비디아 연구소", lang="ko", hours=3, named="nvidia marvell", topics="ai")
    english = hit("1", "Nvidia and Marvell open laboratory", named="nvidia marvell", topics="ai")
    assert placed([english], korean).story == 0


def test_a_meeting_of_two_leaders_is_a_development() -> None:
    """Leaders say nothing alone; the meeting of two of them joins its reports across languages, apart from what each does elsewhere."""
    one = hit("1", "Biden and To Lam speak of chips", named="us to-lam joe-biden", topics="semiconductors")
    two = hit("2", "Joe Biden et Tô Lâm: les puces", lang="fr", hours=1, named="joe-biden to-lam", topics="semiconductors")
    three = hit("3", "Tô Lâm nói chuyện tại Đại học Columbia", lang="vi", hours=2, named="to-lam vietnam", topics="semiconductors")
    labels = label([one, two, three], HUBS)
    assert labels["1"] == labels["2"] != labels["3"]


def test_reports_without_names_join_by_words_and_concepts() -> None:
    """Texts that name no party are compared by what they speak of."""
    one = hit("1", "US presses Vietnam over Chinese firms in subsea cables", named="us vietnam", topics="subsea-cables")
    two = hit("2", "Vietnam between US and China on undersea cables", named="us vietnam", topics="subsea-cables", hours=9)
    three = hit("3", "US survey finds Vietnam short of digital skills", named="us vietnam", topics="workforce", hours=9)
    labels = label([one, two, three], HUBS)
    assert labels["1"] == labels["2"] != labels["3"]


def test_old_stories_take_no_members_and_are_named_as_earlier() -> None:
    """After the window the same firms meeting again are another story, which goes on from the first."""
    later = hit(
        "7",
        "Vietnam's leader meets Apple on research centre again this year",
        hours=24 * 20,
        named="vietnam to-lam apple",
        topics="research",
    )
    where = placed([APPLE_EN], later)
    assert where.story is None
    assert where.earlier == 0


def test_the_nearest_story_not_joined_is_named() -> None:
    """A placement says what it rests on and which story came next."""
    headphones = hit("9", "Apple moves headphone assembly", named="apple", topics="electronics-supply-chain")
    where = placed([APPLE_EN, FPT_EN, headphones], APPLE_FR)
    assert where.story == 0
    assert {"entity:apple", "topic:research", "concept:research-centre"} <= set(where.because)
    assert where.nearest == 2
    assert where.nearest_score < where.score


def test_copies_join_whatever_they_share() -> None:
    """A copy of a member's text, or its address, joins at once."""
    copy = hit("8", "Quite another headline", hours=2, copy_of="4")
    twin = hit("9", "And another", hours=2, address="a")
    labels = label([MARVELL, copy, hit("10", "First", address="a"), twin], HUBS)
    assert labels["8"] == labels["4"]
    assert labels["9"] == labels["10"]


def test_the_same_words_are_a_copy() -> None:
    """A wire text with another outlet's signature is recognised even where it is short."""
    text = "US firm Amkor has applied to put another sum into its chip packaging plant in the north."
    one = hit("1", "Amkor seeks to expand its plant", text, named="amkor")
    two = hit("2", "Amkor seeks to expand its plant", f"{text} (Reuters)", named="amkor", hours=1)
    assert placed([one], two).copy


def test_a_persons_word_counts_more_than_likeness() -> None:
    """What was set apart is not joined, what was put together is."""
    assert placed([APPLE_EN], APPLE_FR).story == 0
    assert placed([APPLE_EN], APPLE_FR, apart={0}).story is None
    assert placed([APPLE_EN], MARVELL, together=0).because == ("put there by hand",)


def test_a_chain_of_likeness_does_not_grow_without_end() -> None:
    """Where each report resembles the one before it and none the first, the story does not swallow them all."""
    subjects = (
        "laboratory",
        "data centre",
        "satellite",
        "submarine cable",
        "turbine",
        "scholarship",
        "patent",
        "tariff",
        "cybersecurity",
        "battery",
    )
    chain = [hit(str(n), f"Plan for {one} and {other}", hours=6 * n) for n, (one, other) in enumerate(pairwise(subjects))]
    labels = label(chain, HUBS)
    assert labels["0"] != labels[str(len(chain) - 1)]
    assert len(set(labels.values())) >= 3


def test_memory_is_bounded() -> None:
    """The number of open stories and of members never passes its limit, and nothing is kept of what is closed."""
    grouper = Grouper()
    for number in range(MAX_STORIES + 50):
        grouper.add(number, fingerprint(hit(str(number), f"firm{number} opens", hours=number / 100, named=f"firm{number}"), HUBS))
    for number in range(30):
        grouper.add(MAX_STORIES, fingerprint(hit(f"m{number}", f"word{number} opens", hours=9, named="fpt"), HUBS))
    assert len(grouper._stories) == MAX_STORIES
    assert len(grouper.members(MAX_STORIES)) == MAX_MEMBERS
    assert not any(feature.endswith(("firm3", "word3")) for feature in grouper._by_feature)


HITS = [APPLE_EN, APPLE_FR, APPLE_VI, MARVELL, FPT_EN, FPT_VI]


@given(st.lists(st.tuples(st.sampled_from(HITS), st.integers(0, 400)), max_size=25))
def test_stories_opened_anew_decide_as_before(found: list[tuple[HitText, int]]) -> None:
    """A grouper that is built from what was kept places the next hit like the one that never stopped."""
    ordered = sorted(
        (replace(each, key=str(n), at=START + timedelta(hours=hours)) for n, (each, hours) in enumerate(found)), key=lambda each: each.at
    )
    lasting = Grouper()
    for number, each in enumerate(prints(*ordered)):
        anew = Grouper()
        for story in sorted(lasting._stories, key=lambda key: lasting.members(key)[-1].at):
            anew.open(story, lasting.members(story))
        one, other = lasting.place(each), anew.place(each)
        assert (one.story, one.nearest) == (other.story, other.nearest)
        lasting.add(number if one.story is None else one.story, each)


def test_a_fingerprint_survives_the_store() -> None:
    """What is stored is what is compared."""
    found = fingerprint(FPT_EN, HUBS)
    assert from_json(to_json(found)) == found
    assert found.figures == {"USD:200000000"}
    assert found.entities == {"fpt", "nvidia"}
    assert found.title_concepts == {"build", "ai", "factory"}
