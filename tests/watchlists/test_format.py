"""The watchlist file: what is read, and how mistakes are told."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.model import Cue, Entity, Role, Topic, Watchlist
from monitor.watchlists.blocks import Part, Parts
from monitor.watchlists.format import parse_watchlists, sides_named

PARTS = Parts(
    parts={
        "us-firms": Part(
            name="us-firms",
            title="US firms",
            side="us",
            entities=(
                Entity(id="apple", title="Apple", type="company", names=("Apple Inc",), loose=("Apple",)),
                Entity(id="marvell", title="Marvell", type="company", names=("Marvell",), implies=("semiconductors",)),
            ),
        ),
        "tech": Part(name="tech", title="Technology", side="tech", topics=(Topic(id="ai", title="AI", words=(("en", ("AI",)),)),)),
    },
    masks=("Apple Valley",),
    cues=(Cue(id="deal", points=0.5, words=(("en", ("sign*",)),)),),
)

GOOD = """\
version = 1
[watchlist.vn-us]
title = "Vietnam and the United States"
match = "vietnam and us"
bond  = "near"
alert = 6
review = 2.5

[side.vietnam]
[side.vietnam.entity.to-lam]
type  = "person"
names = ["To Lam", "Tô Lâm"]
short = ["Lam"]
never = ["Lam Research"]
role  = { "2024-05-22..2024-10-21" = "President", "2024-08-03.." = "General Secretary" }
seeds = ["000", "001"]

[side.us]
title = "United States"
include = ["us-firms"]
[side.us.entity.apple]
names = ["Apple Computer"]
exact = true
[side.us.entity.marvell]
enabled = false
[side.us.topic.chips]
weight = 2
en = ["chip*"]
vi = ["bán dẫn"]

[mask]
names = ["Lam Kinh"]
[cue.deal]
points = 0.75
en = ["agree*"]
[cue.sport]
points = -1
limit = 3
en = ["football"]
"""


def parse(text: str) -> tuple[Watchlist, ...]:
    return parse_watchlists(text, "w.toml", PARTS)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_good_file() -> None:
    """Every key of a file reaches the watchlist, gazetteer parts included."""
    (watchlist,) = parse(GOOD)
    assert (watchlist.id, watchlist.match, watchlist.bond, watchlist.alert, watchlist.review) == (
        "vn-us",
        "vietnam and us",
        "near",
        6.0,
        2.5,
    )
    vietnam, us = watchlist.sides
    (lam,) = vietnam.entities
    assert (lam.title, lam.type, lam.names, lam.short, lam.never) == ("To Lam", "person", ("To Lam", "Tô Lâm"), ("Lam",), ("Lam Research",))
    assert lam.roles == (
        Role(title="President", since_on=date(2024, 5, 22), until_on=date(2024, 10, 21)),
        Role(title="General Secretary", since_on=date(2024, 8, 3)),
    )
    assert lam.seeds == ("000", "001")
    assert us.title == "United States"
    assert us.topics == (Topic(id="chips", title="chip", weight=2.0, words=(("en", ("chip*",)), ("vi", ("bán dẫn",)))),)
    assert watchlist.masks == ("Apple Valley", "Lam Kinh")
    assert [(cue.id, cue.points, cue.limit, cue.words) for cue in watchlist.cues] == [
        ("deal", 0.75, 2, (("en", ("sign*", "agree*")),)),
        ("sport", -1.0, 3, (("en", ("football",)),)),
    ]


def test_own_entity_extends_included_one() -> None:
    """An own block with the id of an included entity adds its names and replaces single values."""
    (watchlist,) = parse(GOOD)
    apple, marvell = watchlist.sides[1].entities
    assert (apple.title, apple.type, apple.names, apple.loose, apple.exact) == (
        "Apple",
        "company",
        ("Apple Inc", "Apple Computer"),
        ("Apple",),
        True,
    )
    assert (marvell.enabled, marvell.names) == (False, ("Marvell",))


OWN_PART = """
[watchlist.one]
match = "here and there"
[watchlist.two]
match = "there and here"
[part.mills.entity.acme]
names = ["Acme Mills"]
[side.here]
include = ["mills"]
[side.there]
include = ["us-firms"]
"""


def test_a_file_carries_a_gazetteer_of_its_own() -> None:
    """A part written in the file is included like the gazetteer's, by all its watchlists; a name that is taken is told with its line."""
    for watchlist in parse(OWN_PART):
        here = next(side for side in watchlist.sides if side.id == "here")
        assert [entity.names for entity in here.entities] == [("Acme Mills",)]
    told = problems(OWN_PART.replace("part.mills", "part.tech"))
    assert any("w.toml:6: part.tech: the gazetteer has a part of this name" in each for each in told)


def test_implied_topic_of_part_without_topic_is_dropped() -> None:
    """A gazetteer firm that implies a topic which no side has implies nothing."""
    (watchlist,) = parse(GOOD)
    assert watchlist.sides[1].entities[1].implies == ()


def test_sides_of_each_watchlist() -> None:
    """Watchlists of one file share its sides, and each holds only those that its match names."""
    text = '[watchlist.a]\nmatch = "x and y"\n[watchlist.b]\nmatch = "y"\n[side.x.entity.x]\nnames = ["X1"]\n[side.y.entity.y]\nnames = ["Y1"]\n'
    first, second = parse(text)
    assert [side.id for side in first.sides] == ["x", "y"]
    assert [side.id for side in second.sides] == ["y"]
    assert first.masks == PARTS.masks


MISTAKES = [
    ("unknown key", GOOD.replace("bond ", "bnod "), "w.toml:5: watchlist.vn-us.bnod: unknown key (did you mean 'bond'?)"),
    (
        "unknown key of an entity",
        GOOD.replace("short =", "shrot ="),
        "w.toml:13: side.vietnam.entity.to-lam.shrot: unknown key (did you mean 'short'?)",
    ),
    ("unknown table", GOOD + "[sides.x]\n", "w.toml:40: sides: unknown key (did you mean 'side'?)"),
    (
        "wrong type",
        GOOD.replace('"person"', "7"),
        "w.toml:11: side.vietnam.entity.to-lam.type: should be text in quotes, not a whole number",
    ),
    (
        "unknown type",
        GOOD.replace('"person"', '"persn"'),
        "w.toml:11: side.vietnam.entity.to-lam.type: 'persn' is not known here (did you mean 'person'?)",
    ),
    (
        "text for list",
        GOOD.replace('["Lam"]', '"Lam"'),
        'w.toml:13: side.vietnam.entity.to-lam.short: should be a list of texts, not text in quotes (write ["Lam"] with brackets around it)',
    ),
    (
        "text for flag",
        GOOD.replace("exact = true", 'exact = "yes"'),
        "w.toml:23: side.us.entity.apple.exact: should be true or false (without quotes), not text in quotes",
    ),
    (
        "unknown part",
        GOOD.replace('"us-firms"', '"us-firm"'),
        "w.toml:20: side.us.include.0: the gazetteer has no part 'us-firm' (did you mean 'us-firms'?)",
    ),
    (
        "unknown topic",
        GOOD.replace("enabled = false", 'implies = ["chip"]'),
        "w.toml:25: side.us.entity.marvell.implies: no side has a topic 'chip' (did you mean 'chips'?)",
    ),
    (
        "star inside",
        GOOD.replace('"chip*"', '"ch*p"'),
        "w.toml:28: side.us.topic.chips.en.0: 'ch*p': * stands only at the end of a name (did you mean 'chp'?)",
    ),
    ("empty name", GOOD.replace('"Tô Lâm"', '" "'), "w.toml:12: side.vietnam.entity.to-lam.names.1: empty text"),
    ("only a star", GOOD.replace('"Tô Lâm"', '"*"'), "w.toml:12: side.vietnam.entity.to-lam.names.1: '*' has no letter or digit"),
    ("no names", GOOD + "[side.us.entity.visa]\n", 'w.toml:40: side.us.entity.visa: has no name to look for (add names = ["..."])'),
    (
        "one id twice",
        GOOD + '[side.vietnam.entity.apple]\nnames = ["x1"]\n',
        "w.toml:21: side.us.entity.apple: the id 'apple' stands on side 'vietnam' too (one entity, one id, one side)",
    ),
    (
        "bands",
        GOOD.replace("alert = 6", "alert = 2"),
        "w.toml:6: watchlist.vn-us.alert: alert = 2 is below review = 2.5 (alert is the higher of the two bands)",
    ),
    (
        "unknown side",
        GOOD.replace("and us", "and usa"),
        "w.toml:4: watchlist.vn-us.match: column 13: there is no [side.usa] (did you mean 'us'?)",
    ),
    (
        "missing match",
        GOOD.replace('match = "vietnam and us"\n', ""),
        "w.toml:2: watchlist.vn-us.match: missing key (names of sides joined by and, or, not)",
    ),
    (
        "bond",
        GOOD.replace('"near"', '"sentense"'),
        "w.toml:5: watchlist.vn-us.bond: 'sentense' is not known here (did you mean 'sentence'?)",
    ),
    (
        "span of days",
        GOOD.replace("2024-08-03..", "2024-08"),
        'w.toml:15: side.vietnam.entity.to-lam.role.2024-08: \'2024-08\' is not a span of days (such as "2024-08-03.." or "2024-05-22..2024-10-21")',
    ),
    (
        "span reversed",
        GOOD.replace("2024-05-22..2024-10-21", "2024-10-21..2024-05-22"),
        (
            "w.toml:15: side.vietnam.entity.to-lam.role.2024-10-21..2024-05-22: '2024-10-21..2024-05-22' ends before it begins"
            ' (did you mean "2024-05-22..2024-10-21"?)'
        ),
    ),
    (
        "no such day",
        GOOD.replace("2024-08-03..", "2024-02-30.."),
        "w.toml:15: side.vietnam.entity.to-lam.role.2024-02-30..: '2024-02-30..' holds a day that does not exist",
    ),
    ("weight", GOOD.replace("weight = 2", "weight = 0"), "w.toml:27: side.us.topic.chips.weight: should be above 0 and at most 10, not 0"),
    (
        "cue without points",
        GOOD.replace("points = -1\n", ""),
        "w.toml:36: cue.sport.points: missing key (points that each of its words adds, such as 0.5 or -1.0)",
    ),
    (
        "version",
        GOOD.replace("version = 1", "version = 2"),
        "w.toml:1: version: version 2 of the file format is not known (this program reads version = 1)",
    ),
    (
        "id",
        GOOD.replace("entity.to-lam", "entity.To_Lam"),
        "w.toml:10: side.vietnam.entity.To_Lam: 'To_Lam' cannot be an id (lower-case letters, digits and hyphens only, such as to-lam)",
    ),
    ("empty side", GOOD + "[side.other]\n", "w.toml:40: side.other: has nothing to look for (add an entity, a topic or include = [...])"),
]


@pytest.mark.parametrize(("text", "message"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_mistake(text: str, message: str) -> None:
    """Each mistake is told once, with its line, its path and what would be right."""
    assert problems(text) == [message]


def test_all_mistakes_at_once() -> None:
    """A file with several mistakes tells them all, in the order of the file."""
    text = GOOD.replace("bond ", "bnod ").replace('"us-firms"', '"us"').replace("exact = true", "exact = 1")
    assert [line.split(":")[1] for line in problems(text)] == ["5", "20", "23"]


def test_not_toml() -> None:
    """A file that is not TOML is refused with the line."""
    assert problems("a = \n")[0].startswith("w.toml:1: not valid TOML")


def test_no_watchlist() -> None:
    """A file without a watchlist is refused."""
    assert "no watchlist" in problems('[side.x.entity.x]\nnames = ["X1"]\n')[0]


def digest(text: str) -> str:
    return parse(text)[0].digest


def test_digest_is_the_meaning() -> None:
    """Comments, layout, provenance and expectation leave the digest alone; names, sides, masks, cues and gazetteer change it."""
    first = digest(GOOD)
    assert digest("# note\n" + GOOD.replace("bond  =", "bond =")) == first
    assert digest(GOOD.replace('seeds = ["000", "001"]\n', "")) == first
    assert digest(GOOD.replace("alert = 6", 'alert = 6.0\nexpect = "3 a day"')) == first
    for changed in (
        GOOD.replace('"Tô Lâm"', '"Tô Lâm", "Ông Lâm"'),
        GOOD.replace("alert = 6", "alert = 7"),
        GOOD.replace('"Lam Kinh"', '"Lam Sơn"'),
        GOOD.replace("0.75", "0.5"),
        GOOD.replace("enabled = false", "enabled = true"),
    ):
        assert digest(changed) != first
    other = Parts(parts=PARTS.parts, masks=("Apple Street",), cues=PARTS.cues)
    assert parse_watchlists(GOOD, "w.toml", other)[0].digest != first


@pytest.mark.parametrize(
    ("match", "sides"),
    [
        ("vietnam and us and tech", ("vietnam", "us", "tech")),
        ("(vietnam near/2 us) and tech and not sport", ("vietnam", "us", "tech", "sport")),
        ("title:vietnam and lead:(us or eu)", ("vietnam", "us", "eu")),
        ("at-least-2 us and us same-sentence vietnam", ("us", "vietnam")),
        ("NOT us-firms AND at-least 3 eu", ("us-firms", "eu")),
    ],
)
def test_sides_named(match: str, sides: tuple[str, ...]) -> None:
    """The side ids are found in an expression and the language's own words are not taken for sides."""
    assert sides_named(match) == sides


@given(st.lists(st.sampled_from(GOOD.splitlines()), max_size=25))
def test_shuffled_lines(lines: list[str]) -> None:
    """Any mixture of lines gives watchlists or a ConfigError, nothing else."""
    with suppress(ConfigError):
        assert parse("\n".join(lines))


CONTRAST = Parts(
    parts={
        "others": Part(
            name="others",
            title="Other countries",
            side="others",
            entities=(
                Entity(id="china", title="China", names=("China",)),
                Entity(id="apple", title="Apple", names=("Apple Inc",)),
                Entity(id="us", title="US", names=("United States",)),
                Entity(id="assembly", title="Assembly", type="event", names=("General Assembly",)),
            ),
        ),
        "us-firms": PARTS.parts["us-firms"],
    }
)


def test_contrast() -> None:
    """Contrast parts always apply, without meetings and what stands on a side of the watchlist, and a file may add to them."""
    text = GOOD.replace('names = ["Apple Computer"]', 'names = ["Apple Computer", "United States"]')
    (watchlist,) = parse_watchlists(text + '[contrast.entity.samsung]\nnames = ["Samsung"]\n', "w.toml", CONTRAST)
    assert [one.id for one in watchlist.contrast] == ["china", "samsung"]
