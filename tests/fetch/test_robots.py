"""robots.txt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.robots import allowed, crawl_delay_s

RULES = """
User-agent: *
Disallow: /search
Allow: /search/about
Crawl-delay: 3

User-agent: Monitor
Disallow: /private*/x$
"""


@pytest.mark.parametrize(
    ("path", "agent", "expected"),
    [
        ("/search?q=x", "Other/1.0", False),
        ("/search/about", "Other/1.0", True),
        ("/news/1", "Other/1.0", True),
        ("/search?q=x", "Monitor/1.0 (+mailto:desk@example.org)", True),
        ("/private-a/x", "Monitor/1.0 (+mailto:desk@example.org)", False),
        ("/private-a/xy", "Monitor/1.0", True),
    ],
)
def test_rules(path: str, agent: str, expected: bool) -> None:
    """The group of our product name counts, else the one for all; the longest rule wins."""
    assert allowed(RULES, f"https://example.org{path}", agent) is expected


def test_no_rules_allow_all() -> None:
    """An empty or senseless file forbids nothing."""
    assert allowed("", "https://example.org/x", "Monitor/1")
    assert allowed("<html>Not found</html>", "https://example.org/x", "Monitor/1")


def test_crawl_delay() -> None:
    """The pause a site asks for is read per agent."""
    assert crawl_delay_s(RULES, "Other/1") == 3.0
    assert crawl_delay_s(RULES, "Monitor/1") is None


@given(st.text(max_size=200), st.text(max_size=40))
def test_no_file_raises(rules: str, path: str) -> None:
    """Whatever a site serves as its rules, we get an answer."""
    allowed(f"User-agent: *\nDisallow: {rules}\n{rules}", f"https://example.org/{path}", "Monitor/1")
