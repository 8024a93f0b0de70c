"""A small watchlist for the tests of this room: Vietnam, the United States and technology, with names that are hard to tell apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.hits.compile import compile_matcher
from monitor.hits.match import Matcher
from monitor.model import Cue, Entity, EntityType, Side, Topic, Watchlist


def entity(id_: str, *names: str, type_: EntityType = "company", **fields: Any) -> Entity:
    """An entity with its first name as title."""
    return Entity(id=id_, title=fields.pop("title", names[0] if names else id_), type=type_, names=names, **fields)


def topic(id_: str, weight: float, en: str, vi: str = "", fr: str = "") -> Topic:
    """A topic from words joined by commas."""
    words = tuple((lang, tuple(word.strip() for word in text.split(","))) for lang, text in (("en", en), ("vi", vi), ("fr", fr)) if text)
    return Topic(id=id_, title=id_, weight=weight, words=words)


VIETNAM = Side(
    id="vietnam",
    title="Vietnam",
    entities=(
        entity(
            "vietnam", "Vietnam", "Việt Nam", "Viêt Nam", "vietnamien*", "Vietnamese", type_="place", hub=True, exact_names=("Việt", "VN")
        ),
        entity("ha-noi", "Hà Nội", "Hanoi", type_="place", hub=True),
        entity("da-nang", "Da Nang", type_="place"),
        entity("nha-trang", "Nha Trang", type_="place"),
        entity("hue", "Huế", type_="place"),
        entity("to-lam", "Tô Lâm", type_="person", hub=True, short=("Lam", "Lâm"), never=("Lam Research", "Lâm Đồng"), title="To Lam"),
        entity("thuy", "Nguyễn Thúy Hòa", type_="person"),
        entity("fpt", "FPT"),
        entity("bach-khoa", "Đại học Bách khoa", type_="body"),
        entity("vingroup", "Vingroup", "VinFast"),
    ),
)
UNITED_STATES = Side(
    id="us",
    title="United States",
    entities=(
        entity("us", "United States", "États-Unis", "Hoa Kỳ", "américain*", type_="place", hub=True, exact_names=("US", "U.S.", "Mỹ")),
        entity("biden", "Joe Biden", type_="person", hub=True, short=("Biden",)),
        entity("white-house", "White House", "Nhà Trắng", type_="body"),
        entity("nvidia", "NVIDIA", "엔비디아", implies=("ai",)),
        entity("intel", "Intel", exact=True, implies=("chips",)),
        entity("apple", "Apple", exact=True),
        entity("lam-research", "Lam Research", implies=("chips",)),
        entity("visa", "Visa Inc", loose=("Visa",)),
        entity("meta", exact_names=("Meta",), title="Meta"),
        entity("ge", "GE", "GE Vernova"),
        entity("amazon", "Amazon", "Amazon Việt Nam", never=("Amazon rainforest",)),
        entity("usabc", "US-ASEAN Business Council", type_="body"),
        entity("embassy", "Vietnam Desk of the Embassy", type_="body"),
    ),
)
TECH = Side(
    id="tech",
    title="technology",
    topics=(
        topic("chips", 2.0, "semiconductor*, chip, chips", "bán dẫn, chip", "semi-conducteur*, puces électroniques"),
        topic("ai", 2.0, "AI, artificial intelligence", "AI, trí tuệ nhân tạo", "IA, intelligence artificielle"),
        topic("energy", 1.5, "LNG, solar power", "điện hạt nhân, năng lượng", "énergie*, GNL"),
        topic("general", 0.5, "technology, high-tech", "công nghệ", "technologie*"),
    ),
)
CUES = (
    Cue(
        id="deal",
        points=0.5,
        limit=2,
        words=(
            ("en", ("sign*", "invest*", "build*", "met", "meet*", "produce*")),
            ("vi", ("ký", "đầu tư", "tiếp", "xây dựng", "hợp tác")),
            ("fr", ("signe*", "investi*", "rencontr*")),
        ),
    ),
    Cue(
        id="consumer",
        points=-1.0,
        limit=3,
        words=(("en", ("price*", "on sale", "visa")), ("vi", ("giá bán", "khuyến mãi")), ("fr", ("prix",))),
    ),
)
MASKS = ("Vietnam War", "Mỹ thuật", "Mỹ nghệ", "đô la Mỹ", "CMC OpenAI", "Tân Mỹ", "đại học công nghệ")
CONTRAST = (
    entity("china", "China", "Chinese", "Trung Quốc", "Chine", type_="place"),
    entity("france", "Pháp", "France", type_="place"),
    entity("samsung", "Samsung"),
)


def watchlist(**fields: Any) -> Watchlist:
    """The watchlist, with some fields of one's own."""
    made = Watchlist(
        id="vn-us",
        title="Vietnam-US technology",
        match="vietnam and us and tech",
        sides=(VIETNAM, UNITED_STATES, TECH),
        masks=MASKS,
        cues=CUES,
        contrast=CONTRAST,
        digest="one",
    )
    return replace(made, **fields)


def matcher(**fields: Any) -> Matcher:
    """A matcher for the watchlist."""
    return compile_matcher([watchlist(**fields)])
