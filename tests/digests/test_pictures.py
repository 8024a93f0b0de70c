"""The digest as a browser shows it, at 360 and 640 px, light and dark: nothing overflows, everything can be read, nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from monitor.digests.days import MOST
from monitor.digests.render import render_mails
from monitor.digests.sample import samples
from tests.chromium import browser, needed
from tests.digests.pictures import DOCS, ROOT, SCHEMES, WIDTHS, Seen, demo, golden_file, look, pages, told

LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: for text of any size."""


@pytest.fixture(scope="module", autouse=True)
def _needs_a_browser() -> None:
    needed("the pictures were not looked at")


@pytest.fixture(scope="module")
def mornings(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The pages of the demo's three mornings."""
    return pages(demo(tmp_path_factory.mktemp("demo")))


@pytest.fixture(scope="module")
def opened(mornings: tuple[str, ...]) -> Iterator[Browser]:
    """One browser for all pictures; it is opened once the demo's own loop has ended."""
    with browser() as found:
        yield found


def check(seen: Seen) -> None:
    """What must hold of every picture."""
    assert seen.asked == ()
    assert seen.wide == ()
    assert seen.page <= seen.window
    assert seen.texts
    for text in seen.texts:
        assert text["left"] >= -0.5 and text["right"] <= seen.window + 0.5, text
    assert [text for text in seen.texts if text["ratio"] < LEAST_CONTRAST] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_demo_in_four_pictures(opened: Browser, mornings: tuple[str, ...], width: int, scheme: str) -> None:
    """Every morning of the demo can be read; the last one, with new, update and chart, is kept letter by letter."""
    assert len(mornings) == 3
    for page in mornings:
        check(look(opened, page, width, scheme))
    seen = told(look(opened, mornings[-1], width, scheme))
    assert seen == golden_file(width, scheme).read_text(encoding="utf-8"), "look at it, then: python -m tests.digests.pictures"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_there_can_be(opened: Browser, mornings: tuple[str, ...], width: int, scheme: str) -> None:
    """Digests that show all there can be, in three languages, in parts and empty, with fourteen busy days and headlines that never end."""
    days = tuple((f"2024-09-{day:02}", day * 87) for day in range(13, 13 + MOST))
    for found, _ in samples():
        long = tuple(
            replace(entry, line=replace(entry.line, headline=f"{entry.line.headline} {'x' * 200}"), sentence=(("y" * 300, True),))
            for entry in found.entries
        )
        for each in (replace(found, days=days), replace(found, entries=long, title="z" * 80, lang="vi")):
            for mail in render_mails(each):
                check(look(opened, mail.html, width, scheme))


def test_a_bad_page_is_seen(opened: Browser) -> None:
    """The script itself finds what it is for: pale text, text on a pale mark, a box too wide, an image from elsewhere."""
    page = (
        '<body style="background:#fff"><p style="color:#999">pale</p><p><span style="background:rgba(0,0,0,.5);color:#777">mark</span></p>'
        '<div style="width:900px">wide</div><img src="https://far.example/a.png">'
    )
    seen = look(opened, page, 360, "light")
    assert {text["words"]: text["ratio"] < LEAST_CONTRAST for text in seen.texts} == {"pale": True, "mark": True, "wide": False}
    assert any("wide" in each for each in seen.wide)
    assert seen.asked == ("https://far.example/a.png",)


def test_the_pictures_of_the_readme_are_small_and_self_contained() -> None:
    """Two pictures, each below 150 kB, shown in the README beside the command that makes them; the SVG loads nothing."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("digest.webp", "terminal.svg"):
        assert 10_000 < (DOCS / name).stat().st_size < 150_000
        assert f"](docs/{name})" in readme
    assert "python -m tests.digests.pictures" in readme
    drawn = (DOCS / "terminal.svg").read_text(encoding="utf-8")
    assert "url(http" not in drawn
    assert "@font-face" not in drawn
    assert "127.0.0." not in drawn
