"""Lines of TOML keys, for error messages."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.toml_lines import line_of

TEXT = """\
version = 1  # a comment with [brackets] and = signs

[watchlist.vn-us]
title = "a \\"quoted\\" # title"
match = '''
[not.a.table]
x = 1
'''
names = [
  "one",   # first
  "two", ["nested", "x"],

  "three",
]
role = { "2024-05-22..2024-10-21" = "President", open = 1 }
[side.us.entity.visa]
names = ["Visa"]
a.b = 3
[[item]]
name = "first"
[[item]]
name = "second"
[side."odd.key"]
'quoted' = 1
[side.us]
title = "US"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("version", 1),
        ("watchlist", 3),
        ("watchlist.vn-us", 3),
        ("watchlist.vn-us.title", 4),
        ("watchlist.vn-us.match", 5),
        ("watchlist.vn-us.names", 9),
        ("watchlist.vn-us.names.0", 10),
        ("watchlist.vn-us.names.1", 11),
        ("watchlist.vn-us.names.2", 11),
        ("watchlist.vn-us.names.3", 13),
        ("watchlist.vn-us.role.2024-05-22..2024-10-21", 15),
        ("watchlist.vn-us.missing", 3),
        ("side.us.entity.visa.names", 17),
        ("side.us.entity.visa.a", 18),
        ("side.us.entity.visa.a.b", 18),
        ("item.0.name", 20),
        ("item.1.name", 22),
        ("side.odd.key.quoted", 24),
        ("side.us", 25),
        ("side.us.title", 26),
        ("nowhere", None),
        ("not.a.table", None),
    ],
)
def test_line_of(path: str, line: int | None) -> None:
    """A key, table or item is found on the line that writes it, and what is missing on the line of its table."""
    assert tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


def test_windows_lines() -> None:
    """Lines ended by CR LF are counted once."""
    assert line_of("a = 1\r\nb = 2\r\n", "b") == 2


@given(st.text(alphabet="[]{}=,.#\"'\\\n ab1", max_size=80), st.text(alphabet="ab.1", max_size=8))
def test_any_text(text: str, path: str) -> None:
    """No text, TOML or not, makes the finder fail or answer a line that does not exist."""
    line = line_of(text, path)
    assert line is None or 1 <= line <= text.count("\n") + 1
