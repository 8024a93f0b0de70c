"""The gazetteer as package data."""

from itertools import pairwise

import pytest

from monitor.errors import ConfigError
from monitor.text import fold
from monitor.watchlists.format import parse_watchlists
from monitor.watchlists.knowledge import load, read
from monitor.watchlists.risks import risks

# The 34 provinces and cities since 1 July 2025, then those of the 63 before whose names went.
PROVINCES = """
Hà Nội;Thành phố Hồ Chí Minh;Hải Phòng;Đà Nẵng;Cần Thơ;Huế;Lai Châu;Điện Biên;Sơn La;Lạng Sơn;Quảng Ninh;Thanh Hóa;Nghệ An;Hà Tĩnh;Cao Bằng;Tuyên Quang;Lào Cai;
Thái Nguyên;Phú Thọ;Bắc Ninh;Hưng Yên;Ninh Bình;Quảng Trị;Quảng Ngãi;Gia Lai;Khánh Hòa;Lâm Đồng;Đắk Lắk;Đồng Nai;Tây Ninh;Vĩnh Long;Đồng Tháp;Cà Mau;
An Giang;
Hà Giang;Yên Bái;Bắc Kạn;Vĩnh Phúc;Hòa Bình;Bắc Giang;Thái Bình;Hải Dương;Hà Nam;Nam Định;Quảng Bình;Quảng Nam;Kon Tum;Bình Định;Ninh Thuận;Bình Thuận;
Đắk Nông;Phú Yên;Bình Dương;Bà Rịa - Vũng Tàu;Bình Phước;Long An;Bến Tre;Trà Vinh;Tiền Giang;Sóc Trăng;Hậu Giang;Bạc Liêu;Kiên Giang
"""
EVERY_PART = """
[watchlist.all]
match = "vietnam and us and tech"
[side.vietnam]
include = ["vietnam-places", "vietnam-firms", "vietnam-offices", "vietnam-agreements", "vietnam-us-agreements"]
[side.us]
include = ["us-places", "us-firms", "us-offices", "us-agreements"]
[side.tech]
include = ["topics"]
"""


def test_loads() -> None:
    """The gazetteer that is shipped has no problem, and each part has something in it."""
    parts = load()
    assert all(part.entities or part.topics for part in parts.parts.values())


def test_parts_of_two_files() -> None:
    """Parts, masks and cues of all files come together; each file's mistakes are told with its name."""
    good = '[part.a]\ntitle = "A"\nside = "a"\n[part.a.entity.x]\nnames = ["X1"]\n[mask]\nnames = ["M1"]\n[cue.deal]\npoints = 1\nen = ["sign*"]\n'
    parts = read((("a.toml", good), ("b.toml", '[part.b.topic.y]\nen = ["why"]\n[mask]\nnames = ["M2"]\n')))
    assert (list(parts.parts), parts.masks, [cue.id for cue in parts.cues]) == (["a", "b"], ("M1", "M2"), ["deal"])
    assert parts.parts["b"].side == "b"
    with pytest.raises(ConfigError) as caught:
        read((("a.toml", good), ("b.toml", good), ("c.toml", "[part.c]\ntitel = 1\n")))
    assert [(problem.file, problem.path) for problem in caught.value.problems] == [
        ("b.toml", "part.a"),
        ("b.toml", "cue.deal"),
        ("c.toml", "part.c.titel"),
    ]


def test_nothing_in_it_is_risky() -> None:
    """No common word, no very short name, no name of two entities, no names that fold together, no mask over a name, no word of two topics."""
    (everything,) = parse_watchlists(EVERY_PART, "all.toml", load())
    assert risks(everything) == ()


def test_every_province_is_known() -> None:
    """All provinces and cities, those of today and those that were merged in 2025, are places of the Vietnamese side."""
    known = {fold(name) for entity in load().parts["vietnam-places"].entities for name in (*entity.names, *entity.exact_names)}
    provinces = [name.strip() for name in PROVINCES.replace("\n", "").split(";")]
    assert len(provinces) == 63
    assert [name for name in provinces if fold(name) not in known] == []


def test_its_size() -> None:
    """It holds what the design asks for: 350 entities, 1,100 names, 300 masks, each mask once."""
    parts = load()
    entities = [entity for part in parts.parts.values() for entity in part.entities]
    names = [name for entity in entities for name in (*entity.names, *entity.exact_names, *entity.short, *entity.loose)]
    assert len({entity.id for entity in entities}) == len(entities) >= 350
    assert len(names) >= 1_100
    assert len(set(parts.masks)) == len(parts.masks) >= 300


def test_offices_follow_one_another() -> None:
    """A person's stays in one office do not overlap, and each begins before it ends."""
    for part in load().parts.values():
        for entity in part.entities:
            for role in entity.roles:
                assert role.since_on is None or role.until_on is None or role.since_on < role.until_on, entity.id
            for title in {role.title for role in entity.roles}:
                stays = sorted((role.since_on, role.until_on) for role in entity.roles if role.title == title and role.since_on)
                assert all(before[1] and before[1] <= after[0] for before, after in pairwise(stays)), entity.id
