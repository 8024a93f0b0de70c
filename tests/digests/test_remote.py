"""What a template of the operator's loads from elsewhere is found where it stands; what loads nothing is left alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.digests.remote import remote_loads
from monitor.digests.template import BUILT_IN_FOLDER, Templates
from tests.cli.desk import CONFIG, WATCHLIST
from tests.commands import run
from tests.digests.test_template import EXTENDS, files


@pytest.mark.parametrize(
    ("page", "line", "what"),
    [
        ('<p>\n<img alt="a > b" src="https://t.example/open.gif?u=1">', 2, "https://t.example/open.gif?u=1"),
        ("<IMG SRC=HTTP://T.EXAMPLE/X>", 1, "HTTP://T.EXAMPLE/X"),
        ("<img\n  width='1'\n  src = '//t.example/x.png' />", 3, "//t.example/x.png"),
        ('<img srcset="https://t.example/x 2x">', 1, "https://t.example/x"),
        ('<img src="{{ entry.line.url }}">', 1, "{{"),
        ('<td\nbackground="http://t.example/b.png">', 2, "http://t.example/b.png"),
        ('<link rel="stylesheet" href="https://t.example/s.css">', 1, "https://t.example/s.css"),
        ('<script src="https://t.example/s.js"></script>', 1, "https://t.example/s.js"),
        ('<video poster="https://t.example/p.jpg">', 1, "https://t.example/p.jpg"),
        ('<object data="https://t.example/o">', 1, "https://t.example/o"),
        ('<svg><image xlink:href="https://t.example/i.svg"/></svg>', 1, "https://t.example/i.svg"),
        ("<style>\nbody { background: url( 'https://t.example/b.png' ) }</style>", 2, "https://t.example/b.png"),
        ('<div style="background:url(//t.example/b.png)">', 1, "//t.example/b.png"),
        ("<style>@import 'https://t.example/f.css';</style>", 1, "https://t.example/f.css"),
        ("{# two\nlines #}\n<style>@font-face{src:url(https://t.example/f.woff)}</style>", 3, "https://t.example/f.woff"),
    ],
)
def test_what_is_loaded_is_told_with_its_place(page: str, line: int, what: str) -> None:
    """Each way to make a mail program ask another machine: file, line, address and what to do instead."""
    (problem,) = remote_loads(files(digest_html=page))
    assert (problem.file, problem.line) == ("looks/digest.html", line)
    assert repr(what) in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "page",
    [
        '<a href="https://news.example/1">read</a>',
        '<a class="img" href="{{ entry.line.url }}">{{ entry.line.headline }}</a>',
        '<img src="data:image/png;base64,AAAA">',
        '<img src="cid:logo">',
        '<img alt="see https://t.example">',
        '<img alt="src=https://t.example">',
        "<p>url(https://t.example) is how a page loads</p>".replace("url(", "An address ("),
        '{# <img src="https://t.example/x.png"> #}',
        '<td width="1">https://t.example</td>',
        '<div style="background:url(data:image/gif;base64,AAAA)">',
        "<blockquote cite='https://t.example/q'>",
    ],
)
def test_what_loads_nothing_is_left_alone(page: str) -> None:
    """Links, pictures inside the page, words and comments are no matter."""
    assert list(remote_loads(files(digest_html=page))) == []


def test_only_pages_are_looked_at() -> None:
    """In a text part an address is text; files that pages include are looked at like them."""
    found = remote_loads(files(digest_txt='<img src="https://t.example/x">', row_html='<img src="https://t.example/x">'))
    assert [problem.file for problem in found] == ["looks/row.html"]


def test_the_built_in_page_loads_nothing() -> None:
    """Held to the same rule, nothing is found in our own."""
    ours = tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(BUILT_IN_FOLDER.iterdir()))
    assert ours
    assert list(remote_loads(Templates(folder="ours", sources=ours))) == []


def test_config_check_notes_it_and_is_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the operator's to decide: the check ends with 0, says it on standard error, and lists it as JSON."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG + '\n[digest]\ntemplates = "looks"\n', encoding="utf-8")
    (tmp_path / "looks").mkdir()
    foot = EXTENDS + '{% block foot %}\n<tr><td><img src="https://t.example/logo.png"></td></tr>\n{% endblock %}'
    (tmp_path / "looks" / "digest.html").write_text(foot, encoding="utf-8")
    told = run("config", "check")
    assert told.code == 0, told.err
    assert re.search(r"note: \S*looks/digest.html:3: loads 'https://t.example/logo.png'", told.err)
    assert "digest.html:3" in run("config", "check", "--json").out
