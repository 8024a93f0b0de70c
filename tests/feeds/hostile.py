"""Feed documents that mean harm (fault matrix E), made from a seed: the same seed gives the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
PLAIN = "<item><guid>plain</guid><title>Plain</title><link>http://news.example/plain</link></item>"


def _rss(items: str, doctype: str = "", title: str = "F") -> bytes:
    return f'{HEAD}{doctype}<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'.encode("utf-8", "surrogatepass")


def _item(**fields: str) -> str:
    return "<item>" + "".join(f"<{tag}>{value}</{tag}>" for tag, value in fields.items()) + "</item>"


def laughs(dice: random.Random) -> bytes:
    """Entities of entities, a thousand million signs deep."""
    levels = dice.randint(9, 20)
    names = [f"e{number}" for number in range(levels)]
    inner = f'<!ENTITY {names[0]} "ha">' + "".join(f'<!ENTITY {one} "{f"&{under};" * 10}">' for under, one in pairwise(names))
    return _rss(PLAIN + _item(title=f"&{names[-1]};"), f"<!DOCTYPE rss [{inner}]>")


def quadratic(dice: random.Random) -> bytes:
    """One long entity, used often."""
    return _rss(PLAIN + _item(title="&a;" * 20_000), f'<!DOCTYPE rss [<!ENTITY a "{"x" * dice.randint(50_000, 100_000)}">]>')


def blank_lines(dice: random.Random) -> bytes:
    """A hundred thousand blank lines before the root."""
    return b"\n" * dice.randint(80_000, 120_000) + _rss(PLAIN)


def blank_lines_inside(dice: random.Random) -> bytes:
    """The same after the declaration."""
    return _rss(PLAIN).replace(b"?>", b"?>" + b"\r\n" * dice.randint(80_000, 120_000), 1)


def blank_comment(dice: random.Random) -> bytes:
    """The same in a comment."""
    return _rss(PLAIN).replace(b"?>", b"?><!--" + b"\n" * dice.randint(80_000, 120_000) + b"-->", 1)


def author_bomb(dice: random.Random) -> bytes:
    """An author that makes address patterns backtrack."""
    return _rss(_item(guid="plain", title="Plain", author="a." * dice.randint(20_000, 40_000) + "@"))


def long_title(dice: random.Random) -> bytes:
    """A title of a megabyte of open tags."""
    return _rss(_item(guid="plain", title="&lt;b" * dice.randint(150_000, 250_000)))


def long_attribute(dice: random.Random) -> bytes:
    """An attribute of megabytes."""
    return _rss(f'<item a="{"x" * dice.randint(2_000_000, 4_000_000)}"><guid>plain</guid><title>Plain</title></item>')


def many_items(dice: random.Random) -> bytes:
    """A hundred thousand items."""
    return _rss("".join(_item(guid=f"g{number}", title=f"T{number}") for number in range(dice.randint(90_000, 110_000))))


def many_unclosed_items(dice: random.Random) -> bytes:
    """Fifty thousand items that never end."""
    return _rss("<item><title>x" * dice.randint(20_000, 30_000))


def deep(dice: random.Random) -> bytes:
    """A hundred thousand elements inside each other."""
    depth = dice.randint(50_000, 100_000)
    return _rss(PLAIN + "<a>" * depth + "</a>" * depth)


def deep_unclosed(dice: random.Random) -> bytes:
    """The same, never closed."""
    return _rss(PLAIN)[: -len(b"</channel></rss>")] + b"<item>" + b"<div>" * dice.randint(50_000, 100_000)


def unclosed_cdata(dice: random.Random) -> bytes:
    """A section that never ends."""
    return _rss(PLAIN)[: -len(b"</channel></rss>")] + b"<item><title><![CDATA[" + b"x]] " * dice.randint(200_000, 300_000)


def bad_utf8(dice: random.Random) -> bytes:
    """Overlong forms, lone surrogates and stray bytes."""
    return _rss(PLAIN + _item(title="Đà Nẵng \ud800 đẹp")).replace(b"Plain", b"Pl\xc0\xaf\xffain", 1)


def controls(dice: random.Random) -> bytes:
    """Every control and format sign, in title, guid and link."""
    signs = "".join(map(chr, (*range(1, 32), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF, 0xE0041)))
    mixed = "".join(dice.sample(signs, len(signs)))
    return _rss(_item(guid=f"pl{mixed}ain", title=f"Pl{mixed}ain", link=f"http://news.example/{mixed}")).replace(
        b"<title>Pl", b"<title>\0Pl"
    )


def odd_dates(dice: random.Random) -> bytes:
    """Dates that no calendar has."""
    dates = [
        "0000-01-01",
        "-0001-01-01",
        "10000-01-01",
        "9999-12-31T23:59:60Z",
        "2026-02-29",
        "2026-13-01",
        "1" * 5000,
        "31 Feb 2026",
        "",
        "0",
    ]
    return _rss("".join(_item(guid=f"g{number}", title="T", pubDate=date) for number, date in enumerate(dates)))


def same_guids(dice: random.Random) -> bytes:
    """All guids alike."""
    return _rss("".join(_item(guid="same", title=f"T{number}", link=f"http://news.example/{number}") for number in range(50)))


def json_deep(dice: random.Random) -> bytes:
    """JSON nested a hundred thousand deep."""
    return b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * dice.randint(90_000, 110_000)


def json_number(dice: random.Random) -> bytes:
    """A number of a million digits."""
    return b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": ' + b"9" * dice.randint(900_000, 1_100_000) + b"}]}"


def json_types(dice: random.Random) -> bytes:
    """Every field of a wrong type, keys twice."""
    return (
        b'{"version": "https://jsonfeed.org/version/1.1", "title": [1], "title": {"a": 1}, "items": [{"id": {}, "url": [], "title": 1e400,'
        b' "authors": {"name": 1}, "date_published": false, "tags": 1}, [], null, 7, {"id": "plain", "title": "Plain"}]}'
    )


def links(dice: random.Random) -> bytes:
    """Links that lead nowhere, or too far."""
    given = [
        "javascript:alert(1)",
        "data:,x",
        "//evil.example/x",
        "http://a b/c",
        "http://аррӏе.example/",
        "x" * 8000,
        "http://[::1",
        "http://%00/",
    ]
    return _rss("".join(_item(guid=f"g{number}", title="T", link=link) for number, link in enumerate(given)))


def noise(dice: random.Random) -> bytes:
    """A feed with a tenth of its bytes thrown about."""
    body = bytearray(_rss("".join(_item(guid=f"g{number}", title=f"Title {number}", description="&lt;p&gt;Text") for number in range(200))))
    for _ in range(len(body) // 10):
        body[dice.randrange(60, len(body))] = dice.randrange(256)
    return bytes(body)


def tags_only(dice: random.Random) -> bytes:
    """Megabytes of signs that begin something."""
    return _rss(PLAIN)[: -len(b"</channel></rss>")] + b"".join(
        dice.choice([b"<", b"</", b"<!", b"<?", b"&", b"]]>"]) for _ in range(400_000)
    )


CORPUS: dict[str, Callable[[random.Random], bytes]] = {
    make.__name__: make
    for make in (
        laughs,
        quadratic,
        blank_lines,
        blank_lines_inside,
        blank_comment,
        author_bomb,
        long_title,
        long_attribute,
        many_items,
        many_unclosed_items,
        deep,
        deep_unclosed,
        unclosed_cdata,
        bad_utf8,
        controls,
        odd_dates,
        same_guids,
        json_deep,
        json_number,
        json_types,
        links,
        noise,
        tags_only,
    )
}


def document(name: str, seed: int) -> bytes:
    """One document of the corpus."""
    return CORPUS[name](random.Random(seed))
