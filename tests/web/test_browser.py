"""The dashboard in a real browser: no errors, nothing remote, keys that lead to every hit, nothing that axe finds serious, no overflow on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests import chromium
from tests.chromium import needed
from tests.web.serving import TOKEN, Dashboard

NOT_THERE = "/stories/999"
PAGES = (
    "/",
    "/search",
    "/stories",
    "/stories/3",
    "/hits/1",
    "/digests/1",
    "/feeds",
    "/feeds/dead",
    "/deliveries",
    "/deliveries/2",
    "/watchlists",
    "/watchlists/vietnam-us-tech",
    "/links",
    NOT_THERE,
)
VARIANTS = (
    "/search?q=to+lam&name=apple&with=nick-ammann",
    "/search?lang=de",
    "/stories?q=to+lam&watchlist=vietnam-us-tech",
    "/stories?q=nothing",
)
DARK = ("/", "/search", "/stories", "/stories/3", "/hits/1", "/feeds", "/deliveries/2")
"""Pages that between them have every colour."""

PHONE, TABLET, DESK = 360, 768, 1280


@pytest.fixture(scope="module")
def browser(dashboard: Dashboard) -> Iterator[Browser]:
    """Chromium without a window. Where it is not installed the tests are skipped with a line that says so; under CI that is a failure."""
    needed("the dashboard was not tested in a browser")
    assert dashboard.address
    with chromium.browser() as opened:
        yield opened


class Look:
    """A page with a session, and what went wrong on it: console messages, failed and foreign requests."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.wrong.append(f"console {message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self._failed(request.url, request.failure or ""))
        self.page.on("request", lambda request: self._asked(request.url))

    def _failed(self, url: str, why: str) -> None:
        # Leaving a page ends the loading of its sign; nothing else may fail.
        if "ERR_ABORTED" not in why:
            self.wrong.append(f"failed: {url} {why}")

    def _asked(self, url: str) -> None:
        if not url.startswith(f"{self.address}/"):
            self.wrong.append(f"foreign: {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def log_in(self) -> None:
        self.open("/login")
        self.page.wait_for_function("document.activeElement.id === 'token'")  # the field takes the keys as soon as the page is there
        self.page.keyboard.type(TOKEN)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.address}/")


@pytest.fixture
def light(browser: Browser, dashboard: Dashboard) -> Iterator[Look]:
    """A logged-in page."""
    context = browser.new_context(viewport={"width": DESK, "height": 900})
    found = Look(context, dashboard.address)
    found.log_in()
    yield found
    context.close()


def serious(page: Page, options: dict[str, object] | None = None) -> list[str]:
    """What axe finds serious or critical on a page, with the first place of each; details are opened first."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    found = Axe().run(page, options=options).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in {"serious", "critical"}]


def test_pages_are_clean_and_accessible(light: Look) -> None:
    """Each page loads without a console message, a failed or a foreign request, and axe finds nothing serious."""
    for path in PAGES:
        page = light.open(path)
        assert serious(page) == [], path
        # Chromium itself tells of a 404 on the console.
        wrong = [each for each in light.wrong if "404" not in each or path != NOT_THERE]
        assert wrong == [], path
        light.wrong.clear()


def test_dark_pages_have_contrast(browser: Browser, dashboard: Dashboard) -> None:
    """In dark colours all text stands out as much as in light ones."""
    context = browser.new_context(viewport={"width": DESK, "height": 900}, color_scheme="dark")
    found = Look(context, dashboard.address)
    found.log_in()
    for path in DARK:
        assert serious(found.open(path), {"runOnly": ["color-contrast"]}) == [], path
    context.close()


def test_the_login_is_clean_and_accessible(browser: Browser, dashboard: Dashboard) -> None:
    """The form, and the answer to a wrong token, hold to the same rules."""
    context = browser.new_context(viewport={"width": PHONE, "height": 700})
    found = Look(context, dashboard.address)
    page = found.open("/login")
    assert found.wrong == []
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#wrong")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    context.close()


@pytest.mark.parametrize("width", [PHONE, TABLET])
def test_nothing_overflows(light: Look, width: int) -> None:
    """On a phone and a tablet no page is wider than its window, and nothing but a plot or a table that scrolls by itself is cut."""
    light.page.set_viewport_size({"width": width, "height": 700})
    for path in (*PAGES, *VARIANTS):
        page = light.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        wide = page.evaluate(
            """(width) => [...document.querySelectorAll('main *')]
              .filter((each) => !each.closest('svg, .scroll, .unseen-head, option') && each.getBoundingClientRect().right > width + 1)
              .map((each) => each.outerHTML.slice(0, 120))""",
            width,
        )
        assert wide == [], path


def test_keys_lead_to_every_hit(light: Look, dashboard: Dashboard) -> None:
    """With j and Enter alone one comes from the search's first page to every stored hit."""
    page = light.open("/search")
    reached: set[int] = set()
    for _ in range(4):
        count = page.locator("[data-step]").count()
        for _ in range(count):
            page.keyboard.press("j")
            target = page.evaluate("document.activeElement.getAttribute('href')")
            if found := re.fullmatch(r"/hits/(\d+)", target):
                reached.add(int(found[1]))
        if not target.startswith("/search"):
            break
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    assert reached == {row["id"] for row in dashboard.store.all("select id from hits")}


def test_keys_lead_from_today_to_the_evidence(light: Look) -> None:
    """j, Enter opens a story; j, Enter there a hit; k goes back; / goes to the search box."""
    page = light.open("/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/stories/*")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hits/*")
    page.keyboard.press("/")
    page.wait_for_url("**/search")
    page.keyboard.press("/")
    page.keyboard.type("apple")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=apple*")
    assert light.wrong == []


def test_everything_works_without_scripts(browser: Browser, own_dashboard: Dashboard) -> None:
    """With scripts switched off one logs in, reads a story, marks a hit and logs out."""
    context = browser.new_context(java_script_enabled=False)
    found = Look(context, own_dashboard.address)
    found.log_in()
    page = found.page
    page.get_by_role("link", name="Petrovietnam seeks LNG").click()
    page.get_by_role("link", name="Petrovietnam seeks LNG").click()
    page.get_by_label("Why, if you like").fill("about gas")
    page.get_by_role("button", name="Useful", exact=True).click()
    assert "marked useful: about gas" in page.inner_text("#marks")
    page.get_by_role("button", name="Log out").click()
    assert page.url.endswith("/login")
    found.open("/")
    assert page.get_by_label("Token").is_visible()
    context.close()


def test_the_first_tab_skips_to_the_content(light: Look) -> None:
    """The first Tab shows a link over the menu that leads to the content, and every focus can be seen."""
    page = light.open("/feeds")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_print_leaves_the_frame_out(light: Look) -> None:
    """On paper there is the content alone: no menu, no forms."""
    page = light.open("/hits/1")
    page.emulate_media(media="print")
    assert page.locator("header.bar").is_hidden()
    assert page.locator("form").first.is_hidden()
    assert page.locator("h1").is_visible()
